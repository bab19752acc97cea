"""What a failed call, a token, an open sum and a file's room come to."""

import time

import pytest

from ...channels.base import FileRules, Token
from ...channels.documents import Answer, Capital, Delivery
from ...channels.errors import (
    CredentialsRefused,
    NotSent,
    Outcome,
    Reason,
    RightsRefused,
    Throttled,
    Unknown,
)
from ...channels.ropo_one import variants


@pytest.mark.parametrize(
    ("kind", "values", "outcome", "reason", "text"),
    [
        (Unknown, [Reason.TIMEOUT], Outcome.UNKNOWN, Reason.TIMEOUT, "timeout"),
        (NotSent, [Reason.DNS, "x"], Outcome.NOT_SENT, Reason.DNS, "dns: x"),
        (
            CredentialsRefused,
            ["bad"],
            Outcome.NOT_SENT,
            Reason.CREDENTIALS,
            "credentials: bad",
        ),
        (RightsRefused, ["no"], Outcome.NOT_SENT, Reason.RIGHTS, "rights: no"),
    ],
)
def test_failed_call_stands_as_an_answer_with_its_reason(
    kind, values, outcome, reason, text
):
    error = kind(*values)
    assert str(error) == text
    assert Answer.failed(error) == Answer(
        outcome,
        reason=reason,
        error=error.detail,
        raw={"reason": str(reason), "detail": error.detail},
    )


def test_throttled_call_stands_as_an_answer_with_its_wait():
    answer = Answer.failed(Throttled("later", retry_after=7))
    assert (answer.outcome, answer.reason) == (Outcome.THROTTLED, Reason.THROTTLED)
    assert (answer.retry_after, answer.error) == (7, "later")


def test_open_sum_is_all_of_it():
    assert Capital(100.0, 20.0, 3.0).total == 123.0


def test_token_is_good_until_its_end():
    now = time.time()
    assert Token("token", now + 60).good_for(30)
    assert not Token("token", now + 60).good_for(90)
    assert not Token("token", now - 1).good_for(0)
    assert not Token("", now + 60).good_for(30)


def test_room_for_files_is_what_the_invoice_leaves():
    rules = FileRules(
        electronic=("evoice",), electronic_limit=1000, letter_limit=500, own_share=100
    )
    assert rules.room("evoice") == 900
    assert rules.room("print") == 400
    assert rules.room("evoice", own_size=0) == 1000
    assert rules.room("evoice", own_size=1) == 999


def test_sheets_travel_to_companies_and_by_some_deliveries():
    rules = FileRules(documents=(".pdf",), sheets=(".xlsx",), sheet_deliveries=("x",))
    assert rules.may_travel("A.PDF", "email", False)
    assert rules.may_travel("a.xlsx", "email", True)
    assert rules.may_travel("a.xlsx", "x", False)
    assert not rules.may_travel("a.xlsx", "email", False)
    assert not rules.may_travel("a.exe", "x", True)


@pytest.mark.parametrize(
    ("delivery", "faults"),
    [
        (Delivery("evoice", "003700000019", "003700000000"), []),
        (Delivery("evoice", "003700000018", "a b"), ["003700000018", "a b"]),
        (Delivery("peppol", "0216:003700000019"), []),
        (Delivery("peppol", "216:003700000019"), ["216:003700000019"]),
        (Delivery("peppol", "003700000019"), []),
        (Delivery("evoice", "0216:003700000019"), ["0216:003700000019"]),
        (Delivery(), []),
    ],
)
def test_address_and_operator_that_can_not_be_are_named(delivery, faults):
    assert delivery.faults() == faults


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"a": 1, "rows": [{"b": 1}]}, "rows"),
        ({"a": {}, "result": {"status": [{"b": 1}]}}, "result.status"),
        ({"rows": [], "a": {"b": [1]}}, ""),
    ],
)
def test_rows_are_looked_for_where_they_are(body, place):
    assert variants.place_of_rows(body) == place


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ({"errorId": 1, "errorText": "x"}, ""),
        ({"errorId": 1, "errorText": "x", "b": 1, "a": 1}, "a,b"),
        ({"error": "x", "trace": 1}, "trace"),
        ({"type": "x", "title": "y", "status": 400, "more": 1}, "more"),
    ],
)
def test_keys_that_a_refusal_has_besides_are_named(body, keys):
    assert variants.further_keys(body) == keys


def test_words_of_a_refusal_are_what_is_not_its_number():
    said = "Zero (see guide): INV/1 is known already."
    assert variants.words_of(said, "INV/1") == "is known already"
