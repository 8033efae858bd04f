"""Amounts in euros: `Decimal`, two places, rounded half up, VAT once per rate."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
VAT_RATES = [Decimal(rate) for rate in ("20", "10", "8.5", "5.5", "2.1", "0")]
"""The rates offered, in percent: CGI art. 278 to 281 quater, 296 (overseas); a subset of BR-FR-16's list."""


def to_cents(amount: Decimal) -> Decimal:
    """The amount rounded to the cent, halves away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def vat_within(total: Decimal, rate: Decimal) -> Decimal:
    """The VAT that a total with VAT contains, at `rate` percent, rounded once."""
    return to_cents(total * rate / (100 + rate))
