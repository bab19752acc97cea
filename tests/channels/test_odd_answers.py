"""Answers that nobody would write down, each of which once broke what read it."""

import datetime

import pytest

from ...channels.errors import NotSent, Outcome, Reason, Throttled
from ...channels.ropo_one import payloads as build
from ...channels.transport import Reply
from .common import GOOD, ChannelTests, as_print, client, invoice, says
from .maventa import Script, refuses
from .maventa import client as maventa

ID = "0e4f5c92-6d3b-4f0f-9d0c-1f2e3d4c5b6a"
# What no header carries, and so no call.
NO_TOKENS = ["\u20ac", "a b", "a\nb", "\x7f", " ", "ä"]


@pytest.fixture
def script():
    """Starts a Maventa by hand: `script({path: answer})`."""
    servers = []

    def start(answers):
        servers.append(Script(**answers))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


class TestOddAnswers(ChannelTests):
    def test_json_comes_as_a_database_can_hold_it(self):
        """An answer that could not be stored was noted as lost, though it was read."""
        content = rb'{"a\u0000": ["\ud800", NaN, 1e999, -Infinity], "b": 1}'
        assert Reply(200, {}, content).json() == {
            "a": ["?", "nan", "inf", "-inf"],
            "b": 1,
        }

    def test_headers_of_a_local_print_come_as_a_database_can_hold_them(self, serve):
        server = serve(says("201 Created", b"%PDF-1.7", billnum="INV\0/1"))
        payload = build.freeze(invoice(handling="local_print")).body
        (answer,) = client(server.url, token=GOOD).send(as_print(payload))
        assert (answer.outcome, answer.number) == (Outcome.ACCEPTED, "INV/1")
        assert answer.raw == {"billnum": "INV/1"}

    def test_wait_that_no_clock_has_is_none(self, serve):
        server = serve(says("429 Too Many", b"{}", Retry_After="9" * 400))
        with pytest.raises(Throttled) as caught:
            client(server.url, token=GOOD).connect()
        assert caught.value.retry_after is None

    @pytest.mark.parametrize("token", NO_TOKENS, ids=ascii)
    def test_token_that_no_header_carries_is_none(self, serve, token):
        server = serve(refuses("201 Created", {"token": token}))
        with pytest.raises(NotSent) as caught:
            client(server.url).connect()
        assert caught.value.reason == Reason.UNREADABLE

    @pytest.mark.parametrize("token", NO_TOKENS, ids=ascii)
    def test_token_of_maventa_that_no_header_carries_is_none(self, serve, token):
        server = serve(refuses("200 OK", {"access_token": token}))
        with pytest.raises(NotSent) as caught:
            maventa(server.url).connect()
        assert caught.value.reason == Reason.UNREADABLE

    @pytest.mark.parametrize(
        "seconds", [1e300, 10**400, 10**12], ids=["float", "endless", "integer"]
    )
    def test_token_for_ever_ends_within_a_day(self, serve, seconds):
        body = {"access_token": "token", "expires_in": seconds}
        token = maventa(serve(refuses("200 OK", body)).url).connect()
        ends = datetime.datetime.fromtimestamp(token.expires)
        assert ends - datetime.datetime.now() <= datetime.timedelta(days=1)

    @pytest.mark.parametrize("odd", [[], {}, ["x"], 5, True], ids=str)
    def test_event_of_an_odd_assignment_keeps_no_other(self, script, odd):
        events = [
            {"id": "e1", "assignment_id": odd},
            {"id": "e2", "assignment_id": ID},
        ]
        answers = {
            "/v1/events": refuses("200 OK", events),
            f"/v1/assignments/{ID}": refuses("200 OK", {"invoice_id": ID}),
        }
        (page,) = maventa(script(answers).url, token=GOOD).updates()
        page.acknowledge()
        assert [row["event"]["id"] for row in page.rows] == ["e1", "e2"]

    def test_id_of_an_event_leads_to_no_other_path(self, script):
        event = {"id": "../../../v2/services?x=", "assignment_id": ID}
        answers = {
            "/v1/events": refuses("200 OK", [event]),
            f"/v1/assignments/{ID}": refuses("200 OK", {"invoice_id": ID}),
        }
        server = script(answers)
        (page,) = maventa(server.url, token=GOOD).updates()
        page.acknowledge()
        path = f"/v1/assignments/{ID}/events/..%2F..%2F..%2Fv2%2Fservices%3Fx%3D/seen"
        assert server.asked[-1] == f"POST {path}"
