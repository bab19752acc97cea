"""A local print: posted as any job, the document in the answer's body."""

import pytest

from ...channels import ropo_one
from ...channels.errors import Outcome, Reason
from .common import ChannelTests, client, invoice, says

GOOD = ropo_one.Token("token", 2**40)
PDF = b"%PDF-1.7 whole"


def payload():
    return ropo_one.local_print_payload(ropo_one.invoice_payload(invoice()))


class TestLocalPrint(ChannelTests):
    def test_it_is_posted_and_answered_with_its_document(self, sandbox):
        (answer,) = client(sandbox.url).print_locally([payload()])
        (job,) = sandbox.jobs()
        assert answer.outcome == Outcome.ACCEPTED
        assert (answer.assignment, answer.number) == (job["jobid"], job["billnum"])
        assert answer.document.startswith(b"%PDF-")
        assert answer.raw["jobid"] == str(job["jobid"])

    def test_a_document_without_our_headers_is_taken_all_the_same(self, serve):
        server = serve(says("200 OK", PDF))
        (answer,) = client(server.url, token=GOOD).print_locally([payload()])
        assert (answer.outcome, answer.assignment) == (Outcome.ACCEPTED, None)
        assert (answer.document, answer.raw) == (PDF, {})

    @pytest.mark.parametrize("body", [b"", b"<html>", b'{"result": []}'], ids=str)
    def test_what_is_no_document_may_have_arrived(self, serve, body):
        server = serve(says("201 Created", body))
        (answer,) = client(server.url, token=GOOD).print_locally([payload()])
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.UNREADABLE)
        assert not answer.document

    def test_a_refusal_is_one(self, sandbox):
        (answer,) = client(sandbox.url).print_locally([{**payload(), "city": None}])
        assert answer.outcome == Outcome.REJECTED
        assert "city" in answer.error

    def test_nobody_else_is_to_deliver_it(self):
        said = {"sendtype": "evoice", "evoice": "1", "evoiceint": "2", "billnum": "3"}
        assert ropo_one.local_print_payload(said) == {
            "sendtype": "print",
            "billnum": "3",
        }
