"""The list of hubs, and the page of one."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from totem.core import clock
from totem.hubs import permissions
from totem.hubs.models import Language, Zone
from totem.hubs.permissions import hub_for
from totem.hubs.queries import areas
from totem.memberships.models import DuesKind
from totem.memberships.queries.offers import has_offers
from totem.website import queries
from totem.website.breadcrumbs import home_crumb
from totem.website.forms import FindForm


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The hubs as a list and on a map, and the way to a free space."""
    cards = queries.hub_cards(request.user, clock.now())
    context = {"cards": cards, "points": [card.point for card in cards], "form": FindForm([card.hub for card in cards])}
    return render(request, "website/home.html", context)


@login_not_required
@require_safe
def hub(request: HttpRequest, slug: str) -> HttpResponse:
    """What a hub offers, when it is open, how to come, and its next free meeting room."""
    hub = hub_for(request.user, slug)
    now = clock.now()
    spaces = queries.spaces_of(hub, request.user)
    today = now.astimezone(hub.zone).date()
    context = {
        "hub": hub,
        "photos": list(hub.photos.in_order()),
        "partners": list(hub.partners.order_by("pk")),
        "areas": areas(Zone.objects.filter(hub=hub).order_by("-area", "name"), today),
        "kinds": queries.spaces_by_kind(spaces, today),
        "opening": queries.opening(hub, now),
        "next_room": queries.next_meeting_room(hub, spaces, request.user, now),
        "spoken": [Language(code).label for code in hub.languages],
        "crumb_items": [home_crumb()],
        "has_offers": has_offers(hub),
        "has_dues": DuesKind.objects.filter(hub=hub, is_active=True).exists(),
        "sees_desk": request.user.has_perm(permissions.SEE_DESK, hub),
        "manages": request.user.has_perm(permissions.MANAGE, hub),
    }
    return render(request, "website/hub.html", context)
