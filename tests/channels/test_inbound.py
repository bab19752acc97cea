"""Batches that are pushed: taken whole, or refused with a status that says why."""

import json

import pytest

from ...channels import inbound
from ...channels.inbound import RefusedError, is_id, messages_of, storable

JSON = {"Content-Type": "application/json"}
MESSAGES = [{"id": "M1", "amount": 1.5}, {"id": 2, "text": "ä"}]


def batch(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def refusal(body, headers=None):
    """The status and the text with which a batch is refused."""
    with pytest.raises(RefusedError) as caught:
        messages_of(batch(body), JSON if headers is None else headers)
    return caught.value.status, str(caught.value)


@pytest.mark.parametrize(
    "body", [MESSAGES, {"messages": MESSAGES}, {"count": 2, "any": MESSAGES}]
)
def test_batch_is_a_list_or_an_object_around_one(body):
    assert messages_of(batch(body), JSON) == MESSAGES


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json; charset=UTF8",
        "application/json; charset=us-ascii",
    ],
)
def test_json_in_utf_8_is_read(content_type):
    assert messages_of(batch(MESSAGES), {"Content-Type": content_type}) == MESSAGES


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "Not application/json"),
        ({"Content-Type": "text/plain"}, "Not application/json"),
        ({"Content-Type": "application/json; charset=latin-1"}, "Not UTF-8"),
        ({"Content-Type": "application/json; charset=none-such"}, "Not UTF-8"),
        ({**JSON, "Content-Encoding": "gzip"}, "Encoded content"),
    ],
)
def test_what_is_no_json_in_utf_8_is_refused_by_its_type(headers, why):
    assert refusal(MESSAGES, headers) == (415, why)


def test_content_that_is_not_encoded_may_say_so():
    headers = {**JSON, "Content-Encoding": "identity"}
    assert messages_of(batch(MESSAGES), headers) == MESSAGES


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xff", "Not UTF-8"),
        (b"{", "Not JSON"),
        (b"", "Not JSON"),
        (b'[{"id": 1, "amount": NaN}]', "Not JSON"),
        pytest.param(b"[" * 200000, "Not JSON", id="nested without end"),
        ("text", "No list of messages"),
        ({}, "No list of messages"),
        ({"id": "M1"}, "No list of messages"),
        ({"a": MESSAGES, "b": MESSAGES}, "No list of messages"),
        (["M1"], "A message is no object"),
        ([*MESSAGES, {"text": "x"}], "A message without a usable id"),
    ],
)
def test_batch_that_can_not_be_kept_whole_is_refused(body, why):
    assert refusal(body) == (400, why)


def test_batch_has_at_most_so_many_messages():
    most = [{"id": number} for number in range(inbound.MOST_MESSAGES)]
    assert messages_of(batch(most), JSON) == most
    assert refusal([*most, {"id": "one more"}]) == (413, "More than 500 messages")


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("M1", True),
        ("1", True),
        (0, True),
        ("x" * 200, True),
        ("x" * 201, False),
        ("", False),
        ("  ", False),
        (" " * 300 + "x", True),
        (True, False),
        (1.5, False),
        (None, False),
        (["M1"], False),
    ],
)
def test_message_is_known_again_by_a_text_or_a_number(value, right):
    assert is_id(value) is right


def nested(levels, inside, kind):
    for _level in range(levels):
        inside = [inside] if kind is list else {"in": inside}
    return inside


@pytest.mark.parametrize("kind", [list, dict])
def test_what_is_nested_too_deeply_is_cut_off_there(kind):
    kept = nested(inbound.DEEPEST - 1, 1, kind)
    assert storable(kept) == kept
    cut = nested(inbound.DEEPEST, inbound.TOO_DEEP, kind)
    assert storable(nested(inbound.DEEPEST + 5, 1, kind)) == cut
