"""What the sandbox holds for Maventa, to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from .. import markup, money
from ..markup import Money, Raw
from ..shapes import Cells, Json
from . import receivables
from .books import Assignment, Event, Invoice

if TYPE_CHECKING:
    from ..server import Server


Held = TypeVar("Held")

COMPANIES = ("Company", "Name", "Country", "Service", "Agreement e-mail", "Invoices")
INVOICES = ("Invoice", "Number", "Receiver", "Delivery", "Transfer", "Due", "Amount")
ASSIGNMENTS = ("Assignment", "Invoice", "Debtor", "State", "Stage", "Open", "Amount")
EVENTS = ("Time", "Event", "From", "Seen", "Content")
REFUSED = ("Time", "Company", "Call", "Answer", "Why")


class Pages:
    def __init__(self, server: Server) -> None:
        self.world = server.world
        self.books = server.world.maventa

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/maventa", self.index),
            web.get("/maventa/invoices/{id}", self.invoice),
            web.get("/maventa/assignments/{id}", self.assignment),
        ]

    async def index(self, request: web.Request) -> web.Response:
        body = self._header() + self._tiles() + self._sections()
        return markup.page("Maventa in the Ropo sandbox", body)

    async def invoice(self, request: web.Request) -> web.Response:
        invoice = _one(self.books.invoices, request)
        transfer = invoice.transfer or {}
        body = _title(f"Invoice {invoice.number}", invoice.status)
        body += markup.section(
            "Actions", ("Time", "Action", "Way", "Text"), _ways(invoice)
        )
        body += _pre("Transfer, as received", transfer.get("request"))
        return markup.page(f"Invoice {invoice.number}", body)

    async def assignment(self, request: web.Request) -> web.Response:
        assignment = _one(self.books.assignments, request)
        title = f"Assignment of invoice {assignment.invoice_number}"
        body = _title(title, assignment.collection_status)
        body += markup.tiles(_facts(assignment))
        events = map(_event, reversed(self.books.events_of(assignment)))
        body += markup.section("What happened", EVENTS, events)
        body += _pre("Transfer, as received", assignment.request)
        return markup.page(title, body)

    # --- parts of the first page --------------------------------------------------

    def _header(self) -> str:
        return (
            '<header><p><a href="/">Ropo sandbox</a></p><h1>Maventa</h1>'
            "<p>Ropo's receivables through Maventa. Nothing here reaches a debtor. "
            f"Its clock: <b>{self.world.stamp()}</b> UTC. "
            '<a href="/_sandbox/state?only=maventa">State as JSON</a></p></header>'
        )

    def _tiles(self) -> str:
        assignments = self.books.assignments.values()
        still_open = [each for each in assignments if not each.closed_at]
        return markup.tiles(
            (
                ("Invoices", len(self.books.invoices)),
                ("Assignments", len(self.books.assignments)),
                ("Still open", len(still_open)),
                ("Open capital", money.text(sum(each.capital for each in still_open))),
                ("Events", len(self.books.events)),
                ("Calls refused", len(self.books.rejected)),
                ("Sent twice", self.books.duplicates),
            )
        )

    def _sections(self) -> str:
        held = self.books
        events = map(_event, markup.latest(held.events.values()))
        refused = map(_refusal, markup.latest(held.rejected))
        return "".join(
            (
                markup.section("Companies", COMPANIES, self._companies()),
                markup.section(
                    "Assignments",
                    ASSIGNMENTS,
                    map(_assignment, markup.latest(held.assignments.values())),
                ),
                markup.section(
                    "Invoices",
                    INVOICES,
                    map(_invoice, markup.latest(held.invoices.values())),
                ),
                markup.section("Events", EVENTS, events),
                markup.section("Calls refused", REFUSED, refused),
            )
        )

    def _companies(self) -> Iterator[Cells]:
        for company in self.books.companies.values():
            mine = company.company_id
            count = sum(i.company_id == mine for i in self.books.invoices.values())
            yield (
                mine,
                company.name,
                company.country.upper(),
                _badge(company.service),
                company.agreement_contact_email,
                count,
            )


def _one(records: Mapping[str, Held], request: web.Request) -> Held:
    record = records.get(request.match_info["id"])
    if record is None:
        raise web.HTTPNotFound(text="Nothing has this id")
    return record


def _title(text: str, state: str) -> str:
    return (
        '<header><p><a href="/maventa">Maventa</a></p>'
        f"<h1>{escape(text)} {_badge(state)}</h1></header>"
    )


def _badge(state: str) -> Raw:
    kind = {
        "ACTIVE": "good",
        "DELIVERED": "good",
        "closed": "good",
        "PENDING": "warn",
        "pending": "warn",
        "FAILED": "bad",
        "error": "bad",
    }.get(state, "calm")
    return Raw(markup.badge(state, kind))


def _pre(title: str, value: object) -> str:
    if value is None:
        return ""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return f"<section><h2>{escape(title)}</h2><pre>{escape(text)}</pre></section>"


def _link(kind: str, identifier: str) -> Raw:
    return Raw(f'<a href="/maventa/{kind}/{identifier}">{identifier[:8]}</a>')


def _invoice(invoice: Invoice) -> Cells:
    transfer = invoice.transfer["status"] if invoice.transfer else None
    return (
        _link("invoices", invoice.id),
        invoice.number,
        invoice.recipient["name"],
        _badge(invoice.status),
        _badge(transfer) if transfer else "",
        invoice.date_due,
        Money(f"{money.text(invoice.sum_tax)} {invoice.currency}"),
    )


def _assignment(assignment: Assignment) -> Cells:
    return (
        _link("assignments", assignment.id),
        _link("invoices", assignment.invoice_id),
        assignment.debtor,
        _badge(receivables.state(assignment)),
        _badge(assignment.collection_status),
        Money(money.text(assignment.capital)),
        Money(f"{money.text(assignment.amount)} {assignment.currency}"),
    )


def _facts(assignment: Assignment) -> tuple[tuple[str, object], ...]:
    return (
        ("Amount", money.text(assignment.amount)),
        ("Open capital", money.text(assignment.capital)),
        ("Interest", money.text(assignment.interest)),
        ("Notice fee", money.text(assignment.noticefee)),
        ("Debtor", assignment.debtor),
        ("State", receivables.state(assignment)),
    )


def _event(event: Event) -> Cells:
    pairs = (f"{k}: {v}" for k, v in event.values.items() if v is not None)
    kind = _badge(event.event_type)
    seen = "yes" if event.seen else "no"
    return event.created_at[:19], kind, event.origin, seen, ", ".join(pairs)


def _ways(invoice: Invoice) -> Iterator[Cells]:
    for action in reversed(invoice.actions):
        time = action["happened_at"][:19]
        yield time, action["type"], action["channel"], action["message"]


def _refusal(row: Json) -> Cells:
    why = "; ".join([row["message"], *row["details"]])
    answer = Raw(markup.badge(f"{row['status']} {row['code']}", "bad"))
    return row["time"], row["company_id"], row["call"], answer, why
