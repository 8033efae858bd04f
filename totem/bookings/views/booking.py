"""Booking a space: the form with its price, the booking, and what is offered when the slot is taken."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from totem.accounts.models import User
from totem.bookings import actions, queries, rules, wording
from totem.bookings.actions import AudienceError, PriceChangedError, SlotTakenError
from totem.bookings.addresses import space_url
from totem.bookings.forms import (
    BookForm,
    RequestForm,
    TeamForm,
    VisitorForm,
    has_team_fields,
    parse_instant,
    slot_initial,
)
from totem.bookings.models import Booking
from totem.bookings.permissions import may_book_for_others, space_for
from totem.bookings.proposals import Summary, longer_offer, price_was_shown, shown_cost, slot_offers, summary_of
from totem.bookings.rules import RuleBrokenError
from totem.bookings.views import guest
from totem.core import clock
from totem.core.components import Crumb
from totem.core.limits import LimitReached, address_digest
from totem.core.pages import SHOW_AND_SEND, SeeOther, render_page
from totem.core.periods import Period
from totem.hubs.models import Hub
from totem.hubs.queries import standing
from totem.spaces.models import Space
from totem.spaces.rules import WITHIN, usual_length
from totem.spaces.wording import audience_words, rules_words


def trail(hub: Hub, *more: Crumb) -> list[Crumb]:
    """The breadcrumb of a page about a hub's space or booking."""
    hubs = Crumb(pgettext("navigation", "Hubs"), reverse("website:home"))
    return [hubs, Crumb(hub.name, reverse("website:hub", args=[hub.slug])), *more]


@login_not_required
@never_cache
@require_http_methods(SHOW_AND_SEND)
def book(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    """Book a space: GET shows the form with its price, POST books."""
    place = space_for(request.user, slug, space)
    return _post(request, place) if request.method == "POST" else _get(request, place)


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _form(request: HttpRequest, place: Space, **kwargs: Any) -> RequestForm:
    """The form for whoever asks: a visitor, somebody signed in, or the team."""
    person = _person(request)
    if person is None:
        return VisitorForm(space=place, client=address_digest(request) if "data" in kwargs else "", **kwargs)
    # A posted form without the team's fields is read without asking who is in the team.
    if ("data" not in kwargs or has_team_fields(kwargs["data"])) and may_book_for_others(request.user, place):
        return TeamForm(space=place, person=person, **kwargs)
    return BookForm(space=place, person=person, **kwargs)


def _get(request: HttpRequest, place: Space) -> HttpResponse:
    now, period_error = clock.now(), ""
    if "date" in request.GET:
        asked = RequestForm(data=request.GET, space=place)
        period, quantity, period_error = asked.period(), asked.quantity_wanted(), asked.period_error()
        initial: dict[str, Any] = request.GET.dict()
    else:
        period, quantity = _prefilled(request, place, now)
        initial = slot_initial(place, period) if period else {"minutes": usual_length(place)}
        initial |= {"quantity": quantity, "whom": request.GET.get("whom", "self"), **_for_whom(request, place)}
    if refusal := _refusal(request, place, period, now):
        return refusal
    form = _form(request, place, initial=initial)
    return _page(request, form, now, period=period, quantity=quantity, period_error=period_error)


def _prefilled(request: HttpRequest, place: Space, now: datetime) -> tuple[Period | None, int]:
    """The slot that the address names, else the first free one."""
    length = timedelta(minutes=_number(request.GET.get("minutes"), most=place.max_minutes) or usual_length(place))
    quantity = _number(request.GET.get("quantity"), most=place.quantity) or 1
    if start := parse_instant(request.GET.get("start", "")):
        return Period(start, start + length), quantity
    window = Period(now - place.step, now + WITHIN)
    first = queries.first_slots([place], window, length, now, quantity=quantity)
    return first[0].period if first else None, quantity


def _for_whom(request: HttpRequest, place: Space) -> dict[str, str]:
    """The person of the hub whom the address names, where the team asks; their page leads here."""
    pk = _number(request.GET.get("person"), most=10**6)
    if pk is None or not may_book_for_others(request.user, place):
        return {}
    person = queries.people_known_to(place.hub).filter(pk=pk).first()
    return {"whom": TeamForm.Whom.PERSON, "who": person.email} if person else {}


def _number(words: str | None, *, most: int) -> int | None:
    """A positive number up to `most` in an address; None for anything else."""
    if words is None or not words.isdecimal() or len(words) > 6:
        return None
    return min(int(words), most) or None


def _refusal(request: HttpRequest, place: Space, period: Period | None, now: datetime) -> HttpResponse | None:
    """The page that says whom the space is for, when it is not for whoever asks."""
    person = _person(request)
    day = (period.starts_at if period else now).astimezone(place.hub.zone).date()
    if rules.may_book(place, standing(person, place.hub, day), signed_in=person is not None):
        return None
    return not_for_you(request, place)


def not_for_you(request: HttpRequest, place: Space) -> HttpResponse:
    """The page that says whom the space is for (403)."""
    address = request.get_full_path() if request.method != "POST" else request.path
    context = {"space": place, "hub": place.hub, "who": audience_words(place), "next": address}
    return render(request, "bookings/not_for_you.html", context, status=403)


def _post(request: HttpRequest, place: Space) -> HttpResponse:
    now = clock.now()
    form = _form(request, place, data=request.POST)
    if answer := _not_yet(request, form, now):
        return answer
    try:
        booking = _book(request, place, form, now)
    except (RuleBrokenError, AudienceError, SlotTakenError, LimitReached, PriceChangedError) as refusal:
        return _refused(request, form, refusal, now)
    if booking.made_by_id is None:
        return guest.ask_code(request, booking)
    messages.success(request, wording.outcome_words(booking))
    return SeeOther(reverse("bookings:detail", args=[booking.reference]))


def _refused(request: HttpRequest, form: RequestForm, refusal: Exception, now: datetime) -> HttpResponse:
    """The page that says why nothing was booked, with what can be done instead."""
    if isinstance(refusal, SlotTakenError):
        return _taken(request, form, refusal, now)
    if isinstance(refusal, LimitReached):
        return _page(request, form, now, status=429, reached=refusal)
    if isinstance(refusal, PriceChangedError):
        form.add_error(None, _("The price has changed in the meantime: here it is. Book again to confirm."))
        return _page(request, form, now, status=409)
    if isinstance(refusal, RuleBrokenError):
        form.refuse(refusal)
        return _page(request, form, now, status=422)
    return not_for_you(request, form.place)


def _not_yet(request: HttpRequest, form: RequestForm, now: datetime) -> HttpResponse | None:
    """The page again, while something is missing or wrong, or the price was not shown; None when one may book."""
    if not form.is_valid():
        return _page(request, form, now, status=422)
    if "look" in request.POST:
        return _page(request, form, now)
    if not price_was_shown(form, form.place, form.cleaned_data["period"], form.quantity_wanted()):
        form.add_error(None, _("Here is the price of what you chose. Book again to confirm."))
        return _page(request, form, now, status=422)
    return None


def _book(request: HttpRequest, place: Space, form: RequestForm, now: datetime) -> Booking:
    period, quantity = form.cleaned_data["period"], form.quantity_wanted()
    if isinstance(form, VisitorForm) and guest.own_hold(request, place, period):
        raise SlotTakenError(place, period, quantity)
    return actions.book(
        space=place,
        period=period,
        booker=form.booker(),
        now=now,
        quantity=quantity,
        purpose=form.cleaned_data["purpose"],
        hold_for=form.hold_for(),
        shown=shown_cost(form),
    )


def _taken(request: HttpRequest, form: RequestForm, taken: SlotTakenError, now: datetime) -> HttpResponse:
    own = _own_around(request, form, taken.period, now)
    if isinstance(form, VisitorForm):
        same = guest.own_hold(request, form.place, taken.period)
    else:
        same = next((booking for booking in own if booking.period == taken.period), None)
    more: dict[str, Any] = {
        "taken": taken,
        "own": same,
        "longer": longer_offer(own, form.place, taken.period, now, by_team=isinstance(form, TeamForm)),
        "offers": slot_offers(taken, now, form.payer()),
        "carried": form.carried_fields(),
    }
    return _page(request, form, now, status=409, **more)


def _own_around(request: HttpRequest, form: RequestForm, period: Period, now: datetime) -> list[Booking]:
    """What whoever books has already in the space when `period` begins, or just before."""
    if isinstance(form, VisitorForm):
        known = guest.known(request)
        return queries.own_around(form.place, period, now, Q(reference__in=known)) if known else []
    whose = form.booker().whose if form.is_bound and form.is_valid() else Q(person=_person(request))
    return queries.own_around(form.place, period, now, whose)


def _page(
    request: HttpRequest,
    form: RequestForm,
    now: datetime,
    *,
    period: Period | None = None,
    quantity: int = 1,
    period_error: str = "",
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The form, with the summary of `period`, or of the submitted one."""
    place = form.place
    by_team = isinstance(form, TeamForm) or may_book_for_others(request.user, place)
    if form.is_bound:
        period, quantity = form.period(), form.quantity_wanted()
    summary = Summary(zone=place.hub.zone)
    if "taken" not in more:
        summary = summary_of(
            place,
            period,
            quantity=quantity,
            now=now,
            by_team=by_team,
            payer=form.payer(),
            period_error=period_error,
        )
        if period and summary.problem:
            own = _own_around(request, form, period, now)
            more["longer"] = longer_offer(own, place, period, now, by_team=by_team)
    form.prepare_page()
    context = {
        "space": place,
        "hub": place.hub,
        "form": form,
        "summary": summary,
        "rules": rules_words(place),
        "crumbs": trail(place.hub, Crumb(place.name, space_url(place))),
        **more,
    }
    return render_page(request, "bookings/book.html", context, partial="summary", status=status)
