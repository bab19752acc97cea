"""Workers that are killed, and workers that meet: real processes, real commits."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from odoo.sql_db import close_all
from odoo.tests.common import get_db_name

from .common import Sandbox

WORKER = Path(__file__).with_name("crash_worker.py")


class Workers:
    """Processes with a database and a sandbox of their own."""

    def __init__(self, database):
        self.sandbox = Sandbox()
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._read() is True
        self.account = self.run("set_up", url=self.sandbox.url, account=None)

    def stop(self):
        self._process.stdin.close()
        self._process.wait()
        self.sandbox.stop()

    def run(self, do, **values):
        (result,) = self.run_together({"do": do, **values})
        return result

    def run_together(self, *orders):
        for order in orders:
            order.setdefault("account", getattr(self, "account", None))
            if order["account"] is None:
                del order["account"]
        self._process.stdin.write(json.dumps(orders) + "\n")
        self._process.stdin.flush()
        results = self._read()
        errors = [r["error"] for r in results if isinstance(r, dict) and "error" in r]
        assert not errors, errors[0]
        return results

    def _read(self):
        return json.loads(self._process.stdout.readline())


@pytest.fixture(scope="module")
def workers():
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


def assert_in_step(workers, requests, calls=None):
    """The sandbox holds exactly what the ledger says."""
    report = workers.run("report")[-requests:]
    assert {row["state"] for row in report} == {"done"}, report
    state = workers.sandbox.state()
    assert state["duplicates"] == 0
    jobs = {job["jobid"]: job for job in state["jobs"]}
    assert len(jobs) == len({row["jobid"] for row in workers.run("report")})
    for row in report:
        job = jobs[int(row["jobid"])]
        assert job["billnum"] == row["number"]
        assert row["cases"] == 1
        if row["operation"] != "invoice":
            assert job["capital"] == row["capital"] == row["residual"]
        if row["operation"] == "payment":
            assert [payment["statusid"] for payment in job["payments"]] == [6]
    if calls is not None:
        assert state["calls"]["POST /rest/jobs"] == calls


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


@pytest.mark.parametrize("path", ["/rest/jobs", "/rest/jobs/payment"])
def test_killed_while_ropo_acts(workers, path):
    """Ropo took it, the answer comes when nobody listens any more."""
    workers.run("prepare", **EVERYTHING)
    workers.sandbox.fault("slow", path=path, times=None, seconds=1)
    assert workers.run("work", die="saying") == {"killed": signal.SIGKILL}
    workers.sandbox.heal()
    workers.run("settle")
    assert_in_step(workers, COUNT)


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
    before = workers.sandbox.state()["calls"].get("POST /rest/jobs", 0)
    workers.sandbox.post("latency", ms=30)
    counts = workers.run_together(*({"do": "work"} for _worker in range(3)))
    workers.sandbox.post("latency", ms=0)
    assert sorted(counts) == [0, 0, 10]
    assert_in_step(workers, 10, calls=before + 10)


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


@pytest.mark.parametrize(
    "button, calls",
    [
        ("status", {"GET /rest/jobs": 1, "POST /rest/jobs/findbyendcustomer": 1}),
        ("document", {"GET /rest/jobs/pdf": 2}),  # and the letter
        ("link", {"GET /rest/online/onlinelink": 1}),
        ("preview", {"POST /rest/jobs/preview": 1}),
        ("connection", {"POST /rest/token": 1}),
    ],
)
def test_ropo_is_asked_once_though_the_request_runs_again(workers, button, calls):
    """Another transaction comes first; what Ropo answered is written nevertheless."""
    workers.run("prepare", reminders=1)
    before = workers.sandbox.state()["calls"]
    result = workers.run("press", button=button)
    after = workers.sandbox.state()["calls"]
    made = {name: after[name] - before.get(name, 0) for name in calls}
    assert result == {"kept": True, "others": [True, True, True]}
    assert made == calls


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
    fresh = workers.run("report")[before:]
    assert {row["state"] for row in fresh} == {"done"}
    assert {row["capital"] - row["residual"] for row in fresh} == {0}


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


# --- the storm ----------------------------------------------------------------------

ROUNDS = int(os.environ.get("ROPO_STORM_ROUNDS", 8))
SEED = int(os.environ.get("ROPO_STORM_SEED", 1))
FAULTS = ["refuse", "drop_before", "drop_after", "slow", "cut", "garbled"]
FAULTS += ["error_before", "error_after", "throttle", "expired_token", "duplicate"]
PATHS = ["jobs", "jobs/payment", "jobs/findbyendcustomer", "jobs/statusupdates"]
PATHS += ["jobs/pdf", "token"]
STEPS = ["built, not committed", "committed, not said", "saying"]
STEPS += ["answered, not recorded", "recorded, not committed"]
STEPS += ["looked up, not committed"]


def weather(dice):
    """Some faults on some paths, each at some of the calls."""
    return [
        {
            "kind": dice.choice(FAULTS),
            "path": f"/rest/{dice.choice(PATHS)}",
            "probability": dice.choice([0.2, 0.5, 1]),
            "times": dice.randint(1, 4),
            "seconds": 1.5,
        }
        for _fault in range(dice.randint(1, 5))
    ]


@pytest.mark.parametrize("status_rows", ["plain", "full"])
def test_storm(workers, status_rows):
    """Whatever breaks and whoever dies: in the end both sides hold the same."""
    dice = random.Random(f"{SEED} {status_rows}")
    profile = {"cid": "700001", "apicode": "sandbox-apicode"}
    workers.sandbox.post("profiles", **profile, status_rows=status_rows)
    for number in range(-(-ROUNDS // 2)):
        workers.run("trade", seed=dice.random())
        faults = weather(dice)
        workers.sandbox.post("faults", faults=faults)
        steps = [dice.choice([None, None, *STEPS]) for _run in range(3)]
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
            pytest.fail(json.dumps([SEED, weathered, problem], indent=1))


def difference(workers):
    """The first thing in which the ledger and the sandbox do not agree."""
    state = workers.sandbox.state()
    if state["duplicates"]:
        return f"{state['duplicates']} sent twice"
    jobs = {str(job["jobid"]): job for job in state["jobs"]}
    report = workers.run("report")
    known = {row["jobid"] for row in report}
    if known != set(jobs):
        return "not on both sides", sorted(known ^ set(jobs), key=str), report[-12:]
    for row in report:
        job = jobs[row["jobid"]]
        collected = job["jobtype"] in (1, 2)
        figures = [job["capital"], row["residual"], row["capital"]]
        if row["state"] not in ("done", "cancelled"):
            return "not settled", row, job["payments"]
        if collected and (job["overpaid"] or len({round(f, 2) for f in figures}) > 1):
            reported = [r for r in report if r["number"] == row["number"]]
            return figures, job["overpaid"], reported, job["payments"]
    return None
