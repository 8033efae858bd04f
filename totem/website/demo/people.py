"""The people of the demonstration, all of them invented (see `demo/people.toml`)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from totem.accounts.models import DemoRole, User
from totem.core.periods import at_wall_clock
from totem.core.sort_keys import sort_key
from totem.hubs.models import Membership, Role, TeamMember
from totem.organisations.models import Affiliation, Organisation
from totem.website.demo.places import PARIS, House, Span


@dataclass
class Member:
    """A member of a hub: since when, until when (both included), and how they come."""

    person: User
    since: date
    until: date | None
    regularity: float
    days: frozenset[int]
    organisation: Organisation | None = None

    def belongs_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass
class Town:
    """Everybody, by the slug of their hub."""

    members: dict[str, list[Member]] = field(default_factory=dict)
    team: dict[str, list[User]] = field(default_factory=dict)
    guests: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)

    def others(self, slug: str) -> list[Member]:
        """The members of all hubs but this one."""
        return [member for hub, members in self.members.items() if hub != slug for member in members]


def settle(houses: list[House], crowd: dict[str, Any], span: Span, rng: Random) -> Town:
    """Give each house its team and members, and the demonstration its people to sign in as."""
    town = Town()
    strangers = _strangers(crowd, rng)
    everybody: list[User] = []

    def newcomer(joined: date, role: str = "") -> User:
        name, email = next(strangers)
        person = User(
            name=name, email=email, password=make_password(None), demo_role=role, date_joined=_morning(joined)
        )
        everybody.append(person)
        return person

    for house in houses:
        slug = house.hub.slug
        started = span.first - timedelta(days=700)
        town.team[slug] = [newcomer(started, line.get("demo", "")) for line in house.sheet["team"]]
        town.members[slug] = [_member(newcomer, span, rng) for _ in range(crowd["members"][slug])]
        town.guests[slug] = [next(strangers) for _ in range(14)]
    newcomer(span.today - timedelta(days=9), DemoRole.VISITOR)
    newcomer(span.first, DemoRole.OFFICER)
    demo_member = _pick_demo_member(town, crowd["demo"]["member"]["hub"], span)
    User.objects.bulk_create(everybody)
    EmailAddress.objects.bulk_create(
        EmailAddress(user=person, email=person.email, verified=True, primary=True) for person in everybody
    )
    for house in houses:
        _take_on(house, town)
    _join_organisations(town, crowd, demo_member)
    return town


def _strangers(crowd: dict[str, Any], rng: Random) -> Iterator[tuple[str, str]]:
    """Invented names with their addresses, no two alike."""
    surnames = [start + end for start in crowd["surname_beginnings"] for end in crowd["surname_endings"]]
    names = [(first, surname) for surname in surnames for first in crowd["first_names"]]
    rng.shuffle(names)
    for first, surname in names:
        local = ".".join(sort_key(part).replace(" ", "-") for part in (first, surname))
        yield f"{first} {surname}", f"{local}@{crowd['email_domain']}"


def _morning(day: date) -> datetime:
    return at_wall_clock(day, time(9, 30), PARIS)


def _member(newcomer: Any, span: Span, rng: Random) -> Member:
    """Most have been there for years, some joined within the year, a few have left."""
    recent = rng.random() < 0.2
    ago = rng.randint(5, max((span.today - span.first).days, 6)) if recent else rng.randint(400, 1200)
    since = span.today - timedelta(days=ago)
    left = not recent and rng.random() < 0.1
    return Member(
        person=newcomer(since),
        since=since,
        until=span.today - timedelta(days=rng.randint(10, 200)) if left else None,
        regularity=0.05 + rng.random() ** 2,
        days=frozenset(rng.sample(range(1, 7), 3)),
    )


def _pick_demo_member(town: Town, slug: str, span: Span) -> Member:
    member = town.members[slug][0]
    member.person.demo_role = DemoRole.MEMBER
    member.regularity, member.since, member.until = 0.8, min(member.since, span.first), None
    return member


def _take_on(house: House, town: Town) -> None:
    slug = house.hub.slug
    TeamMember.objects.bulk_create(
        TeamMember(hub=house.hub, person=person, role=Role(role))
        for person, line in zip(town.team[slug], house.sheet["team"], strict=True)
        for role in line["roles"]
    )
    Membership.objects.bulk_create(
        Membership(hub=house.hub, person=member.person, starts_on=member.since, ends_on=member.until)
        for member in town.members[slug]
    )


def _join_organisations(town: Town, crowd: dict[str, Any], demo_member: Member) -> None:
    """Invented organisations, each with a representative and employees among the members of its hub."""
    affiliations = []
    for row in crowd["organisations"]:
        organisation = Organisation.objects.create(**{key: row[key] for key in ("name", "legal_form", "kind")})
        town.organisations[organisation.name] = organisation
        free = [m for m in town.members[row["hub"]] if m.organisation is None and m.until is None and m != demo_member]
        joining = free[: row["people"]]
        if organisation.name == crowd["demo"]["member"]["organisation"]:
            joining = [demo_member, *joining[1:]]
        for position, member in enumerate(joining):
            member.organisation = organisation
            role = Affiliation.Role.EMPLOYEE if position else Affiliation.Role.REPRESENTATIVE
            affiliations.append(
                Affiliation(person=member.person, organisation=organisation, role=role, since=member.since)
            )
    Affiliation.objects.bulk_create(affiliations)
