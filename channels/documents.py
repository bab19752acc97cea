"""What goes to a channel, and what it answers, as plain data.

The words here are accounting's; each channel translates them into its own. Amounts
are floats already rounded to the currency, percentages are 0 to 100, dates are
`datetime.date`, countries ISO 3166 alpha-2, languages and currencies ISO codes.
"""

import datetime
from dataclasses import dataclass, field
from typing import Literal, Self

from . import identifiers
from .errors import ChannelError, Outcome, Reason
from .values import Json

Progress = Literal["", "pending", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Debtor:
    """Who owes the money, and where a letter reaches him."""

    name: str
    is_company: bool
    street: str
    city: str
    zip: str = ""
    street2: str = ""
    country: str = ""
    language: str = ""
    reference: str = ""
    registration_number: str = ""
    vat: str = ""
    email: str = ""
    phone: str = ""
    contact_name: str = ""
    contact_title: str = ""
    second_email: str = ""
    country_name: str = ""
    registered_in: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the goods went, when not to the debtor's own address."""

    name: str
    is_company: bool
    street: str = ""
    street2: str = ""
    zip: str = ""
    city: str = ""
    country: str = ""
    country_name: str = ""
    contact_name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the document reaches the debtor; an empty method leaves it to Ropo.

    `subject` is what a consumer's bank knows the sender's e-invoices by; `fallback`
    the method for what can't be delivered by the first.
    """

    method: str = ""
    address: str = ""
    operator: str = ""
    subject: str = ""
    fallback: str = ""

    def faults(self) -> list[str]:
        """Those of address and operator that can't be what they should be."""
        is_address = identifiers.is_einvoice_address
        if self.method == "peppol" and ":" in self.address:
            is_address = identifiers.is_peppol_id
        checks = ((self.address, is_address), (self.operator, identifiers.is_operator))
        return [text for text, is_good in checks if text and not is_good(text)]


@dataclass(frozen=True, slots=True)
class Printing:
    """How a letter looks; what is None or empty is left to Ropo."""

    colour: bool | None = None
    double_sided: bool | None = None
    post_class: int | None = None
    layout: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """One line: `price` is per unit, without tax and before `discount` (percent).

    A row without a price is a text row (a section or a note). `tax_category` is one
    of UNCL5305 (S, Z, E, AE, ...), `exemption` says why there is no tax.
    """

    name: str
    quantity: float = 0.0
    price: float | None = None
    discount: float = 0.0
    tax_percent: float = 0.0
    net: float = 0.0
    unit: str = ""
    product_code: str = ""
    barcode: str = ""
    description: str = ""
    start: datetime.date | None = None
    end: datetime.date | None = None
    tax_category: str = ""
    exemption: str = ""
    cost_centre: str = ""

    @property
    def is_text(self) -> bool:
        return self.price is None


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """What the whole document carries at one rate, and for one reason of exemption.

    `exemption_code` is one of the VATEX list.
    """

    percent: float
    net: float
    tax: float
    category: str = ""
    exemption: str = ""
    exemption_code: str = ""


@dataclass(frozen=True, slots=True)
class AccountTotal:
    """What the whole document books on one account at one rate."""

    account: int
    net: float
    tax: float
    tax_percent: float = 0.0
    name: str = ""
    cost_centre: str = ""


@dataclass(frozen=True, slots=True)
class Instalment:
    date: datetime.date
    amount: float


@dataclass(frozen=True, slots=True)
class EarlyDiscount:
    """Who pays until `date` may keep `amount` of the total `base`."""

    date: datetime.date
    amount: float
    base: float
    percent: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The document that this one corrects."""

    number: str
    date: datetime.date
    net: float
    total: float


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with an invoice, known by the checksum of its content."""

    name: str
    checksum: str


@dataclass(frozen=True, slots=True)
class EInvoice:
    """The invoice as an electronic document, made by Odoo.

    `file` is the XML itself, in one of the formats that a channel's capabilities name.
    """

    format: str
    file: Attachment


@dataclass(frozen=True, slots=True)
class Invoice:
    """A customer invoice, or a credit note (`is_credit`), all amounts positive.

    `own_reference` is our own id, by which the answer is matched. `ledger_at_ropo`
    says that Ropo keeps the ledger of it and collects it (Unify, Embed), instead of
    only delivering it (Connect). A credit note may name the assignment or the
    number that it credits, and the `refund_account` (an IBAN) to pay it out to.
    `paid` is what was paid of it before it is sent.
    `interest` is the late interest in percent a year, None as agreed with Ropo.
    `handling`: only delivered, since Ropo's ledger has it already, or only printed by
    ourselves. `einvoice` is for channels that deliver what Odoo made of it.
    """

    own_reference: int
    number: str
    date: datetime.date
    due_date: datetime.date
    currency: str
    debtor: Debtor
    rows: tuple[InvoiceRow, ...]
    taxes: tuple[TaxTotal, ...]
    net: float
    tax: float
    total: float
    payment_reference: str = ""
    delivery: Delivery = Delivery()
    ledger_at_ropo: bool = False
    unique_number: bool = True
    buyer_reference: str = ""
    note: str = ""
    is_credit: bool = False
    credits_assignment: str = ""
    credits_number: str = ""
    origin: Origin | None = None
    refund_account: str = ""
    printing: Printing = Printing()
    place: Place | None = None
    delivery_date: datetime.date | None = None
    delivery_terms: str = ""
    our_reference: str = ""
    buyer_cost_centre: str = ""
    contract_number: str = ""
    order_number: int | None = None
    sales_person: str = ""
    interest: float | None = None
    instalments: tuple[Instalment, ...] = ()
    paid: float = 0.0
    early_discount: EarlyDiscount | None = None
    is_foreign: bool = False
    cost_centre: str = ""
    accounts: tuple[AccountTotal, ...] = ()
    booking_date: datetime.date | None = None
    period: datetime.date | None = None
    journal: str = ""
    may_remind: bool = True
    process: str = ""
    financing: Literal["", "financing", "purchase"] = ""
    attachments: tuple[Attachment, ...] = ()
    image: Attachment | None = None
    handling: Literal["", "deliver_only", "local_print"] = ""
    einvoice: EInvoice | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An overdue invoice, transferred with its open capital `amount`.

    `notice_date` is the date of the creditor's own reminder, `notice_fee` what that
    cost, `interest` the late interest in percent a year (None as agreed with Ropo).
    `invoice_id` is the invoice's id at the channel, where the channel needs it there.
    `co_debtors` owe it as well; `summary` says what it is for.
    """

    own_reference: int
    kind: Literal["reminder", "collection"]
    number: str
    date: datetime.date
    due_date: datetime.date
    currency: str
    debtor: Debtor
    amount: float
    payment_reference: str
    delivery: Delivery = Delivery()
    notice_date: datetime.date | None = None
    reason: str = ""
    process: str = ""
    debt_type: Literal["", "capital", "customer_fee", "reminder_fee"] = ""
    notice_fee: float = 0.0
    interest: float | None = None
    invoice_id: str = ""
    is_rental: bool = False
    co_debtors: tuple[Debtor, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class CapitalChange:
    """Something in the ledger lowered the capital by `amount` (negative: raised it).

    Reported of one assignment, by its id, or by the invoice's number where the id is
    not known. `credit_note` is the number of the credit note that did it. By
    `identifier`, which the description bears as well, it is recognised where the
    channel reports it back.
    """

    date: datetime.date
    amount: float
    assignment: str = ""
    number: str = ""
    credit_note: str = ""
    identifier: str = ""
    description: str = ""
    is_payment: bool = True


@dataclass(frozen=True, slots=True)
class Capital:
    """What is open of one assignment, as Ropo says: capital, interest and fees."""

    capital: float
    interest: float = 0.0
    fees: float = 0.0

    @property
    def total(self) -> float:
        return self.capital + self.interest + self.fees


@dataclass(frozen=True, slots=True)
class Answer:
    """What Ropo answered to one document. `raw` is its own words, whole.

    `reason` is set when no answer came, `error` when one came and was no; `meaning` is
    then a `Meaning`, where the channel knows it, and `fault` a `Fault`. `document`
    is the PDF of what was posted for local print. `is_duplicate` is a refusal because
    Ropo has a document of that number already. `progress` as of `AssignmentState`.
    """

    outcome: Outcome
    reason: Reason | None = None
    assignment: str = ""
    number: str = ""
    payment_reference: str = ""
    amount: float | None = None
    error: str = ""
    notices: tuple[str, ...] = ()
    meaning: str = ""
    is_duplicate: bool = False
    before: Capital | None = None
    after: Capital | None = None
    unallocated: float = 0.0
    retry_after: float | None = None
    document: bytes = b""
    raw: Json = field(default_factory=dict)
    fault: str = ""
    progress: Progress = ""

    @classmethod
    def failed(cls, error: ChannelError) -> Self:
        """The answer that stands for a call that raised this `ChannelError`."""
        return cls(
            error.outcome,
            reason=error.reason,
            error=error.detail,
            retry_after=error.retry_after,
            raw={"reason": str(error.reason), "detail": error.detail},
        )


@dataclass(frozen=True, slots=True)
class CaseRef:
    """By which a channel knows a case: its id, where that is known, else the number.

    `debtor` is the reference by which the channel knows who owes.
    """

    assignment: str = ""
    number: str = ""
    debtor: str = ""


@dataclass(frozen=True, slots=True)
class AssignmentState:
    """Where one assignment stands: `stage_code` is Ropo's own, of an open list.

    `progress`: how its delivery, or its transfer, goes on; empty where it was settled
    with the answer. Of what failed, `text` says why.
    """

    assignment: str
    number: str = ""
    stage_code: str = ""
    text: str = ""
    next_stage: str = ""
    next_stage_date: datetime.date | None = None
    raw: Json = field(default_factory=dict)
    progress: Progress = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one assignment stands and what is open of it, with interest and fees.

    `error` is the `ChannelError` that kept us from knowing.
    """

    outcome: Outcome
    state: AssignmentState | None = None
    open_amount: float | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """One thing that happened at Ropo; `external_id` is unique in the profile, and
    empty where it has none: such a row can't be kept once.

    `day` is that of the money. `stage_code` is empty where none is reported.
    `unreadable_amount` is what was given as amount and is none. `progress` as of
    `AssignmentState`. `is_own`: the company reported it itself, by whatever program;
    None where the channel does not say whose report it is. `is_message`: somebody at
    Ropo wrote it for people to read, unless its stage is known.
    """

    external_id: str
    kind: str
    assignment: str = ""
    number: str = ""
    code: str = ""
    text: str = ""
    time: datetime.datetime | None = None
    amount: float | None = None
    unreadable_amount: str = ""
    day: datetime.date | None = None
    stage_code: str = ""
    progress: Progress = ""
    is_own: bool | None = None
    is_message: bool = False


@dataclass(frozen=True, slots=True)
class HeldInvoice:
    """One of our own invoices that a channel holds; `total` is with tax."""

    assignment: str
    number: str
    date: datetime.date | None = None
    total: float | None = None
    currency: str = ""
    debtor: str = ""
    progress: Progress = ""


@dataclass(frozen=True, slots=True)
class CustomerInvoice:
    """One invoice of a debtor, as Ropo's customer ledger shows it.

    `open_amount` is capital, interest and fees together.
    """

    assignment: str
    number: str | None
    status: str
    open_amount: float | None = None
