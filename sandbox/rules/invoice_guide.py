"""Guide “Invoice” (invoice.md): rows, and how an invoice is delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..shapes import Json
from .datasets import (
    COLLECTION,
    INVOICE,
    LETTER,
    PAYROW,
    REMINDER,
    is_text_row,
    missing,
)

if TYPE_CHECKING:
    from ..state import Profile


# "Invoice sending method".
SENDTYPES = {
    INVOICE: ("post", "print", "email", "evoice", "evoicenet", "evoicesm", "peppol"),
}

# S for email, evoice and b2c; A for the others, of which no page says what they need.
SENDTYPE_NEEDS = {
    "email": ("email",),
    "evoice": ("evoice", "evoiceint"),
    "b2c": ("evoice", "evoiceint"),
    "evoicenet": ("evoice",),
    "evoicesm": ("evoice",),
    "peppol": ("evoice",),
}

ELECTRONIC = frozenset(SENDTYPE_NEEDS)


def rows_rule(dataset: Json, kind: str, profile: Profile) -> list[str]:
    """S: a reminder has no rows. A: a collection may say what its amount is for."""
    rows = dataset.get("payrow") or []
    if kind == REMINDER:
        return ["payrow: not allowed, send the open amount in amount"] if rows else []
    if kind == COLLECTION:
        sums = round(sum(row.get("amount") or 0 for row in rows), 2)
        wrong = rows and sums != dataset.get("amount")
        return ["payrow: must add up to amount"] if wrong else []
    if kind == LETTER:
        return []
    errors = [
        f"payrow[{index}].{name}: required"
        for index, row in enumerate(rows)
        if not is_text_row(row)
        for name in missing(row, PAYROW)
    ]
    if all(is_text_row(row) for row in rows):
        errors.append("payrow: at least one row with desc, count, amount and taxpr")
    return errors
