"""The list of communes, for forms and for whoever wants a code."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from totem.territories.queries import find_communes


@login_not_required
@cache_control(public=True, max_age=3600)
@require_safe
def communes(request: HttpRequest) -> HttpResponse:
    """Communes whose name or postcode begins with `q`: a page, or with HTMX the options of a field's list.

    HTMX sends the field under its own name: the first parameter is what was typed.
    """
    typed = str(request.GET.get("q") or next(iter(request.GET.values()), ""))
    found = find_communes(typed[:60]) if len(typed.strip()) > 1 else []
    template = "territories/communes.html#options" if getattr(request, "htmx", False) else "territories/communes.html"
    return render(request, template, {"typed": typed, "communes": found})
