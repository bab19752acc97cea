"""Money inside the sandbox is whole cents; only the edge speaks decimals."""

from decimal import ROUND_HALF_UP, Decimal

HUNDRED = Decimal(100)
CENT = Decimal("0.01")


def decimal(number: Decimal | float) -> Decimal:
    """The number as it was written in JSON, without binary rounding."""
    return number if isinstance(number, Decimal) else Decimal(repr(number))


def cents(number: Decimal | float) -> int:
    """Whole cents, half a cent up (away from zero)."""
    return int((decimal(number) * HUNDRED).to_integral_value(ROUND_HALF_UP))


def plain(amount: int) -> float:
    """Whole cents as the number with two decimals that JSON shows."""
    return amount / 100


def text(amount: int) -> str:
    """Whole cents as people read them: ``1234.50``."""
    return f"{Decimal(amount) / HUNDRED:.2f}"
