"""What a hub that sells invoices of its bookings: lines on the drafts of its customers (`billing`).

A confirmed booking has them by itself, in the transaction that confirms, moves, lengthens or cancels it. What ends
early or finds nobody stays due as it was booked. Once they are issued nothing is touched: the team makes a credit note.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.dispatch import Signal, receiver
from django.utils import translation

from totem.accounts.models import User
from totem.billing.actions.customers import customer_for
from totem.billing.actions.drafts import put_lines, sources_of
from totem.billing.models import Draft, DraftLine, IssuedDocument, IssuedLine
from totem.billing.queries import seller_of
from totem.bookings import signals
from totem.bookings.actions.privacy import ERASED
from totem.bookings.actions.state import guest_of, locked_bookings, source_of
from totem.bookings.models import Booking, BookingQuerySet, Status
from totem.core import journal, wording
from totem.core.money import VAT_RATES
from totem.hubs.models import Hub
from totem.spaces.models import Price
from totem.spaces.pricing import QuoteLine

LONGEST_LABEL = 200


# -- Writes -----------------------------------------------------------------------------------------------------------


@receiver([signals.confirmed, signals.moved, signals.made_personal], dispatch_uid="bookings.invoicing.changed")
def keep_lines(booking: Booking, signal: Signal, **_kwargs: object) -> None:
    """Put what is due on a draft; take it off where nothing is, or where the team has to approve it anew."""
    if booking.price and booking.status == Status.CONFIRMED and not booking.not_invoiced:
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
    is_nobody = booking.organisation is None and booking.email.endswith(ERASED)
    if is_nobody or unknown_rates(booking):
        return False
    customer = customer_for(
        hub=booking.space.hub, person=booking.person, organisation=booking.organisation, guest=guest_of(booking)
    )
    put_lines(source=source_of(booking), customer=customer, lines=draft_lines(booking))
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


@transaction.atomic
def put_on_drafts(*, hub: Hub, references: Collection[str]) -> int:
    """Put these of the bookings to invoice on drafts; how many. Others, and those put there since, are left out."""
    return sum(map(put_on_draft, locked_bookings(to_invoice(hub).filter(reference__in=references))))


@transaction.atomic
def leave_out(*, hub: Hub, reference: str, reason: str, by: User, now: datetime) -> bool:
    """Mark one of the bookings to invoice as not to be invoiced; False where it is on a draft or marked since."""
    row = to_invoice(hub).filter(reference=reference).select_for_update(of=("self",), no_key=True).first()
    if row is not None:
        _mark(row, "bookings.left_out_of_invoices", by, reason, now)
    return row is not None


@transaction.atomic
def take_in(*, hub: Hub, reference: str, by: User) -> None:
    """Have a booking invoiced after all: it is in the list again. One that is not marked stays as it is."""
    for row in left_out(hub).filter(reference=reference).select_for_update(of=("self",), no_key=True):
        _mark(row, "bookings.taken_into_invoices", by, "", None)


def _mark(row: Booking, verb: str, by: User, reason: str, now: datetime | None) -> None:
    row.not_invoiced, row.not_invoiced_at, row.not_invoiced_by = reason, now, by if now else None
    row.save(update_fields=["not_invoiced", "not_invoiced_at", "not_invoiced_by", "updated_at"])
    journal.record(verb, row, actor_id=by.pk, scope=row.hub)


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
    due = Q(hub=hub, status=Status.CONFIRMED, price__gt=0, not_invoiced="", ends_at__gte=seller.created_at)
    nobody = Q(person__erased_at__isnull=False) | Q(guest_email__endswith=ERASED)
    rows = Booking.objects.filter(~is_placed, due).exclude(nobody, organisation=None)
    return rows.select_related("space__hub", "hub", "person", "organisation").order_by("ends_at", "pk")


def left_out(hub: Hub) -> BookingQuerySet:
    """The bookings that the team marked as not to be invoiced, the last marked first."""
    rows = Booking.objects.filter(hub=hub).exclude(not_invoiced="").select_related("space", "hub", "not_invoiced_by")
    return rows.select_related("organisation", "person").order_by("-not_invoiced_at", "pk")


def unknown_rates(booking: Booking) -> list[Decimal]:
    """The VAT rates of its price that no invoice has: it cannot be put on a draft."""
    return sorted({line["vat_rate"] for line in draft_lines(booking)} - set(VAT_RATES))


def prices_to_replace(hub: Hub, today: date) -> QuerySet[Price]:
    """The prices of today and to come with a VAT rate that no invoice has: bookings at them are on no draft."""
    rows = Price.objects.filter(Q(ends_on=None) | Q(ends_on__gte=today), space__hub=hub)
    return rows.exclude(vat_rate__in=VAT_RATES).select_related("space").order_by("space__name", "per")


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
