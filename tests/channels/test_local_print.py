"""A local print: posted as any job, the document in the answer's body."""

import pytest

from ...channels.errors import Outcome, Reason
from ...channels.ropo_one import payloads as build
from .common import GOOD, ChannelTests, as_print, client, invoice, says

PDF = b"%PDF-1.7 whole"


def payload():
    return build.freeze(invoice(handling="local_print")).body


class TestLocalPrint(ChannelTests):
    def test_it_is_posted_and_answered_with_its_document(self, sandbox):
        (answer,) = client(sandbox.url).send(as_print(payload()))
        (job,) = sandbox.jobs()
        assert answer.outcome == Outcome.ACCEPTED
        assert (answer.assignment, answer.number) == (str(job["jobid"]), job["billnum"])
        assert answer.document.startswith(b"%PDF-")
        assert answer.raw["jobid"] == str(job["jobid"])

    def test_a_document_without_our_headers_is_taken_all_the_same(self, serve):
        server = serve(says("200 OK", PDF))
        (answer,) = client(server.url, token=GOOD).send(as_print(payload()))
        assert (answer.outcome, answer.assignment) == (Outcome.ACCEPTED, "")
        assert (answer.document, answer.raw) == (PDF, {})

    @pytest.mark.parametrize("body", [b"", b"<html>", b'{"result": []}'], ids=str)
    def test_what_is_no_document_may_have_arrived(self, serve, body):
        server = serve(says("201 Created", body))
        (answer,) = client(server.url, token=GOOD).send(as_print(payload()))
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.UNREADABLE)
        assert not answer.document

    def test_a_refusal_is_one(self, sandbox):
        (answer,) = client(sandbox.url).send(as_print({**payload(), "city": None}))
        assert answer.outcome == Outcome.REJECTED
        assert "city" in answer.error

    def test_nobody_else_is_to_deliver_it(self):
        said = {"sendtype": "evoice", "evoice": "1", "evoiceint": "2", "billnum": "3"}
        assert build._local_print_payload(said) == {
            "sendtype": "print",
            "billnum": "3",
        }
