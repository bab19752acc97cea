"""Maventa's answers in, plain data out."""

import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

from .. import documents
from ..base import ServiceState
from ..errors import Fault, Meaning, Outcome, Reason, Unknown
from ..inbound import LONGEST_ID
from ..values import Json, Payload, date, moment, number, unreadable
from . import cases
from .codes import (
    CLOSED,
    DELIVERED,
    FAULTS,
    MEANINGS,
    PROGRESS,
    SERVICE_STATES,
    STAGES,
    Call,
)

# Of a list: what is known of it is that `id` is a text.
Row = dict[str, Any]

ERROR = {"code", "message", "details"}  # the keys of every error of Maventa's
OAUTH_ERRORS = (
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "unauthorized_client",
)

# What is kept of an invoice, a transfer and an assignment with what is reported of it.
INVOICE_NAMES = ("id", "status", "number", "date", "sum_tax", "currency", "actions")
TRANSFER_NAMES = ("status", "message", "assignment_id", "created_at")
ASSIGNMENT_NAMES = (
    "id",
    "invoice_id",
    "invoice_number",
    "reference_ids",
    "status",
    "collection_status",
    "currency",
    "sum",
    "sum_open",
    "sum_fees",
    "closed_at",
)
AMOUNTS = {"paid": "sum_paid", "credit_note": "credit_sum"}
OWN, ROPO = "COMPANY", "SERVICE"
ORIGINS = {OWN: True, ROPO: False}


# --- errors ---


def is_own_error(body: object, further_keys: str = "") -> TypeGuard[Json]:
    """Whether this is the one shape in which Maventa itself refuses.

    Exactly so, since gateways have shapes that are alike.

    :param further_keys: those that Maventa has besides, with commas between
    """
    return (
        isinstance(body, dict)
        and set(body) - set(further_keys.split(",")) == ERROR
        and isinstance(body["code"], str)
        and isinstance(body["message"], str)
        and isinstance(body["details"], list)
    )


def is_oauth_error(body: object) -> bool:
    """Whether this is one of RFC 6749, by which a token may be refused as well."""
    return oauth_code(body) in OAUTH_ERRORS


def oauth_code(body: object) -> object:
    return body.get("error") if isinstance(body, dict) else None


def error_code(body: object) -> str:
    return str(body.get("code") or "") if isinstance(body, dict) else ""


def error_text(body: object) -> str:
    """Maventa's own words, with its details."""
    if not isinstance(body, dict):
        return ""
    details = body.get("details")
    several = [
        str(each.get("message") or each) if isinstance(each, dict) else str(each)
        for each in (details if isinstance(details, list) else [])
    ]
    words = body.get("message") or body.get("error_description") or body.get("error")
    return ": ".join(filter(None, [str(words or ""), "; ".join(several)]))


def refusal(call: Call, body: Json, code: str) -> documents.Answer:
    """The `Answer` to a document that Maventa refused; only its code says why.

    :param code: by our name
    """
    fault = FAULTS.get(code, "")
    is_event = call == Call.EVENT
    return documents.Answer(
        Outcome.REJECTED,
        error=error_text(body) or code,
        fault=fault,
        meaning=MEANINGS.get(code, Meaning.TO_FIX) if is_event else "",
        is_duplicate=fault == Fault.DUPLICATE,
        raw=body,
    )


# --- what was taken ---


def invoice_answer(body: Json) -> documents.Answer:
    """The `Answer` to an invoice that Maventa took; raises `Unknown` for any other
    answer that is none."""
    identifier = _text(body.get("id")).lower()
    if not cases.is_uuid(identifier):
        raise Unknown(Reason.UNREADABLE, "id")
    return documents.Answer(
        Outcome.ACCEPTED,
        assignment=identifier,
        number=_text(body.get("number")),
        amount=number(body.get("sum_tax")),
        progress=progress(body),
        raw=_part(body, INVOICE_NAMES),
    )


def transfer_answer(payload: Payload, body: Json) -> documents.Answer:
    """The `Answer` to a transfer. Assumption: it shows the state, as asking for the
    state does."""
    state = progress(body)
    if not state:
        raise Unknown(Reason.UNREADABLE, "status")
    if state == "failed":
        return documents.Answer(
            Outcome.REJECTED, error=transfer_text(body), raw=body, progress=state
        )
    return documents.Answer(
        Outcome.ACCEPTED,
        assignment=cases.transfer_of(payload["invoice_id"]),
        number=payload["number"],
        progress=state,
        raw=body,
    )


def event_answer(payload: Payload, body: Json) -> documents.Answer:
    """The `Answer` to an event. Assumption: the event comes back, with its id."""
    if not _text(body.get("id")):
        raise Unknown(Reason.UNREADABLE, "id")
    return documents.Answer(
        Outcome.ACCEPTED,
        assignment=payload["case"],
        number=payload["number"],
        amount=_event_amount(body),
        raw=body,
    )


def transfer_refusal(payload: Payload, body: Json, code: str) -> documents.Answer:
    """The `Answer` to a refused transfer, without the personal identity numbers
    that it may repeat: more people read it than they are meant for."""
    answer = refusal(Call.TRANSFER, body, code)
    text = answer.error
    for payer in payload["assignment"]["payers"]:
        if personal := payer.get("personal_id"):
            text = text.replace(personal, "…")
    return dataclasses.replace(answer, error=text)


def with_meaning(answer: documents.Answer, meaning: Meaning) -> documents.Answer:
    return dataclasses.replace(answer, meaning=meaning)


# --- states ---


def progress(body: Json) -> documents.Progress:
    """How a delivery or a transfer goes on; "" where that can't be read."""
    return PROGRESS.get(_text(body.get("status")), "")


def transfer_text(transfer: Json) -> str:
    """Why a transfer failed, in Maventa's own words."""
    return _text(transfer.get("message"))


def delivery_text(invoice: Json) -> str:
    """What became of a delivery, in Maventa's own words."""
    actions = invoice.get("actions")
    last = actions[-1] if isinstance(actions, list) and actions else {}
    return _text(last.get("message")) if isinstance(last, dict) else ""


def assignment_id(transfer: Json) -> str:
    """The id of the assignment that a transfer became; "" where it is not shown.

    Assumption: the name under which it is shown.
    """
    found = _text(transfer.get("assignment_id")).lower()
    return found if cases.is_uuid(found) else ""


def service_state(body: Json) -> ServiceState:
    """Assumption: `status`, and its words, as of the sibling service of Amili."""
    state = SERVICE_STATES.get(_text(body.get("status")).upper())
    if not state:
        raise Unknown(Reason.UNREADABLE, "status")
    return state


def open_amount(assignment: Json) -> float | None:
    """What is open with interest and fees, or None. Assumption: the fees stand beside
    the capital, and these are the names."""
    capital = number(assignment.get("sum_open"))
    fees = number(assignment.get("sum_fees")) or 0.0
    return None if capital is None else round(capital + fees, 2)


def is_closed(assignment: Json) -> bool:
    return _text(assignment.get("status")).lower() == CLOSED


def assignment_state(case: str, assignment: Json) -> documents.AssignmentState:
    """The `AssignmentState` of a transfer that Ropo took."""
    status = _text(assignment.get("collection_status"))
    return documents.AssignmentState(
        assignment=case,
        number=_text(assignment.get("invoice_number")),
        stage_code=CLOSED if is_closed(assignment) else status.lower(),
        text=_status_text(status),
        progress="done",
        raw=_part(assignment, ASSIGNMENT_NAMES),
    )


def _status_text(status: str) -> str:
    """A status that no known stage stands for: a person has to read it."""
    return "" if status.lower() in STAGES else status


def transfer_state(case: str, transfer: Json) -> documents.AssignmentState:
    """The same of one that Ropo has not taken, or has refused."""
    return documents.AssignmentState(
        assignment=case,
        text=transfer_text(transfer),
        progress=progress(transfer),
        raw=_part(transfer, TRANSFER_NAMES),
    )


def invoice_state(invoice: Json) -> documents.AssignmentState:
    """The same of an invoice's delivery."""
    state = progress(invoice)
    return documents.AssignmentState(
        assignment=_text(invoice.get("id")).lower(),
        number=_text(invoice.get("number")),
        stage_code=DELIVERED if state == "done" else "",
        text=delivery_text(invoice),
        progress=state,
        raw=_part(invoice, INVOICE_NAMES),
    )


def held_invoice(invoice: Json) -> documents.HeldInvoice:
    recipient = invoice.get("recipient")
    return documents.HeldInvoice(
        assignment=_text(invoice.get("id")).lower(),
        number=_text(invoice.get("number")),
        date=date(invoice.get("date")),
        total=number(invoice.get("sum_tax")),
        currency=_text(invoice.get("currency")),
        debtor=_text(recipient.get("name")) if isinstance(recipient, dict) else "",
        progress=progress(invoice),
    )


# --- updates ---


def event_row(event: Json, assignment: Json) -> Json:
    """A row that says all that is needed of an event and of its assignment."""
    return {"event": event, "assignment": _part(assignment, ASSIGNMENT_NAMES)}


def delivery_row(invoice: Json) -> Json:
    return {"invoice": _part(invoice, INVOICE_NAMES)}


def transfer_row(invoice_id: str, transfer: Json) -> Json:
    kept = _part(transfer, TRANSFER_NAMES)
    return {"transfer": {**kept, "invoice_id": invoice_id}}


def status_update(row: Json) -> documents.StatusUpdate:
    """A `StatusUpdate` from one raw row, tolerant of what no page confirms."""
    for name, read in READERS.items():
        part = row.get(name)
        if isinstance(part, dict):
            return read(row, part)
    return documents.StatusUpdate(external_id="", kind="")


def _event_update(row: Json, event: Json) -> documents.StatusUpdate:
    """Assumption: the event's own names stand beside its type, as they do when one is
    posted, and `origin` says whose it is."""
    known = row.get("assignment")
    assignment: Json = known if isinstance(known, dict) else {}
    kind = _text(event.get("event_type")).lower()
    is_own = ORIGINS.get(_text(event.get("origin")))
    amount = event.get(AMOUNTS.get(kind, ""))
    invoice_id = _text(assignment.get("invoice_id")).lower()
    stage_code = _stage_code(kind, event)
    return documents.StatusUpdate(
        external_id=_external_id(event.get("id")),
        kind=_kind(kind, is_own),
        assignment=cases.transfer_of(invoice_id),
        number=_text(assignment.get("invoice_number")),
        code=stage_code or kind,
        text=_text(event.get("text"))
        or _status_text(_text(event.get("collection_status"))),
        time=moment(event.get("created_at")),
        amount=number(amount),
        unreadable_amount=unreadable(amount),
        day=date(event.get("booked_at")),
        stage_code=stage_code,
        is_own=is_own,
        is_message=kind == "comment" and not is_own,
    )


def _kind(kind: str, is_own: bool | None) -> str:
    """Only what the debtor paid to Ropo is a payment; our own reports come, too."""
    if is_own:
        return "report"
    return "payment" if kind == "paid" else kind


def _stage_code(kind: str, event: Json) -> str:
    """The stage that an event tells of; that of its assignment is of now, not of then.

    Assumption: an event of a new status bears it, and one ends the case.
    """
    if kind == CLOSED:
        return CLOSED
    return _text(event.get("collection_status")).lower()


def _delivery_update(_row: Json, invoice: Json) -> documents.StatusUpdate:
    state = invoice_state(invoice)
    return documents.StatusUpdate(
        external_id=_external_id(f"{state.assignment}/{invoice.get('status')}"),
        kind="delivery",
        assignment=state.assignment,
        number=state.number,
        code=_text(invoice.get("status")).lower(),
        text=state.text,
        time=_delivered_at(invoice),
        stage_code=state.stage_code,
        progress=state.progress,
    )


def _delivered_at(invoice: Json) -> datetime.datetime | None:
    actions = invoice.get("actions")
    last = actions[-1] if isinstance(actions, list) and actions else {}
    return moment(last.get("happened_at")) if isinstance(last, dict) else None


def _transfer_update(_row: Json, transfer: Json) -> documents.StatusUpdate:
    """An invoice can be transferred once more after an error, so that the moment of
    the transfer tells one error from the next."""
    case = cases.transfer_of(_text(transfer.get("invoice_id")).lower())
    parts = (case, transfer.get("status"), transfer.get("created_at"))
    return documents.StatusUpdate(
        external_id=_external_id("/".join(map(_text, parts))),
        kind="transfer",
        assignment=case,
        code=_text(transfer.get("status")),
        text=transfer_text(transfer),
        time=moment(transfer.get("created_at")),
        progress=progress(transfer),
    )


READERS: dict[str, Callable[[Json, Json], documents.StatusUpdate]] = {
    "event": _event_update,
    "invoice": _delivery_update,
    "transfer": _transfer_update,
}


# --- looking for reports of our own ---


def count_reports(events: Sequence[Json], wanted: Payload) -> int | None:
    """How many of these are reports of ours like `wanted`; None where nobody can tell
    whose they are."""
    alike = [event for event in events if is_alike(event, wanted)]
    if any(_text(event.get("origin")) not in (OWN, ROPO) for event in alike):
        return None
    return sum(event["origin"] == OWN for event in alike)


def is_alike(event: Json, wanted: Payload) -> bool:
    return (
        event.get("event_type") == wanted["event_type"]
        and date(event.get("booked_at")) == date(wanted["booked_at"])
        and _event_amount(event) == _event_amount(wanted)
    )


def _event_amount(event: Json) -> float | None:
    amount = number(event.get(AMOUNTS.get(_text(event.get("event_type")), "")))
    return None if amount is None else round(amount, 2)


# --- lists ---


def rows_of(body: object) -> list[Row]:
    """The rows of a list, those that can be known by an id.

    Assumption: a list is the whole body, or the only list in an object.
    """
    if isinstance(body, dict):
        lists = [value for value in body.values() if isinstance(value, list)]
        body = lists[0] if len(lists) == 1 else None
    if not isinstance(body, list):
        raise Unknown(Reason.UNREADABLE, "list")
    return [row for row in body if isinstance(row, dict) and _text(row.get("id"))]


def is_last_page(following: str | None, count: int, size: int) -> bool:
    """Assumption: the headers of the invoices' list are those of all lists; where they
    are not there, a page that is not full is the last.

    :param following: what names the page that follows, or None
    """
    return count < size if following is None else not following.strip()


# --- values ---


def _part(body: Json, names: Sequence[str]) -> Json:
    return {name: body[name] for name in names if name in body}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _external_id(value: object) -> str:
    text = _text(value)
    if len(text) > LONGEST_ID:
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return text
