"""A request and the team's two answers, on one page: the mails to the team and the desk lead here."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from totem.bookings import actions, wording
from totem.bookings.actions import WrongStateError
from totem.bookings.answer_forms import ReasonForm
from totem.bookings.models import Booking, Status
from totem.bookings.reasons import REASONS_TO_REFUSE
from totem.bookings.views.desk import working
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, SeeOther, errors_in, form_status
from totem.hubs.permissions import WORK_DESK


@never_cache
@require_http_methods(SHOW_AND_SEND)
def request_page(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """The request as it stands, with a button that approves it and a form that refuses it, which is sent here."""
    hub, by = working(request, slug, WORK_DESK)
    rows = Booking.objects.select_related("space__hub", "person", "organisation")
    booking, now = get_object_or_404(rows, hub=hub, reference=reference), clock.now()
    form = ReasonForm(request.POST if request.method == "POST" else None, REASONS_TO_REFUSE)
    refusal = ""
    if form.is_valid():
        try:
            with errors_in(form):
                reason, words = form.cleaned_data["reason"], form.cleaned_data["reason_words"]
                actions.refuse(booking=booking, by=by, now=now, reason=reason, words=words)
                messages.success(request, wording.refused_words(booking))
                return SeeOther(reverse("bookings:desk", args=[hub.slug]))
        except WrongStateError as error:
            refusal = error.message
            booking.refresh_from_db(fields=["status"])
    context = {
        "hub": hub,
        "booking": booking,
        "form": form,
        "refusal": refusal,
        "is_waiting": booking.status == Status.PENDING and not booking.has_lapsed(now),
        "state": wording.listed_state(booking, now),
        "meta": wording.listed_meta(booking),
    }
    return render(request, "bookings/request.html", context, status=409 if refusal else form_status(request))
