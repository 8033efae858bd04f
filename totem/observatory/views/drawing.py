"""An area drawn on a map, typed or sent as GeoJSON: figures follow, at an address that will always give them."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from totem.observatory import queries, words
from totem.observatory.activities import activities_of
from totem.observatory.engine import NoStock, RowsGone, Scope
from totem.observatory.tables import figures_of, tables_of
from totem.observatory.views.frame import home_crumb, part_or_page
from totem.observatory.views.scopes import (
    LONGEST_SHAPE,
    address,
    chooser,
    kept,
    kept_elsewhere,
    read_drawn,
    read_naf,
    read_stock,
    read_version,
    text_of,
)
from totem.territories.models import Outline
from totem.territories.places import ShapesMissing, place_drawn
from totem.territories.shapes import MOST_BYTES, Problem, Reading, as_geojson, read_shape

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def draw(request: HttpRequest) -> HttpResponse:
    """A shape to draw; with one, its figures. What is sent is checked, then shown at its own address."""
    if request.method == "POST":
        reading = lighter(read_shape(_sent(request)))
        if reading.polygon is not None:
            return redirect(_address_of(request, reading.polygon))
        return _page(request, reading, status=422)
    if not request.GET.get("forme"):
        return _page(request, Reading())
    reading = read_drawn(request.GET["forme"])
    return _page(request, reading, status=200 if reading.polygon is not None else 422)


def _sent(request: HttpRequest) -> bytes | str:
    """The file that was sent, or else what was drawn or typed."""
    file = request.FILES.get("fichier")
    if file is not None:
        return bytes(file.read(MOST_BYTES + 1))
    return request.POST.get("geojson", "")


def lighter(reading: Reading) -> Reading:
    """The reading, with fewer corners offered where an address could not hold them all."""
    if reading.polygon is None or len(text_of(reading.polygon)) <= LONGEST_SHAPE:
        return reading
    simple, tolerance = reading.polygon, 0.0002
    while len(text_of(simple)) > LONGEST_SHAPE and tolerance < 1:
        simple, tolerance = reading.polygon.simplify(tolerance).buffer(0), 2 * tolerance
    told = Problem("address", _("The outline has too many corners for an address: a simpler one is needed."))
    return Reading(problems=(told,), corrected=simple)


def _address_of(request: HttpRequest, polygon: "BaseGeometry") -> str:
    before = kept_elsewhere(request)
    return f"{reverse('observatory:draw')}{before or '?'}{'&' if before else ''}forme={text_of(polygon)}"


def _page(request: HttpRequest, reading: Reading, status: int = 200) -> HttpResponse:
    polygon, figures = reading.polygon, {}
    context: dict[str, Any] = {
        "crumb_items": [home_crumb()],
        "reading": reading,
        "outlined": Outline.objects.exists(),
        "geojson": as_geojson(polygon) if polygon is not None else request.POST.get("geojson", "")[:LONGEST_SHAPE],
        "corrected": as_geojson(reading.corrected) if reading.corrected is not None else "",
        "kept": kept_elsewhere(request),
    }
    if polygon is not None:
        figures, status = _figures(request, polygon)
    template = part_or_page(request, "observatory/draw.html", "answer")
    return render(request, template, {**context, **figures}, status=status)


def _figures(request: HttpRequest, polygon: "BaseGeometry") -> tuple[dict[str, Any], int]:
    """The figures of a polygon, or why there are none, and the status of the answer."""
    try:
        stock = read_stock(request)
        scope = Scope(stock, activities_of(read_version(request), read_naf(request)), place_drawn(polygon))
        profile = queries.profile(scope)
    except NoStock:
        return {"missing": "stock"}, 503
    except ShapesMissing:
        return {"missing": "outlines"}, 503
    except RowsGone:
        return {"missing": "rows"}, 410
    tables = tables_of(scope, profile)
    here = [scope.place.level, scope.place.code]
    return {
        "scope": scope,
        "stock": stock,
        "place": scope.place,
        "synthetic": words.SYNTHETIC if stock.synthetic else "",
        "chooser": chooser(request, scope),
        "counted": words.counted_words(scope),
        "figures": figures_of(scope, profile),
        "table": tables.get("branches"),
        "notes": [note for note in words.notes_for(scope, profile) if note.name in {"zone-dessinee", "positions"}],
        "place_url": reverse("observatory:place", args=here) + kept(request),
        "map_url": reverse("observatory:place_map", args=here) + kept(request),
        "permanent": address("place", scope),
    }, 200
