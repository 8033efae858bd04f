"""The bookings of one hub while they are made up: what fits, what was decided, who came."""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zlib import crc32

from totem.accounts.demonstration import Group, InventedMember
from totem.accounts.models import User
from totem.bookings.demonstration.bookables import Bookable
from totem.bookings.models import Booking, Status
from totem.core import languages, limits
from totem.core.demonstration import InventedWorld, Sheet
from totem.core.periods import MINUTE, Period, expand_week, intersect, is_on_step
from totem.hubs import queries as hub_queries
from totem.hubs.demonstration import weekly_hours
from totem.hubs.models import Hub
from totem.organisations.models import Organisation
from totem.spaces import pricing
from totem.spaces.models import Audience, SpaceHours, SpaceKind
from totem.spaces.rules import allowed_lengths, cancellation_deadline

HOUR = timedelta(hours=1)
DESKS = {SpaceKind.HOT_DESKS, SpaceKind.VISITING_DESKS, SpaceKind.FIXED_DESK, SpaceKind.OFFICE}
INVENTED_PHONES = "+3319900"  # ARCEP gives 01 99 00 XX XX to nobody: numbers of works of fiction
REACH = timedelta(hours=2)  # no buffer is longer
FORESIGHT = {
    SpaceKind.EVENT_ROOM: 24.0,
    SpaceKind.MEETING_ROOM: 5.0,
    SpaceKind.OFFICE: 6.0,
}  # mean days from booking to start


@dataclass(frozen=True)
class InventedBooker:
    """For whom a booking is, and who made it."""

    person: User | None = None
    guest: tuple[str, str] | None = None
    organisation: Organisation | None = None
    made_by: User | None = None


@dataclass
class Taken:
    """What is taken on each unit, and what is kept free around it: the larger buffer of two holds."""

    spans: dict[tuple[int, date], list[tuple[datetime, datetime, timedelta, timedelta]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def is_free(self, lane: list[int], period: Period, before: timedelta, after: timedelta) -> bool:
        return not any(
            period.starts_at < ends_at + max(its_after, before) and starts_at < period.ends_at + max(after, its_before)
            for key in self._keys(lane, period)
            for starts_at, ends_at, its_before, its_after in self.spans.get(key, ())
        )

    def take(self, lane: list[int], period: Period, before: timedelta, after: timedelta) -> None:
        for key in self._keys(lane, period):
            self.spans[key].append((*period, before, after))

    @staticmethod
    def _keys(lane: list[int], period: Period) -> Iterator[tuple[int, date]]:
        day, last = (period.starts_at - REACH).date(), (period.ends_at + REACH).date()
        while day <= last:
            for unit_id in lane:
                yield unit_id, day
            day += timedelta(days=1)


@dataclass
class Diary:
    """The bookings of one hub while they are made up; `organisations` are those of people, by their ids.

    `opened` is when each space may be booked, `openings` the part of it, by day, in which people usually come: in a hub
    that never closes the hours of its sheet (`usual`), elsewhere all of it.
    """

    hub: Hub
    sheet: Sheet
    bookables: list[Bookable]
    group: Group
    visitors: list[InventedMember]
    organisations: dict[int, Organisation]
    rhythm: Sheet
    world: InventedWorld
    rng: Random
    taken: Taken = field(default_factory=Taken)
    written: list[tuple[Booking, list[list[int]]]] = field(default_factory=list)
    quotes: dict[tuple[int, date, timedelta, int], pricing.Quote] = field(default_factory=dict)
    openings: dict[int, dict[date, list[Period]]] = field(default_factory=dict)
    opened: dict[int, list[Period]] = field(default_factory=dict)
    hub_opening: list[Period] = field(default_factory=list)
    usual: list[Period] = field(default_factory=list)
    live_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        hub, window = self.hub, self.world.window
        self.hub_opening = hub_queries.open_periods([hub], window)[hub.pk]
        own: defaultdict[int, list[SpaceHours]] = defaultdict(list)
        for line in SpaceHours.objects.filter(space__hub=hub):
            own[line.space_id].append(line)
        self.usual = self.hub_opening
        if self.sheet.get("always_open"):
            self.usual = intersect(self.hub_opening, expand_week(weekly_hours(self.sheet), window, hub.zone))
        by_hours: dict[tuple[tuple[int, time, time], ...], tuple[list[Period], dict[date, list[Period]]]] = {}
        for bookable in self.bookables:
            lines = own[bookable.space.pk]
            key = tuple((line.weekday, line.opens_at, line.closes_at) for line in lines)
            if key not in by_hours:
                weekly = expand_week(lines, window, hub.zone) if lines else [window]
                by_hours[key] = intersect(self.hub_opening, weekly), self._by_day(intersect(self.usual, weekly))
            self.opened[bookable.space.pk], self.openings[bookable.space.pk] = by_hours[key]
        coming = [p for p in self.usual if p.ends_at > self.world.now]
        self.live_days = frozenset(self.local(p.starts_at).date() for p in coming[:3])

    def _by_day(self, periods: list[Period]) -> dict[date, list[Period]]:
        days: defaultdict[date, list[Period]] = defaultdict(list)
        for period in periods:
            days[self.local(period.starts_at).date()].append(period)
        return days

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.hub.zone)

    @property
    def team(self) -> list[User]:
        return [person.user for person in self.group.team]

    def organisation_of(self, member: InventedMember) -> Organisation | None:
        return self.organisations.get(member.user.pk)

    def those_of(self, *kinds: SpaceKind) -> list[Bookable]:
        return [bookable for bookable in self.bookables if bookable.space.kind in kinds]

    # -- Writing one -------------------------------------------------------------------------------------------------

    def book(
        self,
        bookable: Bookable,
        period: Period,
        who: InventedBooker,
        *,
        created: datetime,
        status: Status | None = None,
        quantity: int = 1,
        purpose: str = "",
        arrives: bool | None = None,
    ) -> Booking | None:
        """Write it down where the space can be taken, else nothing; the status is drawn where none is given."""
        space = bookable.space
        if not self._fits(bookable, period):
            return None
        before, after = space.buffer_before, space.buffer_after
        lanes = [
            lane
            for lane in bookable.lanes
            if self.taken.is_free(lane, period, before, after) and not bookable.is_broken(lane, period, created)
        ][:quantity]
        if len(lanes) < quantity:
            return None
        status = status or self._outcome(bookable, period, who, created)
        try:
            booking = self._row(
                bookable, period, who, created=created, status=status, quantity=quantity, purpose=purpose
            )
        except pricing.UnpricedError:  # somebody took its prices away since
            return None
        if status not in {Status.HELD, Status.PENDING, Status.CONFIRMED}:
            lanes = []
        elif status == Status.CONFIRMED:
            self.attend(booking, arrives)
        for lane in lanes:
            self.taken.take(lane, period, before, after)
        self.written.append((booking, lanes))
        return booking

    def _fits(self, bookable: Bookable, period: Period) -> bool:
        """Whether opening hours and lengths allow it."""
        space, opened = bookable.space, self.opened[bookable.space.pk]
        before = bisect_right(opened, period.starts_at, key=lambda opening: opening.starts_at)
        return (
            period.minutes in allowed_lengths(space)
            and is_on_step(period.starts_at, space.step, space.hub.zone)
            and any(opening.contains(period) for opening in opened[max(before - 1, 0) : before])
        )

    def _outcome(self, bookable: Bookable, period: Period, who: InventedBooker, created: datetime) -> Status:
        """What became of it."""
        now, rng = self.world.now, self.rng
        every = [lane for lane in bookable.lanes if bookable.is_broken(lane, period, period.starts_at)]
        if rng.random() < self.rhythm["cancelled"] or (len(every) == len(bookable.lanes) and period.starts_at < now):
            return Status.CANCELLED
        asked = bookable.space.needs_approval and who.made_by not in self.team
        if asked and rng.random() < self.rhythm["refused"]:
            return Status.REFUSED
        if asked and period.starts_at > now and created > now - timedelta(days=1) and rng.random() < 0.25:
            return Status.PENDING
        return Status.CONFIRMED

    def _row(
        self,
        bookable: Bookable,
        period: Period,
        who: InventedBooker,
        *,
        created: datetime,
        status: Status,
        quantity: int,
        purpose: str,
    ) -> Booking:
        space, quote = bookable.space, self._quote(bookable, period, quantity)
        guest_name, guest_email = who.guest or ("", "")
        changed = created
        if status in {Status.CANCELLED, Status.REFUSED}:
            changed += self.rng.random() * (min(period.starts_at, self.world.now) - created)
        return Booking(
            hub=space.hub,
            space=space,
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            quantity=quantity,
            status=str(status),
            person=who.person,
            guest_name=guest_name,
            guest_email=guest_email,
            guest_phone=f"{INVENTED_PHONES}{crc32(guest_email.encode()) % 10_000:04}" if who.guest else "",
            guest_language=languages.FRENCH if who.guest else "",
            organisation=who.organisation,
            made_by=who.made_by,
            exemption=limits.IMPORTS.name,
            purpose=purpose,
            price=quote.total,
            vat=quote.vat,
            price_lines=[line.as_json() for line in quote.lines],
            cancellable_until=cancellation_deadline(space, period.starts_at),
            created_at=created,
            updated_at=max(created, changed),
        )

    def _quote(self, bookable: Bookable, period: Period, quantity: int) -> pricing.Quote:
        """The price; within one local day it depends on the day and the length only."""
        start, end = self.local(period.starts_at), self.local(period.ends_at - timedelta.resolution)
        if start.date() != end.date():
            return self._price(bookable, period, quantity)
        key = (bookable.space.pk, start.date(), period.length, quantity)
        if key not in self.quotes:
            self.quotes[key] = self._price(bookable, period, quantity)
        return self.quotes[key]

    def _price(self, bookable: Bookable, period: Period, quantity: int) -> pricing.Quote:
        free = bookable.space.free_of_charge
        return pricing.quote(bookable.prices, period, self.hub.zone, quantity=quantity, is_free=free)

    def attend(self, booking: Booking, arrives: bool | None) -> None:
        """Check in, and out, those whose time has come; a few never come."""
        now, rng = self.world.now, self.rng
        if arrives is None:
            arrives = rng.random() >= self.rhythm["no_show"]
        arrived = booking.checked_in_at or booking.starts_at + rng.uniform(-3, 14) * MINUTE
        if not arrives or arrived > now - MINUTE:
            return
        booking.checked_in_at = booking.updated_at = arrived
        left = max(booking.ends_at - rng.uniform(-4, 25) * MINUTE, arrived + 5 * MINUTE)
        if left < now and booking.ends_at <= now:
            booking.checked_out_at = booking.updated_at = left

    # -- Who and when -------------------------------------------------------------------------------------------------

    def created_before(self, bookable: Bookable, starts_at: datetime) -> datetime:
        """When somebody books this: within its notice and horizon, and not in the future."""
        space, rng = bookable.space, self.rng
        days = min(rng.expovariate(1 / FORESIGHT.get(SpaceKind(space.kind), 2.0)), space.horizon_days - 1)
        latest = min(starts_at - space.min_notice_minutes * MINUTE, self.world.now)
        wished = starts_at - timedelta(days=days)
        return min(wished, latest - rng.uniform(3, 600) * MINUTE).replace(microsecond=0)

    def somebody(self, bookable: Bookable, crowd: list[InventedMember]) -> InventedBooker | None:
        """Somebody who may book this space, out of those who come that day."""
        rng, space = self.rng, bookable.space
        if space.audience == Audience.PUBLIC and rng.random() < self.rhythm["guest"]:
            return InventedBooker(guest=rng.choice(self.group.guests))
        if not crowd:
            return None
        return self.for_member(rng.choice(crowd), bookable)

    def for_member(self, member: InventedMember, bookable: Bookable) -> InventedBooker:
        """The member, for themself or their organisation; the desk makes some of these bookings."""
        rng = self.rng
        by_the_desk = rng.random() < self.rhythm["by_the_desk"]
        share = 0.1 if bookable.space.kind in DESKS else self.rhythm["for_an_organisation"]
        return InventedBooker(
            person=member.user,
            organisation=self.organisation_of(member) if rng.random() < share else None,
            made_by=self.team[min(1, len(self.team) - 1)] if by_the_desk else member.user,
        )

    def coming(self, members: list[InventedMember], day: date) -> list[InventedMember]:
        """The members who belong on that day, the likeliest to come first (weighted draw without replacement)."""
        draw = [
            (self.rng.random() ** (1 / (m.regularity * (2.5 if day.isoweekday() in m.days else 0.6))), n)
            for n, m in enumerate(members)
            if m.belongs_on(day)
        ]
        return [members[n] for _, n in sorted(draw, reverse=True)]

    def purpose(self, bookable: Bookable) -> str:
        known: list[str] = self.rhythm["purposes"].get(bookable.space.kind, [])
        return self.rng.choice(known) if known and self.rng.random() < 0.8 else ""

    def demand(self, bookable: Bookable, day: date) -> float:
        """The share of the space that is asked for on that day."""
        kind = bookable.space.kind
        busy: float = self.rhythm["busy"][kind] if bookable.busy is None else bookable.busy
        ordinary: float = self.rhythm["weekdays"][kind][day.weekday()] * self.rhythm["months"]["all"][day.month - 1]
        if day in self.live_days:
            return busy * max(ordinary, 1.0)
        ahead = (day - self.world.today).days
        fading = math.exp(-ahead / (6 * FORESIGHT.get(SpaceKind(kind), 2.0))) if ahead > 0 else 1.0
        return busy * ordinary * fading
