"""The figures of a board, each as it counts: its words, where it comes from, what contradicts it."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

from django.utils import timezone
from django.utils.translation import gettext as _

from totem.core.wording import number
from totem.labels.charters.format import PeriodKind
from totem.labels.charters.wording import amount_words, unit_words
from totem.labels.evidence.figures import Declaration, FigureChoice, choosing_among
from totem.labels.figures import EvidenceKind, FigureDefinition, FigureState, KnownFigure
from totem.labels.models import Confidence, Observation, ObservationVersion
from totem.labels.subjects import Subject
from totem.territories.models import Workspace


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
    if figured.is_yes_or_no:
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
class FigureRow:
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
        if self.known.value is None or self.figured.is_yes_or_no:
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
) -> list[FigureRow]:
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
) -> FigureRow:
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
    return FigureRow(figured, known, _origin(known, declared, by), values, declared, by, stale, decided)


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
