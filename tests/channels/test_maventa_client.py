"""What Maventa's client says of calls that were not made, or whose case is unknown."""

from dataclasses import replace

import pytest

from ...channels.base import Found, Frozen
from ...channels.documents import CaseRef
from ...channels.errors import Fault, Outcome, Reason
from ...channels.inbound import RefusedError
from .common import claim, says
from .maventa import (
    COMPANY,
    TENANT,
    MaventaTests,
    Script,
    change,
    client,
    peppol,
    refuses,
    say,
    with_file,
)

ID = "6b1f3b0e-0001-4a00-8000-000000000001"
CASE = "6b1f3b0e-0002-4a00-8000-000000000002"
ASKED = f"/v2/invoices/{ID}/assignment"
TAKEN = refuses("200 OK", {"status": "sent", "assignment_id": CASE})


class TestNotSent(MaventaTests):
    @pytest.fixture
    def script(self):
        servers = []

        def start(**answers):
            servers.append(Script(**answers))
            return servers[-1]

        yield start
        for server in servers:
            server.stop()

    # --- what would be refused ---

    def test_all_that_payers_lack_is_named_and_nothing_is_sent(self, script):
        server = script()
        homeless = {"street": "", "street2": "", "zip": "", "city": ""}
        debtor = replace(TENANT, name="Example Oy", **homeless)
        other = replace(TENANT, name="Esimerkki Toinen", **homeless)
        document = claim(
            invoice_id=ID, debtor=debtor, co_debtors=(other,), number="INV/1"
        )
        answer = say(client(server.url), document)
        assert (answer.outcome, answer.fault) == (Outcome.REJECTED, Fault.ADDRESS)
        first, second, rest = answer.error.split(".")
        assert first.startswith("Example Oy lacks: ")
        assert second.startswith(" Esimerkki Toinen lacks: ")
        assert rest == ""
        assert answer.raw == {"fault": "address"}
        assert not [each for each in server.asked if "assignment" in each]

    def test_an_invoice_without_its_file_is_not_sent(self, script):
        server = script()
        document, _files = with_file(peppol("INV/1"), number="INV/1")
        answer = say(client(server.url), document, {})
        assert (answer.outcome, answer.fault) == (Outcome.REJECTED, Fault.EINVOICE)
        assert answer.error == "The e-invoice's file is missing."
        assert answer.raw == {"fault": "einvoice"}
        assert not [each for each in server.asked if "/v1/invoices" in each]

    def test_a_transfer_without_the_invoices_id_is_not_sent(self, script):
        server = script()
        answer = say(client(server.url), claim(invoice_id="", debtor=TENANT))
        assert (answer.outcome, answer.fault) == (
            Outcome.REJECTED,
            Fault.INVOICE_UNKNOWN,
        )
        text = "The invoice's id at Maventa is missing, or is no UUID."
        assert answer.error == text
        assert not server.asked

    # --- what could not be asked ---

    def test_why_a_case_could_not_be_asked_for_is_kept(self, script):
        odd = refuses("502 Bad Gateway", {"trace": 1})
        server = script(**{ASKED: odd})
        answer = say(client(server.url), change(f"{ID}/ropo"))
        assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, Reason.SERVER)
        assert "502" in answer.error
        assert not [each for each in server.asked if "POST /v1" in each]

    def test_why_an_arrival_could_not_be_confirmed_is_kept(self, sandbox):
        maventa = client(sandbox.url)
        document, files = with_file(peppol("INV/77"), number="INV/77")
        say(maventa, document, files)
        sandbox.fault("gateway_before", path="/v1/invoices/*", method="GET")
        found = say(maventa, document, files)
        assert found.outcome == Outcome.UNKNOWN
        assert found.error
        assert COMPANY not in found.error

    def test_a_document_that_is_odd_may_have_arrived(self):
        body = {"case": f"{ID}/ropo"}  # no number, no event
        (answer,) = client("http://127.0.0.1:1").send([Frozen("event", body)])
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.UNREADABLE)

    def test_no_webhook_is_taken(self):
        with pytest.raises(RefusedError, match=r"^No webhook is offered$") as caught:
            client("http://127.0.0.1:1").messages(b"[]", {})
        assert caught.value.status == 404

    # --- what became of a change ---

    def test_an_invoice_that_had_no_file_was_not_sent(self, script):
        server = script()
        maventa = client(server.url)
        assert maventa.find(Frozen("invoice", {})) == Found(False)
        assert not server.asked

    def find(self, script, document, case):
        server = script(
            **{
                ASKED: TAKEN,
                f"/v1/assignments/{CASE}": refuses("200 OK", {"id": CASE}),
                f"/v1/assignments/{CASE}/events": refuses("200 OK", []),
            }
        )
        maventa = client(server.url)
        return maventa.find(maventa.freeze(document), case), server

    def test_a_change_is_looked_for_at_the_case_that_is_known_by_now(self, script):
        """When it was sent, only the number may have been known."""
        found, server = self.find(script, change(""), CaseRef(f"{ID}/ropo"))
        assert found.reports == 0
        assert f"GET {ASKED}" in server.asked

    def test_a_change_is_looked_for_at_its_own_case_where_none_is_given(self, script):
        found, server = self.find(script, change(f"{ID}/ropo"), None)
        assert found.reports == 0
        assert f"GET {ASKED}" in server.asked

    def test_a_change_is_looked_for_by_the_number_where_no_id_is_known(self, script):
        for document, case in (
            (change("", number="INV/9"), None),
            (change(""), CaseRef("", "INV/9")),
        ):
            found, server = self.find(script, document, case)
            assert found == Found()
            asked = [each for each in server.asked if "/v1/invoices" in each]
            assert asked
            assert all("INV%2F9" in each for each in asked)

    def test_a_gateways_reply_to_a_lookup_raises_no_answer(self, script):
        server = script(**{ASKED: says("502 Bad Gateway", b"<html>")})
        answer = say(client(server.url), change(f"{ID}/ropo"))
        assert answer.outcome == Outcome.NOT_SENT
