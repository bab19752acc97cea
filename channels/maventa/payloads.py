"""Documents in, what Maventa is sent out. Pure: the same document, the same payload."""

import uuid

from urllib3 import encode_multipart_formdata

from ..base import ERASED, Document, Frozen
from ..documents import CapitalChange, Claim, Debtor, Delivery, Invoice
from ..values import Payload, money, readable, without_blanks
from .cases import is_uuid, transfer_of
from .codes import (
    COLLECTION_TYPES,
    FORMATS,
    INVOICE_IDS,
    LANGUAGES,
    ROUTES,
    Call,
)

# "Full address details" (guide): what a payer cannot lack, by what a person calls it.
NEEDED = {
    "name": "name",
    "street": "street",
    "postcode": "zip",
    "city": "city",
    "country": "country",
}


def freeze(document: Document) -> Frozen:
    """An `Invoice`, a `Claim` or a `CapitalChange` as it will be sent.

    Raises `ValueError` for a change that lowers nothing: no event raises what is open.
    """
    if isinstance(document, CapitalChange):
        return Frozen(Call.EVENT, event_payload(document), batchable=False)
    if isinstance(document, Claim):
        return Frozen(Call.TRANSFER, transfer_payload(document), batchable=False)
    return Frozen(Call.INVOICE, invoice_payload(document), batchable=False)


def case_of(document: Frozen) -> str:
    """The id of an invoice is one that we choose, and its transfer is named by it."""
    if document.call == Call.TRANSFER:
        return transfer_of(document.body["invoice_id"])
    form = document.body.get("form") or {}
    return str(form.get("uuid", ""))


# --- invoices ---


def invoice_payload(invoice: Invoice) -> Payload:
    """What goes with an `Invoice`: `form` is sent beside its `file`, whose content
    comes when it is sent."""
    einvoice = invoice.einvoice
    if not einvoice:
        return {"number": invoice.number}
    return {
        "number": invoice.number,
        "file": {"name": einvoice.file.name, "checksum": einvoice.file.checksum},
        "form": without_blanks(
            {
                "uuid": invoice_id(invoice.own_reference, einvoice.file.checksum),
                "format": FORMATS.get(einvoice.format, einvoice.format),
                **_routes(invoice.delivery),
                **_recipient(invoice),
            }
        ),
    }


def invoice_id(own_reference: int, checksum: str) -> str:
    """The invoice's id at Maventa, which whoever sends it may choose.

    The same request with the same file has the same id, so that a second arrival is
    refused, and a lost answer can be asked for.
    """
    return str(uuid.uuid5(INVOICE_IDS, f"{own_reference}/{checksum}"))


def _routes(delivery: Delivery) -> dict[str, list[str]]:
    """The routes that the delivery leaves, in its order; all where it names none."""
    wanted = [
        ROUTES[method]
        for method in dict.fromkeys((delivery.method, delivery.fallback))
        if method in ROUTES
    ]
    if delivery.method not in ROUTES:
        return {}
    disabled = [
        route for route in dict.fromkeys(ROUTES.values()) if route not in wanted
    ]
    order = list(dict.fromkeys(wanted))
    return {
        "disabled_routes": disabled,
        "route_order": order if len(order) > 1 else [],
    }


def _recipient(invoice: Invoice) -> dict[str, str]:
    """Where it goes, by each route that is left."""
    delivery, debtor = invoice.delivery, invoice.debtor
    by_email = "email" in (delivery.method, delivery.fallback) or not delivery.method
    return {
        "recipient_eia": delivery.address,
        "recipient_operator": delivery.operator,
        "recipient_email": debtor.email if by_email else "",
        "lang": LANGUAGES.get(debtor.language[:2].lower(), ""),
    }


def multipart(payload: Payload, octets: bytes) -> tuple[str, bytes]:
    """`(content type, bytes)` of the request that sends an invoice."""
    fields = [
        (name, value)
        for name, values in payload["form"].items()
        for value in (values if isinstance(values, list) else [values])
    ]
    file = (payload["file"]["name"], octets, "application/xml")
    content, kind = encode_multipart_formdata([("file", file), *fields])
    return kind, content


# --- transfers ---


def transfer_payload(claim: Claim) -> Payload:
    """What goes with a `Claim` (guide: Transferring invoices): `assignment` is sent for
    the invoice."""
    debtors = (claim.debtor, *claim.co_debtors)
    return {
        "invoice_id": claim.invoice_id.lower(),
        "number": claim.number,
        "assignment": {
            "collection_type": COLLECTION_TYPES[claim.kind],
            "receivables_type": _receivables_type(claim),
            "payers": [_payer(debtor) for debtor in debtors],
            "assignment_summary": readable(
                claim.summary or claim.reason or claim.number
            ),
            **_capital(claim),
        },
    }


def _receivables_type(claim: Claim) -> str:
    kind = "b2b" if claim.debtor.is_company else "b2c"
    return f"{kind}_rental" if claim.is_rental else kind


def _capital(claim: Claim) -> Payload:
    """What is open of the invoice, which may be less than its sum.

    Assumption: `capital_amount`, as the sibling service of Amili has it; without it
    a part that was paid before the transfer would be collected once more.
    """
    return {"capital_amount": money(claim.amount)}


def _payer(debtor: Debtor) -> Payload:
    """One who owes it. Assumption: all the keys, of which no page shows any; and that
    a private person is `person`."""
    number = "business_id" if debtor.is_company else "personal_id"
    return without_blanks(
        {
            "name": debtor.name,
            "customer_type": "company" if debtor.is_company else "person",
            number: debtor.registration_number,
            "street": " ".join(filter(None, (debtor.street, debtor.street2))),
            "postcode": debtor.zip,
            "city": debtor.city,
            "country": debtor.country,
            "email": debtor.email,
            "phone": debtor.phone,
            "language": debtor.language[:2].lower(),
        }
    )


def without_personal_numbers(payload: Payload) -> Payload:
    """What was sent, with a mark for each personal identity number."""
    if "assignment" not in payload:
        return payload
    assignment = payload["assignment"]
    payers = [
        {**payer, "personal_id": ERASED} if "personal_id" in payer else payer
        for payer in assignment["payers"]
    ]
    return {**payload, "assignment": {**assignment, "payers": payers}}


def of_debtor(payload: Payload, name: str | None = None) -> Payload:
    """What was sent of the customer, the first payer, or of the payers of that name,
    with a mark for each of the others."""
    if "assignment" not in payload:
        return payload if name is None else {}
    assignment = payload["assignment"]
    payers = [
        payer
        if (not index if name is None else index and payer["name"] == name)
        else ERASED
        for index, payer in enumerate(assignment["payers"])
    ]
    return {**payload, "assignment": {**assignment, "payers": payers}}


def incomplete_payers(payload: Payload) -> list[str]:
    """What payers of a transfer lack, as a sentence for each."""
    return [
        f"{payer.get('name') or 'A payer'} lacks: {', '.join(missing)}."
        for payer in payload["assignment"]["payers"]
        if (missing := [word for key, word in NEEDED.items() if not payer.get(key)])
    ]


def has_invoice(payload: Payload) -> bool:
    return is_uuid(payload["invoice_id"])


# --- events ---


def event_payload(change: CapitalChange) -> Payload:
    """What goes with a `CapitalChange` (guide: Reporting events): `event` is posted to
    the case's assignment."""
    if not money(change.amount) > 0:
        raise ValueError("What is open can only be lowered: a person has to ask Ropo")
    return {
        "case": change.assignment,
        "number": change.number,
        "event": _event(change),
    }


def _event(change: CapitalChange) -> Payload:
    """The event itself; what lowers the capital without money is a credit.

    Assumption: the envelope, `event_type` beside the event's own names.
    """
    is_paid = change.is_payment and not change.credit_note
    return {
        "event_type": "paid" if is_paid else "credit_note",
        "sum_paid" if is_paid else "credit_sum": money(change.amount),
        "booked_at": change.date.isoformat(),
    }
