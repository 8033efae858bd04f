"""What every hub of the demonstration shows today, whatever the hour: written before the ordinary days."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from totem.bookings.models import Booking, Status
from totem.core.periods import Period, at_wall_clock, ceil_to_step
from totem.spaces.models import Kind
from totem.website.demo.diary import HOUR, MINUTE, Diary, Who
from totem.website.demo.people import Member
from totem.website.demo.places import Offer


@dataclass(frozen=True)
class Wish:
    """What somebody asked for, and what became of it."""

    who: Who
    hour: int
    minutes: int
    created: datetime
    status: Status


def play(diary: Diary) -> None:
    """Somebody here, somebody late, something starting next, requests and an option, whatever the hour is.

    When the hub is closed now, the same stands on its next open day.
    """
    now = diary.span.now
    coming = [p for p in diary.hub_opening if p.ends_at > now + 5 * MINUTE]
    if not coming:
        return
    _play_events(diary)
    # Shortly before closing both the last ones here and the next open day are to be seen.
    for opening in coming[: 1 if coming[0].ends_at > now + 2 * HOUR else 2]:
        crowd = diary.coming(diary.town.members[diary.house.hub.slug], diary.local(opening.starts_at).date())
        _play_today(diary, opening, crowd)
    later = [p for p in coming[1:] if p.starts_at > now]
    _play_requests(diary, later, crowd)
    _play_demo_member(diary, later)


def _play_events(diary: Diary) -> None:
    """The events that the exceptional openings are for, a hackathon of twenty-four hours among them."""
    by_name = {offer.space.name: offer for offer in diary.house.offers}
    for event, day in diary.house.events:
        starts_at = at_wall_clock(day, time.fromisoformat(event["from"]), diary.house.hub.zone)
        organisation = diary.town.organisations[event["organisation"]]
        organiser = next(m for m in diary.town.members[diary.house.hub.slug] if m.organisation == organisation)
        who = Who(person=organiser.person, organisation=organisation, made_by=diary.team[0])
        period = Period(starts_at, starts_at + timedelta(hours=event["hours"]))
        created = diary.span.now - timedelta(days=20)
        diary.book(
            by_name[event["space"]], period, who, created=created, status=Status.CONFIRMED, purpose=event["purpose"]
        )


def _play_today(diary: Diary, opening: Period, crowd: list[Member]) -> None:
    """People here, one who is late, and what starts next."""
    now, rng = diary.span.now, diary.rng
    today = iter(crowd)
    rooms = diary.offers_of(Kind.MEETING_ROOM)
    desks = diary.offers_of(Kind.HOT_DESKS)[:1]
    soon = max(now + 3 * MINUTE, opening.starts_at)
    # (space, from the earliest to the latest start, minutes, has arrived)
    scenes = [
        (rooms[0], soon, 60, None),
        (rooms[-1], soon + 20 * MINUTE, 90, None),
        (rooms[1], max(now - 40 * MINUTE, opening.starts_at), 90, True),
        (rooms[2 % len(rooms)], max(now - 15 * MINUTE, opening.starts_at), 60, False),
        *((desk, max(now - hours * HOUR, opening.starts_at), 240, True) for desk in desks for hours in (1, 2, 3)),
        *((desk, max(now - 30 * MINUTE, opening.starts_at), 240, False) for desk in desks),
    ]
    for offer, at, minutes, arrives in scenes:
        starts_at = ceil_to_step(at, offer.space.step, diary.house.hub.zone)
        left = (opening.ends_at - starts_at) // offer.space.step * offer.space.step
        period = Period(starts_at, starts_at + min(minutes * MINUTE, left))
        who = diary.for_member(next(today), offer)
        created = period.starts_at - timedelta(days=1, minutes=rng.randint(5, 300))
        diary.book(
            offer,
            period,
            who,
            created=min(created, now - 5 * MINUTE),
            status=Status.CONFIRMED,
            purpose=diary.purpose(offer),
            arrives=arrives,
        )


def _play_requests(diary: Diary, later: list[Period], crowd: list[Member]) -> None:
    """Requests that wait for an answer, and an option that the team holds for somebody."""
    now, rng = diary.span.now, diary.rng
    people = iter(crowd[10:])
    hours = iter((2, 7, 26, 31))
    for offer in diary.house.offers:
        if not offer.space.needs_approval or offer.is_composite:
            continue
        made_ago = next(hours, None)
        if made_ago is None:
            break
        created = now - made_ago * HOUR - rng.randint(1, 50) * MINUTE
        who = diary.for_member(next(people), offer)
        who = Who(person=who.person, organisation=who.organisation, made_by=who.person)
        wish = Wish(who, 14, 180, created, Status.PENDING)
        _first_that_fits(diary, offer, later[4 + rng.randint(0, 3) :], wish)
    member = next(people)
    who = Who(person=member.person, organisation=member.organisation, made_by=diary.team[0])
    for offer in diary.house.offers:
        if offer.is_composite:
            booking = _first_that_fits(diary, offer, later[12:], Wish(who, 9, 480, now - 20 * HOUR, Status.HELD))
            if booking is not None:
                booking.hold_expires_at = ceil_to_step(now + 60 * HOUR, HOUR, diary.house.hub.zone)


def _play_demo_member(diary: Diary, later: list[Period]) -> None:
    """What the member of the demonstration finds in their bookings: desks, a room for their organisation, a machine."""
    where = diary.crowd["demo"]["member"]
    if where["hub"] != diary.house.hub.slug:
        return
    member = diary.town.members[where["hub"]][0]
    oneself = Who(person=member.person, made_by=member.person)
    together = Who(person=member.person, made_by=member.person, organisation=member.organisation)
    created = diary.span.now - 50 * HOUR
    for kind, wait, hour, minutes, who in (
        (Kind.HOT_DESKS, 0, 9, 480, oneself),
        (Kind.MEETING_ROOM, 2, 14, 120, together),
        (Kind.HOT_DESKS, 3, 9, 240, oneself),
        (Kind.MACHINE, 4, 10, 120, oneself),
    ):
        offer = diary.offers_of(kind)[0]
        _first_that_fits(diary, offer, later[wait:], Wish(who, hour, minutes, created, Status.CONFIRMED))


def _first_that_fits(diary: Diary, offer: Offer, openings: list[Period], wish: Wish) -> Booking | None:
    """Book the first of the days where the space can be taken at that hour, for as long as it allows."""
    length = min(wish.minutes, offer.space.max_minutes) * MINUTE
    for opening in openings:
        starts_at = at_wall_clock(diary.local(opening.starts_at).date(), time(wish.hour), diary.house.hub.zone)
        if starts_at - wish.created < offer.space.min_notice_minutes * MINUTE:
            continue
        booking = diary.book(
            offer,
            Period(starts_at, starts_at + length),
            wish.who,
            created=wish.created,
            status=wish.status,
            purpose=diary.purpose(offer),
        )
        if booking is not None:
            return booking
    return None
