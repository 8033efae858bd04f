"""Arrivals and departures, noted at the front desk."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.bookings import signals
from totem.bookings.actions.state import (
    WrongStateError,
    check_changeable,
    facts,
    locked_booking,
    record,
    set_end,
)
from totem.bookings.models import EARLY_ARRIVAL, Booking, Status
from totem.bookings.rules import end_if_left
from totem.core.periods import local_day


@transaction.atomic
def check_in(*, booking: Booking, by: User, now: datetime) -> Booking:
    """Record the arrival, on the day of the booking or at most two hours before it. Raises WrongStateError."""
    row = locked_booking(booking, Status.CONFIRMED)
    if row.checked_in_at is not None:
        raise WrongStateError(_("They have already arrived."))
    if row.no_show_at is not None:
        raise WrongStateError(_("They are marked as absent."))
    first_day = local_day(row.starts_at.astimezone(row.space.hub.zone).date(), row.space.hub.zone)
    if now < min(first_day.starts_at, row.starts_at - EARLY_ARRIVAL):
        raise WrongStateError(_("This booking is not today."))
    if now >= row.ends_at:
        raise WrongStateError(_("This booking is over."))
    row.checked_in_at = now
    row.save(update_fields=["checked_in_at", "updated_at"])
    record("bookings.checked_in", row, by, {})
    signals.checked_in.send(Booking, booking=row, now=now)
    return row


@transaction.atomic
def undo_check_in(*, booking: Booking, by: User) -> Booking:
    """Take back a check-in made by mistake. Raises WrongStateError when not checked in, or already checked out."""
    row = locked_booking(booking, Status.CONFIRMED)
    if row.checked_in_at is None or row.checked_out_at is not None:
        raise WrongStateError(_("They are not here."))
    row.checked_in_at = None
    row.save(update_fields=["checked_in_at", "updated_at"])
    record("bookings.check_in_undone", row, by, {})
    return row


@transaction.atomic
def mark_absent(*, booking: Booking, by: User, now: datetime) -> Booking:
    """Record that nobody came; what is left of the time is free again and stays due.

    Raises WrongStateError before the booking begins, once it is over, or when they have arrived.
    """
    row = locked_booking(booking, Status.CONFIRMED)
    check_changeable(row, now, now, by_team=True)
    if now < row.starts_at:
        raise WrongStateError(_("This booking has not begun yet."))
    before = facts(row)
    row.no_show_at = now
    set_end(row, min(row.ends_at, end_if_left(row.space, row.starts_at, now)))
    record("bookings.marked_absent", row, by, {"from": before, "to": facts(row)})
    return row


@transaction.atomic
def check_out(*, booking: Booking, by: User, now: datetime) -> Booking:
    """Record the departure; what is left of the time is free again. Raises WrongStateError when not checked in."""
    row = locked_booking(booking, Status.CONFIRMED)
    if row.checked_in_at is None or row.checked_out_at is not None:
        raise WrongStateError(_("They are not here."))
    before = facts(row)
    row.checked_out_at = max(now, row.checked_in_at)
    set_end(row, min(row.ends_at, end_if_left(row.space, row.starts_at, now)))
    record("bookings.checked_out", row, by, {"from": before, "to": facts(row)})
    return row
