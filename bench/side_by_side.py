"""Many accounts at a distance: worked off by one worker, and by two of them at once."""

import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from . import outbox
from .measure import Cost, in_turn
from .report import compared, plain

LATENCY = 100  # ms
CALLS = 5  # an account, one after the other
PER_CALL = 5
WORKERS = 2
OF_HALF = 1.2
ROUNDS = 3


def accounts(world, books_):
    """A row for one worker, and one for two beside half of its time."""
    count = world.number(20, 10)
    ids = _open_accounts(world, books_, count)
    many = count * CALLS * PER_CALL
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker()) for _n in range(WORKERS)]

        def measured(number):
            def measure():
                _fill(world, books_, ids)
                began = time.monotonic()
                for worker in workers[:number]:
                    _say(worker, "go")
                for worker in workers[:number]:
                    _hear(worker, "done")
                seconds = time.monotonic() - began
                outbox.check(world)
                return Cost(seconds, 0, many)

            return measure

        one, two = in_turn(world.rounds(ROUNDS), measured(1), measured(WORKERS))
    _put_back(world, books_)
    half = [replace(cost, seconds=cost.seconds / WORKERS) for cost in one]
    what = f"Sending for {count} accounts, {LATENCY} ms away"
    return [
        replace(plain(f"{what}, one worker", one), queries=None),
        replace(
            compared(f"{what}, two workers", two, "half of one", half, OF_HALF),
            queries=None,
        ),
    ]


def _open_accounts(world, books_, count):
    """So many accounts like the one there is, with one connection each; their ids."""
    with world.environment() as env:
        account = env["ropo.account"].browse(books_.account_id)
        account.write({"batch_size": PER_CALL, "max_concurrency": 1})
        others = [account.copy(_customer(number)) for number in range(1, count)]
        ids = [account.id, *(other.id for other in others)]
        env.cr.commit()
    return ids


def _customer(number):
    return {"name": f"{number}", "cid": f"8{number:05}", "apicode": f"bench-{number}"}


def _fill(world, books_, account_ids):
    """Puts into each outbox what takes so many calls; Ropo knows all the customers."""
    outbox.clear(world)
    for number in range(1, len(account_ids)):
        customer = _customer(number)
        world.ropo.open_customer(customer["cid"], customer["apicode"])
    each = CALLS * PER_CALL
    for at, account_id in enumerate(account_ids):
        outbox.fill(world, books_.move_ids[at * each :][:each], account_id=account_id)
    world.ropo.set_latency(LATENCY)


def _put_back(world, books_):
    """What is measured after this finds the one account as it was."""
    outbox.clear(world)
    with world.environment() as env:
        account = env["ropo.account"].browse(books_.account_id)
        values = env["ropo.account"].default_get(["batch_size", "max_concurrency"])
        account.write(values)
        env["ropo.account"].search([("id", "!=", account.id)]).unlink()
        env.cr.commit()


@contextmanager
def _worker():
    """A process like one of Odoo's for scheduled actions, ready to begin."""
    command = [sys.executable, "-m", "bench.worker"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            _hear(process, "ready")
            yield process
        finally:
            process.stdin.close()


def _say(process, word):
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def _hear(process, word):
    heard = process.stdout.readline().strip()
    if heard != word:
        raise RuntimeError(f"The worker ended, or said {heard} instead of {word}")
