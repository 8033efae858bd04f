"""Periods of time and opening hours: pure arithmetic on half-open `[)` periods in UTC.

Opening hours are wall-clock times in a place's IANA zone; they are expanded day by day in local time, so that a day of
23 or 25 hours and the two nights the clocks change need no special case anywhere else.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
EARLIEST_DAY, LATEST_DAY = date(1800, 1, 1), date(2199, 12, 31)
"""The days that people may type: a century of arithmetic around them stays within what Python and PostgreSQL hold."""


def validate_day(day: date) -> None:
    """Raises ValidationError for a day before EARLIEST_DAY or after LATEST_DAY."""
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise ValidationError(_("This day is too far away."), code="far")


def parse_day(text: str) -> date:
    """The day of an address, 2026-11-26. Raises ValueError where it is none, or too far away."""
    day = date.fromisoformat(text)
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise ValueError(text)
    return day


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or the last one it has."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class Period(NamedTuple):
    """From `starts_at`, included, to `ends_at`, excluded; both aware."""

    starts_at: datetime
    ends_at: datetime

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at

    @property
    def minutes(self) -> int:
        """The length in whole minutes."""
        return self.length // MINUTE

    def contains(self, other: "Period") -> bool:
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at

    def overlaps(self, other: "Period") -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


class WeeklyHours(Protocol):
    """A line of opening hours. `closes_at` not after `opens_at` means the next day; 00:00 closes at midnight."""

    @property
    def weekday(self) -> int: ...  # ISO: 1 is Monday
    @property
    def opens_at(self) -> time: ...
    @property
    def closes_at(self) -> time: ...


class HoursLine(NamedTuple):
    """A line of weekly hours as plain values (see `WeeklyHours`)."""

    weekday: int
    opens_at: time
    closes_at: time

    @property
    def words(self) -> str:
        return f"{self.weekday} {self.opens_at:%H:%M}-{self.closes_at:%H:%M}"


class NonexistentTimeError(ValueError):
    """This wall-clock time is skipped on that day, when the clocks go forward."""


def merge(periods: Iterable[Period]) -> list[Period]:
    """The same instants as sorted periods that neither touch nor overlap."""
    merged: list[Period] = []
    for period in sorted(p for p in periods if p.starts_at < p.ends_at):
        if merged and period.starts_at <= merged[-1].ends_at:
            if period.ends_at > merged[-1].ends_at:
                merged[-1] = Period(merged[-1].starts_at, period.ends_at)
        else:
            merged.append(period)
    return merged


def subtract(periods: Iterable[Period], removed: Iterable[Period]) -> list[Period]:
    """What is left of `periods` without `removed`, sorted and disjoint."""
    left = merge(periods)
    for hole in merge(removed):
        left = [
            part
            for period in left
            for part in (
                Period(period.starts_at, min(period.ends_at, hole.starts_at)),
                Period(max(period.starts_at, hole.ends_at), period.ends_at),
            )
            if part.starts_at < part.ends_at
        ]
    return left


def intersect(one: Iterable[Period], other: Iterable[Period]) -> list[Period]:
    """The instants that are in both, sorted and disjoint."""
    ones, others = merge(one), merge(other)
    found, n, m = [], 0, 0
    while n < len(ones) and m < len(others):
        a, b = ones[n], others[m]
        start, end = max(a.starts_at, b.starts_at), min(a.ends_at, b.ends_at)
        if start < end:
            found.append(Period(start, end))
        if a.ends_at <= b.ends_at:
            n += 1
        else:
            m += 1
    return found


def at_wall_clock(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, when a clock in `zone` shows `clock` on `day`.

    An hour that occurs twice means its first occurrence; one that is skipped is moved forward by the skipped length.
    """
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def parse_wall_clock(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Like `at_wall_clock`, for a time that a person typed.

    Raises NonexistentTimeError when the clocks skip it.
    """
    instant = at_wall_clock(day, clock, zone)
    if instant.astimezone(zone).time() != clock:
        raise NonexistentTimeError(f"{day} {clock} does not exist in {zone.key}")
    return instant


def same_wall_clock(instant: datetime, before: ZoneInfo, after: ZoneInfo) -> datetime:
    """The instant, in UTC, when clocks in `after` show what those in `before` show at `instant`.

    Raises NonexistentTimeError when the clocks of `after` skip it.
    """
    local = instant.astimezone(before)
    return parse_wall_clock(local.date(), local.time(), after)


def local_day(day: date, zone: ZoneInfo) -> Period:
    """The 23, 24 or 25 hours from midnight to midnight of `day` in `zone`."""
    return Period(at_wall_clock(day, time.min, zone), at_wall_clock(day + DAY, time.min, zone))


def local_days(window: Period, zone: ZoneInfo) -> Iterator[date]:
    """Every local date that has an instant in `window`."""
    day = window.starts_at.astimezone(zone).date()
    last = (window.ends_at - timedelta.resolution).astimezone(zone).date()
    while day <= last:
        yield day
        day += DAY


def opening_of(hours: WeeklyHours, day: date, zone: ZoneInfo) -> Period:
    """The period that one line of weekly hours opens on `day`."""
    closing_day = day if hours.closes_at > hours.opens_at else day + DAY
    return Period(at_wall_clock(day, hours.opens_at, zone), at_wall_clock(closing_day, hours.closes_at, zone))


def expand_week(
    hours: Sequence[WeeklyHours], window: Period, zone: ZoneInfo, *, closed_days: Iterable[date] = ()
) -> list[Period]:
    """The periods of a weekly timetable that touch `window`, cut to it.

    On `closed_days` (public holidays) no line opens; what opened the evening before still runs past midnight.
    """
    closed = set(closed_days)
    by_weekday: dict[int, list[WeeklyHours]] = {}
    for line in hours:
        by_weekday.setdefault(line.weekday, []).append(line)
    reach = Period(window.starts_at - DAY, window.ends_at)
    opened = [
        opening_of(line, day, zone)
        for day in local_days(reach, zone)
        if day not in closed
        for line in by_weekday.get(day.isoweekday(), ())
    ]
    return intersect(opened, [window])


def ceil_to_step(instant: datetime, step: timedelta, zone: ZoneInfo) -> datetime:
    """The first instant not before `instant` that lies on a multiple of `step` after local midnight.

    Multiples are counted on the wall clock, so that the half hours stay half hours on the days the clocks change.
    """
    local = instant.astimezone(zone).replace(tzinfo=None)
    past = (local - datetime.combine(local.date(), time.min)) % step
    if not past:
        return instant
    return instant + (step - past)


def is_on_step(instant: datetime, step: timedelta, zone: ZoneInfo) -> bool:
    """Whether `instant` lies on a multiple of `step` after local midnight."""
    return ceil_to_step(instant, step, zone) == instant
