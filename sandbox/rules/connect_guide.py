"""Guide “Connect” (ropo-one-connect-guide.md): what each document needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..shapes import Json
from .datasets import COLLECTION, INVOICE, missing

if TYPE_CHECKING:
    from ..state import Profile


ADDRESS = ("address", "postcode", "city")

DATES = ("billdate", "paydate")

MINIMUM = {
    INVOICE: (*ADDRESS, *DATES),
    COLLECTION: (*ADDRESS, *DATES, "billcode", "amount", "billnum"),
}


def noticedate(dataset: Json, kind: str, profile: Profile) -> list[str]:
    """S: the date of the creditor's own reminder is mandatory in Finland."""
    if kind == COLLECTION and profile.country == "fi":
        return [f"{name}: required" for name in missing(dataset, ("noticedate",))]
    return []
