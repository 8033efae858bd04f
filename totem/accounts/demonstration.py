"""The people of the demonstration, all invented (`demo/accounts/people.toml`): drawn from the seed of the world.

What is drawn is not kept: whoever needs to know how a member comes draws again, and gets the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from random import Random

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from totem.accounts.models import DemoRole, User
from totem.core.demonstration import PARIS, InventedWorld, RealDataError, Sheet, part
from totem.core.periods import at_wall_clock
from totem.core.sort_keys import sort_key

PEOPLE = "accounts/people.toml"
TEAM_SINCE = timedelta(days=700)  # before the first day
FICTION = "+3335301"  # then four digits: numbers that ARCEP keeps for fiction
GUESTS = 14  # of each hub: people without an account


@dataclass(eq=False, kw_only=True)
class InventedPerson:
    """Name and address, the day of the account, whom one click makes them; `user` is their account."""

    name: str
    email: str
    joined: date
    role: str = ""
    user: User = field(init=False)


@dataclass(eq=False, kw_only=True)
class InventedMember(InventedPerson):
    """A member of a hub: since when, until when (both included), and how they come."""

    since: date
    until: date | None
    regularity: float
    days: frozenset[int]

    def belongs_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Group:
    """Who belongs to a hub; guests are (name, address)."""

    team: list[InventedPerson]
    members: list[InventedMember]
    guests: list[tuple[str, str]]


@dataclass(frozen=True)
class Crowd:
    """Everybody: groups by the slug of their hub, and who belongs to none. `rng` goes on where the draws ended."""

    groups: dict[str, Group]
    others: list[InventedPerson]
    rng: Random

    @property
    def everybody(self) -> Iterator[InventedPerson]:
        for group in self.groups.values():
            yield from group.team
            yield from group.members
        yield from self.others

    def having_accounts(self) -> "Crowd":
        """The crowd without those whose account is gone."""
        groups = {
            slug: Group(
                [person for person in group.team if hasattr(person, "user")],
                [member for member in group.members if hasattr(member, "user")],
                group.guests,
            )
            for slug, group in self.groups.items()
        }
        return Crowd(groups, [person for person in self.others if hasattr(person, "user")], self.rng)

    def members_of_others(self, slug: str) -> list[InventedMember]:
        """The members of all hubs but this one."""
        return [member for hub, group in self.groups.items() if hub != slug for member in group.members]


def saved_crowd(world: InventedWorld) -> Crowd:
    """Everybody who has the account that the part of this room has written: in a demonstration too one may erase it."""
    crowd = _draw(world)
    users = User.objects.in_bulk(field_name="email")
    for person in crowd.everybody:
        if person.email in users:
            person.user = users[person.email]
    return crowd.having_accounts()


def demo_person(role: DemoRole) -> User:
    """Whom one click makes: the officer owns the territories, and so on. Raises User.DoesNotExist."""
    return User.objects.get(demo_role=role)


def _people_are_there(_world: InventedWorld) -> bool:
    if User.objects.exclude(demo_role="").exists():
        return True
    if User.objects.exists():
        raise RealDataError
    return False


@part(PEOPLE, is_there=_people_are_there)
def load(world: InventedWorld) -> None:
    people = list(_draw(world).everybody)
    for place, person in enumerate(people):
        person.user = User(
            name=person.name,
            email=person.email,
            phone=f"{FICTION}{place:04}" if place % 3 else "",
            password=make_password(None),
            demo_role=person.role,
            date_joined=at_wall_clock(person.joined, time(9, 30), PARIS),
        )
    users = User.objects.bulk_create(person.user for person in people)
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )


# -- Drawing ----------------------------------------------------------------------------------------------------------


def _draw(world: InventedWorld) -> Crowd:
    sheet, rng = world.sheet(PEOPLE), Random(world.seed)  # noqa: S311 - the same people every time is what is wanted
    strangers = _strangers(sheet, rng)

    def newcomer(joined: date, role: str) -> InventedPerson:
        name, email = next(strangers)
        return InventedPerson(name=name, email=email, joined=joined, role=role)

    groups = {}
    for slug, group in sheet["hubs"].items():
        groups[slug] = Group(
            team=[newcomer(world.days[0] - TEAM_SINCE, line.get("demo", "")) for line in group["team"]],
            members=[_member(strangers, world, rng) for _ in range(group["members"])],
            guests=[next(strangers) for _ in range(GUESTS)],
        )
    others = [
        newcomer(world.today - timedelta(days=9), DemoRole.VISITOR),
        newcomer(world.days[0], DemoRole.OFFICER),
    ]
    member = groups[sheet["demo"]["member"]].members[0]
    member.role = DemoRole.MEMBER
    member.regularity, member.since, member.until = 0.8, min(member.since, world.days[0]), None
    return Crowd(groups, others, rng)


def _strangers(sheet: Sheet, rng: Random) -> Iterator[tuple[str, str]]:
    """Invented names with their addresses, no two alike."""
    surnames = [start + end for start in sheet["surname_beginnings"] for end in sheet["surname_endings"]]
    names = [(first, surname) for surname in surnames for first in sheet["first_names"]]
    rng.shuffle(names)
    for first, surname in names:
        local = ".".join(sort_key(part).replace(" ", "-") for part in (first, surname))
        yield f"{first} {surname}", f"{local}@{sheet['email_domain']}"


def _member(strangers: Iterator[tuple[str, str]], world: InventedWorld, rng: Random) -> InventedMember:
    """Most have been there for years, some joined within the year, a few have left."""
    recent = rng.random() < 0.2
    longest = max((world.today - world.days[0]).days, 6)
    ago = rng.randint(5, longest) if recent else rng.randint(400, 1200)
    left = not recent and rng.random() < 0.1
    name, email = next(strangers)
    since = world.today - timedelta(days=ago)
    return InventedMember(
        name=name,
        email=email,
        joined=since,
        since=since,
        until=world.today - timedelta(days=rng.randint(10, 200)) if left else None,
        regularity=0.05 + rng.random() ** 2,
        days=frozenset(rng.sample(range(1, 7), 3)),
    )
