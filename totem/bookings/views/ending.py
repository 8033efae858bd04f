"""The end of a booking under way: one page lengthens and shortens it."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from totem.bookings import actions, wording
from totem.bookings.actions import AudienceError, SlotTakenError, WrongStateError
from totem.bookings.end_form import BookingEndForm
from totem.bookings.forms import parse_instant
from totem.bookings.models import Booking
from totem.bookings.permissions import Access
from totem.bookings.proposals import EndOption, end_options, why_not_longer
from totem.bookings.rules import RuleBrokenError
from totem.bookings.views.booking import not_for_you
from totem.bookings.views.mine import context_of, of_booking, refused
from totem.core import clock
from totem.core.limits import LimitReached
from totem.core.pages import SHOW_AND_SEND, SeeOther


@of_booking
@require_http_methods(SHOW_AND_SEND)
def end(request: HttpRequest, access: Access) -> HttpResponse:
    """Choose another end for a booking under way, each with what it adds; `end` in the address is chosen already."""
    now, booking = clock.now(), access.booking
    if not access.may_change:
        raise Http404
    if request.method == "POST":
        return _change(request, access, now)
    if not booking.can_change_end(now, by_team=access.by_team):
        return redirect("bookings:detail", booking.reference)
    return _page(request, access, now, end=request.GET.get("end", ""))


def _change(request: HttpRequest, access: Access, now: datetime) -> HttpResponse:
    booking, form = access.booking, BookingEndForm(request.POST, booking=access.booking)
    if not form.is_valid():
        problem = next(str(message) for errors in form.errors.values() for message in errors)
        return _page(request, access, now, status=422, problem=problem)
    try:
        changed = actions.change_end(
            booking=booking, ends_at=form.cleaned_data["end"], by=access.by, now=now, by_team=access.by_team
        )
    except WrongStateError as refusal:
        return refused(request, access, refusal)
    except (RuleBrokenError, AudienceError, SlotTakenError, LimitReached) as refusal:
        return _unchanged(request, access, refusal, now)
    messages.success(request, wording.end_changed_words(booking, changed))
    return SeeOther(reverse("bookings:detail", args=[booking.reference]))


def _unchanged(request: HttpRequest, access: Access, refusal: Exception, now: datetime) -> HttpResponse:
    """The page that says why the end stays where it is."""
    if isinstance(refusal, LimitReached):
        return _page(request, access, now, status=429, reached=refusal)
    if isinstance(refusal, RuleBrokenError):
        return _page(request, access, now, status=422, problem=refusal.message)
    if isinstance(refusal, SlotTakenError):
        problem = _("Somebody else has this time: the booking stays as it is.")
        return _page(request, access, now, status=409, problem=problem)
    return not_for_you(request, access.booking.space)


def _page(
    request: HttpRequest,
    access: Access,
    now: datetime,
    *,
    end: str = "",
    problem: str = "",
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    booking, by_team = access.booking, access.by_team
    options = end_options(booking, now, by_team=by_team)
    form = _form(booking, options, now, chosen=parse_instant(end), problem=problem)
    is_longest = options[-1].ends_at == booking.ends_at
    context = {
        **context_of(access, now),
        "form": form,
        "can_choose": len(options) > 1,
        "why": why_not_longer(booking, by_team=by_team) if is_longest else "",
        **more,
    }
    return render(request, "bookings/end.html", context, status=status)


def _form(
    booking: Booking, options: list[EndOption], now: datetime, *, chosen: datetime | None, problem: str
) -> BookingEndForm:
    """The form with these ends, and with what was wrong at its field."""
    ends = {option.ends_at: option.ends_at.isoformat() for option in options}
    present = booking.ends_at.isoformat()
    values = {"end": ends.get(chosen or booking.ends_at, present), "known": present}
    choices = [(ends[option.ends_at], wording.end_words(option, booking, now)) for option in options]
    form = BookingEndForm(values if problem else None, initial=values, booking=booking, choices=choices)
    if problem:
        form.add_error("end", problem)
    return form
