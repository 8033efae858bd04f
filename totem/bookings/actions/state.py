"""The state of a booking: its row locked, changed, recorded in the journal and announced."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.actions.customers import GuestBuyer
from totem.billing.actions.drafts import lock_drafts
from totem.billing.models import Customer
from totem.bookings.models import Booking, BookingQuerySet, Status
from totem.core import journal
from totem.core.models import JournalEntry
from totem.hubs.models import Hub
from totem.memberships.actions import credits as ledger
from totem.spaces.models import Space


class WrongStateError(Exception):
    """The state of the booking does not allow this action; `message` says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def facts(booking: Booking) -> dict[str, Any]:
    """What the journal keeps of a booking: ids and values that are not personal."""
    return {
        "space": booking.space_id,
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
        "quantity": booking.quantity,
        "status": str(booking.status),
        "price": str(booking.price),
        "organisation": booking.organisation_id,
        "person": booking.person_id,
    }


def record(verb: str, booking: Booking, by: User | None, facts: dict[str, Any]) -> JournalEntry:
    """Write the journal entry of a change, in the caller's transaction, and return it."""
    return journal.record(verb, booking, actor_id=by.pk if by else None, scope=Hub(pk=booking.hub_id), facts=facts)


def change_status(booking: Booking, status: Status) -> None:
    """Save the new status, with its reason; a trigger frees the units of one that blocks them no more."""
    booking.status = status
    booking.hold_expires_at = None
    booking.save(update_fields=["status", "hold_expires_at", "reason", "reason_words", "updated_at"])


def locked_booking(booking: Booking, *states: Status) -> Booking:
    """The booking's row, locked; raises WrongStateError when it is in none of `states`."""
    row = (
        Booking.objects.select_related("space__hub__commune__department")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=booking.pk)
    )
    if row.status not in states:
        message = _("This booking is already in another state: %(status)s.")
        raise WrongStateError(message % {"status": row.get_status_display()})
    return row


def source_of(booking: Booking) -> str:
    """The name of its lines in `billing`."""
    return f"booking:{booking.pk}"


def guest_of(booking: Booking) -> GuestBuyer | None:
    """Who booked without an account, known by the address: two of one name without any are two customers."""
    key = booking.guest_email.lower() or booking.reference
    return None if booking.person_id else GuestBuyer(key, booking.guest_name, booking.guest_email)


def locked_bookings(rows: BookingQuerySet) -> list[Booking]:
    """Their rows, then the drafts that their lines are or may be put on, each locked in id order.

    Whoever changes several bookings in one transaction begins so: two of them never wait for each other.
    """
    found = list(rows.with_place().order_by("pk").select_for_update(of=("self",), no_key=True))
    lock_credits(found)
    buyers = Q(person__in={row.person_id for row in found}) | Q(organisation__in={row.organisation_id for row in found})
    buyers |= Q(guest__in={guest.key for guest in map(guest_of, found) if guest})
    customers = Customer.objects.filter(buyers, hub__in={row.hub_id for row in found})
    lock_drafts(sources=[source_of(row) for row in found], customers=customers)
    return found


def lock_credits(bookings: Iterable[Booking]) -> None:
    """Take the locks of all customers whose credits these bookings spent, before one after the other is changed."""
    ledger.lock_customers(ledger.customers_of([source_of(row) for row in bookings if row.credits_spent]))


def check_changeable(booking: Booking, now: datetime, until: datetime, *, by_team: bool) -> None:
    """Raises WrongStateError where it can no longer be moved or cancelled; `until` is not for the team."""
    if booking.has_lapsed(now):
        raise WrongStateError(_("The time of this request has come."))
    if booking.checked_in_at is not None:
        raise WrongStateError(_("They have already arrived."))
    if booking.no_show_at is not None:
        raise WrongStateError(_("They are marked as absent."))
    if booking.ends_at <= now:
        raise WrongStateError(_("This booking is over."))
    if not by_team and now > until:
        raise WrongStateError(_("It is too late to change this booking. Please call the hub."))


def set_end(booking: Booking, ends_at: datetime) -> None:
    """Save the booking with another end; a trigger frees what it gives back. The price never falls.

    What it takes from now on has been occupied before.
    """
    priced_until = booking.priced_until or booking.ends_at
    booking.ends_at, booking.priced_until = ends_at, priced_until if ends_at < priced_until else None
    booking.save()


def firm_status(space: Space, *, by_team: bool) -> Status:
    """The status of a booking that is neither held nor an option."""
    return Status.PENDING if space.needs_approval and not by_team else Status.CONFIRMED
