"""Amounts in euros: `Decimal`, two places, rounded half up, VAT once per rate."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def to_cents(amount: Decimal) -> Decimal:
    """The amount rounded to the cent, halves away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def vat_within(total: Decimal, rate: Decimal) -> Decimal:
    """The VAT that a total with VAT contains, at `rate` percent, rounded once."""
    return to_cents(total * rate / (100 + rate))
