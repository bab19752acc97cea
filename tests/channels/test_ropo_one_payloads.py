"""All that an invoice, a claim and a payment can carry, as Ropo One is sent it."""

import datetime
from dataclasses import replace

import pytest

from ...channels.documents import (
    AccountTotal,
    Attachment,
    Debtor,
    Delivery,
    EarlyDiscount,
    Instalment,
    InvoiceRow,
    Origin,
    Place,
    Printing,
    TaxTotal,
)
from ...channels.ropo_one import payloads as build
from ...channels.ropo_one.codes import Call
from .common import COMPANY, change, claim, credit_note, invoice

DAY = datetime.date
FULL = Debtor(
    name="Example Oy",
    is_company=True,
    street="Esimerkkikatu 1",
    street2="PL 5",
    zip="00100",
    city="Helsinki",
    country="FI",
    country_name="Suomi",
    registered_in="EE",
    language="sv_FI",
    reference="4711",
    registration_number="0000001-9",
    vat="FI00000019",
    email="ap@example.com",
    second_email="cc@example.com",
    phone="+358 9 1234567",
    contact_name="Esimerkki Henkilö",
    contact_title="CFO",
)
HEAD = {
    "ownref": "17",
    "billnum": "INV/2026/00001",
    "billcode": "1232",
    "billdate": "2026-02-02",
    "paydate": "2026-02-16",
    "currency": "EUR",
    "customertype": 1,
    "company": "Example Oy",
    "address": "Esimerkkikatu 1",
    "addressaddline2": "Esimerkki Henkilö",
    "addressaddline3": "PL 5",
    "postcode": "00100",
    "city": "Helsinki",
    "addresscountry": "FIN",
    "countryname": "Suomi",
    "country": "EST",
    "language": "swe",
    "custnum": "4711",
    "govid": "0000001-9",
    "vatid": "FI00000019",
    "email": "ap@example.com",
    "email2": "cc@example.com",
    "phone": "+358 9 1234567",
    "contactperson": "Esimerkki Henkilö",
    "contactpersontitle": "CFO",
    "sendtype": "evoice",
    "evoice": "003700000019",
    "evoiceint": "003700000000",
}


def full_invoice(**values):
    return invoice(
        debtor=FULL,
        ledger_at_ropo=True,
        delivery=Delivery(
            "evoice", "003700000019", "003700000000", "SUBJECT-1", "print"
        ),
        rows=(
            InvoiceRow(name="A note"),
            InvoiceRow(
                name="\x0c",
                quantity=10,
                price=50.0,
                discount=10,
                net=450.0,
                unit="h",
                product_code="W1",
                barcode="6400000000007",
                description="In January",
                start=DAY(2026, 1, 1),
                end=DAY(2026, 1, 31),
                tax_category="AE",
                exemption="Reverse charge",
                cost_centre="CC1",
            ),
        ),
        taxes=(TaxTotal(0.0, 450.0, 0.0, "AE", "Reverse charge", "VATEX-EU-AE"),),
        tax=0.0,
        total=450.0,
        our_reference="OUR 1",
        buyer_cost_centre="BCC",
        contract_number="C-1",
        order_number=12,
        sales_person="A Seller",
        delivery_date=DAY(2026, 1, 31),
        delivery_terms="DAP",
        place=Place(
            name="Works",
            is_company=True,
            street="Tie 2",
            street2="Gate 3",
            zip="00200",
            city="Espoo",
            country="FI",
            country_name="Suomi",
            contact_name="A Keeper",
            email="gate@example.com",
            phone="+358 9 7654321",
        ),
        printing=Printing(True, False, 2, "31"),
        interest=8.5,
        paid=50.0,
        early_discount=EarlyDiscount(DAY(2026, 2, 9), 9.0, 450.0, 2.0, "2 %"),
        instalments=(
            Instalment(DAY(2026, 2, 9), 150.0),
            Instalment(DAY(2026, 2, 16), 300.0),
        ),
        financing="purchase",
        is_foreign=True,
        cost_centre="CC",
        may_remind=False,
        process="soft",
        booking_date=DAY(2026, 2, 3),
        period=DAY(2026, 2, 1),
        journal="INV",
        accounts=(AccountTotal(3000, 450.0, 114.75, 25.5, "Sales", "CC1"),),
        attachments=(Attachment("a.pdf", "abc"),),
        image=Attachment("invoice.pdf", "def"),
        **values,
    )


def test_invoice_carries_all_that_there_is():
    assert build.invoice_payload(full_invoice()) == {
        **HEAD,
        "jobtype": 0,
        "checkbillnum": 1,
        "netamount": 450.0,
        "vatamount": 0.0,
        "totalamount": 450.0,
        "payrow": [
            {"desc": "A note", "invoicerowtype": 25601},
            {
                "desc": "-",
                "count": 10,
                "itemtype": "h",
                "amount": 50.0,
                "discount": 10,
                "taxpr": 0.0,
                "netamount": 450.0,
                "productid": "W1",
                "eancode": "6400000000007",
                "freetext": "In January",
                "startdate": "2026-01-01",
                "enddate": "2026-01-31",
                "vatcode": "AE",
                "vatfreetext": "Reverse charge",
                "servicecode": "CC1",
            },
        ],
        "taxrow": [
            {
                "taxpr": 0.0,
                "netamount": 450.0,
                "vatamount": 0.0,
                "totalamount": 450.0,
                "vatcode": "AE",
                "vatfreetext": "Reverse charge",
                "vatexemptionreasoncode": "VATEX-EU-AE",
            }
        ],
        "negvat": 1,
        "yourcode": "PO 5",
        "ourcode": "OUR 1",
        "model": "BCC",
        "contract": [{"contract_no": "C-1"}],
        "ordernumber": 12,
        "salesmanname": "A Seller",
        "freetext": "Thank you",
        "deliverydate": "2026-01-31",
        "deliveryterm": "DAP",
        "addaddress": [
            {
                "addresstype": 2,
                "customertype": 1,
                "company": "Works",
                "address": "Tie 2",
                "addressaddline2": "Gate 3",
                "postcode": "00200",
                "city": "Espoo",
                "addresscountry": "FIN",
                "countryname": "Suomi",
                "contactperson": "A Keeper",
                "email": "gate@example.com",
                "phone": "+358 9 7654321",
            }
        ],
        "propertyrow": [
            {"propname": "job_finvoice_paymentid", "propvalue": "SUBJECT-1"}
        ],
        "secondarysendtype": [{"sendtype": "print"}],
        "color": 1,
        "doublesided": 0,
        "postclass": 2,
        "billtemplateid": 31,
        "overdueinterest": 8.5,
        "advancepayment": 50.0,
        "cashdiscountrow": [
            {
                "discountamount": 9.0,
                "discountbaseamount": 450.0,
                "discountdate": "2026-02-09",
                "discountpercent": 2.0,
                "discountfreetext": "2 %",
            }
        ],
        "payplan": {
            "instalment": [
                {"date": "2026-02-09", "amount": 150.0},
                {"date": "2026-02-16", "amount": 300.0},
            ]
        },
        "finance": 2,
        "foreignamount": 450.0,
        "foreigncurrency": "EUR",
        "servicecode": "CC",
        "sensible": 1,
        "collectionprocess": "soft",
        "accountdate": "2026-02-03",
        "period": "2026-02-01",
        "vatperiod": "2026-02-01",
        "voucherbatch": "INV",
        "vouchernum": "INV/2026/00001",
        "accountrow": [
            {
                "accountid": 3000,
                "desc": "Sales",
                "netamount": 450.0,
                "vatamount": 114.75,
                "taxpr": 25.5,
                "servicecode": "CC1",
            }
        ],
        "attachment": [{"attachmentname": "a.pdf", "attachmentfile": "sha1:abc"}],
        "image": {"file": "sha1:def", "fileType": "pdf"},
    }


def test_what_there_is_not_is_left_out():
    debtor = replace(COMPANY, language="de_DE", country="", registered_in="")
    payload = build.invoice_payload(invoice(debtor=debtor, printing=Printing()))
    absent = {"language", "addresscountry", "country", "color", "doublesided"}
    absent |= {"billtemplate", "billtemplateid", "image", "attachment", "payplan"}
    absent |= {"cashdiscountrow", "originalinvoicereferences", "foreignamount"}
    absent |= {"foreigncurrency", "vouchernum", "contract", "sensible", "negvat"}
    assert not absent & set(payload)


def test_layout_is_given_by_its_name_or_its_id():
    payload = build.invoice_payload(invoice(printing=Printing(layout="Own")))
    assert (payload["billtemplate"], "billtemplateid" in payload) == ("Own", False)


def test_goods_may_have_gone_to_a_person_whose_country_is_not_known():
    place = Place(name="A Person", is_company=False, street="Tie 2")
    assert build.invoice_payload(invoice(place=place))["addaddress"] == [
        {
            "addresstype": 2,
            "customertype": 2,
            "person": "A Person",
            "address": "Tie 2",
        }
    ]


def test_consumer_has_no_payment_plan():
    consumer = replace(FULL, is_company=False)
    plan = (Instalment(DAY(2026, 2, 16), 450.0),)
    payload = build.invoice_payload(invoice(debtor=consumer, instalments=plan))
    assert "payplan" not in payload
    assert (payload["person"], payload["customertype"]) == ("Example Oy", 2)


def test_credit_note_is_negative_and_names_what_it_credits():
    origin = Origin("INV/2026/00001", DAY(2026, 2, 2), 450.0, 564.75)
    payload = build.invoice_payload(
        credit_note(
            origin=origin,
            accounts=(AccountTotal(3000, 450.0, 114.75),),
            is_foreign=True,
            credits_assignment="28000001",
            credits_number="INV/2026/00001",
            refund_account="FI2112345600000785",
        )
    )
    assert payload["originalinvoicereferences"] == [
        {
            "invoicenumber": "INV/2026/00001",
            "invoicedate": "2026-02-02",
            "netamount": 450.0,
            "totalamount": 564.75,
        }
    ]
    assert payload["accountrow"] == [
        {"accountid": 3000, "netamount": -450.0, "vatamount": -114.75, "taxpr": 0.0}
    ]
    assert payload["foreignamount"] == payload["totalamount"] == -564.75
    assert payload["taxrow"][0]["totalamount"] == -564.75
    assert payload["payrow"][1]["count"] == -10
    assert payload["refundtojobid"] == 28000001
    assert "refundtobillnum" not in payload
    assert payload["refundiban"] == "FI2112345600000785"
    assert payload["refundmessage"] == "RINV/2026/00001"
    assert payload["refundmessagetype"] == 3


@pytest.mark.parametrize(
    ("values", "batchable"),
    [
        ({}, True),
        ({"attachments": (Attachment("a.pdf", "abc"),)}, False),
        ({"image": Attachment("a.pdf", "abc")}, False),
    ],
)
def test_invoice_with_files_travels_alone(values, batchable):
    frozen = build.freeze(invoice(**values))
    assert (frozen.call, frozen.batchable) == (Call.JOBS, batchable)


def test_files_are_put_in_when_it_is_sent():
    payload = build.invoice_payload(full_invoice())
    sent = build.with_files(payload, {"abc": b"A", "def": b"D"})
    assert sent["attachment"] == [{"attachmentname": "a.pdf", "attachmentfile": "QQ=="}]
    assert sent["image"] == {"file": "RA==", "fileType": "pdf"}
    assert payload["image"]["file"] == "sha1:def", "what is frozen stays as it is"
    plain = build.invoice_payload(invoice())
    assert build.with_files(plain, {}) == plain


def test_only_delivered_is_a_print_service_that_checks_no_number():
    frozen = build.freeze(full_invoice(handling="deliver_only"))
    whole = build.invoice_payload(full_invoice())
    assert frozen.body == {**whole, "jobtype": 300, "checkbillnum": 0}


def test_local_print_is_delivered_by_nobody_else():
    frozen = build.freeze(full_invoice(handling="local_print"))
    assert (frozen.call, frozen.batchable) == (Call.LOCAL_PRINT, False)
    electronic = {"evoice", "evoiceint", "secondarysendtype"}
    assert not electronic & set(frozen.body)
    assert frozen.body["sendtype"] == "print"


def test_claim_carries_all_that_there_is():
    payload = build.claim_payload(
        claim(
            kind="collection",
            debtor=FULL,
            delivery=Delivery("evoice", "003700000019", "003700000000", "SUBJECT-1"),
            notice_date=DAY(2026, 3, 1),
            reason="Rent",
            process="hard",
            debt_type="reminder_fee",
            notice_fee=5.0,
            interest=8.5,
        )
    )
    row = {"desc": "Rent", "count": 1, "amount": 55.32, "taxpr": 0, "rowtype": 12}
    assert payload == {
        **HEAD,
        "ownref": "18",
        "billnum": "INV/2026/00002",
        "billcode": "4349",
        "jobtype": 2,
        "amount": 55.32,
        "noticedate": "2026-03-01",
        "noticefee": 5.0,
        "overdueinterest": 8.5,
        "claimtext": "Rent",
        "collectionprocess": "hard",
        "propertyrow": [
            {"propname": "job_finvoice_paymentid", "propvalue": "SUBJECT-1"}
        ],
        "payrow": [row],
    }
    nameless = build.claim_payload(claim(debt_type="capital"))
    assert nameless["payrow"][0]["desc"] == "INV/2026/00002"


def test_payment_names_one_case_alone():
    document = change(number="INV/2026/00001", identifier="R-1", description="x")
    frozen = build.freeze(document)
    assert (frozen.call, frozen.batchable) == (Call.PAYMENT, False)
    assert frozen.body == {
        "paydate": "2026-03-01",
        "amount": 20.0,
        "type": "directpayment",
        "identifier": "R-1",
        "description": "x",
        "jobid": 28000001,
    }
    credit = replace(document, assignment="", is_payment=False, credit_note="RINV/1")
    assert build.payment_payload(credit) == {
        "paydate": "2026-03-01",
        "amount": 20.0,
        "creditnotebillnum": "RINV/1",
        "identifier": "R-1",
        "description": "x",
        "billnum": "INV/2026/00001",
    }
