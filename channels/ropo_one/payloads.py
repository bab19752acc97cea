"""Documents in, Ropo One's datasets out."""

import base64
import datetime
from collections.abc import Mapping

from babel.core import get_global

from ..base import ERASED, Document, Frozen
from ..documents import (
    AccountTotal,
    Attachment,
    CapitalChange,
    Claim,
    Debtor,
    Delivery,
    Invoice,
    InvoiceRow,
    Place,
    Printing,
    TaxTotal,
)
from ..values import Payload, money, readable, without_blanks
from .codes import COMPANY, INVOICE, JOBTYPES, PERSON, PRINT_SERVICE, Call

LANGUAGES = {"fi": "fin", "sv": "swe", "nb": "nor", "nn": "nor", "no": "nor"}
LANGUAGES |= {"en": "eng", "et": "est"}
# CLDR lists the three-letter codes as aliases of the two-letter ones.
COUNTRIES = {
    two[0]: three
    for three, two in get_global("territory_aliases").items()
    if len(three) == 3 and three.isalpha() and len(two) == 1
}

DELIVERY_ADDRESS = 2  # `addresstype`
REVERSE_CHARGE = "AE"  # of UNCL5305
AS_MESSAGE = 3  # `refundmessagetype`: the payout bears a text, no reference
FINANCING = {"financing": 1, "purchase": 2}

DEBT_TYPES = {"capital": 3, "customer_fee": 6, "reminder_fee": 12}  # `rowtype`

BY_CHECKSUM = "sha1:"  # what stands for a file until it is sent
NAMELESS = "-"  # each row must have a description
TEXT_ROW = 25601  # `invoicerowtype` of a header row: a text without money


def case_of(document: Frozen) -> str:
    """The number of a job is Ropo's own."""
    return ""


def freeze(document: Document) -> Frozen:
    """An `Invoice`, a `Claim` or a `CapitalChange` as it will be sent."""
    if isinstance(document, CapitalChange):
        return Frozen(Call.PAYMENT, payment_payload(document), batchable=False)
    if isinstance(document, Claim):
        return Frozen(Call.JOBS, claim_payload(document))
    payload = invoice_payload(document)
    if document.handling == "local_print":
        return Frozen(Call.LOCAL_PRINT, _local_print_payload(payload), batchable=False)
    if document.handling == "deliver_only":
        payload = _delivery_payload(payload)
    has_files = bool(document.attachments or document.image)
    return Frozen(Call.JOBS, payload, batchable=not has_files)


def invoice_payload(invoice: Invoice) -> Payload:
    """The dataset of `POST /jobs` for an `Invoice` (guide: Invoice, Connect)."""
    sign = -1 if invoice.is_credit else 1
    payload = {
        "jobtype": INVOICE if invoice.ledger_at_ropo else PRINT_SERVICE,
        **_head(invoice),
        "checkbillnum": int(invoice.unique_number),
        "netamount": money(sign * invoice.net),
        "vatamount": money(sign * invoice.tax),
        "totalamount": money(sign * invoice.total),
        "payrow": [_row(row, sign) for row in invoice.rows],
        "taxrow": [_tax_row(tax, sign) for tax in invoice.taxes],
        "negvat": int(_is_reverse_charged(invoice)) or None,
        "yourcode": invoice.buyer_reference,
        "ourcode": invoice.our_reference,
        "model": invoice.buyer_cost_centre,
        "contract": [{"contract_no": invoice.contract_number}]
        if invoice.contract_number
        else [],
        "ordernumber": invoice.order_number,
        "salesmanname": invoice.sales_person,
        "freetext": invoice.note,
        "deliverydate": _date(invoice.delivery_date),
        "deliveryterm": invoice.delivery_terms,
        "addaddress": [_place(invoice.place)] if invoice.place else [],
        "propertyrow": _property_rows(invoice.delivery),
        **_fallback(invoice.delivery),
        **_printing(invoice.printing),
        **_terms(invoice),
        **_ledger(invoice, sign),
        **_credit(invoice),
        "attachment": [
            {
                "attachmentname": file.name,
                "attachmentfile": f"{BY_CHECKSUM}{file.checksum}",
            }
            for file in invoice.attachments
        ],
        "image": _image(invoice.image),
    }
    return without_blanks(payload)


def _image(file: Attachment | None) -> Payload | None:
    """What Ropo shows as the invoice, instead of drawing it.

    Assumption: `image` is for invoices, too, not only for letters, and takes a PDF.
    """
    if not file:
        return None
    return {"file": f"{BY_CHECKSUM}{file.checksum}", "fileType": "pdf"}


def with_files(payload: Payload, files: Mapping[str, bytes]) -> Payload:
    """The dataset as it is sent: with the contents of its files.

    :param files: `{checksum: bytes}`
    """
    sent = dict(payload)
    if "attachment" in payload:
        sent["attachment"] = [
            {**file, "attachmentfile": _content(file["attachmentfile"], files)}
            for file in payload["attachment"]
        ]
    if "image" in payload:
        image = payload["image"]
        sent["image"] = {**image, "file": _content(image["file"], files)}
    return sent


def _content(reference: str, files: Mapping[str, bytes]) -> str:
    content = files[reference.removeprefix(BY_CHECKSUM)]
    return base64.b64encode(content).decode()


def _local_print_payload(payload: Payload) -> Payload:
    """The same dataset for ourselves to deliver: nobody else is to."""
    electronic = ("evoice", "evoiceint", "secondarysendtype")
    kept = {key: value for key, value in payload.items() if key not in electronic}
    return {**kept, "sendtype": "print"}


def _delivery_payload(payload: Payload) -> Payload:
    """The same dataset only to be delivered: Ropo's ledger has it already."""
    return {**payload, "jobtype": PRINT_SERVICE, "checkbillnum": 0}


def claim_payload(claim: Claim) -> Payload:
    """The dataset for a reminder or a collection (guide: Reminder, Connect)."""
    return without_blanks(
        {
            "jobtype": JOBTYPES[claim.kind],
            **_head(claim),
            "amount": money(claim.amount),
            "noticedate": _date(claim.notice_date),
            "noticefee": money(claim.notice_fee) or None,
            "overdueinterest": claim.interest,
            "claimtext": claim.reason,
            "collectionprocess": claim.process,
            "propertyrow": _property_rows(claim.delivery),
            "payrow": _claim_rows(claim),
        }
    )


def without_personal_numbers(payload: Payload) -> Payload:
    """What was sent, with a mark for the number of a private person; a company's stays,
    since it is public."""
    if payload.get("customertype") != PERSON or "govid" not in payload:
        return payload
    return {**payload, "govid": ERASED}


def of_debtor(payload: Payload, name: str | None = None) -> Payload:
    """What was sent of the only debtor, with a mark for each place of somebody else."""
    if name is not None:
        return {}
    if "addaddress" not in payload:
        return payload
    places = [
        place if _owner(place) == _owner(payload) else ERASED
        for place in payload["addaddress"]
    ]
    return {**payload, "addaddress": places}


def _owner(address: Payload) -> str | None:
    return address.get("company") or address.get("person")


def _claim_rows(claim: Claim) -> list[Payload]:
    """What is owed, as the only row of a claim.

    Assumption: `rowtype`, which the contract knows on rows only, may come with a
    collection on one row over its amount. A reminder has no rows (guide: Reminder).
    """
    if not claim.debt_type:
        return []
    return [
        {
            "desc": claim.reason or claim.number,
            "count": 1,
            "amount": money(claim.amount),
            "taxpr": 0,
            "rowtype": DEBT_TYPES[claim.debt_type],
        }
    ]


def payment_payload(change: CapitalChange) -> Payload:
    """The body of `POST /jobs/payment` for a `CapitalChange`: one identifier only.

    Assumption: a negative amount raises the capital again; the vendor's own example
    of a description speaks of a raised capital, no page says it of the amount.
    """
    payload = {
        "paydate": _date(change.date),
        "amount": money(change.amount),
        "type": "directpayment" if change.is_payment else "",
        "creditnotebillnum": change.credit_note,
        "identifier": change.identifier,
        "description": change.description,
    }
    if change.assignment:
        payload["jobid"] = int(change.assignment)
    else:
        payload["billnum"] = change.number
    return without_blanks(payload)


def _head(document: Invoice | Claim) -> Payload:
    """What an invoice and a claim have in common."""
    debtor = document.debtor
    name = "company" if debtor.is_company else "person"
    return {
        "ownref": str(document.own_reference),
        "billnum": document.number,
        "billcode": document.payment_reference,
        "billdate": _date(document.date),
        "paydate": _date(document.due_date),
        "currency": document.currency,
        "customertype": COMPANY if debtor.is_company else PERSON,
        name: debtor.name,
        "address": debtor.street,
        **_name_lines(debtor),
        "postcode": debtor.zip,
        "city": debtor.city,
        "addresscountry": COUNTRIES.get(debtor.country, ""),
        "countryname": debtor.country_name,
        "country": COUNTRIES.get(debtor.registered_in, ""),
        "language": LANGUAGES.get(debtor.language[:2], ""),
        "custnum": debtor.reference,
        "govid": debtor.registration_number,
        "vatid": debtor.vat,
        "email": debtor.email,
        "email2": debtor.second_email,
        "phone": debtor.phone,
        "contactperson": debtor.contact_name,
        "contactpersontitle": debtor.contact_title,
        "sendtype": document.delivery.method,
        "evoice": document.delivery.address,
        "evoiceint": document.delivery.operator,
    }


def _name_lines(debtor: Debtor) -> dict[str, str]:
    """The lines between name and street: the person addressed, then the rest."""
    lines = [line for line in (debtor.contact_name, debtor.street2) if line]
    names = ("addressaddline2", "addressaddline3")
    return dict(zip(names, lines, strict=False))


def _is_reverse_charged(invoice: Invoice) -> bool:
    return any(tax.category == REVERSE_CHARGE for tax in invoice.taxes)


def _place(place: Place) -> Payload:
    name = "company" if place.is_company else "person"
    return without_blanks(
        {
            "addresstype": DELIVERY_ADDRESS,
            "customertype": 1 if place.is_company else 2,
            name: place.name,
            "address": place.street,
            "addressaddline2": place.street2,
            "postcode": place.zip,
            "city": place.city,
            "addresscountry": COUNTRIES.get(place.country, ""),
            "countryname": place.country_name,
            "contactperson": place.contact_name,
            "email": place.email,
            "phone": place.phone,
        }
    )


def _fallback(delivery: Delivery) -> Payload:
    if delivery.fallback in ("", delivery.method):
        return {}
    return {"secondarysendtype": [{"sendtype": delivery.fallback}]}


def _printing(printing: Printing) -> Payload:
    """How the letter looks: what is not given is as agreed with Ropo."""
    by_id = printing.layout.isdecimal()
    return {
        "color": _flag(printing.colour),
        "doublesided": _flag(printing.double_sided),
        "postclass": printing.post_class,
        "billtemplateid": int(printing.layout) if by_id else None,
        "billtemplate": "" if by_id else printing.layout,
    }


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _terms(invoice: Invoice) -> Payload:
    """When and how it is to be paid (guides: Payment plans, Cash discount).

    Assumptions: with a payment plan `paydate` is the day of the last instalment;
    `advancepayment` is only taken off what is to be paid, not off the totals.
    """
    early = invoice.early_discount
    plan = invoice.instalments if invoice.debtor.is_company else ()
    discount = early and {
        "discountamount": money(early.amount),
        "discountbaseamount": money(early.base),
        "discountdate": _date(early.date),
        "discountpercent": early.percent,
        "discountfreetext": early.text,
    }
    return {
        "overdueinterest": invoice.interest,
        "advancepayment": money(invoice.paid) or None,
        "cashdiscountrow": [without_blanks(discount)] if discount else [],
        # Not for consumers.
        "payplan": {
            "instalment": [
                {"date": _date(part.date), "amount": money(part.amount)}
                for part in plan
            ]
        }
        if plan
        else None,
        "finance": FINANCING.get(invoice.financing),
    }


def _ledger(invoice: Invoice, sign: int) -> Payload:
    """What Ropo's ledger and the creditor's books need to know.

    Assumption: `currency` is that of all amounts; `foreignamount` only repeats the
    total where it is not the creditor's own.
    """
    total = money(sign * invoice.total)
    return {
        "foreignamount": total if invoice.is_foreign else None,
        "foreigncurrency": invoice.currency if invoice.is_foreign else "",
        "servicecode": invoice.cost_centre,
        "sensible": None if invoice.may_remind else 1,
        "collectionprocess": invoice.process,
        "accountdate": _date(invoice.booking_date),
        "period": _date(invoice.period),
        "vatperiod": _date(invoice.period),
        "voucherbatch": invoice.journal,
        "vouchernum": invoice.number if invoice.journal else "",
        "accountrow": [_account_row(row, sign) for row in invoice.accounts],
    }


def _account_row(row: AccountTotal, sign: int) -> Payload:
    return without_blanks(
        {
            "accountid": row.account,
            "desc": row.name,
            "netamount": money(sign * row.net),
            "vatamount": money(sign * row.tax),
            "taxpr": row.tax_percent,
            "servicecode": row.cost_centre,
        }
    )


def _credit(invoice: Invoice) -> Payload:
    """What a credit note credits, and where it is paid out to."""
    origin = invoice.origin
    credit: Payload = {
        "originalinvoicereferences": [
            {
                "invoicenumber": origin.number,
                "invoicedate": _date(origin.date),
                "netamount": money(origin.net),
                "totalamount": money(origin.total),
            }
        ]
        if origin
        else []
    }
    # One of the two, never both (guide: Credit note allocation).
    if invoice.credits_assignment:
        credit["refundtojobid"] = int(invoice.credits_assignment)
    elif invoice.credits_number:
        credit["refundtobillnum"] = invoice.credits_number
    if invoice.refund_account:
        credit |= {
            "refundiban": invoice.refund_account,
            "refundmessage": invoice.number,
            "refundmessagetype": AS_MESSAGE,
        }
    return credit


def _property_rows(delivery: Delivery) -> list[Payload]:
    """What an e-invoice to a consumer's bank needs (guide: Reminder).

    Assumption: for an invoice it is the same as for a reminder.
    """
    if not delivery.subject:
        return []
    return [{"propname": "job_finvoice_paymentid", "propvalue": delivery.subject}]


def _row(row: InvoiceRow, sign: int) -> Payload:
    """One row. Assumption: `vatcode` is the category of UNCL5305, as in Finvoice."""
    if row.is_text:
        return without_blanks({"desc": row.name, "invoicerowtype": TEXT_ROW})
    return without_blanks(
        {
            "desc": readable(row.name) or NAMELESS,
            "count": sign * row.quantity,
            "itemtype": row.unit,
            "amount": row.price,
            "discount": row.discount or None,
            "taxpr": row.tax_percent,
            "netamount": money(sign * row.net),
            "productid": row.product_code,
            "eancode": row.barcode,
            "freetext": row.description,
            "startdate": _date(row.start),
            "enddate": _date(row.end),
            "vatcode": row.tax_category,
            "vatfreetext": row.exemption,
            "servicecode": row.cost_centre,
        }
    )


def _tax_row(tax: TaxTotal, sign: int) -> Payload:
    return without_blanks(
        {
            "taxpr": tax.percent,
            "netamount": money(sign * tax.net),
            "vatamount": money(sign * tax.tax),
            "totalamount": money(sign * (tax.net + tax.tax)),
            "vatcode": tax.category,
            "vatfreetext": tax.exemption,
            "vatexemptionreasoncode": tax.exemption_code,
        }
    )


def _date(date: datetime.date | None) -> str | None:
    return date.isoformat() if date else None
