"""Bookings of a hub whose time zone changes: each keeps the hour that its people know."""

from datetime import datetime

from totem.accounts.models import User
from totem.bookings import mails, signals
from totem.bookings.actions.booking import release_expired_holds
from totem.bookings.actions.state import facts, locked_bookings, record
from totem.bookings.models import Booking, Occupancy, Status
from totem.core import wording
from totem.hubs.models import Hub
from totem.hubs.moving import at_the_same_hour
from totem.hubs.signals import ZoneChange
from totem.spaces.models import Space


def move_to_zone(*, hub: Hub, change: ZoneChange, by: User) -> list[Booking]:
    """Move all bookings that have not begun to the same wall clock, with their buffers, at their price; mailed.

    Call it in the transaction that changes the time zone, under the hub's lock alone. Raises ValidationError, at
    `time_zone`, for one whose hour does not exist there, or that would overlap one that has begun.
    """
    release_expired_holds(now=change.now, space_ids=list(Space.objects.filter(hub=hub).values_list("pk", flat=True)))
    ahead = Booking.objects.live().filter(hub=hub, starts_at__gt=change.now).with_place().order_by("pk")
    bookings = locked_bookings(ahead)
    taken: dict[int, list[Occupancy]] = {booking.pk: [] for booking in bookings}
    rows = Occupancy.objects.filter(booking__in=taken)
    for row in rows:
        taken[row.booking_id].append(row)
    rows.delete()  # at once: no booking is in the way of another on the way
    for booking in bookings:
        with at_the_same_hour(f"{booking.space} · {_when(booking, change)} · {booking.who}"):
            _move(booking, taken[booking.pk], change, by)
    return bookings


def _when(booking: Booking, change: ZoneChange) -> str:
    return wording.period(booking.starts_at, booking.ends_at, change.before)


def _move(booking: Booking, taken: list[Occupancy], change: ZoneChange, by: User) -> None:
    before, (starts_at, ends_at) = facts(booking), booking.period
    booking.starts_at, booking.ends_at = change.moved_ends(starts_at, ends_at)
    booking.cancellable_until += booking.starts_at - starts_at
    if booking.priced_until is not None:
        booking.priced_until = change.moved(booking.priced_until)

    def moved(instant: datetime) -> datetime:
        """A buffer keeps its length."""
        return instant + (booking.starts_at - starts_at if instant <= starts_at else booking.ends_at - ends_at)

    for row in taken:
        row.during = (moved(row.during.lower), moved(row.during.upper))
    booking.save(update_fields=["starts_at", "ends_at", "priced_until", "cancellable_until", "updated_at"])
    Occupancy.objects.bulk_create(taken)
    entry = record("bookings.moved", booking, by, {"from": before, "to": facts(booking)})
    signals.moved.send(Booking, booking=booking, now=change.now)
    if booking.status != Status.HELD:
        mails.notify(booking, "moved" if booking.status == Status.CONFIRMED else str(booking.status), entry)
