"""Two workers run one database's scheduled actions: real processes, real commits."""

import pytest

from . import race
from .common import Sandbox


@pytest.fixture(scope="module")
def scenes():
    sandbox = Sandbox()
    try:
        return race.run("turns_worker.py", 800, sandbox.url)
    finally:
        sandbox.stop()


def test_accounts_are_worked_off_side_by_side_and_each_invoice_comes_once(scenes):
    scene = scenes["side_by_side"]
    assert scene["came"] == [10] * 4
    assert scene["twice"] == 0
    assert sum(scene["sent"]) == 40
    assert min(scene["sent"]) > 0, "one worker did all"


def test_who_sends_one_does_not_wait_for_a_nights_run(scenes):
    scene = scenes["somebody_waits"]
    assert scene["left"] > 0
    assert scene["twice"] == 0
    assert scene["came"][0] == 10 + 40 + 1
