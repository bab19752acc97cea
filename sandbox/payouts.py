"""What Ropo holds of each case, and how it pays that out in one sum. Cents throughout.

How Ropo divides its payouts no page says. Assumption: it pays out all that a debtor
paid, principal, interest and fees, less a commission with its value-added tax.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Protocol

from . import asked, money
from .shapes import Json

if TYPE_CHECKING:
    from .ledger import Effect


class Holding(Protocol):
    """A case of which Ropo holds money: of Ropo One, or of Maventa."""

    held_principal: int
    held_interest: int
    held_fees: int


HELD = ("held_principal", "held_interest", "held_fees")


def keep(case: Holding, effect: Effect) -> None:
    """A debtor's payment is Ropo's to hold; one that was taken back is not any more.

    What is more than was owed counts as principal.
    """
    case.held_principal += effect.focused("capital") + effect.unfocused
    case.held_interest += effect.focused("interest")
    case.held_fees += effect.focused("noticefee")


def pay_out(cases: Sequence[Holding], commission: int, tax_rate: float) -> Json:
    """Pays out what these hold: the figures of the payout, as numbers with decimals.

    :param commission: without tax
    :param tax_rate: of the commission, in percent
    :return: `paid` is what comes to the creditor's bank, negative where more was taken
        back than collected; `cases` has what each adds to it
    """
    rows = [
        {"case": _number(case), **{name: getattr(case, name) for name in HELD}}
        for case in cases
        if any(getattr(case, name) for name in HELD)
    ]
    principal, interest, fees = (sum(row[name] for row in rows) for name in HELD)
    tax = _tax(commission, tax_rate)
    for case in cases:
        for name in HELD:
            setattr(case, name, 0)
    return {
        "paid": money.plain(principal + interest + fees - commission - tax),
        "principal": money.plain(principal),
        "interest": money.plain(interest),
        "fees": money.plain(fees),
        "commission": money.plain(commission),
        "tax": money.plain(tax),
        "cases": [
            {"case": row["case"], **{name: money.plain(row[name]) for name in HELD}}
            for row in rows
        ],
    }


def terms(body: Json) -> tuple[int, float]:
    """The commission and the rate of its tax, as they were asked for; without, none."""
    body = {"commission": 0, "tax_rate": 0, **body}
    return money.cents(asked.number(body, "commission")), asked.number(body, "tax_rate")


def _number(case: Holding) -> str:
    """Of Ropo One, or of Maventa."""
    return str(getattr(case, "jobid", None) or getattr(case, "id", ""))


def _tax(commission: int, rate: float) -> int:
    exact = Decimal(commission) * money.decimal(rate) / 100
    return int(exact.to_integral_value(ROUND_HALF_UP))
