"""Measures of an organisation, by closed year, and of a place: which actors are declared in it. Public rows only.

All figures of an organisation are of its last known closed year: a Tech Champion's thresholds hold on one year. Where
several declarers differ, the figure is unknown: a charter's board shows them side by side.
"""

from collections.abc import Callable, Hashable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from totem.core.measures import Combine, CountedUnit, Figure, measure
from totem.core.periods import Period
from totem.organisations.models import Organisation, RelationKind
from totem.organisations.queries import YearRow, growth, relations_inside, year_before, year_figures_of
from totem.organisations.subjects import ORGANISATION
from totem.territories.models import Perimeter
from totem.territories.places import PERIMETER, Place
from totem.territories.subjects import PLACE

UNKNOWN = Figure(None)
Value = TypeVar("Value", bound=Hashable)


def _last_day(period: Period) -> date:
    return timezone.localdate(period.ends_at - timedelta.resolution)


# -- Of one organisation ----------------------------------------------------------------------------------------------


def _years(organisation: Organisation, period: Period) -> tuple[list[YearRow], list[YearRow]]:
    """Public rows of the last year closed by the end of the period, one a declarer; and of all years until then.

    A financial year does not always close on 31 December.
    """
    known = year_figures_of([organisation.pk], None, _last_day(period))
    last = max((row.year for row in known), default=None)
    return [row for row in known if row.year == last], known


def _agreed(given: Iterable[Value | None]) -> Value | None:
    """The value on which all declarers that give one agree; None where they differ, or where none gives one."""
    values = {one for one in given if one is not None}
    return values.pop() if len(values) == 1 else None


@measure(
    "revenue",
    subject=ORGANISATION,
    label=_("Revenue"),
    unit="€",
    method=_(
        "Revenue of the last closed year that is public, imported from filed accounts or declared. Not known where "
        "those who say it differ."
    ),
    combine=Combine.SUM,
)
def revenue(organisation: Organisation, period: Period) -> Figure:
    last, _known = _years(organisation, period)
    return Figure(_agreed(row.revenue for row in last))


@measure(
    "staff",
    subject=ORGANISATION,
    label=_("Staff"),
    unit=CountedUnit(_("person"), _("people")),
    method=_(
        "People at the end of the last closed year that is public, as a number or as the band that is given: an "
        "interval, never a midpoint. Not known where those who say it differ."
    ),
    combine=Combine.SUM,
)
def staff(organisation: Organisation, period: Period) -> Figure:
    last, _known = _years(organisation, period)
    band = _agreed((row.staff_low, row.staff_high) if row.staff_low is not None else None for row in last)
    return Figure.between(band[0], band[1]) if band and band[0] is not None else UNKNOWN


@measure(
    "revenue_growth",
    subject=ORGANISATION,
    label=_("Growth of the revenue"),
    unit="%",
    method=_(
        "Change of the revenue between the last closed year that is public and the year before, from the same "
        "declarer or from filed accounts. Computed, never typed; not known between the accounts of a company and "
        "those of its group, nor where those who say it differ."
    ),
    combine=Combine.RATIO,
)
def revenue_growth(organisation: Organisation, period: Period) -> Figure:
    last, known = _years(organisation, period)
    pair = _agreed(_grown(row, year_before(row, known)) for row in last)
    return UNKNOWN if pair is None else Figure.ratio(pair[1] - pair[0], pair[0])


def _grown(row: YearRow, before: YearRow | None) -> tuple[Decimal, Decimal] | None:
    """Revenue of the year before and of the year; None where they cannot be compared."""
    if growth(row, before) is None or before is None or before.revenue is None or row.revenue is None:
        return None
    return before.revenue, row.revenue


@measure(
    "international_share",
    subject=ORGANISATION,
    label=_("Revenue made abroad"),
    unit="%",
    method=_(
        "Share of the revenue of the last closed year that is public which was made abroad. Several organisations "
        "weigh by their revenue; one whose revenue is not known only counts alone."
    ),
    combine=Combine.RATIO,
)
def international_share(organisation: Organisation, period: Period) -> Figure:
    last, _known = _years(organisation, period)
    share, whole = _agreed(row.international_share for row in last), _agreed(row.revenue for row in last)
    if share is None or whole is None:
        return Figure(share)
    return Figure(share, share * whole / 100, whole)


# -- Of a place -------------------------------------------------------------------------------------------------------


def _declared(kind: RelationKind) -> Callable[[Place, Period], Figure]:
    def computed(place: Place, period: Period) -> Figure:
        whole = frozenset(place.whole)
        inside: set[int] = set()
        perhaps: set[int] = set()
        for row in relations_inside(place.communes, _perimeters(place), None, _last_day(period)):
            if row.kind == kind:
                sure = row.at_perimeter is not None or row.at_commune in whole
                (inside if sure else perhaps).add(row.organisation_id)
        if not inside and not perhaps:
            return UNKNOWN  # not declared, which does not mean that there is none
        return Figure.distinct(inside, beyond=len(perhaps - inside))

    return computed


def _perimeters(place: Place) -> list[int]:
    """The perimeter's id where the place is one: a relation may name the perimeter instead of its communes."""
    if place.level != PERIMETER:
        return []
    slug, _at, _number = place.code.partition("@")
    return list(Perimeter.objects.filter(slug=slug).values_list("pk", flat=True))


for kind in RelationKind:
    if kind is not RelationKind.OTHER:
        measure(
            f"declared_{kind.value}",
            subject=PLACE,
            label=format_lazy(_("Declared: « {what} »"), what=kind.label),
            unit=CountedUnit(_("organisation"), _("organisations")),
            method=format_lazy(
                _(
                    "Distinct organisations with a public relation « {what} » in force on the last day of the period "
                    "that holds in the place. Not known as long as nobody declares one. In a drawn place, those of a "
                    "commune that its limits cut may or may not be inside."
                ),
                what=kind.label,
            ),
            combine=Combine.UNION,
        )(_declared(kind))
