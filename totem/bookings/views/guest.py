"""Guests: they book with a name and an address, and the code sent there makes it theirs.

What a browser has done is kept in its session: the holds it waits to confirm, and the bookings it has proved to be its
own by the code or by the signed address of a mail.
"""

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from totem.bookings import actions, mails, wording
from totem.bookings.actions import WrongCodeError, WrongStateError
from totem.bookings.addresses import book_url
from totem.bookings.models import Booking, Status
from totem.core import clock
from totem.core.codes import CodeField
from totem.core.limits import LimitReached
from totem.core.pages import SHOW_AND_SEND, SeeOther
from totem.core.periods import MINUTE, Period
from totem.spaces.models import Space

AWAITED = "bookings_awaited"
KNOWN = "bookings_known"
KEPT = 20


class CodeForm(Form):
    """The code sent to a guest."""

    code = CodeField()


def known(request: HttpRequest) -> list[str]:
    """The references of the guest bookings that this browser has proved to be its own."""
    references: list[str] = request.session.get(KNOWN, [])
    return references


def remember(request: HttpRequest, booking: Booking) -> None:
    """This browser has shown the key or the code of the booking."""
    _keep(request, KNOWN, booking.reference)
    if booking.reference in request.session.get(AWAITED, []):
        request.session[AWAITED] = [r for r in request.session[AWAITED] if r != booking.reference]


def _keep(request: HttpRequest, key: str, reference: str) -> None:
    others = [r for r in request.session.get(key, []) if r != reference]
    request.session[key] = [*others, reference][-KEPT:]


def has_key(request: HttpRequest, booking: Booking) -> bool:
    """Whether the address carries the key that was sent to the guest of this booking."""
    return booking.person_id is None and mails.is_manage_key(booking, request.GET.get("key", ""))


def own_hold(request: HttpRequest, space: Space, period: Period) -> Booking | None:
    """What this browser has booked already, as a guest, of `space` for exactly `period`."""
    references = [*request.session.get(AWAITED, []), *known(request)]
    if not references:
        return None
    found = Booking.objects.live().filter(
        reference__in=references, space=space, starts_at=period.starts_at, ends_at=period.ends_at
    )
    now = clock.now()
    return next((booking for booking in found if not booking.hold_has_run_out(now)), None)


def ask_code(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Send the code and lead to the page where it is typed."""
    _keep(request, AWAITED, booking.reference)
    try:
        actions.send_code(booking=booking, now=clock.now())
    except LimitReached as reached:
        messages.warning(request, reached.message)
    return SeeOther(reverse("bookings:code", args=[booking.reference]))


@login_not_required
@never_cache
@require_http_methods(SHOW_AND_SEND)
def code(request: HttpRequest, reference: str) -> HttpResponse:
    """Type the code; only for the browser that asked for it."""
    if reference not in request.session.get(AWAITED, []):
        if reference in known(request):
            return redirect("bookings:detail", reference)
        raise Http404
    booking = Booking.objects.select_related("space__hub__commune__department").get(reference=reference)
    if booking.status != Status.HELD or booking.hold_has_run_out(clock.now()):
        return _ended(request, booking, _("The time to type the code has run out. Please book again."))
    if request.method != "POST":
        return _page(request, booking, CodeForm())
    if request.POST.get("action") == "resend":
        return _resend(request, booking)
    return _confirm(request, booking)


def _resend(request: HttpRequest, booking: Booking) -> HttpResponse:
    if not ratelimit.consume(request, action="bookings_resend", key=booking.reference):
        messages.warning(request, _("A code has just been sent. Please look in your mail, or wait a minute."))
        return _page(request, booking, CodeForm(), status=429)
    try:
        actions.send_code(booking=booking, now=clock.now())
    except LimitReached as reached:
        messages.warning(request, reached.message)
        return _page(request, booking, CodeForm(), status=429)
    except WrongStateError as refusal:
        return _ended(request, booking, refusal.message)
    messages.success(request, _("A new code is on its way; the one before is worth nothing any more."))
    return SeeOther(request.path)


def _confirm(request: HttpRequest, booking: Booking) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, booking, form, status=422)
    try:
        confirmed = actions.confirm_with_code(booking=booking, code=form.cleaned_data["code"], now=clock.now())
    except WrongStateError as refusal:
        return _ended(request, booking, refusal.message)
    except WrongCodeError as wrong:
        if not wrong.attempts_left:
            return _ended(request, booking, _("That was the fifth wrong code: the space is free again."))
        left = ngettext("%(count)s attempt left.", "%(count)s attempts left.", wrong.attempts_left)
        form.add_error("code", _("This is not the code that was sent.") + " " + left % {"count": wrong.attempts_left})
        return _page(request, booking, form, status=422)
    remember(request, confirmed)
    request.session.cycle_key()  # the session is worth more than before
    messages.success(request, wording.outcome_words(confirmed))
    return SeeOther(reverse("bookings:detail", args=[confirmed.reference]))


def _page(request: HttpRequest, booking: Booking, form: CodeForm, status: int = 200) -> HttpResponse:
    left = -(-(booking.hold_expires_at - clock.now()) // MINUTE) if booking.hold_expires_at else 0
    context = {"form": form, "booking": booking, "space": booking.space, "hub": booking.space.hub, "left": left}
    return render(request, "bookings/code.html", context, status=status)


def _ended(request: HttpRequest, booking: Booking, message: str) -> HttpResponse:
    again = book_url(booking.space, booking.period, quantity=booking.quantity)
    context = {"message": message, "again": again, "hub": booking.space.hub}
    status = 409 if request.method == "POST" else 200
    return render(request, "bookings/code_ended.html", context, status=status)
