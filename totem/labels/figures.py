"""What a figure of a label is, in one place: how it is defined, its value or interval, its state, sources and plans.

A charter asks for figures (`FigureDefinition`, from its `[[indicators]]` and its requirements). Rooms compute them
(`core.measures.Figure`, kept as `models.Reading`), territories declare them (`models.Observation`). The one that
counts, as `evidence.figures` chooses it, is a `KnownFigure`: it is what is judged, and kept in evaluations as JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from totem.core import measures, subjects
from totem.core.measures import Combine, CountedUnit, Figure, Measure, Text, combined
from totem.core.periods import Period, months_before
from totem.labels.charters.format import (
    YES_NO,
    Charter,
    DocumentRequirement,
    Indicator,
    PeriodKind,
    TravelRequirement,
    Unit,
    indicator_of,
)

COMPUTED_LASTS_MONTHS = 3  # a figure that was computed longer ago has to be computed again


class PlainStruct(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value that is kept as JSON: its names never change, what is added has a default."""


# -- A figure as it counts --------------------------------------------------------------------------------------------


class EvidenceKind(TextChoices):
    """What kind of row an evidence is."""

    COMPUTED = "computed", _("computed by Totem")
    OBSERVATION = "observation", _("declared")
    RELATION = "relation", _("what an organisation does here")
    ORGANISATION = "organisation", _("located here")
    YEAR = "year", _("closed year")
    BUILDING = "building", _("building")
    BODY = "body", _("body")
    APPOINTMENT = "appointment", _("appointment")
    FUNDING = "funding", _("funding line")
    JUDGEMENT = "judgement", _("judgement")
    PLACE = "place", _("perimeter")


class Evidence(PlainStruct, frozen=True):
    """One thing that was used: its kind, its id where it has a page, what it says, its source and digests."""

    kind: EvidenceKind
    label: str
    id: int | None = None
    source: str = ""
    on: date | None = None
    sha256: tuple[str, ...] = ()
    parameters: str = ""  # of a computed figure: what was counted (`core.measures.Basis`)


def digests(sha256: str) -> tuple[str, ...]:
    """The digest of the document that shows a row, as evidence has it; none without a document."""
    return (sha256,) if sha256 else ()


class FigureState(StrEnum):
    """Whether a figure can be used, and if not why."""

    KNOWN = "known"
    MISSING = "missing"
    UNAVAILABLE = "unavailable"
    CONTRADICTED = "contradicted"
    STALE = "stale"


class PlannedAmount(PlainStruct, frozen=True):
    """What is planned to be added on a day."""

    day: date
    amount: Decimal


class KnownFigure(PlainStruct, frozen=True):
    """The figure that counts: a value, or an interval; stale, missing or contradicted ones do not count."""

    state: FigureState = msgspec.field(name="hold")
    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    on: date | None = None
    mode: str = ""
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    until: date | None = None  # the last day on which what was declared holds, where that was said
    plans: tuple[PlannedAmount, ...] = ()

    @property
    def bounds(self) -> tuple[Decimal | None, Decimal | None]:
        """Where the value lies; equal when it is known."""
        return (self.low, self.high) if self.value is None else (self.value, self.value)

    @property
    def is_known(self) -> bool:
        return self.state is FigureState.KNOWN


MISSING = KnownFigure(FigureState.MISSING)
FROM_ZERO = "from_zero"  # reason of an interval that starts at zero: that is a limit, and no figure that somebody gave


def known_figure(figure: Figure, *, on: date, evidence: tuple[Evidence, ...], is_stale: bool = False) -> KnownFigure:
    """A computed or combined figure as it is judged; from zero to anything, nothing is known."""
    low, high = figure.bounds
    if low is None:
        return MISSING
    reason = FROM_ZERO if low != high and not low else ""
    state = FigureState.STALE if is_stale else FigureState.KNOWN
    if reason and high is None:
        return KnownFigure(FigureState.MISSING, on=on, reason=reason, evidence=evidence)
    return KnownFigure(state, figure.value, figure.low, figure.high, on=on, reason=reason, evidence=evidence)


def together(definition: "FigureDefinition", parts: Sequence[KnownFigure], on: date) -> KnownFigure:
    """The figures of several places as one; what is missing leaves the whole open."""
    usable = [part for part in parts if part.is_known]
    if not usable:
        return next((part for part in parts if part.state is not FigureState.MISSING), MISSING)
    combine = definition.combine
    if combine is Combine.RATIO:
        return MISSING if len(parts) > 1 else usable[0]
    figure = _combined(combine, [Figure(part.value, low=part.low, high=part.high) for part in usable])
    low, high = figure.bounds
    if len(usable) < len(parts):
        settled = (combine is Combine.ANY and low == 1) or (combine is Combine.ALL and high == 0)
        if combine is Combine.ALL and not settled:  # one that is missing may be the lowest
            figure = Figure.between(0, high)
        elif not settled:
            figure = Figure(None, low=low)
    return known_figure(figure, on=on, evidence=tuple(item for part in usable for item in part.evidence))


def _combined(combine: Combine, figures: list[Figure]) -> Figure:
    """Several figures as one. Of distinct things only their numbers are known here: they may be the same ones."""
    if combine is not Combine.UNION:
        return combined(combine, figures)
    bounds = [figure.bounds for figure in figures]
    highs = [high for _low, high in bounds if high is not None]
    low = max(low for low, _high in bounds if low is not None)
    return Figure.between(low, sum(highs, Decimal(0)) if len(highs) == len(bounds) else None)


# -- How a figure is defined ------------------------------------------------------------------------------------------

TRAVEL = {
    "minutes_to_centre": _("Minutes to the city centre"),
    "minutes_to_airport": _("Minutes to the airport"),
    "minutes_to_tgv_station": _("Minutes to the TGV station"),
}
TRAVEL_METHOD = _(
    "From the middle of the place, by the way of travelling that is stated; measured or read in a timetable."
)
DOCUMENT_UNIT = _("document")


@dataclass(frozen=True)
class FigureDefinition:
    """A figure of a charter. `measure` is None where only observations fill it; `documents`: it is shown by one."""

    name: str
    label: Text
    unit: Unit | Text | CountedUnit
    method: Text
    combine: Combine
    period: PeriodKind = PeriodKind.DAY
    validity_months: int | None = None
    measure: Measure | None = None
    code: str = ""
    documents: bool = False
    travel: bool = False

    @property
    def unit_label(self) -> Unit | Text | CountedUnit:
        """The unit as people read it."""
        return _("yes or no") if self.unit == YES_NO else self.unit

    @property
    def is_yes_or_no(self) -> bool:
        """Whether the figure only says that there is something: 1, or 0."""
        return self.combine is Combine.ANY or self.unit == YES_NO

    @property
    def limits(self) -> tuple[int | None, int | None]:
        """The least and the most that it can be: nothing is under 0, a share up to 100; a growth is what it is."""
        if "growth" in (self.measure.name if self.measure else self.name):
            return None, None
        if self.is_yes_or_no:
            return 0, 1
        return 0, 100 if str(self.unit) == "%" else None

    def lasts_until(self, ends_on: date, *, computed: bool = False) -> date | None:
        """The last day on which a figure of that day counts, by the charter; None where it always does."""
        months = COMPUTED_LASTS_MONTHS if computed else self.validity_months
        if months is None:
            return None
        day = months_before(ends_on, -months)
        # The end of a longer month is reached from the last day of a shorter one: 30 June lasts until 31 December.
        while months_before(day + timedelta(days=1), months) <= ends_on:
            day += timedelta(days=1)
        return day


def figures_of(charter: Charter) -> dict[str, FigureDefinition]:
    """Every figure that the charter declares or that one of its requirements reads, by name.

    Raises UnknownMeasureError and UnknownSubjectError for one that no room of this installation computes.
    """
    found = {indicator.name: _of_indicator(indicator) for indicator in charter.indicators}
    for requirement in charter.requirements():
        name = indicator_of(charter, requirement)
        if not name or name in found:
            continue
        if isinstance(requirement, TravelRequirement):
            found[name] = FigureDefinition(
                name, TRAVEL[name], "min", TRAVEL_METHOD, Combine.MAX, documents=True, travel=True
            )
        elif isinstance(requirement, DocumentRequirement):
            title, rule = str(requirement.title), str(requirement.rule)
            found[name] = FigureDefinition(name, title, DOCUMENT_UNIT, rule, Combine.ANY, documents=True)
        else:
            found[name] = _of_indicator(Indicator(name=name, measure=name))
    return found


def _of_indicator(indicator: Indicator) -> FigureDefinition:
    """The definition of an indicator; what it leaves out is said by its measure."""
    known = measures.get(indicator.measure) if indicator.measure else None
    if known is not None:
        subjects.kind_of(known)  # raises where nobody could say what it is computed of
    label = str(indicator.label) if indicator.label else known.label if known else None
    combine = indicator.combine or (known.combine if known else None)
    if label is None or combine is None:
        raise ValueError(indicator.name)  # `charters.parsing` lets no such file through
    method = str(indicator.method) if indicator.method else known.method if known else ""
    return FigureDefinition(
        indicator.name,
        label,
        indicator.unit or (known.unit if known else YES_NO),
        method,
        combine,
        indicator.period,
        indicator.validity_months,
        known,
        indicator.code,
    )


def period_of(kind: PeriodKind, day: date) -> Period:
    """The period of a figure seen from a day: the day, the twelve months up to it, the last year that is over."""
    if kind is PeriodKind.CLOSED_YEAR:
        return Period(_midnight(date(day.year - 1, 1, 1)), _midnight(date(day.year, 1, 1)))
    end = midnight_after(day)
    if kind is PeriodKind.YEAR:
        return Period(_midnight(months_before(day, 12) + timedelta(days=1)), end)
    return Period(_midnight(day), end)


def midnight_after(day: date) -> datetime:
    """The instant at which a day is over here."""
    return _midnight(day + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
