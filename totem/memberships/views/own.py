"""One's own memberships: leaving a hub."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, Confirmation, form_status
from totem.hubs.models import Membership
from totem.memberships.admission_forms import EndMembershipForm
from totem.memberships.views.members import confirm_end


@require_http_methods(SHOW_AND_SEND)
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """End one's own membership, today or on a day to come; the bookings that need it are shown before."""
    person = signed_in(request)
    membership = get_object_or_404(Membership.objects.select_related("hub"), pk=pk, person=person)
    today = clock.today(membership.hub.zone)
    if membership.ends_on is not None and membership.ends_on < today:
        raise Http404
    form = EndMembershipForm(request.POST or None, initial={"ends_on": max(today, membership.starts_on)})
    confirmation = Confirmation()
    if form.is_valid():
        if form.cleaned_data["ends_on"] < today:
            form.add_error("ends_on", _("From today on: what is past has been."))
        else:
            confirmation = confirm_end(form, membership, person)
        if confirmation.done:
            messages.success(request, _("You leave %(hub)s.") % {"hub": membership.hub})
            return redirect("hubs:mine")
    context = {"hub": membership.hub, "form": form, "confirmation": confirmation}
    return render(request, "memberships/leave.html", context, status=form_status(request, confirmation.status))
