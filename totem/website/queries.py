"""Queries of hubs and their spaces for the public pages, as values for templates."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, Q, prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.bookings import queries as booking_queries
from totem.bookings.addresses import book_url, space_url
from totem.bookings.queries import Slot
from totem.bookings.rules import may_book
from totem.core import periods, wording
from totem.core.periods import Period
from totem.core.sort_keys import sort_key
from totem.hubs import queries as hub_queries
from totem.hubs.models import ExceptionalHours, Hub, HubPhoto, Photo
from totem.hubs.permissions import roles_in
from totem.hubs.queries import Doors, period_of
from totem.hubs.wording import doors_words
from totem.spaces.models import Audience, Price, Space, SpaceKind, SpacePhoto
from totem.spaces.rules import USUAL_MINUTES, WITHIN
from totem.spaces.wording import audience_note, feature_words, price_from, quantity_words
from totem.website.wording import exception_words, slot_words, span_words

Person = User | AnonymousUser

COMING = timedelta(days=60)


def account_of(person: Person) -> User | None:
    """The signed-in person, or None for a visitor."""
    return person if isinstance(person, User) else None


# -- Hubs -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HubCard:
    """A hub in the list and on the map."""

    hub: Hub
    url: str
    photo: Photo | None
    state: str
    words: str

    @property
    def point(self) -> dict[str, Any]:
        """The point of the hub for the `map` component."""
        return {
            "name": self.hub.name,
            "lat": self.hub.latitude,
            "lng": self.hub.longitude,
            "href": self.url,
            "text": self.words,
        }


def hub_cards(person: Person, now: datetime) -> list[HubCard]:
    """The hubs that the person may see, by name, with the state of their doors: four queries for any number."""
    hubs = list(
        Hub.objects.filter(hub_queries.visible_to(account_of(person)))
        .select_related("commune__department")
        .prefetch_related(Prefetch("photos", HubPhoto.objects.in_order()))
    )
    doors = hub_queries.doors(hubs, now)
    return [_hub_card(hub, doors[hub.pk], now) for hub in sorted(hubs, key=lambda hub: sort_key(hub.name))]


def _hub_card(hub: Hub, doors: Doors, now: datetime) -> HubCard:
    return HubCard(
        hub,
        reverse("website:hub", kwargs={"slug": hub.slug}),
        next(iter(hub.photos.all()), None),
        doors.state,
        doors_words(doors, now, hub.zone),
    )


@dataclass(frozen=True)
class DayHours:
    """When a hub is open on a day; `note` says why it is not as usual."""

    day: date
    periods: list[Period]
    note: str
    is_today: bool


@dataclass(frozen=True)
class ComingException:
    """A closure, an opening or a public holiday to come."""

    when: str
    what: str


@dataclass(frozen=True)
class Opening:
    """A hub's doors now, its hours of the next seven days and what is out of the ordinary after them."""

    state: str
    words: str
    week: list[DayHours]
    to_come: list[ComingException]
    closed_for_long: bool


def opening(hub: Hub, now: datetime) -> Opening:
    """The hub's opening as of `now`, in three queries. The hub comes with commune and department."""
    today = now.astimezone(hub.zone).date()
    start = periods.local_day(today, hub.zone).starts_at
    fortnight = Period(start, now + timedelta(days=14))
    opened = hub_queries.open_periods([hub], fortnight)[hub.pk]
    doors = hub_queries.doors_of(opened, now)
    exceptions = list(
        ExceptionalHours.objects.filter(hub=hub, during__overlap=Period(start, start + COMING)).order_by("during")
    )
    holidays = hub_queries.public_holidays(hub, Period(start, start + COMING)) if hub.closed_on_public_holidays else {}
    week = [_day_hours(hub, today + timedelta(days=n), opened, exceptions, holidays, is_today=not n) for n in range(7)]
    after = today + timedelta(days=7)
    return Opening(
        doors.state,
        doors_words(doors, now, hub.zone),
        week,
        _to_come(hub, exceptions, {day: name for day, name in holidays.items() if day >= after}),
        not doors.is_open and doors.opens_at is None,
    )


def _day_hours(
    hub: Hub,
    day: date,
    opened: list[Period],
    exceptions: list[ExceptionalHours],
    holidays: dict[date, str],
    *,
    is_today: bool,
) -> DayHours:
    midnights = periods.local_day(day, hub.zone)
    notes = [holidays[day]] if day in holidays else []
    notes += [row.reason for row in exceptions if period_of(row.during).overlaps(midnights)]
    return DayHours(day, periods.intersect(opened, [midnights]), ", ".join(notes), is_today)


def _to_come(hub: Hub, exceptions: list[ExceptionalHours], holidays: dict[date, str]) -> list[ComingException]:
    dated = [
        (row.during.lower, ComingException(span_words(period_of(row.during), hub.zone), exception_words(row)))
        for row in exceptions
    ]
    for day, name in holidays.items():
        closed = _("Closed: %(reason)s") % {"reason": name}
        dated.append((periods.local_day(day, hub.zone).starts_at, ComingException(wording.date_words(day), closed)))
    return [line for _at, line in sorted(dated, key=lambda pair: pair[0])]


# -- Spaces -----------------------------------------------------------------------------------------------------------


def spaces_of(hub: Hub, person: Person) -> list[Space]:
    """The spaces of the hub in service, in the hub's order; those kept for the team only where the person is of it."""
    shown = Space.objects.active().filter(hub=hub)
    if not roles_in(person, hub):
        shown = shown.exclude(audience=Audience.TEAM)
    spaces = list(shown.order_by("position", "name", "pk"))
    for space in spaces:
        space.hub = hub  # with its commune: nothing is asked again
    return spaces


def prices_on(spaces: Sequence[Space], day: date) -> dict[int, list[Price]]:
    """The prices of each space (by id) that hold on `day`, shortest time first."""
    found: defaultdict[int, list[Price]] = defaultdict(list)
    holding = Price.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=day), space__in=spaces, starts_on__lte=day
    ).order_by("per")
    for price in holding:
        found[price.space_id].append(price)
    return found


def prices_from(space: Space, day: date) -> list[Price]:
    """The prices of the space on `day` and those announced for later, shortest time first."""
    holding = Price.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), space=space)
    return list(holding.order_by("per", "for_members", "starts_on", "-amount"))


@dataclass(frozen=True)
class SpaceCard:
    """A space in the list of a hub."""

    space: Space
    url: str
    photo: Photo | None
    price: str
    kicker: str
    people: int | None
    traits: list[str]


@dataclass(frozen=True)
class KindOfSpaces:
    """The spaces of one kind."""

    kind: SpaceKind
    cards: list[SpaceCard]

    @property
    def width(self) -> int:
        """How many of three columns the cards fill."""
        return min(len(self.cards), 3)


def spaces_by_kind(spaces: Sequence[Space], day: date) -> list[KindOfSpaces]:
    """The spaces grouped by kind, with photo and price: two queries."""
    prefetch_related_objects(spaces, Prefetch("photos", SpacePhoto.objects.in_order()))
    prices = prices_on(spaces, day)
    groups: defaultdict[SpaceKind, list[SpaceCard]] = defaultdict(list)
    for space in spaces:
        card = _space_card(space, prices.get(space.pk, []))
        groups[SpaceKind(space.kind)].append(card)
    return [KindOfSpaces(kind, groups[kind]) for kind in KIND_ORDER if kind in groups]


def _space_card(space: Space, prices: Sequence[Price]) -> SpaceCard:
    return SpaceCard(
        space,
        space_url(space),
        next(iter(space.photos.all()), None),
        price_from(space, prices),
        audience_note(space) or space.get_kind_display(),
        None if space.is_pool or space.kind in (SpaceKind.MACHINE, SpaceKind.EQUIPMENT) else space.capacity,
        [quantity_words(space)] if space.is_pool else feature_words(space)[:3],
    )


# In the order of what most people look for.
KIND_ORDER = (
    SpaceKind.MEETING_ROOM,
    SpaceKind.HOT_DESKS,
    SpaceKind.FIXED_DESK,
    SpaceKind.OFFICE,
    SpaceKind.EVENT_ROOM,
    SpaceKind.MACHINE,
    SpaceKind.VISITING_DESKS,
    SpaceKind.EQUIPMENT,
)


# The kinds that are looked at together: the values of `?espaces=`.
GROUPS: dict[str, tuple[SpaceKind, ...]] = {
    "salles": (SpaceKind.MEETING_ROOM, SpaceKind.EVENT_ROOM),
    "postes": (SpaceKind.HOT_DESKS, SpaceKind.FIXED_DESK, SpaceKind.OFFICE, SpaceKind.VISITING_DESKS),
    "machines": (SpaceKind.MACHINE, SpaceKind.EQUIPMENT),
}


@dataclass(frozen=True)
class NextRoom:
    """The first meeting room that is free."""

    space: Space
    url: str
    when: str


def next_meeting_room(hub: Hub, spaces: Sequence[Space], person: Person, now: datetime) -> NextRoom | None:
    """The first free hour in a meeting room that the person may book; for a visitor first without an account."""
    account = account_of(person)
    standing = hub_queries.standing(account, hub, now.astimezone(hub.zone).date())
    rooms = [
        space for space in spaces if space.kind == SpaceKind.MEETING_ROOM and may_book(space, standing, signed_in=True)
    ]
    if not rooms:
        return None
    slots = booking_queries.first_slots(rooms, Period(now, now + WITHIN), timedelta(minutes=USUAL_MINUTES), now)
    if account is None:
        slots = sorted(slots, key=lambda slot: slot.space.audience != Audience.PUBLIC)  # stable: soonest first
    return _next_room(slots[0], now) if slots else None


def _next_room(slot: Slot, now: datetime) -> NextRoom:
    return NextRoom(
        slot.space,
        book_url(slot.space, slot.period),
        slot_words(slot.period, now, slot.space.hub.zone),
    )
