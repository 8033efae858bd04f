"""Figures as they are retained: computed, declared by some, published by others."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, CharField, DateField, OuterRef, Q, QuerySet

from totem.core.compiled_queries import AnyOf, CompiledQuery, QueryParameter
from totem.core.measures import Combine, Figure, combined
from totem.hubs.queries import planned_areas
from totem.hubs.subjects import hubs_inside
from totem.labels.charters.format import PeriodKind
from totem.labels.evidence.indicators import Figured
from totem.labels.judging import months_before
from totem.labels.judging.facts import MISSING, Evidence, Hold, Known, Plan, Source
from totem.labels.models import ObservationVersion, Reading, Retention
from totem.labels.subjects import Subject
from totem.premises.queries import FIGURES, PremisesRows, forecast_of, premises_figures, read_premises
from totem.territories.models import Document, Workspace

HUB_AREA = "hub_area"
SHOWN = 12  # buildings that a figure names
READING_LASTS_MONTHS = 3  # a figure that was computed longer ago has to be computed again


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


_KEYS = QueryParameter("keys", ArrayField(CharField()))
_NAMES = QueryParameter("names", ArrayField(CharField()))


def _observed() -> "QuerySet[Any, Any]":
    """The latest version of every observation, with the sums of its documents."""
    through = ObservationVersion.documents.through.objects.filter(observationversion=OuterRef(OuterRef("pk")))
    sums = Document.objects.filter(pk__in=through.values("document")).order_by("pk").values("sha256")
    seen = Q(observation__public=True) | Q(observation__workspace=QueryParameter("workspace", BigIntegerField()))
    return (
        ObservationVersion.objects.filter(
            seen, AnyOf("observation__subject", _KEYS), AnyOf("observation__indicator", _NAMES)
        )
        .order_by("observation_id", "-number")
        .distinct("observation_id")
        .values_list(
            *("observation_id", "observation__subject", "observation__indicator", "observation__workspace_id"),
            *("observation__public", "number", "value", "unavailable", "starts_on", "ends_on", "source", "mode"),
            *("valid_until", "withdrawn", "confidence"),
            ArraySubquery(sums),
        )
    )


_OBSERVED = CompiledQuery(_observed)
_RETAINED = CompiledQuery(
    lambda: (
        Retention.objects.filter(AnyOf("subject", _KEYS), AnyOf("indicator", _NAMES))
        .chosen()
        .values_list("workspace_id", "subject", "indicator", "observation_id", "automatic")
    )
)
_COMPUTED = CompiledQuery(
    lambda: (
        Reading.objects.filter(
            AnyOf("subject", _KEYS), AnyOf("name", _NAMES), day__lte=QueryParameter("day", DateField())
        )
        .order_by("subject", "name", "period", "-day")
        .distinct("subject", "name", "period")
        .values_list("subject", "name", "period", "day", "value", "low", "high")
    )
)


def read_observations(names: Collection[str], keys: Collection[str], workspace: Workspace | None) -> list[Declared]:
    """The latest version of every observation of these figures that the workspace sees, those withdrawn left out."""
    rows = _OBSERVED.rows(names=list(names), keys=list(keys), workspace=workspace.pk if workspace else None)
    return [declared for row in rows if not (declared := Declared(*row)).withdrawn]


class Retained(NamedTuple):
    """What a workspace retains of a figure: an observation, or (None) what is computed."""

    observation: int | None
    automatic: bool


def read_retentions(names: Collection[str], keys: Collection[str]) -> dict[tuple[int, str, str], Retained]:
    """What each workspace retains of these figures, by workspace, subject and indicator."""
    rows = _RETAINED.rows(names=list(names), keys=list(keys))
    return {(workspace, key, name): Retained(*said) for workspace, key, name, *said in rows}


def read_readings(
    figures: dict[str, Figured], keys: Collection[str], day: datetime.date
) -> dict[tuple[str, str], Known]:
    """The last reading of each computed figure by that day, by subject and indicator."""
    wanted = {(one.measure.name, str(one.period)): one for one in figures.values() if one.measure is not None}
    rows = _COMPUTED.rows(keys=list(keys), names=[name for name, _period in wanted], day=day)
    oldest = months_before(day, READING_LASTS_MONTHS)
    found = {}
    for key, name, period, read_on, value, low, high in rows:
        figured = wanted.get((name, period))
        if figured is not None and (value is not None or low is not None):
            seen = Evidence(Source.COMPUTED, str(figured.label), on=read_on, source=name)
            hold = Hold.STALE if read_on < oldest else Hold.KNOWN
            found[key, figured.name] = Known(hold, value, low, high, on=read_on, evidence=(seen,))
    return found


def read_figures(
    figures: dict[str, Figured],
    subjects: Sequence[Subject],
    day: datetime.date,
    workspace: Workspace | None,
    holder: Workspace | None = None,
) -> dict[str, dict[str, Known]]:
    """Each figure of each subject as it is retained, by subject and name; for the public, by the `holder` first."""
    choosing = choosing_among(figures, subjects, day, workspace)
    choosing.holder = workspace or holder
    return {
        subject.key: {name: choosing.figure(subject.key, name, subject.parts) for name in figures}
        for subject in subjects
    }


def choosing_among(
    figures: dict[str, Figured], subjects: Sequence[Subject], day: datetime.date, workspace: Workspace | None
) -> "Choosing":
    """All that is computed, declared and retained of these figures, about these subjects and their parts."""
    keys = {key for subject in subjects for key in (subject.key, *subject.parts)}
    choosing = Choosing(figures, day, workspace, workspace)
    for declared in read_observations(figures.keys(), keys, workspace):
        choosing.declared[declared.subject, declared.indicator].append(declared)
    choosing.retained = read_retentions(figures.keys(), keys)
    choosing.computed = read_readings(figures, keys, day) | _premises(figures, subjects, day, workspace)
    choosing.computed |= _with_zones_to_come(choosing.computed, figures, subjects, day)
    return choosing


def _with_zones_to_come(
    computed: dict[tuple[str, str], Known], figures: dict[str, Figured], subjects: Sequence[Subject], day: datetime.date
) -> dict[tuple[str, str], Known]:
    """The areas of hubs, with the zones that they plan to open."""
    name = next((one.name for one in figures.values() if one.measure is not None and one.measure.name == HUB_AREA), "")
    planning = [subject for subject in subjects if (subject.key, name) in computed]
    if not planning:
        return {}
    hubs = {key: {hub.pk for hub in inside} for key, inside in hubs_inside(planning).items()}
    coming = planned_areas(set().union(*hubs.values()), day)
    return {
        (key, name): msgspec.structs.replace(
            computed[key, name], plans=tuple(Plan(zone.day, zone.m2) for zone in coming if zone.hub in inside)
        )
        for key, inside in hubs.items()
    }


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
                if measure.name == "usable_area":
                    seen = known.evidence + _buildings(rows, day)
                    known = msgspec.structs.replace(known, plans=plans, evidence=seen)
                found[subject.key, name] = known
    return found


def _buildings(rows: PremisesRows, day: datetime.date) -> tuple[Evidence, ...]:
    """The buildings of which some m² are delivered, the largest first."""
    delivered = [(building.delivered_m2(day), building) for building in rows.inside if building.stands(day)]
    delivered.sort(key=lambda one: (-one[0], one[1].pk))
    return tuple(
        Evidence(Source.BUILDING, building.name, building.pk, f"{m2.normalize():f} m²", day)
        for m2, building in delivered[:SHOWN]
    )


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
    holder: Workspace | None = None  # whose choice counts first: the workspace, or whose public board is read
    declared: defaultdict[tuple[str, str], list[Declared]] = field(default_factory=lambda: defaultdict(list))
    computed: dict[tuple[str, str], Known] = field(default_factory=dict)
    retained: dict[tuple[int, str, str], Retained] = field(default_factory=dict)

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
        mine = self.retained.get((self.holder.pk, key, name)) if self.holder is not None else None
        chosen = by_id.get(mine.observation or 0) if mine is not None else None
        if self.workspace is None and mine is not None and mine.observation is not None and chosen is None:
            mine = None  # what its team keeps to itself is as if nobody had chosen it
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
        """What other workspaces retain and publish of a figure: one row for each value that differs.

        A value goes before « not available », one that holds before a stale one, the last period before others.
        """
        figured = self.figures[name]
        rows = [row for row in by_id.values() if row.public and self._is_retained(row, key, name)]
        rows = _first(rows, lambda row: row.value is not None)
        rows = _first(rows, lambda row: not row.is_stale(figured, self.day))
        if figured.period is not PeriodKind.DAY:
            last = max((row.ends_on for row in rows), default=None)
            rows = [row for row in rows if row.ends_on == last]
        return list({(row.value, row.unavailable): row for row in reversed(rows)}.values())

    def _is_retained(self, row: Declared, key: str, name: str) -> bool:
        theirs = self.retained.get((row.workspace, key, name))
        return theirs is not None and theirs.observation == row.observation

    def together(self, name: str, parts: Sequence[Known]) -> Known:
        """The figures of several places as one; what is missing leaves the whole open."""
        usable = [part for part in parts if part.hold is Hold.KNOWN]
        if not usable:
            return next((part for part in parts if part.hold is not Hold.MISSING), MISSING)
        figured = self.figures[name]
        if figured.combine is Combine.RATIO:
            return MISSING if len(parts) > 1 else usable[0]
        figure = _combined(figured.combine, [_as_figure(part) for part in usable])
        low, _high = figure.bounds
        seen = tuple(item for part in usable for item in part.evidence)
        settled = figured.combine is Combine.ANY and low == 1  # whatever the others say
        if len(usable) == len(parts) or settled:
            return Known(Hold.KNOWN, figure.value, figure.low, figure.high, on=self.day, evidence=seen)
        return Known(Hold.KNOWN, None, low, None, on=self.day, evidence=seen)


def _first(rows: list[Declared], wanted: Callable[[Declared], bool]) -> list[Declared]:
    """Those that are wanted, or all of them where none is."""
    return [row for row in rows if wanted(row)] or rows


def _combined(combine: Combine, figures: list[Figure]) -> Figure:
    """Several figures as one. Of distinct things only their numbers are known here: they may be the same ones."""
    if combine is not Combine.UNION:
        return combined(combine, figures)
    bounds = [figure.bounds for figure in figures]
    highs = [high for _low, high in bounds if high is not None]
    low = max(low for low, _high in bounds if low is not None)
    return Figure.between(low, sum(highs, Decimal(0)) if len(highs) == len(bounds) else None)


def _as_figure(known: Known) -> Figure:
    return Figure(known.value, low=known.low, high=known.high)
