"""The price of a booking, from the dated public prices of a space."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self
from zoneinfo import ZoneInfo

from totem.core import periods
from totem.core.money import vat_within
from totem.core.periods import MINUTE, Period
from totem.spaces.models import Price


class UnpricedError(ValueError):
    """The space has prices, but none for one of the days asked for."""


@dataclass(frozen=True)
class QuoteLine:
    """`count` payments that each cover `per` minutes, at `amount` euros with VAT at `vat_rate` percent."""

    per: int
    count: int
    amount: Decimal
    vat_rate: Decimal

    @property
    def total(self) -> Decimal:
        return self.amount * self.count

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "amount": str(self.amount), "vat_rate": str(self.vat_rate)}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """The line that a booking keeps of its price."""
        return cls(kept["per"], kept["count"], Decimal(kept["amount"]), Decimal(kept["vat_rate"]))


@dataclass(frozen=True)
class Quote:
    """The price of a booking; without lines it is free of charge."""

    lines: tuple[QuoteLine, ...] = ()

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal("0.00"))

    @property
    def vat(self) -> Decimal:
        """The VAT within the total, rounded once per rate."""
        by_rate: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            by_rate[line.vat_rate] += line.total
        return sum((vat_within(total, rate) for rate, total in by_rate.items()), Decimal("0.00"))


def quote(prices: Sequence[Price], period: Period, zone: ZoneInfo, *, quantity: int = 1) -> Quote:
    """The cheapest way to pay for `period`, local day by local day, for `quantity` units.

    A day's price covers one local day whatever its length; half-days cover four hours; hours begun are due. A space
    without any price is free of charge. Raises UnpricedError where the prices leave a day out.
    """
    if not prices:
        return Quote()
    counted: defaultdict[tuple[int, Decimal, Decimal], int] = defaultdict(int)
    for day in periods.local_days(period, zone):
        midnight = periods.local_day(day, zone)
        minutes = -(-(min(period.ends_at, midnight.ends_at) - max(period.starts_at, midnight.starts_at)) // MINUTE)
        for line in _cheapest(_on(prices, day), minutes):
            counted[line.per, line.amount, line.vat_rate] += line.count * quantity
    return Quote(tuple(QuoteLine(per, count, amount, rate) for (per, amount, rate), count in sorted(counted.items())))


def _on(prices: Iterable[Price], day: date) -> dict[int, Price]:
    return {p.per: p for p in prices if p.starts_on <= day and (p.ends_on is None or day <= p.ends_on)}


def _cheapest(prices: dict[int, Price], minutes: int) -> list[QuoteLine]:
    """The lines that cover `minutes` of one day for the least money; fewer lines where it costs the same."""
    ways: list[list[QuoteLine]] = []
    if day := prices.get(Price.Per.DAY):
        ways.append([_line(day, 1)])
    half, hour = prices.get(Price.Per.HALF_DAY), prices.get(Price.Per.HOUR)
    for halves in range(-(-minutes // Price.Per.HALF_DAY) + 1 if half else 1):
        hours = max(0, -(-(minutes - halves * Price.Per.HALF_DAY) // Price.Per.HOUR))
        if hours and not hour:
            continue
        way = [_line(half, halves)] if half and halves else []
        ways.append([*way, _line(hour, hours)] if hour and hours else way)
    if not ways:
        raise UnpricedError
    return min(ways, key=lambda way: (sum(line.total for line in way), len(way)))


def _line(price: Price, count: int) -> QuoteLine:
    return QuoteLine(int(price.per), count, price.amount, price.vat_rate)
