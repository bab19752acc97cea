"""What the sandbox holds for Maventa, and the only place that keeps it.

Money is in whole cents. Part of the world: its clock, its file and its reset.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from .. import money, payouts
from ..shapes import Json

if TYPE_CHECKING:
    from ..state import World


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
CURRENCIES = {"fi": "EUR", "se": "SEK", "no": "NOK"}  # D: one for each account

DEFAULT_COMPANIES: tuple[Json, ...] = (
    {
        "company_id": "5f0c1f9e-0001-4a00-8000-000000000001",
        "name": "Sandbox Maventa",
        "service": "ACTIVE",
    },
    {
        "company_id": "5f0c1f9e-0002-4a00-8000-000000000002",
        "name": "Sandbox Maventa Sweden",
        "country": "se",
        "service": "ACTIVE",
    },
    {
        "company_id": "5f0c1f9e-0003-4a00-8000-000000000003",
        "name": "Sandbox Maventa without Ropo",
    },
)


@dataclasses.dataclass
class Company:
    """A company at Maventa.

    ``delivery`` and ``transfer`` say what becomes of the next invoices and transfers
    once they were answered; ``pending`` leaves them for the control API to move.
    """

    company_id: str
    user_api_key: str = "sandbox-user-api-key"
    vendor_api_key: str = "sandbox-vendor-api-key"
    name: str = ""
    country: str = "fi"
    bid: str = ""
    verified: bool = True
    no_right_to: list[str] = dataclasses.field(default_factory=list)
    service: str = "DISABLED"
    agreement_contact_email: str | None = None
    stop_duplicate_numbers: bool = False
    delivery: str = "DELIVERED"
    transfer: str = "sent"
    concurrency: int | None = None
    token_lifetime: int = 3600

    @property
    def currency(self) -> str:
        return CURRENCIES[self.country]


@dataclasses.dataclass
class Invoice:
    """An invoice at Maventa, and its transfer to Ropo once there is one."""

    id: str
    company_id: str
    status: str
    number: str
    date: str
    date_due: str | None
    currency: str
    sum: int
    sum_tax: int
    payable: int
    reference: str | None
    sender: Json
    recipient: Json
    credit_note: bool
    source_format: str
    destination: str
    created_at: str
    file_name: str
    comment: str | None = None
    ignored: list[str] = dataclasses.field(default_factory=list)
    actions: list[Json] = dataclasses.field(default_factory=list)
    transfer: Json | None = None


@dataclasses.dataclass
class Assignment:
    """A case at Ropo. Fees and interest are Ropo's own and shown beside the capital."""

    id: str
    company_id: str
    invoice_id: str
    invoice_number: str
    reference_ids: list[str]
    currency: str
    amount: int
    capital: int
    collection_status: str
    request: Json
    created_at: str
    closed_at: str | None = None
    interest: int = 0
    noticefee: int = 0
    paid_interest: int = 0
    paid_noticefee: int = 0
    overpaid: int = 0
    held_principal: int = 0
    held_interest: int = 0
    held_fees: int = 0

    @property
    def debtor(self) -> str:
        return str(self.request["payers"][0]["name"])


@dataclasses.dataclass
class Event:
    """Something that happened to an assignment; ``number`` is their order."""

    number: int
    id: str
    assignment_id: str
    company_id: str
    event_type: str
    origin: str  # COMPANY or SERVICE
    created_at: str
    values: Json
    seen: bool = False


Record = Company | Invoice | Assignment | Event

AMOUNTS: dict[type[Record], tuple[str, ...]] = {
    Invoice: ("sum", "sum_tax", "payable"),
    Assignment: (
        "amount",
        "capital",
        "interest",
        "noticefee",
        "paid_interest",
        "paid_noticefee",
        "overpaid",
        *payouts.HELD,
    ),
}
KINDS: dict[str, tuple[type[Record], str, str]] = {
    "company": (Company, "companies", "company_id"),
    "invoice": (Invoice, "invoices", "id"),
    "assignment": (Assignment, "assignments", "id"),
    "event": (Event, "events", "id"),
}


def shown(record: Record) -> Json:
    """A record as the control API shows it: money with two decimals."""
    amounts = AMOUNTS.get(type(record), ())
    return {**vars(record), **{n: money.plain(getattr(record, n)) for n in amounts}}


def is_uuid(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def new_id() -> str:
    return str(uuid.uuid4())


class Books:
    def __init__(self, world: World) -> None:
        self.world = world
        self.empty()

    def empty(self) -> None:
        self.companies: dict[str, Company] = {}
        self.invoices: dict[str, Invoice] = {}
        self.assignments: dict[str, Assignment] = {}
        self.events: dict[str, Event] = {}
        self.rejected: list[Json] = []
        self.duplicates = 0
        self._events_of: dict[str, list[Event]] = collections.defaultdict(list)

    def defaults(self) -> None:
        for company in DEFAULT_COMPANIES:
            self.keep(Company(**company))

    def shown(self) -> Json:
        parts = {
            name: [shown(record) for record in getattr(self, name).values()]
            for _model, name, _key in KINDS.values()
        }
        return {**parts, "rejected": self.rejected, "duplicates": self.duplicates}

    # --- records ------------------------------------------------------------------

    def keep(self, record: Record) -> None:
        """A record that is new, or has changed."""
        for kind, (model, name, key) in KINDS.items():
            if isinstance(record, model):
                identifier = getattr(record, key)
                getattr(self, name)[identifier] = record
                self.world.touch(f"maventa_{kind}", identifier, record)

    def add_event(
        self,
        assignment: Assignment,
        event_type: str,
        origin: str = "SERVICE",
        **values: Any,
    ) -> Event:
        event = Event(
            number=len(self.events) + 1,
            id=new_id(),
            assignment_id=assignment.id,
            company_id=assignment.company_id,
            event_type=event_type,
            origin=origin,
            created_at=self.stamp(),
            values=values,
        )
        self.keep(event)
        self._events_of[assignment.id].append(event)
        return event

    def events_of(self, assignment: Assignment) -> list[Event]:
        return self._events_of[assignment.id]

    def add_rejected(self, company_id: str | None, call: str, error: Json) -> None:
        row = {"company_id": company_id, "time": self.world.stamp(), "call": call}
        self.rejected.append({**row, **error})
        number = len(self.rejected)
        self.world.touch("maventa_rejected", number, self.rejected[-1])

    def add_duplicate(self) -> None:
        """Something that came a second time: it would have been sent twice."""
        self.duplicates += 1
        record = {"duplicates": self.duplicates}
        self.world.touch("maventa_meta", "meta", record)

    def stamp(self) -> str:
        """D: a timestamp is ISO 8601."""
        return self.world.now().isoformat(timespec="milliseconds")

    def restore(self, records: Mapping[str, list[Any]]) -> None:
        """What a file kept; a file from before Maventa's time gets the defaults."""
        for kind, (model, name, key) in KINDS.items():
            for values in records[f"maventa_{kind}"]:
                getattr(self, name)[values[key]] = model(**values)
        for event in self.events.values():
            self._events_of[event.assignment_id].append(event)
        self.rejected = records["maventa_rejected"]
        for meta in records["maventa_meta"]:
            self.duplicates = meta["duplicates"]
        if not self.companies:
            self.defaults()
