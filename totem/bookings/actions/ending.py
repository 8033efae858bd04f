"""The end of a booking under way: lengthened or shortened; and a departure undone.

What is given back is free at once and stays due, in euros and in credits. What is added costs what it adds to today's
price, less what is left of the credits covers.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.bookings import limits, mails, queries, rules, signals
from totem.bookings.actions import paying
from totem.bookings.actions.booking import (
    AudienceError,
    constraint_error,
    find_units,
    locked_rules,
    occupy,
)
from totem.bookings.actions.state import WrongStateError, facts, locked_booking, record, set_end
from totem.bookings.models import Booking, Status
from totem.bookings.rules import RuleBrokenError
from totem.core import limits as policy
from totem.core import locks
from totem.core.models import JournalEntry
from totem.core.periods import Period
from totem.hubs.queries import standing
from totem.spaces import queries as space_queries


def change_end(*, booking: Booking, ends_at: datetime, by: User | None, now: datetime, by_team: bool) -> Booking:
    """Lengthen or shorten a booking under way, whatever its cancellation deadline.

    A longer one counts in the limits, unless the team lengthens it. Raises WrongStateError, RuleBrokenError,
    AudienceError, SlotTakenError or LimitReached; the booking is then unchanged.
    """
    try:
        return _change_end(booking, ends_at, by, now, by_team=by_team)
    except IntegrityError as error:
        raise constraint_error(error, booking.space, Period(booking.ends_at, ends_at), booking.quantity) from error


@policy.atomic()
def _change_end(booking: Booking, ends_at: datetime, by: User | None, now: datetime, *, by_team: bool) -> Booking:
    row, space_ids = _locked(booking, by_team=by_team)
    _check_under_way(row, now, by_team=by_team)
    if ends_at == row.ends_at:
        return row
    before = facts(row)
    if ends_at > row.ends_at:
        _check_longer(row, ends_at, by, now, by_team=by_team)
        paying.lengthen(row, ends_at, now=now, by=by.pk if by else None)
        _take_until(row, space_ids, ends_at, now)
    elif ends_at < rules.end_if_left(row.space, row.starts_at, now):
        raise RuleBrokenError(_("This time has passed."), "end")
    set_end(row, ends_at)
    entry = record("bookings.end_changed", row, by, {"from": before, "to": facts(row)})
    signals.moved.send(Booking, booking=row, now=now)
    mails.notify(row, "moved", entry)
    return row


def _locked(booking: Booking, *, by_team: bool) -> tuple[Booking, list[int]]:
    """The row of a confirmed booking, and the ids of the spaces that it takes, all locked as `book` does."""
    _space, space_ids = locked_rules(booking.space)
    if not by_team:
        policy.lock(limits.taker_of(booking))
    locks.lock(locks.LockKind.SPACE, space_ids)
    row = locked_booking(booking, Status.CONFIRMED)
    if row.space_id != booking.space_id:
        raise WrongStateError(_("This booking has moved in the meantime."))
    return row, space_ids


def _check_under_way(booking: Booking, now: datetime, *, by_team: bool) -> None:
    if booking.can_change_end(now, by_team=by_team):
        return
    if booking.checked_out_at is not None or booking.ends_at <= now:
        raise WrongStateError(_("This booking is over."))
    raise WrongStateError(_("This booking has not begun yet."))


def _check_longer(booking: Booking, ends_at: datetime, by: User | None, now: datetime, *, by_team: bool) -> None:
    space, period, added = booking.space, Period(booking.starts_at, ends_at), Period(booking.ends_at, ends_at)
    opening = space_queries.open_periods([space], added)[space.pk]
    for broken in rules.broken_by_longer(space, period, added, opening=opening, by_team=by_team):
        raise broken
    if by_team:
        return
    stand = standing(by, space.hub, added.starts_at.astimezone(space.hub.zone).date())
    if not rules.may_book(space, stand, signed_in=by is not None):
        raise AudienceError
    limits.require_moved(booking, period, is_member=stand.is_member, now=now)


def _take_until(booking: Booking, space_ids: list[int], ends_at: datetime, now: datetime) -> None:
    """Occupy what comes after the end, on another unit of a pool where its own is taken. Raises SlotTakenError."""
    space, added = booking.space, Period(booking.ends_at, ends_at)
    units = find_units(space, space_ids, added, booking.quantity, now, lengthened=booking)
    booking.occupancy.filter(unit__in=units, is_buffer=True, during__startswith=booking.ends_at).delete()
    buffer = Period(ends_at, ends_at + space.buffer_after)
    occupy(booking, units, [(added, False), *([(buffer, True)] if buffer.length else [])])


@transaction.atomic
def undo_check_out(*, booking: Booking, by: User, now: datetime) -> Booking:
    """Take back a departure: what was freed is taken again, until the next booking begins where there is one by now.

    Raises WrongStateError when they have not left.
    """
    row, space_ids = _locked(booking, by_team=True)
    if row.checked_out_at is None:
        raise WrongStateError(_("They have not left."))
    row.checked_out_at = None
    return _taken_again(row, space_ids, by, now, freed_by="bookings.checked_out", verb="bookings.check_out_undone")


@transaction.atomic
def undo_absent(*, booking: Booking, by: User, now: datetime) -> Booking:
    """They come after all: what was freed is taken again, until the next booking begins where there is one by now.

    Raises WrongStateError when they are not marked as absent.
    """
    row, space_ids = _locked(booking, by_team=True)
    if row.no_show_at is None:
        raise WrongStateError(_("They are not marked as absent."))
    row.no_show_at = None
    return _taken_again(row, space_ids, by, now, freed_by="bookings.marked_absent", verb="bookings.absent_undone")


def _taken_again(row: Booking, space_ids: list[int], by: User, now: datetime, *, freed_by: str, verb: str) -> Booking:
    before = facts(row)
    freed = Period(row.ends_at, min(_end_before(row, freed_by), row.priced_until or row.ends_at))
    ends_at = queries.free_until(row, freed.ends_at, now, opening={row.space_id: [freed]})
    if ends_at > row.ends_at:
        _take_until(row, space_ids, ends_at, now)
    set_end(row, ends_at)
    record(verb, row, by, {"from": before, "to": facts(row)})
    return row


def _end_before(booking: Booking, verb: str) -> datetime:
    entries = JournalEntry.objects.filter(subject_model="bookings.booking", subject_id=booking.pk, verb=verb)
    before = entries.order_by("-pk").values_list("facts__from__ends_at", flat=True).first()
    return datetime.fromisoformat(before) if before else booking.ends_at
