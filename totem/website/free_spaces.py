"""Which spaces of a hub are free for all of a period: the page `/lieux/<slug>/libre/`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from totem.bookings import queries as booking_queries
from totem.bookings.addresses import book_url, space_url
from totem.bookings.rules import broken_rules
from totem.core.periods import Period
from totem.hubs.models import Hub
from totem.spaces import queries as space_queries
from totem.spaces.models import Space
from totem.spaces.wording import audience_note
from totem.website.queries import Person, spaces_of
from totem.website.wording import free_words


@dataclass(frozen=True)
class SpaceRow:
    """A space of the page and whether it is free; without `book` its rules refuse a booking, as `note` says."""

    space: Space
    url: str
    state: str
    words: str
    note: str
    book: str = ""


@dataclass(frozen=True)
class FreeSpaces:
    """The period that was asked for, the spaces that are free for all of it, and the others."""

    period: Period
    free: list[SpaceRow]
    others: list[SpaceRow]


def free_spaces(hub: Hub, person: Person, start: datetime, minutes: int, now: datetime) -> FreeSpaces:
    """The spaces of `hub` that `person` sees, free or not for `minutes` from `start`; a constant number of queries."""
    period = Period(start, start + timedelta(minutes=minutes))
    spaces = spaces_of(hub, person)
    broken = space_queries.outages_of(spaces, period)
    opening = space_queries.open_periods(spaces, period, outages=broken)
    counts = booking_queries.free_counts(spaces, period, now, opening=opening)
    rows = [
        _out_of_order(space)
        if space.pk in broken
        else _row(space, period, counts.get(space.pk, 0), opening[space.pk], now)
        for space in spaces
    ]
    return FreeSpaces(
        period, [row for row in rows if row.state == "free"], [row for row in rows if row.state != "free"]
    )


def _out_of_order(space: Space) -> SpaceRow:
    return SpaceRow(space, space_url(space), "out_of_order", _("Out of order"), audience_note(space))


def _row(space: Space, period: Period, count: int, opening: list[Period], now: datetime) -> SpaceRow:
    url, note = space_url(space), audience_note(space)
    if opening != [period]:
        return SpaceRow(space, url, "closed", _("Not open for all of this time"), note)
    if not count:
        return SpaceRow(space, url, "busy", _("Taken"), note)
    broken = next(broken_rules(space, period, quantity=1, opening=opening, now=now, by_team=False), None)
    if broken is not None:
        return SpaceRow(space, url, "free", free_words(space, count), broken.message)
    return SpaceRow(space, url, "free", free_words(space, count), note, book_url(space, period))
