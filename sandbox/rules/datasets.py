"""What every rule asks of a dataset: its kind, its rows, and what is missing in it."""

from collections.abc import Iterable

from ..shapes import Json

INVOICE, REMINDER, COLLECTION, LETTER = "invoice", "reminder", "collection", "letter"

# S: invoice.md. 602 (aggregate invoicing) is in the contract, in no guide: refused.
KINDS = {0: INVOICE, 300: INVOICE, 1: REMINDER, 2: COLLECTION, 301: LETTER}

# S: the contract's prose: a sub total row (25600) and a header row (25601) are text.
TEXT_ROWS = frozenset({25600, 25601})

PAYROW = ("desc", "count", "amount", "taxpr")


def missing(dataset: Json, names: Iterable[str]) -> list[str]:
    return [name for name in names if blank(dataset.get(name))]


def blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def is_text_row(row: Json) -> bool:
    """A row that carries no money: header, sub total, or allowed to be empty."""
    if row.get("invoicerowtype") in TEXT_ROWS:
        return True
    return bool(row.get("allownullvalues")) and blank(row.get("amount"))


def money_rows(dataset: Json) -> list[Json]:
    rows = dataset.get("payrow") or []
    return [row for row in rows if not is_text_row(row)]
