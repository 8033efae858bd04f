"""Maps of a place: areas in five classes, and the establishments that may be placed.

The page holds the table that the map paints; without scripts the same map is an image.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page

from totem.core.pages import NotFound
from totem.core.rendering import kept, queued
from totem.core.rendering.choropleth import MapShape, choropleth_svg, class_of, class_words, classes
from totem.core.wording import number, percent
from totem.observatory import queries, surroundings
from totem.observatory.activities import activities_of
from totem.observatory.engine import Scope
from totem.observatory.models import ActivityVersion, Stock
from totem.observatory.open_data import definition_of
from totem.observatory.place_tables import communes_table
from totem.observatory.tables import Table, value_words
from totem.observatory.views.compare import compared_rows, division_table, with_people
from totem.observatory.views.frame import framed
from totem.observatory.views.scopes import address, code_of, of_place, permanent_of
from totem.observatory.words import SYNTHETIC, band_words
from totem.territories.models import Commune, Edition, Level, Outline
from totem.territories.outlines import dissolved
from totem.territories.places import FRANCE, FRANCE_CODE, Place, place_for, shape_from
from totem.territories.queries import levels_of as codes_of
from totem.territories.queries import outlines_geojson
from totem.territories.shapes import as_geojson

MOST_POINTS = 5_000
MOST_AREAS = 2_500  # on one page, unless somebody asks for more
WIDE, NARROW = 720, 390  # pixels of an image
MAINLAND = (-6.0, 41.0, 10.5, 51.6)  # west, south, east, north, in degrees


@dataclass(frozen=True)
class Variable:
    """A figure that a map can show: the column of the table, and whether it is a count."""

    column: str
    label: str | Promise
    whole: bool
    percent: bool = False


VARIABLES = {
    "etablissements": Variable("establishments", gettext_lazy("Establishments"), whole=True),
    "employeurs": Variable("employers", gettext_lazy("Employing establishments"), whole=True),
    "pour-mille": Variable("per_thousand", gettext_lazy("Establishments per 1,000 inhabitants"), whole=False),
    "part": Variable("weight", gettext_lazy("Share of all establishments"), whole=False, percent=True),
}
METHOD = gettext_lazy(
    "Natural breaks (Jenks, on a logarithmic scale), at round numbers; zero stands apart, and hatched is not known."
)
PAR = {
    Level.COMMUNE: gettext_lazy("By commune"),
    Level.EPCI: gettext_lazy("By EPCI"),
    Level.DEPARTMENT: gettext_lazy("By department"),
    Level.REGION: gettext_lazy("By region"),
}


@dataclass(frozen=True)
class Asked:
    """What a map shows: which figure, by which areas, with or without the establishments."""

    name: str
    level: Level
    points: bool
    width: int = WIDE

    @property
    def variable(self) -> Variable:
        return VARIABLES[self.name]

    @property
    def parameters(self) -> dict[str, str]:
        """As the address says it."""
        points = {"points": "1"} if self.points else {}
        width = {"largeur": str(self.width)} if self.width != WIDE else {}
        return {"chiffre": self.name, "par": str(self.level)} | points | width


def read_map(request: HttpRequest, place: Place) -> Asked:
    """What `?chiffre=…&par=…&points=1` asks for. Raises NotFound."""
    name, par = request.GET.get("chiffre") or "etablissements", request.GET.get("par") or ""
    levels = levels_of(place)
    width = request.GET.get("largeur") or str(WIDE)
    if name not in VARIABLES or (par and par not in levels) or width not in {str(WIDE), str(NARROW)}:
        raise NotFound(_("There is no such map."))
    return Asked(name, Level(par) if par else levels[0], request.GET.get("points") == "1", int(width))


def levels_of(place: Place) -> list[Level]:
    """By which areas a place can be mapped, the usual one first."""
    if place.level == FRANCE:
        return [Level.DEPARTMENT, Level.REGION]
    if place.level in {Level.COMMUNE, Level.EPCI} or place.partial:
        return [Level.COMMUNE]
    larger = [Level.EPCI, *([Level.DEPARTMENT] if place.level in {Level.REGION, Level.FORMER_REGION} else [])]
    return [Level.COMMUNE, *larger] if len(place.communes) <= MOST_AREAS else [*larger, Level.COMMUNE]


# -- What is painted --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Painted:
    """A table of areas, the class of each and what the classes are."""

    table: Table
    breaks: tuple[float, ...]
    legend: list[str]
    level_of: Mapping[str, int | None]
    said: Mapping[str, str]

    @property
    def unknown(self) -> bool:
        return None in self.level_of.values()


def painted(scope: Scope, asked: Asked) -> Painted:
    """The areas of the place with the figure asked for, in classes."""
    table = areas_table(scope, asked.level)
    place = table.index(asked.variable.column)
    values = {row[0]: float(row[place]) if isinstance(row[place], int | float) else None for row in table.rows}
    breaks = classes(values.values())
    write = _percent if asked.variable.percent else number
    kind = table.columns[place].kind
    said = _("%(label)s: %(value)s")
    return Painted(
        table,
        breaks,
        class_words(breaks, whole=asked.variable.whole, number=write),
        {code: class_of(value, breaks) for code, value in values.items()},
        {row[0]: said % {"label": asked.variable.label, "value": value_words(row[place], kind)} for row in table.rows},
    )


def _percent(share: float) -> str:
    return percent(share, 2 if share < 0.01 else 1)


def areas_table(scope: Scope, level: Level) -> Table:
    """The areas of that level in the place, with people; of a drawn place, those wholly inside have a share."""
    if level != Level.COMMUNE:
        division = surroundings.members(scope.place, level)
        if division is None:
            raise NotFound(_("There is no such map."))
        return division_table(scope, division)
    cut = set(scope.place.partial)
    people = Commune.objects.filter(code__in=scope.place.communes).values_list("code", "population")
    table = communes_table(scope, queries.communes(scope))
    return with_people(table, {code: None if code in cut else population for code, population in people})


# -- The page ---------------------------------------------------------------------------------------------------------


@of_place
def map_page(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The map of a place beside its table."""
    asked = read_map(request, scope.place)
    found = painted(scope, asked)
    totals = queries.totals(scope)
    lines = [
        replace(line, level=found.level_of[line.code], text=found.said[line.code])
        for line in compared_rows(request, scope, found.table, asked.level)
    ]
    outlined = Outline.objects.filter(level=asked.level, code__in=[line.code for line in lines]).exists()
    context = framed(
        request,
        scope,
        "place_map",
        more=asked.parameters,
        asked=asked,
        variables=[(name, v.label, name == asked.name) for name, v in VARIABLES.items()],
        levels=[(str(level), PAR[level], level == asked.level) for level in levels_of(scope.place)],
        legend=found.legend,
        legend_method=METHOD,
        unknown=found.unknown,
        table=found.table,
        lines=lines,
        placed=totals.establishments - totals.not_placed,
        not_placed=totals.not_placed,
        most_points=MOST_POINTS,
        points_cut=totals.establishments - totals.not_placed > MOST_POINTS,
        outlined=outlined,
        src=address("map_svg", scope, more=asked.parameters),
        narrow=address("map_svg", scope, more=asked.parameters | {"largeur": str(NARROW)}),
        outlines=address("map_outlines", scope, more={"par": str(asked.level)}),
        edge=address("map_outlines", scope, more={"par": "contour", "maille": str(asked.level)}) if outlined else "",
        points=address("sites_geojson", scope) if asked.points and scope.stock.complete else "",
        csv=address("table_csv", scope, more=asked.parameters, name="carte"),
    )
    return render(request, "observatory/place_map.html", context)


# -- As an image ------------------------------------------------------------------------------------------------------


@queued.drawn(most=6)
@of_place
@gzip_page
def map_svg(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The map as SVG, with its legend; 404 where no area has an outline."""
    asked = read_map(request, scope.place)
    drawing = _kept_map(scope, asked)
    if not drawing:
        raise NotFound(_("The limits of these areas are not loaded."))
    answer = HttpResponse(drawing, content_type="image/svg+xml; charset=utf-8")
    patch_cache_control(answer, private=True, max_age=3600)
    return answer


def drawn(scope: Scope, asked: Asked, *, href: Callable[[str], str] | None = None) -> str:
    """The map of a scope as SVG text; empty where no area has an outline. `href` gives the page of a code."""
    found = painted(scope, asked)
    outlines = _outlines(asked.level, found.level_of)
    if not outlines:
        return ""
    names = {row[0]: row[1] for row in found.table.rows}
    title = _("%(figure)s, %(place)s") % {"figure": asked.variable.label, "place": scope.place.name}
    if scope.stock.synthetic:
        title = f"{title} – {SYNTHETIC}"
    return choropleth_svg(
        [
            MapShape(
                code, f"{names[code]}. {found.said[code]}", shape, found.level_of[code], href(code) if href else ""
            )
            for code, shape in outlines.items()
        ],
        title=title,
        width=asked.width,
        legend=found.legend,
        outlines=_edges(scope.place, asked.level, outlines),
        points=[(point.lon, point.lat) for point in queries.points(scope, limit=MOST_POINTS)] if asked.points else [],
    )


def country_map(stock: Stock, version: ActivityVersion) -> str:
    """The regions of the country as SVG with links to their pages; empty without outlines. Drawn once a stock."""
    parts = ["regions", _edition(), stock.folder, version.pk, get_language(), settings.MASK_COUNTS_BELOW]

    def draw() -> str:
        scope = Scope(stock, activities_of(version), place_for(FRANCE, FRANCE_CODE))
        return drawn(
            scope,
            Asked("etablissements", Level.REGION, points=False, width=NARROW),
            href=lambda code: reverse("observatory:place", args=[Level.REGION, code]),
        )

    return kept(["map", *parts], draw)


def _outlines(level: str, codes: Iterable[str]) -> dict[str, bytes]:
    """The outlines of these codes; where some lie on the mainland, those alone: no page holds both hemispheres."""
    rows = list(
        Outline.objects.filter(level=level, code__in=list(codes))
        .order_by("code")
        .values_list("code", "shape", "west", "south", "east", "north")
    )
    west, south, east, north = MAINLAND
    here = [row for row in rows if row[2] > west and row[3] > south and row[4] < east and row[5] < north]
    return {row[0]: bytes(row[1]) for row in here or rows}


def is_outlined(place: Place) -> bool:
    """Whether some of the place can be drawn: limits may be loaded for a part of the country only."""
    if place.polygon is not None:
        return True
    if place.edition and place.level in Level.values:
        return _is_outlined(place.level, (place.code,), place.edition)
    level, codes = (place.level, (place.code,)) if place.level in Level.values else (Level.COMMUNE, place.communes)
    return _is_outlined.__wrapped__(level, codes[:MOST_AREAS], "")


@lru_cache(maxsize=1024)
def _is_outlined(level: str, codes: tuple[str, ...], _edition: str) -> bool:
    return Outline.objects.filter(level=level, code__in=codes).exists()


def _edges(place: Place, level: str, areas: Mapping[str, bytes]) -> list[bytes]:
    """The place's own line: the very line of the areas drawn, where they make it. That of larger places is coarser."""
    if place.polygon is not None:
        return [place.polygon.wkb]
    if place.level == Level.COMMUNE or not areas:
        return []
    if level == Level.COMMUNE:
        import shapely  # noqa: PLC0415 - only where shapes are

        return [dissolved(shapely.from_wkb(list(areas.values()))).wkb]
    shapes = Outline.objects.filter(level=place.level, code=place.code).values_list("shape", flat=True)
    return [bytes(shape) for shape in shapes]


def _kept_map(scope: Scope, asked: Asked) -> str:
    """The map of a scope, drawn once for all that it depends on."""
    parts = [
        _edition(),
        scope.stock.folder,
        scope.activities.version_id,
        scope.activities.nomenclature,
        code_of(scope.place),
        scope.place.key,
        scope.place.communes,
        asked.parameters,
        permanent_of(scope).get("forme", ""),
        get_language(),
        settings.MASK_COUNTS_BELOW,
    ]
    return kept(["map", *parts], lambda: drawn(scope, asked))


def _edition() -> str:
    return str(Edition.objects.filter(package="outlines").values_list("version", flat=True).first())


# -- As GeoJSON -------------------------------------------------------------------------------------------------------


@queued.drawn(most=6)
@of_place
@gzip_page
def map_outlines(request: HttpRequest, scope: Scope) -> HttpResponse:
    """A map's areas (`?par=commune`) as GeoJSON, or the place's own line about them (`?par=contour&maille=commune`)."""
    place = scope.place
    if request.GET.get("par") == "contour":
        level = request.GET.get("maille") or levels_of(place)[0]
        parts = ["edge", _edition(), place.key, place.communes, level, permanent_of(scope).get("forme", "")]
        return _as_geojson(kept(parts, lambda: _edge_geojson(place, level)))
    level = read_map(request, place).level
    return _as_geojson(outlines_geojson(level, list(_outlines(level, codes_of(level, place.communes)))))


def _edge_geojson(place: Place, level: str) -> str:
    edges = _edges(place, level, _outlines(level, codes_of(level, place.communes)))
    shapes = [json.loads(as_geojson(shape_from(edge))) for edge in edges]
    features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes]
    return json.dumps({"type": "FeatureCollection", "features": features})


@queued.drawn(most=6)
@of_place
@gzip_page
def sites_geojson(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The establishments that may be placed, the largest first, named only where the register lets them be.

    At most MOST_POINTS; `cut` says whether there are more.
    """
    found = queries.points(scope, limit=MOST_POINTS + 1)
    labels = scope.activities.branches
    features = [
        {
            "type": "Feature",
            "properties": {
                "siret": point.siret,
                "name": point.name or _("Not named"),
                "text": f"{labels[point.branch - 1]} · {band_words(point.band)}",
            },
            "geometry": {"type": "Point", "coordinates": [round(point.lon, 6), round(point.lat, 6)]},
        }
        for point in found[:MOST_POINTS]
    ]
    said = {
        "cut": len(found) > MOST_POINTS,
        "stock": scope.stock.date.isoformat(),
        "synthetic": scope.stock.synthetic,
        "definition": definition_of(scope),
        "licence": "Licence Ouverte 2.0 (INSEE, Sirene)",
    }
    return _as_geojson(json.dumps({"type": "FeatureCollection", **said, "features": features}))


def _as_geojson(text: str) -> HttpResponse:
    answer = HttpResponse(text, content_type="application/geo+json")
    patch_cache_control(answer, private=True, max_age=3600)
    return answer
