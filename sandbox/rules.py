"""What Ropo asks of one dataset, beyond the contract's types.

Each rule is a function ``(dataset, kind, profile) -> errors``; the guides name the
fields, the tables below repeat them. Nothing here looks at other jobs.
"""

import base64
import binascii
import re

from .money import cents, decimal

INVOICE, REMINDER, COLLECTION, LETTER = "invoice", "reminder", "collection", "letter"

# S: invoice.md. 602 (aggregate invoicing) is in the contract, in no guide: refused.
KINDS = {0: INVOICE, 300: INVOICE, 1: REMINDER, 2: COLLECTION, 301: LETTER}

ADDRESS = ("address", "postcode", "city")
# A: some countries that have no postcodes; no page says what Ropo asks of them.
WITHOUT_POSTCODES = ("AGO", "ARE", "HKG", "MAC", "PAN")
# A: the form of a personal identity code, by the person's country.
PERSON_NUMBERS = {
    "FIN": r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]",
    "SWE": r"(\d{2})?\d{6}[-+]?\d{4}",
    "NOR": r"\d{6} ?\d{5}",
}
DATES = ("billdate", "paydate")
MINIMUM = {
    INVOICE: (*ADDRESS, *DATES),  # S: Connect guide
    REMINDER: (*ADDRESS, *DATES, "billcode", "amount", "billnum"),  # S: Reminder
    COLLECTION: (*ADDRESS, *DATES, "billcode", "amount", "billnum"),  # S: Connect
    LETTER: (*ADDRESS, "sendtype", "addresscountry", "countryname"),  # D: letters
}

# S: invoice.md, "Invoice sending method"; S: reminder.md for b2c; D: letters.
SENDTYPES = {
    INVOICE: ("post", "print", "email", "evoice", "evoicenet", "evoicesm", "peppol"),
    REMINDER: ("post", "print", "email", "evoice", "b2c"),
    COLLECTION: ("post", "print", "email", "evoice", "b2c"),
    LETTER: ("post", "email"),
}
# S for email, evoice and b2c; A for the others, of which no page says what they need.
SENDTYPE_NEEDS = {
    "email": ("email",),
    "evoice": ("evoice", "evoiceint"),
    "b2c": ("evoice", "evoiceint"),
    "evoicenet": ("evoice",),
    "evoicesm": ("evoice",),
    "peppol": ("evoice",),
}
ELECTRONIC = frozenset(SENDTYPE_NEEDS)
PAYMENTID = "job_finvoice_paymentid"

# S: the contract's prose: a sub total row (25600) and a header row (25601) are text.
TEXT_ROWS = frozenset({25600, 25601})
PAYROW = ("desc", "count", "amount", "taxpr")

# S: guide and contract together. Others are taken with a notice.
LANGUAGES = frozenset({"eng", "fin", "swe", "nor", "est"})

MEGABYTE = 1_000_000
# D: 1 MB in all when delivered electronically; the decoded size is counted (A).
ATTACHMENTS_LIMIT = MEGABYTE


def missing(dataset, names):
    return [name for name in names if _blank(dataset.get(name))]


def _blank(value):
    return value is None or (isinstance(value, str) and not value.strip())


def is_credit(dataset):
    """D: a credit note names what it credits, or simply has a negative total."""
    named = dataset.get("refundtojobid") or dataset.get("refundtobillnum")
    return bool(named) or total(dataset) < 0


def check(dataset, profile):
    """All errors of a dataset that has passed the contract."""
    kind = KINDS.get(dataset["jobtype"])
    if kind is None:
        return [f"jobtype: {dataset['jobtype']} is not 0, 1, 2, 300 or 301"]
    return [error for rule in RULES for error in rule(dataset, kind, profile)]


def _minimum(dataset, kind, profile):
    names = list(MINIMUM[kind])
    if dataset.get("addresscountry") in WITHOUT_POSTCODES:
        names.remove("postcode")
    return [f"{name}: required" for name in missing(dataset, names)]


def _receiver(dataset, kind, profile):
    names = {1: "company", 2: "person"}
    name = names.get(dataset["customertype"])
    if name is None:
        return ["customertype: must be 1 (company) or 2 (person)"]
    if missing(dataset, (name,)):
        return [f"{name}: required for customertype {dataset['customertype']}"]
    return []


def _person_number(dataset, kind, profile):
    """S: `govid` is a business id or a personal identity code; A: of the right form."""
    form = PERSON_NUMBERS.get(dataset.get("addresscountry"))
    number = dataset.get("govid")
    if dataset["customertype"] != 2 or not form or not number:
        return []
    if re.fullmatch(form, number):
        return []
    return [f"govid: {number} is no personal identity code"]


def _noticedate(dataset, kind, profile):
    """S: the date of the creditor's own reminder is mandatory in Finland."""
    if kind == COLLECTION and profile.country == "fi":
        return [f"{name}: required" for name in missing(dataset, ("noticedate",))]
    return []


def _rows(dataset, kind, profile):
    """S: a reminder has no rows. A: a collection may say what its amount is for."""
    rows = dataset.get("payrow") or []
    if kind == REMINDER:
        return ["payrow: not allowed, send the open amount in amount"] if rows else []
    if kind == COLLECTION:
        sums = round(sum(row.get("amount") or 0 for row in rows), 2)
        wrong = rows and sums != dataset.get("amount")
        return ["payrow: must add up to amount"] if wrong else []
    if kind == LETTER:
        return []
    errors = [
        f"payrow[{index}].{name}: required"
        for index, row in enumerate(rows)
        if not is_text_row(row)
        for name in missing(row, PAYROW)
    ]
    if all(is_text_row(row) for row in rows):
        errors.append("payrow: at least one row with desc, count, amount and taxpr")
    return errors


def is_text_row(row):
    """A row that carries no money: header, sub total, or allowed to be empty."""
    if row.get("invoicerowtype") in TEXT_ROWS:
        return True
    return bool(row.get("allownullvalues")) and _blank(row.get("amount"))


def _open_amount(dataset, kind, profile):
    if kind in (REMINDER, COLLECTION) and (dataset.get("amount") or 0) <= 0:
        return ["amount: must be the open amount, above zero"]
    return []


def _sendtype(dataset, kind, profile):
    sendtype = dataset.get("sendtype") or "post"
    if sendtype not in SENDTYPES[kind]:
        allowed = ", ".join(SENDTYPES[kind])
        return [f"sendtype: {sendtype} is not one of {allowed}"]
    errors = [
        f"{name}: required for sendtype {sendtype}"
        for name in missing(dataset, SENDTYPE_NEEDS.get(sendtype, ()))
    ]
    if sendtype == "email" and not errors and "@" not in dataset["email"]:
        errors.append("email: not an address")
    if sendtype == "b2c" and not _has_property(dataset, PAYMENTID):
        errors.append(f"propertyrow: {PAYMENTID} required for sendtype b2c")
    return errors


def _has_property(dataset, name):
    rows = dataset.get("propertyrow") or []
    return any(row["propname"] == name and row["propvalue"].strip() for row in rows)


def _embed(dataset, kind, profile):
    """D: an Embed invoice brings its own account rows."""
    needed = profile.service_model == "embed" and dataset["jobtype"] == 0
    if needed and not dataset.get("accountrow"):
        return ["accountrow: required in the service model embed"]
    return []


def _credit(dataset, kind, profile):
    """D: negative rows, and one way to say what is credited."""
    both = dataset.get("refundtojobid") and dataset.get("refundtobillnum")
    named = dataset.get("refundtojobid") or dataset.get("refundtobillnum")
    errors = ["refundtojobid, refundtobillnum: send one, not both"] if both else []
    if named and kind != INVOICE:
        errors.append("refundtojobid, refundtobillnum: only on an invoice dataset")
    elif named:
        errors += [
            f"payrow[{index}]: a credit note's rows are negative"
            for index, row in enumerate(dataset.get("payrow") or [])
            if not is_text_row(row) and not missing(row, PAYROW) and _net(row) > 0
        ]
    return errors


def _payment_plan(dataset, kind, profile):
    """D: an interval with an amount or a count, or dated instalments; no consumers."""
    plan = (dataset.get("payplan") or {}).get("instalment")
    interval = dataset.get("payplaninterval")
    parts = dataset.get("payplanamount") or dataset.get("payplancount")
    if not (plan or interval or parts):
        return []
    errors = []
    if dataset["customertype"] == 2:
        errors.append("payplan: not for consumers")
    if not plan and not (interval and parts):
        errors.append("payplaninterval: goes with payplanamount or payplancount")
    return errors


def _finance(dataset, kind, profile):
    """D: 1 financing, 2 purchase; companies only, with their business id."""
    if not dataset.get("finance"):
        return []
    errors = []
    if dataset["finance"] not in (1, 2):
        errors.append("finance: must be 1 or 2")
    if dataset["customertype"] != 1:
        errors.append("finance: companies only")
    return errors + [f"{name}: required" for name in missing(dataset, ("govid",))]


def _letter(dataset, kind, profile):
    """D: the letter itself travels in image.file."""
    if kind != LETTER:
        return []
    return [] if dataset.get("image") else ["image.file: required for a letter"]


def _attachments(dataset, kind, profile):
    size, errors = 0, []
    sendtype = dataset.get("sendtype") or "post"
    for index, attachment in enumerate(dataset.get("attachment") or []):
        found, octets = _attachment(attachment, dataset["customertype"], sendtype)
        errors += [f"attachment[{index}].{error}" for error in found]
        size += octets
    found, octets = _image(dataset.get("image"))
    errors += found
    if sendtype in ELECTRONIC and size + octets > ATTACHMENTS_LIMIT:
        errors.append("attachment: more than 1 MB for an electronic delivery")
    return errors


def _image(image):
    """``(errors, size)`` of the document to show. A: a PDF in base64, as attachments
    are; on invoices, too."""
    if not image:
        return [], 0
    try:
        content = base64.b64decode(image["file"], validate=True)
    except binascii.Error:
        return ["image.file: not base64"], 0
    if not content.startswith(b"%PDF-"):
        return ["image.file: is no PDF"], len(content)
    return [], len(content)


def _attachment(attachment, customertype, sendtype):
    """``(errors, size)`` of one attachment. D: PDF; Excel and CSV B2B and Peppol."""
    if attachment.get("attachmentid"):
        return [], 0
    absent = missing(attachment, ("attachmentname", "attachmentfile"))
    if absent:
        return [f"{name}: required" for name in absent], 0
    try:
        content = base64.b64decode(attachment["attachmentfile"], validate=True)
    except binascii.Error:
        return ["attachmentfile: not base64"], 0
    name = attachment["attachmentname"].lower()
    sheets = customertype == 1 or sendtype == "peppol"
    allowed = (".pdf", ".xls", ".xlsx", ".csv") if sheets else (".pdf",)
    if not name.endswith(allowed):
        return [f"attachmentname: must end in {', '.join(allowed)}"], len(content)
    if name.endswith(".pdf") and not content.startswith(b"%PDF-"):
        return ["attachmentfile: is no PDF"], len(content)
    return [], len(content)


# --- the arithmetic ---------------------------------------------------------------


def _net(row):
    """The row without VAT, exact: count × amount × (1 - discount/100)."""
    net = decimal(row["count"]) * decimal(row["amount"])
    if row.get("discount"):
        net *= 1 - decimal(row["discount"]) / 100
    return net


def _row_figures(row):
    """``(net, vat, total)`` of a row in cents: as sent, else as it works out."""
    net = cents(_net(row))
    gross = cents(_net(row) * (1 + decimal(row["taxpr"]) / 100))
    sent = [row.get(name) for name in ("netamount", "vatamount", "totalamount")]
    worked_out = (net, gross - net, gross)
    return tuple(
        worked if value is None else cents(value)
        for value, worked in zip(sent, worked_out, strict=True)
    )


def money_rows(dataset):
    rows = dataset.get("payrow") or []
    return [row for row in rows if not is_text_row(row)]


def total(dataset):
    """The capital in cents: totalamount, else amount, else what the rows come to."""
    for name in ("totalamount", "amount"):
        if dataset.get(name) is not None:
            return cents(dataset[name])
    rows = [row for row in money_rows(dataset) if not missing(row, PAYROW)]
    return sum(_row_figures(row)[2] for row in rows)


def check_sums(dataset, profile):
    """Figures that were sent agree with the rows. Only where nothing is missing.

    Row by row a cent either way is allowed (``tolerance`` of the profile): whoever
    taxes the sum and not the row ends up there. Sums of what was sent are exact: net
    of the rows, tax rows against the header, net + VAT = total.
    """
    if KINDS[dataset["jobtype"]] == LETTER:
        return []
    rows = money_rows(dataset)
    slack = cents(profile.tolerance)
    errors = [
        f"payrow[{index}].{error}"
        for index, row in enumerate(dataset.get("payrow") or [])
        if not is_text_row(row)
        for error in _check_row(row, slack)
    ]
    if rows:
        errors += _check_header(dataset, [_row_figures(row) for row in rows], slack)
    return errors + _check_tax_rows(dataset) + _check_parts(dataset)


def _check_row(row, slack):
    net, errors = _net(row), []
    if row.get("netamount") is not None:
        errors += _differs("netamount", row["netamount"], cents(net), slack)
        net = decimal(row["netamount"])
    if row.get("vatamount") is not None:
        vat = cents(net * decimal(row["taxpr"]) / 100)
        errors += _differs("vatamount", row["vatamount"], vat, slack)
    if row.get("totalamount") is not None:
        gross = cents(net * (1 + decimal(row["taxpr"]) / 100))
        errors += _differs("totalamount", row["totalamount"], gross, slack)
    return errors + _check_parts(row)


def _check_header(dataset, figures, slack):
    """The header against the rows: net exact where the rows say it, VAT with slack."""
    net, vat, gross = (sum(column) for column in zip(*figures, strict=True))
    slack *= len(figures)
    said = all(row.get("netamount") is not None for row in money_rows(dataset))
    checks = (
        ("netamount", net, 0 if said else slack),
        ("vatamount", vat, slack),
        ("totalamount", gross, slack),
        ("amount", gross, slack),
    )
    return [
        error
        for name, expected, allowed in checks
        if dataset.get(name) is not None
        for error in _differs(name, dataset[name], expected, allowed)
    ]


def _check_tax_rows(dataset):
    rows = dataset.get("taxrow") or []
    errors = [
        f"taxrow[{index}].{error}"
        for index, row in enumerate(rows)
        for error in _check_parts(row)
    ]
    for name in ("netamount", "vatamount"):
        if rows and dataset.get(name) is not None:
            summed = sum(cents(row[name]) for row in rows)
            errors += _differs(name, dataset[name], summed, 0, "the tax rows")
    return errors


def _check_parts(figures):
    """net + VAT = total, and totalamount = amount, where both were sent."""
    net, vat, gross = (
        figures.get(name) for name in ("netamount", "vatamount", "totalamount")
    )
    errors = []
    if None not in (net, vat, gross):
        summed = cents(net) + cents(vat)
        errors += _differs("totalamount", gross, summed, 0, "netamount + vatamount")
    if "jobtype" in figures and None not in (gross, figures.get("amount")):
        errors += _differs("amount", figures["amount"], cents(gross), 0, "totalamount")
    return errors


def _differs(name, sent, expected, slack, what="the rows"):
    if abs(cents(sent) - expected) <= slack:
        return []
    return [f"{name}: {sent} does not agree with {what}: {expected / 100:.2f}"]


# --- notices ----------------------------------------------------------------------


def notices(dataset, profile):
    """What Ropo would take, and a careful sender would rather not send."""
    found = []
    language = dataset.get("language")
    if language and language not in LANGUAGES:
        found.append(f"language: {language} is not documented")
    for name in ("country", "addresscountry"):
        if dataset.get(name) and len(dataset[name]) != 3:
            found.append(f"{name}: not a three-letter country code")
    if dataset["jobtype"] == 0 and profile.service_model == "connect":
        found.append("jobtype: 0 is a Unify or Embed invoice, delivered only")
    ownref = dataset.get("ownref")
    if ownref and not ownref.isdecimal():
        found.append("ownref: not an integer, which the answer's contract wants")
    return found + _date_notices(dataset)


def _date_notices(dataset):
    dates = [dataset.get("billdate"), dataset.get("paydate")]
    if None not in dates and sorted(dates) != dates:
        return ["paydate: before billdate"]
    return []


RULES = (
    _minimum,
    _receiver,
    _person_number,
    _noticedate,
    _rows,
    _open_amount,
    _sendtype,
    _embed,
    _credit,
    _payment_plan,
    _finance,
    _letter,
    _attachments,
)
