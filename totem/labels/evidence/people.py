"""Who does what in a territory: organisations in their roles, bodies, offices, money."""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, DateField, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce

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


class People:
    """Who does what in each subject, read once for all of them; what the charter does not ask about is not read."""

    def __init__(
        self, charter: Charter, subjects: Sequence[Subject], day: datetime.date, workspace: Workspace | None
    ) -> None:
        self.subjects, self.day, self.workspace = subjects, day, workspace
        self.named: dict[int, OrganisationFact] = {}
        self.roles: defaultdict[str, list[RoleFact]] = defaultdict(list)
        self.ended_roles: defaultdict[str, list[RoleFact]] = defaultdict(list)
        self.ended: defaultdict[str, set[str]] = defaultdict(set)
        self.bodies: defaultdict[str, list[BodyFact]] = defaultdict(list)
        self.appointments: defaultdict[str, list[AppointmentFact]] = defaultdict(list)
        self.funding: dict[str, list[FundingFact]] = {}  # where some line was ever recorded
        self.years: defaultdict[int, list[YearFact]] = defaultdict(list)
        self.at_commune: defaultdict[str, list[str]] = defaultdict(list)
        for subject in subjects:
            for code in subject.place.whole:
                self.at_commune[code].append(subject.key)
        self.perimeters = {subject.perimeter: subject.key for subject in subjects if subject.perimeter is not None}
        self.hubs = {subject.hub: subject.key for subject in subjects if subject.hub is not None}
        asked = list(charter.requirements())
        organisations = [one for one in asked if isinstance(one, OrganisationsRequirement)]
        seats = [one for body in asked if isinstance(body, BodyRequirement) for one in body.seats]
        if organisations or any(one.member_roles for one in seats):
            self.read_roles()
        self.read_located(organisations)
        if self.perimeters or self.hubs:  # what is governed is never an official place
            self.read_governed({type(one) for one in asked})
        if any(one.where for one in organisations) or any(one.where for one in seats):
            self.read_years()

    def organisations_of(self, subject: Subject) -> tuple[OrganisationFact, ...]:
        """Those that play a role in the subject or sit in one of its bodies, in order."""
        ids = {role.organisation for role in self.roles[subject.key] + self.ended_roles[subject.key]}
        ids |= {seat.organisation for body in self.bodies[subject.key] for seat in body.seats if seat.organisation}
        return tuple(msgspec.structs.replace(self.named[pk], years=tuple(self.years[pk])) for pk in sorted(ids))

    def funding_of(self, subject: Subject) -> tuple[FundingFact, ...] | None:
        return tuple(self.funding[subject.key]) if subject.key in self.funding else None

    @property
    def communes(self) -> list[str] | None:
        """Those to read in; of very many subjects, everywhere."""
        return None if len(self.at_commune) > EVERYWHERE else list(self.at_commune)

    # -- Organisations ----------------------------------------------------------------------------------------------

    def read_roles(self) -> None:
        for row in relations_inside(self.communes, list(self.perimeters), self.workspace, self.day, with_ended=True):
            self.named[row.organisation_id] = OrganisationFact(row.organisation_id, row.name, row.organisation_kind)
            role = RoleFact(
                row.organisation_id, row.kind, row.id, row.stage, row.detail, row.places, row.amount, row.source,
                row.document_sha256 or "", row.partner_kind or "",
            )  # fmt: skip
            keys = self.at_commune.get(row.at_commune or "", [])
            if row.at_perimeter is not None:
                keys = [self.perimeters[row.at_perimeter]] if row.at_perimeter in self.perimeters else []
            for key in keys:
                (self.ended_roles if self.has_ended(row.until) else self.roles)[key].append(role)

    def read_located(self, organisations: Sequence[OrganisationsRequirement]) -> None:
        """Those whose address is enough where no role is asked, and those of which « located in » is: it says it too.

        Where those in another role have to be located here as well, they are among the second.
        """
        without_role = frozenset(kind for one in organisations if not one.roles for kind in one.kinds)
        in_role = frozenset(kind for one in organisations if LOCATED_IN in one.roles for kind in one.kinds)
        if without_role:
            self.add_located(without_role)
        also = any(LOCATED_IN in one.also_roles for one in organisations)
        if in_role or also:
            self.add_located(in_role, LOCATED_IN, frozenset(self.named) if also else frozenset())

    def add_located(self, kinds: frozenset[str], role: str = "", also: frozenset[int] = frozenset()) -> None:
        """The organisations of these kinds, and these others, whose address is here: as that role, of no relation."""
        all_kinds = kinds | {self.named[pk].kind for pk in also}
        for row in organisations_inside(self.communes, all_kinds, self.workspace):
            if row.kind in kinds or row.id in also:
                self.named.setdefault(row.id, OrganisationFact(row.id, row.name, row.kind))
                for key in self.at_commune.get(row.commune or "", ()):
                    self.roles[key].append(RoleFact(row.id, role))

    def read_years(self) -> None:
        for row in year_figures_of(list(self.named), self.workspace, self.day):
            fact = YearFact(
                row.id, row.year, row.closing_date, row.revenue, row.staff_low, row.staff_high, row.international_share,
                row.organisation_id, row.workspace_id, row.accounts, row.source, row.document_sha256 or "",
            )  # fmt: skip
            self.years[row.organisation_id].append(fact)

    # -- Bodies, offices, money -------------------------------------------------------------------------------------

    def read_governed(self, asked: set[type[Requirement]]) -> None:
        if BodyRequirement in asked:
            self.read_bodies()
        if AppointmentRequirement in asked:
            for until, key, *said in self.governed(_APPOINTMENTS):
                fact = AppointmentFact(*said)
                if self.has_ended(until):
                    self.ended[key].add(fact.office)
                else:
                    self.appointments[key].append(fact)
        if FundingRequirement in asked:
            for ends_on, key, *said in self.governed(_FUNDING):
                lines = self.funding.setdefault(key, [])
                if ends_on >= self.day:
                    lines.append(FundingFact(*said))

    def governed(self, query: CompiledQuery) -> Iterator[list[Any]]:
        """The rows of one of the statements below: the end, the key of the subject, what else it selects."""
        workspace = self.workspace.pk if self.workspace else None
        about = {"workspace": workspace, "perimeters": list(self.perimeters), "hubs": list(self.hubs), "day": self.day}
        for until, perimeter, hub, *said in query.rows(**about):
            yield [until, self.perimeters[perimeter] if perimeter else self.hubs[hub], *said]

    def read_bodies(self) -> None:
        rows = list(self.governed(_BODIES))
        seats: defaultdict[int, list[SeatFact]] = defaultdict(list)
        had_seats = set()
        for until, body, name, kind, *said in (
            _SEATS.rows(bodies=[row[2] for row in rows], day=self.day) if rows else ()
        ):
            seat = SeatFact(*said)
            if self.has_ended(until):
                had_seats.add(body)
                continue
            if seat.organisation is not None:
                self.named.setdefault(seat.organisation, OrganisationFact(seat.organisation, name, kind))
            seats[body].append(seat)
        for until, key, pk, kind, name, form, has_capital, after_call, last, sha in rows:
            if self.has_ended(until):
                self.ended[key].add(kind)
                continue
            theirs, left = tuple(seats[pk]), pk in had_seats and not seats[pk]
            fact = BodyFact(pk, kind, name, form, has_capital, after_call, theirs, last, sha, left)
            self.bodies[key].append(fact)

    def has_ended(self, until: datetime.date | None) -> bool:
        """Whether the first day without it has come."""
        return until is not None and until <= self.day


_DAY = QueryParameter("day", DateField())
_BEGUN = Q(since=None) | Q(since__lte=_DAY)


def _governed(model: type[Governed], begun: Q) -> "QuerySet[Any, Any]":
    """What is declared of these perimeters and hubs, that has begun by that day and that the workspace sees."""
    integers = ArrayField(BigIntegerField())
    about = Q(AnyOf("perimeter", QueryParameter("perimeters", integers))) | Q(
        AnyOf("hub", QueryParameter("hubs", integers))
    )
    seen = Q(public=True) | Q(workspace=QueryParameter("workspace", BigIntegerField()))
    rows = model._default_manager.filter(about, seen, begun).order_by("pk")
    return rows.annotate(sha256=Coalesce("document__sha256", Value("")))


_BODIES = CompiledQuery(
    lambda: (
        _governed(Body, _BEGUN)
        .annotate(last=Max("meetings__held_on", filter=Q(meetings__held_on__lte=_DAY)))
        .values_list(
            *("until", "perimeter_id", "hub_id", "pk", "kind", "name", "legal_form", "has_capital", "after_call"),
            "last",
            "sha256",
        )
    )
)
_SEATS = CompiledQuery(
    lambda: (
        Seat.objects.filter(_BEGUN, AnyOf("body", QueryParameter("bodies", ArrayField(BigIntegerField()))))
        .order_by("pk")
        .values_list(
            *("until", "body_id", "organisation__name", "organisation__kind"),
            *("actor_class", "role", "votes", "capital_share", "organisation_id"),
        )
    )
)
_APPOINTMENTS = CompiledQuery(
    lambda: _governed(Appointment, _BEGUN).values_list(
        *("until", "perimeter_id", "hub_id", "pk", "office", "act", "since"),
        *("appointed_by__name", "appointed_by__kind", "is_entrepreneur", "sha256"),
    )
)
_FUNDING = CompiledQuery(
    lambda: _governed(FundingLine, Q(starts_on__lte=_DAY)).values_list(
        *("ends_on", "perimeter_id", "hub_id", "pk", "level", "purpose", "amount", "source", "sha256")
    )
)
