"""Which spaces of a hub are free for all of a period: the page `/lieux/<slug>/libre/`."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from totem.bookings import queries as booking_queries
from totem.bookings.addresses import space_url
from totem.bookings.queries import Slot
from totem.bookings.rights import BookingRights
from totem.bookings.rules import broken_rules
from totem.core.periods import Period
from totem.hubs.models import Hub
from totem.spaces import queries as space_queries
from totem.spaces.models import Space
from totem.spaces.wording import audience_note
from totem.website.offers import BookingOffer, offers_of
from totem.website.queries import Person, account_of, spaces_of
from totem.website.wording import free_words


@dataclass(frozen=True)
class SpaceRow:
    """A space of the page and whether it is free; without an offer its rules refuse a booking, as `note` says."""

    space: Space
    url: str
    state: str
    words: str
    note: str
    is_refused: bool = False
    offer: BookingOffer | None = None

    @property
    def label(self) -> str:
        return _("Book %(space)s") % {"space": self.space.name}


@dataclass(frozen=True)
class FreeSpaces:
    """The period that was asked for, the spaces that are free for all of it, and the others."""

    period: Period
    free: list[SpaceRow]
    others: list[SpaceRow]


def free_spaces(hub: Hub, person: Person, start: datetime, minutes: int, now: datetime) -> FreeSpaces:
    """The spaces of `hub` that `person` sees, free or not for `minutes` from `start`; a constant number of queries."""
    rights = BookingRights(account_of(person))
    by_team = rights.is_team(hub, start.astimezone(hub.zone).date())
    period = Period(start, start + timedelta(minutes=minutes))
    spaces = spaces_of(hub, person)
    broken = space_queries.outages_of(spaces, period)
    opening = space_queries.open_periods(spaces, period, outages=broken)
    counts = booking_queries.free_counts(spaces, period, now, opening=opening)
    rows = [
        _out_of_order(space)
        if space.pk in broken
        else _row(space, period, counts.get(space.pk, 0), opening[space.pk], now=now, by_team=by_team)
        for space in spaces
    ]
    return FreeSpaces(
        period,
        _offered([row for row in rows if row.state == "free"], period, rights),
        [row for row in rows if row.state != "free"],
    )


def _offered(rows: list[SpaceRow], period: Period, rights: BookingRights) -> list[SpaceRow]:
    """The free rows with what is offered of those that no rule refuses."""
    slots = [(Slot(row.space, period), 1) for row in rows if not row.is_refused]
    offers = {slot.space.pk: offer for (slot, _), offer in zip(slots, offers_of(slots, rights), strict=True)}
    return [replace(row, offer=offers.get(row.space.pk)) for row in rows]


def _out_of_order(space: Space) -> SpaceRow:
    return SpaceRow(space, space_url(space), "out_of_order", _("Out of order"), audience_note(space))


def _row(space: Space, period: Period, count: int, opening: list[Period], *, now: datetime, by_team: bool) -> SpaceRow:
    url, note = space_url(space), audience_note(space)
    if opening != [period]:
        return SpaceRow(space, url, "closed", _("Not open for all of this time"), note)
    if not count:
        return SpaceRow(space, url, "busy", _("Taken"), note)
    broken = next(broken_rules(space, period, quantity=1, opening=opening, now=now, by_team=by_team), None)
    if broken is not None:
        return SpaceRow(space, url, "free", free_words(space, count), broken.message, is_refused=True)
    return SpaceRow(space, url, "free", free_words(space, count), note)
