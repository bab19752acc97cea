"""Guide “Embed” (documentation): Ropo keeps the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..shapes import Json

if TYPE_CHECKING:
    from ..state import Profile


def embed(dataset: Json, kind: str, profile: Profile) -> list[str]:
    """D: an Embed invoice brings its own account rows."""
    needed = profile.service_model == "embed" and dataset["jobtype"] == 0
    if needed and not dataset.get("accountrow"):
        return ["accountrow: required in the service model embed"]
    return []
