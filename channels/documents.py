"""What can be told to Ropo, and what it answers, as plain data.

The words here are accounting's; each channel translates them into its own. Amounts
are floats already rounded to the currency, percentages are 0 to 100, dates are
`datetime.date`, countries ISO 3166 alpha-2, languages and currencies ISO codes.
"""

import datetime
from dataclasses import dataclass, field
from typing import Literal

from .errors import Outcome, Reason


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


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the document reaches the debtor; an empty method leaves it to Ropo.

    `subject` is what a consumer's bank knows the sender's e-invoices by.
    """

    method: str = ""
    address: str = ""
    operator: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """One line: `price` is per unit, without tax and before `discount` (percent).

    A row without a price is a text row (a section or a note).
    """

    name: str
    quantity: float = 0.0
    price: float | None = None
    discount: float = 0.0
    tax_percent: float = 0.0
    net: float = 0.0
    unit: str = ""
    product_code: str = ""

    @property
    def is_text(self):
        return self.price is None


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """What the whole document carries at one rate."""

    percent: float
    net: float
    tax: float


@dataclass(frozen=True, slots=True)
class Invoice:
    """A customer invoice, or a credit note (`is_credit`), all amounts positive.

    `own_reference` is our own id, by which the answer is matched. `ledger_at_ropo`
    says that Ropo keeps the ledger of it and chases it (Unify, Embed), instead of
    only delivering it (Connect). A credit note may name the assignment or the
    number that it credits.
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
    credits_assignment: int | None = None
    credits_number: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """An overdue invoice, handed over with its open capital `amount`.

    `notice_date` is the date of the creditor's own reminder.
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


@dataclass(frozen=True, slots=True)
class CapitalChange:
    """Something in the ledger lowered the capital by `amount` (negative: raised it).

    Told about one assignment, by its id, or by the invoice's number where the id is
    not known. `credit_note` is the number of the credit note that did it.
    """

    date: datetime.date
    amount: float
    assignment: int | None = None
    number: str = ""
    credit_note: str = ""
    description: str = ""
    is_payment: bool = True


@dataclass(frozen=True, slots=True)
class Capital:
    """What is open of one assignment, as Ropo says: capital, interest and fees."""

    capital: float
    interest: float = 0.0
    fees: float = 0.0

    @property
    def total(self):
        return self.capital + self.interest + self.fees


@dataclass(frozen=True, slots=True)
class Answer:
    """What Ropo said to one document. `raw` is its own words, whole.

    `reason` is set when no answer came, `error` when one came and was no.
    """

    outcome: Outcome
    reason: Reason | None = None
    assignment: int | None = None
    number: str = ""
    payment_reference: str = ""
    amount: float | None = None
    error: str = ""
    notices: tuple[str, ...] = ()
    code: int | None = None
    before: Capital | None = None
    after: Capital | None = None
    unallocated: float = 0.0
    retry_after: float | None = None
    raw: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AssignmentState:
    """Where one assignment stands: `stage` is None when its code is not known."""

    assignment: int
    number: str = ""
    stage: str | None = None
    text: str = ""
    next_stage: str = ""
    next_stage_date: datetime.date | None = None
    raw: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """One thing that happened at Ropo; `external_id` is unique in the profile."""

    external_id: str
    kind: str
    assignment: int | None = None
    number: str = ""
    code: str = ""
    text: str = ""
    time: datetime.datetime | None = None
    amount: float | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerInvoice:
    """One invoice of a debtor, as Ropo's customer ledger shows it.

    `open_amount` is capital, interest and fees together.
    """

    assignment: int | None
    number: str
    status: str
    open_amount: float | None = None
