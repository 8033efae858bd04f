"""Figures about a place (`territories.places.Place`), for charters and reports: indicators F1 to F4 and actors.

They are read in the newest stock dated by the end of the period, in the activity perimeter counted by default.
What the register does not tell is an interval, or not known: a declared observation says it then.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial, wraps
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from totem.core.measures import Basis, Combine, CountedUnit, Figure
from totem.core.measures import measure as register_measure
from totem.core.periods import Period
from totem.observatory import queries, yearly
from totem.observatory.activities import Activities, activities_of, actor_kinds
from totem.observatory.engine import NoStock, RowsGone, Scope
from totem.observatory.models import ActivityVersion, Stock
from totem.observatory.words import DEFINITIONS
from totem.territories.places import Place
from totem.territories.subjects import PLACE

STARTUP_YEARS = 15  # age limit used by the French Tech in 2019-2020

COMPANIES = CountedUnit(_("company"), _("companies"), former=("legal units",))
ESTABLISHMENTS = CountedUnit(_("establishment"), _("establishments"))
measure = partial(register_measure, subject=PLACE, takes_parameters=True)


def _of_scope(compute: Callable[[Scope], Figure]) -> Callable[[Place, Period, str], Figure]:
    """The computation as the registry wants it, with the edition of the register and the activities as its basis.

    Not known without an edition of the time, or when its rows are gone.
    """

    @wraps(compute)
    def computed(place: Place, period: Period, parameters: str = "") -> Figure:
        asked = dict(parse_qsl(parameters))
        stocks = Stock.objects.answering().filter(date__lte=timezone.localdate(period.ends_at))
        stock = (stocks.filter(date=asked["stock"]) if "stock" in asked else stocks).first()
        try:
            if stock is None:
                return Figure(None)
            activities = activities_named(asked.get("activites", "")) or queries.default_activities()
            basis = {"stock": str(stock), "activites": f"{activities.slug}@{activities.number}"}
            figure = compute(Scope(stock, activities, place))
            return replace(figure, basis=Basis(stock.date, urlencode(basis, safe="@")))
        except (NoStock, RowsGone):
            return Figure(None)

    return computed


def activities_named(code: str) -> Activities | None:
    """The published activities of « tic-ocde@1 »; None where there are none."""
    slug, _at, number = code.partition("@")
    rows = ActivityVersion.objects.filter(perimeter__slug=slug, published_at__isnull=False).select_related("perimeter")
    version = rows.filter(number=number).first() if number.isdecimal() and len(number) < 5 else None
    return activities_of(version) if version is not None else None


def _companies(scope: Scope, **which: Any) -> Figure:
    """Companies counted once (`queries.company_ids`). In a drawn place each undecided site may be one more."""
    unsure = queries.totals(scope).undecided.get("establishments", 0) if scope.place.partial else 0
    return Figure.distinct(queries.company_ids(scope, **which), beyond=unsure)


@measure(
    "digital_companies",
    label=_("Digital companies (F1)"),
    unit=COMPANIES,
    method=_(
        "Companies with at least one open establishment of the activity perimeter in the place, counted once. They are "
        "those that are registered on that day, whether they work or not: those estimated active are another figure."
    ),
    combine=Combine.UNION,
)
@_of_scope
def digital_companies(scope: Scope) -> Figure:
    return _companies(scope)


@measure(
    "digital_companies_active",
    label=_("Digital companies estimated active"),
    unit=COMPANIES,
    method=format_lazy(
        _(
            "Companies with at least one establishment of the activity perimeter estimated active in the place,"
            " counted once. Nobody has to declare an end: the register holds more, of which nobody knows who has"
            " stopped. {rule}"
        ),
        rule=DEFINITIONS["estimated"].definition,
    ),
    combine=Combine.UNION,
)
@_of_scope
def digital_companies_active(scope: Scope) -> Figure:
    return _companies(scope, active=True)


@measure(
    "digital_establishments",
    label=_("Digital establishments"),
    unit=ESTABLISHMENTS,
    method=_("Open establishments of the activity perimeter in the place, as registered."),
    combine=Combine.SUM,
)
@_of_scope
def digital_establishments(scope: Scope) -> Figure:
    found = queries.totals(scope)
    return Figure.between(found.establishments, found.establishments + found.undecided.get("establishments", 0))


@measure(
    "digital_establishments_active",
    label=_("Digital establishments estimated active"),
    unit=ESTABLISHMENTS,
    method=_("Open establishments of the activity perimeter in the place, those perhaps closed in fact left out."),
    combine=Combine.SUM,
)
@_of_scope
def digital_establishments_active(scope: Scope) -> Figure:
    found = queries.totals(scope)
    active = found.establishments_estimated
    return Figure.between(active, active + found.undecided.get("establishments", 0))


@measure(
    "digital_jobs",
    label=_("Digital jobs (F2)"),
    unit=CountedUnit(_("person"), _("people")),
    method=_(
        "Employees of the open establishments, as the sum of their headcount bands: an interval, never a midpoint. "
        "Nothing bounds it above where an employer has no band yet, or may stand inside a drawn place or outside."
    ),
    combine=Combine.SUM,
)
@_of_scope
def digital_jobs(scope: Scope) -> Figure:
    found = queries.totals(scope)
    return Figure.between(found.jobs.low, None if found.undecided.get("establishments") else found.jobs.most)


@measure(
    "startups",
    label=_("Startups (F3)"),
    unit=COMPANIES,
    method=format_lazy(
        _(
            "The register tells a company's age, not its model: at most the companies with their head office in the "
            "place that are less than {years} years old. Which of them are startups has to be declared."
        ),
        years=STARTUP_YEARS,
    ),
    combine=Combine.SUM,
)
@_of_scope
def startups(scope: Scope) -> Figure:
    youngest = scope.stock.date.year - STARTUP_YEARS
    found = queries.profile(scope)
    young = sum(row.head_offices for row in found.born if row.key is None or row.key >= youngest)
    return Figure.between(0, young + found.totals.undecided.get("head_offices", 0))


@measure(
    "large_digital_companies",
    label=_("Large digital companies (F4)"),
    unit=COMPANIES,
    method=_(
        "Companies with an open establishment of the activity perimeter in the place whose category is « large "
        "company » (decree 2008-1354: 5,000 people, or 1.5 billion euros of revenue and 2 billion of balance sheet)."
    ),
    combine=Combine.UNION,
)
@_of_scope
def large_digital_companies(scope: Scope) -> Figure:
    return _companies(scope, category="GE")


@measure(
    "digital_companies_over_5m",
    label=_("Digital companies with more than EUR 5 million of revenue (F4)"),
    unit=COMPANIES,
    method=_(
        "The register has no revenue: at most as many as there are companies with their head office in the place. "
        "Filed accounts settle it, company by company."
    ),
    combine=Combine.SUM,
)
@_of_scope
def digital_companies_over_5m(scope: Scope) -> Figure:
    found = queries.totals(scope)
    return Figure.between(0, found.head_offices + found.undecided.get("head_offices", 0))


@measure(
    "digital_growth",
    label=_("Growth of the sector"),
    unit="%",
    method=_(
        "Change of the number of establishments over the last full year, at the end of each year, moves between "
        "addresses followed. A drawn place answers for all the communes that count, even in part."
    ),
    combine=Combine.RATIO,
)
@_of_scope
def digital_growth(scope: Scope) -> Figure:
    stock_of = {row.year: row.stock for row in yearly.series(scope)}
    last = scope.stock.date.year - 1
    if last not in stock_of or last - 1 not in stock_of:
        return Figure(None)
    return Figure.ratio(Decimal(stock_of[last] - stock_of[last - 1]), Decimal(stock_of[last - 1]))


def _count_actors(slug: str) -> Callable[[Place, Period, str], Figure]:
    return _of_scope(lambda scope: Figure.distinct(queries.actor_ids(scope, slug)))


for kind in actor_kinds():
    measure(
        f"actors_{kind.slug.replace('-', '_')}",
        label=kind.label,
        unit=COMPANIES,
        method=format_lazy(
            _("Candidates in the register: companies with an open establishment in the place under {codes}."),
            codes=", ".join(kind.codes),
        ),
        combine=Combine.UNION,
    )(_count_actors(kind.slug))
