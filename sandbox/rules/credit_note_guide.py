"""Guide “Credit note” (documentation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..shapes import Json
from .datasets import INVOICE, PAYROW, is_text_row, missing
from .sums import net_of, total

if TYPE_CHECKING:
    from ..state import Profile


def is_credit(dataset: Json) -> bool:
    """D: a credit note names what it credits, or simply has a negative total."""
    named = dataset.get("refundtojobid") or dataset.get("refundtobillnum")
    return bool(named) or total(dataset) < 0


def credit(dataset: Json, kind: str, profile: Profile) -> list[str]:
    """D: negative rows, and one way to say what is credited."""
    both = dataset.get("refundtojobid") and dataset.get("refundtobillnum")
    named = dataset.get("refundtojobid") or dataset.get("refundtobillnum")
    errors = ["refundtojobid, refundtobillnum: send one, not both"] if both else []
    if named and kind != INVOICE:
        errors.append("refundtojobid, refundtobillnum: only on an invoice dataset")
    elif named:
        errors += [
            f"payrow[{index}]: a credit note's rows are negative"
            for index, row in enumerate(dataset.get("payrow") or [])
            if not is_text_row(row) and not missing(row, PAYROW) and net_of(row) > 0
        ]
    return errors
