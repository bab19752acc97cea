"""Guide “Letters” (documentation)."""

from .connect_guide import ADDRESS
from .datasets import LETTER

MINIMUM = {LETTER: (*ADDRESS, "sendtype", "addresscountry", "countryname")}

SENDTYPES = {LETTER: ("post", "email")}


def letter(dataset, kind, profile):
    """D: the letter itself travels in image.file."""
    if kind != LETTER:
        return []
    return [] if dataset.get("image") else ["image.file: required for a letter"]
