"""The desk receives somebody without a right to the day: a pass sold, spent and checked in, in three fields."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from totem.billing.permissions import SELL
from totem.bookings import actions
from totem.bookings.views.desk import working
from totem.core import clock, wording
from totem.core.pages import SHOW_AND_SEND, SeeOther, errors_in, form_status
from totem.hubs.permissions import WORK_DESK
from totem.memberships.actions import passes
from totem.memberships.forms.passes import PassForm
from totem.memberships.models import CreditUnit


@require_http_methods(SHOW_AND_SEND)
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    """Sell a pass that is paid now and used now; the desk's day then shows who is here."""
    hub, by = working(request, slug, WORK_DESK)
    if not request.user.has_perm(SELL, hub):
        raise PermissionDenied
    now = clock.now()
    form = PassForm(
        request.POST or None, prices=passes.prices_sold(hub, now, plan__benefits__unit=CreditUnit.DAY), used_now=True
    )
    if form.is_valid():
        data = form.cleaned_data
        with errors_in(form):
            booking = actions.receive(price=data["price"], buyer=data["who"], means=data["means"], by=by, now=now)
            words = {"who": booking.who, "space": booking.space.name, "hour": wording.hour(booking.ends_at, hub.zone)}
            messages.success(request, _("Here: %(who)s, %(space)s, until %(hour)s. The pass is sold and paid.") % words)
            return SeeOther(f"{reverse('bookings:desk', args=[hub.slug])}#row-{booking.reference}")
    return render(request, "bookings/receive.html", {"hub": hub, "form": form}, status=form_status(request))
