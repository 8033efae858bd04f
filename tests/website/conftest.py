"""A fixed clock for the pages, and bookings at times of Paris."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from tests.factories.accounts import UserFactory
from totem.bookings import actions
from totem.bookings.actions import Booker
from totem.bookings.models import Booking
from totem.core import clock
from totem.core.periods import Period
from totem.spaces.models import Space


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], datetime]:
    """`at("2026-11-26T10:00+01:00")` sets `core.clock` to that instant for the test, and returns it in UTC."""

    def set_clock(instant: str) -> datetime:
        now = datetime.fromisoformat(instant).astimezone(UTC)
        monkeypatch.setattr(clock, "now", lambda: now)
        return now

    return set_clock


@pytest.fixture
def thursday(at: Callable[[str], datetime]) -> datetime:
    """The clock at 10:00 in Paris on an ordinary Thursday."""
    return at("2026-11-26T10:00+01:00")


@pytest.fixture
def visitor(client: Client) -> Client:
    """A client that is not signed in and reads English."""
    client.cookies["django_language"] = "en"
    return client


def paris(instant: str) -> datetime:
    """A winter time in Paris, aware: `paris("2026-11-26T10:00")`."""
    return datetime.fromisoformat(f"{instant}+01:00")


def between(start: str, end: str) -> Period:
    """The period from one winter time of Paris to another."""
    return Period(paris(start), paris(end))


def booked(space: Space, period: Period, *, now: datetime, quantity: int = 1) -> Booking:
    """Book as a new person; returns the booking."""
    return actions.book(space=space, period=period, booker=Booker.oneself(UserFactory()), now=now, quantity=quantity)
