"""Whom the desk looks for: by the code they show, their card, the reference of a booking, or a name."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from totem.accounts.models import User
from totem.bookings.models import Booking, Card
from totem.bookings.queries.hub_people import people_known_to
from totem.core.codes import parse
from totem.core.periods import local_day
from totem.core.sort_keys import words_begin
from totem.hubs.models import Hub, Membership

MOST = 20


@dataclass(frozen=True)
class Identified:
    """Who a code, a card or a reference is of: a person, or the guest of `bookings`.

    `bookings` are those of the day, `following` the next one after it; `membership` the latest of the hub that has
    begun, over or not. `is_known`: the team may look at the person's page.
    """

    who: str
    person: User | None
    bookings: list[Booking]
    following: Booking | None = None
    membership: Membership | None = None
    is_known: bool = False


@dataclass(frozen=True)
class Matches:
    """What bears the words that were typed: bookings of any day, those to come first, and people of the hub."""

    bookings: list[Booking] = field(default_factory=list)
    people: list[User] = field(default_factory=list)


def look_up(hub: Hub, text: str, now: datetime) -> Identified | Matches:
    """Who or what `text` stands for in the hub, in at most six queries."""
    code = parse(text)
    card = Card.objects.filter(hub=hub, number=code).values("person")
    person = User.objects.filter(Q(desk_code=code) | Q(pk__in=card), is_active=True).first()
    booking = None if person else Booking.objects.with_place().filter(hub=hub, reference=code).first()
    if booking is not None and booking.person is None:
        return Identified(booking.who, None, [booking])
    if booking is not None:
        person = booking.person
    if person is not None:
        return _identified(hub, person, booking, now)
    return _matches(hub, text, now)


def _identified(hub: Hub, person: User, shown: Booking | None, now: datetime) -> Identified:
    today = local_day(now.astimezone(hub.zone).date(), hub.zone)
    own = Booking.objects.live().with_place().filter(hub=hub, person=person).exclude(hold_expires_at__lte=now)
    bookings = list(own.touching(today).order_by("starts_at", "pk"))
    if shown is not None and shown not in bookings:
        bookings.append(shown)
    begun = Membership.objects.filter(hub=hub, person=person, starts_on__lte=now.astimezone(hub.zone).date())
    return Identified(
        person.name,
        person,
        bookings,
        following=own.filter(starts_at__gte=today.ends_at).order_by("starts_at", "pk").first(),
        membership=begun.order_by("-starts_on").first(),
        is_known=people_known_to(hub).filter(pk=person.pk).exists(),
    )


def _matches(hub: Hub, text: str, now: datetime) -> Matches:
    found = Booking.objects.with_place().filter(
        words_begin(text, "person__sort_key") | words_begin(text, "guest_key"), hub=hub
    )
    coming = list(found.filter(ends_at__gt=now).order_by("starts_at", "pk")[:MOST])
    past = found.filter(ends_at__lte=now).order_by("-starts_at", "-pk")[: MOST - len(coming)]
    people = people_known_to(hub).filter(words_begin(text), is_active=True).order_by("sort_key", "pk")[:MOST]
    return Matches([*coming, *past], list(people))
