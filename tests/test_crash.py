"""Workers that are killed, and workers that meet: real processes, real commits."""

import dataclasses
import signal
import time

import pytest

from odoo.tests.common import get_db_name

from .crash_channels import CHANNELS
from .workers import Workers, copy, difference, drop, own_name


@pytest.fixture(scope="module")
def all_workers():
    database = own_name(900)
    copy(get_db_name(), database)
    workers = Workers("crash_worker.py", database)
    yield workers
    workers.stop()
    drop(database)


@pytest.fixture(params=CHANNELS)
def workers(all_workers, request):
    """Over each channel."""
    all_workers.turn_to(request.param)
    return all_workers


# Those that each channel has.
BUTTONS = pytest.mark.parametrize(
    "workers, button",
    [
        pytest.param(channel.name, button, id=f"{channel.name}-{name}")
        for channel in CHANNELS.values()
        for name, button in channel.buttons.items()
    ],
    indirect=["workers"],
)


def assert_in_step(workers, requests):
    """These newest requests are done, and the sandbox holds what the ledger says."""
    report = workers.run("report")[-requests:]
    assert {row["state"] for row in report} == {"done"}, report
    assert difference(workers) is None


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


@BUTTONS
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


def test_a_pause_is_kept_though_another_changes_the_account_meanwhile(workers):
    workers.sandbox.fault("refuse", path="*", times=None)
    kept = workers.run("poll_beside")
    workers.sandbox.heal()
    assert kept == [True, "other", False]  # no page had been given out


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
