"""What a hub that sells invoices of its bookings: lines on the drafts of its customers (`billing`).

A confirmed booking has them by itself, in the transaction that confirms, moves, lengthens or cancels it. What ends
early or finds nobody stays due as it was booked. Once they are issued nothing is touched: the team makes a credit note.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.dispatch import Signal, receiver
from django.utils import translation

from totem.billing.actions.customers import GuestBuyer, customer_for
from totem.billing.actions.drafts import put_lines, sources_of
from totem.billing.models import VAT_RATES, Draft, DraftLine, IssuedDocument, IssuedLine
from totem.billing.queries import seller_of
from totem.bookings import signals
from totem.bookings.actions.privacy import ERASED
from totem.bookings.models import Booking, BookingQuerySet, Status
from totem.core import wording
from totem.hubs.models import Hub
from totem.spaces.pricing import QuoteLine

LONGEST_LABEL = 200


def source_of(booking: Booking) -> str:
    """The name of its lines in `billing`."""
    return f"booking:{booking.pk}"


# -- Writes -----------------------------------------------------------------------------------------------------------


@receiver([signals.confirmed, signals.moved, signals.made_personal], dispatch_uid="bookings.invoicing.changed")
def keep_lines(booking: Booking, signal: Signal, **_kwargs: object) -> None:
    """Put what is due on a draft; take it off where nothing is, or where the team has to approve it anew."""
    if booking.price and booking.status == Status.CONFIRMED:
        if seller_of(booking.space.hub) is not None:
            put_on_draft(booking)
    elif signal is not signals.confirmed:
        take_off(booking)


@receiver(signals.cancelled, dispatch_uid="bookings.invoicing.cancelled")
def take_off(booking: Booking, **_kwargs: object) -> None:
    """Take its lines off their draft. One that is refused or expires was not confirmed and has none."""
    put_lines(source=source_of(booking), customer=None, lines=[])


def put_on_draft(booking: Booking) -> bool:
    """Put its lines on a draft of its customer; False where it cannot: a VAT rate that no invoice has, nobody left."""
    lines = draft_lines(booking)
    is_nobody = booking.organisation is None and booking.email.endswith(ERASED)
    if is_nobody or any(line["vat_rate"] not in VAT_RATES for line in lines):
        return False
    customer = customer_for(
        hub=booking.space.hub, person=booking.person, organisation=booking.organisation, guest=_guest_of(booking)
    )
    put_lines(source=source_of(booking), customer=customer, lines=lines)
    return True


def draft_lines(booking: Booking) -> list[dict[str, Any]]:
    """One line a VAT rate of its frozen price, highest first: the fields of a DraftLine. They add up to its price."""
    totals: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for line in map(QuoteLine.from_json, booking.price_lines):
        totals[line.vat_rate] += line.total
    until, zone = booking.priced_until or booking.ends_at, booking.space.hub.zone
    with translation.override(settings.LANGUAGE_CODE):
        when = wording.period(booking.starts_at, until, zone, with_year=True)
    what = booking.space.name if booking.quantity == 1 else f"{booking.quantity} × {booking.space.name}"
    shared = {
        "label": f"{what}, {when}"[:LONGEST_LABEL],
        "quantity": 1,
        "starts_on": booking.starts_at.astimezone(zone).date(),
        "ends_on": (until - timedelta.resolution).astimezone(zone).date(),
    }
    return [
        {**shared, "unit_price": total, "vat_rate": rate}
        for rate, total in sorted(totals.items(), reverse=True)
        if total
    ]


def _guest_of(booking: Booking) -> GuestBuyer | None:
    """Who booked without an account, known by the address, or by the name; as `privacy.anonymise_guests`."""
    key = booking.guest_email.lower() or booking.guest_name
    return None if booking.person_id else GuestBuyer(key, booking.guest_name, booking.guest_email)


@transaction.atomic
def put_on_drafts(*, hub: Hub, references: Collection[str]) -> int:
    """Put these of the bookings to invoice on drafts; how many. Others, and those put there since, are left out."""
    rows = to_invoice(hub).filter(reference__in=references).order_by("pk")
    return sum(map(put_on_draft, rows.select_for_update(of=("self",), no_key=True)))


# -- Reads ------------------------------------------------------------------------------------------------------------


def to_invoice(hub: Hub) -> BookingQuerySet:
    """The confirmed bookings with a price on no draft or document of the hub, the first that ended first.

    Those that ended before the hub's seller was set up were paid otherwise. Without whoever is erased.
    """
    seller = seller_of(hub)
    if seller is None:
        return Booking.objects.none()
    of_booking = Concat(Value("booking:"), Cast(OuterRef("pk"), CharField()))
    is_placed = Exists(DraftLine.objects.filter(source=of_booking)) | Exists(
        IssuedLine.objects.exclude(source="").filter(source=of_booking)
    )
    due = Q(hub=hub, status=Status.CONFIRMED, price__gt=0, ends_at__gte=seller.created_at)
    nobody = Q(person__erased_at__isnull=False) | Q(guest_email__endswith=ERASED)
    rows = Booking.objects.filter(~is_placed, due).exclude(nobody, organisation=None)
    return rows.select_related("space__hub", "hub", "person", "organisation").order_by("ends_at", "pk")


def invoice_of(booking: Booking) -> tuple[IssuedDocument | Draft | None, bool]:
    """The document that it is issued on, else its draft; and whether an issued one says what is no longer due.

    False once a document follows that one: the team has dealt with it.
    """
    source = source_of(booking)
    named = Q(source__in=[source, *sources_of(source).values()])
    lines = list(IssuedLine.objects.filter(named).select_related("document"))
    if not lines:
        return Draft.objects.filter(lines__source=source).first(), False
    document = lines[0].document
    due = booking.price if booking.status == Status.CONFIRMED else 0
    return document, sum(line.gross for line in lines) != due and not document.followed_by.exists()
