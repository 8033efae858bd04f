"""The clock of the pages, stopped where a test says so."""

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
    """`at("2026-11-26T10:00+01:00")`: from here on it is then."""

    def stop(instant: str) -> datetime:
        now = datetime.fromisoformat(instant).astimezone(UTC)
        monkeypatch.setattr(clock, "now", lambda: now)
        return now

    return stop


@pytest.fixture
def thursday(at: Callable[[str], datetime]) -> datetime:
    """An ordinary Thursday, ten in the morning in Paris."""
    return at("2026-11-26T10:00+01:00")


@pytest.fixture
def visitor(client: Client) -> Client:
    """Somebody without an account who reads English."""
    client.cookies["django_language"] = "en"
    return client


def paris(instant: str) -> datetime:
    """A time on the clocks of Paris in winter: `paris("2026-11-26T10:00")`."""
    return datetime.fromisoformat(f"{instant}+01:00")


def between(start: str, end: str) -> Period:
    """From one winter time of Paris to another."""
    return Period(paris(start), paris(end))


def booked(space: Space, period: Period, *, now: datetime, quantity: int = 1) -> Booking:
    """A confirmed booking by somebody."""
    return actions.book(space=space, period=period, booker=Booker.oneself(UserFactory()), now=now, quantity=quantity)
