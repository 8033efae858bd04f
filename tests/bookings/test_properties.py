"""Invariants of bookings after any sequence of actions, around the clock changes and 29 February."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.spaces import SpaceFactory
from totem.bookings import actions, queries
from totem.bookings.actions import AudienceError, Booker, Guest, SlotTakenError, WrongStateError
from totem.bookings.models import LIVE, Booking, Status
from totem.bookings.rules import RuleBrokenError
from totem.core import limits
from totem.core.periods import Period
from totem.spaces.models import Space

PARIS = ZoneInfo("Europe/Paris")
REFUSALS = (SlotTakenError, RuleBrokenError, WrongStateError, AudienceError)
# The evenings before the clocks go forward, before they go back, and before 29 February.
STARTS = [
    datetime(2027, 3, 27, 17, tzinfo=UTC),
    datetime(2027, 10, 30, 17, tzinfo=UTC),
    datetime(2028, 2, 28, 17, tzinfo=UTC),
]
# By day, over midnight, round the clock, Saturday night until three; closed on Wednesday.
HOURS = [
    (1, "08:00", "20:00"),
    (2, "18:00", "02:00"),
    (4, "08:00", "20:00"),
    (5, "00:00", "00:00"),
    (6, "09:00", "03:00"),
    (7, "09:00", "00:00"),
]

SLOTS = st.tuples(st.integers(0, 96), st.sampled_from([30, 60, 90, 180, 720, 1440]))
BOOK = st.tuples(st.just("book"), st.integers(0, 4), SLOTS, st.sampled_from(["person", "guest", "option", "team"]))
STEPS = st.one_of(
    BOOK,
    st.tuples(st.just("move"), st.integers(0, 9), st.integers(0, 4), SLOTS),
    st.tuples(
        st.sampled_from(["approve", "refuse", "cancel", "confirm", "check_in", "check_out", "undo_check_out"]),
        st.integers(0, 9),
    ),
    st.tuples(st.just("change_end"), st.integers(0, 9), st.integers(1, 8)),
    st.tuples(st.just("wait"), st.sampled_from([5, 20, 300])),
    st.tuples(st.just("rules"), st.integers(0, 4), st.sampled_from([0, 30, 60]), st.sampled_from([60, 240, 1440])),
)


@dataclass
class Rules:
    """The rules of its space when a booking was made, or last moved."""

    space: int
    quantity: int
    before: timedelta
    after: timedelta
    shortest: int
    longest: int


class Example:
    """The state of one example: spaces, the time, bookings made, and the rules each was made under."""

    def __init__(self, spaces: list[Space], person, team, now: datetime) -> None:
        self.spaces, self.person, self.team, self.now, self.start = spaces, person, team, now, now
        self.made: list[Booking] = []
        self.rules: dict[int, Rules] = {}

    def period(self, slot: tuple[int, int]) -> Period:
        start = self.start + timedelta(minutes=30 * slot[0])
        return Period(start, start + timedelta(minutes=slot[1]))

    def remember(self, booking: Booking) -> None:
        space = Space.objects.get(pk=booking.space_id)
        self.rules[booking.pk] = Rules(
            space.pk, booking.quantity, space.buffer_before, space.buffer_after, space.min_minutes, space.max_minutes
        )

    def book(self, which: int, slot: tuple[int, int], how: str) -> None:
        booker = {
            "person": Booker.oneself(self.person),
            "guest": Booker(by=None, guest=Guest("Ada", "ada@example.org")),
            "option": Booker(by=self.team, person=self.person),
            "team": Booker(by=self.team, guest=Guest("Ada", "ada@example.org")),
        }[how]
        hold = timedelta(minutes=30) if how == "option" else None
        booking = actions.book(
            space=self.spaces[which], period=self.period(slot), booker=booker, now=self.now, hold_for=hold
        )
        self.made.append(booking)
        self.remember(booking)

    def move(self, which: int, to: int, slot: tuple[int, int]) -> None:
        booking = self.one(which)
        moved = actions.move(
            booking=booking, space=self.spaces[to], period=self.period(slot), by=self.team, now=self.now, by_team=True
        )
        self.remember(moved)

    def one(self, which: int) -> Booking:
        if not self.made:
            raise WrongStateError("nothing yet")
        return self.made[which % len(self.made)]

    def approve(self, which: int) -> None:
        actions.approve(booking=self.one(which), by=self.team, now=self.now)

    def refuse(self, which: int) -> None:
        actions.refuse(booking=self.one(which), by=self.team, now=self.now, reason="needed")

    def cancel(self, which: int) -> None:
        actions.cancel(booking=self.one(which), by=self.person, now=self.now, by_team=False)

    def confirm(self, which: int) -> None:
        actions.confirm_hold(booking=self.one(which), by=self.team, now=self.now)

    def check_in(self, which: int) -> None:
        actions.check_in(booking=self.one(which), by=self.team, now=self.now)

    def check_out(self, which: int) -> None:
        actions.check_out(booking=self.one(which), by=self.team, now=self.now)

    def undo_check_out(self, which: int) -> None:
        before = Booking.objects.get(pk=self.one(which).pk).ends_at
        booking = actions.undo_check_out(booking=self.one(which), by=self.team, now=self.now)
        if booking.ends_at > before:
            self.rules[booking.pk].after = booking.space.buffer_after

    def change_end(self, which: int, half_hours: int) -> None:
        booking = self.one(which)
        ends_at = booking.starts_at + timedelta(minutes=30 * half_hours)
        before = Booking.objects.get(pk=booking.pk).ends_at
        changed = actions.change_end(booking=booking, ends_at=ends_at, by=self.team, now=self.now, by_team=True)
        if changed.ends_at > before:
            self.remember(changed)

    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def change_rules(self, which: int, buffer: int, longest: int) -> None:
        Space.objects.filter(pk=self.spaces[which].pk).update(buffer_after_minutes=buffer, max_minutes=longest)

    # -- Invariants ---------------------------------------------------------------------------------------------------

    def check(self) -> None:
        live = list(Booking.objects.filter(status__in=LIVE).prefetch_related("occupancy__unit"))
        for booking in live:
            self.check_rules(booking)
        for n, booking in enumerate(live):
            for other in live[n + 1 :]:
                self.check_apart(booking, other)
        assert not Booking.objects.exclude(status__in=LIVE).filter(occupancy__isnull=False).exists()

    def check_rules(self, booking: Booking) -> None:
        rules = self.rules[booking.pk]
        minutes = (booking.ends_at - booking.starts_at) / timedelta(minutes=1)
        assert minutes <= rules.longest
        assert rules.shortest <= minutes or booking.priced_until is not None
        assert is_open(booking.period)
        taken = [row.during for row in booking.occupancy.all() if not row.is_buffer]
        assert min(during.lower for during in taken) == booking.starts_at
        assert max(during.upper for during in taken) == booking.ends_at

    def check_apart(self, one: Booking, other: Booking) -> None:
        units = {row.unit_id for row in one.occupancy.all()} & {row.unit_id for row in other.occupancy.all()}
        if not units:
            return
        first, second = sorted((one, other), key=lambda b: b.starts_at)
        gap = max(self.rules[first.pk].after, self.rules[second.pk].before)
        assert second.starts_at >= first.ends_at + gap, (first.period, second.period, gap)


def is_open(period: Period) -> bool:
    """Whether the hub is open for all of the period, checked each quarter-hour in local time."""
    instant = period.starts_at
    while instant < period.ends_at:
        clock = instant.astimezone(PARIS)
        if not any(opens_then(line, clock) for line in HOURS):
            return False
        instant += timedelta(minutes=15)
    return True


def opens_then(line: tuple[int, str, str], clock: datetime) -> bool:
    weekday, opens, closes = line[0], time.fromisoformat(line[1]), time.fromisoformat(line[2])
    overnight = closes <= opens
    if clock.isoweekday() == weekday:
        return opens <= clock.time() and (overnight or clock.time() < closes)
    return overnight and clock.isoweekday() == weekday % 7 + 1 and clock.time() < closes


@pytest.fixture
def spaces(db: None) -> list[Space]:
    hub = HubFactory(opening_hours=HOURS, closed_on_public_holidays=False)
    limits.set_amounts(scope=hub, values=dict.fromkeys(limits.amounts_set(hub)), by=UserFactory())  # none
    room = SpaceFactory(hub=hub, max_minutes=1440, buffer_after_minutes=30)
    approved = SpaceFactory(hub=hub, max_minutes=1440, needs_approval=True, buffer_before_minutes=60)
    whole = SpaceFactory(hub=hub, max_minutes=1440, parts=[room, approved])
    pool = SpaceFactory(hub=hub, pool=True, quantity=2, max_minutes=1440)
    return [room, approved, whole, pool, SpaceFactory(hub=hub, max_minutes=1440)]


@settings(max_examples=settings.default.max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from(STARTS), steps=st.lists(STEPS, min_size=4, max_size=25))
def test_no_sequence_of_actions_books_twice_or_outside_the_rules(spaces: list[Space], start, steps):
    with transaction.atomic():
        team = TeamMemberFactory(hub=spaces[0].hub).person
        example = Example(spaces, UserFactory(), team, start)
        for name, *arguments in steps:
            act = example.change_rules if name == "rules" else getattr(example, name)
            try:
                with transaction.atomic():
                    act(*arguments)
            except REFUSALS:
                pass
            example.check()
        transaction.set_rollback(True)


@settings(max_examples=settings.default.max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(STARTS),
    steps=st.lists(BOOK, min_size=1, max_size=12),
    length=st.sampled_from([30, 60, 180]),
)
def test_what_is_shown_as_free_can_be_booked_and_what_is_not_cannot(spaces: list[Space], start, steps, length):
    with transaction.atomic():
        team = TeamMemberFactory(hub=spaces[0].hub).person
        example = Example(spaces, UserFactory(), team, start)
        for _, *arguments in steps:
            try:
                with transaction.atomic():
                    example.book(*arguments)
            except REFUSALS:
                pass
        for half_hours in range(0, 96, 13):
            period = example.period((half_hours, length))
            counts = queries.free_counts(spaces, period, example.now)
            for space in spaces:
                assert (counts.get(space.pk, 0) > 0) == can_book(space, period, example)
        for slot in queries.first_slots(
            spaces, Period(start, start + timedelta(days=3)), timedelta(minutes=length), example.now
        ):
            assert can_book(slot.space, slot.period, example)
        transaction.set_rollback(True)


def can_book(space: Space, period: Period, example: Example) -> bool:
    try:
        with transaction.atomic():
            actions.book(space=space, period=period, booker=Booker.oneself(example.team), now=example.now)
            transaction.set_rollback(True)
    except (SlotTakenError, RuleBrokenError):
        return False
    return True


def test_a_released_booking_frees_its_space(spaces: list[Space]):
    example = Example(spaces, UserFactory(), TeamMemberFactory(hub=spaces[0].hub).person, STARTS[0])
    example.book(0, (2, 60), "person")
    example.cancel(0)
    example.book(0, (2, 60), "person")
    assert [b.status for b in Booking.objects.order_by("pk")] == [Status.CANCELLED, Status.CONFIRMED]
