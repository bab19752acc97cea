"""What a channel is: the one interface to a service of Ropo's.

Models ask a channel's `capabilities`, never its name. Identifiers are opaque texts; no
word, code, key or address of a service leaves its package.
"""

import datetime
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

from .documents import (
    Answer,
    CapitalChange,
    CaseRef,
    Claim,
    HeldInvoice,
    Invoice,
    Standing,
    StatusUpdate,
)
from .values import Json, Payload

# What an account may have a channel send.
Document = Invoice | Claim | CapitalChange
# What stands in a payload for a personal identity number that was erased.
ERASED = "…"


@dataclass(slots=True)
class Token:
    """An access token and the moment it ends (seconds since the epoch).

    `lacks` are the rights that were asked for with it and not granted, where the
    channel shows it, in its own words.
    """

    value: str = ""
    expires: float = 0.0
    lacks: tuple[str, ...] = ()

    def good_for(self, seconds: float) -> bool:
        return bool(self.value) and self.expires - time.time() > seconds


@dataclass(frozen=True, slots=True)
class Frozen:
    """One document as it will be sent; JSON.

    `call` names the channel's own call for it. Files are in `body` by their checksums
    only. `batchable`: several of the same call may travel together.
    """

    call: str
    body: Payload
    batchable: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """What the channel shows of a document whose answer was lost.

    Of an assignment, whether it arrived (None: the channel can't say) and its id. Of a
    change of a case, what is open of the case, with interest and fees, and how many
    `reports` of ours with this kind, sum and day the case bears (None: unknown). Two
    equal payments of one day are two reports: it arrived when there is one more than
    are known to have arrived.
    """

    arrived: bool | None = None
    assignment: str = ""
    open_amount: float | None = None
    reports: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Raw status updates that came together.

    Whoever keeps them commits `rows` and `cursor` first, then calls `acknowledge()`.
    `is_last` where the channel says, or shows, that no more come after it.
    """

    rows: Sequence[Json]
    cursor: Json | None = None
    is_last: bool = False
    acknowledge: Callable[[], None] = field(default=lambda: None, compare=False)


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """What was agreed about the invoices that the channel delivers.

    `collects`: the channel collects them by itself. `keeps_books`: it keeps the ledger
    with all its accounts, and needs what the books need.
    """

    collects: bool = False
    keeps_books: bool = False


@dataclass(frozen=True, slots=True)
class FileRules:
    """Which files may travel with an invoice.

    `documents` and `sheets` are the endings of their names; sheets go only to companies
    and by `sheet_deliveries`. Electronic deliveries take `electronic_limit` bytes with
    the invoice itself, for which `own_share` is reserved where its size is not known;
    the others take `letter_limit`.
    """

    documents: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    sheet_deliveries: tuple[str, ...] = ()
    electronic: tuple[str, ...] = ()
    electronic_limit: int = 0
    letter_limit: int = 0
    own_share: int = 0

    def may_travel(self, name: str, delivery: str, is_company: bool) -> bool:
        """Whether the channel takes a file of this name."""
        allows_sheets = is_company or delivery in self.sheet_deliveries
        sheets = self.sheets if allows_sheets else ()
        return name.lower().endswith((*self.documents, *sheets))

    def room(self, delivery: str, own_size: int | None = None) -> int:
        """How many bytes of files may travel with one invoice that is delivered so.

        :param own_size: of the invoice itself, where it is known
        """
        is_electronic = delivery in self.electronic
        limit = self.electronic_limit if is_electronic else self.letter_limit
        return limit - (self.own_share if own_size is None else own_size)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do, as data.

    :param kinds: of documents that it takes
    :param deliveries: ways of delivery that a customer or an account may choose
    :param invoice_deliveries: what stands for a chosen delivery of an invoice, where
        that is another one; `reminder_deliveries` the same for a reminder
    :param service_models: the agreements that there are, by name
    :param batch_size: the most documents that travel in one call
    :param reversal: how a reported payment is taken back: by a call, or by a person
    :param credit_ways: how the allocation of a credit note can be reported
    :param pages_are_final: a page of updates that was given is never given again
    :param preview: whether a document can be seen before it is sent, and so on
    :param longest_call: seconds that the longest of its calls needs
    :param calls_per_document: calls that sending one document can need, besides that
        for a token
    :param countries: whose companies it serves (ISO 3166, small letters)
    :param currencies: by country, those that a claim may be in; any where it has none
    :param decimals: of amounts
    :param minimum_days: after the due date before a transfer, by `company` and
        `person`; an account can't lower them
    :param needs_invoice: a transfer needs the invoice at the channel
    :param finds_invoices: an invoice that is there already can be found by its number
    :param einvoice_formats: of `EInvoice`, where it delivers what Odoo made
    :param rental_countries: where it has terms of their own for rent
    :param co_debtors: whether a claim may have several debtors
    :param settles_later: kinds of documents whose answer leaves delivery or acceptance
        open; see `updates`
    :param activation: whether the service is activated and closed by calls
    :param invoice_terms: what a user may choose of an invoice, by `Invoice`'s names
        (and `fallback` of a delivery); `claim_terms` the same by `Claim`'s names
    """

    kinds: frozenset[str]
    deliveries: tuple[str, ...] = ()
    invoice_deliveries: Mapping[str, str] = field(default_factory=dict)
    reminder_deliveries: Mapping[str, str] = field(default_factory=dict)
    service_models: Mapping[str, ServiceModel] = field(default_factory=dict)
    batch_size: int = 1
    reversal: Literal["call", "person"] = "call"
    credit_ways: tuple[str, ...] = ("payment",)
    pages_are_final: bool = False
    preview: bool = False
    local_print: bool = False
    documents: bool = False
    letters: bool = False
    debtor_page: bool = False
    webhook: bool = False
    files: FileRules = FileRules()
    longest_call: int = 0
    calls_per_document: int = 1
    countries: tuple[str, ...] = ()
    currencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decimals: int = 2
    minimum_days: Mapping[str, int] = field(default_factory=dict)
    needs_invoice: bool = False
    finds_invoices: bool = False
    einvoice_formats: tuple[str, ...] = ()
    rental_countries: tuple[str, ...] = ()
    co_debtors: bool = False
    settles_later: frozenset[str] = frozenset()
    activation: bool = False
    invoice_terms: frozenset[str] = frozenset()
    claim_terms: frozenset[str] = frozenset()


ServiceState = Literal["inactive", "pending", "active"]


class Channel(Protocol):
    """The calls of one profile at a channel; safe to use from several threads.

    What is a `classmethod` or a constant needs no connection. The calls that only some
    channels have follow below; the capabilities say which those are.
    """

    label: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    # Fields of the account, and those of them that say whose profile it is.
    credentials: ClassVar[tuple[str, ...]]
    identity: ClassVar[tuple[str, ...]]
    # By `(environment, country)`; what is not in it may be entered.
    hosts: ClassVar[Mapping[tuple[str, str], str]]
    # The same of further APIs, by the field of the account that has their address: an
    # option of the constructor, of that name; empty stands for the usual one.
    further_hosts: ClassVar[Mapping[str, Mapping[tuple[str, str], str]]]
    # Status codes with a known stage, and those that no document confirms.
    stages: ClassVar[Mapping[str, str]]
    assumed_codes: ClassVar[tuple[str, ...]]
    # Names of the settings (system parameters) that replace what no document confirms.
    settings: ClassVar[tuple[str, ...]]

    fingerprint: str  # of the credentials, which distinguishes tokens of others
    profile: str
    token: Token
    secrets: tuple[str, ...]  # of the credentials, what nobody may read anywhere

    def close(self) -> None: ...

    def connect(self) -> Token:
        """Gets a fresh token; raises a `ChannelError` when there is none to be had."""

    @classmethod
    def freeze(cls, document: Document) -> Frozen: ...

    @classmethod
    def case_of(cls, document: Frozen) -> str:
        """The id of the case that this becomes, where we choose it; empty where only
        the answer says it."""

    @classmethod
    def without_personal_numbers(cls, payload: Payload) -> Payload:
        """The body of a `Frozen` with `ERASED` for each personal identity number."""

    @classmethod
    def of_debtor(cls, payload: Payload, name: str | None = None) -> Payload:
        """What the body of a `Frozen` says of one debtor, with `ERASED` for others.

        :param name: of a co-debtor; None: the customer. Empty where it says nothing
        """

    def send(
        self, documents: Sequence[Frozen], files: Mapping[str, bytes]
    ) -> list[Answer]:
        """Sends these in one call; one `Answer` each, in order. Never raises.

        :param files: contents by checksum
        """

    def find(self, document: Frozen, case: CaseRef | None) -> Found:
        """What became of a document whose answer was lost.

        :param case: the one that the document changes, or None for an assignment
        """

    def standings(self, cases: Sequence[CaseRef]) -> list[Standing]:
        """Where cases of one debtor stand; raises nothing."""

    def updates(
        self, cursor: Json | None, pending: Sequence[CaseRef] = ()
    ) -> Iterator[Page]:
        """The status updates that are new.

        :param pending: cases whose delivery or acceptance is not known to be settled;
            what became of them comes as updates with a `progress`
        """

    def history(self, case: CaseRef) -> list[Json]:
        """All raw updates of one case."""

    @classmethod
    def interpret(cls, raw: Json, /) -> StatusUpdate: ...

    @classmethod
    def messages(cls, body: bytes, headers: Mapping[str, str], /) -> list[Json]:
        """The raw updates that the webhook brought; raises `RefusedError`."""


class WithDocuments(Protocol):
    """The calls that go with `documents`, `preview` and `debtor_page`."""

    def document(self, case: CaseRef, which: Literal["original", "letter"]) -> bytes:
        """A PDF; raises a `ChannelError` when there is none."""

    def preview(self, document: Frozen) -> bytes:
        """The PDF that sending would make; nothing is sent."""

    def debtor_page(self, case: CaseRef) -> str:
        """The https address of the page where the debtor sees and pays; "" if none."""


class WithDays(Protocol):
    """The calls that go with `pages_are_final`."""

    def day(self, day: datetime.date) -> Iterator[Page]:
        """All updates of one day, also those that were given before."""


class WithInvoices(Protocol):
    """The calls that go with `finds_invoices`."""

    def find_invoice(
        self, number: str, date: datetime.date | None
    ) -> list[HeldInvoice]:
        """Our invoices of that number and date that the channel holds, however they
        came there.

        :param date: of the invoice, or None for any
        """


class WithActivation(Protocol):
    """The calls that go with `activation`."""

    def activate_service(self, email: str) -> ServiceState:
        """Asks for the agreement, which is sent to this address."""

    def service_state(self) -> ServiceState: ...

    def close_service(self) -> ServiceState:
        """Ends the agreement; cases that are open go on."""
