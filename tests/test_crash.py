"""Workers that are killed, and workers that meet: real processes, real commits."""

import dataclasses
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from odoo.sql_db import close_all
from odoo.tests.common import get_db_name

from .common import Sandbox
from .crash_channels import CHANNELS

WORKER = Path(__file__).with_name("crash_worker.py")


class Workers:
    """Processes with a database and a sandbox of their own, and with a company and an
    account for each channel; over which one they work, `turn_to` says."""

    def __init__(self, database):
        self.sandbox = Sandbox()
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._read() is True
        self._usual = {}
        self._accounts = {
            name: self.run("set_up", url=self.sandbox.url, values=channel.account)
            for name, channel in CHANNELS.items()
        }

    def turn_to(self, name):
        self.channel, self._usual = CHANNELS[name], {"account": self._accounts[name]}

    def stop(self):
        self._process.stdin.close()
        self._process.wait()
        self.sandbox.stop()

    def run(self, do, **values):
        (result,) = self.run_together({"do": do, **values})
        return result

    def run_together(self, *orders):
        orders = [{**self._usual, **order} for order in orders]
        self._process.stdin.write(json.dumps(orders) + "\n")
        self._process.stdin.flush()
        results = self._read()
        errors = [r["error"] for r in results if isinstance(r, dict) and "error" in r]
        assert not errors, errors[0]
        return results

    def calls(self):
        return Counter(self.sandbox.state()["calls"])

    def _read(self):
        return json.loads(self._process.stdout.readline())


@pytest.fixture(scope="module")
def all_workers():
    # Named like a copy for one more pytest worker, so that whatever is left of a run
    # that was killed is found and dropped with its other databases.
    name = re.sub(r"-gw\d+$", "", get_db_name())
    worker = int((re.findall(r"-gw(\d+)$", get_db_name()) or [0])[0])
    copy = f"{name}-gw{900 + worker}"
    close_all()  # nobody may be connected to what is copied
    subprocess.run(["createdb", "--template", get_db_name(), copy], check=True)
    workers = Workers(copy)
    yield workers
    workers.stop()
    subprocess.run(["dropdb", "--force", copy], check=True)


@pytest.fixture(params=CHANNELS)
def workers(all_workers, request):
    """Over each channel."""
    all_workers.turn_to(request.param)
    return all_workers


def over_each(attribute, name):
    """Runs a test over each channel with each of what this attribute of it names."""
    cases = [
        pytest.param(channel.name, value, id=f"{channel.name}-{key}")
        for channel in CHANNELS.values()
        for key, value in getattr(channel, attribute).items()
    ]
    return pytest.mark.parametrize(f"workers, {name}", cases, indirect=["workers"])


def assert_in_step(workers, requests):
    """These newest requests are done, and the sandbox holds what the ledger says."""
    report = workers.run("report")[-requests:]
    assert {row["state"] for row in report} == {"done"}, report
    assert difference(workers) is None


def difference(workers):
    """The first thing in which the ledger and the sandbox do not agree, once the ledger
    has heard what happened."""
    workers.run("poll")
    channel, state = workers.channel, workers.sandbox.state()
    if duplicates := channel.duplicates(state):
        return f"{duplicates} sent twice"
    held, report = channel.held(state), workers.run("report")
    cases = defaultdict(list)
    for row in report:
        cases[row["jobid"]].append(row)
    if set(cases) != set(held):
        lone = sorted(set(cases) ^ set(held), key=str)
        return "not on both sides", lone, report[-12:]
    for jobid, rows in cases.items():
        for fault, has in FAULTS_OF_A_CASE.items():
            if has(rows, held[jobid], channel):
                return fault, rows, held[jobid]
    return None


def is_open(rows, _case, channel):
    return any(
        row["progress"] == "pending"
        or row["state"] not in ("done", "cancelled")
        and not is_for_person(row, channel)
        for row in rows
    )


def is_for_person(row, channel):
    """Whether a person is asked to tell Ropo, since no call does."""
    return row["operation"] in channel.by_person and row["state"] == "rejected"


def is_another(rows, case, _channel):
    return {(row["number"], row["cases"]) for row in rows} != {(case.number, 1)}


def has_other_reports(rows, case, _channel):
    sent = [r for r in rows if r["operation"] in MONEY and r["state"] == "done"]
    return len(sent) != case.reports


def has_other_money(rows, case, channel):
    """Each side, and the ledger but for what people are to tell Ropo."""
    newest = rows[-1]
    if case.ended:
        return newest["stage"] != "closed"
    if case.capital is None:
        return False
    untold = sum(row["amount"] for row in rows if is_for_person(row, channel))
    figures = [case.capital, newest["capital"], newest["residual"] - untold]
    return case.overpaid or len({round(figure, 2) for figure in figures}) > 1


FAULTS_OF_A_CASE = {
    "not settled": is_open,
    "another case": is_another,
    "other reports": has_other_reports,
    "other money": has_other_money,
}
MONEY = ("payment", "payment_reversal", "credit_allocation")
EVERYTHING = {"invoices": 2, "reminders": 2, "payments": 2}
COUNT = 6


@pytest.mark.parametrize(
    "step",
    [
        "built, not committed",
        "committed, not said",
        "answered, not recorded",
        "recorded, not committed",
    ],
)
def test_killed_between_two_steps(workers, step):
    workers.run("prepare", **EVERYTHING)
    killed = workers.run("work", die=step)
    assert killed == {"killed": signal.SIGKILL}
    workers.run("settle")
    assert_in_step(workers, COUNT)


@pytest.mark.parametrize("what", ["invoices", "reminders", "payments"])
def test_killed_while_ropo_acts(workers, what):
    """Ropo took it, the answer comes when nobody listens any more."""
    workers.run("prepare", **{what: 2})
    path = workers.channel.writes[what]
    workers.sandbox.fault("slow", path=path, times=None, seconds=1)
    assert workers.run("work", die="saying") == {"killed": signal.SIGKILL}
    workers.sandbox.heal()
    states = {row["state"] for row in workers.run("report")[-2:]}
    assert states == {"sending"}
    workers.run("settle")
    assert_in_step(workers, 2)


def test_killed_in_the_midst_of_many_calls(workers):
    workers.run("prepare", invoices=12, batch_size=1)
    workers.sandbox.post("latency", ms=100)
    assert workers.run("work", die="saying") == {"killed": signal.SIGKILL}
    workers.sandbox.post("latency", ms=0)
    time.sleep(0.3)  # what is on its way arrives
    workers.run("settle")
    assert_in_step(workers, 12)


def test_killed_while_looking_up(workers):
    workers.run("prepare", **EVERYTHING)
    workers.run("work", die="answered, not recorded")
    report = workers.run("report")[-COUNT:]
    assert "sending" in {row["state"] for row in report}
    killed = workers.run("settle", die="looked up, not committed")
    assert killed == {"killed": signal.SIGKILL}
    workers.run("settle")
    assert_in_step(workers, COUNT)


def test_two_workers_at_once_say_everything_once(workers):
    workers.run("prepare", invoices=10, batch_size=1)
    before = workers.calls()
    workers.sandbox.post("latency", ms=30)
    counts = workers.run_together(*({"do": "work"} for _worker in range(3)))
    workers.sandbox.post("latency", ms=0)
    assert sorted(counts) == [0, 0, 10]
    assert (workers.calls() - before)[workers.channel.send] == 10
    assert_in_step(workers, 10)


def test_one_send_takes_two_connections_and_leaves_no_lock(workers):
    """The user's and the worker's; a third one only while the token is renewed."""
    workers.run("prepare", invoices=1)
    workers.run("work")  # the token is at hand
    assert workers.run("send_one") == {"most": 2, "times": 1, "locks": 0}
    assert_in_step(workers, 1)


@pytest.mark.parametrize(
    "statement", ["SELECT 1 / 0", "SELECT pg_terminate_backend(pg_backend_pid())"]
)
def test_a_run_that_the_database_ends_leaves_no_lock(workers, statement):
    workers.run("prepare", invoices=2)
    assert workers.run("fail", statement=statement) == 0
    workers.run("settle")


@over_each("buttons", "button")
def test_ropo_is_asked_once_though_the_request_runs_again(workers, button):
    """Another transaction comes first; what Ropo answered is written nevertheless."""
    workers.run("prepare", reminders=1)
    press = dataclasses.asdict(button)
    calls = press.pop("calls")
    before = workers.calls()
    result = workers.run("press", **press)
    made = workers.calls() - before
    assert result == {"kept": True, "others": [True, True, True]}
    assert {name: made[name] for name in calls} == calls


def test_user_who_changes_the_invoices_meanwhile_loses_no_answer(workers):
    """His transaction is under way when the answers come, and is committed first."""
    workers.run("prepare", **EVERYTHING)
    workers.sandbox.post("latency", ms=600)
    workers.run_together({"do": "work"}, {"do": "hold", "after": 0.3, "seconds": 1})
    workers.sandbox.post("latency", ms=0)
    states = {row["state"] for row in workers.run("report")[-COUNT:]}
    assert states <= {"done", "queued"}
    workers.run("settle")
    assert_in_step(workers, COUNT)


def test_both_crons_of_money_at_once_queue_what_is_undone_once(workers):
    """Whoever comes second loses nothing of its own hour."""
    workers.run("prepare", payments=3)
    workers.run("work")
    assert workers.run("undo") == 3
    workers.run("pay_again", amount=10)
    before = len(workers.run("report"))
    crons = "_cron_post_payments", "_cron_post_credit_notes"
    workers.run_together(
        *({"do": "compare", "cron": cron, "seconds": 1} for cron in crons)
    )
    fresh = workers.run("report")[before:]
    operations = [row["operation"] for row in fresh if row["state"] == "queued"]
    assert sorted(operations) == ["payment"] * 3 + ["payment_reversal"] * 3
    workers.run("settle")
    assert difference(workers) is None


def test_two_runs_of_one_comparison_at_once_queue_once(workers):
    workers.run("prepare", payments=3)
    workers.run("work")
    workers.run("pay_again", amount=10, credited=5)
    for cron in ("_cron_post_payments", "_cron_post_credit_notes"):
        before = len(workers.run("report"))
        workers.run_together(
            *({"do": "compare", "cron": cron, "seconds": 1} for _worker in range(2))
        )
        fresh = workers.run("report")[before:]
        assert [row["state"] for row in fresh] == ["queued"] * 3
    workers.run("settle")
    assert difference(workers) is None


# --- the storm ----------------------------------------------------------------------

ROUNDS = int(os.environ.get("ROPO_STORM_ROUNDS", 4))  # of each seed, over each channel
SEEDS = [int(seed) for seed in os.environ.get("ROPO_STORM_SEEDS", "1").split(",")]
FAULTS = ["refuse", "drop_before", "drop_after", "slow", "cut", "garbled"]
FAULTS += ["error_before", "error_after", "throttle", "expired_token", "duplicate"]
STEPS = ["built, not committed", "committed, not said", "saying"]
STEPS += ["answered, not recorded", "recorded, not committed"]
STEPS += ["looked up, not committed"]


def weather(dice, paths):
    """Some faults on some paths, each at some of the calls."""
    return [
        {
            "kind": dice.choice(FAULTS),
            "path": dice.choice(paths),
            "probability": dice.choice([0.2, 0.5, 1]),
            "times": dice.randint(1, 4),
            "seconds": 1.5,
        }
        for _fault in range(dice.randint(1, 5))
    ]


@pytest.mark.parametrize("seed", SEEDS)
@over_each("worlds", "world")
def test_storm(workers, world, seed, record_property):
    """Whatever breaks and whoever dies: in the end both sides hold the same."""
    channel = workers.channel
    dice = random.Random(f"{seed} {channel.name} {world}")
    workers.sandbox.post(channel.profile, **world)
    for number in range(-(-ROUNDS // len(channel.worlds))):
        workers.run("trade", seed=dice.random())
        faults = weather(dice, channel.paths)
        workers.sandbox.post("faults", faults=faults)
        steps = [dice.choice([None, None, *STEPS]) for _run in range(3)]
        for fault in faults:
            record_property("fault", f"{fault['kind']} at {fault['path']}")
        for step in filter(None, steps):
            record_property("killed", step)
        for step in steps:
            workers.run("work", die=step)
            # Two at once, and what happened is reported meanwhile.
            workers.run_together({"do": "work"}, {"do": "work"}, {"do": "poll"})
        workers.sandbox.heal()
        time.sleep(0.6 if "saying" in steps else 0)  # what is on its way arrives
        for _settling in range(2):
            workers.run("poll")
            workers.run("settle")
        problem = difference(workers)
        if problem:
            weathered = {"round": number, "faults": faults, "steps": steps}
            report = [seed, weathered, problem]
            pytest.fail(json.dumps(report, indent=1, default=str))
