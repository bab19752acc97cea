"""Guide “Finance” (documentation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..shapes import Json
from .datasets import missing

if TYPE_CHECKING:
    from ..state import Profile


def finance(dataset: Json, kind: str, profile: Profile) -> list[str]:
    """D: 1 financing, 2 purchase; companies only, with their business id."""
    if not dataset.get("finance"):
        return []
    errors = []
    if dataset["finance"] not in (1, 2):
        errors.append("finance: must be 1 or 2")
    if dataset["customertype"] != 1:
        errors.append("finance: companies only")
    return errors + [f"{name}: required" for name in missing(dataset, ("govid",))]
