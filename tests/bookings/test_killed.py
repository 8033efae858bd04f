"""A process killed while it books leaves complete bookings only: none without its rows, journal entry or job."""

import subprocess
import sys

import pytest
from django.db import connection
from django.db.models import Count
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory
from tests.factories.spaces import SpaceFactory
from totem.bookings.models import LIVE, Booking
from totem.core.models import JournalEntry

LOOP = [sys.executable, "-m", "tests.bookings.booking_loop"]


@pytest.mark.parametrize("after", [1, 6, 13])
def test_a_killed_process_leaves_nothing_half_written(committed_db, after: int):
    SpaceFactory(
        hub=HubFactory(opening_hours=[(d, "08:00", "20:00") for d in range(1, 8)], closed_on_public_holidays=False)
    )
    UserFactory()
    with subprocess.Popen(LOOP, stdout=subprocess.PIPE, text=True) as child:
        for _ in range(after):
            assert child.stdout.readline()
        child.kill()

    with connection.cursor() as cursor:  # granted once the server has rolled back the killed transaction
        cursor.execute("SELECT pg_advisory_xact_lock((2::bigint << 48) | id) FROM spaces_space")
    bookings = Booking.objects.annotate(rows=Count("occupancy"))
    assert bookings.count() >= after
    assert not bookings.filter(status__in=LIVE, rows=0).exists()
    assert not bookings.exclude(status__in=LIVE).filter(rows__gt=0).exists()
    made = JournalEntry.objects.filter(verb="bookings.made").values_list("subject_id", flat=True)
    assert sorted(made) == sorted(bookings.values_list("pk", flat=True))
    mail_jobs = ProcrastinateJob.objects.filter(task_name="bookings.tell")
    cancelled = JournalEntry.objects.filter(verb="bookings.cancelled").count()
    moved = JournalEntry.objects.filter(verb="bookings.moved").count()
    assert mail_jobs.count() == bookings.count() + cancelled + moved
