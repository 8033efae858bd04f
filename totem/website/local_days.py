"""Local days and their clock, for the calendars of spaces.

Between the database and the template all instants are whole minutes since 1970 in UTC: a full week of a large hub is a
thousand segments, and integers are cheap. The time zone is consulted once a day; on the two days a year when the clocks
change each label is computed.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from totem.core import periods, wording
from totem.core.periods import DAY, Period

Span = tuple[int, int]  # minutes, [)

DAY_MINUTES = 24 * 60


def floor_minutes(instant: datetime) -> int:
    """The whole minutes since 1970 at `instant`, or before it."""
    return int(instant.timestamp() // 60)


def ceil_minutes(instant: datetime) -> int:
    """The whole minutes since 1970 at `instant`, or after it."""
    return -int(-instant.timestamp() // 60)


def spans_of(found: Iterable[Period]) -> list[Span]:
    """The periods in whole minutes, no longer than they are."""
    return [(ceil_minutes(p.starts_at), floor_minutes(p.ends_at)) for p in found]


def periods_of(spans: Iterable[Span]) -> list[Period]:
    """The spans as periods."""
    return [Period(datetime.fromtimestamp(a * 60, UTC), datetime.fromtimestamp(b * 60, UTC)) for a, b in spans]


def within(spans: list[Span], start: int, to: int) -> list[Span]:
    """Those of the sorted disjoint `spans` that touch [start, to)."""
    first = bisect_left(spans, (start, 0))
    if first and spans[first - 1][1] > start:
        first -= 1
    return spans[first : bisect_left(spans, (to, 0))]


def touching(spans: list[Span], start: int, end: int) -> Span | None:
    """The last of the sorted disjoint `spans` that begins before `end`, where it reaches past `start`."""
    at = bisect_left(spans, (end, 0)) - 1
    return spans[at] if at >= 0 and spans[at][1] > start else None


# -- Days and their clock ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A local day: its midnights as minutes, and whether the clocks change between them."""

    date: date
    zone: ZoneInfo
    starts: int
    ends: int

    @property
    def is_plain(self) -> bool:
        return self.ends - self.starts == DAY_MINUTES

    def wall(self, minute: int) -> int:
        """What the clock shows at `minute`, as minutes after 0:00; the day's end is 24:00."""
        if minute >= self.ends:
            return DAY_MINUTES
        if self.is_plain:
            return minute - self.starts
        clock = datetime.fromtimestamp(minute * 60, self.zone)
        return clock.hour * 60 + clock.minute

    def at(self, wall: int) -> int:
        """The minute when the clock first shows `wall`; 24:00 is the day's end."""
        if wall >= DAY_MINUTES:
            return self.ends
        if self.is_plain:
            return self.starts + wall
        return floor_minutes(periods.at_wall_clock(self.date, time(wall // 60, wall % 60), self.zone))


def days_from(first: date, count: int, zone: ZoneInfo) -> list[CalendarDay]:
    """`count` local days of `zone`."""
    midnights = [floor_minutes(periods.at_wall_clock(first + n * DAY, time.min, zone)) for n in range(count + 1)]
    return [CalendarDay(first + n * DAY, zone, midnights[n], midnights[n + 1]) for n in range(count)]


class HourLabels:
    """« 9 h », « de 9 h à 12 h » in the active language, each made once."""

    def __init__(self) -> None:
        self._hours: dict[int, str] = {}
        self._ranges: dict[Span, str] = {}

    def hour(self, day: CalendarDay, minute: int) -> str:
        """The hour at `minute`, marked as summer or winter time where it occurs twice."""
        if not day.is_plain:
            return wording.hour(datetime.fromtimestamp(minute * 60, UTC), day.zone)
        wall = minute - day.starts
        if wall not in self._hours:
            self._hours[wall] = wording.wall_clock_hour(*divmod(wall, 60))
        return self._hours[wall]

    def between(self, day: CalendarDay, start: int, end: int) -> str:
        """The range from one minute to another of one day."""
        if not day.is_plain:
            return self._between(day, start, end)
        walls = (start - day.starts, end - day.starts)
        if walls not in self._ranges:
            self._ranges[walls] = self._between(day, start, end)
        return self._ranges[walls]

    def _between(self, day: CalendarDay, start: int, end: int) -> str:
        if start <= day.starts and end >= day.ends:
            return wording.all_day()
        last = wording.midnight() if end >= day.ends else self.hour(day, end)
        return wording.between(self.hour(day, start), last)
