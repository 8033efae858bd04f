"""What is said of a figure, side by side: computed, declared here, published by others; and which one counts."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import combinations

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from totem.core.measures import Combine, Text
from totem.core.wording import number
from totem.labels.charters.format import PeriodKind
from totem.labels.evidence.figures import Declaration, FigureChoice, choosing_among
from totem.labels.figures import MISSING, EvidenceKind, FigureDefinition, FigureState, KnownFigure
from totem.labels.models import Confidence, Observation, ObservationVersion, Retention
from totem.labels.models.evidence import KEY_OF
from totem.labels.subjects import Subject, subject_at
from totem.labels.wording import amount_words, unit_words
from totem.premises.queries import FIGURES as OF_BUILDINGS
from totem.territories.models import Document, Workspace


class Origin(StrEnum):
    """Where the figure that counts comes from, or why there is none."""

    COMPUTED = "computed"
    DECLARED = "declared"
    PUBLISHED = "published"  # by another workspace
    TOGETHER = "together"  # of several places
    UNAVAILABLE = "unavailable"
    CONTRADICTED = "contradicted"
    MISSING = "missing"


def value_words(figured: FigureDefinition, value: Decimal) -> str:
    """A value as people read it: « 1 234,5 m² »; of a document, whether there is one."""
    if is_yes_or_no(figured):
        return _("Yes") if value else _("No")
    return amount_words(value, figured.unit)


def known_words(figured: FigureDefinition, known: KnownFigure) -> str:
    """A figure as people read it, an interval by its ends; empty where there is none."""
    if known.value is not None:
        return value_words(figured, known.value)
    low, high = known.bounds
    if low is None:
        return ""
    if high is None:
        return _("at least %(value)s") % {"value": value_words(figured, low)}
    return _("from %(low)s to %(high)s") % {"low": number(low), "high": value_words(figured, high)}


def is_yes_or_no(figured: FigureDefinition) -> bool:
    """Whether the figure only says that there is something: 1, or 0."""
    return figured.combine is Combine.ANY


def contradicting(figured: FigureDefinition, rows: Iterable[Declaration], day: datetime.date) -> list[Decimal]:
    """The values, in order, that cannot be true together; empty where all agree.

    Those of a day contradict each other as long as they hold; those of a period when the periods overlap.
    """
    usable = [row for row in rows if row.value is not None and row.ends_on <= day and not row.is_stale(figured, day)]
    values = set()
    for one, other in combinations(usable, 2):
        if one.value != other.value and (figured.period is PeriodKind.DAY or _overlap(one, other)):
            values |= {one.value, other.value}
    return sorted(value for value in values if value is not None)


def _overlap(one: Declaration, other: Declaration) -> bool:
    starts = max(one.starts_on or one.ends_on, other.starts_on or other.ends_on)
    return starts <= min(one.ends_on, other.ends_on)


# -- Every figure of a board ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A figure of a charter as it stands: what counts, where it comes from, what contradicts it."""

    figured: FigureDefinition
    known: KnownFigure
    origin: Origin
    values: Sequence[Decimal]  # that contradict each other
    declared: Declaration | None = None  # the observation that counts
    by: str = ""  # the workspace that published it, where it is another one
    stale_since: datetime.date | None = None
    decided_on: datetime.date | None = None  # when somebody chose among these values, or after them

    @property
    def contradicts(self) -> bool:
        """Whether values contradict each other and nobody has decided which counts."""
        return bool(self.values) and self.decided_on is None

    @property
    def words(self) -> str:
        """The value that counts, or the one that did until it was stale."""
        return known_words(self.figured, self.known)

    @property
    def code(self) -> str:
        """The charter's code; empty where the label says it already: « Emplois numériques (F2) »."""
        return "" if self.figured.code in str(self.figured.label) else self.figured.code

    @property
    def amount(self) -> str:
        """The value without its unit; empty where it is an interval or no number."""
        if self.known.value is None or is_yes_or_no(self.figured):
            return ""
        return number(self.known.value)

    @property
    def unit(self) -> str:
        """The unit of the amount, singular or plural."""
        return unit_words(self.known.value or 0, self.figured.unit)

    @property
    def is_stale(self) -> bool:
        return self.known.state is FigureState.STALE

    @property
    def is_missing(self) -> bool:
        return self.origin is Origin.MISSING

    @property
    def confidence(self) -> str:
        """How far the observation that counts is to be trusted, in words."""
        return str(Confidence(self.declared.confidence).label) if self.declared is not None else ""

    @property
    def contradiction(self) -> str:
        """« 3 values: 230, 240, 300 m² »; empty where all agree."""
        return contradiction_words(self.figured, self.values)


def contradiction_words(figured: FigureDefinition, values: Sequence[Decimal]) -> str:
    """« 3 values: 230, 240, 300 m² »; empty where there is none."""
    if not values:
        return ""
    listed = ", ".join([*map(number, values[:-1]), value_words(figured, values[-1])])
    return _("%(count)s values: %(values)s") % {"count": len(values), "values": listed}


def lines_of(
    figures: dict[str, FigureDefinition], subject: Subject, day: datetime.date, workspace: Workspace
) -> list[Line]:
    """Every figure about a subject as the workspace sees it, in the charter's order."""
    choosing = choosing_among(figures, [subject], day, workspace)
    found = {name: choosing.figure(subject.key, name, subject.parts) for name in figures}
    others = {pk for known in found.values() for pk in observations_in(known)}
    names = dict(
        Observation.objects.filter(pk__in=others).exclude(workspace=workspace).values_list("pk", "workspace__name")
    )
    return [line_of(choosing, figured, subject, found[name], names) for name, figured in figures.items()]


def observations_in(known: KnownFigure) -> set[int]:
    """The ids of the observations that a figure stands on."""
    return {item.id for item in known.evidence if item.kind is EvidenceKind.OBSERVATION and item.id is not None}


def line_of(
    choosing: FigureChoice, figured: FigureDefinition, subject: Subject, known: KnownFigure, names: Mapping[int, str]
) -> Line:
    """One figure. `names` are the workspaces of observations that are not this one's."""
    rows = choosing.declared[subject.key, figured.name]
    counts = observations_in(known)
    declared = next((row for row in rows if {row.observation} == counts), None)
    values = contradicting(figured, rows, choosing.day)
    if known.state is FigureState.CONTRADICTED:
        values = sorted({row.value for row in rows if row.observation in counts and row.value is not None})
    stale = stale_since(figured, declared) if declared is not None and known.state is FigureState.STALE else None
    by = names.get(declared.observation, "") if declared is not None else ""
    decided = _decided_on(choosing, figured, subject.key, rows) if values else None
    return Line(figured, known, _origin(known, declared, by), values, declared, by, stale, decided)


def _decided_on(
    choosing: FigureChoice, figured: FigureDefinition, key: str, rows: Sequence[Declaration]
) -> datetime.date | None:
    """The day of the choice that counts, where it was made with all of these values there."""
    choice, _chosen = choosing.choice(key, figured.name)
    if choice is None or choice.automatic or choosing.why_ended(key, figured.name):
        return None
    if any(row.written_at > choice.made_at for row in rows if row.observation != choice.observation):
        return None
    return timezone.localdate(choice.made_at)


def _origin(known: KnownFigure, declared: Declaration | None, by: str) -> Origin:
    of_hold = {
        FigureState.MISSING: Origin.MISSING,
        FigureState.UNAVAILABLE: Origin.UNAVAILABLE,
        FigureState.CONTRADICTED: Origin.CONTRADICTED,
    }
    if known.state in of_hold:
        return of_hold[known.state]
    if declared is not None:
        return Origin.PUBLISHED if by else Origin.DECLARED
    kinds = {item.kind for item in known.evidence}
    return Origin.COMPUTED if kinds == {EvidenceKind.COMPUTED} and len(known.evidence) == 1 else Origin.TOGETHER


def stale_since(figured: FigureDefinition, row: "Declaration | ObservationVersion") -> datetime.date | None:
    """The first day on which it does not count any more; None where it lasts."""
    if row.valid_until is not None:
        return row.valid_until + datetime.timedelta(days=1)
    until = figured.lasts_until(row.ends_on)
    return until + datetime.timedelta(days=1) if until is not None else None


# -- One figure -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """An observation as it stands, as one workspace sees it."""

    figured: FigureDefinition
    version: ObservationVersion
    own: bool
    day: datetime.date
    counts: bool

    @property
    def observation(self) -> Observation:
        return self.version.observation

    @property
    def source(self) -> str:
        """Its source; of another territory's, with who declares it."""
        holder = self.observation.workspace
        return self.version.source if self.own or holder is None else f"{self.version.source}, {holder.name}"

    @property
    def words(self) -> str:
        """The value; empty where it says that there is none."""
        return "" if self.version.value is None else value_words(self.figured, self.version.value)

    @cached_property
    def valid_until(self) -> datetime.date | None:
        """The last day on which it counts, as it says or by the charter."""
        return self.version.valid_until or self.figured.lasts_until(self.version.ends_on)

    @property
    def is_stale(self) -> bool:
        return self.version.value is not None and self.valid_until is not None and self.valid_until < self.day

    @property
    def documents(self) -> list[Document]:
        """Those that the workspace may see."""
        return [document for document in self.version.documents.all() if self.own or document.public]


@dataclass(frozen=True)
class Part:
    """A place of which the subject is made, and its figure."""

    key: str
    name: str
    words: str
    known: KnownFigure

    @property
    def has_page(self) -> bool:
        return is_subject(self.key)


@dataclass(frozen=True)
class Choice:
    """What the workspace retained once, why, and what that says today; `said` is None where it is not seen any more."""

    retention: Retention
    said: Said | None


@dataclass(frozen=True)
class Comparison:
    """A figure and everything that is said of it."""

    line: Line
    computed: KnownFigure
    said: Sequence[Said]
    withdrawn: Sequence[Said]
    choices: Sequence[Choice]  # of the workspace, the last first
    parts: Sequence[Part] = field(default=())
    why_ended: str = ""  # the last choice of the workspace does not count any more (`FigureChoice.why_ended`)

    @property
    def computed_words(self) -> str:
        return known_words(self.line.figured, self.computed)

    @property
    def computed_counts(self) -> bool:
        return self.line.origin is Origin.COMPUTED

    @property
    def mine(self) -> Choice | None:
        """What the workspace retains."""
        return self.choices[0] if self.choices else None


def compare(
    figured: FigureDefinition, subject: Subject, day: datetime.date, workspace: Workspace, names: Mapping[str, str]
) -> Comparison:
    """A figure about a subject as the workspace sees it. `names` are those of the subject's parts, by key."""
    figures = {figured.name: figured}
    places = [subject, *_places(figured, subject)]
    choosing = choosing_among(figures, places, day, workspace)
    known = choosing.figure(subject.key, figured.name, subject.parts)
    counts = observations_in(known)
    if known.state is FigureState.CONTRADICTED:
        counts = set()
    seen = [
        Said(figured, version, version.observation.workspace_id == workspace.pk, day, version.observation_id in counts)
        for version in latest_versions(figured.name, subject.key, workspace)
    ]
    by = {
        one.observation.pk: one.observation.workspace.name
        for one in seen
        if not one.own and one.observation.workspace is not None
    }
    return Comparison(
        line=line_of(choosing, figured, subject, known, by),
        computed=choosing.computed.get((subject.key, figured.name), MISSING),
        said=[one for one in seen if not one.version.withdrawn],
        withdrawn=[one for one in seen if one.version.withdrawn and one.own],
        choices=_choices(figured, subject, workspace, {one.observation.pk: one for one in seen}),
        parts=[
            Part(key, names.get(key, key), known_words(figured, own), own)
            for key in subject.parts
            for own in (choosing.own(key, figured.name),)
        ],
        why_ended=choosing.why_ended(subject.key, figured.name),
    )


def _places(figured: FigureDefinition, subject: Subject) -> list[Subject]:
    """The parts of a subject as places, where the figure is computed at once: those of buildings."""
    if figured.measure is None or figured.measure.name not in OF_BUILDINGS:
        return []
    return [subject_at(key) for key in subject.parts if is_subject(key)]


def is_subject(key: str) -> bool:
    """Whether evidence can be about what this key names: not about a former region."""
    return key.partition(":")[0] in KEY_OF.values()


def latest_versions(name: str, key: str, workspace: Workspace) -> list[ObservationVersion]:
    """What each observation of a figure says last, those of the workspace and those that others publish."""
    seen = Observation.objects.visible_to_workspace(workspace).filter(subject=key, indicator=name)
    rows = (
        ObservationVersion.objects.filter(observation__in=seen)
        .order_by("observation", "-number")
        .distinct("observation")
        .select_related("observation__workspace", "written_by")
        .prefetch_related(documents_with_workspace())
    )
    return sorted(rows, key=lambda row: (row.ends_on, row.observation_id), reverse=True)


def documents_with_workspace() -> "Prefetch[str]":
    """The documents of versions, ready for their addresses."""
    return Prefetch("documents", Document.objects.select_related("workspace"))


def _choices(
    figured: FigureDefinition, subject: Subject, workspace: Workspace, seen: Mapping[int, Said]
) -> list[Choice]:
    rows = Retention.objects.filter(workspace=workspace, subject=subject.key, indicator=figured.name)
    return [Choice(row, seen.get(row.observation_id or 0)) for row in rows.select_related("made_by").order_by("-pk")]


# -- What changed -----------------------------------------------------------------------------------------------------

TEXTS = (
    "value", "unavailable", "starts_on", "ends_on", "source", "source_url", "source_date", "method", "mode", "author",
    "confidence", "valid_until", "note", "withdrawn",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """A field that is not the same in two texts, in words."""

    label: Text
    before: str
    after: str


def differences(
    figured: FigureDefinition, before: Mapping[str, object], after: Mapping[str, object]
) -> list[Difference]:
    """Where two texts differ, field by field, in the form's order. As `text_of` gives them."""
    return [
        Difference(_label(name), _shown(figured, name, before[name]), _shown(figured, name, after[name]))
        for name in (*TEXTS, "documents")
        if name in before and name in after and before[name] != after[name]
    ]


def text_of(version: ObservationVersion) -> dict[str, object]:
    """What a version says, by field; its documents by name, in order."""
    said: dict[str, object] = {name: getattr(version, name) for name in TEXTS}
    return {**said, "documents": tuple(sorted(str(document) for document in version.documents.all()))}


def _label(name: str) -> str:
    label = str(ObservationVersion._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return label[:1].upper() + label[1:]


def _shown(figured: FigureDefinition, name: str, value: object) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Decimal):
        return value_words(figured, value)
    if isinstance(value, tuple):
        return ", ".join(value) or "–"
    if isinstance(value, datetime.date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if name in {"mode", "confidence"}:
        choices = ObservationVersion._meta.get_field(name).flatchoices  # type: ignore[union-attr]
        return str(dict(choices).get(value, value))
    return str(value) if value not in (None, "") else "–"
