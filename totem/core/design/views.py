"""`/design/`: every component with its states, in both densities (`?densite=travail`); in production for the staff."""

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from totem.core.colour import PAPER, contrast
from totem.core.design import samples
from totem.core.rendering import chart_svgs
from totem.core.rendering.queued import drawn
from totem.core.templatetags.totem import ICONS, STATES

COLOURS = {
    "paper": "#FBF8F3",
    "sand": "#F1EADF",
    "line": "#E4DDD2",
    "ink": "#1B2333",
    "soft": "#5A6272",
    "sea": "#0B5C73",
    "moss": "#3F6B3A",
    "amber": "#8A5A00",
    "brick": "#B2432F",
    "plum": "#6B3A6E",
}
SIZES = (13, 15, 17, 20, 26, 34, 44)


def _staff_in_production(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorates a page that is open to everybody, but in production to the installation's staff only."""

    @login_not_required
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.SECURE and not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return answer


@_staff_in_production
@require_safe
def design(request: HttpRequest) -> HttpResponse:
    """The components, for those who build and judge the pages."""
    context = {
        "dense": request.GET.get("densite") == "travail",
        "colours": [(name, value, contrast(value, PAPER)) for name, value in COLOURS.items()],
        "sizes": SIZES,
        "states": STATES,
        "icons": sorted(ICONS),
        **samples.components(),
    }
    return render(request, "core/design.html", context)


@drawn(most=12)
@_staff_in_production
@require_safe
def design_chart(_request: HttpRequest, kind: str, width: int) -> HttpResponse:
    """One sample as SVG. The page requests all of them: the first request has all drawn by one child."""
    if kind not in samples.KINDS or width not in samples.WIDTHS:
        raise Http404
    charts = dict(zip(samples.KINDS, chart_svgs([samples.spec(each, width) for each in samples.KINDS]), strict=True))
    return HttpResponse(charts[kind], content_type="image/svg+xml")


@_staff_in_production
@require_safe
def design_outlines(_request: HttpRequest) -> JsonResponse:
    """The sample map's areas as GeoJSON."""
    return JsonResponse(samples.outlines(), content_type="application/geo+json")
