"""Proposals: the summary of a slot with its price before booking, and the alternatives when it is taken."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from totem.bookings import queries, rules
from totem.bookings.actions import SlotTakenError
from totem.bookings.addresses import book_url
from totem.bookings.day_parts import DayPart, day_parts
from totem.bookings.forms import SlotForm, slot_initial
from totem.bookings.models import Booking
from totem.bookings.rules import RuleBrokenError
from totem.core.periods import DAY, Period, intersect, local_day, local_days
from totem.core.wording import hours_range
from totem.hubs.wording import closed_words
from totem.spaces import queries as space_queries
from totem.spaces.models import Space
from totem.spaces.pricing import Quote, UnpricedError
from totem.spaces.wording import PriceLine, quote_lines

SLOTS_OFFERED = 4
"""How many free slots a refusal offers in the same space, and how many other spaces at the same time."""

NEXT_WITHIN = 60 * DAY
"""How far ahead the next slot is looked for where nothing is free on a day."""


@dataclass(frozen=True)
class Summary:
    """The summary of a slot before booking: when, its price, whether it can be booked, and the free times of that day.

    `shown` names what the price is of; a form that comes back with another one has not shown the price.
    """

    zone: Any
    period: Period | None = None
    quantity: int = 1
    quote: Quote | None = None
    problem: str = ""
    day: date | None = None
    free: list[Period] = field(default_factory=list)
    next: queries.Slot | None = None
    minutes: int = 0
    former: Any = None
    parts: list[DayPart] = field(default_factory=list)

    @property
    def lines(self) -> list[PriceLine]:
        return quote_lines(self.quote.lines) if self.quote else []

    @property
    def next_address(self) -> str:
        """The parameters of the page with the next slot."""
        slot = slot_initial(self.next.space, self.next.period) if self.next else {}
        return f"?{urlencode({name: f'{value:%H:%M}' if name == 'time' else value for name, value in slot.items()})}"

    @property
    def shown(self) -> str:
        return shown_key(self.period, self.quantity) if self.period and self.quote is not None else ""


def shown_key(period: Period, quantity: int) -> str:
    """The key of the period and quantity that a price was shown for."""
    return f"{period.starts_at.timestamp():.0f}.{period.minutes}.{quantity}"


def quote_of(space: Space, period: Period, quantity: int) -> Quote | None:
    """The price as of today; None where the space has prices, but none in force on that day."""
    try:
        return space_queries.quote_of(space, period, quantity=quantity)
    except UnpricedError:
        return None


def summary_of(
    space: Space,
    period: Period | None,
    *,
    quantity: int,
    now: datetime,
    by_team: bool,
    moved: Booking | None = None,
    period_error: str = "",
) -> Summary:
    """What to say of `period` before it is booked; `period_error` says why there is none.

    The time of a booking that would be `moved` counts as free.
    """
    zone = space.hub.zone
    if period is None:
        return Summary(zone=zone, problem=period_error)
    days = list(local_days(period, zone))
    window = Period(local_day(days[0], zone).starts_at, local_day(days[-1], zone).ends_at)
    opening = space_queries.open_periods([space], window)
    free = queries.free_times([space], window, now, opening=opening, moved=moved).get(space.pk, [])
    quote = quote_of(space, period, quantity)
    problem = next((b.message for b in _broken(space, period, quantity, now, by_team=by_team)), "")
    if not problem and quote is None:
        problem = _("No price is known yet for this date. Please ask the team.")
    next_slot = None
    if not problem and not _is_free(space, period, quantity, free, now, moved=moved):
        problem = _not_free(space, period, window, opening[space.pk])
        after = Period(window.ends_at, window.ends_at + NEXT_WITHIN)
        next_slot = None if free else next(iter(queries.first_slots([space], after, period.length, now)), None)
    ahead = Period(max(now, window.starts_at), local_day(days[0], zone).ends_at)
    return Summary(
        zone=zone,
        period=period,
        quantity=quantity,
        quote=quote,
        problem=problem,
        day=days[0],
        free=intersect(free, [ahead]),
        next=next_slot,
        minutes=period.minutes,
        parts=[]
        if moved
        else day_parts(space, days[0], opening[space.pk], free, now, quantity=quantity, by_team=by_team),
    )


def _not_free(space: Space, period: Period, window: Period, opened: list[Period]) -> str:
    """Why the space cannot be had in `period`, of the days of `window`."""
    if any(opening.contains(period) for opening in opened):
        return _("The space is taken at this time.")
    if opened:
        hours = ", ".join(hours_range(*opening, space.hub.zone) for opening in opened)
        return _("The space is closed at this time; it opens %(hours)s.") % {"hours": hours}
    return closed_words(space.hub, window)


def _broken(space: Space, period: Period, quantity: int, now: datetime, *, by_team: bool) -> Iterable[RuleBrokenError]:
    return rules.broken_rules(space, period, quantity=quantity, opening=[period], now=now, by_team=by_team)


def _is_free(
    space: Space, period: Period, quantity: int, free: list[Period], now: datetime, *, moved: Booking | None
) -> bool:
    if space.is_pool:
        return queries.free_counts([space], period, now, moved=moved).get(space.pk, 0) >= quantity
    return any(stretch.contains(period) for stretch in free)


@dataclass(frozen=True)
class SlotOffer:
    """A free slot offered instead of the one that is taken, as a button that books it."""

    slot: queries.Slot
    quote: Quote
    quantity: int
    is_elsewhere: bool
    is_same_day: bool

    @property
    def address(self) -> str:
        return book_url(self.slot.space)

    @property
    def fields(self) -> list[tuple[str, str]]:
        slot = slot_initial(self.slot.space, self.slot.period, shown_key(self.slot.period, self.quantity))
        slot["time"] = f"{slot['time']:%H:%M}"
        return [*((name, str(value)) for name, value in slot.items()), ("quantity", str(self.quantity))]


def slot_offers(taken: SlotTakenError, now: datetime, *, moved: Booking | None = None) -> list[SlotOffer]:
    """The nearest free slots, then other spaces at the same time, each with its price."""
    wanted = {"quantity": taken.quantity, "most": SLOTS_OFFERED}
    found = queries.alternatives(taken.space, taken.period, now, moved=moved, **wanted)
    slots = [*found.slots, *found.spaces]
    quotes = space_queries.quotes_of((slot.space, slot.period, taken.quantity) for slot in slots)
    asked_day = taken.period.starts_at.astimezone(taken.space.hub.zone).date()
    offers = []
    for slot, quote in zip(slots, quotes, strict=True):
        if quote is None:
            continue
        is_elsewhere = slot.space.pk != taken.space.pk
        is_same_day = slot.starts_at.astimezone(slot.space.hub.zone).date() == asked_day
        offers.append(SlotOffer(slot, quote, taken.quantity, is_elsewhere, is_same_day))
    return offers


def price_was_shown(form: SlotForm, place: Space, period: Period, quantity: int) -> bool:
    """Whether the page showed the price of exactly this slot; always true where it is free of charge."""
    if "shown" not in form.data or form.cleaned_data.get("shown") == shown_key(period, quantity):
        return True
    quote = quote_of(place, period, quantity)
    return quote is None or not quote.total
