"""Weeks and days of spaces as bars for templates, without arithmetic left to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.bookings.addresses import space_url
from totem.bookings.rights import BookingRights
from totem.core import wording
from totem.spaces.models import Space
from totem.spaces.wording import audience_note
from totem.website.local_days import CalendarDay, HourLabels, Span, floor_minutes, touching, within
from totem.website.space_times import BookingLimits, SpaceTimes, hours_shown, limits_of, times_of

QUARTER = 15


@dataclass(frozen=True, slots=True)
class BarSegment:
    """A stretch of a bar: its classes, its words, and the page that books it, or of one's own booking."""

    css: str
    words: str
    href: str = ""
    spoken: str = ""


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
        self.free = _("free")
        self.words = {
            "busy": _("taken"),
            "closed": _("closed"),
            "past": _("past"),
            "out": _("out of order"),
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
        cursor = start
        for own in times.own:
            first, last = max(own.start, cursor), min(own.end, to)
            if _quarters(first - start) < _quarters(last - start):
                segments += self._others(day, start, (cursor, first), times, rules)
                words = _("yours, %(hours)s") % {"hours": self.labels.between(day, first, last)}
                segments.append(BarSegment(_css("mine", first - start, last - start), words, own.url))
                cursor = last
        return segments + self._others(day, start, (cursor, to), times, rules)

    def _others(
        self, day: CalendarDay, start: int, span: Span, times: SpaceTimes, rules: BookingLimits
    ) -> list[BarSegment]:
        """The segments of a part of the bar in which nothing is one's own."""
        segments = []
        for state, first, last, stretch_end in stretches(*span, self.now, times):
            if _quarters(first - start) == _quarters(last - start):
                continue
            shown, words, href, spoken = state, self.words.get(state, ""), "", ""
            if state == "free":
                shown, words, href, spoken = self._free(day, (first, last), stretch_end, times, rules)
            segments.append(BarSegment(_css(shown, first - start, last - start), words, href, spoken))
        return segments

    def _free(
        self, day: CalendarDay, span: Span, stretch_end: int, times: SpaceTimes, rules: BookingLimits
    ) -> tuple[str, str, str, str]:
        """State, words, address, and what is spoken before the words, of a free stretch."""
        at = None if day.date in rules.refused else rules.start_in(day, *span)
        minutes = rules.length_in(stretch_end - at) if at is not None else 0
        if at is None or not minutes:
            return "refused", rules.why_not(day, *span), "", ""
        words = self.labels.between(day, at, span[1])
        if times.units is not None:
            return "free", f"{units_words(*times.units_in(at, span[1]))}, {words}", rules.link(at, minutes), ""
        return "free", words, rules.link(at, minutes), self.free


def _css(state: str, first: int, last: int) -> str:
    """The classes of a segment from one minute of its bar to another."""
    column = _quarters(first)
    return f"seg-{state} q-from-{column} q-len-{_quarters(last) - column}"


def units_words(least: int, most: int) -> str:
    """« 17 libres », « 4 à 17 libres »: of a pool, at once."""
    if least == most:
        return ngettext("%(count)s free", "%(count)s free", most) % {"count": most}
    return ngettext("%(least)s to %(count)s free", "%(least)s to %(count)s free", most) % {
        "least": least,
        "count": most,
    }


def _quarters(minutes: int) -> int:
    return (minutes + QUARTER // 2) // QUARTER


def stretches(start: int, to: int, now: int, times: SpaceTimes) -> Iterable[tuple[str, int, int, int]]:
    """The segments of [start, to): state, start, end, and for free ones the end of the whole free period."""
    cursor = start
    if now > start:
        cursor = max(start, min(now // QUARTER * QUARTER, to))
        if cursor > start:
            yield "past", start, cursor, cursor
        if cursor >= to:
            return
    for opens, closes in within(times.open, cursor, to):
        yield from _not_open(cursor, opens, times.out)
        cursor = max(cursor, opens)
        last = min(closes, to)
        for free, until in within(times.free, cursor, last):
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
    for first, last in within(out, start, to):
        if first > start:
            yield "closed", start, first, first
        yield "out", max(first, start), min(last, to), to
        start = min(last, to)
    if start < to:
        yield "closed", start, to, to


def rows(
    spaces: Sequence[Space], days: Sequence[CalendarDay], now: datetime, rights: BookingRights
) -> tuple[list[SpaceDayRow], Span]:
    """A row a space with a bar a day, and the hours between which the bars are drawn."""
    times, limits = times_of(spaces, days, now, rights), limits_of(spaces, days, now, rights)
    hours = hours_shown(times.values(), days)
    bars = BarDrawer(days, hours, now)
    return [bars.row(space, times[space.pk], limits[space.pk]) for space in spaces], hours


@dataclass(frozen=True, slots=True)
class ScaleMark:
    """An hour on the scale above the bars of a day."""

    css: str
    words: str


def scale(day: CalendarDay, hours: Span, *, every: int = 1) -> tuple[int, list[ScaleMark]]:
    """The width in quarter-hours of the bars of `day`, and a mark every so many hours; a day may have 23 or 25."""
    start, to = day.at(hours[0]), day.at(hours[1])
    labels = HourLabels()
    marks = []
    for n, minute in enumerate(range(start, to, 60 * every)):
        column, length = (minute - start) // QUARTER, min(4 * every, (to - minute) // QUARTER)
        odd = " is-odd" if every == 1 and n % 3 else ""
        marks.append(ScaleMark(f"q-from-{column} q-len-{length}{odd}", labels.hour(day, minute)))
    return (to - start) // QUARTER, marks
