"""Concurrent bookings, with real commits: as many succeed as fit, the others are refused, nothing deadlocks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.hubs import TeamMemberFactory
from tests.factories.spaces import SpaceFactory
from totem.bookings import actions
from totem.bookings.actions import Booker, Guest
from totem.bookings.models import Booking, Occupancy, Status
from totem.core.periods import Period

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)

# Pairs of overlapping rows of one unit, unless both are buffers; written apart from the product's own SQL.
OVERLAPS = """
SELECT count(*) FROM bookings_occupancy a JOIN bookings_occupancy b
    ON a.unit_id = b.unit_id AND a.id < b.id AND a.during && b.during AND NOT (a.is_buffer AND b.is_buffer)
"""


def overlaps() -> int:
    with connection.cursor() as cursor:
        cursor.execute(OVERLAPS)
        return cursor.fetchone()[0]


def at(hour: float, hours: float = 1) -> Period:
    start = datetime(2027, 3, 2, tzinfo=UTC) + timedelta(hours=hour - 1)
    return Period(start, start + timedelta(hours=hours))


def booking_of(space, period: Period, person, **more) -> Callable[[], object]:
    return lambda: actions.book(space=space, period=period, booker=Booker.oneself(person), now=NOW, **more)


def test_eight_concurrent_bookings_of_one_room_never_overlap(committed_db):
    space, people = SpaceFactory(), UserFactory.create_batch(8)
    periods = [at(10), at(10, 2), at(9.5), at(10.5)] * 2
    outcome = outcomes_at_once(*(booking_of(space, p, who) for p, who in zip(periods, people, strict=True)))
    assert set(outcome) == {"done", "SlotTakenError"}
    assert outcome["done"] == Booking.objects.count()
    assert overlaps() == 0


def test_a_pool_takes_exactly_as_many_as_it_has_desks(committed_db):
    space, people = SpaceFactory(pool=True, quantity=5), UserFactory.create_batch(9)
    outcome = outcomes_at_once(*(booking_of(space, at(9, 8), who) for who in people))
    assert outcome == {"done": 5, "SlotTakenError": 4}
    assert Occupancy.objects.values("unit").distinct().count() == 5


def test_concurrent_bookings_of_rooms_that_share_a_part_never_overlap(committed_db):
    left = SpaceFactory()
    middle, right = SpaceFactory(hub=left.hub), SpaceFactory(hub=left.hub)
    wide = SpaceFactory(hub=left.hub, parts=[middle, left])
    wider = SpaceFactory(hub=left.hub, parts=[right, middle])
    people = UserFactory.create_batch(10)
    spaces = [wide, wider, left, middle, right] * 2
    outcome = outcomes_at_once(*(booking_of(s, at(10), who) for s, who in zip(spaces, people, strict=True)))
    assert set(outcome) == {"done", "SlotTakenError"}
    assert overlaps() == 0
    taken = set(Occupancy.objects.values_list("unit__space_id", flat=True))
    assert {left.pk, middle.pk, right.pk} <= taken


def test_expired_holds_are_released_by_concurrent_bookings(committed_db):
    left = SpaceFactory(step_minutes=30)
    right = SpaceFactory(hub=left.hub)
    whole = SpaceFactory(hub=left.hub, parts=[left, right])
    guest = Booker(by=None, guest=Guest("Ada", "ada@example.org"))
    for hour in (10, 11, 12):
        actions.book(space=whole, period=at(hour), booker=guest, now=NOW - timedelta(hours=1))
    people = UserFactory.create_batch(8)
    requests = [(left, at(10, 3)), (right, at(10, 3)), (whole, at(11)), (left, at(12))] * 2
    outcome = outcomes_at_once(*(booking_of(s, p, who) for (s, p), who in zip(requests, people, strict=True)))
    assert set(outcome) == {"done", "SlotTakenError"}
    assert overlaps() == 0
    assert Booking.objects.filter(status=Status.EXPIRED).count() == 3


def test_of_three_concurrent_answers_to_a_request_one_succeeds(committed_db):
    space = SpaceFactory(needs_approval=True)
    team = TeamMemberFactory(hub=space.hub).person
    booking = actions.book(space=space, period=at(10), booker=Booker.oneself(UserFactory()), now=NOW)
    outcome = outcomes_at_once(
        lambda: actions.approve(booking=booking, by=team, now=NOW),
        lambda: actions.refuse(booking=booking, by=team, now=NOW, reason="needed"),
        lambda: actions.approve(booking=booking, by=team, now=NOW),
    )
    assert outcome == {"done": 1, "WrongStateError": 2}


def test_two_bookings_that_change_places_do_not_deadlock(committed_db):
    one = SpaceFactory()
    other = SpaceFactory(hub=one.hub)
    team = TeamMemberFactory(hub=one.hub).person
    first, second = (
        actions.book(space=space, period=at(10), booker=Booker.oneself(team), now=NOW) for space in (one, other)
    )

    def move(booking, space, hour):
        return lambda: actions.move(booking=booking, space=space, period=at(hour), by=team, now=NOW, by_team=True)

    outcome = outcomes_at_once(
        move(first, other, 10), move(second, one, 10), move(first, other, 14), move(second, one, 14)
    )
    assert set(outcome) <= {"done", "SlotTakenError"}
    assert overlaps() == 0


def lengthened(booking, hour: float, by=None) -> Callable[[], object]:
    ends_at, now = at(hour).starts_at, at(10.5).starts_at
    who = by or booking.person
    return lambda: actions.change_end(booking=booking, ends_at=ends_at, by=who, now=now, by_team=by is not None)


def test_of_those_who_lengthen_and_book_the_same_hour_as_many_succeed_as_fit(committed_db):
    """A whole is lengthened twice while its half is booked; of two desks both are lengthened while one is booked."""
    left = SpaceFactory()
    whole = SpaceFactory(hub=left.hub, parts=[left, SpaceFactory(hub=left.hub)])
    pool = SpaceFactory(hub=left.hub, pool=True, quantity=2)
    team, people = TeamMemberFactory(hub=left.hub).person, UserFactory.create_batch(6)
    room, *desks = (
        actions.book(space=space, period=at(10), booker=Booker.oneself(who), now=NOW)
        for space, who in zip((whole, pool, pool), people, strict=False)
    )
    outcome = outcomes_at_once(lengthened(room, 12), lengthened(room, 12, team), booking_of(left, at(11), people[3]))
    assert outcome in ({"done": 2, "SlotTakenError": 1}, {"done": 1, "SlotTakenError": 2})
    outcome = outcomes_at_once(*(lengthened(desk, 12) for desk in desks), booking_of(pool, at(11), people[4]))
    assert outcome == {"done": 2, "SlotTakenError": 1}
    assert overlaps() == 0


def test_the_exclusion_constraint_is_the_last_line_of_defence(committed_db):
    """A writer that takes no lock and checks nothing is refused by PostgreSQL."""
    space = SpaceFactory()
    booking = actions.book(space=space, period=at(10), booker=Booker.oneself(UserFactory()), now=NOW)
    with pytest.raises(Exception, match="never_twice"):
        Occupancy.objects.create(booking=booking, unit=space.units.get(), during=at(10.5))
