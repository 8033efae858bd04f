"""The page frame of one space's management."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.core.components import Tab
from totem.hubs.permissions import MANAGE, hub_for
from totem.spaces.models import Space, SpaceKind

POOL_KINDS = {SpaceKind.HOT_DESKS, SpaceKind.VISITING_DESKS, SpaceKind.EQUIPMENT}

SECTIONS = [
    ("spaces:edit", _("Rules")),
    ("spaces:prices", _("Prices")),
    ("spaces:hours", _("Hours")),
    ("spaces:quantity", _("How many")),
    ("spaces:parts", _("Made of")),
    ("spaces:photos", _("Photos")),
    ("spaces:service", _("In service")),
]


def space_for(request: HttpRequest, slug: str, space: str) -> Space:
    """The space that this person manages, with hub, commune and department; raises Http404 for any other."""
    hub = hub_for(request.user, slug, MANAGE)
    row = get_object_or_404(Space, hub=hub, slug=space)
    row.hub = hub
    return row


def space_frame(space: Space, section: str) -> dict[str, Any]:
    """What every screen of one space shows. `section` is the route name of its tab."""
    where = [space.hub.slug, space.slug]
    out_of_place = set() if space.kind in POOL_KINDS else {"spaces:quantity"}
    if space.is_pool:
        out_of_place.add("spaces:parts")
    tabs = [
        Tab(label, reverse(route, args=where), current=route == section)
        for route, label in SECTIONS
        if route not in out_of_place
    ]
    return {"hub": space.hub, "space": space, "space_tabs": tabs}


def space_page(
    request: HttpRequest,
    template: str,
    space: Space,
    section: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """A screen of one space. `section` is the route name of its tab."""
    return render(request, template, {**space_frame(space, section), **(context or {})}, status=status)
