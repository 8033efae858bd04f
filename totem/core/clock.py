"""The current time by the database's clock, so that machines whose own clocks differ agree on what is past.

A view, a job or a command calls `now()` or `today()` here and passes the result to actions and queries as `now`. The
database is queried once a minute at most; in between, elapsed time is measured on a clock of this machine that cannot
be set (it counts sleep too where the system has such a clock).

Three things still read the machine's own clock, in code that is not ours:

- sessions and the cache say when they end in thirty days, sixty days, or the few minutes of a rate limit: a machine
  that is off by minutes keeps them shorter or longer by as much, which affects no booking;
- the codes of django-allauth (signing in, confirming an address) are valid for fifteen minutes: a machine
  over fifteen minutes ahead refuses the code of another one, a machine behind accepts it for longer. `totem doctor`
  reports clocks that differ;
- procrastinate chooses the minute of a periodic task and the wait before another try. Two machines that disagree
  run a periodic task twice, which every task allows for (see `totem.core.jobs`).

Signatures (the links of mails, the calendars) contain no time.
"""

import time
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from django.db import Error, InternalError, connection, models
from django.utils import timezone
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    _DateTimeField = models.DateTimeField[datetime, datetime]
else:
    _DateTimeField = models.DateTimeField

FRESH_SECONDS = 60
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

# The steady clock (seconds) and the database's at the same moment. Replaced as a whole, without a lock: threads see the
# former or the new pair, and a forked process may keep using it.
_reading: tuple[float, datetime] | None = None


def now() -> datetime:
    """The time by the database's clock, aware, in UTC.

    While the database cannot be queried (it is unavailable, or this connection's transaction failed), counts on from
    its last time. Raises django.db.Error when there is none yet.
    """
    global _reading  # noqa: PLW0603 - one clock a process
    reading = _reading
    if reading is None or time.clock_gettime(_STEADY) - reading[0] > FRESH_SECONDS:
        try:
            reading = _read()
        except Error:
            if reading is None:
                raise
            # Not tried again before the minute is over: each try may wait for a connection.
            steady = time.clock_gettime(_STEADY)
            reading = (steady, reading[1] + timedelta(seconds=steady - reading[0]))
        _reading = reading
    return reading[1] + timedelta(seconds=time.clock_gettime(_STEADY) - reading[0])


def today(zone: tzinfo | None = None) -> date:
    """The current date in `zone`, or else in the current time zone."""
    return timezone.localdate(now(), zone)


def ahead_of_the_database() -> timedelta:
    """How far this machine's own clock is ahead of the database's; negative when it is behind."""
    return timezone.now() - now()


def _read() -> tuple[float, datetime]:
    # Below Django's query log, on the connection of this thread: the number of queries of a page stays the same.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        status = connection.connection.info.transaction_status
        if status not in {TransactionStatus.IDLE, TransactionStatus.INTRANS}:
            raise InternalError(f"The database's clock cannot be read: the connection is {status.name}.")
        before = time.clock_gettime(_STEADY)
        with connection.create_cursor() as cursor:
            (instant,) = cursor.execute("SELECT clock_timestamp()").fetchone()
        return (before + time.clock_gettime(_STEADY)) / 2, instant


class TimestampField(_DateTimeField):
    """A DateTimeField whose `auto_now` and `auto_now_add` are the database's clock; migrations keep seeing Django's."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if not (self.auto_now or (self.auto_now_add and add)):
            return super().pre_save(model_instance, add)
        instant = now()
        setattr(model_instance, self.attname, instant)
        return instant

    def deconstruct(self) -> Any:
        name, _path, arguments, keywords = super().deconstruct()
        return name, "django.db.models.DateTimeField", arguments, keywords
