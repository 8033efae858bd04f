"""Bookings of the tests, made by the actions of the application; traits give their status and booker."""

import re
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import factory

from tests.factories.accounts import UserFactory
from tests.factories.spaces import SpaceFactory
from totem.bookings import actions
from totem.bookings.actions import Booker, Guest
from totem.bookings.models import Booking
from totem.core import clock
from totem.core.models import Mail
from totem.core.periods import Period
from totem.hubs.models import Role, TeamMember
from totem.spaces.models import Space

HOUR = timedelta(hours=1)


# The present half hour when the tests start, in every time zone. It stays the same for a test that runs over the hour.
_NOW = datetime.now(tz=UTC)
THIS_HALF_HOUR = _NOW.replace(minute=_NOW.minute // 30 * 30, second=0, microsecond=0)


def from_now(hours: float = 0, length: float = 1) -> Period:
    """A period that starts `hours` from the half hour under way."""
    start = THIS_HALF_HOUR + hours * HOUR
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
    def _create(cls, model_class: type[Booking], *_args: object, **wanted: Any) -> Booking:  # noqa: ARG003
        visitor, hold_for = wanted.pop("visitor"), wanted["hold_for"]
        space, person = wanted["space"], wanted.pop("person")
        by = person
        if hold_for is not None:
            by = UserFactory()
            TeamMember.objects.create(hub=space.hub, person=by, role=Role.DESK)
        if visitor is not None:  # each from an address of their own
            visitor = replace(visitor, client=secrets.token_hex(16))
        wanted["booker"] = Booker(by=None, guest=visitor) if visitor else Booker(by=by, person=person)
        return actions.book(**wanted)


def code_sent(booking: Booking) -> str:
    """Sends a code to the guest; returns it as it stands in the mail."""
    actions.send_code(booking=booking, now=clock.now())
    text = Mail.objects.filter(to=booking.guest_email).latest("pk").text
    found = re.search(r"\b\d{4}-\d{4}\b", text)
    assert found, text
    return found[0]


def confirmed_guest(space: Space, period: Period) -> Booking:
    """A booking of a guest, who has typed the code."""
    booking = BookingFactory(space=space, period=period, guest=True)
    return actions.confirm_with_code(
        booking=booking, code=code_sent(booking), now=booking.starts_at - timedelta(days=1)
    )
