"""The Receivables API: what became of assignments, and what the company reports.

S: the calls, ``collection_status`` as an open list, and the two events that can be
posted for Ropo: ``paid`` (``sum_paid``, ``booked_at``) and ``credit_note``
(``credit_sum``, ``booked_at``). D: an assignment is open, partially closed or closed,
and carries ``invoice_id`` and ``reference_ids``; filters for the debtor's name and for
the dates of creation and closing; an event can be marked as seen.
"""

from collections.abc import Mapping
from typing import TypeVar

from .. import ledger, money, payouts
from ..shapes import Json
from . import checks
from .books import Assignment, Books, Company, Event
from .errors import CLOSED, NO_ASSIGNMENT, NO_EVENT, WRONG_EVENT, Refused

Owned = TypeVar("Owned", Assignment, Event)

# S; the list is open, so the control API may set anything.
COLLECTION_STATUSES = (
    "reminder_sent",
    "debt_collection",
    "legal_collection",
    "payment_plan",
)
FINAL = "closed"  # A
AMOUNTS = {"paid": "sum_paid", "credit_note": "credit_sum"}  # S
ENVELOPE = "event_type"  # A: {"event_type": "paid", "sum_paid": ..., "booked_at": ...}
COMPANY = "COMPANY"  # A: whose event it is; Ropo's own say SERVICE


# --- looking ----------------------------------------------------------------------


def of_company(records: Mapping[str, Owned], company: Company) -> list[Owned]:
    mine = company.company_id
    return [each for each in records.values() if each.company_id == mine]


def listed(books: Books, company: Company, query: Mapping[str, str]) -> list[Json]:
    """D: debtor name, created and closed dates. A: their names, newest first, and that
    any other filter changes nothing."""
    wanted = query.get("debtor_name", "").casefold()
    found = [
        each
        for each in of_company(books.assignments, company)
        if wanted in each.debtor.casefold()
        and checks.in_window(query, "created_at", each.created_at)
        and checks.in_window(query, "closed_at", each.closed_at)
    ]
    return [shown(books, each) for each in reversed(found)]


def find(books: Books, company: Company, identifier: str) -> Assignment:
    assignment = books.assignments.get(identifier)
    if assignment is None or assignment.company_id != company.company_id:
        raise Refused(NO_ASSIGNMENT, f"Assignment {identifier} was not found")
    return assignment


def events(books: Books, company: Company, query: Mapping[str, str]) -> list[Json]:
    """Of all assignments. A: the oldest first, so that a page once read does not move;
    ``created_at_start`` and ``seen`` narrow it, which makes either one a cursor."""
    seen = query.get("seen")
    if seen not in (None, "true", "false"):
        raise checks.invalid("seen: must be true or false")
    return [
        event_shown(each)
        for each in of_company(books.events, company)
        if (seen is None or each.seen == (seen == "true"))
        and checks.in_window(query, "created_at", each.created_at)
    ]


def mark_seen(books: Books, assignment: Assignment, event_id: str) -> None:
    """A: a second time changes nothing."""
    event = books.events.get(event_id)
    if event is None or event.assignment_id != assignment.id:
        raise Refused(NO_EVENT, f"Event {event_id} was not found")
    event.seen = True
    books.keep(event)


# --- what the company reports -----------------------------------------------------


def post_event(books: Books, assignment: Assignment, body: Json) -> Event:
    """The event, kept and counted. A: a closed assignment takes none."""
    kind = _kind(body)
    _check(body, kind, books.world.today().isoformat())
    if assignment.closed_at:
        raise Refused(CLOSED, f"Assignment {assignment.id} is closed")
    if _came_before(books, assignment, body, kind):
        books.add_duplicate()
    values = {name: body[name] for name in (AMOUNTS[kind], "booked_at")}
    event = books.add_event(assignment, kind, COMPANY, **values)
    amount = money.cents(body[AMOUNTS[kind]])
    (ledger.credit if kind == "credit_note" else ledger.pay)(assignment, amount)
    close_if_settled(books, assignment)
    return event


def _kind(body: Json) -> str:
    kind = body.get(ENVELOPE)
    if not isinstance(kind, str):
        raise checks.invalid(f"{ENVELOPE}: is missing")
    if kind not in AMOUNTS:
        text = f"Ropo takes {' and '.join(AMOUNTS)} only, not {kind}"
        raise Refused(WRONG_EVENT, text)
    return kind


def _check(body: Json, kind: str, today: str) -> None:
    """A: other names are refused; money is above zero; no day after today."""
    amount = AMOUNTS[kind]
    names = (ENVELOPE, amount, "booked_at")
    problems = [f"{name}: is not known" for name in sorted(set(body) - set(names))]
    if not checks.is_amount(body.get(amount)):
        problems.append(f"{amount}: must be an amount above zero, to the cent")
    if not checks.is_day(body.get("booked_at")):
        problems.append("booked_at: must be YYYY-MM-DD")
    elif body["booked_at"] > today:
        problems.append("booked_at: must not be after today")
    if problems:
        raise checks.invalid(*problems)


def _came_before(books: Books, assignment: Assignment, body: Json, kind: str) -> bool:
    """The same kind, sum and day again: taken, as the API knows no key against it, and
    counted for tests that must know that nothing was reported twice."""
    values = {name: body[name] for name in (AMOUNTS[kind], "booked_at")}
    return any(
        each.event_type == kind and each.origin == COMPANY and each.values == values
        for each in books.events_of(assignment)
    )


# --- what happens at Ropo ---------------------------------------------------------


def collect(books: Books, assignment: Assignment, amount: int, day: str) -> None:
    """The debtor pays to Ropo."""
    payouts.keep(assignment, ledger.pay(assignment, amount))
    sum_paid = money.plain(amount)
    books.add_event(assignment, "paid", sum_paid=sum_paid, booked_at=day)
    close_if_settled(books, assignment)


def move(
    books: Books,
    assignment: Assignment,
    collection_status: str,
    text: str | None = None,
) -> None:
    assignment.collection_status = collection_status
    books.keep(assignment)
    books.add_event(
        assignment, "collection_status", collection_status=collection_status, text=text
    )


def close_if_settled(books: Books, assignment: Assignment) -> None:
    books.keep(assignment)
    if ledger.settled(assignment):
        close(books, assignment, "Settled")


def close(books: Books, assignment: Assignment, text: str) -> None:
    assignment.closed_at = books.stamp()
    assignment.collection_status = FINAL
    books.keep(assignment)
    books.add_event(assignment, "closed", text=text)


# --- answers ----------------------------------------------------------------------


def state(assignment: Assignment) -> str:
    """D for the three; A for when each of them is true."""
    if assignment.closed_at:
        return "closed"
    lowered = assignment.capital < assignment.amount
    return "partially_closed" if lowered else "open"


def shown(books: Books, assignment: Assignment) -> Json:
    """D: ``invoice_id``, ``reference_ids``, the state and the events. S:
    ``collection_status``. A: the other names, and that fees stand by themselves."""
    fees = assignment.interest + assignment.noticefee
    return {
        "id": assignment.id,
        "invoice_id": assignment.invoice_id,
        "invoice_number": assignment.invoice_number,
        "reference_ids": assignment.reference_ids,
        "service": "ropo",
        "status": state(assignment),
        "collection_status": assignment.collection_status,
        "debtor_name": assignment.debtor,
        "currency": assignment.currency,
        "sum": money.plain(assignment.amount),
        "sum_open": money.plain(assignment.capital),
        "sum_fees": money.plain(fees),
        "created_at": assignment.created_at,
        "closed_at": assignment.closed_at,
        "events": [event_shown(each) for each in books.events_of(assignment)],
    }


def event_shown(event: Event) -> Json:
    """A: the event's own names stand beside its type, as they do when posted."""
    return {
        "id": event.id,
        "assignment_id": event.assignment_id,
        ENVELOPE: event.event_type,
        "origin": event.origin,
        "created_at": event.created_at,
        "seen": event.seen,
        **event.values,
    }
