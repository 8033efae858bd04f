"""Reading everything that is known of one subject or of many, in a number of queries that depends on neither.

What a workspace sees is its own and what is published; the public (no workspace) sees what is published.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Max, OuterRef, Q, QuerySet

from totem.core.measures import Combine, Figure, combined
from totem.labels.charter import (
    AppointmentRequirement,
    BodyRequirement,
    Charter,
    FundingRequirement,
    OrganisationsRequirement,
    Requirement,
)
from totem.labels.facts import (
    MISSING,
    AppointmentFact,
    BodyFact,
    Bounds,
    Evidence,
    Facts,
    FundingFact,
    Hold,
    JudgementFact,
    Known,
    Organisation,
    Plan,
    Role,
    SeatFact,
    Source,
    Year,
)
from totem.labels.indicators import Figured, figures_of
from totem.labels.judge import months_before
from totem.labels.models import (
    Appointment,
    Board,
    Body,
    CharterVersion,
    FundingLine,
    Judgement,
    Observation,
    ObservationVersion,
    Reading,
    Retention,
    Seat,
)
from totem.labels.subjects import Subject
from totem.organisations.queries import organisations_inside, relations_inside, year_figures_of
from totem.premises.queries import FIGURES, forecast_of, premises_figures, read_premises
from totem.territories.models import Document, Workspace

READING_LASTS_MONTHS = 3  # a figure that was computed longer ago has to be computed again


def gather(
    charter: Charter,
    subjects: Sequence[Subject],
    day: datetime.date,
    *,
    workspace: Workspace | None,
    board: Board | None = None,
    version: CharterVersion | None = None,
) -> list[Facts]:
    """What is known of each subject on that day, for this charter, as a workspace sees it.

    The judgements are those of the board on that version of the charter.
    """
    asked = _Asked.of(charter)
    figures = figures_of(charter)
    known = read_figures(figures, subjects, day, workspace)
    people = _People(asked, subjects, day, workspace)
    judgements = _judgements(board, version)
    return [
        Facts(
            subject.key,
            subject.name,
            day,
            figures=known[subject.key],
            organisations=people.organisations_of(subject),
            roles=tuple(people.roles[subject.key]),
            bodies=tuple(people.bodies[subject.key]),
            appointments=tuple(people.appointments[subject.key]),
            funding=people.funding_of(subject),
            judgements=judgements,
            bounds=_bounds(subject),
        )
        for subject in subjects
    ]


def _bounds(subject: Subject) -> Bounds | None:
    place = subject.place
    if subject.hub is not None:
        return None
    return Bounds(bool(place.communes or place.polygon), place.polygon is not None, place.area_km2)


def _judgements(board: Board | None, version: CharterVersion | None) -> dict[str, JudgementFact]:
    if board is None or version is None:
        return {}
    rows = Judgement.objects.filter(board=board, charter_version=version).order_by("requirement", "-pk")
    return {
        row.requirement: JudgementFact(row.pk, row.verdict == Judgement.Verdict.MET, row.made_at.date(), row.reason)
        for row in rows.distinct("requirement")
    }


# -- Figures ----------------------------------------------------------------------------------------------------------


class Declared(msgspec.Struct, frozen=True):
    """The latest version of an observation, as plain values."""

    observation: int
    subject: str
    indicator: str
    workspace: int
    public: bool
    number: int
    value: Decimal | None
    unavailable: str
    starts_on: datetime.date | None
    ends_on: datetime.date
    source: str
    mode: str
    valid_until: datetime.date | None
    withdrawn: bool
    confidence: str
    sha256: list[str]

    def known(self, figured: Figured, day: datetime.date) -> Known:
        """The figure it declares; stale beyond its validity, or beyond that of the indicator."""
        seen = Evidence(
            Source.OBSERVATION, str(figured.label), self.observation, self.source, self.ends_on, tuple(self.sha256)
        )
        if self.value is None:
            return Known(Hold.UNAVAILABLE, on=self.ends_on, reason=self.unavailable, evidence=(seen,))
        hold = Hold.STALE if self.is_stale(figured, day) else Hold.KNOWN
        return Known(hold, self.value, on=self.ends_on, mode=self.mode, evidence=(seen,))

    def is_stale(self, figured: Figured, day: datetime.date) -> bool:
        if self.valid_until is not None:
            return self.valid_until < day
        months = figured.validity_months
        return months is not None and self.ends_on < months_before(day, months)


def read_observations(names: Collection[str], keys: Collection[str], workspace: Workspace | None) -> list[Declared]:
    """The latest version of every observation of these figures that the workspace sees, those withdrawn left out."""
    sums = Document.objects.filter(pk__in=_documents_of(OuterRef("pk"))).order_by("pk").values("sha256")
    seen = Observation.objects.seen_from(workspace).filter(subject__in=keys, indicator__in=names)
    rows = (
        ObservationVersion.objects.filter(observation__in=seen)
        .order_by("observation", "-number")
        .distinct("observation")
        .values_list(
            *("observation_id", "observation__subject", "observation__indicator", "observation__workspace_id"),
            *("observation__public", "number", "value", "unavailable", "starts_on", "ends_on", "source", "mode"),
            *("valid_until", "withdrawn", "confidence"),
            ArraySubquery(sums),
        )
    )
    return [declared for row in rows if not (declared := Declared(*row)).withdrawn]


def _documents_of(version: OuterRef) -> QuerySet[Any, Any]:
    through = ObservationVersion.documents.through
    return through.objects.filter(observationversion=version).values("document")


def read_retentions(names: Collection[str], keys: Collection[str]) -> dict[tuple[int, str, str], Retention]:
    """What each workspace retains of these figures, by workspace, subject and indicator."""
    rows = Retention.objects.filter(subject__in=keys, indicator__in=names).chosen()
    return {(row.workspace_id, row.subject, row.indicator): row for row in rows}


def read_readings(
    figures: dict[str, Figured], keys: Collection[str], day: datetime.date
) -> dict[tuple[str, str], Reading]:
    """The last reading of each computed figure by that day, by subject and indicator."""
    wanted = {(one.measure.name, str(one.period)): one.name for one in figures.values() if one.measure is not None}
    rows = (
        Reading.objects.filter(subject__in=keys, name__in=[name for name, _period in wanted], day__lte=day)
        .order_by("subject", "name", "period", "-day")
        .distinct("subject", "name", "period")
    )
    return {
        (row.subject, wanted[row.name, row.period]): row
        for row in rows.defer("ids")
        if (row.name, row.period) in wanted
    }


def read_figures(
    figures: dict[str, Figured], subjects: Sequence[Subject], day: datetime.date, workspace: Workspace | None
) -> dict[str, dict[str, Known]]:
    """Each figure of each subject as it is retained, by subject and name."""
    choosing = choosing_among(figures, subjects, day, workspace)
    return {
        subject.key: {name: choosing.figure(subject.key, name, subject.parts) for name in figures}
        for subject in subjects
    }


def choosing_among(
    figures: dict[str, Figured], subjects: Sequence[Subject], day: datetime.date, workspace: Workspace | None
) -> "Choosing":
    """All that is computed, declared and retained of these figures, about these subjects and their parts."""
    keys = {key for subject in subjects for key in (subject.key, *subject.parts)}
    choosing = Choosing(figures, day, workspace)
    for declared in read_observations(figures.keys(), keys, workspace):
        choosing.declared[declared.subject, declared.indicator].append(declared)
    choosing.retained = read_retentions(figures.keys(), keys)
    for (key, name), reading in read_readings(figures, keys, day).items():
        choosing.computed[key, name] = _of_reading(figures[name], reading, day)
    choosing.computed.update(_premises(figures, subjects, day, workspace))
    return choosing


def _of_reading(figured: Figured, row: Reading, day: datetime.date) -> Known:
    if row.value is None and row.low is None:
        return MISSING
    hold = Hold.STALE if row.day < months_before(day, READING_LASTS_MONTHS) else Hold.KNOWN
    seen = Evidence(Source.COMPUTED, str(figured.label), on=row.day, source=row.name)
    return Known(hold, row.value, row.low, row.high, on=row.day, evidence=(seen,))


def _premises(
    figures: dict[str, Figured], subjects: Sequence[Subject], day: datetime.date, workspace: Workspace | None
) -> dict[tuple[str, str], Known]:
    """Figures of buildings, computed at once: the workspace's own buildings count for it before they are published."""
    names = [one.name for one in figures.values() if one.measure is not None and one.measure.name in FIGURES]
    if not names:
        return {}
    found = {}
    rows_of = read_premises([subject.place for subject in subjects], workspace)
    for subject in subjects:
        rows = rows_of[subject.place.key]
        computed = premises_figures(rows, day) if rows else {}
        plans = tuple(Plan(coming.on, coming.m2) for coming in forecast_of(rows, day)) if rows else ()
        for name in names:
            measure = figures[name].measure
            if measure is not None and measure.name in computed:
                known = _of_figure(figures[name], computed[measure.name], day)
                found[subject.key, name] = (
                    msgspec.structs.replace(known, plans=plans) if measure.name == "usable_area" else known
                )
    return found


def _of_figure(figured: Figured, figure: Figure, day: datetime.date) -> Known:
    low, _high = figure.bounds
    if low is None:
        return MISSING
    seen = Evidence(Source.COMPUTED, str(figured.label), on=day, source=figured.measure.name if figured.measure else "")
    return Known(Hold.KNOWN, figure.value, figure.low, figure.high, on=day, evidence=(seen,))


@dataclass
class Choosing:
    """Which figure counts where several say something."""

    figures: dict[str, Figured]
    day: datetime.date
    workspace: Workspace | None
    declared: defaultdict[tuple[str, str], list[Declared]] = field(default_factory=lambda: defaultdict(list))
    computed: dict[tuple[str, str], Known] = field(default_factory=dict)
    retained: dict[tuple[int, str, str], Retention] = field(default_factory=dict)

    def figure(self, key: str, name: str, parts: Sequence[str]) -> Known:
        """The figure of a subject; of one made of several, theirs together where it has none of its own."""
        own = self.own(key, name)
        if own.hold is not Hold.MISSING or not parts:
            return own
        return self.together(name, [self.own(part, name) for part in parts])

    def own(self, key: str, name: str) -> Known:
        """In this order: what the workspace chose, what is exactly computed, the only one it declared, what others
        publish, a computed interval.
        """
        figured, computed = self.figures[name], self.computed.get((key, name), MISSING)
        by_id = {row.observation: row for row in self.declared[key, name] if row.ends_on <= self.day}
        mine = self.retained.get((self.workspace.pk, key, name)) if self.workspace is not None else None
        chosen = by_id.get(mine.observation_id or 0) if mine is not None else None
        exact = computed.hold is Hold.KNOWN and computed.value is not None
        if mine is not None and not mine.automatic:
            return chosen.known(figured, self.day) if chosen else computed
        if exact:
            return computed
        if chosen is not None:
            return chosen.known(figured, self.day)
        published = self.published(key, name, by_id)
        if len(published) > 1:
            seen = tuple(row.known(figured, self.day).evidence[0] for row in published)
            return Known(Hold.CONTRADICTED, evidence=seen)
        if published:
            return published[0].known(figured, self.day)
        return computed

    def published(self, key: str, name: str, by_id: dict[int, Declared]) -> list[Declared]:
        """What other workspaces retain and publish of a figure: one row for each value that differs."""
        values: dict[tuple[Decimal | None, str], Declared] = {}
        for row in by_id.values():
            theirs = self.retained.get((row.workspace, key, name))
            if row.public and theirs is not None and theirs.observation_id == row.observation:
                values.setdefault((row.value, row.unavailable), row)
        return list(values.values())

    def together(self, name: str, parts: Sequence[Known]) -> Known:
        """The figures of several places as one; what is missing leaves the whole open."""
        usable = [part for part in parts if part.hold is Hold.KNOWN]
        if not usable:
            return next((part for part in parts if part.hold is not Hold.MISSING), MISSING)
        figured = self.figures[name]
        if figured.combine is Combine.RATIO:
            return MISSING if len(parts) > 1 else usable[0]
        figure = combined(figured.combine, [_as_figure(part) for part in usable])
        low, _high = figure.bounds
        seen = tuple(item for part in usable for item in part.evidence)
        if len(usable) == len(parts):
            return Known(Hold.KNOWN, figure.value, figure.low, figure.high, on=self.day, evidence=seen)
        return Known(Hold.KNOWN, None, low, None, on=self.day, evidence=seen)


def _as_figure(known: Known) -> Figure:
    return Figure(known.value, low=known.low, high=known.high)


# -- Organisations, bodies, offices, money ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """What a charter asks of organisations, bodies, offices and money: the rest is not read."""

    roles: bool
    located_kinds: frozenset[str]
    years: bool
    bodies: bool
    appointments: bool
    funding: bool

    @classmethod
    def of(cls, charter: Charter) -> "_Asked":
        all_of = list(charter.requirements())
        organisations = [one for one in all_of if isinstance(one, OrganisationsRequirement)]
        bodies = [one for one in all_of if isinstance(one, BodyRequirement)]
        return cls(
            roles=any(one.roles or one.also_roles for one in organisations),
            located_kinds=frozenset(kind for one in organisations if not one.roles for kind in one.kinds),
            years=any(one.where for one in organisations) or any(s.where for one in bodies for s in one.seats),
            bodies=bool(bodies),
            appointments=_any(all_of, AppointmentRequirement),
            funding=_any(all_of, FundingRequirement),
        )


def _any(requirements: Iterable[Requirement], kind: type) -> bool:
    return any(isinstance(requirement, kind) for requirement in requirements)


class _People:
    """Who does what in each subject, read once for all of them."""

    def __init__(
        self, asked: _Asked, subjects: Sequence[Subject], day: datetime.date, workspace: Workspace | None
    ) -> None:
        self.subjects, self.day, self.workspace = subjects, day, workspace
        self.named: dict[int, Organisation] = {}
        self.roles: defaultdict[str, list[Role]] = defaultdict(list)
        self.bodies: defaultdict[str, list[BodyFact]] = defaultdict(list)
        self.appointments: defaultdict[str, list[AppointmentFact]] = defaultdict(list)
        self.funding: defaultdict[str, list[FundingFact]] = defaultdict(list)
        self.at_commune: defaultdict[str, list[str]] = defaultdict(list)
        self.at: dict[tuple[str, int | None], str] = {}
        self.years: defaultdict[int, list[Year]] = defaultdict(list)
        for subject in subjects:
            for code in subject.place.whole:
                self.at_commune[code].append(subject.key)
            self.at["perimeter", subject.perimeter] = subject.key
            self.at["hub", subject.hub] = subject.key
        if asked.roles:
            self.read_roles()
        if asked.located_kinds:
            self.read_located(asked.located_kinds)
        if asked.bodies:
            self.read_bodies()
        if asked.appointments:
            self.read_appointments()
        if asked.funding:
            self.read_funding()
        if asked.years:
            self.read_years()

    def organisations_of(self, subject: Subject) -> tuple[Organisation, ...]:
        """Those that play a role in the subject or sit in one of its bodies, in order."""
        ids = {role.organisation for role in self.roles[subject.key]}
        ids |= {seat.organisation for body in self.bodies[subject.key] for seat in body.seats if seat.organisation}
        return tuple(msgspec.structs.replace(self.named[pk], years=tuple(self.years[pk])) for pk in sorted(ids))

    def funding_of(self, subject: Subject) -> tuple[FundingFact, ...] | None:
        lines = self.funding.get(subject.key)
        return tuple(lines) if lines else None

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
        for row in relations_inside(self.communes, perimeters, self.workspace, self.day):
            self.named[row.organisation_id] = Organisation(row.organisation_id, row.name, row.organisation_kind)
            role = Role(
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
            for key in self.places(row.at_perimeter, row.at_commune):
                self.roles[key].append(role)

    def read_located(self, kinds: frozenset[str]) -> None:
        for row in organisations_inside(self.communes, kinds):
            self.named.setdefault(row.id, Organisation(row.id, row.name, row.kind))
            for key in self.places(None, row.commune):
                self.roles[key].append(Role(row.id))

    def read_years(self) -> None:
        for row in year_figures_of(list(self.named), self.workspace, self.day):
            self.years[row.organisation_id].append(
                Year(
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

    def about(self) -> Q:
        perimeters = [subject.perimeter for subject in self.subjects if subject.perimeter is not None]
        hubs = [subject.hub for subject in self.subjects if subject.hub is not None]
        return Q(perimeter__in=perimeters) | Q(hub__in=hubs)

    def key_of(self, row: Body | Appointment | FundingLine) -> str:
        return self.at["perimeter", row.perimeter_id] if row.perimeter_id else self.at["hub", row.hub_id]

    def in_force(self, prefix: str = "") -> Q:
        begun = Q(**{f"{prefix}since": None}) | Q(**{f"{prefix}since__lte": self.day})
        return begun & (Q(**{f"{prefix}until": None}) | Q(**{f"{prefix}until__gt": self.day}))

    def read_bodies(self) -> None:
        bodies = (
            Body.objects.seen_from(self.workspace)
            .filter(self.about(), self.in_force())
            .annotate(
                last=Max("meetings__held_on", filter=Q(meetings__held_on__lte=self.day)), sha=F("document__sha256")
            )
        )
        seats: defaultdict[int, list[SeatFact]] = defaultdict(list)
        for seat in Seat.objects.filter(self.in_force(), body__in=bodies).select_related("organisation"):
            if seat.organisation is not None:
                named = Organisation(seat.organisation.pk, seat.organisation.name, seat.organisation.kind)
                self.named.setdefault(named.id, named)
            seats[seat.body_id].append(
                SeatFact(seat.actor_class, seat.role, seat.votes, seat.capital_share, seat.organisation_id)
            )
        for body in bodies:
            fact = BodyFact(
                body.pk,
                body.kind,
                body.name,
                body.legal_form,
                body.has_capital,
                body.after_call,
                tuple(seats[body.pk]),
                body.last,
                body.sha or "",
            )
            self.bodies[self.key_of(body)].append(fact)

    def read_appointments(self) -> None:
        rows = Appointment.objects.seen_from(self.workspace).filter(self.about(), self.in_force())
        for row in rows.select_related("appointed_by", "document"):
            fact = AppointmentFact(
                row.pk,
                row.office,
                row.act,
                row.since,
                row.appointed_by.name,
                row.appointed_by.kind,
                row.is_entrepreneur,
                row.document.sha256 if row.document else "",
            )
            self.appointments[self.key_of(row)].append(fact)

    def read_funding(self) -> None:
        rows = FundingLine.objects.seen_from(self.workspace).filter(
            self.about(), starts_on__lte=self.day, ends_on__gte=self.day
        )
        for row in rows.select_related("document"):
            sha = row.document.sha256 if row.document else ""
            fact = FundingFact(row.pk, row.level, row.purpose, row.amount, row.source, sha)
            self.funding[self.key_of(row)].append(fact)


EVERYWHERE = 20_000  # communes: beyond that a list of them costs more than it spares
