"""Bookings under way: lengthened, shortened, left early, departures undone; what they take and what they cost."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from tests.bookings.test_mails import last_mail
from tests.conftest import ModuleRows
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.spaces import OutageFactory, PriceFactory, SpaceFactory
from totem.accounts.models import User
from totem.bookings import actions, measures
from totem.bookings.actions import SlotTakenError, WrongStateError
from totem.bookings.models import Booking
from totem.bookings.rules import RuleBrokenError
from totem.core import limits
from totem.core.limits import LimitReached
from totem.core.models import JournalEntry
from totem.core.periods import Period
from totem.hubs.models import Hub
from totem.spaces.models import Price, Space

pytestmark = pytest.mark.django_db


def at(hour: float) -> datetime:
    """An instant of a Thursday, in Paris hours."""
    return datetime(2027, 3, 3, 23, tzinfo=UTC) + timedelta(hours=hour)


@dataclass(frozen=True)
class World:
    hub: Hub
    person: User
    team: User


@pytest.fixture(scope="module")
def world(module_db: ModuleRows) -> World:
    with module_db():
        hub = HubFactory(opening_hours=[(4, "08:00", "18:00")])
        return World(hub, UserFactory(language="fr"), TeamMemberFactory(hub=hub).person)


@pytest.fixture
def space(world: World) -> Space:
    space = SpaceFactory(hub=world.hub, name="Somme", step_minutes=30, max_minutes=480, cancel_notice_minutes=1440)
    PriceFactory(space=space, amount="12.00")
    PriceFactory(space=space, per=Price.Per.HALF_DAY, amount="40.00")
    return space


@pytest.fixture
def booking(world: World, space: Space) -> Booking:
    return booked(space, world.person)


def booked(space: Space, person: User, start: float = 9, end: float = 12, **more: object) -> Booking:
    return BookingFactory(space=space, person=person, period=Period(at(start), at(end)), **more)


def change(booking: Booking, end: float, now: float, by: User | None = None) -> Booking:
    return actions.change_end(
        booking=booking, ends_at=at(end), by=by or booking.person, now=at(now), by_team=by is not None
    )


def left(booking: Booking, now: float, by: User) -> Booking:
    arrived = actions.check_in(booking=booking, by=by, now=booking.starts_at)
    return actions.check_out(booking=arrived, by=by, now=at(now))


def taken(booking: Booking) -> list[tuple[datetime, datetime, bool]]:
    rows = booking.occupancy.order_by("during")
    return [(row.during.lower, row.during.upper, row.is_buffer) for row in rows]


class TestLengthening:
    def test_adds_what_it_adds_to_the_price_of_today(self, world, space, booking):
        Price.objects.filter(space=space, per=Price.Per.HALF_DAY).delete()
        Price.objects.update(amount=20)  # what was agreed stays
        longer = change(booking, 13.5, now=11.5)
        longer.refresh_from_db()
        assert longer.period == Period(at(9), at(13.5))
        assert (longer.price, longer.vat) == (Decimal("76.00"), Decimal("12.67"))
        assert [(line["count"], line["amount"]) for line in longer.price_lines] == [(3, "12.00"), (1, "40.00")]
        assert taken(longer) == [(at(9), at(12), False), (at(12), at(13.5), False)]
        (entry,) = JournalEntry.objects.filter(verb="bookings.end_changed", subject_id=longer.pk)
        assert [entry.facts[key]["ends_at"] for key in ("from", "to")] == [at(12).isoformat(), at(13.5).isoformat()]

    def test_never_costs_less_than_was_agreed_and_is_mailed(self, booking):
        longer = change(booking, 13, now=10)  # four hours: a half-day, 40 instead of 36
        assert longer.price == 40
        assert change(booking, 13, now=10).price == 40  # the same form sent twice
        mail = last_mail()
        assert "a changé" in mail.subject
        assert "de 9\N{NO-BREAK SPACE}h à 13\N{NO-BREAK SPACE}h" in mail.text
        Price.objects.update(amount=1)
        assert change(booking, 14, now=10).price == 41

    @pytest.mark.parametrize(
        ("end", "rules"), [(18.5, {}), (13, {"max_minutes": 180}), (13.25, {}), (13, {"needs_approval": True})]
    )
    def test_keeps_to_the_rules_of_the_space(self, world, booking, end, rules):
        Space.objects.filter(pk=booking.space_id).update(**rules)
        with pytest.raises(RuleBrokenError):
            change(booking, end, now=10)
        assert taken(booking) == [(at(9), at(12), False)]

    def test_not_into_an_outage_a_closure_or_somebody_elses_time(self, world, space, booking):
        OutageFactory(space=space, during=(at(15), at(16)))
        with pytest.raises(RuleBrokenError):
            change(booking, 15.5, now=10)
        booked(space, UserFactory(), 13, 14)
        with pytest.raises(SlotTakenError):
            change(booking, 13.5, now=10)
        assert change(booking, 13, now=10).ends_at == at(13)

    def test_counts_in_the_limits_but_not_what_the_team_lengthens(self, world, booking):
        amounts = {("bookings.hours", "person"): 3}
        limits.set_amounts(scope=world.hub, values=amounts, by=world.team)
        with pytest.raises(LimitReached):
            change(booking, 15, now=10)
        assert change(booking, 13, now=10).ends_at == at(13)
        assert change(booking, 15, now=10, by=world.team).ends_at == at(15)

    def test_goes_on_at_another_desk_of_a_pool_where_its_own_is_taken(self, world):
        pool = SpaceFactory(hub=world.hub, pool=True, quantity=2, max_minutes=600, buffer_after_minutes=30)
        first, second = booked(pool, world.person), booked(pool, UserFactory(), 9, 11)
        own, other = first.occupancy.first().unit_id, second.occupancy.first().unit_id
        booked(pool, UserFactory(), 12.5, 13)
        assert own != other
        longer = change(first, 13, now=10)
        assert taken(longer) == [
            (at(9), at(12), False),
            (at(12), at(12.5), True),
            (at(12), at(13), False),
            (at(13), at(13.5), True),
        ]
        shorter = change(longer, 11, now=10)
        assert taken(shorter) == [(at(9), at(11), False), (at(11), at(11.5), True)]
        assert shorter.occupancy.values("unit").distinct().get()["unit"] == own

    def test_only_what_is_under_way(self, world, space, booking):
        for now in (8, 12):
            with pytest.raises(WrongStateError):
                change(booking, 13, now=now)
        actions.check_in(booking=booking, by=world.team, now=at(8.5))
        assert change(booking, 12.5, now=8.5).ends_at == at(12.5)  # has arrived
        with pytest.raises(WrongStateError):
            change(booking, 13.5, now=12.5)
        assert change(booking, 13.5, now=12.75, by=world.team).ends_at == at(13.5)  # is still there
        actions.check_out(booking=booking, by=world.team, now=at(13))
        with pytest.raises(WrongStateError):
            change(booking, 15, now=13, by=world.team)


class TestShortening:
    def test_frees_the_rest_and_the_price_stays(self, world, space, booking):
        shorter = change(booking, 10.5, now=10.25)
        assert (shorter.price, shorter.priced_until) == (36, at(12))
        assert taken(shorter) == [(at(9), at(10.5), False)]
        booked(space, UserFactory(), 11, 12)
        assert change(booking, 11, now=10.4).price == 36  # paid already
        with pytest.raises(SlotTakenError):
            change(booking, 11.5, now=10.4)

    def test_what_is_lengthened_again_beyond_what_was_paid_costs_the_difference(self, booking):
        change(booking, 10.5, now=10)
        longer = change(booking, 12.5, now=10)
        assert (longer.price, longer.priced_until) == (40, None)

    def test_not_into_the_past(self, booking):
        with pytest.raises(RuleBrokenError):
            change(booking, 10, now=11)

    def test_nothing_but_the_trigger_keeps_place_and_end_together(self, booking):
        Booking.objects.filter(pk=booking.pk).update(ends_at=at(10))
        assert taken(booking) == [(at(9), at(10), False)]
        with pytest.raises(IntegrityError, match="takes its place"), transaction.atomic():
            Booking.objects.filter(pk=booking.pk).update(ends_at=at(11))


class TestLeaving:
    def test_early_frees_the_rest_with_its_buffer_and_does_not_lower_the_price(self, world, space):
        Space.objects.update(buffer_after_minutes=30)
        booking = left(booked(Space.objects.get(pk=space.pk), world.person), 10, by=world.team)
        assert (booking.ends_at, booking.price) == (at(10), 36)
        assert taken(booking) == [(at(9), at(10), False), (at(10), at(10.5), True)]
        booked(space, UserFactory(), 10.5, 12)
        assert last_mail().text.count("confirm") >= 1  # of the second booking: leaving is not mailed

    @pytest.mark.parametrize(("now", "end"), [(10.1, 10), (10.4, 10.5), (9.1, 9.5), (8.8, 9.5), (11.9, 12), (12.5, 12)])
    def test_at_the_nearest_step_so_that_the_next_may_begin_with_it(self, world, booking, now, end):
        assert left(booking, now, by=world.team).ends_at == at(end)

    def test_frees_hours_of_the_limits_and_of_the_figures(self, world, space, booking):
        day = Period(at(0), at(24))
        before = measures.occupancy(world.hub, day).part
        left(booking, 10, by=world.team)
        assert measures.occupancy(world.hub, day).part == before - 2

    def test_is_undone_and_takes_the_rest_again(self, world, space, booking):
        change(booking, 11, now=9.5)
        gone = left(booking, 10, by=world.team)
        back = actions.undo_check_out(booking=gone, by=world.team, now=at(10.1))
        assert (back.checked_out_at, back.ends_at, back.priced_until) == (None, at(11), at(12))
        assert taken(back) == [(at(9), at(10), False), (at(10), at(11), False)]
        with pytest.raises(WrongStateError):
            actions.undo_check_out(booking=back, by=world.team, now=at(10.1))

    def test_is_undone_until_the_next_booking_begins(self, world, space, booking):
        gone = left(booking, 10, by=world.team)
        booked(space, UserFactory(), 11, 12)
        back = actions.undo_check_out(booking=gone, by=world.team, now=at(10.1))
        assert (back.checked_out_at, back.ends_at, back.priced_until) == (None, at(11), at(12))
