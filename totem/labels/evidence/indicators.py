"""The figures that charters ask for: what each is called, its unit, how it combines, over what it runs."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from totem.core import measures, subjects
from totem.core.measures import Combine, CountedUnit, Measure, Text
from totem.core.periods import Period
from totem.labels.charters.format import (
    Charter,
    DocumentRequirement,
    Indicator,
    PeriodKind,
    TravelRequirement,
    Unit,
    indicator_of,
)

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
class Figured:
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


def figures_of(charter: Charter) -> dict[str, Figured]:
    """Every figure that the charter declares or that one of its requirements reads, by name.

    Raises UnknownMeasureError and UnknownSubjectError for one that no room of this installation computes.
    """
    found = {indicator.name: _declared(indicator) for indicator in charter.indicators}
    for requirement in charter.requirements():
        name = indicator_of(charter, requirement)
        if not name or name in found:
            continue
        if isinstance(requirement, TravelRequirement):
            found[name] = Figured(name, TRAVEL[name], "min", TRAVEL_METHOD, Combine.MAX, documents=True, travel=True)
        elif isinstance(requirement, DocumentRequirement):
            found[name] = _document(name, requirement)
        else:
            found[name] = _measured(name)
    return found


def _document(name: str, requirement: DocumentRequirement) -> Figured:
    title, rule = str(requirement.title), str(requirement.rule)
    return Figured(name, title, DOCUMENT_UNIT, rule, Combine.ANY, documents=True)


def _known(name: str) -> Measure:
    known = measures.get(name)
    subjects.kind_of(known)  # raises where nobody could say what it is computed of
    return known


def _measured(name: str) -> Figured:
    known = _known(name)
    return Figured(name, known.label, known.unit, known.method, known.combine, measure=known)


def _declared(indicator: Indicator) -> Figured:
    if not indicator.measure:
        if indicator.label is None or indicator.combine is None:
            raise ValueError(indicator.name)  # `reading.py` lets no such file through
        return Figured(
            indicator.name,
            str(indicator.label),
            indicator.unit,
            str(indicator.method or ""),
            indicator.combine,
            indicator.period,
            indicator.validity_months,
            code=indicator.code,
        )
    known = _known(indicator.measure)
    return Figured(
        indicator.name,
        str(indicator.label) if indicator.label else known.label,
        indicator.unit or known.unit,
        str(indicator.method) if indicator.method else known.method,
        indicator.combine or known.combine,
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
        start = day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
        return Period(_midnight(start + timedelta(days=1)), end)
    return Period(_midnight(day), end)


def midnight_after(day: date) -> datetime:
    """The instant at which a day is over here."""
    return _midnight(day + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
