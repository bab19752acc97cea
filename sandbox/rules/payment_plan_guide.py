"""Guide “Payment plan” (documentation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..shapes import Json

if TYPE_CHECKING:
    from ..state import Profile


def payment_plan(dataset: Json, kind: str, profile: Profile) -> list[str]:
    """D: an interval with an amount or a count, or dated instalments; no consumers."""
    plan = (dataset.get("payplan") or {}).get("instalment")
    interval = dataset.get("payplaninterval")
    parts = dataset.get("payplanamount") or dataset.get("payplancount")
    if not (plan or interval or parts):
        return []
    errors = []
    if dataset["customertype"] == 2:
        errors.append("payplan: not for consumers")
    if not plan and not (interval and parts):
        errors.append("payplaninterval: goes with payplanamount or payplancount")
    return errors
