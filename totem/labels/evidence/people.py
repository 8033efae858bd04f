"""Who does what in a territory: organisations in their roles, bodies, offices, money."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, DateField, Max, Q, QuerySet

from totem.core.compiled_queries import AnyOf, CompiledQuery, QueryParameter
from totem.labels.charters.format import (
    AppointmentRequirement,
    BodyRequirement,
    Charter,
    FundingRequirement,
    OrganisationsRequirement,
    Requirement,
)
from totem.labels.judging.facts import (
    AppointmentFact,
    BodyFact,
    FundingFact,
    OrganisationFact,
    RoleFact,
    SeatFact,
    YearFact,
)
from totem.labels.models import Appointment, Body, FundingLine, Seat
from totem.labels.models.bodies import Governed
from totem.labels.subjects import Subject
from totem.organisations.models import RelationKind
from totem.organisations.queries import organisations_inside, relations_inside, year_figures_of
from totem.territories.models import Workspace

LOCATED_IN = str(RelationKind.LOCATED_IN)
EVERYWHERE = 20_000  # communes: beyond that a list of them costs more than it spares


@dataclass(frozen=True)
class PeopleAsked:
    """What a charter asks of organisations, bodies, offices and money: the rest is not read."""

    roles: bool
    located_kinds: frozenset[str]  # of organisations that need no role: their address is enough
    located_roles: frozenset[str]  # of those of which the role « located in » is asked: their address says it too
    also_located: bool  # whether those in another role have to be located here as well
    years: bool
    bodies: bool
    appointments: bool
    funding: bool

    @classmethod
    def of(cls, charter: Charter) -> "PeopleAsked":
        all_of = list(charter.requirements())
        organisations = [one for one in all_of if isinstance(one, OrganisationsRequirement)]
        bodies = [one for one in all_of if isinstance(one, BodyRequirement)]
        return cls(
            roles=bool(organisations) or any(seats.member_roles for one in bodies for seats in one.seats),
            located_kinds=frozenset(kind for one in organisations if not one.roles for kind in one.kinds),
            located_roles=frozenset(kind for one in organisations if LOCATED_IN in one.roles for kind in one.kinds),
            also_located=any(LOCATED_IN in one.also_roles for one in organisations),
            years=any(one.where for one in organisations) or any(s.where for one in bodies for s in one.seats),
            bodies=bool(bodies),
            appointments=_any(all_of, AppointmentRequirement),
            funding=_any(all_of, FundingRequirement),
        )


def _any(requirements: Iterable[Requirement], kind: type) -> bool:
    return any(isinstance(requirement, kind) for requirement in requirements)


class People:
    """Who does what in each subject, read once for all of them."""

    def __init__(
        self, asked: PeopleAsked, subjects: Sequence[Subject], day: datetime.date, workspace: Workspace | None
    ) -> None:
        self.subjects, self.day, self.workspace = subjects, day, workspace
        self.named: dict[int, OrganisationFact] = {}
        self.roles: defaultdict[str, list[RoleFact]] = defaultdict(list)
        self.ended_roles: defaultdict[str, list[RoleFact]] = defaultdict(list)
        self.ended: defaultdict[str, set[str]] = defaultdict(set)
        self.funded: set[str] = set()  # where some line was ever recorded
        self.bodies: defaultdict[str, list[BodyFact]] = defaultdict(list)
        self.appointments: defaultdict[str, list[AppointmentFact]] = defaultdict(list)
        self.funding: defaultdict[str, list[FundingFact]] = defaultdict(list)
        self.at_commune: defaultdict[str, list[str]] = defaultdict(list)
        self.at: dict[tuple[str, int | None], str] = {}
        self.years: defaultdict[int, list[YearFact]] = defaultdict(list)
        for subject in subjects:
            for code in subject.place.whole:
                self.at_commune[code].append(subject.key)
            self.at["perimeter", subject.perimeter] = subject.key
            self.at["hub", subject.hub] = subject.key
        if asked.roles:
            self.read_roles()
        if asked.located_kinds:
            self.read_located(asked.located_kinds)
        if asked.located_roles or asked.also_located:
            in_a_role = frozenset(self.named) if asked.also_located else frozenset()
            self.read_located(asked.located_roles, LOCATED_IN, in_a_role)
        if any(subject.perimeter or subject.hub for subject in subjects):  # what is governed is never an official place
            self.read_governed(asked)
        if asked.years:
            self.read_years()

    def read_governed(self, asked: PeopleAsked) -> None:
        if asked.bodies:
            self.read_bodies()
        if asked.appointments:
            self.read_appointments()
        if asked.funding:
            self.read_funding()

    def organisations_of(self, subject: Subject) -> tuple[OrganisationFact, ...]:
        """Those that play a role in the subject or sit in one of its bodies, in order."""
        ids = {role.organisation for role in self.roles[subject.key] + self.ended_roles[subject.key]}
        ids |= {seat.organisation for body in self.bodies[subject.key] for seat in body.seats if seat.organisation}
        return tuple(msgspec.structs.replace(self.named[pk], years=tuple(self.years[pk])) for pk in sorted(ids))

    def funding_of(self, subject: Subject) -> tuple[FundingFact, ...] | None:
        return tuple(self.funding[subject.key]) if subject.key in self.funded else None

    def places(self, perimeter: int | None, commune: str | None) -> list[str]:
        """The keys of the subjects in which something stands that holds in a perimeter or in a commune."""
        if perimeter is not None:
            key = self.at.get(("perimeter", perimeter))
            return [key] if key else []
        return self.at_commune.get(commune or "", [])

    @property
    def communes(self) -> list[str] | None:
        """Those to read in; of very many subjects, everywhere."""
        return None if len(self.at_commune) > EVERYWHERE else list(self.at_commune)

    def read_roles(self) -> None:
        perimeters = [subject.perimeter for subject in self.subjects if subject.perimeter is not None]
        for row in relations_inside(self.communes, perimeters, self.workspace, self.day, with_ended=True):
            self.named[row.organisation_id] = OrganisationFact(row.organisation_id, row.name, row.organisation_kind)
            role = RoleFact(
                row.organisation_id,
                row.kind,
                row.id,
                row.stage,
                row.detail,
                row.places,
                row.amount,
                row.source,
                row.document_sha256 or "",
                row.partner_kind or "",
            )
            has_ended = row.until is not None and row.until <= self.day
            for key in self.places(row.at_perimeter, row.at_commune):
                (self.ended_roles if has_ended else self.roles)[key].append(role)

    def read_located(self, kinds: frozenset[str], role: str = "", also: frozenset[int] = frozenset()) -> None:
        """The organisations of these kinds, and these others, whose address is here: as that role, of no relation."""
        all_kinds = kinds | {self.named[pk].kind for pk in also}
        for row in organisations_inside(self.communes, all_kinds, self.workspace):
            if row.kind in kinds or row.id in also:
                self.named.setdefault(row.id, OrganisationFact(row.id, row.name, row.kind))
                for key in self.places(None, row.commune):
                    self.roles[key].append(RoleFact(row.id, role))

    def read_years(self) -> None:
        for row in year_figures_of(list(self.named), self.workspace, self.day):
            self.years[row.organisation_id].append(
                YearFact(
                    row.id,
                    row.year,
                    row.closing_date,
                    row.revenue,
                    row.staff_low,
                    row.staff_high,
                    row.international_share,
                    row.organisation_id,
                    row.workspace_id,
                    row.accounts,
                    row.source,
                    row.document_sha256 or "",
                )
            )

    @property
    def about(self) -> dict[str, Any]:
        """What the statements below are asked."""
        return {
            "workspace": self.workspace.pk if self.workspace else None,
            "perimeters": [subject.perimeter for subject in self.subjects if subject.perimeter is not None],
            "hubs": [subject.hub for subject in self.subjects if subject.hub is not None],
            "day": self.day,
        }

    def key_of(self, perimeter: int | None, hub: int | None) -> str:
        return self.at["perimeter", perimeter] if perimeter else self.at["hub", hub]

    def read_bodies(self) -> None:
        rows = _BODIES.rows(**self.about)
        seats: defaultdict[int, list[SeatFact]] = defaultdict(list)
        had_seats = set()
        for until, body, actor_class, role, votes, capital, pk, name, kind in (
            _SEATS.rows(bodies=[row[3] for row in rows], day=self.day) if rows else ()
        ):
            if self.has_ended(until):
                had_seats.add(body)
                continue
            if pk is not None:
                self.named.setdefault(pk, OrganisationFact(pk, name, kind))
            seats[body].append(SeatFact(actor_class, role, votes, capital, pk))
        for until, perimeter, hub, pk, kind, name, form, has_capital, after_call, last, sha in rows:
            key = self.key_of(perimeter, hub)
            if self.has_ended(until):
                self.ended[key].add(kind)
                continue
            theirs, left = tuple(seats[pk]), pk in had_seats and not seats[pk]
            fact = BodyFact(pk, kind, name, form, has_capital, after_call, theirs, last, sha or "", left)
            self.bodies[key].append(fact)

    def has_ended(self, until: datetime.date | None) -> bool:
        """Whether the first day without it has come."""
        return until is not None and until <= self.day

    def read_appointments(self) -> None:
        for until, perimeter, hub, pk, office, act, since, by, kind, entrepreneur, sha in _APPOINTMENTS.rows(
            **self.about
        ):
            key = self.key_of(perimeter, hub)
            fact = AppointmentFact(pk, office, act, since, by, kind, entrepreneur, sha or "")
            if self.has_ended(until):
                self.ended[key].add(fact.office)
            else:
                self.appointments[key].append(fact)

    def read_funding(self) -> None:
        for ends_on, perimeter, hub, pk, level, purpose, amount, source, sha in _FUNDING.rows(**self.about):
            key = self.key_of(perimeter, hub)
            self.funded.add(key)
            if ends_on >= self.day:
                self.funding[key].append(FundingFact(pk, level, purpose, amount, source, sha or ""))


_DAY = QueryParameter("day", DateField())
_BEGUN = Q(since=None) | Q(since__lte=_DAY)


def _governed(model: type[Governed], begun: Q) -> "QuerySet[Any, Any]":
    """What is declared of these perimeters and hubs, that has begun by that day and that the workspace sees."""
    integers = ArrayField(BigIntegerField())
    about = Q(AnyOf("perimeter", QueryParameter("perimeters", integers))) | Q(
        AnyOf("hub", QueryParameter("hubs", integers))
    )
    seen = Q(public=True) | Q(workspace=QueryParameter("workspace", BigIntegerField()))
    return model._default_manager.filter(about, seen, begun).order_by("pk")


_BODIES = CompiledQuery(
    lambda: (
        _governed(Body, _BEGUN)
        .annotate(last=Max("meetings__held_on", filter=Q(meetings__held_on__lte=_DAY)))
        .values_list(
            *("until", "perimeter_id", "hub_id", "pk", "kind", "name", "legal_form", "has_capital", "after_call"),
            "last",
            "document__sha256",
        )
    )
)
_SEATS = CompiledQuery(
    lambda: (
        Seat.objects.filter(_BEGUN, AnyOf("body", QueryParameter("bodies", ArrayField(BigIntegerField()))))
        .order_by("pk")
        .values_list(
            *("until", "body_id", "actor_class", "role", "votes", "capital_share"),
            *("organisation_id", "organisation__name", "organisation__kind"),
        )
    )
)
_APPOINTMENTS = CompiledQuery(
    lambda: _governed(Appointment, _BEGUN).values_list(
        *("until", "perimeter_id", "hub_id", "pk", "office", "act", "since"),
        *("appointed_by__name", "appointed_by__kind", "is_entrepreneur", "document__sha256"),
    )
)
_FUNDING = CompiledQuery(
    lambda: _governed(FundingLine, Q(starts_on__lte=_DAY)).values_list(
        *("ends_on", "perimeter_id", "hub_id", "pk", "level", "purpose", "amount", "source", "document__sha256")
    )
)
