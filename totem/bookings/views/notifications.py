"""How one is told of the requests of a hub."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from totem.bookings import actions, queries
from totem.bookings.answer_forms import NotificationForm
from totem.bookings.views.desk import working
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, SeeOther, form_status
from totem.hubs.permissions import WORK_DESK


@never_cache
@require_http_methods(SHOW_AND_SEND)
def notifications(request: HttpRequest, slug: str) -> HttpResponse:
    """A mail for each request, one a day, or none."""
    hub, person = working(request, slug, WORK_DESK)
    form = NotificationForm(request.POST or None, initial={"frequency": queries.request_frequency(hub, person)})
    if form.is_valid():
        actions.choose_notifications(hub=hub, person=person, frequency=form.cleaned_data["frequency"], now=clock.now())
        messages.success(request, _("Saved."))
        return SeeOther(request.path)
    context = {"hub": hub, "form": form}
    return render(request, "bookings/notifications.html", context, status=form_status(request))
