"""What the prose of the published contract asks, beyond its types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..shapes import Json
from .datasets import missing

if TYPE_CHECKING:
    from ..state import Profile


# A: the form of a personal identity code, by the person's country.
PERSON_NUMBERS = {
    "FIN": r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]",
    "SWE": r"(\d{2})?\d{6}[-+]?\d{4}",
    "NOR": r"\d{6} ?\d{5}",
}

# S: guide and contract together. Others are taken with a notice.
LANGUAGES = frozenset({"eng", "fin", "swe", "nor", "est"})


def receiver(dataset: Json, kind: str, profile: Profile) -> list[str]:
    names = {1: "company", 2: "person"}
    name = names.get(dataset["customertype"])
    if name is None:
        return ["customertype: must be 1 (company) or 2 (person)"]
    if missing(dataset, (name,)):
        return [f"{name}: required for customertype {dataset['customertype']}"]
    return []


def person_number(dataset: Json, kind: str, profile: Profile) -> list[str]:
    """S: `govid` is a business id or a personal identity code; A: of the right form."""
    form = PERSON_NUMBERS.get(dataset.get("addresscountry") or "")
    number = dataset.get("govid")
    if dataset["customertype"] != 2 or not form or not number:
        return []
    if re.fullmatch(form, number):
        return []
    return [f"govid: {number} is no personal identity code"]


def notices(dataset: Json, profile: Profile) -> list[str]:
    """What Ropo would take, and a careful sender would rather not send."""
    found = []
    language = dataset.get("language")
    if language and language not in LANGUAGES:
        found.append(f"language: {language} is not documented")
    for name in ("country", "addresscountry"):
        if dataset.get(name) and len(dataset[name]) != 3:
            found.append(f"{name}: not a three-letter country code")
    if dataset["jobtype"] == 0 and profile.service_model == "connect":
        found.append("jobtype: 0 is a Unify or Embed invoice, delivered only")
    ownref = dataset.get("ownref")
    if ownref and not ownref.isdecimal():
        found.append("ownref: not an integer, which the answer's contract wants")
    return found + date_notices(dataset)


def date_notices(dataset: Json) -> list[str]:
    billed, due = dataset.get("billdate"), dataset.get("paydate")
    if billed is not None and due is not None and due < billed:
        return ["paydate: before billdate"]
    return []
