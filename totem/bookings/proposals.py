"""Proposals: the summary of a slot with its price before booking, and the alternatives when it is taken."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from totem.bookings import queries, rules
from totem.bookings.actions import SlotTakenError
from totem.bookings.addresses import book_url
from totem.bookings.costs import Cost, Payer, Tariff, cost_if_moved, cost_words, lengthened, spent_words, tariff_of
from totem.bookings.day_parts import DayPart, day_parts
from totem.bookings.forms import SlotForm, slot_initial
from totem.bookings.models import Booking
from totem.bookings.rules import RuleBrokenError
from totem.core.periods import DAY, MINUTE, Period, intersect, local_day, local_days
from totem.core.wording import hours_range, instant_iso
from totem.hubs.queries import standing
from totem.hubs.wording import closed_words
from totem.memberships.queries import credits as credit_queries
from totem.spaces import queries as space_queries
from totem.spaces.models import Space
from totem.spaces.pricing import Quote, UnpricedError
from totem.spaces.rules import allowed_lengths, listed_longer
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
    cost: Cost | None = None
    problem: str = ""
    day: date | None = None
    free: list[Period] = field(default_factory=list)
    next: queries.Slot | None = None
    minutes: int = 0
    former: Any = None
    parts: list[DayPart] = field(default_factory=list)

    @property
    def quote(self) -> Quote | None:
        return self.cost.due if self.cost else None

    @property
    def lines(self) -> list[PriceLine]:
        return quote_lines(self.cost.due.lines) if self.cost else []

    @property
    def credits(self) -> str:
        return cost_words(self.cost) if self.cost else ""

    @property
    def next_address(self) -> str:
        """The parameters of the page with the next slot."""
        return _slot_query(self.next.space, self.next.period) if self.next else ""

    @property
    def shown(self) -> str:
        return shown_key(self.period, self.quantity, self.cost) if self.period and self.cost else ""


def _slot_query(space: Space, period: Period) -> str:
    """The parameters that fill in the fields of a slot, and its space where the form has one."""
    slot = slot_initial(space, period)
    return f"?{urlencode({**slot, 'time': format(slot['time'], '%H:%M'), 'space': space.slug})}"


def shown_key(period: Period, quantity: int, cost: Cost) -> str:
    """The key of the period and quantity that a price was shown for, and of that price."""
    return f"{_shown_of(period, quantity)}.{cost.key}"


def _shown_of(period: Period, quantity: int) -> str:
    return f"{period.starts_at.timestamp():.0f}.{period.minutes}.{quantity}"


def shown_cost(form: SlotForm) -> str:
    """The cost (`Cost.key`) that the page of a valid form has shown; empty without one."""
    return ".".join((form.cleaned_data.get("shown") or "").split(".")[3:])


def cost_or_none(tariff: Tariff) -> Cost | None:
    """What it costs as of now; None where the space has prices, but none in force at that time."""
    try:
        return tariff.cost()
    except UnpricedError:
        return None


def summary_of(
    space: Space,
    period: Period | None,
    *,
    quantity: int,
    now: datetime,
    by_team: bool,
    payer: Payer,
    moved: Booking | None = None,
    period_error: str = "",
) -> Summary:
    """What to say of `period` before it is booked; `period_error` says why there is none.

    The time of a booking that would be `moved` counts as free, and so do the credits that it has spent.
    """
    zone = space.hub.zone
    if period is None:
        return Summary(zone=zone, problem=period_error)
    days = list(local_days(period, zone))
    window = Period(local_day(days[0], zone).starts_at, local_day(days[-1], zone).ends_at)
    opening = space_queries.open_periods([space], window)
    free = queries.free_times([space], window, now, opening=opening, moved=moved).get(space.pk, [])
    prices = space_queries.prices_during(space, window)
    tariff = tariff_of(space, period, quantity, payer, prices=prices)
    cost = cost_or_none(tariff) if moved is None else cost_if_moved(moved, tariff)
    problem = next((b.message for b in _broken(space, period, quantity, now, by_team=by_team)), "")
    if not problem and cost is None:
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
        cost=cost,
        problem=problem,
        day=days[0],
        free=intersect(free, [ahead]),
        next=next_slot,
        minutes=period.minutes,
        parts=[]
        if moved
        else day_parts(
            space,
            days[0],
            opening[space.pk],
            free,
            now,
            prices=prices,
            quantity=quantity,
            by_team=by_team,
            is_member=tariff.is_member,
        ),
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
        slot = slot_initial(
            self.slot.space, self.slot.period, shown_key(self.slot.period, self.quantity, Cost(self.quote))
        )
        slot["time"] = f"{slot['time']:%H:%M}"
        return [*((name, str(value)) for name, value in slot.items()), ("quantity", str(self.quantity))]


def slot_offers(taken: SlotTakenError, now: datetime, payer: Payer, *, moved: Booking | None = None) -> list[SlotOffer]:
    """The nearest free slots, then other spaces at the same time, each with its price."""
    wanted = {"quantity": taken.quantity, "most": SLOTS_OFFERED}
    found = queries.alternatives(taken.space, taken.period, now, moved=moved, **wanted)
    slots = [*found.slots, *found.spaces]
    asked_day = taken.period.starts_at.astimezone(taken.space.hub.zone).date()
    is_member = standing(payer.person, taken.space.hub, asked_day).is_member
    quotes = space_queries.quotes_of((slot.space, slot.period, taken.quantity, is_member) for slot in slots)
    offers = []
    for slot, quote in zip(slots, quotes, strict=True):
        if quote is None:
            continue
        is_elsewhere = slot.space.pk != taken.space.pk
        is_same_day = slot.starts_at.astimezone(slot.space.hub.zone).date() == asked_day
        offers.append(SlotOffer(slot, quote, taken.quantity, is_elsewhere, is_same_day))
    return offers


@dataclass(frozen=True)
class LongerOffer:
    """A booking that can be lengthened until `ends_at`, instead of another one after it, and the page that does so."""

    booking: Booking
    ends_at: datetime
    address: str


def longer_offer(
    own: Iterable[Booking], space: Space, period: Period, now: datetime, *, by_team: bool
) -> LongerOffer | None:
    """The first of one's `own` bookings around `period` in that space that can be lengthened until its end."""
    for booking in own:
        if booking.space_id != space.pk or booking.starts_at > period.starts_at:
            continue
        booking.space = space
        longer = Period(booking.starts_at, period.ends_at)
        if longer.ends_at <= booking.ends_at or longer.minutes not in allowed_lengths(space):
            continue
        address = _lengthening_address(booking, longer, now, by_team=by_team)
        if address and queries.free_until(booking, longer.ends_at, now) == longer.ends_at:
            return LongerOffer(booking, longer.ends_at, address)
    return None


def _lengthening_address(booking: Booking, longer: Period, now: datetime, *, by_team: bool) -> str:
    """The page that lengthens it, filled in; empty where it cannot be."""
    if booking.can_change_end(now, by_team=by_team) and (by_team or not booking.space.needs_approval):
        return f"{reverse('bookings:end', args=[booking.reference])}?{urlencode({'end': instant_iso(longer.ends_at)})}"
    if booking.can_move(now, by_team=by_team):
        return f"{reverse('bookings:move', args=[booking.reference])}{_slot_query(booking.space, longer)}"
    return ""


@dataclass(frozen=True)
class EndOption:
    """An end that a booking under way may have, and what it would add to the price."""

    ends_at: datetime
    added: Decimal
    credits: str = ""


def end_options(booking: Booking, now: datetime, *, by_team: bool) -> list[EndOption]:
    """The ends that a booking under way may have, in order: leaving now, the present end, and those that are free."""
    space, starts_at = booking.space, booking.starts_at
    leaving = min(rules.end_if_left(space, starts_at, now), booking.ends_at)
    longest, last = starts_at + space.max_minutes * MINUTE, booking.ends_at
    if by_team or not space.needs_approval:
        last = queries.free_until(booking, longest, now)
    listed = {starts_at + minutes * MINUTE for minutes in listed_longer(space, (leaving - starts_at) // MINUTE)}
    listed.add(last - (last - starts_at) % space.step)
    ends = {leaving, booking.ends_at} | {end for end in listed if leaving < end <= last}
    tariff = tariff_of(space, Period(starts_at, max(ends)), booking.quantity, Payer.of(booking))
    available = credit_queries.left(tariff.lots) if tariff.lots is not None else 0
    options = []
    with suppress(UnpricedError):
        for end in sorted(ends):
            line, spent = lengthened(booking, end, tariff, available)
            words = spent_words(tariff.unit, spent) if spent else ""
            options.append(EndOption(end, line.total if line else Decimal(0), words))
    return options


def why_not_longer(booking: Booking, *, by_team: bool) -> str:
    """Why a booking under way cannot be lengthened at all."""
    space, added = booking.space, Period(booking.ends_at, booking.ends_at + booking.space.step)
    opening = space_queries.open_periods([space], added)[space.pk]
    period = Period(booking.starts_at, added.ends_at)
    broken = rules.broken_by_longer(space, period, added, opening=opening, by_team=by_team)
    return next((one.message for one in broken), _("The space is taken after this booking."))


def price_was_shown(form: SlotForm, place: Space, period: Period, quantity: int) -> bool:
    """Whether the page showed the price of exactly this slot; always true where it is free of charge."""
    shown = form.cleaned_data.get("shown") or ""
    if "shown" not in form.data or f"{shown}.".startswith(f"{_shown_of(period, quantity)}."):
        return True
    cost = cost_or_none(tariff_of(place, period, quantity, form.payer()))
    return cost is None or cost.is_free
