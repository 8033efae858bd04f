"""What every hub of the demonstration shows today, whatever the hour: written before the ordinary days."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from totem.accounts.demonstration import InventedMember
from totem.accounts.models import DemoRole
from totem.bookings.demonstration.bookables import Bookable
from totem.bookings.demonstration.diary import HOUR, Diary, InventedBooker
from totem.bookings.models import Booking, Status
from totem.core.periods import MINUTE, Period, at_wall_clock, ceil_to_step
from totem.spaces.models import SpaceKind


@dataclass(frozen=True)
class PlannedBooking:
    """What somebody asked for, and what became of it."""

    who: InventedBooker
    hour: int
    minutes: int
    created: datetime
    status: Status


def play(diary: Diary) -> None:
    """Somebody here, somebody late, something starting next, requests and an option, whatever the hour is.

    When the hub is closed now, the same stands on its next open day.
    """
    now = diary.world.now
    coming = [p for p in diary.hub_opening if p.ends_at > now + 5 * MINUTE]
    if not coming:
        return
    _play_events(diary)
    # Shortly before closing both the last ones here and the next open day are to be seen.
    for opening in coming[: 1 if coming[0].ends_at > now + 2 * HOUR else 2]:
        crowd = play_around_now(diary, opening)
    usual = [p for p in diary.usual if p.ends_at > now + 5 * MINUTE]
    later = [p for p in usual[1:] if p.starts_at > now]
    _play_requests(diary, later, crowd)
    _play_demo_member(diary, later)


def _play_events(diary: Diary) -> None:
    """The events that the exceptional openings are for, a hackathon of twenty-four hours among them."""
    by_name = {bookable.space.name: bookable for bookable in diary.bookables}
    openings = {opening.reason: opening for opening in diary.hub.exceptional_hours.all()}
    for line in diary.sheet.get("exceptions", []):
        if "event" not in line or line["reason"] not in openings:
            continue
        event, day = line["event"], diary.local(openings[line["reason"]].during.lower).date()
        starts_at = at_wall_clock(day, time.fromisoformat(event["from"]), diary.hub.zone)
        organiser, organisation = next(
            (member, organisation)
            for member in diary.group.members
            if (organisation := diary.organisation_of(member)) and organisation.name == event["organisation"]
        )
        who = InventedBooker(person=organiser.user, organisation=organisation, made_by=diary.team[0])
        period = Period(starts_at, starts_at + timedelta(hours=event["hours"]))
        created = diary.world.now - timedelta(days=20)
        diary.book(
            by_name[event["space"]], period, who, created=created, status=Status.CONFIRMED, purpose=event["purpose"]
        )


def play_around_now(diary: Diary, opening: Period) -> list[InventedMember]:
    """People here, some who are late, and what starts next; who comes that day."""
    now, rng = diary.world.now, diary.rng
    crowd = diary.coming(diary.group.members, diary.local(max(opening.starts_at, now)).date())
    rooms = diary.those_of(SpaceKind.MEETING_ROOM)
    desks = diary.those_of(SpaceKind.HOT_DESKS)[:1]
    soon = max(now + 3 * MINUTE, opening.starts_at)
    # (space, from the earliest to the latest start, minutes, has arrived)
    in_rooms = [
        (soon, 60, None),
        (max(now - 40 * MINUTE, opening.starts_at), 90, True),
        (max(now - 15 * MINUTE, opening.starts_at), 60, False),
        (soon + 20 * MINUTE, 90, None),
    ]
    scenes = [
        *((room, *scene) for room, scene in zip(_four(rooms), in_rooms, strict=False)),
        *((desk, max(now - hours * HOUR, opening.starts_at), 240, True) for desk in desks for hours in (1, 2, 3)),
        *((desk, soon, 120, None) for desk in desks),
        *((desk, max(now - 30 * MINUTE, opening.starts_at), 240, False) for desk in desks),
    ]
    for member, (bookable, at, minutes, arrives) in zip(crowd, scenes, strict=False):
        starts_at = ceil_to_step(at, bookable.space.step, diary.hub.zone)
        left = (opening.ends_at - starts_at) // bookable.space.step * bookable.space.step
        period = Period(starts_at, starts_at + min(minutes * MINUTE, left))
        who = diary.for_member(member, bookable)
        created = period.starts_at - timedelta(days=1, minutes=rng.randint(5, 300))
        diary.book(
            bookable,
            period,
            who,
            created=min(created, now - 5 * MINUTE),
            status=Status.CONFIRMED,
            purpose=diary.purpose(bookable),
            arrives=arrives,
        )
    return crowd


def _four(rooms: list[Bookable]) -> list[Bookable]:
    """The first, the second, the third and the last; fewer where there are none."""
    return [rooms[n % len(rooms)] for n in (0, 1, 2, -1)] if rooms else []


def _play_requests(diary: Diary, later: list[Period], crowd: list[InventedMember]) -> None:
    """Requests that wait for an answer, and an option that the team holds for somebody."""
    now, rng = diary.world.now, diary.rng
    people = iter(crowd[10:])
    hours = iter((2, 7, 26, 31))
    for bookable in diary.bookables:
        if not bookable.space.needs_approval or bookable.is_composite:
            continue
        made_ago = next(hours, None)
        if made_ago is None:
            break
        created = now - made_ago * HOUR - rng.randint(1, 50) * MINUTE
        who = diary.for_member(next(people), bookable)
        who = InventedBooker(person=who.person, organisation=who.organisation, made_by=who.person)
        wish = PlannedBooking(who, 14, 180, created, Status.PENDING)
        _first_that_fits(diary, bookable, later[4 + rng.randint(0, 3) :], wish)
    member = next(people)
    who = InventedBooker(person=member.user, organisation=diary.organisation_of(member), made_by=diary.team[0])
    for bookable in diary.bookables:
        if bookable.is_composite:
            booking = _first_that_fits(
                diary, bookable, later[12:], PlannedBooking(who, 9, 480, now - 20 * HOUR, Status.HELD)
            )
            if booking is not None:
                booking.hold_expires_at = ceil_to_step(now + 60 * HOUR, HOUR, diary.hub.zone)


def _play_demo_member(diary: Diary, later: list[Period]) -> None:
    """What the member of the demonstration finds in their bookings: desks, a room for their organisation, a machine."""
    member = next((member for member in diary.group.members if member.role == DemoRole.MEMBER), None)
    if member is None:
        return
    oneself = InventedBooker(person=member.user, made_by=member.user)
    together = InventedBooker(person=member.user, made_by=member.user, organisation=diary.organisation_of(member))
    created = diary.world.now - 50 * HOUR
    for kind, wait, hour, minutes, who in (
        (SpaceKind.HOT_DESKS, 0, 9, 480, oneself),
        (SpaceKind.MEETING_ROOM, 2, 14, 120, together),
        (SpaceKind.HOT_DESKS, 3, 9, 240, oneself),
        (SpaceKind.MACHINE, 4, 10, 120, oneself),
    ):
        bookable = diary.those_of(kind)[0]
        _first_that_fits(diary, bookable, later[wait:], PlannedBooking(who, hour, minutes, created, Status.CONFIRMED))


def _first_that_fits(diary: Diary, bookable: Bookable, openings: list[Period], wish: PlannedBooking) -> Booking | None:
    """Book the first of the days where the space can be taken at that hour, for as long as it allows."""
    length = min(wish.minutes, bookable.space.max_minutes) * MINUTE
    for opening in openings:
        starts_at = at_wall_clock(diary.local(opening.starts_at).date(), time(wish.hour), diary.hub.zone)
        if starts_at - wish.created < bookable.space.min_notice_minutes * MINUTE:
            continue
        booking = diary.book(
            bookable,
            Period(starts_at, starts_at + length),
            wish.who,
            created=wish.created,
            status=wish.status,
            purpose=diary.purpose(bookable),
        )
        if booking is not None:
            return booking
    return None
