"""Two match a payout at the same moment: real connections, real commits."""

import pytest

from . import race

AMOUNT = 125.5
MATCHED_ONCE = {"lines": [0.0], "payment": 0.0, "paid out by": 1}


@pytest.fixture(scope="module")
def scenes():
    return race.run("payout_worker.py", 700)


def test_two_who_match_one_line_match_it_once(scenes):
    (first, meanwhile, afterwards), books = scenes["same_line"]
    assert first == "matched"
    assert "Somebody else is matching it" in meanwhile
    assert "Nothing of it is open" in afterwards
    assert books == MATCHED_ONCE


def test_two_lines_do_not_pay_out_one_payment(scenes):
    (first, meanwhile, afterwards), books = scenes["same_payment"]
    assert first == "matched"
    assert "or one of these payments, right now" in meanwhile
    assert "not open any more" in afterwards
    assert books == {**MATCHED_ONCE, "lines": [0.0, AMOUNT]}


def test_who_began_before_the_other_was_done_sees_what_the_other_did(scenes):
    (first, second), books = scenes["old_snapshot"]
    assert first == "matched"
    assert "Nothing of it is open" in second
    assert books == MATCHED_ONCE
