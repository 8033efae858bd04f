"""Bookings for an organisation that their person has left."""

from contextlib import suppress
from datetime import datetime
from operator import attrgetter

from django.db import transaction
from django.db.models import Q

from totem.accounts.models import User
from totem.bookings import mails, signals
from totem.bookings.actions import paying
from totem.bookings.actions.answers import cancel as cancel_booking
from totem.bookings.actions.state import facts, locked_bookings, record
from totem.bookings.costs import Payer, tariff_of
from totem.bookings.models import Booking
from totem.bookings.rules import RuleBrokenError
from totem.organisations.models import Organisation
from totem.organisations.queries import bookable_by


@transaction.atomic
def leave_organisation(
    *, person: User, organisation: Organisation, by: User, now: datetime, cancel: bool
) -> list[Booking]:
    """Make the person's own what they booked for the organisation and has not begun; returns it.

    With `cancel` what the person may still cancel is cancelled instead. Who did not leave by themselves is told.
    """
    holds = Q(hold_expires_at=None) | Q(hold_expires_at__gt=now)
    ahead = Booking.objects.live().filter(holds, person=person, organisation=organisation, starts_at__gt=now)
    rows = [row for row in locked_bookings(ahead) if not _may_still_book(row, person)]
    rows.sort(key=attrgetter("starts_at"))
    for row in rows:
        if cancel and row.can_cancel(now, by_team=False):
            cancel_booking(booking=row, by=by, now=now, by_team=False)
        else:
            _make_personal(row, by, now)
    return rows


def _may_still_book(row: Booking, person: User) -> bool:
    """Whether the person is in the organisation on that day all the same, by another affiliation."""
    day = row.starts_at.astimezone(row.hub.zone).date()
    return row.organisation in bookable_by(person, on=day)


def _make_personal(row: Booking, by: User, now: datetime) -> None:
    before = facts(row)
    row.organisation = None
    if row.credits_spent:  # the organisation's, which no longer pay for it
        row.uses_credits = False
        with suppress(RuleBrokenError):
            paying.set_price(row, tariff_of(row.space, row.period, row.quantity, Payer.of(row)))
        paying.return_credits(row, now=now, by=by.pk)
    row.save()
    entry = record("bookings.made_personal", row, by, {"from": before, "to": facts(row)})
    signals.made_personal.send(Booking, booking=row, now=now)
    if by.pk != row.person_id:
        mails.notify(row, "personal", entry)
