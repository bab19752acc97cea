"""The money: what the ledger has and Ropo does not know, and reporting it."""

from dataclasses import replace

from odoo import Command, fields

from . import outbox
from .books import copy_row
from .measure import Cost, cost, in_turn
from .report import compared, plain

CALLS_AT_ONCE = 8
LATENCY = 100  # ms
OF_IDEAL = 1.1
OF_JOIN = 1.5
ROUNDS = 9
SECONDS = 3  # for all open cases
# What nobody can do without: the reconciliations of what is collected, with what shows
# their day and kind, but for those that were reported.
JOIN = """
    SELECT job.id, partial.id, partial.debit_amount_currency, entry.id,
           entry.move_type, counterpart.date
      FROM ropo_job job
      JOIN account_move_line line
        ON line.move_id = job.move_id AND line.display_type = 'payment_term'
      JOIN account_partial_reconcile partial ON partial.debit_move_id = line.id
      JOIN account_move_line counterpart ON counterpart.id = partial.credit_move_id
      JOIN account_move entry ON entry.id = counterpart.move_id
     WHERE job.is_collected
       AND NOT EXISTS (
           SELECT FROM ropo_request request
            WHERE request.job_id = job.id
              AND request.source_partial_id = partial.id)
"""


def payments(world, books_):
    """One flow: transferred, paid, compared, reported, compared again."""
    count = world.number(1000, 200)
    move_ids = books_.move_ids[-count:]
    outbox.clear(world)
    outbox.fill(world, move_ids, "reminder")
    outbox.work_off(world, books_.account_id, count)
    _pay(world, move_ids)
    rows = _compare(world, count, "Comparison, all of it new", _find)
    with world.environment() as env:
        queued = cost(lambda: _queue(env), count)
        env.cr.commit()
        env.cr.execute("ANALYZE ropo_request")
        env.cr.commit()
    rows.append(plain("Comparison and queueing what is new", [queued]))
    rows += _compare(world, count, "Comparison, nothing new", _queue)
    return [*rows, _tell(world, books_.account_id, count)]


def _find(env):
    rows = env["ropo.ledger"]._differences()
    assert rows and all(row["state"] is None for row in rows)
    return rows


def _queue(env):
    return env["ropo.comparison"]._queue_differences("payment")


def open_cases(world, _books):
    """A great many cases, half of them with money that was reported, and no news."""
    count = world.number(100_000, 10_000)
    with world.environment() as env:
        _copy_cases(env, count)
        rounds = range(world.rounds(ROUNDS))
        costs = [cost(lambda: _queue(env), count) for _time in rounds]
        env.cr.rollback()
    found = plain("Comparison of open cases, no news", costs)
    seconds = found.ms * count / 1000
    return [
        replace(
            found,
            ratio=f"{seconds:.2f} s",
            goal=f"≤ {SECONDS} s in all",
            met=seconds <= SECONDS,
        )
    ]


def _copy_cases(env, count):
    """Of one case, its invoice, its payment and what was sent of it, `count` of each;
    straight into the tables, and undone after."""
    env.cr.execute(
        """
        SELECT request.id, job.id, job.move_id, partial.id, partial.debit_move_id
          FROM ropo_request request
          JOIN ropo_job job ON job.id = request.job_id
          JOIN account_partial_reconcile partial
            ON partial.id = request.source_partial_id
         WHERE request.state = 'done' AND request.operation = 'payment'
         LIMIT 1
        """
    )
    request, job, move, partial, line = env.cr.fetchone()
    number = "{base} + n"
    copy_row(env, "account_move", move, count, name="'BENCH/' || n")
    copy_row(env, "account_move_line", line, count, move_id=number)
    copy_row(env, "ropo_job", job, count, move_id=number, jobid="'bench ' || n")
    copy_row(
        env, "account_partial_reconcile", partial, count // 2, debit_move_id=number
    )
    copy_row(
        env,
        "ropo_request",
        request,
        count // 2,
        move_id=number,
        job_id=number,
        source_partial_id=number,
    )
    env.cr.execute("ANALYZE")


def _compare(world, count, what, work):
    """Reading alone, so it can be done over."""

    def compared_():
        with world.environment() as env:
            return cost(lambda: work(env), count)

    def joined():
        with world.environment() as env:
            return cost(lambda: env.cr.execute(JOIN) or env.cr.fetchall(), count)

    compared_()
    joined()
    costs, joins = in_turn(world.rounds(ROUNDS), compared_, joined)
    yardstick = "the bare join"
    return [
        plain(f"Bare join: {what.split(', ')[1]}", joins),
        compared(what, costs, yardstick, joins, OF_JOIN),
    ]


def _tell(world, account_id, count):
    world.ropo.limit_calls(CALLS_AT_ONCE)
    world.ropo.set_latency(LATENCY)
    with world.environment() as env:
        env["ropo.account"].browse(account_id).max_concurrency = CALLS_AT_ONCE
        env.cr.commit()
    reported = outbox.work_off(world, account_id, count)
    world.ropo.set_latency(0)
    ideal = Cost(count * LATENCY / 1000 / CALLS_AT_ONCE, 0, count)
    return compared(
        f"Payments, {LATENCY} ms away, {CALLS_AT_ONCE} at once",
        [reported],
        f"ideal {ideal.seconds:g} s",
        [ideal],
        OF_IDEAL,
    )


def _pay(world, move_ids):
    """All at once: a line of one bank entry for each."""
    with world.environment() as env:
        moves = env["account.move"].browse(move_ids)
        lines = moves.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        journal = env["account.journal"].search([("type", "=", "bank")], limit=1)
        total = sum(lines.mapped("amount_residual"))
        bank = {"account_id": journal.default_account_id.id, "debit": total}
        entry = env["account.move"].create(
            {
                "journal_id": journal.id,
                "date": fields.Date.today(),
                "line_ids": [
                    Command.create(bank),
                    *(
                        Command.create(
                            {
                                "account_id": line.account_id.id,
                                "partner_id": line.partner_id.id,
                                "name": line.name,
                                "credit": line.amount_residual,
                            }
                        )
                        for line in lines
                    ),
                ],
            }
        )
        entry.action_post()
        paid = entry.line_ids.filtered("credit").sorted("id")
        env["account.move.line"]._reconcile_plan(
            [line | money for line, money in zip(lines, paid, strict=True)]
        )
        env.cr.commit()
        env.cr.execute("ANALYZE")
        env.cr.commit()
