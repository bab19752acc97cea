"""The AutoXChange API's invoices: send one, find them, look at one.

D: multipart with ``file`` (which has a file name) and ``format``; ``uuid`` names the
new invoice, so that a sender who got no answer may send again under the same one; an
invoice is ``PENDING``, then ``DELIVERED`` or ``FAILED``; the list is of **received**
invoices unless ``direction=SENT`` is asked for.
"""

from collections.abc import Callable

from multidict import MultiMapping

from .. import money
from ..shapes import Json
from . import checks, einvoice
from .books import Books, Company, Invoice, is_uuid, new_id
from .errors import (
    BAD_FILE,
    NO_INVOICE,
    SAME_NUMBER,
    SAME_UUID,
    UNVERIFIED,
    Refused,
)

STATUSES = ("PENDING", "DELIVERED", "FAILED")  # D
DIRECTIONS = ("RECEIVED", "SENT")  # D
ROUTES = ("einvoice", "email", "print")  # D
MOST_IDS = 100  # D

# D: what may stand beside the file. Others change nothing and are kept as ignored.
KNOWN = frozenset(
    (
        "file format uuid recipient_type recipient_eia recipient_email lang "
        "recipient_operator disabled_routes disabled_routes[] sender_comment "
        "route_order route_order[] recipient_phone_number recipient_date_of_birth "
        "recipient_efaktura_id b2cno_document_type payment_instruction_identifier "
        "email_settings[xml_format]"
    ).split()
)


def send(books: Books, company: Company, parts: checks.Parts) -> Json:
    """The new invoice, as the answer shows it: still pending."""
    if not company.verified:  # D: "Unauthorized" for an unverified company
        raise Refused(UNVERIFIED, "Unauthorized, the company is not verified")
    file_name, octets = _file(parts)
    identifier = _identifier(books, parts)
    document = einvoice.read(octets, checks.first_text(parts, "format"))
    _number_is_new(books, company, document)
    invoice = _make(books, company, identifier, document, parts)
    invoice.file_name = file_name
    books.keep(invoice)
    answer = shown(invoice)
    if company.delivery != "PENDING":
        deliver(books, invoice, company.delivery)
    return answer


def _file(parts: checks.Parts) -> tuple[str, bytes]:
    part = parts.get("file", [None])[0]
    if not isinstance(part, tuple):
        raise checks.invalid("file: is missing, or has no file name")
    if not part[1]:
        raise Refused(BAD_FILE, "The file is empty")
    return part


def _identifier(books: Books, parts: checks.Parts) -> str:
    wanted = checks.first_text(parts, "uuid")
    if wanted is None:
        return new_id()
    if not is_uuid(wanted):
        raise checks.invalid("uuid: must be a UUID")
    if wanted.lower() in books.invoices:  # A: the answer; D: that it is known then
        raise Refused(SAME_UUID, "An invoice with this uuid exists already")
    return wanted.lower()


def _number_is_new(books: Books, company: Company, document: einvoice.Document) -> None:
    """D: a company may have duplicate numbers stopped. A: they are refused at once.

    Either way it counts, for tests that must know that nothing was sent twice.
    """
    mine = of_company(books, company)
    if not any(invoice.number == document.number for invoice in mine):
        return
    books.add_duplicate()
    if company.stop_duplicate_numbers:
        raise Refused(SAME_NUMBER, f"Invoice number {document.number} exists already")


def _make(
    books: Books,
    company: Company,
    identifier: str,
    document: einvoice.Document,
    parts: checks.Parts,
) -> Invoice:
    invoice = Invoice(
        id=identifier,
        company_id=company.company_id,
        status="PENDING",
        destination=_destination(parts),
        created_at=books.stamp(),
        file_name="",
        comment=checks.first_text(parts, "sender_comment"),
        ignored=sorted(set(parts) - KNOWN),
        **vars(document),
    )
    operator = checks.first_text(parts, "recipient_operator")
    eia = checks.first_text(parts, "recipient_eia") or invoice.recipient["eia"]
    invoice.recipient = {**invoice.recipient, "eia": eia, "operator": operator}
    _act(books, invoice, "CREATED", None, "Invoice created")
    return invoice


def _destination(parts: checks.Parts) -> str:
    """How it travels. A: the first route that is not disabled and has an address."""
    disabled = checks.several(parts, "disabled_routes")
    unknown = [route for route in disabled if route not in ROUTES]
    if unknown:
        raise checks.invalid(f"disabled_routes: {unknown[0]} is no route")
    by_email = checks.first_text(parts, "recipient_email")
    possible = [
        route
        for route in ROUTES
        if route not in disabled and (route != "email" or by_email)
    ]
    if not possible:
        raise checks.invalid("disabled_routes: no route is left")
    return possible[0].upper()


def deliver(
    books: Books, invoice: Invoice, status: str, message: str | None = None
) -> None:
    """What became of a delivery."""
    invoice.status = status
    failed = status == "FAILED"
    message = message or ("Could not be delivered" if failed else "Delivered")
    kind = "ERROR" if failed else status
    _act(books, invoice, kind, invoice.destination, message)
    books.keep(invoice)


def _act(
    books: Books, invoice: Invoice, kind: str, channel: str | None, message: str
) -> None:
    invoice.actions.append(
        {
            "type": kind,
            "channel": channel,
            "message": message,
            "happened_at": books.stamp(),
        }
    )


def of_company(books: Books, company: Company) -> list[Invoice]:
    mine = company.company_id
    return [each for each in books.invoices.values() if each.company_id == mine]


def find(books: Books, company: Company, identifier: str) -> Invoice:
    """A: another company's invoice is as unknown as one that never was."""
    invoice = books.invoices.get(identifier)
    if invoice is None or invoice.company_id != company.company_id:
        raise Refused(NO_INVOICE, f"Invoice {identifier} was not found")
    return invoice


def listed(books: Books, company: Company, query: MultiMapping[str]) -> list[Invoice]:
    """Invoices that a query means. A: the newest first, as D has it for documents."""
    direction = query.get("direction", "RECEIVED")
    if direction not in DIRECTIONS:
        raise checks.invalid("direction: must be RECEIVED or SENT")
    if direction == "RECEIVED":
        return []  # nobody sends to a company of the sandbox
    matches = _filter(query)
    found = [each for each in of_company(books, company) if matches(each)]
    return list(reversed(found))


def _filter(query: MultiMapping[str]) -> Callable[[Invoice], bool]:
    ids, statuses = _many(query, "ids"), _many(query, "status")
    if len(ids) > MOST_IDS:
        raise checks.invalid(f"ids: at most {MOST_IDS}")
    if not set(statuses) <= set(STATUSES):
        raise checks.invalid(f"status: must be one of {', '.join(STATUSES)}")

    def matches(invoice: Invoice) -> bool:
        return (
            (not ids or invoice.id in ids)
            and (not statuses or invoice.status in statuses)
            and query.get("number", invoice.number) == invoice.number
            and query.get("reference", invoice.reference) == invoice.reference
            and checks.in_window(query, "created_at", invoice.created_at)
        )

    return matches


def _many(query: MultiMapping[str], name: str) -> list[str]:
    return [*query.getall(name, []), *query.getall(f"{name}[]", [])]


def shown(invoice: Invoice) -> Json:
    """D: the names of an invoice in the API."""
    names = (
        "id status reference number sender recipient created_at date date_due "
        "source_format currency destination comment"
    ).split()
    return {
        **{name: getattr(invoice, name) for name in names},
        "received_at": None,
        "sum": money.plain(invoice.sum),
        "sum_tax": money.plain(invoice.sum_tax),
        "origin": "EXTERNAL",
        "files": [],
        "actions": list(invoice.actions),
        "revision": {},
    }
