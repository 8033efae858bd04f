"""The week of a space: a table of half-hours by days."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from totem.core import wording
from totem.spaces.models import Space
from totem.website.calendar import units_words
from totem.website.local_days import DAY_MINUTES, CalendarDay, HourLabels, Span, floor_minutes, touching
from totem.website.space_times import BookingLimits, SpaceTimes, hours_shown

HALF_HOUR = 30


@dataclass(frozen=True, slots=True)
class HalfHourCell:
    """Half an hour of a day; `spoken` goes before the words for those who do not see the table."""

    state: str
    words: str
    href: str = ""
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class HalfHour:
    """A row of the table: one half-hour of every day."""

    words: str
    is_half: bool
    cells: list[HalfHourCell]


Key = tuple[int, int]  # what the wall clock shows, and 1 for the second coming of an hour that comes twice


def half_hours(
    space: Space, days: Sequence[CalendarDay], now: datetime, times: SpaceTimes, limits: BookingLimits
) -> list[HalfHour]:
    """The table of a space's week; its rows are hours where bookings begin on the hour only."""
    hours = hours_shown([times], days)
    length = max(HALF_HOUR, space.step_minutes)
    columns = [_rows_of(day, hours, length) for day in days]
    keys = sorted({key for column in columns for key in column}, key=_in_order(columns))
    drawer = _CellDrawer(times, limits, now, length)
    drawn = [
        {key: drawer.cell(day, at) for key, at in column.items()} for day, column in zip(days, columns, strict=True)
    ]
    blank = HalfHourCell("none", _("this hour does not exist"))
    plain = next((day for day in days if day.is_plain), days[0])
    labels = HourLabels()
    table = []
    for wall, coming in keys:
        words = labels.hour(plain, plain.starts + wall)
        if coming:
            words = next(
                labels.hour(day, column[wall, coming])
                for day, column in zip(days, columns, strict=True)
                if (wall, coming) in column
            )
        table.append(HalfHour(words, bool(wall % 60), [column.get((wall, coming), blank) for column in drawn]))
    return table


def _rows_of(day: CalendarDay, hours: Span, length: int) -> dict[Key, int]:
    """The half-hours, or hours, of a day between the hours shown, with the minute each begins."""
    if day.is_plain:
        return {(wall, 0): day.starts + wall for wall in range(*hours, length)}
    found: dict[Key, int] = {}
    for minute in range(day.at(hours[0]), day.at(hours[1]), length):
        wall = day.wall(minute)
        found[wall, int((wall, 0) in found)] = minute
    return found


def _in_order(columns: Sequence[dict[Key, int]]) -> Callable[[Key], tuple[int, int, int]]:
    """Sort key of half-hours in order of time: the first occurrence of a repeated hour before its second."""
    again = [wall for column in columns for wall, coming in column if coming]
    first, last = min(again, default=DAY_MINUTES), max(again, default=DAY_MINUTES)

    def order(key: Key) -> tuple[int, int, int]:
        wall, coming = key
        return (1, coming, wall) if first <= wall <= last else (0 if wall < first else 2, 0, wall)

    return order


class _CellDrawer:
    """Computes the state of each half-hour of a space."""

    def __init__(self, times: SpaceTimes, rules: BookingLimits, now: datetime, length: int) -> None:
        self.times = times
        self.rules = rules
        self.length = length
        self.now = floor_minutes(now)
        self.labels = HourLabels()
        self.day_words: dict[date, str] = {}
        self.states = {
            "past": HalfHourCell("past", _("past")),
            "busy": HalfHourCell("busy", _("taken")),
            "closed": HalfHourCell("closed", _("closed")),
            "out": HalfHourCell("out", _("out of order")),
        }

    def cell(self, day: CalendarDay, minute: int) -> HalfHourCell:
        end = minute + self.length
        own = next((own for own in self.times.own if own.start < end and minute < own.end), None)
        if own is not None:
            return HalfHourCell("mine", _("yours"), own.url, self._spoken(day, minute))
        if end <= self.now:
            return self.states["past"]
        stretch = touching(self.times.free, minute, end)
        if stretch is not None:
            return self._free(day, max(minute, stretch[0]), min(end, stretch[1]), stretch)
        if touching(self.times.open, minute, end) is not None:
            return self.states["busy"]
        return self.states["out" if touching(self.times.out, minute, end) else "closed"]

    def _free(self, day: CalendarDay, first: int, last: int, stretch: Span) -> HalfHourCell:
        start = None if day.date in self.rules.refused else self.rules.start_in(day, first, last)
        minutes = self.rules.length_in(stretch[1] - start) if start is not None else 0
        if start is None or not minutes:
            return HalfHourCell("refused", self.rules.why_not(day, first, last))
        link = self.rules.link(start, minutes)
        if self.times.units is None:
            return HalfHourCell("start", self.labels.hour(day, start), link, self._spoken(day))
        return HalfHourCell("start", units_words(*self.times.units_in(first, last)), link, self._spoken(day, start))

    def _spoken(self, day: CalendarDay, minute: int | None = None) -> str:
        if day.date not in self.day_words:
            self.day_words[day.date] = wording.date_words(day.date)
        hour = "" if minute is None else f", {self.labels.hour(day, minute)}"
        return self.day_words[day.date] + hour
