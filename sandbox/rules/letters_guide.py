"""Guide “Letters” (documentation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..shapes import Json
from .connect_guide import ADDRESS
from .datasets import LETTER

if TYPE_CHECKING:
    from ..state import Profile


MINIMUM = {LETTER: (*ADDRESS, "sendtype", "addresscountry", "countryname")}

SENDTYPES = {LETTER: ("post", "email")}


def letter(dataset: Json, kind: str, profile: Profile) -> list[str]:
    """D: the letter itself travels in image.file."""
    if kind != LETTER:
        return []
    return [] if dataset.get("image") else ["image.file: required for a letter"]
