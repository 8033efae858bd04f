"""The price of a booking, from the dated prices of a space: public, for members, off-peak."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from decimal import Decimal
from heapq import heappop, heappush
from typing import Any, Self
from zoneinfo import ZoneInfo

from totem.core import periods
from totem.core.money import vat_within
from totem.core.periods import MINUTE, Period
from totem.spaces.models import EVERY_DAY, Price


class UnpricedError(ValueError):
    """The space has prices, but none for one of the days asked for."""


@dataclass(frozen=True)
class QuoteLine:
    """`count` payments that each cover `per` minutes, at `amount` euros with VAT at `vat_rate` percent.

    `is_addition`: what lengthening a booking by `per` minutes added.
    """

    per: int
    count: int
    amount: Decimal
    vat_rate: Decimal
    is_addition: bool = False

    @property
    def total(self) -> Decimal:
        return self.amount * self.count

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "amount": str(self.amount), "vat_rate": str(self.vat_rate)}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """The line that a booking keeps of its price."""
        amount, rate = Decimal(kept["amount"]), Decimal(kept["vat_rate"])
        return cls(kept["per"], kept["count"], amount, rate, kept.get("is_addition", False))


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


def addition(longer: Quote, booked: Quote, minutes: int) -> QuoteLine | None:
    """What lengthening by `minutes` adds: today's price of the `longer` period, less that of what was booked.

    None where that is nothing. The VAT is at the rate of most of the longer price.
    """
    amount = longer.total - booked.total
    if amount <= 0:
        return None
    return QuoteLine(minutes, 1, amount, max(longer.lines, key=lambda line: line.total).vat_rate, is_addition=True)


def quote(
    prices: Sequence[Price],
    period: Period,
    zone: ZoneInfo,
    *,
    quantity: int = 1,
    is_free: bool = False,
    is_member: bool = False,
) -> Quote:
    """The cheapest way to pay for `period`, for `quantity` units; with fewer payments where it costs the same.

    A day's price covers what is left of a local day, a half-day's four hours and an hour's one, over midnight too, at
    the price of the day on which it begins; off-peak they begin and end within their hours. Members pay whatever is
    cheapest of their prices and the public's. `is_free`: whether it is free of charge where no price holds. Raises
    UnpricedError where the prices leave a moment out.
    """
    prices = [price for price in prices if is_member or not price.for_members]
    days = list(periods.local_days(period, zone))
    if is_free and not any(_holds(price, day) for price in prices for day in days):
        return Quote()
    on = {day: _on(prices, day) for day in days}
    counted: defaultdict[tuple[int, Decimal, Decimal], int] = defaultdict(int)
    for price in _cheapest(on, period, zone):
        counted[int(price.per), price.amount, price.vat_rate] += quantity
    return Quote(tuple(QuoteLine(per, count, amount, rate) for (per, amount, rate), count in sorted(counted.items())))


def _on(prices: Iterable[Price], day: date) -> list[Price]:
    found = [price for price in prices if _holds(price, day)]
    if not found:
        raise UnpricedError
    return found


def _holds(price: Price, day: date) -> bool:
    return price.starts_on <= day and (price.ends_on is None or day <= price.ends_on)


def _cheapest(on: Mapping[date, list[Price]], period: Period, zone: ZoneInfo) -> list[Price]:
    """The payments, each beginning where the one before ends, that cover the period (Dijkstra's algorithm)."""
    costs = {period.starts_at: (Decimal(0), 0)}
    paid: dict[datetime, tuple[datetime, Price]] = {}
    moments = [period.starts_at]
    while moments and (moment := heappop(moments)) < period.ends_at:
        local = moment.astimezone(zone)
        day, minute = local.date(), local.hour * 60 + local.minute
        for price in on[day]:
            if not price.counts_at(day.weekday(), minute):
                continue
            until = min(_end_of(price, moment, day, zone), period.ends_at)
            cost = (costs[moment][0] + price.amount, costs[moment][1] + 1)
            if until not in costs or cost < costs[until]:
                if until not in costs:
                    heappush(moments, until)
                costs[until], paid[until] = cost, (moment, price)
    if moment < period.ends_at:
        raise UnpricedError
    payments = []
    while moment in paid:
        moment, price = paid[moment]
        payments.append(price)
    return payments


def _end_of(price: Price, moment: datetime, day: date, zone: ZoneInfo) -> datetime:
    """Until when a payment that begins at `moment` covers: not beyond its hours, where it is off-peak."""
    until = periods.local_day(day, zone).ends_at if price.per == Price.Per.DAY else moment + price.per * MINUTE
    if price.until_minute == periods.DAY // MINUTE:
        return until if price.weekdays == EVERY_DAY else min(until, periods.local_day(day, zone).ends_at)
    closes = time(price.until_minute // 60, price.until_minute % 60)
    return min(until, periods.at_wall_clock(day, closes, zone))
