"""The charts and the map of `/design/`: made-up figures in every kind of drawing."""

import json
import math
from collections.abc import Sequence
from typing import Any

import shapely
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_safe

from totem.core.rendering import ChartSpec, answers_busy, chart_svgs
from totem.core.rendering.choropleth import Shape, choropleth_svg, class_of, class_words, classes

WIDTHS = (720, 390)
YEARS = range(2016, 2027)
KINDS = ("bars", "stacked", "line", "flows", "dots", "interval")
AREAS = 24


def spec(kind: str, width: int = WIDTHS[0]) -> ChartSpec:
    """The sample of a kind, in the active language. Raises KeyError for a kind that there is not."""
    branches = [gettext("Software"), gettext("Data and hosting"), gettext("Telecommunications"), gettext("Repair")]
    sizes = [gettext("no employee"), gettext("1 to 9"), gettext("10 to 49"), gettext("50 and more")]
    samples: dict[str, dict[str, Any]] = {
        "bars": {
            "title": gettext("Establishments by branch"),
            "rows": [
                *({"label": name, "value": n} for name, n in zip(branches, (310, 1540, 88, 297), strict=True)),
                {"label": gettext("Together"), "value": 2235, "emphasis": True},
            ],
        },
        "stacked": {
            "title": gettext("Establishments by branch and size"),
            "rows": [
                {"label": name, "part": size, "value": round(420 / (n + 1) / (k + 1))}
                for n, name in enumerate(branches)
                for k, size in enumerate(sizes)
            ],
        },
        "line": {
            "title": gettext("Establishments on 31 December"),
            "rows": [
                {"series": name, "year": year, "value": round(base * 1.05 ** (year - YEARS[0])), "emphasis": total}
                for name, base, total in ((branches[0], 900, False), (branches[1], 700, False), (
                    gettext("Together"), 1900, True,
                ))
                for year in YEARS
            ],
        },
        "flows": {
            "title": gettext("Births and closures"),
            "rows": [{"year": y, "births": 180 + 9 * (y - 2016), "closures": 90 + y * 7 % 40} for y in YEARS],
            "names": {"births": gettext("Births"), "closures": gettext("Closures")},
        },
        "dots": {
            "title": gettext("Share of the digital sector"),
            "rows": [
                {"label": "Caen", "value": 0.042},
                {"label": "Rouen", "value": 0.035},
                {"label": "Amiens", "value": 0.031, "emphasis": True},
                {"label": "Le Havre", "value": 0.027},
            ],
            "percent": True,
            "decimals": 1,
            "reference": 0.039,
            "reference_name": "France",
        },
        "interval": {
            "title": gettext("Jobs, from the size bands"),
            "rows": [
                {"label": branches[0], "low": 450, "high": 900},
                {"label": branches[1], "low": 3100, "high": 6200},
                {"label": branches[2], "low": 5400, "high": None},
            ],
            "names": {"at_least": gettext("at least")},
        },
    }  # fmt: skip
    return ChartSpec(kind=kind, language=get_language() or "fr", width=width, **samples[kind])  # type: ignore[arg-type]


@login_not_required
@require_safe
@answers_busy
def design_chart(_request: HttpRequest, kind: str, width: int) -> HttpResponse:
    """One sample as SVG. The page asks for all of them: whoever comes first has all drawn by one child."""
    if kind not in KINDS or width not in WIDTHS:
        raise Http404
    drawn = dict(zip(KINDS, chart_svgs([spec(each, width) for each in KINDS]), strict=True))
    return HttpResponse(drawn[kind], content_type="image/svg+xml")


def _hexagon(n: int) -> shapely.Polygon:
    """The n-th cell of a comb in Picardie, in degrees."""
    row, column = divmod(n, 6)
    lon, lat = 2 + 0.18 * (column + row % 2 / 2), 50 - 0.1 * row
    corners = [math.radians(60 * k + 30) for k in range(6)]
    return shapely.Polygon([(lon + 0.104 * math.cos(a), lat + 0.067 * math.sin(a)) for a in corners])


def _values() -> list[int | None]:
    return [None if n in {8, 21} else n**3 % 97 + (n % 5) ** 4 for n in range(AREAS)]


@login_not_required
@require_safe
def design_outlines(_request: HttpRequest) -> JsonResponse:
    """The comb's cells as GeoJSON."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": str(n), "name": gettext("Area %(n)s") % {"n": n + 1}},
            "geometry": json.loads(shapely.to_geojson(_hexagon(n))),
        }
        for n in range(AREAS)
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type="application/geo+json")


def areas() -> list[dict[str, Any]]:
    """The comb's rows: code, name, value and class."""
    values = _values()
    breaks = classes(values)
    return [
        {"code": n, "name": gettext("Area %(n)s") % {"n": n + 1}, "value": v, "level": class_of(v, breaks)}
        for n, v in enumerate(values)
    ]


def legend() -> Sequence[str]:
    """The words of the comb's classes."""
    return class_words(classes(_values()))


def drawing() -> SafeString:
    """The comb as SVG."""
    shapes = [Shape(str(a["code"]), a["name"], _hexagon(a["code"]).wkb, a["level"]) for a in areas()]
    return mark_safe(choropleth_svg(shapes, title=gettext("A map by area")))  # noqa: S308 - escaped where it is made
