"""The reference numbers that Ropo gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .state import Profile


def make(profile: Profile, jobid: int) -> str:
    """Ropo's own reference of a job.

    X: the guide's two sample answers have exactly this shape for Finland, check digit
    included: 15, then the cid, the jobid and the 7-3-1 check digit. A: Sweden (OCR) and
    Norway (KID) the same with the Luhn check digit that both countries use.
    """
    digits = f"15{profile.cid}{jobid}"
    digits = "".join(character for character in digits if character.isdigit())
    check = _seven_three_one if profile.country == "fi" else _luhn
    return f"{digits}{check(digits)}"


def _seven_three_one(digits: str) -> int:
    weights = (7, 3, 1)
    total = sum(
        int(digit) * weights[place % 3] for place, digit in enumerate(reversed(digits))
    )
    return -total % 10


def _luhn(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 - place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return -total % 10
