"""Years of invoices, payments and cases as a plain list, the same for the same seed.

Nothing of Odoo is imported: the list is what tests compute each figure from anew.
`history_rows` writes it into a database. Amounts are cents.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

TERM = 14  # days
# Of an invoice in the currency of its company, or this many of it for one of that.
FOREIGN_RATE = 10
SETTLEMENTS = ("payment", "collected", "credit", "loss", "adjustment")
COLLECTING = ("collection", "legal", "payment_plan")


@dataclass
class Document:
    """An entry of two journal items: what a customer owes, and the other side."""

    number: int
    book: int
    kind: str  # invoice, payout, or one of SETTLEMENTS
    date: date
    customer: int
    is_foreign: bool
    amount: int
    settles: int | None = None  # the number of the other document
    due: date | None = None
    left: int = 0  # open of it today
    state: str | None = None  # at Ropo

    @property
    def balance(self):
        """In the currency of the company."""
        return self.amount // FOREIGN_RATE if self.is_foreign else self.amount


@dataclass
class Case:
    """What Ropo holds of an invoice."""

    invoice: int
    kind: str
    began: date
    stage: str
    stage_date: date
    amount: int
    open_amount: int
    charges: int = 0
    covers: dict = field(default_factory=dict)  # amounts, by document
    losses: dict = field(default_factory=dict)
    differs_since: date | None = None
    decision: str | None = None  # of a person, when Ropo closed it unpaid


@dataclass
class Event:
    """What Ropo reported of the case of an invoice."""

    invoice: int
    date: date
    stage: str | None = None
    amount: int = 0
    settlement: int | None = None  # the document by which it stands in the ledger
    recovered: int = 0
    to_review: bool = False  # money that a person looks at
    is_message: bool = False
    is_unread: bool = False


@dataclass
class Request:
    """What was sent to Ropo of an invoice."""

    invoice: int
    operation: str
    amount: int
    date: date
    state: str = "done"
    settlement: int | None = None


class History:
    """`count` invoices of as many books as there are, in the last `days` days.

    :param open_share: how many of those transferred are still open
    """

    def __init__(self, count, books, today, *, seed=1, days=380, open_share=0.4):
        self.today, self.days, self.open_share = today, days, open_share
        self.random = Random(seed)
        self.documents, self.events, self.requests = [], [], []
        self.cases, self.deliveries = {}, {}
        self._events_by_invoice = None
        for number in range(count):
            self._write_invoice(number % books, number // 7)
        # By numbers of their own: whatever they are, the rest stays as it was.
        self.random = Random(seed + 1)
        self._leave_to_people()

    # --- the life of an invoice ---

    def _write_invoice(self, book, customer):
        day = self.today - timedelta(days=self.random.randint(3, self.days))
        invoice = Document(
            len(self.documents),
            book,
            "invoice",
            day,
            customer,
            is_foreign=book == 0 and self.random.random() < 0.1,
            amount=self.random.randint(50, 20_000) * 100,
            due=day + timedelta(days=TERM),
        )
        invoice.left = invoice.amount
        self.documents.append(invoice)
        if self.random.random() < 0.5:
            self._deliver(invoice)
        transfer = invoice.due + timedelta(days=self.random.randint(8, 30))
        if self.random.random() < 0.15:
            self._settle(invoice, "payment", 0.3, self._between(day, invoice.due))
        if self.random.random() < 0.4:
            self._settle(invoice, "payment", 1, self._between(day, invoice.due, 10))
        elif transfer < self.today and self.random.random() < 0.9:
            self._transfer(invoice, transfer)

    def _deliver(self, invoice):
        stage = "invoiced"
        self.deliveries[invoice.number] = Case(
            invoice.number,
            "invoice",
            invoice.date,
            stage,
            invoice.date,
            invoice.amount,
            invoice.amount,
        )
        invoice.state = "sent"
        self.requests.append(
            Request(invoice.number, "invoice", invoice.amount, invoice.date)
        )

    def _transfer(self, invoice, day):
        kind = self.random.choice(("reminder", "reminder", "collection"))
        case = Case(invoice.number, kind, day, kind, day, invoice.left, invoice.left)
        for other in self._settlements_of(invoice):
            case.covers[other.number] = other.amount
        self.cases[invoice.number] = case
        self.requests.append(Request(invoice.number, kind, case.amount, day))
        self._move_on(case)
        if self.random.random() < self.open_share:
            self._leave_open(invoice, case)
        else:
            self._end(invoice, case)
        invoice.state = self._state_of(case)

    def _move_on(self, case):
        """Ropo reports the next stages of a case."""
        order = ("reminder", "collection", "legal", "payment_plan")
        for stage in order[order.index(case.kind) : self.random.randint(1, 4)]:
            case.stage_date = self._between(case.stage_date, self.today, 40)
            case.stage = stage
            self.events.append(Event(case.invoice, case.stage_date, stage=stage))

    def _leave_open(self, invoice, case):
        for kind in SETTLEMENTS:
            if self.random.random() < 0.15:
                self._settle(invoice, kind, 0.2, self._after(case), case)
        case.charges = self.random.randint(0, 50) * 100
        if self.random.random() < 0.02:
            case.open_amount += 500
            case.differs_since = self.today - timedelta(days=3)

    def _end(self, invoice, case):
        way = self.random.choice(
            ("collected", "collected", "payment", "credit", "loss", "recovered")
        )
        if self.random.random() < 0.3:
            self._settle(invoice, "collected", 0.5, self._after(case), case)
        if way == "recovered":
            self._settle(invoice, "loss", 1, self._after(case), case)
            self._recover(invoice, case)
        else:
            self._settle(invoice, way, 1, self._after(case), case)
        if way != "loss" and not case.open_amount:
            case.stage = "credited" if way == "credit" else "paid"
        elif self.random.random() < 0.3:
            case.stage = "closed"
        case.stage_date = max(case.stage_date, self._after(case))

    def _recover(self, invoice, case):
        amount = case.open_amount // 200 * 100 if self.random.random() < 0.5 else 0
        amount = amount or case.open_amount
        case.open_amount -= amount
        self.events.append(
            Event(invoice.number, self.today, amount=amount, recovered=amount)
        )

    def _settle(self, invoice, kind, share, day, case=None):
        """A part of what is open is settled: by whole tens of the currency, so that
        it is as exact in the company's."""
        amount = invoice.left
        if share != 1:
            amount = int(amount * share) // 1000 * 1000
        if not amount:
            return
        number = len(self.documents)
        invoice.left -= amount
        self.documents.append(
            Document(
                number,
                invoice.book,
                kind,
                day,
                invoice.customer,
                invoice.is_foreign,
                amount,
                invoice.number,
            )
        )
        if not case:
            return
        if kind == "loss":
            case.losses[number] = amount
            return
        case.open_amount -= amount
        if kind == "collected":
            self.events.append(
                Event(invoice.number, day, amount=amount, settlement=number)
            )
            self._pay_out(self.documents[number])
        else:
            operation = "credit_allocation" if kind == "credit" else "payment"
            self.requests.append(
                Request(invoice.number, operation, amount, day, settlement=number)
            )

    def _pay_out(self, collected):
        """Ropo pays what it collected, ten days later."""
        day = collected.date + timedelta(days=10)
        if day > self.today:
            collected.left = collected.amount
            return
        self.documents.append(
            Document(
                len(self.documents),
                collected.book,
                "payout",
                day,
                collected.customer,
                collected.is_foreign,
                collected.amount,
                collected.number,
            )
        )

    # --- what waits, and what needs a person ---

    def _leave_to_people(self):
        for number, case in self.cases.items():
            invoice = self.documents[number]
            if case.stage in COLLECTING and self.random.random() < 0.05:
                is_unread = self.random.random() < 0.5
                self.events.append(
                    Event(number, self.today, is_message=True, is_unread=is_unread)
                )
            if (
                case.stage in COLLECTING
                and invoice.left
                and self.random.random() < 0.05
            ):
                case.stage, case.stage_date = "closed", self.today
                case.decision = self.random.choice(("undecided", "undecided", "leave"))
                invoice.state = "closed"
        for event in self.events:
            event.to_review = event.recovered > 0 and self.random.random() < 0.2
        for invoice in [d for d in self.documents if d.kind == "invoice"]:
            is_ours = invoice.number in self.deliveries or invoice.number in self.cases
            if not is_ours and not invoice.left and self.random.random() < 0.1:
                self._try_to_send(invoice)

    def _try_to_send(self, invoice):
        """An invoice that was paid before Ropo had it; sometimes tried twice."""
        states = ("queued", "sending", "rejected", "unknown", "cancelled")
        for again in range(2):
            day = invoice.date + timedelta(days=again)
            state = self.random.choice(states)
            self.requests.append(
                Request(invoice.number, "invoice", invoice.amount, day, state)
            )
            if state not in ("rejected", "cancelled") or self.random.random() < 0.5:
                return

    # --- reading ---

    def events_of(self, number):
        """What Ropo reported of the case of this invoice."""
        if self._events_by_invoice is None:
            self._events_by_invoice = {}
            for event in self.events:
                self._events_by_invoice.setdefault(event.invoice, []).append(event)
        return self._events_by_invoice.get(number, [])

    # --- helpers ---

    def _settlements_of(self, invoice):
        return self.documents[invoice.number + 1 :]

    def _between(self, first, last, more=0):
        last = min(last + timedelta(days=more), self.today)
        return first + timedelta(days=self.random.randint(0, (last - first).days))

    def _after(self, case):
        return self._between(case.began, self.today)

    def _state_of(self, case):
        if case.stage in ("paid", "credited", "closed"):
            return "closed"
        return "collection" if case.stage in COLLECTING else "reminder"
