"""Ropo One's REST API: its words, its shapes, its calls.

Facts are from the vendor's guides and the published contract; an assumption, where no
page says it, is marked so and stands in one function or table.
"""

import base64
import dataclasses
import datetime
import hashlib
import logging
import re
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from babel.core import get_global

from . import documents
from .errors import (
    ChannelError,
    CredentialsRefused,
    NotSent,
    Outcome,
    Reason,
    Rejected,
    Throttled,
    Unknown,
)
from .inbound import LONGEST_ID, is_id
from .transport import Transport

_logger = logging.getLogger(__name__)

HOSTS = {
    ("test", "fi"): "https://rc.ropo24.fi",
    ("test", "se"): "https://rc.ropo24.se",
    ("test", "no"): "https://rc.ropo24.no",
    ("production", "fi"): "https://ropo24.fi",
    ("production", "se"): "https://ropo24.se",
    ("production", "no"): "https://ropo24.no",
}

INVOICE, REMINDER, COLLECTION, PRINT_SERVICE = 0, 1, 2, 300
COMPANY, PERSON = 1, 2  # `customertype`
JOBTYPES = {"reminder": REMINDER, "collection": COLLECTION}

# With which the API itself refuses what it has read: the contract has 400; the others
# mean the same in HTTP. Any other status can be that of a gateway in front of it.
REFUSALS = (400, 409, 422)
# Assumption: wrong credentials get 400 (documented) or 401, with an `errorText`.
CREDENTIAL_REFUSALS = (400, 401)
PROBLEM = {"status", "type", "title", "detail"}  # the keys of one of the error shapes
LONGEST_DETAIL = 200  # characters of a foreign text that are kept

POSTED = 6  # the one `statusid` of a payment that means: done
PDF_LIMIT = 20 * 1024 * 1024  # bytes
TOKEN_SECONDS = 7200
STATUS_PAGE = 1000  # rows that a page of status updates has at most
LARGEST_NUMBER = 1e12  # of an amount; what is larger is a fault
STATUS_TIMEOUT = 240  # seconds; others report that this call needs them

# No page lists the codes of `currentstatus` and `statuscode`. 0, 1, 2 and 300 are in
# the vendor's examples, the contract says that `putonhold` sets 100, and 101 means that
# the capital is paid. Any other code is kept and shown, and the stage stays.
STAGES = {
    "0": "invoiced",
    "1": "reminder",
    "2": "collection",
    "3": "legal",
    "4": "payment_plan",
    "100": "on_hold",
    "101": "paid",
    "102": "credited",
    "103": "closed",
    "300": "invoiced",
}
ASSUMED_CODES = ("3", "4", "102", "103")  # of STAGES

# Of the words by which a customer's invoices are listed, those of what is chased, and
# those of what is not.
CHASED = ("reminder", "collection")
UNCHASED = ("invoicing", "due")

LANGUAGES = {"fi": "fin", "sv": "swe", "nb": "nor", "nn": "nor", "no": "nor"}
LANGUAGES |= {"en": "eng", "et": "est"}
# CLDR lists the three-letter codes as aliases of the two-letter ones.
COUNTRIES = {
    two[0]: three
    for three, two in get_global("territory_aliases").items()
    if len(three) == 3 and three.isalpha() and len(two) == 1
}

NORDIC_FORMS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y%m%d")
YEARS = range(1970, 2200)  # what is dated otherwise bears no date

DELIVERY_ADDRESS = 2  # `addresstype`
REVERSE_CHARGE = "AE"  # of UNCL5305
AS_MESSAGE = 3  # `refundmessagetype`: the payout bears a text, no reference
FINANCING = {"financing": 1, "purchase": 2}

# Of a local print, what its headers tell.
ANSWER_HEADERS = ("jobid", "billnum", "billcode", "reference", "ownref", "jobtype")

DEBT_TYPES = {"capital": 3, "customer_fee": 6, "reminder_fee": 12}  # `rowtype`

ALREADY_THERE = re.compile(
    r"\balready\b|\bduplicate|checkbillnum|\bon jo\b|\bjo käytössä|\bredan\b"
    r"|\ballerede\b",
    re.IGNORECASE,
)
NAMELESS = "-"  # each row must have a description
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
TEXT_ROW = 25601  # `invoicerowtype` of a header row: a text without money


@dataclass(slots=True)
class Token:
    """A JWT and the moment it ends (seconds since the epoch)."""

    value: str = ""
    expires: float = 0.0

    def good_for(self, seconds):
        return bool(self.value) and self.expires - time.time() > seconds


# --- payloads: documents in, Ropo's words out -------------------------------------


def invoice_payload(invoice):
    """The dataset of `POST /jobs` for an `Invoice` (guide: Invoice, Connect)."""
    sign = -1 if invoice.is_credit else 1
    payload = {
        "jobtype": INVOICE if invoice.ledger_at_ropo else PRINT_SERVICE,
        **_head(invoice),
        "checkbillnum": int(invoice.unique_number),
        "netamount": _money(sign * invoice.net),
        "vatamount": _money(sign * invoice.tax),
        "totalamount": _money(sign * invoice.total),
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
        **_credit(invoice, sign),
        "attachment": [
            {"attachmentname": file.name, "attachmentfile": f"sha1:{file.checksum}"}
            for file in invoice.attachments
        ],
        "image": _image(invoice.image),
    }
    return _without_blanks(payload)


def _image(file):
    """What Ropo shows as the invoice, instead of drawing it.

    Assumption: `image` is for invoices, too, not only for letters, and takes a PDF.
    """
    return file and {"file": f"sha1:{file.checksum}", "fileType": "pdf"}


def with_files(payload, contents, image=b""):
    """The dataset as it is said: with the contents of its attachments (bytes, in their
    order) and of its image, of which `payload` itself only has the checksums."""
    said = dict(payload)
    if contents:
        said["attachment"] = [
            {**file, "attachmentfile": base64.b64encode(content).decode()}
            for file, content in zip(payload["attachment"], contents, strict=True)
        ]
    if image:
        said["image"] = {**payload["image"], "file": base64.b64encode(image).decode()}
    return said


def local_print_payload(payload):
    """The same dataset for ourselves to deliver: nobody else is to."""
    electronic = ("evoice", "evoiceint", "secondarysendtype")
    kept = {key: value for key, value in payload.items() if key not in electronic}
    return {**kept, "sendtype": "print"}


def delivery_payload(payload):
    """The same dataset only to be delivered: Ropo's ledger has it already."""
    return {**payload, "jobtype": PRINT_SERVICE, "checkbillnum": 0}


def claim_payload(claim):
    """The dataset for a reminder or a collection (guide: Reminder, Connect)."""
    return _without_blanks(
        {
            "jobtype": JOBTYPES[claim.kind],
            **_head(claim),
            "amount": _money(claim.amount),
            "noticedate": _date(claim.notice_date),
            "noticefee": _money(claim.notice_fee) or None,
            "overdueinterest": claim.interest,
            "claimtext": claim.reason,
            "collectionprocess": claim.process,
            "propertyrow": _property_rows(claim.delivery),
            "payrow": _claim_rows(claim),
        }
    )


def _claim_rows(claim):
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
            "amount": _money(claim.amount),
            "taxpr": 0,
            "rowtype": DEBT_TYPES[claim.debt_type],
        }
    ]


def payment_payload(change):
    """The body of `POST /jobs/payment` for a `CapitalChange`: one identifier only.

    Assumption: a negative amount raises the capital again; the vendor's own example
    of a description speaks of a raised capital, no page says it of the amount.
    """
    payload = {
        "paydate": _date(change.date),
        "amount": _money(change.amount),
        "type": "directpayment" if change.is_payment else "",
        "creditnotebillnum": change.credit_note,
        "identifier": change.identifier,
        "description": change.description,
    }
    if change.assignment:
        payload["jobid"] = change.assignment
    else:
        payload["billnum"] = change.number
    return _without_blanks(payload)


def _head(document):
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


def _name_lines(debtor):
    """The lines between name and street: the person addressed, then the rest."""
    lines = [line for line in (debtor.contact_name, debtor.street2) if line]
    names = ("addressaddline2", "addressaddline3")
    return dict(zip(names, lines, strict=False))


def _is_reverse_charged(invoice):
    return any(tax.category == REVERSE_CHARGE for tax in invoice.taxes)


def _place(place):
    name = "company" if place.is_company else "person"
    return _without_blanks(
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


def _fallback(delivery):
    if delivery.fallback in ("", delivery.method):
        return {}
    return {"secondarysendtype": [{"sendtype": delivery.fallback}]}


def _printing(printing):
    """How the letter looks: what is not said is as agreed with Ropo."""
    by_id = printing.layout.isdecimal()
    return {
        "color": _flag(printing.colour),
        "doublesided": _flag(printing.double_sided),
        "postclass": printing.post_class,
        "billtemplateid": int(printing.layout) if by_id else None,
        "billtemplate": "" if by_id else printing.layout,
    }


def _flag(value):
    return None if value is None else int(value)


def _terms(invoice):
    """When and how it is to be paid (guides: Payment plans, Cash discount).

    Assumptions: with a payment plan `paydate` is the day of the last instalment;
    `advancepayment` is only taken off what is to be paid, not off the totals.
    """
    early = invoice.early_discount
    plan = invoice.instalments if invoice.debtor.is_company else ()
    discount = early and {
        "discountamount": _money(early.amount),
        "discountbaseamount": _money(early.base),
        "discountdate": _date(early.date),
        "discountpercent": early.percent,
        "discountfreetext": early.text,
    }
    return {
        "overdueinterest": invoice.interest,
        "advancepayment": _money(invoice.paid) or None,
        "cashdiscountrow": [_without_blanks(discount)] if discount else [],
        # Not for consumers.
        "payplan": {
            "instalment": [
                {"date": _date(part.date), "amount": _money(part.amount)}
                for part in plan
            ]
        }
        if plan
        else None,
        "finance": FINANCING.get(invoice.financing),
    }


def _ledger(invoice, sign):
    """What Ropo's ledger and the creditor's books need to know.

    Assumption: `currency` is that of all amounts; `foreignamount` only repeats the
    total where it is not the creditor's own.
    """
    total = _money(sign * invoice.total)
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


def _account_row(row, sign):
    return _without_blanks(
        {
            "accountid": row.account,
            "desc": row.name,
            "netamount": _money(sign * row.net),
            "vatamount": _money(sign * row.tax),
            "taxpr": row.tax_percent,
            "servicecode": row.cost_centre,
        }
    )


def _credit(invoice, sign):
    """What a credit note credits, and where it is paid out to."""
    origin = invoice.origin
    credit = {
        "originalinvoicereferences": [
            {
                "invoicenumber": origin.number,
                "invoicedate": _date(origin.date),
                "netamount": _money(origin.net),
                "totalamount": _money(origin.total),
            }
        ]
        if origin
        else []
    }
    # One of the two, never both (guide: Credit note allocation).
    if invoice.credits_assignment:
        credit["refundtojobid"] = invoice.credits_assignment
    elif invoice.credits_number:
        credit["refundtobillnum"] = invoice.credits_number
    if invoice.refund_account:
        credit |= {
            "refundiban": invoice.refund_account,
            "refundmessage": invoice.number,
            "refundmessagetype": AS_MESSAGE,
        }
    return credit


def _property_rows(delivery):
    """What an e-invoice to a consumer's bank needs (guide: Reminder).

    Assumption: for an invoice it is the same as for a reminder.
    """
    if not delivery.subject:
        return []
    return [{"propname": "job_finvoice_paymentid", "propvalue": delivery.subject}]


def _row(row, sign):
    """One row. Assumption: `vatcode` is the category of UNCL5305, as in Finvoice."""
    if row.is_text:
        return _without_blanks({"desc": row.name, "invoicerowtype": TEXT_ROW})
    return _without_blanks(
        {
            "desc": _readable(row.name) or NAMELESS,
            "count": sign * row.quantity,
            "itemtype": row.unit,
            "amount": row.price,
            "discount": row.discount or None,
            "taxpr": row.tax_percent,
            "netamount": _money(sign * row.net),
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


def _tax_row(tax, sign):
    return _without_blanks(
        {
            "taxpr": tax.percent,
            "netamount": _money(sign * tax.net),
            "vatamount": _money(sign * tax.tax),
            "totalamount": _money(sign * (tax.net + tax.tax)),
            "vatcode": tax.category,
            "vatfreetext": tax.exemption,
            "vatexemptionreasoncode": tax.exemption_code,
        }
    )


def _money(amount):
    return round(amount, 2) + 0.0  # + 0.0: no negative zero


def _date(date):
    return date.isoformat() if date else None


def _without_blanks(payload):
    values = {
        key: _readable(value) if isinstance(value, str) else value
        for key, value in payload.items()
    }
    return {key: value for key, value in values.items() if value not in ("", None, [])}


def _readable(text):
    """Without what no printer and no XML can show, such as a form feed."""
    return CONTROLS.sub("", text).strip()


# --- answers: Ropo's words in, plain data out --------------------------------------


def assignment_answers(payloads, status, body):
    """One `Answer` per payload, matched by `ownref`, else by number and kind.

    Never by position: the order of the rows is Ropo's own. A payload that nobody
    answered is unknown, unless Ropo took none of them at all.
    """
    # Those taken last: where one was both taken and refused, Ropo has it.
    rows = sorted(_rows(body), key=_is_taken)
    by_reference = {str(row.get("ownref")): row for row in rows}
    by_number = {_number_key(row): row for row in rows}
    took_none = status >= 400 and not any(map(_is_taken, rows))
    answers = []
    for payload in payloads:
        row = by_reference.get(payload["ownref"]) or by_number.get(_number_key(payload))
        if row:
            answers.append(_assignment_answer(row))
        elif took_none:
            answers.append(
                documents.Answer(Outcome.REJECTED, error=error_text(body), raw=body)
            )
        else:
            answers.append(
                documents.Answer(Outcome.UNKNOWN, reason=Reason.UNREADABLE, raw=body)
            )
    return answers


def _rows(body):
    rows = body.get("result")
    return [row for row in rows if isinstance(row, dict)] if _is_list(rows) else []


def _is_list(value):
    return isinstance(value, list | tuple)


def _is_taken(row):
    return str(row.get("accepted")) == "1"


def _number_key(row):
    return str(row.get("billnum") or ""), str(row.get("jobtype"))


def _assignment_answer(row):
    accepted = _is_taken(row)
    error = "" if accepted else str(row.get("error") or error_text(row))
    return documents.Answer(
        Outcome.ACCEPTED if accepted else Outcome.REJECTED,
        assignment=_integer(row.get("jobid")) if accepted else None,
        number=str(row.get("billnum") or ""),
        payment_reference=str(row.get("reference") or row.get("billcode") or ""),
        amount=number(row.get("amount")),
        error=error,
        is_duplicate=_is_duplicate(error),
        notices=_texts(row.get("notice")),
        raw=row,
    )


def _is_duplicate(error):
    """Whether a refusal says that Ropo has a document of this number already.

    Assumption: no page has the text; these are the words for it in Ropo's languages.
    """
    return bool(ALREADY_THERE.search(error))


def is_exempt(payload):
    """Whether Ropo got this dataset as one that is not to be reminded of."""
    return bool(payload.get("sensible"))


def without_person_number(payload, text):
    """`text` (Ropo's, on this dataset) without the personal identity number in it."""
    number = payload.get("govid") if payload.get("customertype") == PERSON else ""
    return text.replace(number, "…") if number else text


def number_of(payload):
    """The number of the document that this dataset is for."""
    return str(payload.get("billnum") or "")


def assignments_in(rows):
    """The ids of the assignments that these status rows tell of, as text."""
    return {str(row["jobid"]) for row in rows if row.get("jobid")}


def _texts(value):
    """The texts in what should be a list of them."""
    if not value:
        return ()
    return tuple(map(str, value)) if _is_list(value) else (str(value),)


def payment_answer(status, body):
    """The `Answer` to a `CapitalChange`: `code` is Ropo's `statusid`."""
    code = _integer(body.get("statusid"))
    if code is None and status < 400:
        return documents.Answer(Outcome.UNKNOWN, reason=Reason.UNREADABLE, raw=body)
    if code is None:
        return documents.Answer(Outcome.REJECTED, error=error_text(body), raw=body)
    return documents.Answer(
        Outcome.ACCEPTED if code == POSTED else Outcome.REJECTED,
        assignment=_integer(body.get("jobid")),
        number=str(body.get("billnum") or ""),
        amount=number(body.get("amount")),
        error="" if code == POSTED else str(body.get("statustext") or ""),
        code=code,
        before=_capital(body, "before"),
        after=_capital(body, "after"),
        unallocated=number(body.get("unfocused")) or 0.0,
        raw=body,
    )


def local_print_answer(payload, reply):
    """The `Answer` to a local print, with the PDF, which fills the body.

    Assumption: the headers tell what the row of an answer tells otherwise.
    """
    if not reply.ok:
        (answer,) = assignment_answers([payload], reply.status, _object(reply))
        return answer
    headers = reply.headers
    row = {name: headers[name] for name in ANSWER_HEADERS if name in headers}
    if not reply.content.startswith(b"%PDF-"):
        raise Unknown(Reason.UNREADABLE, "PDF")
    answer = _assignment_answer({**row, "accepted": 1})
    return dataclasses.replace(answer, document=reply.content, raw=row)


def _assignment_replies(payloads, reply):
    return assignment_answers(payloads, reply.status, _object(reply))


def _payment_replies(_payloads, reply):
    return [payment_answer(reply.status, _object(reply))]


def _local_print_replies(payloads, reply):
    return [local_print_answer(*payloads, reply)]


def _capital(body, moment):
    capital = number(body.get(f"capital{moment}"))
    if capital is None:
        return None
    return documents.Capital(
        capital,
        number(body.get(f"interest{moment}")) or 0.0,
        number(body.get(f"noticefee{moment}")) or 0.0,
    )


def status_update(row):
    """A `StatusUpdate` from one raw row, tolerant of what no page confirms.

    Assumption: the JSON rows bear the names of the older XML interface; a message of
    the webhook bears `id` where a polled row has `statusid`. Returns None for a row
    without an id, which can be neither kept once nor recognised again.
    """
    external_id = _external_id(row)
    if not external_id:
        return None
    code = str(row.get("statuscode") if row.get("statuscode") is not None else "")
    return documents.StatusUpdate(
        external_id=external_id,
        kind=str(row.get("statustype") or row.get("type") or ""),
        assignment=_integer(row.get("jobid")),
        number=str(row.get("billnum") or ""),
        code=code,
        text=str(row.get("statustext") or ""),
        time=moment(row.get("statustime") or row.get("created_at")),
        amount=number(row.get("amount")),
        is_amount_unreadable=_has(row, "amount") and number(row["amount"]) is None,
        day=date(row.get("paydate")),
        stage_code=_stage_code(row, code),
    )


def _external_id(row):
    for name in ("id", "statusid"):
        value = row.get(name)
        if is_id(value):
            return str(value).strip()
        if value and len(str(value)) > LONGEST_ID:
            return hashlib.sha256(str(value).encode()).hexdigest()
    return None


def _has(row, name):
    return row.get(name) not in (None, "")


def row_key(row):
    """By which a row that was given before is known again."""
    return _external_id(row) or hashlib.sha256(repr(row).encode()).hexdigest()


def _stage_code(row, code):
    """The code of the stage that a status row tells of; "" when it tells of none.

    Assumption: rows other than payments carry the new status in `statuscode`. A payment
    says nothing of the stage: it may have been a part of the capital.
    """
    kind = str(row.get("statustype") or row.get("type") or "")
    return "" if kind.lower() == "payment" else _code(code)


def _code(value):
    """A code as text; "2", "02" and 2 are the same."""
    found = _integer(value)
    return str(value or "").strip() if found is None else str(found)


def assignment_state(body):
    """An `AssignmentState` from `GET /jobs`."""
    following = _integer(body.get("nextstatus"))
    has_next = following is not None and following != -1
    return documents.AssignmentState(
        assignment=_integer(body.get("jobid")),
        number=str(body.get("billnum") or ""),
        stage_code=_code(body.get("currentstatus")),
        text=str(body.get("currentstatustext") or ""),
        next_stage=str(body.get("nextstatustext") or "") if has_next else "",
        next_stage_date=date(body.get("nextstatusdate")) if has_next else None,
        raw=body,
    )


def is_own_error(body):
    """Whether this is one of the five shapes in which the API itself refuses.

    Exactly so, since gateways have shapes that are alike, with keys of their own.
    """
    if not isinstance(body, dict) or not body:
        return False
    keys = set(body)
    return (
        _is_job_response(body)
        or _integer(body.get("statusid")) is not None
        or keys <= {"errorId", "errorText"}
        or (keys == {"error"} and isinstance(body["error"], str))
        or (keys <= PROBLEM and "status" in keys and bool(keys & {"title", "detail"}))
    )


def _is_job_response(body):
    """A `JobResponse`: rows, or errors that are objects with an `error`."""
    rows, errors = body.get("result"), body.get("errors")
    if _is_list(rows):
        return True
    return bool(errors) and _is_list(errors) and all(map(_has_error, errors))


def _has_error(item):
    return isinstance(item, dict) and isinstance(item.get("error"), str)


def error_text(body):
    """What Ropo said was wrong, from any of its five error shapes."""
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    several = _texts(
        [error.get("error") if isinstance(error, dict) else error for error in errors]
        if _is_list(errors)
        else errors
    )
    single = [
        body.get(key)
        for key in ("errorText", "error", "detail", "title", "statustext")
        if body.get(key)
    ]
    return "; ".join(filter(None, several)) or (str(single[0]) if single else "")


def number(value):
    """A number from a number or a text, with a comma or a point; None if neither, or
    if no ledger could hold it."""
    if isinstance(value, bool):
        return None
    text = str(value if value is not None else "").replace("\N{MINUS SIGN}", "-")
    text = re.sub(r"[\s'€]|(EUR|SEK|NOK|kr)$", "", text.strip(), flags=re.I)
    if "," in text and "." in text:
        decimal = max(text.rfind(","), text.rfind("."))
        text = re.sub(r"[.,]", "", text[:decimal]) + "." + text[decimal + 1 :]
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        return None
    # NaN is in no range.
    return found if -LARGEST_NUMBER <= found <= LARGEST_NUMBER else None


def date(value):
    """A date from an ISO or a Nordic (1.2.2026) text, or None."""
    found = moment(value)
    return found.date() if found else None


def moment(value):
    """A naive datetime from the forms that Ropo may use, or None."""
    text = re.sub(r"[zZ]$", "+00:00", str(value or "").strip())
    for parse in (datetime.datetime.fromisoformat, *map(_strptime, NORDIC_FORMS)):
        try:
            parsed = parse(text)
            if parsed.tzinfo:
                parsed = parsed.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        except (ValueError, OverflowError):
            continue
        return parsed.replace(microsecond=0) if parsed.year in YEARS else None
    return None


def _strptime(form):
    return lambda text: datetime.datetime.strptime(text, form)


def _integer(value):
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


# --- calls ---------------------------------------------------------------------------


class RopoOne:
    """The calls of one profile; safe to use from several threads.

    :param base_url: the host's root, without `/rest`
    :param cid, apicode: the profile's credentials, as Ropo gave them
    :param token: a `Token` of an earlier run, or None
    :param longest: seconds that no call may take more than, or None
    :param paths: overrides of the paths that no page confirms, by name
    :param profile: by which the caller knows whose records these credentials are for
    """

    def __init__(
        self,
        base_url,
        cid,
        apicode,
        *,
        token=None,
        timeout=60,
        longest=None,
        connections=1,
        loopback_http=False,
        paths=None,
        profile="",
    ):
        self._transport = Transport(
            base_url,
            timeout=timeout,
            longest=longest,
            connections=connections,
            loopback_http=loopback_http,
        )
        self._credentials = {"cid": cid, "apicode": apicode}
        # Tells tokens of other credentials apart without keeping the credentials.
        seed = "\n".join((self._transport.base_url, cid, apicode))
        self.fingerprint = hashlib.sha256(seed.encode()).hexdigest()
        self.profile = profile
        self.token = token or Token()
        self._renewing = threading.Lock()
        # Assumption: neither path is on a page that could be read.
        self._paths = {"preview": "/jobs/preview", "localprint": "/jobs/localprint"}
        self._paths |= paths or {}

    def close(self):
        self._transport.close()

    # writes

    def send(self, payloads):
        """Datasets of assignments, or one payment; one `Answer` each, in order."""
        is_dataset = "jobtype" in payloads[0]
        return (self.send_assignments if is_dataset else self.send_payments)(payloads)

    def send_assignments(self, payloads):
        """One `POST /jobs`; one `Answer` per payload, in the order of the payloads."""
        body = {"datastream": {"dataset": payloads}}
        return self._say("/jobs", body, payloads, _assignment_replies)

    def send_payments(self, payloads):
        """One `POST /jobs/payment` for the one payload; its `Answer`, in a list."""
        (payload,) = payloads
        return self._say("/jobs/payment", payload, payloads, _payment_replies)

    def print_locally(self, payloads):
        """Posts the one payload for ourselves to deliver; its `Answer`, in a list."""
        (payload,) = payloads
        path = self._paths["localprint"]
        return self._say(
            path, _job(payload), payloads, _local_print_replies, limit=PDF_LIMIT
        )

    def _say(self, path, body, payloads, read, **options):
        """What `read(payloads, reply)` makes of the answer; never raises."""
        try:
            return read(payloads, self._call("POST", path, body=body, **options))
        except ChannelError as error:
            return [failed(error)] * len(payloads)
        except Exception:
            # It may have been said, and the answers to others must not be lost with it.
            _logger.exception("POST %s: the answer can't be read", path)
            return [failed(Unknown(Reason.UNREADABLE))] * len(payloads)

    # reads

    def connect(self):
        """Gets a fresh token, whatever was kept; raises when the door stays shut."""
        self._renew(self.token.value)
        return self.token

    def fetch_pdf(self, *, assignment=None, number="", original=True):
        """The archived document, or the current letter when not `original`.

        Raises `Rejected` when there is none, when it is no PDF or over 20 MB.
        """
        params = {"jobid": assignment} if assignment else {"billnum": number}
        params["origdata"] = int(original)
        reply = self._call("GET", "/jobs/pdf", params=params, limit=PDF_LIMIT)
        return _pdf(reply)

    def preview(self, payload):
        """The PDF that sending `payload` would make; nothing is posted."""
        reply = self._call("POST", self._paths["preview"], body=_job(payload))
        if reply.ok:
            return _pdf(reply)
        (answer,) = assignment_answers([payload], reply.status, _object(reply))
        raise Rejected(Reason.REFUSED, answer.error or f"HTTP {reply.status}")

    def assignment_state(self, assignment):
        reply = self._call("GET", "/jobs", params={"jobid": assignment})
        return assignment_state(_accepted(reply))

    def status_rows(self, *, number="", date=None):
        """One page of raw status rows; an empty list when there are no more.

        Without arguments the rows returned are never offered again: store them
        first. With `number` or `date` all rows of that invoice or day come.
        """
        params = {"billnum": number} if number else {}
        if date:
            params = {"date": date.isoformat()}
        reply = self._call(
            "GET", "/jobs/statusupdates", params=params, timeout=STATUS_TIMEOUT
        )
        if reply.status == 204:
            return []
        result = _accepted(reply).get("result")
        rows = result.get("status") if isinstance(result, dict) else result
        if not isinstance(rows, list):
            raise Unknown(Reason.UNREADABLE, "result.status")
        return [row for row in rows if isinstance(row, dict)]

    def customer_invoices(self, reference):
        """Every `CustomerInvoice` that Ropo holds of the debtor with `reference`."""
        body = {"custnum": reference, "all_invoices": 1}
        reply = self._call("POST", "/jobs/findbyendcustomer", body=body)
        jobs = _accepted(reply).get("jobs")
        if not isinstance(jobs, list):
            raise Unknown(Reason.UNREADABLE, "jobs")
        return [_customer_invoice(job) for job in jobs]

    def find_assignment(self, payload):
        """What became of an assignment whose answer was lost.

        :return: `(arrived, assignment)`; `arrived` is None when Ropo can't say

        Assumption: the list of a customer's invoices is complete, and the status of
        an entry tells what is chased from what was only invoiced. Credit notes are
        not on it; they are known by their document.
        """
        if payload.get("totalamount", 0) < 0:
            return self._has_document(payload["billnum"]), None
        if not payload.get("custnum"):
            return None, None
        listed = self.customer_invoices(payload["custnum"])
        found = [i for i in listed if i.number == payload.get("billnum")]
        if payload["jobtype"] in (REMINDER, COLLECTION):
            chased = [invoice for invoice in found if invoice.status in CHASED]
            unclear = [i for i in found if i.status not in (*CHASED, *UNCHASED)]
            if unclear and not chased:
                return None, None
            found = chased
        if not found and None in [invoice.number for invoice in listed]:
            return None, None  # it may be the one that can't be read
        if len(found) > 1:
            return True, None
        return bool(found), found[0].assignment if found else None

    def _has_document(self, number):
        try:
            self.fetch_pdf(number=number)
        except Rejected as error:
            return False if error.reason == Reason.REFUSED else None
        return True

    def open_amount(self, reference, assignment, number):
        """What is open of an assignment with interest and fees, or None when unclear.

        :param assignment: its id, or None where only the number is known
        """
        if not reference:
            return None
        return _open_amount(self.customer_invoices(reference), assignment, number)

    def standings(self, identities):
        """A `Standing` for each `(reference, assignment, number)` of one debtor.

        Raises nothing: what could not be had is said in the standing.
        """
        listed = {}  # the debtor's invoices, asked for once
        return [self._standing(*identity, listed) for identity in identities]

    def _standing(self, reference, assignment, number, listed):
        try:
            state = self.assignment_state(assignment) if assignment else None
            if reference and reference not in listed:
                listed[reference] = self.customer_invoices(reference)
        except ChannelError as error:
            return documents.Standing(error.outcome, error=error)
        except Exception:
            # What is odd of one case must not be lost of the others.
            _logger.exception("Assignment %s: its state can't be read", assignment)
            error = Unknown(Reason.UNREADABLE)
            return documents.Standing(error.outcome, error=error)
        amount = _open_amount(listed.get(reference, ()), assignment, number)
        return documents.Standing(Outcome.ACCEPTED, state, amount)

    def debtor_link(self, number):
        """The address of the page where the debtor sees and pays the invoice.

        "" when what Ropo gives is no https address that can be shown and opened.
        """
        reply = self._call("GET", "/online/onlinelink", params={"billnum": number})
        return _safe_url(_accepted(reply).get("url"))

    # the token

    def _call(self, method, path, **arguments):
        token = self.token
        if not token.good_for(0):
            self._renew(token.value)
        token = self.token.value
        reply = self._transport.call(method, f"/rest{path}", token=token, **arguments)
        if reply.status != 401:
            return _from_api(reply)
        # Refused before anything was done: a fresh token, and once more.
        self._renew(token)
        reply = self._transport.call(
            method, f"/rest{path}", token=self.token.value, **arguments
        )
        if reply.status == 401:
            raise _unauthorized(reply)
        return _from_api(reply)

    def _renew(self, stale):
        """A new token, once for all the threads that found `stale` refused."""
        with self._renewing:
            if self.token.value == stale:
                self.token = self._fetch_token()

    def _fetch_token(self):
        try:
            reply = self._transport.call("POST", "/rest/token", body=self._credentials)
            body = reply.json()
        except Throttled:
            raise
        except ChannelError as error:
            # Whatever became of this call: the one that needed the token never left.
            raise NotSent(error.reason, error.detail) from error
        if not reply.ok:
            raise _refused_token(reply.status, body)
        value = body.get("token") if isinstance(body, dict) else None
        if not value or not isinstance(value, str):
            raise NotSent(Reason.UNREADABLE, f"HTTP {reply.status}")
        return Token(str(value), time.time() + TOKEN_SECONDS)


def _refused_token(status, body):
    """The error for a token call that brought none: only the API itself refuses
    credentials, and only that needs a person."""
    own = isinstance(body, dict) and "errorText" in body and is_own_error(body)
    if own and status in CREDENTIAL_REFUSALS:
        return CredentialsRefused(error_text(body))
    return NotSent(Reason.GATEWAY, f"HTTP {status}")


def _unauthorized(reply):
    """The error for a fresh token that is refused; nothing was done with the call.

    The contract has 401 without a body.
    """
    body = _json_or_none(reply)
    if not reply.content.strip() or is_own_error(body):
        return CredentialsRefused(error_text(body))
    return NotSent(Reason.GATEWAY, f"HTTP {reply.status}")


def _from_api(reply):
    """The reply, when the API itself gave it; raises `Unknown` for a gateway's: what
    it did with the call, and whether the API has seen it, nobody knows."""
    if reply.ok:
        return reply
    body = reply.json()
    if reply.status in REFUSALS and is_own_error(body):
        return reply
    text = f"HTTP {reply.status}: {error_text(body)}".rstrip(": ")
    raise Unknown(Reason.GATEWAY, text[:LONGEST_DETAIL])


def _json_or_none(reply):
    try:
        return reply.json()
    except Unknown:
        return None


def _customer_invoice(job):
    """One of a customer's invoices; without a number (None) where it can't be read."""
    if not isinstance(job, dict) or "invoice_number" not in job:
        return documents.CustomerInvoice(None, None, "", None)
    return documents.CustomerInvoice(
        assignment=_integer(job.get("case_number")),
        number=str(job.get("invoice_number") or ""),
        status=str(job.get("status") or ""),
        open_amount=number(job.get("open_amount")),
    )


def _open_amount(invoices, assignment, number):
    """What is open of one of these, by its id, else by its number."""
    amounts = [
        invoice.open_amount
        for invoice in invoices
        if (
            invoice.assignment == assignment
            if assignment
            else invoice.number == number and invoice.status not in UNCHASED
        )
    ]
    return amounts[0] if len(amounts) == 1 else None


def failed(error):
    """The `Answer` that stands for a call that raised."""
    return documents.Answer(
        error.outcome,
        reason=error.reason,
        error=error.detail,
        retry_after=error.retry_after,
        raw={"reason": str(error.reason), "detail": error.detail},
    )


def _safe_url(value):
    text = str(value or "").strip()
    if not re.fullmatch(r"https://[^\s\"'<>\\`]+", text, flags=re.I):
        return ""
    try:
        host = urlsplit(text).hostname
    except ValueError:
        return ""
    return text if host else ""


def _job(payload):
    return {"datastream": {"dataset": [payload]}}


def _object(reply):
    body = reply.json()
    if not isinstance(body, dict):
        raise Unknown(Reason.UNREADABLE, f"HTTP {reply.status}")
    return body


def _accepted(reply):
    body = _object(reply)
    if not reply.ok:
        raise Rejected(Reason.REFUSED, error_text(body) or f"HTTP {reply.status}")
    return body


def _pdf(reply):
    if not reply.ok:
        _accepted(reply)
    if not reply.content.startswith(b"%PDF-"):
        raise Rejected(Reason.UNREADABLE, "PDF")
    return reply.content
