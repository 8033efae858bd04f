"""Jobs of bookings: mails, reminders, expired holds, anonymisation of guests."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from totem.bookings import actions, mails, queries, team_mails
from totem.bookings.models import Booking, Status
from totem.core import clock
from totem.core.jobs import FIRST
from totem.core.queues import LONG, URGENT

RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)


@app.task(name="bookings.tell", queue=URGENT, retry=RETRY)
def tell(booking_id: int, event: str, occurrence: int | None = None) -> None:
    """Write the mail about an event of a booking; `occurrence` is the id of its journal entry."""
    booking = Booking.objects.select_related("space__hub__commune", "person").get(pk=booking_id)
    mails.write(booking, event, now=clock.now(), occurrence=occurrence)
    if event == Status.PENDING:
        team_mails.write_request(booking, now=clock.now(), occurrence=mails.occurrence_of(booking, occurrence))


@app.periodic(cron="*/10 * * * *")
@app.task(name="bookings.remind", queue=URGENT, queueing_lock="bookings.remind", pass_context=False)
def remind(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due, by a worker's clock
    """Queue the reminders of bookings that start within a day."""
    now = clock.now()
    for booking in queries.to_remind(now):
        mails.write(booking, "reminder", now=now)


@app.periodic(cron="*/10 * * * *")
@app.task(name="bookings.mail_digests", queue=URGENT, queueing_lock="bookings.mail_digests")
def mail_digests(timestamp: int) -> None:  # noqa: ARG001
    """Queue the digests of requests that are due, each in its hub's morning."""
    team_mails.write_digests(now=clock.now())


@app.periodic(cron="27 3 * * *")
@app.task(name="bookings.forget_guests", queue=LONG, queueing_lock="bookings.forget_guests")
def forget_guests(timestamp: int) -> None:  # noqa: ARG001
    """Once a night: anonymise guests a year after their booking; erase the addresses that no longer count."""
    actions.anonymise_guests(now=clock.now())
    actions.erase_clients(now=clock.now())


@app.periodic(cron="* * * * *")
@app.task(
    name="bookings.release_expired_holds",
    queue=URGENT,
    priority=FIRST,
    queueing_lock="bookings.release_expired_holds",
)
def release_expired_holds(timestamp: int) -> None:  # noqa: ARG001
    """Expire the holds that have run out, and the requests whose time has come without an answer."""
    now = clock.now()
    actions.release_expired_holds(now=now)
    actions.expire_requests(now=now)
