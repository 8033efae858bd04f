"""Which spaces of a hub are free for all of a period: what `/lieux/<slug>/libre/` answers."""

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
class Line:
    """A space and whether it is free; without `book` the rules keep one from booking it then, as `note` says."""

    space: Space
    url: str
    state: str
    words: str
    note: str
    book: str = ""


@dataclass(frozen=True)
class Answer:
    """The period asked for, what is free in it and what is not."""

    period: Period
    free: list[Line]
    others: list[Line]


def answer(hub: Hub, person: Person, start: datetime, minutes: int, now: datetime) -> Answer:
    """What is free in `hub` for `minutes` from `start` on: a constant number of queries."""
    period = Period(start, start + timedelta(minutes=minutes))
    spaces = spaces_of(hub, person)
    broken = space_queries.outages_of(spaces, period)
    opening = space_queries.open_periods(spaces, period, outages=broken)
    counts = booking_queries.free_counts(spaces, period, now, opening=opening)
    lines = [
        _out_of_order(space)
        if space.pk in broken
        else _line(space, period, counts.get(space.pk, 0), opening[space.pk], now)
        for space in spaces
    ]
    return Answer(
        period, [line for line in lines if line.state == "free"], [line for line in lines if line.state != "free"]
    )


def _out_of_order(space: Space) -> Line:
    return Line(space, space_url(space), "out_of_order", _("Out of order"), audience_note(space))


def _line(space: Space, period: Period, count: int, opening: list[Period], now: datetime) -> Line:
    url, note = space_url(space), audience_note(space)
    if opening != [period]:
        return Line(space, url, "closed", _("Not open for all of this time"), note)
    if not count:
        return Line(space, url, "busy", _("Taken"), note)
    broken = next(broken_rules(space, period, quantity=1, opening=opening, now=now, by_team=False), None)
    if broken is not None:
        return Line(space, url, "free", free_words(space, count), broken.message)
    return Line(space, url, "free", free_words(space, count), note, book_url(space, period))
