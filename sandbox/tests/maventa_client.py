"""Maventa's APIs spoken to as any client would, with documents to send."""

import datetime
import itertools

import requests

COMPANY = "5f0c1f9e-0001-4a00-8000-000000000001"
SWEDEN = "5f0c1f9e-0002-4a00-8000-000000000002"
WITHOUT_ROPO = "5f0c1f9e-0003-4a00-8000-000000000003"
OTHER = "5f0c1f9e-0009-4a00-8000-000000000009"
UNKNOWN = "5f0c1f9e-ffff-4a00-8000-000000000000"
SCOPES = "company:read company:write invoice:send receivables:assignments"

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
BIS3 = """<?xml version="1.0" encoding="UTF-8"?>
<{root} xmlns="{ubl}:{root}-2" xmlns:cac="{ubl}:CommonAggregateComponents-2"
 xmlns:cbc="{ubl}:CommonBasicComponents-2">
<cbc:CustomizationID>{customization}</cbc:CustomizationID>
<cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>
<cbc:ID>{number}</cbc:ID><cbc:IssueDate>{date}</cbc:IssueDate>
<cbc:DueDate>{date_due}</cbc:DueDate>
<cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>
<cac:AccountingSupplierParty><cac:Party>
<cbc:EndpointID schemeID="0216">003712345671</cbc:EndpointID>
<cac:PostalAddress><cac:Country><cbc:IdentificationCode>FI</cbc:IdentificationCode>
</cac:Country></cac:PostalAddress>
<cac:PartyLegalEntity><cbc:RegistrationName>Seller Oy</cbc:RegistrationName>
<cbc:CompanyID>1234567-1</cbc:CompanyID></cac:PartyLegalEntity>
</cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party>
<cbc:EndpointID schemeID="0216">003776543218</cbc:EndpointID>
<cac:PartyLegalEntity><cbc:RegistrationName>Käyttäjä &amp; Co</cbc:RegistrationName>
</cac:PartyLegalEntity></cac:Party></cac:AccountingCustomerParty>
<cac:PaymentMeans><cbc:PaymentID>1232</cbc:PaymentID></cac:PaymentMeans>
<cac:LegalMonetaryTotal>
<cbc:TaxExclusiveAmount currencyID="{currency}">100.00</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount currencyID="{currency}">{sum_tax}</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="{currency}">{sum_tax}</cbc:PayableAmount>
</cac:LegalMonetaryTotal>
</{root}>"""
FINVOICE = """<?xml version="1.0" encoding="ISO-8859-15"?>
<Finvoice Version="{version}">
<SellerPartyDetails><SellerPartyIdentifier>1234567-1</SellerPartyIdentifier>
<SellerOrganisationName>Seller Oy</SellerOrganisationName></SellerPartyDetails>
<BuyerPartyDetails><BuyerOrganisationName>Käyttäjä €</BuyerOrganisationName>
<BuyerPostalAddressDetails><CountryCode>FI</CountryCode></BuyerPostalAddressDetails>
</BuyerPartyDetails>
<InvoiceDetails><InvoiceTypeCode>{code}</InvoiceTypeCode>
<InvoiceNumber>{number}</InvoiceNumber>
<InvoiceDate Format="CCYYMMDD">20260102</InvoiceDate>
<InvoiceTotalVatExcludedAmount AmountCurrencyIdentifier="EUR">100,00\
</InvoiceTotalVatExcludedAmount>
<InvoiceTotalVatIncludedAmount AmountCurrencyIdentifier="EUR">125,50\
</InvoiceTotalVatIncludedAmount></InvoiceDetails>
<EpiDetails><EpiPaymentInstructionDetails>
<EpiRemittanceInfoIdentifier>1232</EpiRemittanceInfoIdentifier>
<EpiDateOptionDate Format="CCYYMMDD">20260116</EpiDateOptionDate>
</EpiPaymentInstructionDetails></EpiDetails></Finvoice>"""

numbers = itertools.count(1)


def bis3(**changes):
    values = {
        "root": "Invoice",
        "ubl": UBL,
        "customization": "urn:cen.eu:en16931:2017#compliant#"
        "urn:fdc:peppol.eu:2017:poacc:billing:3.0",
        "number": f"INV/{next(numbers):05}",
        "date": "2026-01-02",
        "date_due": "2026-01-16",
        "currency": "EUR",
        "sum_tax": "125.50",
    }
    return BIS3.format(**{**values, **changes}).encode()


def finvoice(**changes):
    values = {"version": "3.0", "code": "INV01", "number": "F1"}
    return FINVOICE.format(**{**values, **changes}).encode("iso-8859-15")


def payer(**changes):
    row = {
        "name": "Debtor Oy",
        "customer_type": "company",
        "business_id": "7654321-8",
        "street": "Example street 1",
        "postcode": "00100",
        "city": "Helsinki",
        "country": "FI",
    }
    return {name: v for name, v in {**row, **changes}.items() if v is not None}


def transfer(**changes):
    body = {
        "collection_type": "reminder_and_collection",
        "receivables_type": "b2b",
        "payers": [payer()],
        "assignment_summary": "Work in January",
    }
    return {name: v for name, v in {**body, **changes}.items() if v is not None}


class MaventaClient:
    """Calls as one company; the control API beside it."""

    def __init__(self, url, company=COMPANY, scope=SCOPES):
        self.url = url
        self.company = company
        self.scope = scope
        self.http = requests.Session()
        self.http.trust_env = False

    def as_company(self, company, scope=SCOPES):
        return MaventaClient(self.url, company, scope)

    # --- Maventa's APIs -----------------------------------------------------------

    def ask_token(self, **changes):
        form = {
            "grant_type": "client_credentials",
            "client_id": self.company,
            "client_secret": "sandbox-user-api-key",
            "vendor_api_key": "sandbox-vendor-api-key",
            "scope": self.scope,
            **changes,
        }
        form = {name: value for name, value in form.items() if value is not None}
        return self.http.post(f"{self.url}/oauth2/token", data=form, timeout=10)

    def call(self, method, path, **options):
        if "Authorization" not in self.http.headers:
            token = self.ask_token().json()["access_token"]
            self.http.headers["Authorization"] = f"Bearer {token}"
        options.setdefault("timeout", 20)
        return self.http.request(method, f"{self.url}{path}", **options)

    def get(self, path, **query):
        answer = self.call("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, answer, status, code):
        """The error of an answer, which has Maventa's shape."""
        body = answer.json()
        assert (answer.status_code, body["code"]) == (status, code), answer.text
        assert set(body) == {"code", "message", "details"}
        assert body["message"] and isinstance(body["details"], list)
        return " ".join([body["message"], *body["details"]])

    def upload(self, octets, **fields):
        fields = {"format": "PEPPOLBIS30", **fields}
        fields = {name: value for name, value in fields.items() if value is not None}
        files = {"file": ("invoice.xml", octets, "application/xml")}
        return self.call("POST", "/v1/invoices", files=files, data=fields)

    def sent(self, **changes):
        """The id of an invoice that is at Maventa now."""
        answer = self.upload(bis3(**changes))
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def transfer(self, invoice, **changes):
        path = f"/v2/invoices/{invoice}/assignment/ropo"
        return self.call("POST", path, json=transfer(**changes))

    def transferred(self, **changes):
        """The id of an assignment that Ropo has taken."""
        invoice = self.sent()
        assert self.transfer(invoice, **changes).status_code == 201
        return self.get(f"/v2/invoices/{invoice}/assignment")["assignment_id"]

    def post_event(self, assignment, **body):
        path = f"/v1/assignments/{assignment}/events"
        return self.call("POST", path, json=body)

    def paid(self, assignment, amount, booked_at="2026-03-01"):
        body = {"event_type": "paid", "sum_paid": amount, "booked_at": booked_at}
        return self.post_event(assignment, **body)

    def assignment(self, identifier):
        return self.get(f"/v1/assignments/{identifier}")

    # --- the control API ----------------------------------------------------------

    def control(self, path, expected=(200, 201, 204), method="POST", **body):
        answer = requests.request(
            method, f"{self.url}/_sandbox/{path}", json=body, timeout=20
        )
        assert answer.status_code in expected, answer.text
        return answer

    def state(self):
        query = {"only": "maventa"}
        answer = requests.get(f"{self.url}/_sandbox/state", params=query, timeout=20)
        return answer.json()["maventa"]

    def new_company(self, company_id=OTHER, **values):
        self.control("maventa/companies", company_id=company_id, **values)
        return self.as_company(company_id)

    def faults(self, *faults):
        self.control("faults", faults=list(faults))

    def today(self, days=0):
        day = datetime.datetime.now(datetime.timezone.utc).date()
        return (day + datetime.timedelta(days=days)).isoformat()
