"""Management of opening hours: the week, and exceptional closures and openings."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.components import Tab
from totem.core.pages import SHOW_AND_SEND, Confirmation, errors_as_message, form_status, run_or_confirm
from totem.hubs import actions
from totem.hubs.models import ExceptionalHours
from totem.hubs.opening_forms import ExceptionalForm, HubWeekForm
from totem.hubs.permissions import MANAGE, hub_for
from totem.hubs.queries import period_of
from totem.hubs.signals import affected_by_closing

COPY = "copy"


@require_http_methods(SHOW_AND_SEND)
def hours(request: HttpRequest, slug: str) -> HttpResponse:
    """The week: seven days, several times a day. What it would affect is shown before it is saved."""
    hub = hub_for(request.user, slug, MANAGE)
    form = HubWeekForm(
        request.POST or None,
        lines=hub.opening_hours.all(),
        hub=hub,
    )
    if form.is_valid() and COPY in request.POST:
        return render(request, "hubs/hours.html", {"hub": hub, "form": form.copied()})
    confirmation = Confirmation()
    if form.is_valid():
        confirmation = run_or_confirm(
            form,
            lambda: actions.set_opening_hours(hub=hub, by=signed_in(request), now=clock.now(), **form.cleaned_data),
        )
        if confirmation.done:
            messages.success(request, _("The hours are saved."))
            return redirect("hubs:hours", hub.slug)
    context, status = (
        {"hub": hub, "form": form, "confirmation": confirmation},
        form_status(request, confirmation.status),
    )
    return render(request, "hubs/hours.html", context, status=status)


@require_http_methods(SHOW_AND_SEND)
def closures(request: HttpRequest, slug: str) -> HttpResponse:
    """Exceptional closures and openings; the bookings that a closure affects are shown before it is saved."""
    hub = hub_for(request.user, slug, MANAGE)
    now = clock.now()
    form = ExceptionalForm(request.POST or None, zone=hub.zone, now=now)
    confirmation = Confirmation()
    if form.is_valid():
        confirmation = run_or_confirm(
            form,
            lambda: (
                actions.add_exceptional_hours(
                    hub=hub,
                    kind=form.cleaned_data["kind"],
                    period=form.period,
                    reason=form.cleaned_data["reason"],
                    by=signed_in(request),
                    now=now,
                ).affected
            ),
        )
        if confirmation.done:
            messages.success(request, _("It is announced on the hub's page."))
            return redirect("hubs:closures", hub.slug)
    is_past = request.GET.get("quand") == "passees"
    rows = ExceptionalHours.objects.filter(hub=hub)
    to_come = list(rows.filter(during__endswith__gt=now).order_by("during"))
    past = rows.filter(during__endswith__lte=now)
    context = {
        "hub": hub,
        "form": form,
        "confirmation": confirmation,
        "is_past": is_past,
        "tabs": [
            Tab(_("To come"), "?", len(to_come), current=not is_past),
            Tab(_("Past"), "?quand=passees", past.count(), current=is_past),
        ],
        "rows": [(row, period_of(row.during)) for row in (past.order_by("-during")[:100] if is_past else to_come)],
        "within": affected_by_closing(
            hub, [period_of(row.during) for row in to_come if row.kind == ExceptionalHours.Kind.CLOSED], now=now
        ),
    }
    status = form_status(request, confirmation.status)
    return render(request, "hubs/closures.html", context, status=status)


@require_POST
def remove_closure(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Delete a closure or an opening."""
    hub = hub_for(request.user, slug, MANAGE)
    row = get_object_or_404(ExceptionalHours, hub=hub, pk=pk)
    with errors_as_message(request):
        actions.remove_exceptional_hours(exceptional=row, by=signed_in(request), now=clock.now())
        messages.success(request, _("It is taken back."))
    return redirect("hubs:closures", hub.slug)
