"""A machine whose own clock is wrong, on the database of the tests. Run by test_clock.py, which reads its output.

`other_machine.py MINUTES FIELDS`: how far its clock is ahead, and the fields of a booking form, as JSON. Prints a JSON
object: `holds`, `answer` and `written`, as returned by the functions below, and `ahead`, in seconds, as `core.clock`
measures it.
"""

import json
import os
import sys
import time
from datetime import timedelta

import django
from django.utils import timezone

ahead = timedelta(minutes=int(sys.argv[1]))
right_now, right_seconds = timezone.now, time.time
timezone.now = lambda: right_now() + ahead
time.time = lambda: right_seconds() + ahead.total_seconds()

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()

from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from totem.accounts.models import User  # noqa: E402
from totem.bookings import jobs  # noqa: E402
from totem.bookings.models import Booking  # noqa: E402
from totem.core import clock  # noqa: E402
from totem.core.journal import record  # noqa: E402
from totem.spaces.models import Space  # noqa: E402


def holds() -> dict[str, str]:
    """The status of every booking, by the guest's name, after the job that releases expired holds has run."""
    jobs.release_expired_holds(timestamp=0)
    return dict(Booking.objects.values_list("guest_name", "status"))


def answer_for(fields: dict[str, str]) -> int:
    """The HTTP status of the answer to somebody who submits this booking form to this machine."""
    space, client = Space.objects.get(), Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get())
    return client.post(reverse("bookings:book", args=[space.hub.slug, space.slug]), fields).status_code


def written() -> str:
    """The time of an entry that this machine writes in the journal, in ISO 8601."""
    return record("test.written", User.objects.get(), actor_id=None).at.isoformat()


def main() -> None:
    found = {"holds": holds(), "answer": answer_for(json.loads(sys.argv[2])), "written": written()}
    sys.stdout.write(json.dumps({**found, "ahead": clock.ahead_of_the_database().total_seconds()}))


main()
