"""What is sent to Maventa, word by word, and what never is."""

import datetime
import json
from dataclasses import replace
from email import message_from_bytes

import pytest

from ...channels.base import Frozen
from ...channels.documents import Delivery
from ...channels.errors import Fault, Meaning, Outcome
from ...channels.maventa import Maventa, einvoices, payloads
from .common import PERSON, change, claim, invoice
from .maventa import (
    TENANT,
    UBL,
    MaventaTests,
    client,
    finvoice,
    peppol,
    say,
    with_file,
)

NUMBER = invoice().number
PEPPOL = peppol(NUMBER)
COMPANY_WORDS = {
    "name": "Example Oy",
    "customer_type": "company",
    "business_id": "0000001-9",
    "street": "Esimerkkikatu 1 PL 7",
    "postcode": "00100",
    "city": "Helsinki",
    "country": "FI",
    "email": "invoices@example.com",
    "phone": "+358 9 1234567",
    "language": "fi",
}
PERSON_WORDS = {
    "name": "Esimerkki Asiakas",
    "customer_type": "person",
    "personal_id": "131052-308T",
    "street": "Esimerkkikatu 2 A 3",
    "postcode": "00200",
    "city": "Helsinki",
    "country": "FI",
}
INVOICE_ID = "0e4f5c92-6d3b-4f0f-9d0c-1f2e3d4c5b6a"


class TestPayloads:
    @pytest.mark.parametrize(
        "delivery, words",
        [
            (Delivery(), {"recipient_email": "invoices@example.com"}),
            (Delivery("post"), {"disabled_routes": ["einvoice", "email"]}),
            (
                Delivery("email"),
                {
                    "disabled_routes": ["einvoice", "print"],
                    "recipient_email": "invoices@example.com",
                },
            ),
            (
                Delivery("evoice", "003700000019", "003721291126"),
                {
                    "disabled_routes": ["email", "print"],
                    "recipient_eia": "003700000019",
                    "recipient_operator": "003721291126",
                },
            ),
            (
                Delivery("peppol", "0216:003700000019", fallback="email"),
                {
                    "disabled_routes": ["print"],
                    "route_order": ["einvoice", "email"],
                    "recipient_eia": "0216:003700000019",
                    "recipient_email": "invoices@example.com",
                },
            ),
            (
                Delivery("email", fallback="post"),
                {
                    "disabled_routes": ["einvoice"],
                    "route_order": ["email", "print"],
                    "recipient_email": "invoices@example.com",
                },
            ),
        ],
        ids=["any", "post", "email", "evoice", "peppol, email", "email, post"],
    )
    def test_invoice(self, delivery, words):
        document, (checksum, *_others) = with_file(PEPPOL, delivery=delivery)
        assert Maventa.freeze(document) == Frozen(
            "invoice",
            {
                "number": NUMBER,
                "file": {"name": "invoice.xml", "checksum": checksum},
                "form": {
                    "uuid": payloads.invoice_id(17, checksum),
                    "format": "PEPPOLBIS30",
                    "lang": "FI",
                    **words,
                },
            },
            batchable=False,
        )

    def test_each_delivery_that_may_be_chosen_has_a_route(self):
        for method in Maventa.capabilities.deliveries:
            document, _files = with_file(PEPPOL, delivery=Delivery(method))
            assert (
                len(payloads.invoice_payload(document)["form"]["disabled_routes"]) == 2
            )

    def test_id_of_an_invoice_is_that_of_the_request_and_its_file(self):
        same = payloads.invoice_id(17, "a")
        assert same == payloads.invoice_id(17, "a")
        others = {payloads.invoice_id(18, "a"), payloads.invoice_id(17, "b")}
        assert len({same, *others}) == 3

    @pytest.mark.parametrize(
        "values, kind, receivables, payers",
        [
            (
                {"debtor": invoice().debtor},
                "reminder_and_collection",
                "b2b",
                [COMPANY_WORDS],
            ),
            (
                {"kind": "collection", "debtor": TENANT},
                "collection",
                "b2c",
                [PERSON_WORDS],
            ),
            (
                {"debtor": TENANT, "is_rental": True},
                "reminder_and_collection",
                "b2c_rental",
                [PERSON_WORDS],
            ),
            (
                {
                    "debtor": invoice().debtor,
                    "is_rental": True,
                    "co_debtors": (TENANT,),
                },
                "reminder_and_collection",
                "b2b_rental",
                [COMPANY_WORDS, PERSON_WORDS],
            ),
        ],
    )
    def test_transfer(self, values, kind, receivables, payers):
        document = claim(invoice_id=INVOICE_ID, summary="Work", **values)
        assert Maventa.freeze(document) == Frozen(
            "transfer",
            {
                "invoice_id": INVOICE_ID,
                "number": "INV/2026/00002",
                "assignment": {
                    "collection_type": kind,
                    "receivables_type": receivables,
                    "payers": payers,
                    "assignment_summary": "Work",
                    "capital_amount": 55.32,
                },
            },
            batchable=False,
        )

    @pytest.mark.parametrize(
        "values, summary",
        [({}, "INV/2026/00002"), ({"reason": "Rent\x0c of May "}, "Rent of May")],
    )
    def test_transfer_always_has_a_summary(self, values, summary):
        body = payloads.transfer_payload(claim(**values))
        assert body["assignment"]["assignment_summary"] == summary

    @pytest.mark.parametrize(
        "values, event",
        [
            ({}, {"event_type": "paid", "sum_paid": 20.0}),
            (
                {"is_payment": False, "credit_note": "RINV/1"},
                {"event_type": "credit_note", "credit_sum": 20.0},
            ),
            ({"is_payment": False}, {"event_type": "credit_note", "credit_sum": 20.0}),
            ({"amount": 0.1 + 0.2}, {"event_type": "paid", "sum_paid": 0.3}),
        ],
        ids=["payment", "credit note", "other entry", "rounded"],
    )
    def test_change(self, values, event):
        document = change(assignment="case", number="INV/1", **values)
        assert Maventa.freeze(document) == Frozen(
            "event",
            {
                "case": "case",
                "number": "INV/1",
                "event": {**event, "booked_at": "2026-03-01"},
            },
            batchable=False,
        )

    @pytest.mark.parametrize("amount", [-20.0, 0.0, 0.004])
    def test_what_lowers_nothing_is_never_frozen(self, amount):
        assert Maventa.capabilities.reversal == "person"
        with pytest.raises(ValueError, match="a person has to ask Ropo"):
            Maventa.freeze(change(amount=amount))

    def test_what_is_frozen_is_json(self):
        for document in (with_file(PEPPOL)[0], claim(), change(), invoice()):
            body = Maventa.freeze(document).body
            assert json.loads(json.dumps(body)) == body

    def test_multipart_bears_the_file_and_each_value_of_a_list(self):
        document, (checksum, *_others) = with_file(PEPPOL, delivery=Delivery("post"))
        payload = payloads.invoice_payload(document)
        kind, content = payloads.multipart(payload, PEPPOL)
        message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + content)
        parts = [
            (
                part.get_param("name", header="content-disposition"),
                part.get_filename(),
                part.get_payload(decode=True),
            )
            for part in message.get_payload()
        ]
        assert parts == [
            ("file", "invoice.xml", PEPPOL.replace(b"\r\n", b"\n")),
            ("uuid", None, payloads.invoice_id(17, checksum).encode()),
            ("format", None, b"PEPPOLBIS30"),
            ("disabled_routes", None, b"einvoice"),
            ("disabled_routes", None, b"email"),
            ("lang", None, b"FI"),
        ]


class TestEInvoices:
    @pytest.mark.parametrize(
        "octets, format_",
        [
            (PEPPOL, "PEPPOLBIS30"),
            (
                PEPPOL.replace(b"Invoice-2", b"CreditNote-2")
                .replace(b"Invoice ", b"CreditNote ")
                .replace(b"</Invoice>", b"</CreditNote>"),
                "PEPPOLBIS30",
            ),
            (finvoice(NUMBER), "FINVOICE30"),
        ],
        ids=["invoice", "credit note", "Finvoice"],
    )
    def test_what_is_good_may_leave(self, octets, format_):
        assert einvoices.fault(octets, format_, NUMBER) == ""

    @pytest.mark.parametrize(
        "octets, format_, text",
        [
            (PEPPOL[:-9], "PEPPOLBIS30", "is not well-formed XML"),
            (b"\x00", "PEPPOLBIS30", "is not well-formed XML"),
            (b"%PDF-1.4", "FINVOICE30", "is not well-formed XML"),
            (finvoice(NUMBER), "PEPPOLBIS30", "is no Peppol BIS 3.0"),
            (PEPPOL, "FINVOICE30", "is no Finvoice 3.0"),
            (finvoice(NUMBER, "2.0"), "FINVOICE30", "is no Finvoice 3.0"),
            (peppol(NUMBER, customization="urn:x"), "PEPPOLBIS30", "is no Peppol"),
            (
                PEPPOL.replace(UBL.encode(), b"urn:other"),
                "PEPPOLBIS30",
                "is no Peppol BIS 3.0",
            ),
            (peppol("INV/9"), "PEPPOLBIS30", f"is of INV/9, not of {NUMBER}"),
            (peppol(""), "PEPPOLBIS30", f"is of no invoice, not of {NUMBER}"),
            (PEPPOL, "ubl_nl", "format ubl_nl can't be sent"),
            (
                PEPPOL.replace(
                    b"<Invoice ", b"<!DOCTYPE Invoice [<!ENTITY a 'b'>]>\n<Invoice ", 1
                ),
                "PEPPOLBIS30",
                "has a document type declaration",
            ),
        ],
    )
    def test_what_is_wrong_is_a_sentence(self, octets, format_, text):
        assert text in einvoices.fault(octets, format_, NUMBER)


class TestRefusedWithoutACall(MaventaTests):
    """What would be refused anyway is a refusal with its reason, and no call."""

    @pytest.mark.parametrize(
        "document, files, fault, text",
        [
            (invoice(), {}, Fault.EINVOICE, "There is no e-invoice to send."),
            (
                with_file(PEPPOL)[0],
                {},
                Fault.EINVOICE,
                "The e-invoice's file is missing.",
            ),
            (
                *with_file(peppol("INV/9")),
                Fault.EINVOICE,
                f"The e-invoice's file is of INV/9, not of {NUMBER}.",
            ),
            (
                *with_file(PEPPOL, "ubl_nl"),
                Fault.EINVOICE,
                "The e-invoice's format ubl_nl can't be sent through Maventa.",
            ),
            (
                claim(debtor=TENANT),
                {},
                Fault.INVOICE_UNKNOWN,
                "The invoice's id at Maventa is missing, or is no UUID.",
            ),
            (
                claim(invoice_id="INV/1", debtor=TENANT),
                {},
                Fault.INVOICE_UNKNOWN,
                "The invoice's id at Maventa is missing, or is no UUID.",
            ),
            (
                claim(invoice_id=INVOICE_ID),
                {},
                Fault.ADDRESS,
                "Esimerkki Asiakas lacks: country.",
            ),
            (
                claim(
                    invoice_id=INVOICE_ID,
                    debtor=TENANT,
                    co_debtors=(replace(PERSON, name="Other", street=" ", zip=""),),
                ),
                {},
                Fault.ADDRESS,
                "Other lacks: street, zip, country.",
            ),
        ],
    )
    def test_it(self, sandbox, document, files, fault, text):
        answer = say(client(sandbox.url), document, files)
        assert (answer.outcome, answer.reason) == (Outcome.REJECTED, None)
        assert (answer.fault, answer.error) == (fault, text)
        assert sandbox.state()["calls"] == {}

    def test_change_of_no_case(self, sandbox):
        answer = say(client(sandbox.url), change(assignment="28000001"))
        assert answer.error == "Maventa has no single invoice 28000001."
        assert (answer.fault, answer.meaning) == (Fault.CASE_UNKNOWN, Meaning.TO_FIX)
        assert sandbox.state()["calls"] == {}

    def test_a_date_of_an_event_is_that_of_the_money(self):
        document = change(date=datetime.date(2026, 1, 31))
        assert payloads.event_payload(document)["event"]["booked_at"] == "2026-01-31"
