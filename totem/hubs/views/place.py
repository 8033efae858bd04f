"""Managing what a hub is: the overview, its settings, limits and zones."""

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.limit_forms import AmountsForm
from totem.core.limits import set_amounts
from totem.core.pages import SHOW_AND_SEND, Confirmation, errors_in, form_status, run_or_confirm
from totem.hubs import actions, queries
from totem.hubs.checklist import missing
from totem.hubs.forms import HubForm, ZoneForm
from totem.hubs.models import ExceptionalHours, Membership, TeamMember, Zone
from totem.hubs.permissions import MANAGE, hub_for
from totem.hubs.wording import doors_words
from totem.territories.forms import say_former_communes


@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """What the hub looks like to the public, and what is missing for it to be complete."""
    hub = hub_for(request.user, slug, MANAGE)
    now, today = clock.now(), clock.today(hub.zone)
    doors = queries.doors([hub], now)[hub.pk]
    context = {
        "hub": hub,
        "doors": doors,
        "doors_words": doors_words(doors, now, hub.zone),
        "closures": ExceptionalHours.objects.filter(hub=hub, during__endswith__gt=now).order_by("during")[:3],
        "members": Membership.objects.on(today).filter(hub=hub).count(),
        "team": TeamMember.objects.filter(hub=hub).values("person").distinct().count(),
        "area": hub.zones.delivered(today).aggregate(total=Sum("area"))["total"],
        "missing": missing(hub),
    }
    return render(request, "hubs/overview.html", context)


@require_http_methods(SHOW_AND_SEND)
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """What visitors would see and what is missing; the hub is shown to them, or hidden again."""
    hub = hub_for(request.user, slug, MANAGE)
    if request.method == "POST":
        shown = "show" in request.POST
        actions.update_hub(hub=hub, by=signed_in(request), now=clock.now(), is_published=shown)
        messages.success(request, _("The hub is shown to the public.") if shown else _("The hub is hidden again."))
        return redirect("hubs:publish", hub.slug)
    now = clock.now()
    doors = queries.doors([hub], now)[hub.pk]
    context = {
        "hub": hub,
        "doors": doors,
        "doors_words": doors_words(doors, now, hub.zone),
        "photo": hub.photos.in_order().first(),
        "missing": missing(hub),
    }
    return render(request, "hubs/publish.html", context)


@require_http_methods(SHOW_AND_SEND)
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything one says of the hub itself; the bookings that its place affects are shown before it is saved."""
    hub = hub_for(request.user, slug, MANAGE)
    # The form fills the instance it is given: the page keeps the name that holds.
    form = HubForm(request.POST or None, instance=hub_for(request.user, slug, MANAGE))
    confirmation = Confirmation()
    if form.is_valid():
        confirmation = run_or_confirm(
            form, lambda: actions.update_hub(hub=hub, by=signed_in(request), now=clock.now(), **form.cleaned_data)
        )
        if confirmation.done:
            messages.success(request, _("Saved."))
            say_former_communes(request, form)
            return redirect("hubs:settings", hub.slug)
    context = {"hub": hub, "form": form, "confirmation": confirmation}
    return render(request, "hubs/settings.html", context, status=form_status(request, confirmation.status))


@require_http_methods(SHOW_AND_SEND)
def limits(request: HttpRequest, slug: str) -> HttpResponse:
    """How much one person, member or connection may take here."""
    hub = hub_for(request.user, slug, MANAGE)
    form = AmountsForm(request.POST or None, scope=hub)
    if form.is_valid():
        set_amounts(scope=hub, values=form.values(), by=signed_in(request))
        messages.success(request, _("Saved."))
        return redirect("hubs:limits", hub.slug)
    return render(request, "hubs/limits.html", {"hub": hub, "form": form}, status=form_status(request))


# -- Zones ------------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def zones(request: HttpRequest, slug: str) -> HttpResponse:
    """The zones with their m² and the total, those to come apart; one more is added here."""
    hub = hub_for(request.user, slug, MANAGE)
    form = ZoneForm(request.POST or None, hub=hub)
    if form.is_valid():
        with errors_in(form):
            actions.add_zone(hub=hub, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("The zone is added."))
            return redirect("hubs:zones", hub.slug)
    areas = queries.areas(hub.zones.order_by("kind", "name"), clock.today(hub.zone))
    return render(request, "hubs/zones.html", {"hub": hub, "areas": areas, "form": form}, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def zone(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change a zone."""
    hub = hub_for(request.user, slug, MANAGE)
    row = get_object_or_404(Zone, hub=hub, pk=pk)
    form = ZoneForm(request.POST or None, hub=hub, instance=get_object_or_404(Zone, hub=hub, pk=pk))
    if form.is_valid():
        with errors_in(form):
            actions.update_zone(zone=row, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("hubs:zones", hub.slug)
    context = {
        "hub": hub,
        "form": form,
        "title": row.name,
        "back": reverse("hubs:zones", args=[hub.slug]),
        "verb": _("Save"),
        "remove": reverse("hubs:zone_remove", args=[hub.slug, row.pk]),
        "remove_label": _("Remove this zone"),
        "remove_question": _("Its m² leave the total; the spaces in it stay, without a zone."),
    }
    return render(request, "hubs/form.html", context, status=form_status(request))


@require_POST
def remove_zone(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Drop a zone."""
    hub = hub_for(request.user, slug, MANAGE)
    actions.remove_zone(zone=get_object_or_404(Zone, hub=hub, pk=pk), by=signed_in(request))
    messages.success(request, _("The zone is removed."))
    return redirect("hubs:zones", hub.slug)
