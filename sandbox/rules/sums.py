"""The arithmetic of the contract: figures that were sent agree with the rows."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from ..money import cents, decimal
from ..shapes import Json
from .datasets import KINDS, LETTER, PAYROW, is_text_row, missing, money_rows

if TYPE_CHECKING:
    from ..state import Profile


def net_of(row: Json) -> Decimal:
    """The row without VAT, exact: count × amount × (1 - discount/100)."""
    net = decimal(row["count"]) * decimal(row["amount"])
    if row.get("discount"):
        net *= 1 - decimal(row["discount"]) / 100
    return net


def row_figures(row: Json) -> tuple[int, ...]:
    """``(net, vat, total)`` of a row in cents: as sent, else as it works out."""
    net = cents(net_of(row))
    gross = cents(net_of(row) * (1 + decimal(row["taxpr"]) / 100))
    sent = [row.get(name) for name in ("netamount", "vatamount", "totalamount")]
    worked_out = (net, gross - net, gross)
    return tuple(
        worked if value is None else cents(value)
        for value, worked in zip(sent, worked_out, strict=True)
    )


def total(dataset: Json) -> int:
    """The capital in cents: totalamount, else amount, else what the rows come to."""
    for name in ("totalamount", "amount"):
        if dataset.get(name) is not None:
            return cents(dataset[name])
    rows = [row for row in money_rows(dataset) if not missing(row, PAYROW)]
    return sum(row_figures(row)[2] for row in rows)


def check_sums(dataset: Json, profile: Profile) -> list[str]:
    """Figures that were sent agree with the rows. Only where nothing is missing.

    Row by row a cent either way is allowed (``tolerance`` of the profile): whoever
    taxes the sum and not the row ends up there. Sums of what was sent are exact: net
    of the rows, tax rows against the header, net + VAT = total.
    """
    if KINDS[dataset["jobtype"]] == LETTER:
        return []
    rows = money_rows(dataset)
    slack = cents(profile.tolerance)
    errors = [
        f"payrow[{index}].{error}"
        for index, row in enumerate(dataset.get("payrow") or [])
        if not is_text_row(row)
        for error in _check_row(row, slack)
    ]
    if rows:
        errors += _check_header(dataset, [row_figures(row) for row in rows], slack)
    return errors + _check_tax_rows(dataset) + _check_parts(dataset)


def _check_row(row: Json, slack: int) -> list[str]:
    net, errors = net_of(row), []
    if row.get("netamount") is not None:
        errors += _differs("netamount", row["netamount"], cents(net), slack)
        net = decimal(row["netamount"])
    if row.get("vatamount") is not None:
        vat = cents(net * decimal(row["taxpr"]) / 100)
        errors += _differs("vatamount", row["vatamount"], vat, slack)
    if row.get("totalamount") is not None:
        gross = cents(net * (1 + decimal(row["taxpr"]) / 100))
        errors += _differs("totalamount", row["totalamount"], gross, slack)
    return errors + _check_parts(row)


def _check_header(
    dataset: Json, figures: Sequence[tuple[int, ...]], slack: int
) -> list[str]:
    """The header against the rows: net exact where the rows say it, VAT with slack."""
    net, vat, gross = (sum(column) for column in zip(*figures, strict=True))
    slack *= len(figures)
    said = all(row.get("netamount") is not None for row in money_rows(dataset))
    checks = (
        ("netamount", net, 0 if said else slack),
        ("vatamount", vat, slack),
        ("totalamount", gross, slack),
        ("amount", gross, slack),
    )
    return [
        error
        for name, expected, allowed in checks
        if dataset.get(name) is not None
        for error in _differs(name, dataset[name], expected, allowed)
    ]


def _check_tax_rows(dataset: Json) -> list[str]:
    rows = dataset.get("taxrow") or []
    errors = [
        f"taxrow[{index}].{error}"
        for index, row in enumerate(rows)
        for error in _check_parts(row)
    ]
    for name in ("netamount", "vatamount"):
        if rows and dataset.get(name) is not None:
            summed = sum(cents(row[name]) for row in rows)
            errors += _differs(name, dataset[name], summed, 0, "the tax rows")
    return errors


def _check_parts(figures: Json) -> list[str]:
    """net + VAT = total, and totalamount = amount, where both were sent."""
    net, vat, gross = (
        figures.get(name) for name in ("netamount", "vatamount", "totalamount")
    )
    errors = []
    if net is not None and vat is not None and gross is not None:
        summed = cents(net) + cents(vat)
        errors += _differs("totalamount", gross, summed, 0, "netamount + vatamount")
    amount = figures.get("amount") if "jobtype" in figures else None
    if gross is not None and amount is not None:
        errors += _differs("amount", amount, cents(gross), 0, "totalamount")
    return errors


def _differs(
    name: str, sent: float, expected: int, slack: int, what: str = "the rows"
) -> list[str]:
    if abs(cents(sent) - expected) <= slack:
        return []
    return [f"{name}: {sent} does not agree with {what}: {expected / 100:.2f}"]
