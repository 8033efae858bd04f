"""Limits at the front desk: what somebody holds, who was refused lately, and lifting the limits until a day."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.lifting import asked_taker, lift_context, lift_until
from totem.bookings.addresses import limits_url
from totem.bookings.limits import taker_in
from totem.bookings.models import Booking
from totem.bookings.views.desk import working
from totem.core import clock, limits
from totem.core.limit_forms import LiftForm
from totem.core.limits import Taker, TakerKind
from totem.core.models import LimitRefusal
from totem.core.pages import SHOW_AND_SEND, SeeOther, form_status
from totem.hubs.models import Hub, Membership
from totem.hubs.permissions import SEE_DESK, WORK_DESK, hub_for


@never_cache
@require_http_methods(SHOW_AND_SEND)
def limits_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One taker (`taker`; by default this connection) with what it has, and who was refused or freed lately.

    POST lifts the limits of the taker until the end of a day.
    """
    hub = hub_for(request.user, slug, SEE_DESK)
    now = clock.now()
    taker = _asked(request, hub, now)
    form = LiftForm(request.POST or None, today=clock.today(hub.zone))
    if request.method == "POST" and form.is_valid():
        _hub, by = working(request, slug, WORK_DESK)
        lift_until(form, taker=taker, scope=hub, by=by)
        messages.success(request, _("The limits are lifted."))
        return SeeOther(limits_url(hub, taker))
    context = {
        **lift_context(request, taker, hub, now),
        "hub": hub,
        "lift_form": form,
        "may_work": request.user.has_perm(WORK_DESK, hub),
        "end_url": reverse("bookings:end_lift", args=[hub.slug]),
        "zone": hub.zone,
    }
    return render(request, "bookings/limits.html", context, status=form_status(request))


@never_cache
@require_POST
def end_lift(request: HttpRequest, slug: str) -> HttpResponse:
    """The limits hold again for the taker."""
    hub, by = working(request, slug, WORK_DESK)
    taker = _asked(request, hub, clock.now())
    limits.end_lift(taker=taker, scope=hub, by=by)
    messages.success(request, _("The limits hold again."))
    return SeeOther(limits_url(hub, taker))


def _asked(request: HttpRequest, hub: Hub, now: datetime) -> Taker:
    """The taker asked for. Raises Http404 for a person unknown to the hub: the desk learns of no other accounts."""
    taker = asked_taker(request)
    if taker.kind == TakerKind.ADDRESS:
        return taker
    of_person = {"hub": hub, "person": taker.key}
    if not (
        Booking.objects.filter(**of_person).exists()
        or Membership.objects.filter(**of_person).exists()
        or LimitRefusal.objects.filter(scope=limits.scope_key(hub), taker=str(taker)).exists()
    ):
        raise Http404
    return taker_in(hub, int(taker.key), now)
