"""How money moves a job's debt. Cents in, cents out; every rule here is a choice.

What the payment page shows is the answer's shape: capital, interest and notice fee
before and after, what was focused where, and what stayed unfocused. How Ropo divides
the money no page says.
"""

from __future__ import annotations

import dataclasses
from typing import Protocol


class Debt(Protocol):
    """A job of Ropo One, or an assignment of Maventa."""

    amount: int
    capital: int
    interest: int
    noticefee: int
    paid_interest: int
    paid_noticefee: int
    overpaid: int


PARTS = ("capital", "interest", "noticefee")


@dataclasses.dataclass
class Effect:
    """What a payment did: before, after and focused per part, and the rest."""

    before: dict[str, int]
    after: dict[str, int]
    unfocused: int

    def focused(self, part: str) -> int:
        return self.before[part] - self.after[part]


def _open(job: Debt) -> dict[str, int]:
    return {part: getattr(job, part) for part in PARTS}


def pay(job: Debt, amount: int) -> Effect:
    """Money for the job. Assumption: capital first, then interest, then notice fee.

    A creditor reports what was paid to its own account, and that is its capital; the
    fees are Ropo's. (Finnish law would put interest first; change the order here.)
    """
    before, rest = _open(job), amount
    for part in PARTS:
        focused = min(rest, before[part])
        setattr(job, part, before[part] - focused)
        rest -= focused
    job.paid_interest += before["interest"] - job.interest
    job.paid_noticefee += before["noticefee"] - job.noticefee
    job.overpaid += rest
    return Effect(before, _open(job), rest)


def credit(job: Debt, amount: int) -> Effect:
    """A credit note. Assumption: it lowers the capital and never Ropo's fees."""
    before = _open(job)
    focused = min(amount, before["capital"])
    job.capital -= focused
    return Effect(before, _open(job), amount - focused)


def take_credit_back(job: Debt, amount: int) -> Effect:
    """An allocation undone: the capital rises again, nothing else moves."""
    before = _open(job)
    raised = min(amount, max(job.amount - job.capital, 0))
    job.capital += raised
    return Effect(before, _open(job), raised - amount)


def room_for_reversal(job: Debt) -> int:
    """How much can be reversed without asking for more than was ever owed."""
    lowered = max(job.amount - job.capital, 0)
    return job.overpaid + job.paid_noticefee + job.paid_interest + lowered


def take_back(job: Debt, amount: int) -> Effect:
    """A negative payment, ``amount`` positive here: the way back of :func:`pay`.

    Assumption: first what was unfocused, then notice fee and interest up to what they
    were, and all the rest raises the capital. Who may go beyond the original capital
    (:func:`room_for_reversal`) the caller decides.
    """
    before = _open(job)
    from_overpaid, rest = _take(job, "overpaid", amount)
    for part in ("noticefee", "interest"):
        taken, rest = _take(job, f"paid_{part}", rest)
        setattr(job, part, getattr(job, part) + taken)
    job.capital += rest
    return Effect(before, _open(job), -from_overpaid)


def _take(job: Debt, name: str, amount: int) -> tuple[int, int]:
    taken = min(getattr(job, name), amount)
    setattr(job, name, getattr(job, name) - taken)
    return taken, amount - taken


def settled(job: Debt) -> bool:
    """Nothing is owed any more: capital, interest and notice fee are zero."""
    return not any(_open(job).values())
