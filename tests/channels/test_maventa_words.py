"""Names that settings replace: ours on this side, Maventa's on the other."""

import json

import pytest

from ...channels.maventa.words import Words
from ...channels.transport import Reply

EVENT = {"event_type": "PAYMENT", "sum": 5.0}


def reply(body, **headers):
    return Reply(200, headers, json.dumps(body).encode())


def test_event_leaves_in_maventas_envelope():
    assert Words().event_sent(EVENT) == EVENT
    wrapped = Words({"maventa_event_values": "data", "maventa_event_type": "type"})
    assert wrapped.event_sent(EVENT) == {"type": "PAYMENT", "data": {"sum": 5.0}}


def test_event_comes_with_our_names_beside_its_own():
    words = Words(
        {
            "maventa_event_values": "data",
            "maventa_event_type": "type",
            "maventa_event_closed": "END",
            "maventa_origin_own": "US",
            "maventa_origin_ropo": "THEM",
        }
    )
    came = {"id": "1", "type": "END", "data": {"sum": 5.0}, "origin": "THEM"}
    found = words.event(came)
    assert found == {
        **came,
        "sum": 5.0,
        "event_type": Words()["maventa_event_closed"],
        "origin": Words()["maventa_origin_ropo"],
    }
    own = words.event({"type": "PAYMENT", "origin": "US", "data": None})
    assert (own["event_type"], own["origin"]) == (
        "PAYMENT",
        Words()["maventa_origin_own"],
    )
    assert words.event({"id": "1"}) == {"id": "1"}


def test_transfer_and_assignment_come_with_our_names():
    words = Words({"maventa_assignment_id": "case", "maventa_sum_open": "left"})
    assert words.transfer({"case": "x"}) == {"case": "x", "assignment_id": "x"}
    assert words.assignment({"left": 1, "sum_fees": 2}) == {
        "left": 1,
        "sum_fees": 2,
        "sum_open": 1,
    }


@pytest.mark.parametrize(
    ("answer", "count", "is_last"),
    [
        (reply({}), 10, False),
        (reply({}), 9, True),
        (reply({}, **{"X-Next-Page": "2"}), 9, False),
        (reply({}, **{"X-Next-Page": " "}), 10, True),
    ],
)
def test_last_page_is_what_names_none_to_follow_or_is_not_full(answer, count, is_last):
    assert Words().is_last_page(answer, count, 10) is is_last


def test_page_that_follows_may_be_named_in_the_body():
    words = Words({"maventa_next_page": "meta.next"})
    assert not words.is_last_page(reply({"meta": {"next": 2}}), 1, 10)
    assert not words.is_last_page(reply({"meta": {}}), 10, 10)
    assert words.is_last_page(reply({"meta": {"next": ""}}), 10, 10)
    assert words.is_last_page(reply([]), 1, 10)


def test_code_that_has_no_name_of_ours_stays_as_it_came():
    assert Words().code({"code": "brand_new", "message": "x", "details": []}) == (
        "brand_new"
    )
