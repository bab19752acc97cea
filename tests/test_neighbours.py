"""How tests of others are compared: without the addon, and beside it."""

from types import SimpleNamespace

import pytest

from ..dev import databases, neighbours
from ..dev.place import TroubleError

REPORT = """\
<testsuites><testsuite>
<testcase classname="a.TestSend" name="test_good"/>
<testcase classname="a.TestSend" name="test_bad"><failure>why</failure></testcase>
<testcase classname="a.TestSend" name="test_broken"><error>why</error></testcase>
<testcase classname="a.TestSend" name="test_left_out"><skipped/></testcase>
<testcase classname="a.TestSend" name="test_parts"><failure>one</failure></testcase>
<testcase classname="a.TestSend" name="test_parts"/>
</testsuite></testsuites>
"""


def test_a_report_says_what_passed_and_what_did_not(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert neighbours.outcomes(report) == {
        "a.TestSend.test_good": True,
        "a.TestSend.test_bad": False,
        "a.TestSend.test_broken": False,
        "a.TestSend.test_parts": False,
    }


def test_only_what_passes_without_the_addon_and_not_beside_it_is_held_against_it():
    without = {"good": True, "worse": True, "gone": True, "bad": False, "mended": False}
    beside = {"good": True, "worse": False, "bad": False, "mended": True, "new": False}
    assert neighbours.compared(without, beside) == ["gone", "worse"]


def test_each_neighbour_that_is_installed_is_tested():
    assert {*databases.NEIGHBOURS, "account"} == neighbours.CHOSEN.keys()


@pytest.fixture
def others(tmp_path, monkeypatch):
    """Runs the tests of one neighbour, with these outcomes, in a fresh checkout."""

    def fetch(_odoo):
        (tmp_path / "account_due_list/tests").mkdir(parents=True)

    def run(outcomes):
        monkeypatch.setattr(neighbours, "_outcomes", lambda *_arguments: outcomes)
        return neighbours.run(SimpleNamespace(addons_paths=[]), ["account_due_list"])

    monkeypatch.setattr(neighbours.system, "ensure", lambda *_programs: None)
    monkeypatch.setattr(neighbours.optional, "INSTALLED", tmp_path)
    monkeypatch.setattr(neighbours.optional, "ensure", fetch)
    return run


def test_in_a_fresh_checkout_others_are_fetched_before_their_tests_are_looked_for(
    others,
):
    assert others({"good": True}) == 0


def test_where_most_fail_without_the_addon_nothing_is_compared(others):
    with pytest.raises(TroubleError, match="2 of 3 tests fail without the addon"):
        others({"good": True, "bad": False, "broken": False})
