"""What a connection to Maventa reads of a token and of an answer, and its addresses."""

import time

import pytest

from ...channels.base import Token
from ...channels.errors import NotSent, Reason, Unknown
from ...channels.maventa import connection as module
from ...channels.maventa.codes import HOSTS, RECEIVABLES_HOSTS
from ...channels.transport import Reply

SCOPES = "receivables:assignments invoice:send company:write company:read"


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1000.0)


@pytest.mark.parametrize(
    "body, seconds",
    [
        ({}, 3600),
        ({"expires_in": 60}, 60),
        ({"expires_in": "60"}, 60),
        ({"expires_in": 0}, 0),
        ({"expires_in": "soon"}, 3600),
        ({"expires_in": 86401}, 86400),
    ],
)
def test_a_token_lives_as_long_as_is_said_and_a_day_at_most(now, body, seconds):
    body = {"access_token": "abc", "scope": SCOPES, **body}
    assert module._token(200, body) == Token("abc", 1000.0 + seconds)


@pytest.mark.parametrize(
    "granted, lacks",
    [
        (SCOPES, ()),
        (None, ()),
        (["company:read"], ()),
        ("company:read  invoice:send", ("company:write", "receivables:assignments")),
    ],
)
def test_rights_that_were_not_granted_are_named(now, granted, lacks):
    body = {"access_token": "abc", "scope": granted}
    assert module._token(200, body) == Token("abc", 4600.0, lacks)


@pytest.mark.parametrize(
    "body", [None, [], "abc", {}, {"access_token": 5}, {"access_token": "a b"}]
)
def test_an_answer_without_a_token_sends_nothing(body):
    with pytest.raises(NotSent) as caught:
        module._token(207, body)
    raised = caught.value
    assert (raised.reason, raised.detail) == (Reason.UNREADABLE, "HTTP 207")


def test_an_answer_that_is_no_object_leaves_it_unknown():
    assert module.object_of(Reply(200, {}, b'{"id": 1}')) == {"id": 1}
    for content in (b"[]", b"1", b"null", b"<html>"):
        with pytest.raises(Unknown) as caught:
            module.object_of(Reply(207, {}, content))
        raised = caught.value
        assert (raised.reason, raised.detail) == (Reason.UNREADABLE, "HTTP 207")


def test_the_receivables_lie_beside_the_invoices():
    for key, url in HOSTS.items():
        for written in (url, f" {url}/ "):
            assert module.receivables_base(written, "") == RECEIVABLES_HOSTS[key]
    own = "https://sandbox.example"
    assert module.receivables_base(own, "") == own
    assert module.receivables_base(None, "") == ""
    assert module.receivables_base(own, "https://other.example") == (
        "https://other.example"
    )
