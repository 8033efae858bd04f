"""What is erased of bookings: of a person who leaves, of guests after a time."""

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import Case, CharField, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Concat, Lower

from totem.accounts.models import User
from totem.billing.actions.customers import anonymise
from totem.billing.models import Customer
from totem.bookings import rules
from totem.bookings.actions.answers import cancel
from totem.bookings.actions.state import WrongStateError, locked_bookings
from totem.bookings.models import LIVE, Booking, Card, RequestNotification

ERASED = "@erased.invalid"


@transaction.atomic
def anonymise_person(*, person: User, now: datetime) -> None:
    """Cancel the future bookings of an erased person, erase what they wrote and their cards.

    The rows stay for the figures.
    """
    to_come = Booking.objects.live().filter(person=person, ends_at__gt=now, checked_in_at=None, no_show_at=None)
    for booking in locked_bookings(to_come):
        with suppress(WrongStateError):  # lapsed, or they arrived at this moment: it stays, without what they wrote
            cancel(booking=booking, by=person, now=now, by_team=True)
    own = Booking.objects.filter(person=person)
    own.update(purpose="", reason_words="")
    own.exclude(not_invoiced="").update(not_invoiced="–")
    RequestNotification.objects.filter(person=person).delete()
    Card.objects.filter(person=person).delete()


@transaction.atomic
def anonymise_guests(*, now: datetime) -> int:
    """Erase the name, address and telephone of guests a year after their booking ended; returns how many bookings.

    Whoever has no other booking in the hub goes from its customers too, as `billing.actions.customers.anonymise` says.
    """
    over = Booking.objects.filter(person__isnull=True, ends_at__lt=now - rules.GUESTS_KEPT)
    over.exclude(not_invoiced="").update(not_invoiced="–")
    count = over.exclude(guest_email__endswith=ERASED).update(
        guest_name="–",
        guest_key="",
        guest_email=Concat(Lower("reference"), Value(ERASED)),
        guest_phone="",
        purpose="",
        reason_words="",
    )
    # Who has a booking left, by what `bookings.invoicing` knows them.
    as_key = Case(When(guest_email="", then="reference"), default=Lower("guest_email"), output_field=CharField())
    by_name = Q(guest_email="", guest_name=OuterRef("guest"))  # customers of before, when a name was the key
    left = Booking.objects.filter(hub=OuterRef("hub"), person=None)
    left = left.alias(key=as_key).filter(by_name | Q(key=OuterRef("guest")))
    anonymise(customers=Customer.objects.exclude(guest="").filter(~Exists(left)), now=now)
    return count


def erase_clients(*, now: datetime) -> int:
    """Erase the digests of network addresses from bookings that no longer count; returns how many."""
    over = Q(ends_at__lte=now) | ~Q(status__in=LIVE) | Q(hold_expires_at__lte=now)
    return Booking.objects.filter(over).exclude(client="").update(client="")
