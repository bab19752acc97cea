"""What the tests of the second channel have in common."""

import datetime
import hashlib
import itertools
import json

from ...channels.documents import (
    Attachment,
    CapitalChange,
    CaseRef,
    Debtor,
    Delivery,
    EInvoice,
)
from ...channels.maventa import Maventa
from .common import ChannelTests, RawServer, claim, invoice, says

COMPANY = "5f0c1f9e-0001-4a00-8000-000000000001"
SWEDEN = "5f0c1f9e-0002-4a00-8000-000000000002"
WITHOUT_ROPO = "5f0c1f9e-0003-4a00-8000-000000000003"
USER_KEY, VENDOR_KEY = "sandbox-user-api-key", "sandbox-vendor-api-key"
TRANSFERS = "/v2/invoices/*/assignment/ropo"
EVENTS = "/v1/assignments/*/events"
UBL = "urn:oasis:names:specification:ubl:schema:xsd"
BIS3 = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PEPPOL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="{ubl}:Invoice-2" xmlns:cac="{ubl}:CommonAggregateComponents-2"
 xmlns:cbc="{ubl}:CommonBasicComponents-2">
<cbc:CustomizationID>{customization}</cbc:CustomizationID>
<cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-02-02</cbc:IssueDate>
<cbc:DueDate>{due}</cbc:DueDate>
<cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>
<cac:LegalMonetaryTotal>
<cbc:TaxExclusiveAmount currencyID="{currency}">450.00</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount currencyID="{currency}">564.75</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="{currency}">564.75</cbc:PayableAmount>
</cac:LegalMonetaryTotal></Invoice>"""
FINVOICE = """<?xml version="1.0" encoding="ISO-8859-15"?>
<Finvoice Version="{version}"><InvoiceDetails>
<InvoiceTypeCode>INV01</InvoiceTypeCode><InvoiceNumber>{number}</InvoiceNumber>
<InvoiceDate Format="CCYYMMDD">20260202</InvoiceDate>
<InvoiceTotalVatIncludedAmount AmountCurrencyIdentifier="EUR">564,75\
</InvoiceTotalVatIncludedAmount></InvoiceDetails>
<EpiDetails><EpiPaymentInstructionDetails>
<EpiDateOptionDate Format="CCYYMMDD">20260216</EpiDateOptionDate>
</EpiPaymentInstructionDetails></EpiDetails></Finvoice>"""
TENANT = Debtor(
    name="Esimerkki Asiakas",
    is_company=False,
    street="Esimerkkikatu 2",
    street2="A 3",
    zip="00200",
    city="Helsinki",
    country="FI",
    registration_number="131052-308T",
)
numbers = itertools.count(100)


def peppol(number, due="2026-02-16", currency="EUR", customization=BIS3):
    values = {"ubl": UBL, "number": number, "due": due, "currency": currency}
    return PEPPOL.format(customization=customization, **values).encode()


def finvoice(number, version="3.0"):
    return FINVOICE.format(number=number, version=version).encode("iso-8859-15")


def with_file(octets, format_="peppol_bis3", **values):
    """`(Invoice, files)` over this e-invoice."""
    checksum = hashlib.sha1(octets).hexdigest()
    einvoice = EInvoice(format_, Attachment("invoice.xml", checksum))
    values = {"delivery": Delivery(), **values}
    return invoice(einvoice=einvoice, **values), {checksum: octets}


def client(url, company=COMPANY, user_key=USER_KEY, vendor_key=VENDOR_KEY, **values):
    credentials = {
        "maventa_company_uuid": company,
        "maventa_user_api_key": user_key,
        "maventa_vendor_api_key": vendor_key,
    }
    values = {"timeout": 2, **values}
    return Maventa(url, credentials, loopback_http=True, **values)


def say(maventa, document, files=None):
    """The answer to one document."""
    (answer,) = maventa.send([maventa.freeze(document)], files or {})
    return answer


def ref(case):
    return CaseRef(case)


def change(case, amount=20.0, **values):
    values = {"date": datetime.date(2026, 3, 1), **values}
    return CapitalChange(amount=amount, assignment=case, **values)


class MaventaTests(ChannelTests):
    """A sandbox, and what a test needs to have there."""

    def state(self, sandbox):
        return sandbox.state()["maventa"]

    def sent(self, maventa, **values):
        """The answer to a new invoice."""
        own = next(numbers)
        octets = peppol(f"INV/{own}", **values)
        document, files = with_file(octets, own_reference=own, number=f"INV/{own}")
        return say(maventa, document, files)

    def transferred(self, maventa, invoice_values=None, **values):
        """The answer to the transfer of a new invoice."""
        sent = self.sent(maventa, **(invoice_values or {}))
        values = {"debtor": invoice().debtor, **values}
        document = claim(invoice_id=sent.assignment, number=sent.number, **values)
        return say(maventa, document)

    def assignment(self, sandbox, case):
        """What the sandbox holds of a transfer's case."""
        (found,) = [
            each
            for each in self.state(sandbox)["assignments"]
            if each["invoice_id"] == case.removesuffix("/ropo")
        ]
        return found

    def company(self, sandbox, **values):
        """A company as it should be for one test."""
        sandbox.post("maventa/companies", company_id=COMPANY, **values)


def refuses(status, body):
    """An answer for `RawServer`, as JSON."""
    return says(status, json.dumps(body).encode(), Content_Type="application/json")


class Script(RawServer):
    """A Maventa by hand: `{path: answer}`, an answer being as of `says`; the token is
    always given."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []
        super().__init__(self._reply)

    def _reply(self, connection):
        method, path, _version = self.received[-1].split("\r\n")[0].split(" ")
        self.asked.append(f"{method} {path}")
        path = path.partition("?")[0]
        if path == "/oauth2/token":
            body = {"access_token": "token", "expires_in": 3600}
            refuses("200 OK", body)(connection)
            return
        answer = self.answers.get(path, refuses("200 OK", []))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        answer(connection)
