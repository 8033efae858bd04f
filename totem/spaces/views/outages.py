"""What is out of order: the one management screen that the desk and the machine managers have too."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.components import Tab
from totem.core.pages import SHOW_AND_SEND, Confirmation, errors_as_message, form_status, run_or_confirm
from totem.hubs.permissions import MANAGE_MACHINES, hub_for
from totem.spaces import actions
from totem.spaces.forms import OutageForm
from totem.spaces.models import Outage, Space
from totem.spaces.wording import outage_when, outage_words


@require_http_methods(SHOW_AND_SEND)
def outages(request: HttpRequest, slug: str) -> HttpResponse:
    """What is out of order, and will be; more is reported here, with the bookings that it affects in sight."""
    hub = hub_for(request.user, slug, MANAGE_MACHINES)
    now = clock.now()
    spaces = list(Space.objects.filter(hub=hub, is_active=True).prefetch_related("units").order_by("position", "name"))
    local = now.astimezone(hub.zone)
    asked = next((str(space.pk) for space in spaces if space.slug == request.GET.get("espace")), None)
    initial = {"what": asked, "first_day": local.date(), "from_time": local.time().replace(second=0, microsecond=0)}
    form = OutageForm(request.POST or None, spaces=spaces, zone=hub.zone, now=now, initial=initial)
    confirmation = Confirmation()
    if form.is_valid():
        confirmation = run_or_confirm(
            form,
            lambda: (
                actions.report_outage(
                    space=form.space,
                    unit=form.unit,
                    starts_at=form.cleaned_data["starts_at"],
                    ends_at=form.cleaned_data["ends_at"],
                    reason=form.cleaned_data["reason"],
                    by=signed_in(request),
                    now=now,
                ).affected
            ),
        )
        if confirmation.done:
            messages.success(request, _("Reported: nobody books it meanwhile."))
            return redirect("spaces:outages", slug)
    is_past = request.GET.get("quand") == "passees"
    rows = Outage.objects.filter(space__hub=hub).select_related("space", "unit")
    current = rows.filter(Q(during__upper_inf=True) | Q(during__endswith__gt=now))
    past = rows.filter(during__endswith__lte=now)
    context = {
        "hub": hub,
        "form": form,
        "confirmation": confirmation,
        "is_past": is_past,
        "now": now,
        "has_spaces": bool(spaces),
        "outages": [
            (outage, outage_words(outage), [outage.reason, outage_when(outage, hub.zone)])
            for outage in (past.order_by("-during")[:100] if is_past else current.order_by("during"))
        ],
        "tabs": [
            Tab(_("Now and to come"), "?", current.count(), current=not is_past),
            Tab(_("Back in service"), "?quand=passees", past.count(), current=is_past),
        ],
    }
    status = form_status(request, confirmation.status)
    return render(request, "spaces/outages.html", context, status=status)


@require_POST
def end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """It works again."""
    hub = hub_for(request.user, slug, MANAGE_MACHINES)
    outage = get_object_or_404(Outage.objects.select_related("space"), space__hub=hub, pk=pk)
    with errors_as_message(request):
        actions.end_outage(outage=outage, by=signed_in(request), now=clock.now())
        messages.success(request, _("Back in service."))
    return redirect("spaces:outages", slug)
