"""A child process that books, moves and cancels as fast as it can until it is killed. Run by test_killed.py."""

import os
import sys
from datetime import UTC, datetime, timedelta
from itertools import count

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()

from totem.accounts.models import User  # noqa: E402
from totem.bookings import actions  # noqa: E402
from totem.bookings.actions import Booker  # noqa: E402
from totem.core.periods import Period  # noqa: E402
from totem.spaces.models import Space  # noqa: E402

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)


def main() -> None:
    person, space = User.objects.get(), Space.objects.get()
    for n in count():
        start = datetime(2027, 3, 2, 8, tzinfo=UTC) + timedelta(days=n % 300)
        period = Period(start, start + timedelta(hours=1))
        booking = actions.book(space=space, period=period, booker=Booker.oneself(person), now=NOW)
        if n % 3 == 1:
            later = Period(period.starts_at + timedelta(hours=2), period.ends_at + timedelta(hours=2))
            actions.move(booking=booking, space=space, period=later, by=person, now=NOW, by_team=False)
        if n % 3 == 2:
            actions.cancel(booking=booking, by=person, now=NOW, by_team=False)
        sys.stdout.write(f"{n}\n")
        sys.stdout.flush()


main()
