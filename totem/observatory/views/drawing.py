"""An area drawn on a map, typed or sent as GeoJSON: figures follow, at an address that will always give them."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from totem.core.pages import SHOW_AND_SEND, render_page
from totem.core.wording import date_with_year
from totem.observatory import queries, words
from totem.observatory.activities import activities_of
from totem.observatory.engine import NoStock, RowsGone, Scope
from totem.observatory.key_figures import figures_of
from totem.observatory.notes import notes_for
from totem.observatory.permissions import workspaces_of
from totem.observatory.place_tables import tables_of
from totem.observatory.views.frame import home_crumb
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
from totem.territories.cut_communes import cut_words, missing_words, unknown_words
from totem.territories.geojson import ANYBODY
from totem.territories.models import Outline
from totem.territories.places import FRANCE, FRANCE_CODE, ShapesMissing, place_drawn
from totem.territories.shape_forms import ShapeForm
from totem.territories.shapes import as_geojson

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


UNREADABLE = gettext_lazy("This address holds no shape that can be read.")


@login_not_required
@require_http_methods(SHOW_AND_SEND)
def draw(request: HttpRequest) -> HttpResponse:
    """A shape to draw; with one, its figures. What is sent is checked, then shown at its own address."""
    if request.method == "POST":
        form = DrawForm(request.POST, request.FILES)
        if form.is_valid():
            return redirect(_address_of(request, form.cleaned_data["polygon"]))
        return _page(request, form, status=422, corrected=form.corrected)
    if not request.GET.get("forme"):
        return _page(request, DrawForm())
    reading = read_drawn(request.GET["forme"])
    if reading.polygon is None:
        drawn = as_geojson(reading.corrected) if reading.corrected is not None else ""
        form = DrawForm(initial={"shape": drawn})
        return _page(request, form, status=422, problems=reading.messages or [UNREADABLE], corrected=drawn)
    figures, status = _figures(request, reading.polygon)
    return _page(request, DrawForm(initial={"shape": as_geojson(reading.polygon)}), status=status, **figures)


class DrawForm(ShapeForm):
    """A shape, light enough to stand in an address; `corrected` is the GeoJSON to offer instead, empty without one."""

    corrected = ""
    limit = ANYBODY

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shape_file"].help_text = _("At most 1 MB.")

    def clean(self) -> dict[str, Any]:
        sent = self.data
        data = super().clean()
        if not self.errors and data["polygon"] is None:
            self.add_error("shape", _("Draw a shape, paste one, or choose a file."))
        elif not self.errors and len(text_of(data["polygon"])) > LONGEST_SHAPE:
            message = _("The outline has too many corners for an address: a simpler one is proposed.")
            self.add_error("shape_file" if data.get("shape_file") else "shape", message)
            self.data = {**self.data, "shape": as_geojson(lighter(data["polygon"]))}
        self.corrected = "" if self.data is sent else self.data["shape"]
        return data


def lighter(polygon: "BaseGeometry") -> "BaseGeometry":
    """The polygon with fewer corners, so that an address can hold it."""
    simple, tolerance = polygon, 0.0002
    while len(text_of(simple)) > LONGEST_SHAPE and tolerance < 1:
        simple, tolerance = polygon.simplify(tolerance).buffer(0), 2 * tolerance
    return simple


def _address_of(request: HttpRequest, polygon: "BaseGeometry") -> str:
    before = kept_elsewhere(request)
    return f"{reverse('observatory:draw')}{before or '?'}{'&' if before else ''}forme={text_of(polygon)}"


def _page(request: HttpRequest, form: DrawForm, status: int = 200, **context: Any) -> HttpResponse:
    shown = {
        "form": form,
        "crumb_items": [home_crumb()],
        "outlined": Outline.objects.exists(),
        "kept": kept_elsewhere(request),
        "outlines": reverse("territories:contours", args=[FRANCE, FRANCE_CODE]),
        **context,
    }
    return render_page(request, "observatory/draw.html", shown, partial="answer", status=status)


def _figures(request: HttpRequest, polygon: "BaseGeometry") -> tuple[dict[str, Any], int]:
    """The figures of a polygon, or why there are none, and the status of the answer."""
    try:
        stock = read_stock(request)
        scope = Scope(stock, activities_of(read_version(request), read_naf(request)), place_drawn(polygon))
        profile = queries.profile(scope)
    except NoStock as why:
        return {"missing": why.missing}, 503
    except ShapesMissing:
        sentence, missing = missing_words(polygon)
        return {"missing": "outlines", "why": sentence}, 503 if missing else 422
    except RowsGone:
        return {"missing": "rows"}, 410
    tables = tables_of(scope, profile)
    here = [scope.place.level, scope.place.code]
    return {
        "scope": scope,
        "stock": stock,
        "stock_day": date_with_year(stock.date),
        "place": scope.place,
        "unknown": unknown_words(scope.place.overlap),
        "cut": cut_words(scope.place.overlap),
        "synthetic": words.SYNTHETIC if stock.synthetic else "",
        "chooser": chooser(request, scope),
        "counted": words.counted_words(scope),
        "figures": figures_of(scope, profile),
        "table": tables.get("branches"),
        "notes": [note for note in notes_for(scope, profile) if note.name in {"zone-dessinee", "positions"}],
        "place_url": reverse("observatory:place", args=here) + kept(request),
        "map_url": reverse("observatory:place_map", args=here) + kept(request),
        "permanent": address("place", scope),
        "outlines": address("map_outlines", scope, more={"par": "commune"}),
        "shape": as_geojson(polygon),
        "workspaces": workspaces_of(request.user),
    }, 200
