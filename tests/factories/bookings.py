"""Bookings of the tests, made by the actions that make them in the product; traits name their situations."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory

from tests.factories.accounts import UserFactory
from tests.factories.spaces import SpaceFactory
from totem.bookings import actions
from totem.bookings.actions import Booker, Guest
from totem.bookings.models import Booking
from totem.core.periods import Period
from totem.hubs.models import Role, TeamMember

HOUR = timedelta(hours=1)


def this_hour() -> datetime:
    """The half hour under way, on the clocks of Paris and everywhere else."""
    now = datetime.now(tz=UTC)
    return now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)


def from_now(hours: float = 0, length: float = 1) -> Period:
    """A period that starts `hours` from the half hour under way."""
    start = this_hour() + hours * HOUR
    return Period(start, start + length * HOUR)


class BookingFactory(factory.django.DjangoModelFactory[Booking]):
    """A confirmed booking, in two days, of a room that never closes."""

    class Meta:
        model = Booking

    class Params:
        guest = factory.Trait(person=None, visitor=Guest("Camille Invitée", "camille@example.org"))

    space = factory.SubFactory(SpaceFactory, all_night=True)
    period = factory.LazyFunction(lambda: from_now(48))
    person = factory.SubFactory(UserFactory)
    visitor = None
    now = factory.LazyAttribute(lambda o: o.period.starts_at - timedelta(days=1))
    quantity = 1
    hold_for = None

    @classmethod
    def _create(cls, model_class: type[Booking], *_args: object, **wanted: Any) -> Booking:
        visitor, hold_for = wanted.pop("visitor"), wanted["hold_for"]
        space, person = wanted["space"], wanted.pop("person")
        by = person
        if hold_for is not None:
            by = UserFactory()
            TeamMember.objects.create(hub=space.hub, person=by, role=Role.DESK)
        wanted["booker"] = Booker(by=None, guest=visitor) if visitor else Booker(by=by, person=person)
        return actions.book(**wanted)


def confirmed_guest(booking: Booking) -> Booking:
    """The guest has typed the code."""
    from totem.bookings.actions import _make_firm  # noqa: PLC0415, PLC2701

    return _make_firm(booking, by=None, now=booking.created_at, by_team=False)
