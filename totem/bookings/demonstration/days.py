"""Ordinary days of the demonstration: who sits down where, and which rooms are let."""

from collections.abc import Iterator
from datetime import date, time

from totem.accounts.demonstration import InventedMember
from totem.bookings.demonstration.bookables import Bookable
from totem.bookings.demonstration.diary import DESKS, HOUR, Diary
from totem.core.periods import MINUTE, Period, at_wall_clock, ceil_to_step
from totem.spaces.models import SpaceKind
from totem.spaces.rules import allowed_lengths


def live(diary: Diary, day: date) -> None:
    """The bookings of one day: large rooms before their halves, rooms before desks."""
    if not any(diary.openings[bookable.space.pk].get(day) for bookable in diary.bookables):
        return
    members = diary.coming(diary.group.members, day)
    tenants = {bookable.space.pk: _tenant(diary, bookable, day) for bookable in diary.those_of(SpaceKind.FIXED_DESK)}
    seated = iter([member for member in members if member not in tenants.values()])
    visitors = iter(diary.coming(diary.visitors, day)) if diary.those_of(SpaceKind.VISITING_DESKS) else iter(())
    for bookable in sorted(diary.bookables, key=lambda bookable: (not bookable.is_composite, bookable.space.position)):
        for opening in diary.openings[bookable.space.pk].get(day, ()):
            if bookable.space.kind == SpaceKind.VISITING_DESKS:
                _seat(diary, bookable, opening, day, visitors)
            elif bookable.space.kind == SpaceKind.FIXED_DESK:
                _seat(diary, bookable, opening, day, iter([tenants[bookable.space.pk]]))
            elif bookable.space.kind in DESKS:
                _seat(diary, bookable, opening, day, seated)
            else:
                _let(diary, bookable, opening, day, members[:30])


def _tenant(diary: Diary, bookable: Bookable, day: date) -> InventedMember:
    """Who keeps a fixed desk: the same member for a whole month."""
    members = diary.group.members
    lasting = [m for m in members if not m.role and m.until is None and m.since < diary.world.days[0]]
    return lasting[(bookable.space.pk * 5 + day.year * 12 + day.month) % len(lasting)]


def _seat(diary: Diary, bookable: Bookable, opening: Period, day: date, coming: Iterator[InventedMember]) -> None:
    """People sit down at the desks, for the day or a half."""
    rng, space = diary.rng, bookable.space
    wanted = space.quantity * diary.demand(bookable, day) * rng.gauss(1, 0.12)
    for _ in range(min(int(wanted + rng.random()), space.quantity)):
        member = next(coming, None)
        if member is None:
            return
        period = _desk_period(diary, bookable, opening)
        created = diary.created_before(bookable, period.starts_at)
        diary.book(
            bookable, period, diary.for_member(member, bookable), created=created, purpose=diary.purpose(bookable)
        )


def _desk_period(diary: Diary, bookable: Bookable, opening: Period) -> Period:
    rng, space = diary.rng, bookable.space
    step, longest = space.step, space.max_minutes * MINUTE
    starts_at = ceil_to_step(opening.starts_at + rng.choice([0, 0, 0, 30, 30, 60, 90]) * MINUTE, step, space.hub.zone)
    ends_at = opening.ends_at - rng.choice([0, 30, 30, 60, 60, 90, 120]) * MINUTE
    drawn = rng.random()
    if drawn < 0.25:
        ends_at = min(ends_at, starts_at + 4 * HOUR)
    elif drawn < 0.45:
        starts_at = max(starts_at, ceil_to_step(ends_at - 4 * HOUR, step, space.hub.zone))
    if ends_at - starts_at < space.min_minutes * MINUTE:
        starts_at, ends_at = opening
    return Period(starts_at, min(ends_at, starts_at + longest))


def _let(diary: Diary, bookable: Bookable, opening: Period, day: date, crowd: list[InventedMember]) -> None:
    """Rooms, machines and equipment, by the hour."""
    share = min(diary.demand(bookable, day), 0.85)
    if bookable.space.kind in {SpaceKind.EVENT_ROOM, SpaceKind.EQUIPMENT}:
        periods = _one_or_two(diary, bookable, opening, share)
    else:
        periods = _one_after_another(diary, bookable, opening, share)
    for period in periods:
        who = diary.somebody(bookable, crowd)
        if who is not None:
            created = diary.created_before(bookable, period.starts_at)
            diary.book(bookable, period, who, created=created, purpose=diary.purpose(bookable))


def _lengths(diary: Diary, bookable: Bookable) -> list[int]:
    allowed = allowed_lengths(bookable.space)
    return [minutes for minutes in diary.rhythm["minutes"][bookable.space.kind] if minutes in allowed]


def _one_after_another(diary: Diary, bookable: Bookable, opening: Period, share: float) -> Iterator[Period]:
    """Bookings with pauses between them, so that `share` of the opening is taken in the long run."""
    rng, space, zone = diary.rng, bookable.space, diary.hub.zone
    lengths = _lengths(diary, bookable)
    if share <= 0 or not lengths:
        return
    mean_pause = sum(lengths) / len(lengths) * (1 - share) / share
    at = opening.starts_at
    while at < opening.ends_at:
        at = ceil_to_step(at + rng.expovariate(1 / mean_pause) * MINUTE, space.step, zone)
        if diary.local(at).hour == 12 and rng.random() < 0.6:  # lunch
            at = ceil_to_step(at + HOUR, space.step, zone)
        period = Period(at, at + rng.choice(lengths) * MINUTE)
        if period.ends_at <= opening.ends_at:
            yield period
        at = period.ends_at + max(space.buffer_before, space.buffer_after)


def _one_or_two(diary: Diary, bookable: Bookable, opening: Period, share: float) -> Iterator[Period]:
    """An event in the morning, the afternoon or the evening."""
    rng, space, zone = diary.rng, bookable.space, diary.hub.zone
    lengths = _lengths(diary, bookable)
    for _ in range(space.quantity):
        if not lengths or rng.random() >= share:
            continue
        length = rng.choice(lengths) * MINUTE
        day = diary.local(opening.starts_at).date()
        wished = at_wall_clock(day, time(rng.choice([9, 9, 13, 14, 14, 17, 18])), zone)
        starts_at = ceil_to_step(max(opening.starts_at, min(wished, opening.ends_at - length)), space.step, zone)
        if starts_at + length <= opening.ends_at:
            yield Period(starts_at, starts_at + length)
