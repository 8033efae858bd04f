"""The people of a hub for its team: members now, to come and former, the team, and who has booked there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet

from totem.accounts.models import User
from totem.bookings.models import LIVE, Booking
from totem.core.components import Words
from totem.core.sort_keys import words_begin
from totem.hubs.models import Hub, Membership, TeamMember
from totem.organisations.models import Affiliation

NOW, TO_COME, FORMER, TEAM = "", "a-venir", "passes", "equipe"
ROWS_AT_ONCE = 500


@dataclass
class PersonRow:
    """Somebody with what the team asks of them: memberships of this hub, the latest first, and instants of bookings."""

    person: User
    memberships: list[Membership] = field(default_factory=list)
    roles: list[Words] = field(default_factory=list)
    organisations: list[str] = field(default_factory=list)
    last_visit: datetime | None = None
    next_booking: datetime | None = None

    @property
    def membership(self) -> Membership | None:
        """The latest one."""
        return self.memberships[0] if self.memberships else None


def _with(rows: "QuerySet[Membership] | QuerySet[TeamMember] | QuerySet[Booking]") -> Exists:
    return Exists(rows.filter(person=OuterRef("pk")))


def people_by_group(hub: Hub, today: date, words: str) -> dict[str, "QuerySet[User]"]:
    """The people of the hub on that day, by the filter in the address, by name; with `words` those found by them."""
    held = Membership.objects.filter(hub=hub)
    is_member, is_coming = _with(held.on(today)), _with(held.filter(starts_on__gt=today))
    people = User.objects.filter(erased_at=None).order_by("sort_key", "pk")
    if words:
        people = people.filter(Q(email__icontains=words) | words_begin(words))
    return {
        NOW: people.filter(is_member),
        TO_COME: people.filter(is_coming, ~is_member),
        FORMER: people.filter(_with(held), ~is_member, ~is_coming),
        TEAM: people.filter(_with(TeamMember.objects.filter(hub=hub))),
    }


def people_known_to(hub: Hub) -> "QuerySet[User]":
    """Everybody whom the team may look at: members, former ones, the team, and who has booked there."""
    belongs = [_with(model.objects.filter(hub=hub)) for model in (Membership, TeamMember, Booking)]
    return User.objects.filter(belongs[0] | belongs[1] | belongs[2], erased_at=None)


def person_rows(hub: Hub, people: Sequence[User], now: datetime) -> list[PersonRow]:
    """These people with their memberships, roles, organisations and visits: four queries for any number."""
    rows = {person.pk: PersonRow(person) for person in people}
    for membership in Membership.objects.filter(hub=hub, person__in=rows).order_by("-starts_on"):
        rows[membership.person_id].memberships.append(membership)
    for member in TeamMember.objects.filter(hub=hub, person__in=rows).order_by("pk"):
        rows[member.person_id].roles.append(member.get_role_display())
    held = Affiliation.objects.on(now.astimezone(hub.zone).date()).filter(person__in=rows)
    for person, name in held.order_by("organisation__sort_key").values_list("person", "organisation__name"):
        rows[person].organisations.append(name)
    ahead = Q(status__in=LIVE, starts_at__gt=now) & (Q(hold_expires_at=None) | Q(hold_expires_at__gt=now))
    visits = Booking.objects.filter(hub=hub, person__in=rows).values("person").order_by("person")
    visits = visits.annotate(last=Max("checked_in_at"), next=Min("starts_at", filter=ahead))
    for visit in visits:
        row = rows[visit["person"]]
        row.last_visit, row.next_booking = visit["last"], visit["next"]
    return list(rows.values())


def all_person_rows(hub: Hub, people: "QuerySet[User]", now: datetime) -> Iterator[PersonRow]:
    """The rows of everybody, some hundreds at a time, for a file."""
    left = people.iterator()
    while some := list(islice(left, ROWS_AT_ONCE)):
        yield from person_rows(hub, some, now)
