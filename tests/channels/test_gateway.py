"""What a gateway in front of the API says is never taken for Ropo's own answer."""

import json

import pytest

from ...channels.base import Found
from ...channels.documents import CaseRef
from ...channels.errors import (
    CredentialsRefused,
    NotSent,
    Outcome,
    Reason,
    Rejected,
    Unknown,
)
from ...channels.ropo_one import answers as read
from ...channels.ropo_one import payloads as build
from .common import (
    GOOD,
    ChannelTests,
    as_jobs,
    as_payment,
    as_print,
    change,
    claim,
    client,
    credit_note,
    invoice,
    says,
)

CLAIM = build.claim_payload(claim(debtor=invoice().debtor))
PAYMENT = build.payment_payload(change())

# What gateways of several makers answer, and Ropo's own shapes with a status that a
# gateway gives: who wrote the body is then not known.
FOREIGN = [
    {"message": "Forbidden"},
    {"code": "TOO_LARGE", "message": "Payload too large"},
    {"timestamp": "2026-02-02", "status": 400, "error": "Bad Request", "path": "/"},
    {"error": {"code": 400, "message": "Bad request"}},
    {"type": "about:blank", "title": "Bad Request", "status": 400, "traceId": "00-1"},
    {"errors": [{"code": "E1", "message": "Bad request"}]},
    {"errors": ["Bad request"]},
    {"result": "error"},
    {"statusid": None},
    {},
    [],
    "Forbidden",
]
OWN = [
    {"errorId": 1, "errorText": "No such profile"},
    {"result": [], "errors": [{"error": "body: not JSON"}], "accepted": 0},
    {"error": "No such document"},
    {"status": 400, "type": None, "title": "Bad Request", "detail": "jobtype"},
    {"status": 400, "title": "Bad Request", "detail": "jobtype"},
]
GATEWAY_STATUSES = [401, 402, 403, 404, 405, 406, 407, 408, 411, 413, 414, 415, 431]
GATEWAY_STATUSES += [451, 499]


def answer(status, body):
    return says(f"{status} Answer", json.dumps(body).encode())


class TestWrites(ChannelTests):
    @pytest.mark.parametrize("body", FOREIGN, ids=str)
    def test_body_that_is_not_the_apis_own_refuses_nothing(self, serve, body):
        ropo = client(serve(answer(400, body)).url, token=GOOD)
        for documents in (as_jobs(CLAIM, CLAIM), as_payment(PAYMENT), as_print(CLAIM)):
            outcomes = {each.outcome for each in ropo.send(documents)}
            assert outcomes == {Outcome.UNKNOWN}

    @pytest.mark.parametrize("body", OWN, ids=str)
    def test_the_apis_own_shapes_refuse(self, serve, body):
        ropo = client(serve(answer(400, body)).url, token=GOOD)
        for documents in (as_jobs(CLAIM, CLAIM), as_payment(PAYMENT), as_print(CLAIM)):
            answers = ropo.send(documents)
            assert {each.outcome for each in answers} == {Outcome.REJECTED}
            assert answers[0].error == read.error_text(body)

    @pytest.mark.parametrize("status", GATEWAY_STATUSES[1:])
    def test_status_of_a_gateway_refuses_nothing_whatever_its_body(self, serve, status):
        row = {"accepted": 0, "error": "x", "ownref": CLAIM["ownref"], "jobtype": "1"}
        bodies = [*FOREIGN, *OWN, {"result": [row]}, {"statusid": 5}]
        for body in bodies:
            ropo = client(serve(answer(status, body)).url, token=GOOD)
            (claimed,) = ropo.send(as_jobs(CLAIM))
            (paid,) = ropo.send(as_payment(PAYMENT))
            assert (claimed.outcome, paid.outcome) == (Outcome.UNKNOWN,) * 2
            assert claimed.reason == paid.reason == Reason.GATEWAY

    @pytest.mark.parametrize(
        "kind, jobs", [("gateway_before", 0), ("gateway_after", 1)]
    )
    @pytest.mark.parametrize("status", [403, 404, 408, 413, 502])
    def test_batch_that_met_a_gateway_is_not_known(self, sandbox, kind, jobs, status):
        sandbox.fault(kind, status=status)
        (answered,) = client(sandbox.url).send(as_jobs(CLAIM))
        assert answered.outcome == Outcome.UNKNOWN
        assert len(sandbox.jobs()) == jobs

    @pytest.mark.parametrize("body", FOREIGN, ids=str)
    def test_fresh_token_that_a_gateway_refuses_was_not_sent(self, sandbox, body):
        sandbox.fault("gateway_before", status=401, body=body, times=None)
        (answered,) = client(sandbox.url).send(as_jobs(CLAIM))
        assert (answered.outcome, answered.reason) == (Outcome.NOT_SENT, Reason.GATEWAY)
        assert sandbox.state()["calls"]["POST /rest/jobs"] == 2


class TestToken(ChannelTests):
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 422])
    @pytest.mark.parametrize("body", FOREIGN, ids=str)
    def test_gateway_at_the_token_call_refuses_no_credentials(
        self, serve, status, body
    ):
        server = serve(answer(status, body))
        with pytest.raises(NotSent) as caught:
            client(server.url).connect()
        assert not isinstance(caught.value, CredentialsRefused)
        assert caught.value.reason == Reason.GATEWAY
        (answered,) = client(server.url).send(as_jobs(CLAIM))
        assert (answered.outcome, answered.reason) == (Outcome.NOT_SENT, Reason.GATEWAY)

    @pytest.mark.parametrize("status", [403, 404, 408, 413])
    def test_status_of_a_gateway_refuses_no_credentials(self, serve, status):
        server = serve(answer(status, OWN[0]))
        with pytest.raises(NotSent) as caught:
            client(server.url).connect()
        assert caught.value.reason == Reason.GATEWAY

    def test_success_without_a_token_refuses_no_credentials(self, serve):
        server = serve(answer(200, {"message": "Maintenance"}))
        with pytest.raises(NotSent) as caught:
            client(server.url).connect()
        assert caught.value.reason == Reason.UNREADABLE

    @pytest.mark.parametrize("status", [400, 401])
    def test_the_apis_own_refusal_is_one_of_credentials(self, serve, status):
        server = serve(answer(status, {"errorId": 1, "errorText": "Wrong cid"}))
        with pytest.raises(CredentialsRefused) as caught:
            client(server.url).connect()
        assert caught.value.detail == "Wrong cid"


class TestReads(ChannelTests):
    """A lookup that met a gateway proves nothing: what arrived is not sent again."""

    @pytest.mark.parametrize("status", [403, 404, 408, 413])
    @pytest.mark.parametrize("body", [*FOREIGN, *OWN], ids=str)
    def test_gateway_never_says_that_something_did_not_arrive(
        self, serve, status, body
    ):
        ropo = client(serve(answer(status, body)).url, token=GOOD)
        for payload in (CLAIM, build.invoice_payload(credit_note())):
            with pytest.raises(Unknown):
                ropo.find(*as_jobs(payload))

    @pytest.mark.parametrize("body", [{"message": "x"}, {}, {"jobs": 5}, []], ids=str)
    def test_list_that_is_none_is_not_an_empty_one(self, serve, body):
        ropo = client(serve(answer(200, body)).url, token=GOOD)
        with pytest.raises(Unknown):
            ropo.find(*as_jobs(CLAIM))

    @pytest.mark.parametrize("row", [5, None, "x", [], {}, {"case_number": 1}])
    def test_row_that_cannot_be_read_leaves_open_what_it_is(self, serve, row):
        other = {"case_number": 1, "invoice_number": "INV/9", "status": "due"}
        ropo = client(serve(answer(200, {"jobs": [other, row]})).url, token=GOOD)
        assert ropo.find(*as_jobs(CLAIM)) == Found()
        found = {**other, "invoice_number": CLAIM["billnum"], "status": "reminder"}
        ropo = client(serve(answer(200, {"jobs": [row, found]})).url, token=GOOD)
        assert ropo.find(*as_jobs(CLAIM)) == Found(True, "1")
        assert ropo.find(*as_jobs(CLAIM), CaseRef("1", "", "C1001")) == Found()

    def test_document_that_a_gateway_hides_is_not_missing(self, sandbox):
        ropo = client(sandbox.url)
        note = build.invoice_payload(credit_note())
        ropo.send(as_jobs(note))
        sandbox.fault("gateway_before", path="/rest/jobs/pdf", status=404)
        with pytest.raises(Unknown):
            ropo.find(*as_jobs(note))
        assert ropo.find(*as_jobs(note)) == Found(True)

    def test_preview_names_the_gateway(self, sandbox):
        sandbox.fault("gateway_before", path="/rest/jobs/preview", status=413)
        with pytest.raises(Unknown) as caught:
            client(sandbox.url).preview(*as_jobs(CLAIM))
        assert caught.value.reason == Reason.GATEWAY

    def test_missing_document_is_still_the_apis_own_word(self, sandbox):
        with pytest.raises(Rejected):
            client(sandbox.url).document(CaseRef(number="INV/none"))
