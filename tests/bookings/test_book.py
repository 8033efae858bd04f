"""Booking a space: what is written, what is refused, and what is offered instead."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.accounts import UserFactory
from tests.factories.hubs import MembershipFactory, TeamMemberFactory
from tests.factories.spaces import OutageFactory, PriceFactory, SpaceFactory
from totem.bookings import actions, queries
from totem.bookings.actions import AudienceError, Booker, Guest, SlotTakenError
from totem.bookings.models import Booking, Occupancy, Status
from totem.bookings.rules import RuleBrokenError
from totem.core.models import JournalEntry
from totem.core.periods import Period
from totem.spaces.models import Audience, Space

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)  # a Monday, eight o'clock in Paris


def at(hour: float, *, day: int = 2, hours: float = 1) -> Period:
    """A period of March 2027 given in Paris hours (one hour ahead of UTC)."""
    start = datetime(2027, 3, day, tzinfo=UTC) + timedelta(hours=hour - 1)
    return Period(start, start + timedelta(hours=hours))


def book(space: Space, period: Period, **more: object) -> Booking:
    booker = more.pop("booker", None) or Booker.oneself(UserFactory())
    return actions.book(space=space, period=period, booker=booker, now=more.pop("now", NOW), **more)


def test_a_room_is_booked_at_its_price_and_the_journal_says_so():
    space = SpaceFactory()
    PriceFactory(space=space, amount="12.00")

    booking = book(space, at(10, hours=2))

    assert (booking.status, booking.price, booking.vat) == (Status.CONFIRMED, 24, 4)
    assert [o.during.lower for o in Occupancy.objects.all()] == [booking.starts_at]
    assert JournalEntry.objects.get().verb == "bookings.made"


@pytest.mark.parametrize(("hour", "hours"), [(10, 1), (9.5, 1), (10.5, 1), (9.5, 2), (10, 0.5)])
def test_a_room_is_never_booked_twice(hour: float, hours: float):
    space = SpaceFactory()
    book(space, at(10))

    with pytest.raises(SlotTakenError):
        book(space, at(hour, hours=hours))

    assert Booking.objects.count() == 1


def test_a_booking_may_begin_when_another_ends():
    space = SpaceFactory()
    book(space, at(10))
    book(space, at(11))
    book(space, at(9))
    assert Booking.objects.count() == 3


def test_between_two_bookings_the_larger_buffer_holds_and_not_the_sum():
    space = SpaceFactory(buffer_before_minutes=15, buffer_after_minutes=30, step_minutes=5)
    book(space, at(10))
    with pytest.raises(SlotTakenError):
        book(space, at(11 + 25 / 60))
    book(space, at(11.5))
    assert Booking.objects.count() == 2


def test_a_whole_and_its_parts_exclude_each_other():
    left = SpaceFactory()
    right = SpaceFactory(hub=left.hub)
    whole = SpaceFactory(hub=left.hub, parts=[left, right])
    book(left, at(10))
    with pytest.raises(SlotTakenError):
        book(whole, at(10))
    book(right, at(10))
    book(whole, at(11))
    with pytest.raises(SlotTakenError):
        book(right, at(11.5))


def test_a_pool_takes_as_many_as_it_has_desks():
    space = SpaceFactory(pool=True)
    for _ in range(3):
        book(space, at(9, hours=8))
    with pytest.raises(SlotTakenError):
        book(space, at(16))
    assert queries.free_counts([space], at(16), NOW) == {}
    assert queries.free_counts([space], at(17), NOW) == {space.pk: 3}


def test_a_hold_that_has_run_out_is_released_by_the_next_booking():
    space = SpaceFactory()
    held = book(space, at(10), booker=Booker(by=None, guest=Guest("Ada", "ada@example.org")))
    with pytest.raises(SlotTakenError):
        book(space, at(10))

    book(space, at(10), now=NOW + timedelta(minutes=15))

    held.refresh_from_db()
    assert held.status == Status.EXPIRED


def test_a_refusal_offers_the_nearest_slots_and_the_other_rooms_that_fit():
    space = SpaceFactory()
    small = SpaceFactory(hub=space.hub, capacity=4)
    like = SpaceFactory(hub=space.hub, capacity=8)
    book(space, at(10, hours=2))

    offered = queries.alternatives(space, at(10.5), NOW, most=4)

    assert [slot.period for slot in offered.slots] == [at(9), at(12), at(12.5), at(13)]
    assert [slot.space for slot in offered.spaces] == [like]
    assert small not in [slot.space for slot in offered.spaces]


@pytest.mark.parametrize(
    ("period", "field"),
    [
        (at(8), "start"),
        (at(18.5), "start"),
        (at(10.25), "start"),
        (at(10, hours=0.25), "minutes"),
        (at(9, hours=10.5), "minutes"),
        (at(9, day=1), None),
        (at(10, day=7), "start"),
    ],
)
def test_rules_are_refused_at_their_field(period: Period, field: str | None):
    space = SpaceFactory(max_minutes=540)
    if field is None:
        book(space, period)
        return
    with pytest.raises(RuleBrokenError) as refusal:
        book(space, period)
    assert refusal.value.field == field
    assert not Booking.objects.exists()


@pytest.mark.parametrize(("period", "field"), [(at(9, day=3), "start"), (at(9, day=5), "day"), (at(9, day=1), "start")])
def test_notice_and_horizon_hold_for_visitors_and_not_for_the_team(period: Period, field: str):
    space = SpaceFactory(min_notice_minutes=3 * 24 * 60, horizon_days=3)
    with pytest.raises(RuleBrokenError) as refusal:
        book(space, period)
    assert refusal.value.field == field
    assert not Booking.objects.exists()
    book(
        space, period, booker=Booker(by=TeamMemberFactory(hub=space.hub).person, guest=Guest("Ada", "ada@example.org"))
    )


def test_what_has_passed_is_refused_to_the_team_too():
    space = SpaceFactory()
    booker = Booker(by=TeamMemberFactory(hub=space.hub).person, guest=Guest("Ada", "ada@example.org"))
    with pytest.raises(RuleBrokenError) as refusal:
        book(space, at(9), booker=booker, now=at(12).starts_at)
    assert refusal.value.field == "start"
    assert not Booking.objects.exists()


def test_only_members_book_what_is_for_members():
    space = SpaceFactory(audience=Audience.MEMBERS)
    with pytest.raises(AudienceError):
        book(space, at(10))
    book(space, at(10), booker=Booker.oneself(MembershipFactory(hub=space.hub).person))


def test_the_team_books_for_others_and_others_do_not():
    space = SpaceFactory(needs_approval=True)
    guest = Guest("Ada", "ada@example.org")
    with pytest.raises(AudienceError):
        book(space, at(10), booker=Booker(by=UserFactory(), guest=guest))
    booking = book(space, at(10), booker=Booker(by=TeamMemberFactory(hub=space.hub).person, guest=guest))
    assert booking.status == Status.CONFIRMED


def test_an_outage_closes_the_whole_space_and_that_of_one_desk_only_the_desk():
    space = SpaceFactory(pool=True)
    OutageFactory(space=space, unit=space.units.first(), during=(at(8).starts_at, None))
    assert queries.free_counts([space], at(10), NOW) == {space.pk: 2}
    OutageFactory(space=space, during=at(10))
    with pytest.raises(RuleBrokenError):
        book(space, at(10))
