"""Weeks and days of spaces as rows for templates, without arithmetic left to them.

Between the database and the template all instants are whole minutes since 1970 in UTC: a full week of a large hub is a
thousand segments, and integers are cheap. The time zone is consulted once a day; on the two days a year when the clocks
change each label is computed.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from totem.bookings import queries as booking_queries
from totem.bookings.addresses import book_url, space_url
from totem.core import periods, wording
from totem.core.periods import DAY, Period
from totem.spaces import queries as space_queries
from totem.spaces.models import Space
from totem.spaces.rules import allowed_lengths, earliest_start, latest_start, usual_length
from totem.spaces.wording import audience_note

Span = tuple[int, int]  # minutes, [)

QUARTER = 15
DAY_MINUTES = 24 * 60
# A stretch that runs past midnight can be booked from its evening: look further than the last midnight.
BEYOND = timedelta(hours=12)
DEFAULT_HOURS = (8 * 60, 19 * 60)


def floor_minutes(instant: datetime) -> int:
    """The whole minutes since 1970."""
    return int(instant.timestamp() // 60)


def _ceil(instant: datetime) -> int:
    return -int(-instant.timestamp() // 60)


def _spans(found: Iterable[Period]) -> list[Span]:
    return [(_ceil(p.starts_at), floor_minutes(p.ends_at)) for p in found]


def _within(spans: list[Span], start: int, to: int) -> list[Span]:
    """Those of the sorted disjoint `spans` that touch [start, to)."""
    first = bisect_left(spans, (start, 0))
    if first and spans[first - 1][1] > start:
        first -= 1
    return spans[first : bisect_left(spans, (to, 0))]


def touching(spans: list[Span], start: int, end: int) -> Span | None:
    """The last of the sorted disjoint `spans` that begins before `end`, where it reaches past `start`."""
    at = bisect_left(spans, (end, 0)) - 1
    return spans[at] if at >= 0 and spans[at][1] > start else None


@lru_cache(maxsize=4096)
def _iso(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


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


# -- Rules and times of a space ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BookingLimits:
    """What links need of a space: first and last start, lengths, and the address of the booking form."""

    base: str
    step: int
    allowed: range
    usual: int
    earliest: int
    latest: int

    @classmethod
    def of(cls, space: Space, now: datetime) -> "BookingLimits":
        """The rules for visitors as of `now`."""
        return cls(
            book_url(space),
            space.step_minutes,
            allowed_lengths(space),
            usual_length(space),
            _ceil(earliest_start(space, now)),
            floor_minutes(latest_start(space, now)),
        )

    def start_in(self, day: CalendarDay, start: int, end: int) -> int | None:
        """The first minute in [start, end) at which a booking may start, as far as steps, notice and horizon go."""
        first = max(start, self.earliest)
        first += (day.starts - first) % self.step
        return first if first < end and first <= self.latest else None

    def length_in(self, available: int) -> int:
        """The minutes to propose where so many are free; 0 where they are too few."""
        fitting = min(self.usual, available // self.step * self.step)
        return fitting if fitting in self.allowed else 0

    def link(self, start: int, minutes: int) -> str:
        return f"{self.base}?start={_iso(start)}&minutes={minutes}"


@dataclass(frozen=True, slots=True)
class SpaceTimes:
    """When a space is open, free and out of order."""

    open: list[Span]
    free: list[Span]
    out: list[Span]


def times_of(spaces: Sequence[Space], days: Sequence[CalendarDay], now: datetime) -> dict[int, SpaceTimes]:
    """The times of each space (by id) from `now`, or the first day, to the last: a constant number of queries."""
    starts_at = datetime.fromtimestamp(days[0].starts * 60, UTC)
    window = Period(starts_at, datetime.fromtimestamp(days[-1].ends * 60, UTC) + BEYOND)
    out = space_queries.outages_of(spaces, window)
    opening = space_queries.open_periods(spaces, window, outages=out)
    to_come = Period(max(starts_at, now.replace(minute=0, second=0, microsecond=0)), window.ends_at)
    free: dict[int, list[Span]] = {}
    if spaces and to_come.starts_at < to_come.ends_at:
        free = booking_queries.free_minutes(spaces, to_come, now, opening=opening)
    # Spaces that keep the hub's hours share one list.
    spans = {id(opened): _spans(opened) for opened in opening.values()}
    return {
        space.pk: SpaceTimes(
            spans[id(opening[space.pk])], free.get(space.pk, []), _spans(periods.merge(out.get(space.pk, ())))
        )
        for space in spaces
    }


def hours_shown(times: Iterable[SpaceTimes], days: Sequence[CalendarDay]) -> Span:
    """The whole hours of the wall clock between which something is open on some day, as minutes after 0:00."""
    first, last = DAY_MINUTES, 0
    for span in {span for one in times for span in one.open}:
        for day in days:
            start, end = max(span[0], day.starts), min(span[1], day.ends)
            if start < end:
                # The last minute, not the end: where an hour comes twice its end shows an earlier hour.
                first, last = min(first, day.wall(start)), max(last, day.wall(end - 1) + 1)
    if first >= last:
        return DEFAULT_HOURS
    return first // 60 * 60, -(-last // 60) * 60


# -- Bars: stretches of a day as links --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BarSegment:
    """A stretch of a bar: its classes, its words, and the page that books it."""

    css: str
    words: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class DayBar:
    """A space on a day; its class says how many quarter-hours wide it is."""

    day_name: str
    css: str
    segments: list[BarSegment]
    is_closed: bool


@dataclass(frozen=True, slots=True)
class SpaceDayRow:
    """A space and its days."""

    name: str
    url: str
    note: str
    bars: list[DayBar]


class BarDrawer:
    """Draws the bars of spaces for some days, between the same hours of the wall clock."""

    def __init__(self, days: Sequence[CalendarDay], hours: Span, now: datetime) -> None:
        self.days = [(day, wording.date_short(day.date), day.at(hours[0]), day.at(hours[1])) for day in days]
        self.now = floor_minutes(now)
        self.labels = HourLabels()
        self.words = {
            "busy": _("taken"),
            "closed": _("closed"),
            "past": _("past"),
            "out": _("out of order"),
            "later": _("not open to booking yet"),
            "late": _("too late to book"),
            "short": _("too short to book"),
        }

    def row(self, space: Space, times: SpaceTimes, rules: BookingLimits) -> SpaceDayRow:
        """The row of a space, a bar a day."""
        bars = [
            DayBar(
                name, f"bar q-cols-{(to - start) // QUARTER}", self._segments(day, start, to, times, rules), is_closed
            )
            for day, name, start, to in self.days
            for is_closed in [touching(times.open, start, to) is None]
        ]
        return SpaceDayRow(space.name, space_url(space), audience_note(space), bars)

    def _segments(
        self, day: CalendarDay, start: int, to: int, times: SpaceTimes, rules: BookingLimits
    ) -> list[BarSegment]:
        segments = []
        for state, first, last, stretch_end in stretches(start, to, self.now, times):
            column, end = _quarters(first - start), _quarters(last - start)
            if column == end:
                continue
            css, words, href = state, "", ""
            if state == "free":
                words, href = self._free(day, first, last, stretch_end, rules)
            segments.append(
                BarSegment(f"seg-{css} q-from-{column} q-len-{end - column}", words or self.words[state], href)
            )
        return segments

    def _free(self, day: CalendarDay, first: int, last: int, stretch_end: int, rules: BookingLimits) -> tuple[str, str]:
        start = rules.start_in(day, first, last)
        if start is None:
            return self.words["later" if first > rules.latest else "late" if last <= rules.earliest else "short"], ""
        minutes = rules.length_in(stretch_end - start)
        if not minutes:
            return self.words["short"], ""
        return self.labels.between(day, start, last), rules.link(start, minutes)


def _quarters(minutes: int) -> int:
    return (minutes + QUARTER // 2) // QUARTER


def stretches(start: int, to: int, now: int, times: SpaceTimes) -> Iterable[tuple[str, int, int, int]]:
    """The segments of [start, to): state, start, end, and for free ones the end of the whole free period."""
    cursor = start
    if now > start:
        cursor = min(now // QUARTER * QUARTER, to)
        if cursor > start:
            yield "past", start, cursor, cursor
        if cursor >= to:
            return
    for opens, closes in _within(times.open, cursor, to):
        yield from _not_open(cursor, opens, times.out)
        cursor = max(cursor, opens)
        last = min(closes, to)
        for free, until in _within(times.free, cursor, last):
            if free > cursor:
                yield "busy", cursor, free, free
            yield "free", max(free, cursor), min(until, last), until
            cursor = min(until, last)
        if cursor < last:
            yield "busy", cursor, last, last
            cursor = last
    yield from _not_open(cursor, to, times.out)


def _not_open(start: int, to: int, out: list[Span]) -> Iterable[tuple[str, int, int, int]]:
    if start >= to:
        return
    for first, last in _within(out, start, to):
        if first > start:
            yield "closed", start, first, first
        yield "out", max(first, start), min(last, to), to
        start = min(last, to)
    if start < to:
        yield "closed", start, to, to


def rows(spaces: Sequence[Space], days: Sequence[CalendarDay], now: datetime) -> tuple[list[SpaceDayRow], Span]:
    """A row a space with a bar a day, and the hours between which the bars are drawn."""
    times = times_of(spaces, days, now)
    hours = hours_shown(times.values(), days)
    bars = BarDrawer(days, hours, now)
    return [bars.row(space, times[space.pk], BookingLimits.of(space, now)) for space in spaces], hours


@dataclass(frozen=True, slots=True)
class ScaleMark:
    """An hour on the scale above the bars of a day."""

    css: str
    words: str


def scale(day: CalendarDay, hours: Span) -> tuple[int, list[ScaleMark]]:
    """The width in quarter-hours of the bars of `day`, and a mark an hour; 23 or 25 of them when the clocks change."""
    start, to = day.at(hours[0]), day.at(hours[1])
    labels = HourLabels()
    marks = [
        ScaleMark(f"q-from-{(minute - start) // QUARTER} q-len-4{' is-odd' if n % 3 else ''}", labels.hour(day, minute))
        for n, minute in enumerate(range(start, to, 60))
    ]
    return (to - start) // QUARTER, marks
