"""A morning, an afternoon and a whole day of a space, ready to be chosen, each with its price."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from totem.bookings import queries
from totem.bookings.addresses import book_url
from totem.core.periods import MINUTE, Period, at_wall_clock, ceil_to_step, intersect
from totem.spaces import queries as space_queries
from totem.spaces.models import Price, Space
from totem.spaces.rules import allowed_lengths, earliest_start, latest_start, step_under_way
from totem.spaces.wording import quote_words

HALF_DAY = Price.Per.HALF_DAY * MINUTE
FIRST, NOON, LAST = time(8), time(13), time(20)
"""Between which hours a day lies, also where the doors never close; a morning ends at NOON at the latest."""
AFTERNOON_FROM = time(14)
SHORTEST = timedelta(hours=2)
SHORTEST_DAY = timedelta(hours=5)


@dataclass(frozen=True)
class DayPart:
    """A part of a day in a space, its price, and whether it is free."""

    name: Promise
    space: Space
    period: Period
    quantity: int
    price: str
    is_free: bool

    @property
    def url(self) -> str:
        """The page that books it."""
        return book_url(self.space, self.period, quantity=self.quantity)


def day_parts(
    space: Space,
    day: date,
    opening: Sequence[Period],
    free: Sequence[Period],
    now: datetime,
    *,
    prices: Sequence[Price],
    quantity: int = 1,
    by_team: bool = False,
    is_member: bool = False,
) -> list[DayPart]:
    """Those of `day` that the rules of the space allow and that have a price; no query, three of a pool.

    `opening` and `free` are when the space is open and free on that day, `prices` those that hold on it.
    """
    earliest, latest = (
        (step_under_way(space, now), None) if by_team else (earliest_start(space, now), latest_start(space, now))
    )
    found = [
        (name, period)
        for name, period in _parts(space, day, opening)
        if earliest <= period.starts_at and (latest is None or period.starts_at <= latest)
    ]
    return [
        DayPart(name, space, period, quantity, quote_words(quote), _is_free(space, period, quantity, free, now))
        for name, period in found
        if (quote := space_queries.quote_or_none(space, prices, period, quantity, is_member=is_member)) is not None
    ]


def _is_free(space: Space, period: Period, quantity: int, free: Sequence[Period], now: datetime) -> bool:
    if not any(stretch.contains(period) for stretch in free):
        return False
    return not space.is_pool or queries.free_counts([space], period, now).get(space.pk, 0) >= quantity


def _parts(space: Space, day: date, opening: Sequence[Period]) -> Iterator[tuple[Promise, Period]]:
    """A half-day is the four hours that one payment covers: the first of the morning, the last of the afternoon.

    The afternoon begins between one and two o'clock, so that it fits before the doors close where they close early.
    """
    zone = space.hub.zone
    first, noon, after, last = (at_wall_clock(day, clock, zone) for clock in (FIRST, NOON, AFTERNOON_FROM, LAST))
    closes_at = max((p.ends_at for p in intersect(opening, [Period(noon, last)])), default=last)
    after = max(noon, min(after, closes_at - HALF_DAY))
    for name, within, shortest, longest in (
        (_("Morning"), Period(first, noon), SHORTEST, HALF_DAY),
        (_("Afternoon"), Period(after, last), SHORTEST, HALF_DAY),
        (_("Whole day"), Period(first, last), SHORTEST_DAY, last - first),
    ):
        stretch = max(intersect(opening, [within]), key=lambda p: p.length, default=None)
        if stretch is not None and (period := longest_in(space, stretch, longest)) and period.length >= shortest:
            yield name, period


def longest_in(space: Space, stretch: Period, longest: timedelta) -> Period | None:
    """The longest booking of the stretch, from its first step on, that the rules on lengths allow."""
    start = ceil_to_step(stretch.starts_at, space.step, space.hub.zone)
    most = min(stretch.ends_at - start, longest) // MINUTE
    minutes = max((length for length in allowed_lengths(space) if length <= most), default=0)
    return Period(start, start + minutes * MINUTE) if minutes else None
