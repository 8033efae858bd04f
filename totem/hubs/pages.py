"""The frame of a hub's work screens."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.core.components import Crumb, Tab
from totem.hubs.models import Hub
from totem.hubs.permissions import MANAGE

SECTIONS = [
    ("hubs:manage", _("Overview")),
    ("spaces:list", _("Spaces")),
    ("spaces:outages", _("Out of order")),
    ("hubs:hours", _("Opening hours")),
    ("hubs:closures", _("Closures")),
    ("hubs:members", _("Members")),
    ("hubs:team", _("Team")),
    ("hubs:zones", _("Zones")),
    ("hubs:photos", _("Photos")),
    ("hubs:settings", _("Settings")),
]
OPEN_TO_MORE = {"spaces:outages"}


def sections(request: HttpRequest, hub: Hub, current: str) -> list[Tab]:
    """The sections that this person may open; `current` is a route name."""
    is_manager = request.user.has_perm(MANAGE, hub)
    return [
        Tab(label, reverse(route, args=[hub.slug]), current=route == current)
        for route, label in SECTIONS
        if is_manager or route in OPEN_TO_MORE
    ]


def page(
    request: HttpRequest,
    template: str,
    hub: Hub,
    section: str,
    context: Mapping[str, Any] | None = None,
    *,
    crumbs: Iterable[Crumb] = (),
    status: int = 200,
) -> HttpResponse:
    """A work screen of the hub within its frame (`hubs/manage.html`). `section` is the route name of its tab."""
    tabs = sections(request, hub, section)
    at_overview = section == "hubs:manage"
    trail = [Crumb(hub.name, reverse("website:hub", args=[hub.slug]))]
    if len(tabs) > 1 and not at_overview:
        trail.append(Crumb(_("Management"), tabs[0].url))
    trail += crumbs
    base = {"hub": hub, "sections": tabs if len(tabs) > 1 else [], "at_overview": at_overview, "trail": trail}
    return render(request, template, {**base, **(context or {})}, status=status)
