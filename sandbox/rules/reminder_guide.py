"""Guide “Reminder” (reminder-with-openapi.md): the open amount, its delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..shapes import Json
from .connect_guide import ADDRESS, DATES
from .datasets import COLLECTION, REMINDER

if TYPE_CHECKING:
    from ..state import Profile


MINIMUM = {REMINDER: (*ADDRESS, *DATES, "billcode", "amount", "billnum")}

# A for a collection: no guide of its own.
SENDTYPES = {
    REMINDER: ("post", "print", "email", "evoice", "b2c"),
    COLLECTION: ("post", "print", "email", "evoice", "b2c"),
}

PAYMENTID = "job_finvoice_paymentid"


def open_amount(dataset: Json, kind: str, profile: Profile) -> list[str]:
    if kind in (REMINDER, COLLECTION) and (dataset.get("amount") or 0) <= 0:
        return ["amount: must be the open amount, above zero"]
    return []


def has_property(dataset: Json, name: str) -> bool:
    rows = dataset.get("propertyrow") or []
    return any(row["propname"] == name and row["propvalue"].strip() for row in rows)
