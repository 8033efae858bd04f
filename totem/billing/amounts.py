"""Amounts of invoices: prices include VAT, which is computed once per rate and rounded half up to the cent.

What was shown is what is due: the total with VAT is the sum of the lines, to the cent. EN 16931 wants the VAT of a
rate to be its net times the rate (BR-CO-17); at 20 % no net in cents gives one total in six, so the missing cent is
the document's rounding amount (BT-114). The nets of the lines add up to the net of their rate (BR-CO-10, BR-S-08).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from totem.core.money import CENT, to_cents, vat_within


class PricedLine(Protocol):
    """A line before its VAT is computed: `gross` in euros, `vat_rate` in percent, `exemption` a code or empty."""

    @property
    def gross(self) -> Decimal: ...
    @property
    def vat_rate(self) -> Decimal: ...
    @property
    def exemption(self) -> str: ...


@dataclass(frozen=True)
class RateTotal:
    """The lines of one rate, or of one ground of exemption: `gross` = `net` + `vat` + `rounding`."""

    vat_rate: Decimal
    exemption: str
    net: Decimal
    vat: Decimal
    gross: Decimal

    @property
    def rounding(self) -> Decimal:
        return self.gross - self.net - self.vat

    def plus(self, other: "RateTotal", times: int = 1) -> "RateTotal":
        """The sum with another total of the same rate, or with `times=-1` the difference."""
        net, vat = self.net + times * other.net, self.vat + times * other.vat
        return RateTotal(self.vat_rate, self.exemption, net, vat, self.gross + times * other.gross)


@dataclass(frozen=True)
class InvoiceTotals:
    """The totals of a document, in euros; `nets` are those of its lines, in their order."""

    rates: tuple[RateTotal, ...]
    nets: tuple[Decimal, ...]

    @property
    def net(self) -> Decimal:
        return sum((rate.net for rate in self.rates), Decimal("0.00"))

    @property
    def vat(self) -> Decimal:
        return sum((rate.vat for rate in self.rates), Decimal("0.00"))

    @property
    def gross(self) -> Decimal:
        return sum((rate.gross for rate in self.rates), Decimal("0.00"))

    @property
    def rounding(self) -> Decimal:
        return sum((rate.rounding for rate in self.rates), Decimal("0.00"))


def totals(lines: Sequence[PricedLine]) -> InvoiceTotals:
    """The totals per rate, highest first, and the net of each line."""
    by_rate = attrgetter("vat_rate", "exemption")
    numbered = sorted(enumerate(lines), key=lambda pair: by_rate(pair[1]), reverse=True)
    rates, nets = [], {}
    for (rate, exemption), group in groupby(numbered, key=lambda pair: by_rate(pair[1])):
        members = list(group)
        grosses = [line.gross for _index, line in members]
        total = _rate_total(rate, exemption, sum(grosses, Decimal(0)))
        rates.append(total)
        spread = zip(members, shares(total.net, grosses), strict=True)
        nets.update({index: net for (index, _line), net in spread})
    return InvoiceTotals(tuple(rates), tuple(nets[index] for index in range(len(lines))))


def _rate_total(rate: Decimal, exemption: str, gross: Decimal) -> RateTotal:
    """The net whose VAT at that rate comes nearest to the gross amount; of two as near, that of the VAT within."""
    net = gross - vat_within(gross, rate)

    def distance(candidate: Decimal) -> Decimal:
        return abs(gross - candidate - to_cents(candidate * rate / 100))

    net = min((net, net - CENT, net + CENT), key=distance)
    return RateTotal(rate, exemption, to_cents(net), to_cents(net * rate / 100), to_cents(gross))


def paid_shares(rates: Sequence[RateTotal], paid: Decimal) -> tuple[RateTotal, ...]:
    """What that sum is of each rate of an invoice, in proportion; of the whole invoice exactly its own amounts.

    The share of one payment is the difference between the sums with and without it, so that part payments add up to
    the invoice to the cent. What goes beyond it, to be given back, is of no rate.
    """
    weights = [rate.gross for rate in rates]
    owed = sum(weights, Decimal(0))
    parts = shares(max(min(paid, owed), Decimal(0)), weights) if owed > 0 else [Decimal(0) for _rate in rates]
    found = []
    for rate, part in zip(rates, parts, strict=True):
        vat = to_cents(rate.vat * part / rate.gross) if rate.gross else Decimal("0.00")
        found.append(RateTotal(rate.vat_rate, rate.exemption, part - vat, vat, part))
    return tuple(found)


def shares(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The total in cents, in proportion to the weights and adding up to it (largest remainder method).

    Weights that cancel each other out give their own amounts, the last one taking the difference.
    """
    whole = sum(weights, Decimal(0))
    if not whole:
        return [*map(to_cents, weights[:-1]), total - sum(map(to_cents, weights[:-1]), Decimal(0))]
    exact = [total * weight / whole for weight in weights]
    floors = [share.quantize(CENT, rounding=ROUND_FLOOR) for share in exact]
    missing = int((total - sum(floors, Decimal(0))) / CENT)
    first = sorted(range(len(exact)), key=lambda index: floors[index] - exact[index])[:missing]
    return [floor + CENT if index in first else floor for index, floor in enumerate(floors)]
