"""The observatory's entrance, and the pages about one place: its figures, who is there, how well it is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from totem.core.pages import NotFound, render_page, wants_partial
from totem.core.rendering.queued import drawn
from totem.core.spreadsheets import ListColumn, spreadsheet
from totem.core.wording import date_with_year
from totem.observatory import queries, surroundings, words
from totem.observatory.activities import activity_labels
from totem.observatory.answers import Company
from totem.observatory.engine import NoStock, Scope
from totem.observatory.key_figures import figures_of, more_figures
from totem.observatory.models import Nomenclature
from totem.observatory.notes import notes_for, part_of_country
from totem.observatory.open_data import definition_columns, file_stem
from totem.observatory.place_tables import (
    actors_table,
    bridge_table,
    companies_table,
    domiciliation_table,
    quality_table,
    tables_of,
)
from totem.observatory.tables import Table
from totem.observatory.views.frame import framed
from totem.observatory.views.maps import PAR, VARIABLES, country_map, is_outlined, levels_of
from totem.observatory.views.scopes import address, kept, of_place, read_version
from totem.territories.models import Department, FormerRegion, Level, Outline, Perimeter, Region
from totem.territories.permissions import EDIT, workspaces_of
from totem.territories.search import find_places, sole_match

NARROW = 390
ROWS_A_PAGE = 50
LAST_PAGE = 2_000
LONGEST_SEARCH = 60


# -- The entrance -----------------------------------------------------------------------------------------------------


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the observatory answers, and the way to a place: a search, the regions, the public perimeters."""
    typed = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    if typed and not wants_partial(request) and (meant := sole_match(typed)):
        return redirect("observatory:place", meant.level, meant.code)
    context: dict[str, Any] = {
        "typed": typed,
        "found": find_places(typed, limit=12, user=request.user) if len(typed) > 1 else [],
    }
    if not wants_partial(request):
        context |= {
            **_country(request),
            "regions": Region.objects.filter(population__gt=0),
            "departments": Department.objects.all(),
            "former_regions": FormerRegion.objects.all(),
            "perimeters": Perimeter.objects.visible_to(request.user).filter(versions__isnull=False).distinct()[:50],
            "outlined": Outline.objects.exists(),
            "synthetic": words.SYNTHETIC,
        }
    return render_page(request, "observatory/home.html", context, partial="found")


def _country(request: HttpRequest) -> dict[str, Any]:
    """The stock in service and the map of its regions; nothing where there is none yet."""
    try:
        stock = queries.serving_stock()
        drawing = country_map(stock, read_version(request))
    except NoStock as why:
        return {"missing": why.missing}
    return {
        "stock": stock,
        "part_of_country": part_of_country(stock),
        "stock_day": date_with_year(stock.date),
        "map_svg": mark_safe(drawing),  # noqa: S308 - ours
    }


# -- Figures ----------------------------------------------------------------------------------------------------------


@of_place
def place(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The profile of a place."""
    profile = queries.profile(scope)
    tables = tables_of(scope, profile)
    outlined = is_outlined(scope.place)
    context = framed(
        request,
        scope,
        "place",
        figures=[*figures_of(scope, profile), *more_figures(scope, profile)],
        branches=Drawn.of(scope, tables["branches"]) if "branches" in tables else None,
        past=[Drawn.of(scope, tables[name]) for name in PAST_TABLES if name in tables],
        kinds=[Drawn.of(scope, tables[name]) for name in KIND_TABLES if name in tables],
        activities=tables.get("activites"),
        division=surroundings.members(scope.place),
        notes=notes_for(scope, profile),
        outlined=outlined,
        map_src=address("map_svg", scope) if outlined and scope.place.level != Level.COMMUNE else "",
        map_title=f"{VARIABLES['etablissements'].label} · {PAR[levels_of(scope.place)[0]]}",
        map_narrow=address("map_svg", scope, more={"largeur": str(NARROW)}),
        map_csv=address("table_csv", scope, name="carte"),
        map_url=reverse("observatory:place_map", args=[scope.place.level, scope.place.code]) + kept(request),
        pdf=address("place_pdf", scope),
    )
    return render(request, "observatory/place.html", context)


PAST_TABLES = ("serie", "flux")
KIND_TABLES = ("tailles", "ages", "formes", "specialisation")


@dataclass(frozen=True)
class Drawn:
    """A table with the addresses of its chart, wide and for phones, and of its CSV; what the chart says in words."""

    table: Table
    src: str
    narrow: str
    csv: str
    alt: str

    @classmethod
    def of(cls, scope: Scope, table: Table) -> "Drawn":
        chart = table.chart
        address_of = partial(address, "chart_svg", scope, name=table.name)
        return cls(
            table,
            address_of() if chart else "",
            address_of(more={"largeur": str(NARROW)}) if chart else "",
            address("table_csv", scope, name=table.name),
            _alt(table),
        )


def _alt(table: Table) -> str:
    """The first values of the chart, as a sentence for those who do not see it."""
    drawing = table.drawing
    if drawing is None:
        return ""
    label, value = table.index(drawing.label), table.index(drawing.values[0])
    pattern = _("%(label)s: %(value)s")
    values = [
        pattern % {"label": row[label], "value": row[value]}
        for row in replace(table, rows=table.rows[-6:]).shown
        if row[label]
    ]
    return f"{table.title}. {table.columns[value].label}. " + ", ".join(values)


# -- Who is here ------------------------------------------------------------------------------------------------------


@of_place
def companies(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The establishments of the place that may be named, the largest first."""
    filters = _filters(request, scope)
    branch, employers_only = filters["branch"], filters["employers_only"]
    number_of_page = _whole(request, "page", LAST_PAGE, 1)
    found = queries.companies(scope, **filters, limit=ROWS_A_PAGE + 1, offset=(number_of_page - 1) * ROWS_A_PAGE)
    if not found and number_of_page > 1:
        raise NotFound(_("The list ends before that page."))
    asked = {
        **({"branche": str(branch)} if branch else {}),
        **({"employeurs": "1"} if employers_only else {}),
        **({"page": str(number_of_page)} if number_of_page > 1 else {}),
    }
    context = framed(
        request,
        scope,
        "place_companies",
        more=asked,
        lines=company_lines(scope, found[:ROWS_A_PAGE], _actor_forms(request)),
        totals=queries.totals(scope),
        branches=[(n, name, n == branch) for n, name in enumerate(scope.activities.branches, start=1)],
        branch=branch,
        employers_only=employers_only,
        first=(number_of_page - 1) * ROWS_A_PAGE + 1,
        last=(number_of_page - 1) * ROWS_A_PAGE + min(len(found), ROWS_A_PAGE),
        earlier=number_of_page - 1,
        files=[
            (label, address(route, scope, more={name: asked[name] for name in asked if name != "page"}))
            for label, route in ((_("Spreadsheet (XLSX)"), "companies_xlsx"), (_("CSV"), "companies_csv"))
        ],
        masked=settings.MASK_COUNTS_BELOW > 0,
        later=number_of_page + 1 if len(found) > ROWS_A_PAGE and number_of_page < LAST_PAGE else 0,
    )
    return render_page(request, "observatory/place_companies.html", context, partial="list")


MOST_LISTED = 50_000


@drawn(most=2)
@of_place
def companies_file(request: HttpRequest, scope: Scope, extension: str) -> HttpResponseBase:
    """The same list, whole, as a spreadsheet; the numbers of sole traders, which are a person's, are left out."""
    if settings.MASK_COUNTS_BELOW > 0:
        raise NotFound(_("Small counts are left out here: no file lists the establishments, which could be counted."))
    filters = _filters(request, scope)
    found = queries.companies(scope, **filters, limit=MOST_LISTED)
    nameless = [replace(c, siret="", siren="") if c.natural_person else c for c in found]
    table = companies_table(scope, nameless)
    listed = [ListColumn(column.label, itemgetter(place)) for place, column in enumerate(table.columns)]
    columns = [*listed, *definition_columns(scope)]
    name = f"{file_stem(scope)}-entreprises"
    if branch := filters["branch"]:
        name += f"-branche-{branch}"
    if filters["employers_only"]:
        name += "-employeurs"
    return spreadsheet(extension, name, columns, table.rows, zone=timezone.get_current_timezone())


def _filters(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    branch = _whole(request, "branche", len(scope.activities.branches), 0)
    return {"branch": branch, "employers_only": request.GET.get("employeurs") == "1"}


def _whole(request: HttpRequest, name: str, most: int, default: int) -> int:
    """A whole number of the address, from the default to `most`. Raises NotFound for anything else."""
    text = request.GET.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or not default <= int(text) <= most:
        bounds = {"name": name, "least": default, "most": most}
        raise NotFound(_("%(name)s is a number from %(least)s to %(most)s.") % bounds)
    return int(text)


def _actor_forms(request: HttpRequest) -> list[tuple[str, str]]:
    """The name, and the address of the form of an actor, of each territory that the person may change."""
    mine = [one for one in workspaces_of(request.user) if request.user.has_perm(EDIT, one)]
    return [(one.name, reverse("organisations:actor_add", args=[one.slug])) for one in mine]


def company_lines(
    scope: Scope, found: Sequence[Company], forms: Sequence[tuple[str, str]] = ()
) -> list[dict[str, Any]]:
    """The companies as the page lists them: the cells of their table by name, with the wording of the activity.

    `forms` are those of an actor (`_actor_forms`), which each row fills in.
    """
    table = companies_table(scope, found)
    labels = activity_labels(scope.activities.nomenclature, {company.activity for company in found})
    return [
        {
            **{column.name: words for column, words in line},
            "label": labels.get(company.activity, ""),
            "named": bool(company.name),
            "head_office": company.head_office,
            "actor_urls": [
                (name, f"{form}?{_as_actor(company)}") for name, form in forms if not company.natural_person
            ],
        }
        for company, line in zip(found, table.lines, strict=True)
    ]


def _as_actor(company: Company) -> str:
    """What the form of an actor takes from the register."""
    said = {"siren": company.siren, "nom": company.name or "", "commune": company.commune}
    source = _("SIRENE register, establishment %(siret)s") % {"siret": company.siret}
    return urlencode(said | {"nature": "located_in", "source": source})


@of_place
def actors(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Candidates for each kind of actor: schools, research, funds…"""
    found = queries.actors(scope)
    rows = [row for actors in found for row in actors.shown]
    names = surroundings.commune_names(row["commune"] for row in rows)
    labels = activity_labels(Nomenclature.REV2, {row["activity"] for row in rows})
    for row in rows:
        row["commune_name"] = names.get(row["commune"], row["commune"])
        row["label"] = labels.get(row["activity"], "")
        row["band_words"] = words.band_words(row["band"])
    context = framed(
        request,
        scope,
        "place_actors",
        table=actors_table(found),
        found=found,
    )
    return render(request, "observatory/place_actors.html", context)


# -- How well it is known ---------------------------------------------------------------------------------------------


@of_place
def bridge(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The passage from NAF rev. 2 to NAF 2025 as the register shows it here, beside the official table."""
    table = bridge_table(queries.passages(scope))
    context = framed(request, scope, "place_bridge", table=table, csv=address("table_csv", scope, name=table.name))
    return render(request, "observatory/place_bridge.html", context)


@of_place
def quality(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Each flaw of the figures of the place: how many establishments have it, and what is made of it."""
    context = framed(
        request,
        scope,
        "place_quality",
        drawn=Drawn.of(scope, quality_table(queries.quality(scope))),
        addresses=domiciliation_table(queries.domiciliations(scope)),
        notes=notes_for(scope),
    )
    return render(request, "observatory/place_quality.html", context)
