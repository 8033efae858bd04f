"""When spaces are open, free and out of order on the days of a calendar, and what their rules let a person book."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby

from django.urls import reverse
from django.utils.translation import gettext as _

from totem.bookings import queries as booking_queries
from totem.bookings.addresses import book_url
from totem.bookings.rights import BookingRights
from totem.core import periods
from totem.core.periods import Period
from totem.spaces import queries as space_queries
from totem.spaces.models import Space
from totem.spaces.rules import allowed_lengths, earliest_start, latest_start, step_under_way, usual_length
from totem.spaces.wording import audience_note
from totem.website.local_days import DAY_MINUTES, CalendarDay, Span, ceil_minutes, floor_minutes, spans_of

# A stretch that runs past midnight can be booked from its evening: look further than the last midnight.
BEYOND = timedelta(hours=12)
DEFAULT_HOURS = (8 * 60, 19 * 60)
FAR = 2**31


@lru_cache(maxsize=4096)
def _iso(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


# -- What one may book ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BookingLimits:
    """What links need of a space: first and last start, lengths, the address of the booking form.

    `refused` are the days on which the person may not book it at all, with the reason in words.
    """

    base: str
    step: int
    allowed: range
    usual: int
    earliest: int
    latest: int
    refused: dict[date, str]

    @classmethod
    def of(cls, space: Space, now: datetime, refused: dict[date, str], *, by_team: bool) -> "BookingLimits":
        """The rules as of `now`, for the team or for everybody else."""
        return cls(
            book_url(space),
            space.step_minutes,
            allowed_lengths(space),
            usual_length(space),
            ceil_minutes(step_under_way(space, now) if by_team else earliest_start(space, now)),
            FAR if by_team else floor_minutes(latest_start(space, now)),
            refused,
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

    def why_not(self, day: CalendarDay, first: int, last: int) -> str:
        """In words, why no booking may start in the free [first, last)."""
        if day.date in self.refused:
            return self.refused[day.date]
        if first > self.latest:
            return _("not open to booking yet")
        return _("too late to book") if last <= self.earliest else _("too short to book")


def limits_of(
    spaces: Sequence[Space], days: Sequence[CalendarDay], now: datetime, rights: BookingRights
) -> dict[int, BookingLimits]:
    """The limits of each space (by id) for the person; one query for the prices of those that are not free."""
    priced = space_queries.priced_days(
        [space for space in spaces if not space.free_of_charge], [day.date for day in days]
    )
    return {
        space.pk: BookingLimits.of(
            space,
            now,
            _refused(space, days, rights, priced.get(space.pk)),
            by_team=rights.is_team(space.hub, days[0].date),
        )
        for space in spaces
    }


def _refused(
    space: Space, days: Sequence[CalendarDay], rights: BookingRights, priced: set[date] | None
) -> dict[date, str]:
    found = {}
    for day in days:
        if not rights.may_book_once_signed_in(space, day.date):
            found[day.date] = audience_note(space)
        elif priced is not None and day.date not in priced:
            found[day.date] = _("no price yet")
    return found


# -- What is free, and when -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnBooking:
    """The time of a booking of the person who looks, in minutes, and its page."""

    start: int
    end: int
    url: str


@dataclass(frozen=True, slots=True)
class SpaceTimes:
    """When a space is open, free and out of order.

    `units`, of a pool: the minutes at which the number of free units changes, and that number.
    """

    open: list[Span]
    free: list[Span]
    out: list[Span]
    units: tuple[list[int], list[int]] | None = None
    own: Sequence[OwnBooking] = ()

    def units_in(self, start: int, end: int) -> tuple[int, int]:
        """The least and the most units of a pool that are free at once within [start, end)."""
        minutes, units = self.units or ([], [])
        shown = units[max(bisect_right(minutes, start) - 1, 0) : bisect_left(minutes, end)] or [0]
        return min(shown), max(shown)


def times_of(
    spaces: Sequence[Space], days: Sequence[CalendarDay], now: datetime, rights: BookingRights
) -> dict[int, SpaceTimes]:
    """The times of each space (by id) of a hub from `now`, or the first day, to the last: a constant number of queries.

    One's own bookings are asked for where somebody is signed in only, past ones too.
    """
    if not spaces:
        return {}
    starts_at = datetime.fromtimestamp(days[0].starts * 60, UTC)
    window = Period(starts_at, datetime.fromtimestamp(days[-1].ends * 60, UTC) + BEYOND)
    out = space_queries.outages_of(spaces, window)
    opening = space_queries.open_periods(spaces, window, outages=out)
    to_come = Period(max(starts_at, now.replace(minute=0, second=0, microsecond=0)), window.ends_at)
    free: dict[int, list[Span]] = {}
    units: dict[int, tuple[list[int], list[int]]] = {}
    if to_come.starts_at < to_come.ends_at:
        units = booking_queries.units_free_over_time(spaces, to_come, now, opening=opening)
        free = {pk: _some_free(*steps) for pk, steps in units.items()}
    own = _own(spaces, window, now, rights)
    # Spaces that keep the hub's hours share one list.
    spans = {id(opened): spans_of(opened) for opened in opening.values()}
    return {
        space.pk: SpaceTimes(
            spans[id(opening[space.pk])],
            free.get(space.pk, []),
            spans_of(periods.merge(out.get(space.pk, ()))),
            units.get(space.pk) if space.is_pool else None,
            own.get(space.pk, ()),
        )
        for space in spaces
    }


def _some_free(minutes: list[int], units: list[int]) -> list[Span]:
    """When a pool has at least one free unit."""
    spans = []
    for is_free, steps in groupby(zip(minutes, units, [*minutes[1:], 0], strict=True), key=lambda step: step[1] > 0):
        if is_free:
            some = list(steps)
            spans.append((some[0][0], some[-1][2]))
    return spans


def _own(spaces: Sequence[Space], window: Period, now: datetime, rights: BookingRights) -> dict[int, list[OwnBooking]]:
    own: defaultdict[int, list[OwnBooking]] = defaultdict(list)
    if rights.person is not None:
        for pk, starts_at, ends_at, reference in booking_queries.own_times(rights.person, spaces[0].hub, window, now):
            url = reverse("bookings:detail", args=[reference])
            own[pk].append(OwnBooking(floor_minutes(starts_at), ceil_minutes(ends_at), url))
    return own


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
