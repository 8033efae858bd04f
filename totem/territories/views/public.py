"""Places for everybody: found by name, outlines for maps, the territories and their perimeters."""

import json

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from totem.core.pages import render_page, wants_partial
from totem.core.rendering.queued import drawn
from totem.territories import outlines
from totem.territories.models import Commune, Level, Perimeter, Workspace
from totem.territories.places import FRANCE, PERIMETER, Place, PlaceNotFound, ShapesMissing, place_for
from totem.territories.queries import levels_of, outlines_geojson
from totem.territories.search import find_communes, find_places
from totem.territories.shapes import as_geojson
from totem.territories.views import home_crumb


@login_not_required
@cache_control(public=True, max_age=3600)
@require_safe
def communes(request: HttpRequest) -> HttpResponse:
    """Communes whose name or postcode begins with `q`: a page, or with HTMX the options of a field's list.

    HTMX sends the field under its own name: the first parameter is what was typed.
    """
    typed = str(request.GET.get("q") or next(iter(request.GET.values()), ""))
    found = find_communes(typed[:60]) if len(typed.strip()) > 1 else []
    return render_page(request, "territories/communes.html", {"typed": typed, "communes": found}, partial="options")


@login_not_required
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Places of every level whose name holds `q`: a page, or with HTMX the options of a field's list."""
    typed = str(request.GET.get("q", ""))[:80]
    found = find_places(typed, 12, user=request.user) if len(typed.strip()) > 1 else []
    if wants_partial(request):  # the field takes places, and no perimeter
        found = [named for named in found if named.level != PERIMETER]
    context = {"typed": typed, "places": found, "trail": [home_crumb()]}
    return render_page(request, "territories/find.html", context, partial="options")


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """One's workspaces, and the perimeters that are shown to the public."""
    signed = request.user.is_authenticated
    edition = outlines.edition()
    context = {
        "workspaces": Workspace.objects.filter(members__person=request.user.pk) if signed else [],
        "perimeters": Perimeter.objects.filter(public=True, versions__isnull=False)
        .select_related("workspace")
        .distinct(),
        "outlines": edition,
        "without_outline": Commune.objects.filter(current=True).count() - edition.facts["communes"] if edition else 0,
    }
    return render(request, "territories/index.html", context)


# -- Outlines for maps ------------------------------------------------------------------------------------------------

EDGE = "contour"  # the place's own line, instead of what it is divided into
EMPTY = '{"type":"FeatureCollection","features":[]}'


@drawn(most=6)
@login_not_required
@gzip_page
@require_safe
def contours(request: HttpRequest, level: str, code: str) -> HttpResponse:
    """The outlines of a place's communes as GeoJSON (of all of France: of its departments).

    `maille` asks for another level (`epci`, `departement`…), or for the place's own outline (`contour`). Empty where
    outlines are not loaded. Kept by browsers for an hour, and asked for again by its ETag.
    """
    mesh = request.GET.get("maille") or (Level.DEPARTMENT if level == FRANCE else Level.COMMUNE)
    edition = outlines.edition()
    try:
        place = place_for(level, code, user=request.user)
    except PlaceNotFound as nowhere:
        raise Http404 from nowhere
    except ShapesMissing:
        place = None
    if mesh not in (*Level.values, EDGE):
        raise Http404
    tag = f'"{edition.version if edition else "none"}-{level}-{code}-{mesh}"'
    if level != PERIMETER and request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        response: HttpResponse = HttpResponseNotModified()
    else:
        found = _contours(place, str(mesh)) if place else EMPTY
        response = HttpResponse(found, content_type="application/geo+json")
    if level == PERIMETER:  # it may be a team's own
        patch_cache_control(response, private=True, max_age=60)
    else:
        response.headers["ETag"] = tag
        patch_cache_control(response, public=True, max_age=3600)
    return response


def _contours(place: Place, mesh: str) -> str:
    if mesh != EDGE and place.level == FRANCE:
        return outlines_geojson(mesh, None)
    if mesh != EDGE:
        return outlines_geojson(mesh, levels_of(mesh, place.communes))
    if place.polygon is not None:
        feature = {"type": "Feature", "properties": {}, "geometry": json.loads(as_geojson(place.polygon))}
        return json.dumps({"type": "FeatureCollection", "features": [feature]})
    if place.level in Level.values:
        return outlines_geojson(place.level, [place.code])
    return EMPTY
