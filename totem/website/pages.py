"""A whole page, or for HTMX the part of it that changes."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


def wants_part(request: HttpRequest) -> bool:
    """Whether HTMX asks for the part of the page that changes; not when it restores a page of the history."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request


def page(
    request: HttpRequest, template: str, part: str, context: Mapping[str, object], status: int = 200
) -> HttpResponse:
    """The page `template`, or for HTMX its partial `part`, from the same context."""
    name = f"{template}#{part}" if wants_part(request) else template
    response = render(request, name, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
