"""Guide “Reminder” (reminder-with-openapi.md): the open amount, its delivery."""

from .connect_guide import ADDRESS, DATES
from .datasets import COLLECTION, REMINDER

MINIMUM = {REMINDER: (*ADDRESS, *DATES, "billcode", "amount", "billnum")}

# A for a collection: no guide of its own.
SENDTYPES = {
    REMINDER: ("post", "print", "email", "evoice", "b2c"),
    COLLECTION: ("post", "print", "email", "evoice", "b2c"),
}

PAYMENTID = "job_finvoice_paymentid"


def open_amount(dataset, kind, profile):
    if kind in (REMINDER, COLLECTION) and (dataset.get("amount") or 0) <= 0:
        return ["amount: must be the open amount, above zero"]
    return []


def has_property(dataset, name):
    rows = dataset.get("propertyrow") or []
    return any(row["propname"] == name and row["propvalue"].strip() for row in rows)
