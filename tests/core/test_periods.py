"""The arithmetic of periods and of weekly hours, against a model that enumerates every minute."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from totem.core import periods
from totem.core.periods import NonexistentTimeError, Period

PARIS = ZoneInfo("Europe/Paris")
GUADELOUPE = ZoneInfo("America/Guadeloupe")
CAYENNE = ZoneInfo("America/Cayenne")
MIQUELON = ZoneInfo("America/Miquelon")
ZONES = [PARIS, GUADELOUPE, CAYENNE, MIQUELON]
MINUTE = timedelta(minutes=1)
untimed = settings(deadline=None)
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


class Line(NamedTuple):
    weekday: int
    opens_at: time
    closes_at: time


# -- Sets of periods, against sets of minutes -------------------------------------------------------------------------


@st.composite
def some_periods(draw: st.DrawFn) -> list[Period]:
    """Up to six periods of whole minutes within two hours, in any order, touching, overlapping or empty."""
    starts = draw(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 40)), max_size=6))
    return [Period(NOON + start * MINUTE, NOON + (start + length) * MINUTE) for start, length in starts]


def minutes(some: list[Period]) -> set[datetime]:
    """Every minute that begins within one of them."""
    return {
        period.starts_at + n * MINUTE for period in some for n in range((period.ends_at - period.starts_at) // MINUTE)
    }


def is_plain(some: list[Period]) -> bool:
    """Sorted, none empty, none touching the next."""
    return all(p.starts_at < p.ends_at for p in some) and all(
        one.ends_at < other.starts_at for one, other in pairwise(some)
    )


@untimed
@given(some_periods())
def test_merging_keeps_every_minute(some: list[Period]):
    merged = periods.merge(some)
    assert is_plain(merged)
    assert minutes(merged) == minutes(some)
    assert periods.merge(merged) == merged


@untimed
@given(some_periods(), some_periods())
def test_subtracting_takes_exactly_the_minutes_of_the_other(some: list[Period], other: list[Period]):
    left = periods.subtract(some, other)
    assert is_plain(left)
    assert minutes(left) == minutes(some) - minutes(other)


@untimed
@given(some_periods(), some_periods())
def test_intersecting_keeps_exactly_the_shared_minutes(some: list[Period], other: list[Period]):
    shared = periods.intersect(some, other)
    assert is_plain(shared) or periods.merge(shared) == shared
    assert minutes(shared) == minutes(some) & minutes(other)
    assert shared == periods.intersect(other, some)


@untimed
@given(some_periods(), some_periods())
def test_what_is_taken_and_what_is_left_make_the_whole(some: list[Period], other: list[Period]):
    parts = [*periods.subtract(some, other), *periods.intersect(some, other)]
    assert periods.merge(parts) == periods.merge(some)


@untimed
@given(some_periods(), some_periods(), some_periods())
def test_taking_away_twice_is_taking_away_both(some: list[Period], one: list[Period], other: list[Period]):
    assert periods.subtract(periods.subtract(some, one), other) == periods.subtract(some, [*one, *other])


# -- Weekly hours, against a model that checks every quarter of an hour -----------------------------------------------

quarters = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
lines = st.lists(st.builds(Line, st.integers(1, 7), quarters, quarters), max_size=5)
NEW_YEARS_EVE = date(2027, 12, 31)
# Days around the changes of the clocks, the leap day, New Year, and any other.
days = st.one_of(
    st.sampled_from(
        [date(2027, 3, 27), date(2027, 3, 28), date(2027, 10, 30), date(2027, 10, 31), date(2028, 2, 29), NEW_YEARS_EVE]
    ),
    st.dates(date(2025, 1, 1), date(2030, 12, 31)),
)


def naively_open(instant: datetime, week: list[Line], zone: ZoneInfo, closed: set[date]) -> bool:
    """Whether a line of that day or of the day before opens at or before `instant` and closes after it."""
    local_date = instant.astimezone(zone).date()
    for day in (local_date - timedelta(days=1), local_date):
        for line in week:
            if line.weekday != day.isoweekday() or day in closed:
                continue
            last_day = day if line.closes_at > line.opens_at else day + timedelta(days=1)
            opens = datetime.combine(day, line.opens_at, tzinfo=zone)
            closes = datetime.combine(last_day, line.closes_at, tzinfo=zone)
            if opens.timestamp() <= instant.timestamp() < closes.timestamp():
                return True
    return False


@untimed
@given(lines, days, st.sampled_from(ZONES), st.booleans())
@example([Line(6, time(22), time(6))], date(2027, 3, 27), PARIS, False)
@example([Line(6, time(22), time(6))], date(2027, 10, 30), PARIS, False)
@example([Line(7, time(0), time(0))], date(2027, 3, 28), PARIS, False)
@example([Line(2, time(0), time(0))], date(2028, 2, 29), PARIS, True)
@example([Line(7, time(2, 30), time(3, 30))], date(2027, 3, 28), PARIS, False)
@example([Line(7, time(2, 30), time(2, 45))], date(2027, 10, 31), PARIS, False)
def test_a_week_opens_when_a_clock_looked_at_all_day_says_so(
    week: list[Line], day: date, zone: ZoneInfo, holiday: bool
):
    window = Period(periods.local_day(day, zone).starts_at, periods.local_day(day + timedelta(days=1), zone).ends_at)
    closed = {day} if holiday else set()

    opened = periods.expand_week(week, window, zone, closed_days=closed)

    assert is_plain(opened)
    instant = window.starts_at
    while instant < window.ends_at:
        is_open = any(period.starts_at <= instant < period.ends_at for period in opened)
        assert is_open == naively_open(instant, week, zone, closed), instant.astimezone(zone)
        instant += timedelta(minutes=15)


@untimed
@given(lines, days, st.sampled_from(ZONES), st.integers(1, 47))
def test_a_window_cut_in_two_gives_the_same_as_whole(week: list[Line], day: date, zone: ZoneInfo, cut: int):
    start = periods.local_day(day, zone).starts_at
    window = Period(start, start + timedelta(days=2))
    middle = start + timedelta(hours=cut)
    halves = [
        *periods.expand_week(week, Period(window.starts_at, middle), zone),
        *periods.expand_week(week, Period(middle, window.ends_at), zone),
    ]
    assert periods.merge(halves) == periods.expand_week(week, window, zone)


# -- Days and clocks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2027, 3, 28), PARIS, 23),
        (date(2027, 10, 31), PARIS, 25),
        (date(2028, 2, 29), PARIS, 24),
        (date(2027, 3, 28), GUADELOUPE, 24),
        (date(2027, 3, 14), MIQUELON, 23),
        (date(2027, 11, 7), MIQUELON, 25),
    ],
)
def test_a_day_has_as_many_hours_as_the_clocks_say(day: date, zone: ZoneInfo, hours: int):
    assert periods.local_day(day, zone).length == timedelta(hours=hours)


@untimed
@given(days, st.sampled_from(ZONES))
def test_days_follow_each_other_without_a_gap(day: date, zone: ZoneInfo):
    assert periods.local_day(day, zone).ends_at == periods.local_day(day + timedelta(days=1), zone).starts_at


@untimed
@given(days, st.sampled_from(ZONES), st.integers(0, 60 * 72), st.integers(1, 60 * 72))
def test_the_days_of_a_window_are_those_of_its_minutes(day: date, zone: ZoneInfo, start: int, length: int):
    window_start = periods.local_day(day, zone).starts_at + start * MINUTE
    window = Period(window_start, window_start + length * MINUTE)
    found = list(periods.local_days(window, zone))
    seen = {(window.starts_at + n * MINUTE).astimezone(zone).date() for n in range(length)}
    assert found == sorted(seen)


def test_an_hour_that_the_clocks_jump_over_is_refused_when_typed_and_moved_on_in_a_timetable():
    night = date(2027, 3, 28)
    with pytest.raises(NonexistentTimeError):
        periods.parse_wall_clock(night, time(2, 30), PARIS)
    assert periods.at_wall_clock(night, time(2, 30), PARIS) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_its_first_coming():
    assert periods.parse_wall_clock(date(2027, 10, 31), time(2, 30), PARIS) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


@untimed
@given(days, st.sampled_from(ZONES), st.integers(0, 60 * 24 - 1), st.sampled_from([5, 10, 15, 20, 30, 60]))
def test_the_next_step_is_the_first_that_lies_on_the_wall_clock(day: date, zone: ZoneInfo, after: int, step: int):
    instant = periods.local_day(day, zone).starts_at + after * MINUTE
    found = periods.ceil_to_step(instant, timedelta(minutes=step), zone)
    local = found.astimezone(zone)
    assert (local.hour * 60 + local.minute) % step == 0
    assert instant <= found < instant + timedelta(minutes=step)
    assert periods.is_on_step(found, timedelta(minutes=step), zone)
