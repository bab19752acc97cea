"""What Ropo asks of one dataset, beyond the contract's types.

A file for each document that it stands in. Each rule is a function
``(dataset, kind, profile) -> errors``. Nothing here looks at other jobs. S, D and A are
the grades: in the order's documents, in the published documentation, assumed.
"""

from __future__ import annotations

from ..shapes import Json
from typing import TYPE_CHECKING
from . import (
    attachments_guide,
    connect_guide,
    contract_text,
    credit_note_guide,
    embed_guide,
    finance_guide,
    invoice_guide,
    letters_guide,
    payment_plan_guide,
    reminder_guide,
)
from .contract_text import notices
from .credit_note_guide import is_credit
from .datasets import COLLECTION, INVOICE, KINDS, LETTER, REMINDER, missing
from .sums import check_sums, total

if TYPE_CHECKING:
    from ..state import Profile


__all__ = [
    "COLLECTION",
    "INVOICE",
    "KINDS",
    "LETTER",
    "REMINDER",
    "check",
    "check_sums",
    "is_credit",
    "notices",
    "total",
]

# A: some countries that have no postcodes; no page says what Ropo asks of them.
WITHOUT_POSTCODES = ("AGO", "ARE", "HKG", "MAC", "PAN")
MINIMUM = {
    **connect_guide.MINIMUM,
    **reminder_guide.MINIMUM,
    **letters_guide.MINIMUM,
}
SENDTYPES = {
    **invoice_guide.SENDTYPES,
    **reminder_guide.SENDTYPES,
    **letters_guide.SENDTYPES,
}


def check(dataset: Json, profile: Profile) -> list[str]:
    """All errors of a dataset that has passed the contract."""
    kind = KINDS.get(dataset["jobtype"])
    if kind is None:
        return [f"jobtype: {dataset['jobtype']} is not 0, 1, 2, 300 or 301"]
    return [error for rule in RULES for error in rule(dataset, kind, profile)]


def minimum(dataset: Json, kind: str, profile: Profile) -> list[str]:
    names = list(MINIMUM[kind])
    if dataset.get("addresscountry") in WITHOUT_POSTCODES:
        names.remove("postcode")
    return [f"{name}: required" for name in missing(dataset, names)]


def sendtype_rule(dataset: Json, kind: str, profile: Profile) -> list[str]:
    sendtype = dataset.get("sendtype") or "post"
    if sendtype not in SENDTYPES[kind]:
        allowed = ", ".join(SENDTYPES[kind])
        return [f"sendtype: {sendtype} is not one of {allowed}"]
    errors = [
        f"{name}: required for sendtype {sendtype}"
        for name in missing(dataset, invoice_guide.SENDTYPE_NEEDS.get(sendtype, ()))
    ]
    if sendtype == "email" and not errors and "@" not in dataset["email"]:
        errors.append("email: not an address")
    if sendtype == "b2c" and not reminder_guide.has_property(
        dataset, reminder_guide.PAYMENTID
    ):
        errors.append(
            f"propertyrow: {reminder_guide.PAYMENTID} required for sendtype b2c"
        )
    return errors


RULES = (
    minimum,
    contract_text.receiver,
    contract_text.person_number,
    connect_guide.noticedate,
    invoice_guide.rows_rule,
    reminder_guide.open_amount,
    sendtype_rule,
    embed_guide.embed,
    credit_note_guide.credit,
    payment_plan_guide.payment_plan,
    finance_guide.finance,
    letters_guide.letter,
    attachments_guide.attachments,
)
