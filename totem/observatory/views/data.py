"""Figures as files: a table's CSV and chart, a place's open data, its sheet as PDF; and the page of methods."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from totem.core import languages
from totem.core.components import Crumb
from totem.core.pages import NotFound
from totem.core.rendering import ChartSpec, chart_svgs, document_pdf
from totem.core.rendering.queued import drawn
from totem.core.wording import date_with_year
from totem.observatory import exports, open_data, queries, words, yearly
from totem.observatory.answers import Profile
from totem.observatory.engine import Scope
from totem.observatory.key_figures import KeyFigure, figures_of
from totem.observatory.models import Stock
from totem.observatory.nomenclature import read_bands
from totem.observatory.notes import notes_for, notes_of_edition
from totem.observatory.place_tables import (
    actors_table,
    bridge_table,
    communes_table,
    domiciliation_table,
    quality_table,
    series_tables,
    tables_of,
)
from totem.observatory.tables import Table
from totem.observatory.views import compare, maps
from totem.observatory.views.frame import framed
from totem.observatory.views.scopes import address, of_place
from totem.territories.models import Level, Outline

WIDTHS = {"390": 390, "720": 720, "1040": 1040}
LONGEST_PRINTED = 60  # rows of a table in a document
OF_PROFILE = ("branches", "activites", "tailles", "ages", "formes", "specialisation")
CHARTED = ("branches", "serie", "flux", "tailles", "ages", "formes", "specialisation")
PRINTED = (*CHARTED, "activites")


# -- One table --------------------------------------------------------------------------------------------------------


Maker = Callable[[HttpRequest, Scope], Table | None]


def _of_series(name: str) -> Maker:
    """The yearly tables alone: the rest of the profile is not asked for them."""
    return lambda _request, scope: next(
        (table for table in series_tables(scope, yearly.series(scope)) if table.name == name and table.rows),
        None,
    )


MADE: dict[str, Maker] = {
    "serie": _of_series("serie"),
    "flux": _of_series("flux"),
    "communes": lambda _request, scope: communes_table(scope, queries.communes(scope)),
    "comparaison": lambda request, scope: compare.chosen_table(scope, request.user, compare.chosen_keys(request)),
    "branches-comparees": lambda request, scope: compare.branches_table(
        scope, request.user, compare.chosen_keys(request)
    ),
    "carte": lambda request, scope: maps.areas_table(scope, maps.read_map(request, scope.place).level),
    "passerelle": lambda _request, scope: bridge_table(queries.passages(scope)),
    "qualite": lambda _request, scope: quality_table(queries.quality(scope)),
    "acteurs": lambda _request, scope: actors_table(queries.actors(scope, limit=1)),
    "domiciliations": lambda _request, scope: domiciliation_table(queries.domiciliations(scope, limit=500)),
}


def table_named(request: HttpRequest, scope: Scope, name: str) -> Table:
    """The table of that name about the scope. Raises NotFound, RowsGone, PlaceNotFound."""
    if name in MADE:
        found = MADE[name](request, scope)
    elif name.startswith(("membres-", "pairs-", "similaires-")):
        division = compare.division_of(scope, *name.split("-", 1))
        found = compare.ranked_table(scope, division) if division else None
    elif name in OF_PROFILE:
        found = tables_of(scope, queries.profile(scope)).get(name)
    else:
        found = None
    if found is None:
        raise NotFound(_("There is no such table here."))
    return found


@of_place
def table_csv(request: HttpRequest, scope: Scope, name: str) -> HttpResponse:
    """A table for a spreadsheet."""
    table = table_named(request, scope, name)
    if name == "carte":
        name = f"carte-{maps.read_map(request, scope.place).level}"
    return _file(scope, f"{name}.csv", exports.table_csv(table, open_data.definition_of(scope)), exports.MEDIA["csv"])


def _of_width(scope: Scope, spec: ChartSpec, width: int) -> ChartSpec:
    title = f"{spec.title}, {scope.place.name}"
    if scope.stock.synthetic:
        title = f"{title} – {words.SYNTHETIC}"
    return replace(spec, width=width, title=title)


@drawn(most=12)  # a page shows seven
@of_place
def table_chart(request: HttpRequest, scope: Scope, name: str) -> HttpResponse:
    """The chart of a table as SVG, `?largeur=` 390, 720 or 1040 pixels wide."""
    width = WIDTHS.get(request.GET.get("largeur") or "720")
    if width is None:
        raise NotFound(_("There is no such chart."))
    # The page asks for all charts of a profile at once: whoever comes first draws them for the others, in one start.
    tables = tables_of(scope, queries.profile(scope)) if name in CHARTED else {name: table_named(request, scope, name)}
    charts = {key: _of_width(scope, chart, width) for key, table in tables.items() if (chart := table.chart)}
    if name not in charts:
        raise NotFound(_("There is no such chart."))
    drawing = dict(zip(charts, chart_svgs(list(charts.values())), strict=True))[name]
    answer = HttpResponse(drawing, content_type="image/svg+xml; charset=utf-8")
    patch_cache_control(answer, private=True, max_age=3600)
    return answer


# -- Open data --------------------------------------------------------------------------------------------------------


@of_place
def place_data(request: HttpRequest, scope: Scope) -> HttpResponse:
    """What can be had of the place as files, and what describes them."""
    package = _package(scope)
    files = [
        (file, address("place_data_file", scope, name=file.name))
        for file in package.files.values()
        if file.name != "datapackage.json"
    ]
    groups: dict[str, list[tuple[open_data.File, str]]] = {}
    for file, url in files:
        groups.setdefault(file.title, []).append((file, url))
    context = framed(
        request,
        scope,
        "place_data",
        groups=[(title, of_group[0][0].description, of_group) for title, of_group in groups.items()],
        archive=address("place_data_file", scope, name="archive.zip"),
        datapackage=address("place_data_file", scope, name="datapackage.json"),
        pdf=address("place_pdf", scope),
        threshold=settings.MASK_COUNTS_BELOW,
        licence=open_data.LICENCE,
        units=words.UNITS.values(),
        outlined=Outline.objects.filter(level=Level.COMMUNE).exists(),
        with_points=package.placed,
    )
    return render(request, "observatory/place_data.html", context)


@drawn(most=2)
@of_place
def place_data_file(request: HttpRequest, scope: Scope, name: str) -> HttpResponseBase:
    """One of the files, or all of them in an archive."""
    package = _package(scope)
    if name == "archive.zip":
        answer = FileResponse(package.archive(), content_type=exports.MEDIA["zip"])
        answer["Content-Disposition"] = _called(f"{open_data.file_stem(scope)}-donnees.zip", as_attachment=True)
        return answer
    file = package.files.get(name)
    if file is None:
        raise NotFound(_("There is no such file."))
    return _file(scope, name, file.make(), file.media, as_attachment=file.extension != "json")


def _package(scope: Scope) -> open_data.Package:
    return open_data.package_of(scope, absolute(address("place", scope)))


def _file(scope: Scope, name: str, content: bytes, media: str, *, as_attachment: bool = True) -> HttpResponse:
    answer = HttpResponse(content, content_type=media)
    answer["Content-Disposition"] = _called(f"{open_data.file_stem(scope)}-{name}", as_attachment=as_attachment)
    patch_cache_control(answer, private=True, max_age=3600)
    return answer


def _called(filename: str, *, as_attachment: bool) -> str:
    return content_disposition_header(as_attachment=as_attachment, filename=filename) or "inline"


def absolute(path: str) -> str:
    """The address as it is written on paper and in files."""
    return f"{settings.SITE_URL.rstrip('/')}{path}"


# -- The sheet --------------------------------------------------------------------------------------------------------


@drawn(most=2)
@of_place
def place_pdf(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The place on paper: its figures, charts with their tables, map, definitions, and its permanent address."""
    profile = queries.profile(scope)
    tables = tables_of(scope, profile)
    charts = _charts(tables)
    map_image = _map(scope)
    data = sheet_data(scope, profile, tables, charts, with_map=bool(map_image))
    images = {"map": map_image.encode()} if map_image else {}
    pdf = document_pdf("core/report", data, images=images, charts=charts)
    return _file(scope, "fiche.pdf", pdf, "application/pdf", as_attachment=False)


def sheet_data(
    scope: Scope,
    profile: Profile,
    tables: dict[str, Table],
    charts: dict[str, ChartSpec],
    *,
    with_map: bool,
) -> dict[str, Any]:
    """What `report.typ` prints of a place."""
    stock, place = scope.stock, scope.place
    sections = [_printed(tables[name], image=name if name in charts else "") for name in PRINTED if name in tables]
    if with_map:
        sections.insert(1, _map_section(scope))
    return {
        "lang": languages.active(),
        "kicker": _("Observatory of the digital sector"),
        "title": str(place.name),
        "lead": words.counted_words(scope),
        "at": date_with_year(stock.date),
        "at_iso": stock.date.isoformat(),
        "notice": str(words.SYNTHETIC) if stock.synthetic else "",
        "figures": [_printed_figure(figure) for figure in figures_of(scope, profile)],
        "sections": sections,
        "notes": [f"{note.title}. {note.text}" for note in notes_for(scope, profile)],
        "words": {
            "notes": _("How to read these figures"),
            "page": _("Page {n} of {total}"),
            "address": _("Permanent address:"),
        },
        "address": absolute(address("place", scope)),
    }


def _charts(tables: dict[str, Table]) -> dict[str, ChartSpec]:
    found = {name: tables[name].chart for name in PRINTED if name in tables}
    return {name: chart for name, chart in found.items() if chart is not None}


def _printed(table: Table, *, image: str) -> dict[str, Any]:
    rows = table.shown[:LONGEST_PRINTED]
    text = table.description
    if len(table.rows) > LONGEST_PRINTED:
        first = _("The first %(count)s lines; the page has all of them.") % {"count": LONGEST_PRINTED}
        text = f"{text} {first}"
    shown: dict[str, Any] = {
        "title": table.title,
        "text": text,
        "table": {
            "head": [column.label for column in table.columns],
            "rows": [*rows, *([table.shown_total] if table.total is not None else [])],
            "numbers": [n for n, column in enumerate(table.columns) if column.is_number],
        },
    }
    if image:
        shown |= {"image": image, "alt": f"{table.title}. {table.description}"}
    return shown


def _printed_figure(figure: KeyFigure) -> dict[str, str]:
    definition = " ".join(text for text in (figure.definition, figure.beside, figure.warning) if text)
    return {
        "label": figure.label,
        "value": figure.value,
        "unit": figure.unit,
        "definition": definition,
        "source": figure.source,
    }


def _asked_map(scope: Scope) -> maps.Asked:
    return maps.Asked("etablissements", maps.levels_of(scope.place)[0], points=False)


def _map(scope: Scope) -> str:
    """The map of establishments as SVG; empty for a single commune, and without outlines."""
    return "" if len(scope.place.communes) < 2 else maps.drawn(scope, _asked_map(scope))


def _map_section(scope: Scope) -> dict[str, Any]:
    asked = _asked_map(scope)
    title = f"{asked.variable.label} · {maps.PAR[asked.level]}"
    return {
        "title": title,
        "text": str(maps.METHOD),
        "image": "map",
        "alt": title,
    }


# -- Methods ----------------------------------------------------------------------------------------------------------


@login_not_required
@require_safe
def method(request: HttpRequest) -> HttpResponse:
    """Every definition and every note, whatever the place: what the figures mean and what they hide."""
    stock = Stock.objects.serving()
    whole = Stock(has_history=True, has_links=True, has_coordinates=True)  # what the method says of none
    context = {
        "definitions": words.DEFINITIONS.items(),
        "register": words.REGISTER,
        "notes": notes_of_edition(stock or whole),
        "bands": [(band.code, words.band_words(band.code)) for band in read_bands()],
        "legal_forms": words.LEGAL_FORMS.items(),
        "stock": stock,
        "crumb_items": [Crumb(_("Observatory"), reverse("observatory:home"))],
    }
    return render(request, "observatory/data_method.html", context)
