"""Joining the association of a hub on line, and one's own dues."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in, form_status
from totem.hubs.permissions import hub_for
from totem.memberships.actions import dues as actions
from totem.memberships.actions.dues import ChosenDues, dates_of
from totem.memberships.forms.dues import DuesForm
from totem.memberships.models import DuesAmount, DuesKind, DuesPeriod, DuesTerm
from totem.memberships.periods import LAST_DAY
from totem.memberships.queries import dues as queries
from totem.organisations.models import Affiliation


@require_safe
def join(request: HttpRequest, slug: str) -> HttpResponse:
    """The dues that can be joined, with their amounts, and the days that would be paid today."""
    hub, person = hub_for(request.user, slug), signed_in(request)
    kinds = queries.kinds_to_join(hub)
    today = clock.today(hub.zone)
    context = {
        "hub": hub,
        "kinds": [(kind, offered["amounts"], offered) for kind in kinds for offered in [_offered(kind, person, today)]],
        "terms": DuesTerm.objects.filter(hub=hub, person=person).select_related("kind", "organisation")[:5],
    }
    return render(request, "memberships/join.html", context)


@require_http_methods(SHOW_AND_SEND)
def join_kind(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """As what one joins, how much one pays, and the answers; with the dates, before anything is paid."""
    hub, person, now = hub_for(request.user, slug), signed_in(request), clock.now()
    kind = get_object_or_404(DuesKind.objects.select_related("hub"), hub=hub, pk=pk, is_active=True)
    today = clock.today(hub.zone)
    offered = _offered(kind, person, today)
    amounts = offered["amounts"]
    if not amounts:
        raise Http404
    acting = Affiliation.objects.on(today).filter(person=person, can_book=True)
    following = None
    if kind.period in (DuesPeriod.CIVIL, DuesPeriod.SCHOOL):
        following = _offered(kind, person, today, following=True)
        following = None if "refusal" in following or following == offered else following
    known = DuesTerm.objects.filter(hub=hub, person=person, kind=kind).first()
    form = DuesForm(
        request.POST or None,
        questions=kind.questions.filter(is_active=True),
        groups=[row.group for row in amounts],
        organisations=acting.values_list("organisation", flat=True),
        with_following=following is not None,
        is_free=any(row.minimum is not None for row in amounts),
        initial={"group": known.group} if known else {},
    )
    if form.is_valid():
        with errors_in(form):
            data = form.cleaned_data
            organisation = data.pop("organisation")
            term = actions.join(
                chosen=ChosenDues(kind, **data), person=person, by=person, now=now, organisation=organisation
            )
            messages.success(request, _asked_words(term))
            return redirect("memberships:my_dues")
    context = {
        "hub": hub,
        "kind": kind,
        "form": form,
        "amounts": amounts,
        "offered": offered,
        "following": following,
    }
    return render(request, "memberships/join_kind.html", context, status=form_status(request))


def _asked_words(term: DuesTerm) -> str:
    if term.state == "asked":
        return _("The association has your request, and answers by mail.")
    if term.state == "paid":
        return _("You are a member.")
    return _("You are a member once it is paid, at the desk or by transfer.")


def amounts_on(kind: DuesKind, day: date) -> list[DuesAmount]:
    """What each group pays on that day."""
    return [row for row in kind.amounts.all() if row.starts_on <= day <= (row.ends_on or day)]


def _offered(kind: DuesKind, person: User, day: date, *, following: bool = False) -> dict[str, Any]:
    """The days that are paid today with the amounts of their first one, or why none are."""
    try:
        days = dates_of(kind, person, None, day, following=following)
    except ValidationError as refusal:
        return {"refusal": " ".join(refusal.messages), "amounts": amounts_on(kind, day)}
    last = None if days.last == LAST_DAY else days.last
    return {"first": days.first, "last": last, "amounts": amounts_on(kind, max(day, days.first))}


@require_safe
def my_dues(request: HttpRequest) -> HttpResponse:
    """One's own memberships of associations, with what waits for a payment."""
    terms = DuesTerm.objects.filter(person=signed_in(request)).select_related("hub", "kind", "organisation", "document")
    return render(request, "memberships/my_dues.html", {"terms": terms})


@require_POST
def my_dues_announce(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a transfer is on its way."""
    term = get_object_or_404(DuesTerm, pk=pk, person=signed_in(request))
    with errors_as_message(request):
        actions.announce_transfer(term=term, by=signed_in(request), now=clock.now())
        messages.success(request, _("The team sees that your transfer is on its way."))
    return redirect("memberships:my_dues")
