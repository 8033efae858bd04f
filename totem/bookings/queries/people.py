"""Bookings of a person or guest, and people to book for."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db.models import BigIntegerField, DateTimeField, F, Q

from totem.accounts.models import User
from totem.bookings import rules
from totem.bookings.models import Booking, Status
from totem.bookings.rules import REMINDED_AHEAD
from totem.core.compiled_queries import CompiledQuery, QueryParameter
from totem.core.periods import Period
from totem.core.sort_keys import words_begin
from totem.hubs.models import Hub, Membership
from totem.hubs.queries import Standings
from totem.spaces.models import Space


def to_remind(now: datetime) -> list[Booking]:
    """The confirmed bookings that start within a day, made more than a day before, with place and person.

    Already reminded ones are included: the key of a mail makes sure that it is sent once.
    """
    return list(
        Booking.objects.filter(
            status=Status.CONFIRMED,
            starts_at__gt=now,
            starts_at__lte=now + REMINDED_AHEAD,
            created_at__lt=F("starts_at") - REMINDED_AHEAD,
        ).select_related("space__hub__commune", "person")
    )


def same_booking(space: Space, period: Period, now: datetime, whose: Q) -> Booking | None:
    """The live booking of `whose` (`Booker.whose`) that takes `space` for exactly `period` already."""
    return (
        Booking.objects.live()
        .filter(whose, Q(hold_expires_at__isnull=True) | Q(hold_expires_at__gt=now))
        .filter(space=space, starts_at=period.starts_at, ends_at=period.ends_at)
        .first()
    )


def own_around(space: Space, period: Period, now: datetime, whose: Q) -> list[Booking]:
    """The live bookings of `whose` in `space` under way when `period` begins, or just before, within the buffers."""
    near = period.starts_at - max(space.buffer_before, space.buffer_after)
    live = Booking.objects.live().filter(whose, Q(hold_expires_at__isnull=True) | Q(hold_expires_at__gt=now))
    return list(live.filter(space=space, starts_at__lte=period.starts_at, ends_at__gte=near).order_by("-ends_at"))


_OWN_TIMES = CompiledQuery(
    lambda: (
        Booking.objects.live()
        .filter(Q(hold_expires_at__isnull=True) | Q(hold_expires_at__gt=_instant("now")))
        .filter(
            person=QueryParameter("person", BigIntegerField()),
            hub=QueryParameter("hub", BigIntegerField()),
            starts_at__lt=_instant("ends_at"),
            ends_at__gt=_instant("starts_at"),
        )
        .order_by("starts_at", "pk")
        .values_list("space_id", "starts_at", "ends_at", "reference")
    )
)


def _instant(name: str) -> QueryParameter:
    return QueryParameter(name, DateTimeField())


def own_times(person: User, hub: Hub, window: Period, now: datetime) -> list[tuple[Any, ...]]:
    """Space, start, end and reference of the live bookings of a person in the hub that touch `window`, in order."""
    return _OWN_TIMES.rows(person=person.pk, hub=hub.pk, now=now, **window._asdict())


def people_to_book_for(hub: Hub, words: str, now: datetime) -> list[User]:
    """Up to ten people whom the team may book for: members of the hub by name, or anybody by their whole address."""
    wanted = Q(email=words.strip().lower())
    members = Membership.objects.on(now.astimezone(hub.zone).date()).filter(hub=hub).values("person")
    wanted |= Q(pk__in=members) & words_begin(words)
    return list(User.objects.filter(wanted, is_active=True, erased_at__isnull=True).order_by("sort_key", "pk")[:10])


def needing_membership(membership: Membership, until: date | None, now: datetime, *, elsewhere: bool) -> list[Booking]:
    """The person's bookings to come that who they are then may not make, on the days after the membership's end.

    It held until `until` before (None: without an end). Of its hub, with `elsewhere` of other hubs too, whose visiting
    desks are for members of some hub. Two queries, in order of time.
    """
    ahead = Q(hold_expires_at__isnull=True) | Q(hold_expires_at__gt=now)
    rows = Booking.objects.live().filter(ahead, person=membership.person, ends_at__gt=now, checked_in_at=None)
    if not elsewhere:
        rows = rows.filter(hub=membership.hub_id)
    standings = Standings(membership.person)

    def is_lost(booking: Booking) -> bool:
        day = booking.starts_at.astimezone(booking.hub.zone).date()
        if membership.ends_on is None or day <= membership.ends_on or (until is not None and day > until):
            return False
        after = standings.on(booking.hub_id, day)
        is_here = booking.hub_id == membership.hub_id
        before = replace(
            after, is_member=after.is_member or is_here, is_member_elsewhere=after.is_member_elsewhere or not is_here
        )
        may = [rules.may_book(booking.space, standing, signed_in=True) for standing in (before, after)]
        return may == [True, False]

    return [booking for booking in rows.with_place().order_by("starts_at", "pk") if is_lost(booking)]
