"""The figures of a board, each as it counts: its words, where it comes from, what contradicts it."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from django.utils import timezone
from django.utils.translation import gettext as _

from totem.core.wording import number
from totem.labels.charters.format import PeriodKind
from totem.labels.charters.wording import amount_words, unit_words
from totem.labels.evidence.figures import Declaration, FigureChoice, choosing_among, holds_until
from totem.labels.figures import MISSING, EvidenceKind, FigureDefinition, FigureState, KnownFigure
from totem.labels.models import Confidence
from totem.labels.subjects import Subject
from totem.territories.models import Workspace


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
    computed: KnownFigure
    values: Sequence[Decimal]  # that contradict each other
    declared: Declaration | None = None  # the observation that counts
    by: str = ""  # the workspace that published it, where it is another one
    decided_on: datetime.date | None = None  # when somebody chose among these values, or after them

    @property
    def origin(self) -> str:
        """The state of a figure that nobody can use; else `declared` here, `published` by another workspace,
        `computed`, or `together` of several places.
        """
        if self.known.state not in {FigureState.KNOWN, FigureState.STALE}:
            return self.known.state
        if self.declared is not None:
            return "published" if self.by else "declared"
        return "computed" if self.known == self.computed else "together"

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
    def stale_since(self) -> datetime.date | None:
        """The first day on which a declared figure does not count any more; None of others, and as long as it does."""
        until = holds_until(self.figured, self.declared) if self.declared is not None and self.is_stale else None
        return until + datetime.timedelta(days=1) if until is not None else None

    @property
    def confidence(self) -> str:
        """How far the observation that counts is to be trusted, in words."""
        return str(Confidence(self.declared.confidence).label) if self.declared is not None else ""

    @property
    def contradiction(self) -> str:
        """« 3 values: 230 · 240 · 300 m² »; empty where all agree."""
        if not self.values:
            return ""
        listed = " · ".join([*map(number, self.values[:-1]), value_words(self.figured, self.values[-1])])
        return _("%(count)s values: %(values)s") % {"count": len(self.values), "values": listed}


def lines_of(
    figures: dict[str, FigureDefinition], subject: Subject, day: datetime.date, workspace: Workspace
) -> list[FigureRow]:
    """Every figure about a subject as the workspace sees it, in the charter's order."""
    choosing = choosing_among(figures, [subject], day, workspace)
    return [line_of(choosing, figured, subject) for figured in figures.values()]


def line_of(choosing: FigureChoice, figured: FigureDefinition, subject: Subject) -> FigureRow:
    """One figure of a subject, as it is chosen."""
    key, name = subject.key, figured.name
    known, rows = choosing.figure(key, name, subject.parts), choosing.declared[key, name]
    counts = {item.id for item in known.evidence if item.kind is EvidenceKind.OBSERVATION}
    declared = next((row for row in rows if {row.observation} == counts), None)
    values = contradicting(figured, rows, choosing.day)
    if known.state is FigureState.CONTRADICTED:
        values = sorted({row.value for row in rows if row.observation in counts and row.value is not None})
    is_others = declared is not None and choosing.workspace is not None and declared.workspace != choosing.workspace.pk
    return FigureRow(
        figured,
        known,
        choosing.computed.get((key, name), MISSING),
        values,
        declared,
        declared.workspace_name if declared is not None and is_others else "",
        _decided_on(choosing, figured, key, rows) if values else None,
    )


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
