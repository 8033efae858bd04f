"""Receivers of the signals of the rooms below: affected bookings, new parts of a space, export and erasure."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.dispatch import receiver
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.translation import gettext

from totem.accounts.models import User
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.bookings import actions, queries
from totem.bookings.actions.state import locked_bookings
from totem.bookings.models import Booking, BookingQuerySet, Card, Occupancy, RequestNotification
from totem.bookings.reasons import Reason
from totem.core import wording
from totem.core.periods import Period, at_wall_clock, merge
from totem.hubs.models import Hub, Membership
from totem.hubs.signals import FAR, AffectedBooking, ZoneChange, closing, membership_ending, zone_changing
from totem.memberships.periods import DAY, LAST_DAY, Days
from totem.memberships.signals import unit_days_asked
from totem.organisations.models import Affiliation
from totem.organisations.signals import leaving
from totem.spaces.models import Outage, Space, Unit
from totem.spaces.signals import parts_added, reported


@receiver(closing)
def affected_bookings(
    hub: Hub, space_id: int | None, periods: Sequence[Period], now: datetime, **_: Any
) -> list[AffectedBooking]:
    """The live bookings to come that touch one of `periods`: of the hub, or of a space and what it is a part of."""
    closed = merge(periods)
    bookings = _to_come(hub, now).touching(Period(closed[0].starts_at, closed[-1].ends_at))
    if space_id is not None:
        taken = Occupancy.objects.filter(booking=OuterRef("pk"), unit__space_id=space_id, is_buffer=False)
        bookings = bookings.filter(Exists(taken))
    rows = [b for b in bookings.with_place() if any(b.period.overlaps(period) for period in closed)]
    return [_affected(booking, units) for booking, units in zip(rows, _units_of(rows), strict=True)]


@receiver(reported)
def out_of_order(outage: Outage, now: datetime, **_: Any) -> list[AffectedBooking]:
    """The live bookings that are not over and that the outage affects."""
    found = queries.outages_by_booking(Outage.objects.filter(pk=outage.pk), now)
    rows = list(_to_come(outage.space.hub, now).filter(pk__in=found).with_place())
    return [_affected(booking, units) for booking, units in zip(rows, _units_of(rows), strict=True)]


@receiver(unit_days_asked)
def booked_units(space: Space, days: Days, now: datetime, **_: Any) -> set[int]:
    """The units of the space that a live booking takes on one of those days of its hub."""
    zone = space.hub.zone
    starts_at = at_wall_clock(days.first, time(), zone)
    ends_at = at_wall_clock(days.last + DAY, time(), zone) if days.last < LAST_DAY else FAR
    taken = Occupancy.objects.filter(unit__space=space, is_buffer=False, during__overlap=(starts_at, ends_at))
    live = Q(held_until=None) | Q(held_until__gt=now)
    return set(taken.filter(live, booking__ends_at__gt=now).values_list("unit_id", flat=True))


def _to_come(hub: Hub, now: datetime) -> BookingQuerySet:
    blocking = Q(hold_expires_at__isnull=True) | Q(hold_expires_at__gt=now)
    return Booking.objects.live().filter(blocking, hub=hub, ends_at__gt=now)


def _units_of(bookings: Sequence[Booking]) -> list[frozenset[int]]:
    units: defaultdict[int, set[int]] = defaultdict(set)
    taken = Occupancy.objects.filter(booking__in=[b.pk for b in bookings], is_buffer=False)
    for booking_id, unit_id in taken.values_list("booking_id", "unit_id"):
        units[booking_id].add(unit_id)
    return [frozenset(units[booking.pk]) for booking in bookings]


def _affected(booking: Booking, units: frozenset[int] = frozenset()) -> AffectedBooking:
    when = wording.period(booking.starts_at, booking.ends_at, booking.hub.zone)
    url = reverse_lazy("bookings:detail", args=[booking.reference])
    return AffectedBooking(f"{booking.space} · {when} · {booking.who}", url, booking.period, units)


@receiver(zone_changing)
def move_to_zone(hub: Hub, change: ZoneChange, by: User, **_: Any) -> list[AffectedBooking]:
    """Move the bookings that have not begun to the same wall clock; returns them."""
    return [_affected(booking) for booking in actions.move_to_zone(hub=hub, change=change, by=by)]


@receiver(membership_ending)
def bookings_of_a_member(
    membership: Membership, until: date | None, by: User, now: datetime, cancel: bool, **_: Any
) -> list[AffectedBooking]:
    """The bookings that only a member may make, on the days that are lost; cancelled where asked and still allowed.

    A manager sees those of the hub, whoever leaves those of other hubs too.
    """
    by_team = by.pk != membership.person_id
    rows = queries.needing_membership(membership, until, now, elsewhere=not by_team)
    affected = [_affected(booking) for booking in rows]
    with translation.override(membership.person.language):
        words = gettext("Your membership ends before, and this space is for members.")
    for booking in locked_bookings(Booking.objects.filter(pk__in=[row.pk for row in rows])) if cancel else ():
        if booking.can_cancel(now, by_team=by_team):
            actions.cancel(booking=booking, by=by, now=now, by_team=by_team, reason=Reason.OTHER, words=words)
    return affected


@receiver(leaving)
def bookings_for_an_organisation(
    affiliation: Affiliation, by: User, now: datetime, cancel: bool, **_: Any
) -> list[AffectedBooking]:
    """What the person booked for the organisation becomes their own, or is cancelled."""
    person, organisation = affiliation.person, affiliation.organisation
    rows = actions.leave_organisation(person=person, organisation=organisation, by=by, now=now, cancel=cancel)
    return [_affected(booking) for booking in rows]


@receiver(person_erasing, dispatch_uid="bookings.anonymise_when_erased")
def anonymise_when_erased(person: User, now: datetime, **_: Any) -> None:
    """Cancel and anonymise the bookings of a person who is erased."""
    actions.anonymise_person(person=person, now=now)


@receiver(personal_data_requested, dispatch_uid="bookings.own")
def give_bookings(person: User, **_: Any) -> dict[str, Any]:
    """All the bookings and cards of a person, and how they are told of requests."""
    chosen = RequestNotification.objects.filter(person=person).select_related("hub").order_by("hub_id")
    return {
        "mails about requests": [{"hub": one.hub.name, "frequency": one.frequency} for one in chosen],
        "cards": list(Card.objects.filter(person=person).order_by("pk").values("hub__name", "number")),
        "bookings": [
            {
                "reference": booking.reference,
                "hub": booking.hub.name,
                "space": booking.space.name,
                "from": booking.starts_at.isoformat(),
                "until": booking.ends_at.isoformat(),
                "status": booking.status,
                "purpose": booking.purpose,
                "reason": booking.given_reason,
                "organisation": booking.organisation.name if booking.organisation else None,
                "price": str(booking.price),
                "arrived": booking.checked_in_at.isoformat() if booking.checked_in_at else None,
                "left": booking.checked_out_at.isoformat() if booking.checked_out_at else None,
                "price_until": booking.priced_until.isoformat() if booking.priced_until else None,
            }
            for booking in Booking.objects.filter(person=person).with_place().order_by("starts_at")
        ],
    }


@receiver(parts_added)
def take_new_parts(hub: Hub, added: Sequence[tuple[int, int]], now: datetime, **_: Any) -> list[AffectedBooking]:
    """Make the future bookings of each whole take its new part too; returns those that cannot.

    The caller holds the hub's lock alone, so that no booking comes in between.
    """
    actions.release_expired_holds(now=now, space_ids=sorted({space_id for pair in added for space_id in pair}))
    affected: list[AffectedBooking] = []
    for whole_id, part_id in added:
        part = Unit.objects.get(space_id=part_id, is_active=True)
        own = Occupancy.objects.filter(unit__space_id=whole_id, booking__in=_to_come(hub, now).filter(space=whole_id))
        affected += _take(list(own.select_related("booking__space", "booking__hub", "booking__person")), part)
    return affected


def _take(rows: Sequence[Occupancy], part: Unit) -> list[AffectedBooking]:
    """Copy these rows for `part` where it is free; returns the bookings for which it is not."""
    blocked: dict[int, AffectedBooking] = {}
    for row in rows:
        others = Occupancy.objects.filter(unit=part, during__overlap=row.during).exclude(booking=row.booking)
        if row.is_buffer:
            others = others.filter(is_buffer=False)
        if others.exists():
            blocked[row.booking_id] = _affected(row.booking)
        elif not blocked and not Occupancy.objects.filter(unit=part, during=row.during, booking=row.booking).exists():
            Occupancy.objects.create(
                booking=row.booking,
                unit=part,
                during=row.during,
                is_buffer=row.is_buffer,
                held_until=row.held_until,
            )
    return list(blocked.values())
