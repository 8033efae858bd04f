"""Which figure counts: what is computed, declared here, published by others, and what a workspace chose among them.

The rule, once, in this order: what somebody chose, as long as the choice holds; then the first that can be used of what
is computed exactly, what the workspace declares, what others publish, a computed interval; then what was said not to be
available; then what is out of date. So nothing stale ever hides what is not. A choice ends when what it chose is
withdrawn, out of date, hidden, or says another value or day than when it was chosen.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, CharField, DateField, OuterRef, Q, QuerySet, Subquery

from totem.core.compiled_queries import AnyOf, CompiledQuery, QueryParameter
from totem.core.measures import Figure
from totem.hubs.queries import planned_areas
from totem.hubs.subjects import hubs_inside
from totem.labels.charters.format import PeriodKind
from totem.labels.figures import (
    MISSING,
    Evidence,
    EvidenceKind,
    FigureDefinition,
    FigureState,
    KnownFigure,
    PlannedAmount,
    known_figure,
    together,
)
from totem.labels.models import ObservationVersion, Reading, Retention
from totem.labels.subjects import Subject
from totem.premises.figures import FIGURES, forecast_of, premises_figures
from totem.premises.queries import PremisesRows, read_premises
from totem.territories.models import Document, Workspace

HUB_AREA = "hub_area"
SHOWN = 12  # buildings that a figure names


class Declaration(msgspec.Struct, frozen=True):
    """The latest version of an observation, as plain values."""

    observation: int
    subject: str
    indicator: str
    workspace: int
    workspace_name: str
    public: bool
    value: Decimal | None
    unavailable: str
    starts_on: datetime.date | None
    ends_on: datetime.date
    source: str
    mode: str
    valid_until: datetime.date | None
    withdrawn: bool
    confidence: str
    written_at: datetime.datetime
    sha256: list[str]

    def known(self, definition: FigureDefinition, day: datetime.date) -> KnownFigure:
        """The figure it declares; stale beyond its validity, or beyond that of the indicator."""
        seen = Evidence(
            EvidenceKind.OBSERVATION,
            str(definition.label),
            self.observation,
            self.source,
            self.ends_on,
            tuple(self.sha256),
        )
        if self.value is None:
            return KnownFigure(FigureState.UNAVAILABLE, on=self.ends_on, reason=self.unavailable, evidence=(seen,))
        state = FigureState.STALE if self.is_stale(definition, day) else FigureState.KNOWN
        until = self.valid_until
        return KnownFigure(state, self.value, on=self.ends_on, mode=self.mode, evidence=(seen,), until=until)

    def is_stale(self, definition: FigureDefinition, day: datetime.date) -> bool:
        until = holds_until(definition, self)
        return until is not None and until < day


def holds_until(definition: FigureDefinition, declared: Declaration | ObservationVersion) -> datetime.date | None:
    """The last day on which what was declared counts: as it says, else by the charter; None where it always does."""
    return declared.valid_until or definition.lasts_until(declared.ends_on)


class RetainedChoice(NamedTuple):
    """What a workspace retains of a figure: an observation, or (None) what is computed; what it said then, and when."""

    observation: int | None
    automatic: bool
    made_at: datetime.datetime
    value: Decimal | None
    ends_on: datetime.date | None

    def is_replaced_by(self, row: Declaration) -> bool:
        """Whether the observation says another value or day than when somebody chose it."""
        said = (self.value, self.ends_on)
        return not self.automatic and self.ends_on is not None and (row.value, row.ends_on) != said


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
            *("observation__workspace__name", "observation__public", "value", "unavailable", "starts_on", "ends_on"),
            *("source", "mode", "valid_until", "withdrawn", "confidence", "written_at"),
            ArraySubquery(sums),
        )
    )


_OBSERVED = CompiledQuery(_observed)


def _retained() -> "QuerySet[Any, Any]":
    """The last choice of each workspace and figure, with what the observation said when it was chosen."""
    said = ObservationVersion.objects.filter(
        observation=OuterRef("observation"), written_at__lte=OuterRef("made_at")
    ).order_by("-number")
    return (
        Retention.objects.filter(AnyOf("subject", _KEYS), AnyOf("indicator", _NAMES))
        .chosen()
        .values_list(
            *("workspace_id", "subject", "indicator", "observation_id", "automatic", "made_at"),
            Subquery(said.values("value")[:1]),
            Subquery(said.values("ends_on")[:1]),
        )
    )


_RETAINED = CompiledQuery(_retained)
_COMPUTED = CompiledQuery(
    lambda: (
        Reading.objects.filter(
            AnyOf("subject", _KEYS), AnyOf("name", _NAMES), day__lte=QueryParameter("day", DateField())
        )
        .order_by("subject", "name", "period", "-day")
        .distinct("subject", "name", "period")
        .values_list("subject", "name", "period", "day", "value", "low", "high", "data_on", "parameters")
    )
)


def _readings(
    figures: dict[str, FigureDefinition], keys: list[str], day: datetime.date
) -> dict[tuple[str, str], KnownFigure]:
    """The last reading of each computed figure by that day, by subject and indicator."""
    wanted = {(one.measure.name, str(one.period)): one for one in figures.values() if one.measure is not None}
    rows = _COMPUTED.rows(keys=keys, names=[name for name, _period in wanted], day=day)
    found = {}
    for key, name, period, read_on, value, low, high, data_on, parameters in rows:
        figured = wanted.get((name, period))
        if figured is not None:
            on = data_on or read_on  # a figure is of the day of its data, not of that of its computation
            seen = Evidence(EvidenceKind.COMPUTED, str(figured.label), on=on, source=name, parameters=parameters)
            lasts = (figured.lasts_until(read_on, computed=True), figured.lasts_until(on))
            is_stale = any(until is not None and until < day for until in lasts)
            figure = Figure(value, low=low, high=high)
            found[key, figured.name] = known_figure(figure, on=on, evidence=(seen,), is_stale=is_stale)
    return found


def read_figures(
    figures: dict[str, FigureDefinition],
    subjects: Sequence[Subject],
    day: datetime.date,
    workspace: Workspace | None,
    holder: Workspace | None = None,
) -> dict[str, dict[str, KnownFigure]]:
    """Each figure of each subject as it is retained, by subject and name; for the public, by the `holder` first."""
    choosing = choosing_among(figures, subjects, day, workspace, holder)
    return {
        subject.key: {name: choosing.figure(subject.key, name, subject.parts) for name in figures}
        for subject in subjects
    }


def choosing_among(
    figures: dict[str, FigureDefinition],
    subjects: Sequence[Subject],
    day: datetime.date,
    workspace: Workspace | None,
    holder: Workspace | None = None,
) -> "FigureChoice":
    """All that is computed, declared and retained of these figures, about these subjects and their parts."""
    keys = list({key for subject in subjects for key in (subject.key, *subject.parts)})
    choosing = FigureChoice(figures, day, workspace, workspace or holder)
    of = {"names": list(figures), "keys": keys}
    for row in _OBSERVED.rows(**of, workspace=workspace.pk if workspace else None):
        declared = Declaration(*row)
        if not declared.withdrawn:
            choosing.declared[declared.subject, declared.indicator].append(declared)
    for where, key, name, *said in _RETAINED.rows(**of):
        choosing.retained[where, key, name] = RetainedChoice(*said)
    choosing.computed = _readings(figures, keys, day) | _premises(figures, subjects, day, workspace)
    choosing.computed |= _with_zones_to_come(choosing.computed, figures, subjects, day)
    return choosing


def _with_zones_to_come(
    computed: dict[tuple[str, str], KnownFigure],
    figures: dict[str, FigureDefinition],
    subjects: Sequence[Subject],
    day: datetime.date,
) -> dict[tuple[str, str], KnownFigure]:
    """The areas of hubs, with the zones that they plan to open."""
    name = next((one.name for one in figures.values() if one.measure is not None and one.measure.name == HUB_AREA), "")
    planning = [subject for subject in subjects if (subject.key, name) in computed]
    if not planning:
        return {}
    hubs = {key: {hub.pk for hub in inside} for key, inside in hubs_inside(planning).items()}
    coming = planned_areas(set().union(*hubs.values()), day)
    return {
        (key, name): msgspec.structs.replace(
            computed[key, name], plans=tuple(PlannedAmount(zone.day, zone.m2) for zone in coming if zone.hub in inside)
        )
        for key, inside in hubs.items()
    }


def _premises(
    figures: dict[str, FigureDefinition], subjects: Sequence[Subject], day: datetime.date, workspace: Workspace | None
) -> dict[tuple[str, str], KnownFigure]:
    """Figures of buildings, computed at once: the workspace's own buildings count for it before they are published."""
    asked = {name: one.measure.name for name, one in figures.items() if one.measure and one.measure.name in FIGURES}
    if not asked:
        return {}
    found = {}
    rows_of = read_premises([subject.place for subject in subjects], workspace)
    for subject in subjects:
        rows = rows_of[subject.place.key]
        computed = premises_figures(rows, day) if rows else {}
        for name, measure in asked.items():
            if measure in computed:
                found[subject.key, name] = _of_buildings(figures[name], measure, computed[measure], rows, day)
    return found


def _of_buildings(
    definition: FigureDefinition, measure: str, figure: Figure, rows: PremisesRows, day: datetime.date
) -> KnownFigure:
    """A figure of buildings; their usable area names them, and what is planned."""
    seen: tuple[Evidence, ...] = (Evidence(EvidenceKind.COMPUTED, str(definition.label), on=day, source=measure),)
    if measure != "usable_area":
        return known_figure(figure, on=day, evidence=seen)
    known = known_figure(figure, on=day, evidence=seen + _buildings(rows, day))
    plans = tuple(PlannedAmount(coming.on, coming.m2) for coming in forecast_of(rows, day))
    return msgspec.structs.replace(known, plans=plans)


def _buildings(rows: PremisesRows, day: datetime.date) -> tuple[Evidence, ...]:
    """The buildings of which some m² are delivered, the largest first."""
    delivered = [(building.delivered_m2(day), building) for building in rows.inside if building.stands(day)]
    delivered.sort(key=lambda one: (-one[0], one[1].pk))
    return tuple(
        Evidence(EvidenceKind.BUILDING, building.name, building.pk, f"{m2.normalize():f} m²", day)
        for m2, building in delivered[:SHOWN]
    )


@dataclass
class FigureChoice:
    """Which figure counts where several say something."""

    figures: dict[str, FigureDefinition]
    day: datetime.date
    workspace: Workspace | None
    holder: Workspace | None = None  # whose choice counts first: the workspace, or whose public board is read
    declared: defaultdict[tuple[str, str], list[Declaration]] = field(default_factory=lambda: defaultdict(list))
    computed: dict[tuple[str, str], KnownFigure] = field(default_factory=dict)
    retained: dict[tuple[int, str, str], RetainedChoice] = field(default_factory=dict)

    def figure(self, key: str, name: str, parts: Sequence[str]) -> KnownFigure:
        """The figure of a subject; of one made of several, theirs together where it has none that can be used."""
        own = self.own(key, name)
        if not parts or own.state in {FigureState.KNOWN, FigureState.CONTRADICTED, FigureState.UNAVAILABLE}:
            return own
        joined = together(self.figures[name], [self.own(part, name) for part in parts], self.day)
        return joined if joined.is_known or own.state is FigureState.MISSING else own

    def own(self, key: str, name: str) -> KnownFigure:
        """The figure that counts of one subject, by the rule of this module."""
        choice, chosen = self.choice(key, name)
        if choice is not None and not choice.automatic and not self.why_ended(key, name):
            return chosen.known(self.figures[name], self.day) if chosen else self._computed(key, name)
        found = list(self._in_order(key, name))
        return min(found, key=lambda known: _RANK[known.state], default=MISSING)

    def choice(self, key: str, name: str) -> tuple[RetainedChoice | None, Declaration | None]:
        """What was retained here, and the observation it names where that is seen and of the day or before."""
        choice = self.retained.get((self.holder.pk, key, name)) if self.holder is not None else None
        return choice, next(
            (row for row in self._rows(key, name) if choice and row.observation == choice.observation), None
        )

    def why_ended(self, key: str, name: str) -> str:
        """Why what somebody chose does not count any more (`gone`, `replaced`, `stale`); empty while it does."""
        choice, chosen = self.choice(key, name)
        if choice is None or choice.automatic:
            return ""
        known = chosen.known(self.figures[name], self.day) if chosen else self._computed(key, name)
        if (choice.observation is not None and chosen is None) or known.state is FigureState.MISSING:
            return "gone"
        if chosen is not None and choice.is_replaced_by(chosen):
            return "replaced"
        return "stale" if known.state is FigureState.STALE else ""

    def _in_order(self, key: str, name: str) -> Iterator[KnownFigure]:
        """All that may count, what goes first before the others where both can be used."""
        computed = self._computed(key, name)
        if computed.value is not None:
            yield computed
        yield from (self._agreed(rows, name) for rows in self._declared_here(key, name) if rows)
        published = [row for row in self._rows(key, name) if row.public and self._is_retained(row, key, name)]
        if published:
            yield self._agreed(published, name)
        yield computed

    def _declared_here(self, key: str, name: str) -> Iterator[list[Declaration]]:
        """What the workspace declares: the one it retains, then its others."""
        choice, chosen = self.choice(key, name)
        if self.holder is None or choice is None:
            return
        if choice.observation is not None and chosen is None and self.workspace is None:
            return  # what its team keeps to itself is as if nobody had declared it
        if choice.automatic and chosen is not None:
            yield [chosen]
        yield [row for row in self._rows(key, name) if row.workspace == self.holder.pk]

    def _computed(self, key: str, name: str) -> KnownFigure:
        return self.computed.get((key, name), MISSING)

    def _rows(self, key: str, name: str) -> list[Declaration]:
        return [row for row in self.declared[key, name] if row.ends_on <= self.day]

    def _agreed(self, rows: list[Declaration], name: str) -> KnownFigure:
        """What these say together: contradicted where their values differ.

        A value goes before « not available », one that holds before a stale one, the last period before others.
        """
        figured = self.figures[name]
        rows = _first(rows, lambda row: row.value is not None)
        rows = _first(rows, lambda row: not row.is_stale(figured, self.day))
        if figured.period is not PeriodKind.DAY:
            last = max(row.ends_on for row in rows)
            rows = [row for row in rows if row.ends_on == last]
        found = [
            row.known(figured, self.day)
            for row in {(row.value, row.unavailable): row for row in reversed(rows)}.values()
        ]
        if len(found) == 1:
            return found[0]
        return KnownFigure(FigureState.CONTRADICTED, evidence=tuple(known.evidence[0] for known in found))

    def _is_retained(self, row: Declaration, key: str, name: str) -> bool:
        theirs = self.retained.get((row.workspace, key, name))
        return theirs is not None and theirs.observation == row.observation and not theirs.is_replaced_by(row)


# What can be used goes before what cannot; of those that cannot, what somebody said before what has grown old.
_RANK = {
    FigureState.KNOWN: 0,
    FigureState.CONTRADICTED: 0,
    FigureState.UNAVAILABLE: 1,
    FigureState.STALE: 2,
    FigureState.MISSING: 3,
}


def _first(rows: list[Declaration], wanted: Callable[[Declaration], bool]) -> list[Declaration]:
    """Those that are wanted, or all of them where none is."""
    return [row for row in rows if wanted(row)] or rows
