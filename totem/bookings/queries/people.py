"""Bookings of a person or guest, and people to book for."""

from datetime import datetime

from django.db.models import F, Q

from totem.accounts.models import User
from totem.bookings.models import Booking, Status
from totem.bookings.rules import REMINDED_AHEAD
from totem.core.periods import Period
from totem.core.sort_keys import words_begin
from totem.hubs.models import Hub, Membership
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


def people_to_book_for(hub: Hub, words: str, now: datetime) -> list[User]:
    """Up to ten people whom the team may book for: members of the hub by name, or anybody by their whole address."""
    wanted = Q(email=words.strip().lower())
    members = Membership.objects.on(now.astimezone(hub.zone).date()).filter(hub=hub).values("person")
    wanted |= Q(pk__in=members) & words_begin(words)
    return list(User.objects.filter(wanted, is_active=True, erased_at__isnull=True).order_by("sort_key", "pk")[:10])
