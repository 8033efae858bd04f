"""One's bookings: the list, one of them, and what can still be done to it."""

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from totem.accounts.permissions import signed_in
from totem.billing.permissions import SELL
from totem.bookings import actions, invoicing, mails, queries, wording
from totem.bookings.actions import AudienceError, PriceChangedError, SlotTakenError, WrongStateError
from totem.bookings.addresses import limits_url
from totem.bookings.answer_forms import ReasonForm, WithdrawalForm
from totem.bookings.costs import spent_words
from totem.bookings.forms import MoveForm, slot_initial
from totem.bookings.limits import taker_in
from totem.bookings.models import LIVE, Booking, Status
from totem.bookings.navigation import TODAY
from totem.bookings.permissions import Access, booking_for
from totem.bookings.proposals import longer_offer, price_was_shown, shown_cost, slot_offers, summary_of
from totem.bookings.reasons import REASONS_TO_CANCEL
from totem.bookings.rules import RuleBrokenError
from totem.bookings.views import guest
from totem.bookings.views.booking import not_for_you, trail
from totem.core import clock
from totem.core import limits as policy
from totem.core.calendar_files import Method, calendar_file
from totem.core.components import Crumb
from totem.core.limits import LimitReached, Taker
from totem.core.navigation import stand
from totem.core.pages import SHOW_AND_SEND, SeeOther, errors_in, form_status, render_page
from totem.spaces.models import Outage, Space
from totem.spaces.pricing import QuoteLine
from totem.spaces.wording import outage_when, outage_words, quote_lines

PAGE = 20
MOST_COMING = 200

View = Callable[..., HttpResponseBase]


@never_cache
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What one has booked: what waits, what comes, what will not take place, and what is over, page by page."""
    now, person = clock.now(), signed_in(request)
    own = Booking.objects.filter(person=person).with_place()
    dropped = ~Q(status__in=LIVE) | Q(hold_expires_at__lte=now)
    ahead = own.filter(ends_at__gt=now).order_by("starts_at", "pk")
    coming = list(ahead.exclude(dropped)[:MOST_COMING])
    over = own.filter(ends_at__lte=now).order_by("-starts_at", "-pk")
    past = Paginator(over, PAGE).get_page(request.GET.get("page"))
    context = {
        "waiting": [b for b in coming if b.status != Status.CONFIRMED],
        "coming": [b for b in coming if b.status == Status.CONFIRMED],
        "dropped": list(ahead.filter(dropped)[:MOST_COMING]),
        "past": past,
        "now": now,
    }
    return render(request, "bookings/mine.html", context)


# -- One of them ------------------------------------------------------------------------------------------------------


def of_booking(view: View) -> View:
    """Give the view its `Access` instead of a reference; 404 for those who have none.

    Whoever is not signed in and asks for the booking of an account is asked to sign in: the mails lead here.
    """

    @functools.wraps(view)
    def answer(request: HttpRequest, reference: str) -> HttpResponseBase:
        try:
            access = booking_for(request.user, reference, guest.known(request))
        except Http404:
            of_account = Booking.objects.filter(reference=reference, person__isnull=False)
            if not request.user.is_authenticated and of_account.exists():
                return redirect_to_login(request.get_full_path())
            raise
        if not access.is_own:
            stand(request, TODAY, access.booking.space.hub.slug)
        return view(request, access)

    return login_not_required(never_cache(answer))


def _with_key(view: View) -> View:
    """Take the key of a guest's mail out of the address, once it has opened the booking."""

    @functools.wraps(view)
    def answer(request: HttpRequest, reference: str) -> HttpResponseBase:
        if "key" not in request.GET:
            return view(request, reference)
        booking = Booking.objects.filter(reference=reference).first()
        if booking is None or not guest.has_key(request, booking):
            raise Http404
        guest.remember(request, booking)
        return redirect("bookings:detail", reference)

    return login_not_required(never_cache(answer))


@_with_key
@of_booking
@require_safe
def detail(request: HttpRequest, access: Access) -> HttpResponse:
    """A booking as it stands, and what can still be done to it."""
    now = clock.now()
    more = {"outages": _outages(access, now), **_limits(access, now), **_invoiced(request, access)}
    return render(request, "bookings/detail.html", {**context_of(access, now), **more})


def _outages(access: Access, now: datetime) -> list[tuple[str, list[str]]]:
    """For the desk: what the booking takes that is out of order during it, with reasons and times."""
    if not access.sees_desk:
        return []
    booking, hub = access.booking, access.booking.space.hub
    found = queries.outages_by_booking(Outage.objects.filter(space__hub=hub), now, of=[booking.pk])
    return [
        (outage_words(outage), [outage.reason, outage_when(outage, hub.zone)]) for outage in found.get(booking.pk, ())
    ]


def _invoiced(request: HttpRequest, access: Access) -> dict[str, Any]:
    """For those who sell: the invoice or the draft that the booking is on."""
    if not (access.sees_desk and request.user.has_perm(SELL, access.booking.space.hub)):
        return {}
    document, has_changed = invoicing.invoice_of(access.booking)
    return {"invoice": document, "has_changed": has_changed}


def _limits(access: Access, now: datetime) -> dict[str, Any]:
    """For the desk: what whoever has the booking holds, and where their limits are lifted."""
    booking = access.booking
    if not access.sees_desk or not (booking.person_id or booking.client):
        return {}
    hub = booking.space.hub
    taker = taker_in(hub, booking.person_id, now) if booking.person_id else Taker.address(booking.client)
    return {"uses": policy.uses(taker, hub, now), "limits_url": limits_url(hub, taker)}


def context_of(access: Access, now: datetime) -> dict[str, Any]:
    """What every page about a booking shows, and what can be done to it."""
    booking = access.booking
    crumbs = [] if access.by else trail(booking.space.hub)  # who is signed in has a bar
    own_page = Crumb(booking.space.name, reverse("bookings:detail", args=[booking.reference]))
    return {
        "access": access,
        "booking": booking,
        "space": booking.space,
        "hub": booking.space.hub,
        "state": wording.state_of(booking, now),
        "can_answer": access.acts_for_team and booking.status == Status.PENDING and not booking.has_lapsed(now),
        "credits": spent_words(booking.credit_unit, booking.credits_spent) if booking.credits_spent else "",
        "lines": quote_lines(map(QuoteLine.from_json, booking.price_lines)),
        "can_check_in": access.by_team and booking.can_check_in(now),
        "can_move": access.may_change and booking.can_move(now, by_team=access.by_team),
        "can_change_end": access.may_change and booking.can_change_end(now, by_team=access.by_team),
        "can_cancel": access.may_change and booking.can_cancel(now, by_team=access.by_team),
        "crumbs": crumbs,
        "crumbs_below": [*crumbs, own_page],
    }


@of_booking
@require_safe
def calendar(request: HttpRequest, access: Access) -> HttpResponse:
    """The booking for one's own calendar."""
    booking = access.booking
    entry = mails.calendar_entry(booking, mails.plain_address_of(booking))
    answer = HttpResponse(calendar_file(entry, Method.PUBLISH), content_type="text/calendar")
    answer["Content-Disposition"] = f'attachment; filename="{booking.reference}.ics"'
    return answer


@of_booking
@require_http_methods(SHOW_AND_SEND)
def cancel(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask why and whether, then cancel; only the team has to say why."""
    now, booking = clock.now(), access.booking
    if not access.may_change:
        raise Http404
    if request.method != "POST" and not booking.can_cancel(now, by_team=access.by_team):
        return redirect("bookings:detail", booking.reference)
    sent = request.POST if request.method == "POST" else None
    form = ReasonForm(sent, REASONS_TO_CANCEL) if access.acts_for_team else WithdrawalForm(sent)
    if form.is_valid():
        try:
            with errors_in(form):
                _cancel(access, now, **form.cleaned_data)
                messages.success(request, _("Cancelled. The space is free again and nothing is due."))
                return SeeOther(reverse("bookings:detail", args=[booking.reference]))
        except WrongStateError as refusal:
            return refused(request, access, refusal)
    context = {**context_of(access, now), "form": form}
    return render(request, "bookings/cancel.html", context, status=form_status(request))


def _cancel(access: Access, now: datetime, reason_words: str, reason: str = "") -> None:
    actions.cancel(
        booking=access.booking, by=access.by, now=now, by_team=access.by_team, reason=reason, words=reason_words
    )


def refused(request: HttpRequest, access: Access, refusal: WrongStateError) -> HttpResponse:
    """The booking as it now stands, with why it could not be changed (409)."""
    access.booking.refresh_from_db(
        fields=["status", "hold_expires_at", "starts_at", "ends_at", "priced_until", "checked_in_at", "checked_out_at"]
    )
    context = {**context_of(access, clock.now()), "refusal": refusal.message}
    return render(request, "bookings/detail.html", context, status=409)


# -- Another time -----------------------------------------------------------------------------------------------------


@of_booking
@require_http_methods(SHOW_AND_SEND)
def move(request: HttpRequest, access: Access) -> HttpResponse:
    """Put a booking at another time, or in another space of its kind, at the price of today."""
    now, booking = clock.now(), access.booking
    if not access.may_change:
        raise Http404
    if request.method == "POST":
        return _move(request, access, now)
    if not booking.can_move(now, by_team=access.by_team):
        return redirect("bookings:detail", booking.reference)
    if "date" in request.GET:
        form = MoveForm(data=request.GET, booking=booking, spaces=_spaces_for(access))
        return _move_page(request, access, form, now)
    initial = {**slot_initial(booking.space, booking.period), "space": booking.space.slug}
    return _move_page(request, access, MoveForm(initial=initial, booking=booking, spaces=_spaces_for(access)), now)


def _spaces_for(access: Access) -> "QuerySet[Space]":
    """The spaces a booking may move to: of its hub and kind, for the same people unless the team moves it."""
    booking = access.booking
    spaces = Space.objects.filter(hub=booking.space.hub_id, kind=booking.space.kind, quantity__gte=booking.quantity)
    alike = Q(is_active=True) if access.by_team else Q(is_active=True, audience=booking.space.audience)
    return (
        spaces.filter(alike | Q(pk=booking.space_id))
        .select_related("hub__commune__department")
        .order_by("position", "name")
    )


def _move(request: HttpRequest, access: Access, now: datetime) -> HttpResponse:
    booking = access.booking
    form = MoveForm(data=request.POST, booking=booking, spaces=_spaces_for(access))
    if answer := _not_yet(request, access, form, now):
        return answer
    try:
        moved = actions.move(
            booking=booking,
            space=form.target(),
            period=form.cleaned_data["period"],
            by=access.by,
            now=now,
            by_team=access.by_team,
            shown=shown_cost(form),
        )
    except WrongStateError as refusal:
        return refused(request, access, refusal)
    except (RuleBrokenError, AudienceError, SlotTakenError, LimitReached, PriceChangedError) as refusal:
        return _not_moved(request, access, form, refusal, now)
    unchanged = (moved.space_id, moved.period) == (booking.space_id, booking.period)
    messages.success(request, _("Nothing has changed.") if unchanged else wording.moved_words(moved))
    return SeeOther(reverse("bookings:detail", args=[moved.reference]))


def _not_moved(request: HttpRequest, access: Access, form: MoveForm, refusal: Exception, now: datetime) -> HttpResponse:
    """The page that says why the booking stays where it is."""
    if isinstance(refusal, SlotTakenError):
        offers = slot_offers(refusal, now, form.payer(), moved=access.booking)
        return _move_page(request, access, form, now, status=409, taken=refusal, offers=offers)
    if isinstance(refusal, LimitReached):
        return _move_page(request, access, form, now, status=429, reached=refusal)
    if isinstance(refusal, PriceChangedError):
        form.add_error(None, _("The price has changed in the meantime: here it is. Move again to confirm."))
        return _move_page(request, access, form, now, status=409)
    if isinstance(refusal, RuleBrokenError):
        form.refuse(refusal)
        return _move_page(request, access, form, now, status=422)
    return not_for_you(request, form.target())


def _not_yet(request: HttpRequest, access: Access, form: MoveForm, now: datetime) -> HttpResponse | None:
    """The page again, while something is wrong or the price was not shown; None when it may be moved."""
    if not form.is_valid():
        return _move_page(request, access, form, now, status=422)
    if "look" in request.POST:
        return _move_page(request, access, form, now)
    booking, period = access.booking, form.cleaned_data["period"]
    if (form.target().pk, period) == (booking.space_id, booking.period):
        return None
    if not price_was_shown(form, form.target(), period, form.quantity_wanted()):
        form.add_error(None, _("Here is the price of what you chose. Move again to confirm."))
        return _move_page(request, access, form, now, status=422)
    return None


def _move_page(
    request: HttpRequest, access: Access, form: MoveForm, now: datetime, *, status: int = 200, **more: Any
) -> HttpResponse:
    booking = access.booking
    period = form.period() if form.is_bound else booking.period
    space = form.target()
    summary = summary_of(
        space,
        None if "taken" in more else period,
        quantity=booking.quantity,
        now=now,
        by_team=access.by_team,
        payer=form.payer(),
        moved=booking,
        period_error=form.period_error() if form.is_bound else "",
    )
    if period and summary.problem and booking.can_change_end(now, by_team=access.by_team):
        more["longer"] = longer_offer([booking], space, period, now, by_team=access.by_team)
    context = {**context_of(access, now), "form": form, "summary": summary, "target": space, **more}
    return render_page(request, "bookings/move.html", context, partial="summary", status=status)
