"""What an earlier version left is there after an upgrade, and what was due is due."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest

from ..dev import upgrades

ROOT = Path(__file__).resolve().parents[1]
ROW = {"id": 1, "state": "done", "amount": "10.00", "collects": True}
DUE = ["payment", "INV/1", "28000001", "10.00", "EUR"]
LEFT = {
    "rows": {"ropo_request": {"1": ROW}, "ropo_job": {"1": {"id": 1}}},
    "due": [DUE, DUE],
}


def differences(change):
    """What is said of what an upgrade did to `LEFT`."""
    after = copy.deepcopy(LEFT)
    change(after)
    return list(upgrades.differences(LEFT, after))


def test_an_upgrade_may_add_columns_and_nothing_else():
    requests = "ropo_request"
    assert differences(lambda new: new["rows"][requests]["1"].update(kept=2)) == []
    assert differences(lambda new: new["rows"][requests]["1"].update(state="x")) == [
        "ropo_request 1, state: 'done' became 'x'"
    ]
    gone = differences(lambda new: new["rows"][requests]["1"].pop("state"))
    assert gone == ["ropo_request 1, state: 'done' became 'nothing'"]
    assert differences(lambda new: new["rows"]["ropo_job"].clear()) == [
        "ropo_job 1 is gone"
    ]
    assert differences(lambda new: new["rows"]["ropo_job"].update({"2": {}})) == [
        "ropo_job 2 is new"
    ]
    assert differences(lambda new: new["due"].pop()) == [
        f"due 2 times before and 1 after: {tuple(DUE)}"
    ]


@pytest.mark.parametrize("version", upgrades.EARLIER)
def test_what_an_earlier_version_left_goes_on_in_this_one(version):
    commit = f"{upgrades.EARLIER[version]}^{{commit}}"
    known = ["git", "-C", str(ROOT), "rev-parse", "--quiet", "--verify", commit]
    if subprocess.run(known, capture_output=True).returncode:
        pytest.skip("The history is not here: fetch it by git fetch --unshallow.")
    done = subprocess.run(
        [sys.executable, "-m", "dev", "upgrades", version],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stdout + done.stderr
