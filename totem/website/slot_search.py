"""The first free slots that meet search criteria: the page `/trouver/`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from totem.bookings import queries as booking_queries
from totem.bookings.addresses import space_url
from totem.bookings.queries import Slot
from totem.bookings.rights import BookingRights
from totem.core import periods
from totem.core.periods import DAY, Period
from totem.hubs.models import Hub
from totem.spaces.models import Audience, Space, SpaceKind
from totem.spaces.rules import USUAL_MINUTES, WITHIN
from totem.spaces.wording import audience_note, capacity_words, feature_words, quantity_words
from totem.website.offers import BookingOffer, offers_of
from totem.website.wording import free_words, slot_words

MOST = 24
# Not places for people: found when their kind is asked for.
THINGS = (SpaceKind.MACHINE, SpaceKind.EQUIPMENT)


@dataclass(frozen=True)
class SlotSearch:
    """The criteria of a search. `after` and `before` are wall-clock times of the hub; None: at any time.

    A `before` that is not later than `after` is of the day after: from 22:00 to 02:00.
    """

    people: int = 1
    minutes: int = USUAL_MINUTES
    day: date | None = None
    after: time | None = None
    before: time | None = None
    hub: str = ""
    kind: str = ""
    features: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: dict[str, Any]) -> "SlotSearch":
        """The search of the cleaned data of a `FindForm`."""
        return cls(**{**values, "features": tuple(values["features"])})

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class SlotResult:
    """A free slot as a row of the page: `page` is the address of the space."""

    space: Space
    starts_at: datetime
    page: str
    offer: BookingOffer
    when: str
    meta: str
    label: str


def candidates(hubs: Sequence[Hub], search: SlotSearch) -> list[Space]:
    """The spaces for visitors and members, in these hubs, that meet the criteria, their hours aside; one query."""
    by_id = {hub.pk: hub for hub in hubs if search.hub in ("", hub.slug)}
    spaces = Space.objects.active().filter(hub__in=by_id).exclude(audience=Audience.TEAM)
    spaces = spaces.filter(kind=search.kind) if search.kind else spaces.exclude(kind__in=THINGS)
    if search.features:
        spaces = spaces.filter(features__contains=list(search.features))
    suiting = []
    for space in spaces.order_by("position", "name", "pk"):
        space.hub = by_id[space.hub_id]
        if needed(space, search.people) <= space.quantity:
            suiting.append(space)
    return suiting


def needed(space: Space, people: int) -> int:
    """How many units of the space so many people take; a thing is one whatever their number."""
    return 1 if space.kind in THINGS else -(-people // space.capacity)


def find(hubs: Sequence[Hub], search: SlotSearch, rights: BookingRights, now: datetime) -> list[SlotResult]:
    """The first free slot of every space that suits, at most `MOST`: soonest first, those for others after them.

    A constant number of queries for hubs of one time zone and spaces of which the people take equally many.
    """
    slots = _find_slots(hubs, search, now)
    slots.sort(key=lambda found: _is_for_others(found[0], rights))  # stable
    slots = slots[:MOST]
    counts = booking_queries.units_free_in([slot for slot, _quantity in slots if slot.space.is_pool], now)
    offers = offers_of(slots, rights)
    return [
        _result(slot, now, quantity, offer, counts.get(slot.space.pk, 0))
        for (slot, quantity), offer in zip(slots, offers, strict=True)
    ]


def _is_for_others(slot: Slot, rights: BookingRights) -> bool:
    """Whether even an account would not let the person book it."""
    day = slot.starts_at.astimezone(slot.space.hub.zone).date()
    return not rights.may_book_once_signed_in(slot.space, day)


def _find_slots(hubs: Sequence[Hub], search: SlotSearch, now: datetime) -> list[tuple[Slot, int]]:
    """The first free slot of every space that suits, with the units that the people take; soonest first."""
    alike: defaultdict[tuple[ZoneInfo, int], list[Space]] = defaultdict(list)
    for space in candidates(hubs, search):
        alike[space.hub.zone, needed(space, search.people)].append(space)
    slots = [
        (slot, quantity)
        for (zone, quantity), spaces in alike.items()
        for slot in _first_slots(spaces, search, now, zone, quantity)
    ]
    slots.sort(key=lambda found: (found[0].starts_at, found[0].space.capacity, found[0].space.name))
    return slots


def find_later(hubs: Sequence[Hub], search: SlotSearch, rights: BookingRights, now: datetime) -> list[SlotResult]:
    """The first free slots on any day, for a search whose day has none."""
    return find(hubs, replace(search, day=None), rights, now)


def _first_slots(spaces: list[Space], search: SlotSearch, now: datetime, zone: ZoneInfo, quantity: int) -> list[Slot]:
    window = periods.local_day(search.day, zone) if search.day else Period(now, now + WITHIN)
    hours = _hours(window, search, zone) if search.after or search.before else None
    ends_at = max(window.ends_at, hours[-1].ends_at) if hours and search.day else window.ends_at
    window = Period(max(window.starts_at, now), ends_at)
    if window.starts_at >= window.ends_at:
        return []
    return booking_queries.first_slots(spaces, window, search.length, now, hours=hours, quantity=quantity)


def _hours(window: Period, search: SlotSearch, zone: ZoneInfo) -> list[Period]:
    days = list(periods.local_days(window, zone))
    if not search.day:
        days.insert(0, days[0] - DAY)  # its night may not be over
    return [_between(day, search.after or time.min, search.before or time.min, zone) for day in days]


def _between(day: date, after: time, before: time, zone: ZoneInfo) -> Period:
    """From `after` on `day` to `before`; midnight is the end of the day."""
    ends_on = day + DAY if before <= after else day
    return Period(periods.at_wall_clock(day, after, zone), periods.at_wall_clock(ends_on, before, zone))


def _result(slot: Slot, now: datetime, quantity: int, offer: BookingOffer, count: int) -> SlotResult:
    space = slot.space
    when = slot_words(slot.period, now, space.hub.zone)
    return SlotResult(
        space,
        slot.starts_at,
        space_url(space),
        offer,
        when,
        " · ".join(
            filter(None, (space.hub.name, _size(space, quantity, count), *feature_words(space), audience_note(space)))
        ),
        _("Book %(space)s, %(when)s") % {"space": space.name, "when": when},
    )


def _size(space: Space, quantity: int, count: int) -> str:
    if space.is_pool:
        wanted = quantity_words(space, quantity) if quantity > 1 else ""
        return " · ".join(filter(None, (wanted, free_words(space, count))))
    return "" if space.kind in THINGS else capacity_words(space)


def wider(hubs: Sequence[Hub], search: SlotSearch, now: datetime) -> list[str]:
    """The criteria (fields of the form, `hours` for both) without which something is free: each alone, else all."""
    dropped = [name for name in WIDER if replace(search, **WIDER[name]) != search]
    helping = [name for name in dropped if _find_slots(hubs, replace(search, **WIDER[name]), now)]
    if helping or len(dropped) < 2:
        return helping
    return [ALL] if _find_slots(hubs, SlotSearch(people=search.people), now) else []


# What each criterion is when it is dropped; the length goes back to an hour.
WIDER: dict[str, dict[str, Any]] = {
    "features": {"features": ()},
    "hours": {"after": None, "before": None},
    "kind": {"kind": ""},
    "hub": {"hub": ""},
    "day": {"day": None},
    "minutes": {"minutes": USUAL_MINUTES},
}
ALL = "all"
