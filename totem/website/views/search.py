"""Search of free slots, and the free spaces of a hub."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from totem.bookings.rights import BookingRights
from totem.core import clock
from totem.core.components import SlotButton
from totem.core.pages import render_page
from totem.core.sort_keys import sort_key
from totem.hubs import queries as hub_queries
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for
from totem.website import slot_search
from totem.website.breadcrumbs import home_crumb, hub_crumbs
from totem.website.forms import FindForm, FreeForm
from totem.website.free_spaces import free_spaces
from totem.website.queries import account_of
from totem.website.slot_search import SlotSearch

# What a search is without a criterion, and the parameters that are taken away with it.
WIDER: dict[str, tuple[Promise, tuple[str, ...]]] = {
    "features": (gettext_lazy("without these features"), ("features",)),
    "hours": (gettext_lazy("at any hour"), ("after", "before")),
    "kind": (gettext_lazy("any kind of space"), ("kind",)),
    "hub": (gettext_lazy("in all hubs"), ("hub",)),
    "day": (gettext_lazy("on any day"), ("day",)),
    "minutes": (gettext_lazy("for one hour"), ("minutes",)),
    "all": (
        gettext_lazy("for one hour, anywhere, at any time"),
        ("features", "after", "before", "kind", "hub", "day", "minutes"),
    ),
}


@login_not_required
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """The first free slots across spaces for what the form asks."""
    now = clock.now()
    shown = Hub.objects.filter(hub_queries.visible_to(account_of(request.user))).select_related("commune__department")
    hubs = sorted(shown, key=lambda hub: sort_key(hub.name))
    # Of hubs in several zones, the day that is not over in one of them.
    today = min((now.astimezone(hub.zone).date() for hub in hubs), default=timezone.localdate(now))
    asked = _asked(request.GET)
    form = FindForm(hubs, asked, today=today)
    context: dict[str, object] = {"form": form, "hubs": hubs, "crumb_items": [home_crumb()]}
    context["parts_of_day"] = [(name, words) for name, (words, _hours) in PARTS_OF_DAY.items()]
    if not form.is_valid():
        return render_page(request, "website/find.html", context, partial="search", status=422)
    search = SlotSearch.of(form.cleaned_data)
    rights = BookingRights(account_of(request.user))
    found = slot_search.find(hubs, search, rights, now)
    context |= {"search": search, "found": found, "one_hub": len(hubs) == 1}
    if not found and hubs:
        context["later"] = slot_search.find_later(hubs, search, rights, now) if search.day else []
        context["wider"] = [
            SlotButton(words, _without(asked, names))
            for words, names in (WIDER[name] for name in slot_search.wider(hubs, search, now))
        ]
    return render_page(request, "website/find.html", context, partial="search")


# What « morning » asks for: the length, and between which hours of the hub it lies.
PARTS_OF_DAY: dict[str, tuple[Promise, dict[str, str]]] = {
    "morning": (gettext_lazy("Morning"), {"minutes": "240", "after": "08:00", "before": "13:00"}),
    "afternoon": (gettext_lazy("Afternoon"), {"minutes": "240", "after": "13:00", "before": "19:00"}),
    "day": (gettext_lazy("Whole day"), {"minutes": "480", "after": "08:00", "before": "20:00"}),
}


def _asked(submitted: QueryDict) -> QueryDict:
    """The submitted search, in which a part of the day that was pressed stands for its length and hours."""
    asked = submitted.copy()
    _words, hours = PARTS_OF_DAY.get(asked.pop("part", [""])[-1], ("", {}))
    for name, value in hours.items():
        asked[name] = value
    return asked


def _without(asked: QueryDict, names: Sequence[str]) -> str:
    left = asked.copy()
    for name in names:
        left.pop(name, None)
    return f"?{left.urlencode()}"


@login_not_required
@require_safe
def free(request: HttpRequest, slug: str) -> HttpResponse:
    """Which spaces of a hub are free from some instant on, for some time."""
    hub = hub_for(request.user, slug)
    now = clock.now()
    asked = request.GET if {"start", "minutes"} & request.GET.keys() else _next_hour(hub, now)
    form = FreeForm(hub.zone, now, asked)
    context: dict[str, object] = {"hub": hub, "form": form, "crumb_items": hub_crumbs(hub)}
    if not form.is_valid():
        return render_page(request, "website/free.html", context, partial="answer", status=422)
    context["answer"] = free_spaces(hub, request.user, form.cleaned_data["start"], form.cleaned_data["minutes"], now)
    return render_page(request, "website/free.html", context, partial="answer")


def _next_hour(hub: Hub, now: datetime) -> dict[str, str]:
    start = (now + timedelta(hours=1)).astimezone(hub.zone).replace(minute=0)
    return {"start": start.strftime("%Y-%m-%dT%H:%M"), "minutes": "60"}
