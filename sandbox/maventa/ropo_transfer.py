"""Transferring an invoice to Ropo: ``POST /v2/invoices/{id}/assignment/ropo``.

S: the four parameters and their values, 7 days after the due date for B2B and 14 for
B2C, the states pending, sent and error. D: rental only in Finland, one currency for
each account, a consumer's rental needs the personal identity code, an assignment comes
about once the transfer was sent.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from .. import money
from ..shapes import Json
from . import checks, ropo_service
from .books import Assignment, Books, Company, Invoice, new_id
from .errors import NO_ASSIGNMENT, NOT_TRANSFERABLE, TOO_EARLY, TRANSFERRED, Refused

COLLECTION_TYPES = ("reminder_and_collection", "collection")
# receivables type: the days after the due date; A for the rental ones
DAYS = {"b2b": 7, "b2c": 14, "b2b_rental": 7, "b2c_rental": 14}
RENTAL = frozenset({"b2b_rental", "b2c_rental"})
RENTAL_COUNTRY = "fi"
STATES = ("pending", "sent", "error")

REQUIRED = ("collection_type", "receivables_type", "payers", "assignment_summary")
# A: Amili's request has it, for an invoice that was paid in part.
OPTIONAL = ("capital_amount",)

# A: no page shows a payer's names. "Full address details" (S) makes four needed.
PAYER_REQUIRED = ("name", "customer_type", "street", "postcode", "city", "country")
PAYER_OPTIONAL = ("business_id", "personal_id", "email", "phone", "language")
CUSTOMER_TYPES = ("company", "person")

NEW = "new"  # A: the collection status before the first of S


# --- the request ------------------------------------------------------------------


def check(body: Json) -> None:
    """Everything that the request shows alone."""
    problems = _names(body, REQUIRED, OPTIONAL)
    problems += _choice(body, "collection_type", COLLECTION_TYPES)
    problems += _choice(body, "receivables_type", DAYS)
    if "assignment_summary" in body and not checks.is_text(body["assignment_summary"]):
        problems.append("assignment_summary: must be text")
    if "capital_amount" in body and not checks.is_amount(body["capital_amount"]):
        problems.append("capital_amount: must be an amount above zero")
    problems += _payers(body)
    if problems:
        raise checks.invalid(*problems)


def _names(
    row: Json, required: Iterable[str], optional: Iterable[str], prefix: str = ""
) -> list[str]:
    """A: a name that is not known is refused, as a spelling mistake would be."""
    missing = [f"{prefix}{name}: is missing" for name in required if name not in row]
    unknown = sorted(set(row) - {*required, *optional})
    return missing + [f"{prefix}{name}: is not known" for name in unknown]


def _choice(
    row: Json, name: str, allowed: Iterable[str], prefix: str = ""
) -> list[str]:
    if name not in row or row[name] in tuple(allowed):
        return []
    return [f"{prefix}{name}: must be one of {', '.join(allowed)}"]


def _payers(body: Json) -> list[str]:
    payers = body.get("payers", [{}])
    if not isinstance(payers, list) or not payers:
        return ["payers: must be a list of at least one payer"]
    if "payers" not in body:
        return []
    problems = []
    for number, payer in enumerate(payers):
        problems += _payer(payer, f"payers[{number}].")
    return problems or _rental_tenant(body, payers[0])


def _payer(payer: object, prefix: str) -> list[str]:
    if not isinstance(payer, dict):
        return [f"{prefix[:-1]}: must be an object"]
    problems = _names(payer, PAYER_REQUIRED, PAYER_OPTIONAL, prefix)
    known = [name for name in (*PAYER_REQUIRED, *PAYER_OPTIONAL) if name in payer]
    problems += [
        f"{prefix}{name}: must be text"
        for name in known
        if not checks.is_text(payer[name])
    ]
    problems += _choice(payer, "customer_type", CUSTOMER_TYPES, prefix)
    country = payer.get("country")
    if checks.is_text(country) and not (len(country) == 2 and country.isalpha()):
        problems.append(f"{prefix}country: must be two letters")
    return problems


def _rental_tenant(body: Json, payer: Json) -> list[str]:
    """D: a consumer's rental cannot be transferred without the identity code."""
    if body.get("receivables_type") == "b2c_rental" and "personal_id" not in payer:
        return ["payers[0].personal_id: is needed for a consumer's rental"]
    return []


# --- the transfer -----------------------------------------------------------------


def transfer(books: Books, company: Company, invoice: Invoice, body: Json) -> Json:
    """The state as the answer shows it: pending."""
    ropo_service.needs(company, ropo_service.ACTIVE)
    check(body)
    _may_be_transferred(books, company, invoice, body)
    invoice.transfer = {
        "status": "pending",
        "message": None,
        "assignment_id": None,
        "created_at": books.stamp(),
        "request": body,
    }
    books.keep(invoice)
    answer = shown(invoice)
    if company.transfer == "sent":
        settle(books, invoice, "sent")
    elif company.transfer == "error":
        settle(books, invoice, "error")
    return answer


def _may_be_transferred(
    books: Books, company: Company, invoice: Invoice, body: Json
) -> None:
    """A for the order of the objections, and that a credit note is one."""
    if invoice.transfer and invoice.transfer["status"] != "error":
        books.add_duplicate()
        raise Refused(TRANSFERRED, f"Invoice {invoice.number} was transferred already")
    if invoice.credit_note or invoice.payable <= 0:
        raise Refused(NOT_TRANSFERABLE, "What asks for no money cannot be transferred")
    if body["receivables_type"] in RENTAL and company.country != RENTAL_COUNTRY:
        raise Refused(NOT_TRANSFERABLE, "Rental receivables only in Finland")
    if invoice.currency != company.currency:
        text = f"The account is in {company.currency}, not in {invoice.currency}"
        raise Refused(NOT_TRANSFERABLE, text)
    _is_overdue(books, invoice, body)
    if _capital(invoice, body) > invoice.payable:
        text = "capital_amount is more than the invoice's sum"
        raise Refused(NOT_TRANSFERABLE, text)


def _is_overdue(books: Books, invoice: Invoice, body: Json) -> None:
    if invoice.date_due is None:
        raise Refused(NOT_TRANSFERABLE, f"Invoice {invoice.number} has no due date")
    days = timedelta(days=DAYS[body["receivables_type"]])
    first = date.fromisoformat(invoice.date_due) + days
    if books.world.today() < first:
        raise Refused(TOO_EARLY, f"Can be transferred from {first}")


def _capital(invoice: Invoice, body: Json) -> int:
    """A: without a ``capital_amount`` it is what the invoice asks to be paid."""
    given = body.get("capital_amount")
    return invoice.payable if given is None else money.cents(given)


def settle(
    books: Books, invoice: Invoice, status: str, message: str | None = None
) -> None:
    """Ropo took a pending transfer, or did not."""
    transfer = _transfer_of(invoice)
    transfer["status"] = status
    if status == "error":
        transfer["message"] = message or "Ropo did not take the assignment"
    if status == "sent":
        assignment = _assignment(books, invoice)
        books.keep(assignment)
        transfer["assignment_id"] = assignment.id
    books.keep(invoice)


def _assignment(books: Books, invoice: Invoice) -> Assignment:
    request = _transfer_of(invoice)["request"]
    capital = _capital(invoice, request)
    return Assignment(
        id=new_id(),
        company_id=invoice.company_id,
        invoice_id=invoice.id,
        invoice_number=invoice.number,
        reference_ids=[invoice.reference] if invoice.reference else [],
        currency=invoice.currency,
        amount=capital,
        capital=capital,
        collection_status=NEW,
        request=request,
        created_at=books.stamp(),
    )


def status_of(invoice: Invoice) -> Json:
    return shown(invoice)


def _transfer_of(invoice: Invoice) -> Json:
    if invoice.transfer is None:
        raise Refused(NO_ASSIGNMENT, f"Invoice {invoice.number} was not transferred")
    return invoice.transfer


def shown(invoice: Invoice) -> Json:
    """S for ``status``; A for the other names."""
    transfer = _transfer_of(invoice)
    names = ("status", "message", "assignment_id", "created_at")
    return {"service": "ropo", **{name: transfer[name] for name in names}}
