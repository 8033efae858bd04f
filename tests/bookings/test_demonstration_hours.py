"""The demonstration at any hour: one hub never closes, and a diary written hours ago goes on."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from tests.bookings.test_demonstration import FOLDER, HOUR, Loaded
from totem.accounts.models import DemoRole, User
from totem.bookings.models import Booking, Status
from totem.bookings.queries import desk_day
from totem.core.demonstration import InventedWorld, keep_alive, load
from totem.core.periods import DAY, Period
from totem.hubs.models import Hub
from totem.hubs.queries import open_periods
from totem.spaces.models import Price, Space, SpaceKind


@pytest.fixture(scope="module")
def loaded_at_night(
    django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    """The hub that never closes, alone, loaded on a Sunday in the hour that comes twice; then rolled back."""
    now = datetime(2026, 10, 25, 1, 20, tzinfo=UTC)
    folder = tmp_path_factory.mktemp("amiens") / "demo"
    elsewhere = ("territories", "observatory", "labels", "caen.toml", "le-havre.toml", "rouen.toml")
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns(*elsewhere))
    with django_db_blocker.unblock(), transaction.atomic():
        load(InventedWorld(folder=folder, now=now, length=2))
        yield Loaded(now, folder, [])
        transaction.set_rollback(True)


NIGHTS = {
    "when it was loaded, a night with an hour twice": timedelta(),
    "twenty minutes later": timedelta(minutes=20),
    "at noon of that Sunday": 11 * HOUR,
    "two nights later, at 3 a.m.": 49 * HOUR,
    "a public holiday, All Saints, at 2 a.m.": 7 * DAY + timedelta(minutes=-20),
    "the last hour of a day": 20 * HOUR + timedelta(minutes=50),
    "the night with an hour less": datetime(2027, 3, 28, 1, 10, tzinfo=UTC) - datetime(2026, 10, 25, 1, 20, tzinfo=UTC),
}


@pytest.mark.parametrize("later", NIGHTS.values(), ids=NIGHTS)
def test_the_desk_of_the_hub_that_never_closes_is_alive_at_any_hour(loaded_at_night: Loaded, later: timedelta) -> None:
    now = loaded_at_night.now + later
    before = set(Booking.objects.values_list("pk", "status", "starts_at", "ends_at"))
    with transaction.atomic():
        if later:
            keep_alive(InventedWorld(folder=loaded_at_night.folder, now=now))
        hub = Hub.objects.select_related("commune__department").get()
        assert open_periods([hub], Period(now, now + HOUR))[hub.pk] == [Period(now, now + HOUR)]
        day = desk_day(hub, now, now.astimezone(hub.zone).date())
        assert len(day.here) >= 3
        assert day.late
        due = Booking.objects.filter(status=Status.CONFIRMED, checked_in_at=None, starts_at__range=(now, now + HOUR))
        assert due.exists()
        assert before <= set(Booking.objects.values_list("pk", "status", "starts_at", "ends_at"))
        past = Booking.objects.filter(status=Status.CONFIRMED, ends_at__range=(now - 5 * DAY, now - HOUR))
        assert not past.exclude(checked_in_at=None).filter(checked_out_at=None).exists()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def test_going_on_leaves_alone_what_somebody_changed(loaded_at_night: Loaded) -> None:
    """Accounts erased, prices removed, a room out of service: the demonstration goes on with what is there."""
    now = loaded_at_night.now + 5 * HOUR
    with transaction.atomic():
        Price.objects.all().delete()
        Space.objects.filter(kind=SpaceKind.MEETING_ROOM).update(is_active=False)
        User.objects.filter(demo_role=DemoRole.MEMBER).update(email="effacee@example.invalid")
        before = Booking.objects.count()
        keep_alive(InventedWorld(folder=loaded_at_night.folder, now=now))
        assert Booking.objects.count() == before  # a desk without a price is nobody's
        transaction.set_rollback(True)
