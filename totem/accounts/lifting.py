"""Setting and lifting limits: the page of the installation's staff, and what the desks of hubs share with it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.core import clock, limits
from totem.core.limit_forms import AmountsForm, LiftForm
from totem.core.limits import Scope, Taker, TakerKind, address_digest
from totem.core.models import LimitAmount, LimitRefusal
from totem.core.pages import SHOW_AND_SEND, SeeOther, form_status, staff_only
from totem.core.periods import local_day

SHOWN_FOR = timedelta(days=7)
MOST = 50
SECOND = timedelta(seconds=1)
TAKER = re.compile(r"(person:[0-9]{1,18}|address:[0-9a-f]{32})")


# -- What the pages share ---------------------------------------------------------------------------------------------


@dataclass
class TakerRow:
    """A taker in a list: its name, when it was last refused and by which limits, until when its limits are lifted."""

    taker: str
    name: str
    at: datetime
    labels: list[str] = field(default_factory=list)

    @property
    def meta(self) -> str:
        return " · ".join(self.labels)


def asked_taker(request: HttpRequest) -> Taker:
    """The taker that the form or the address names, by default this connection. Raises Http404 for what is none."""
    words = request.POST.get("taker") or request.GET.get("taker")
    if not words:
        return Taker.address(address_digest(request))
    if not TAKER.fullmatch(words):
        raise Http404
    kind, key = words.split(":")
    return Taker(TakerKind(kind), key)


def lift_until(form: LiftForm, *, taker: Taker, scope: Scope, by: User) -> None:
    """Lift the limits of the taker until the end of the day of a valid form."""
    zone = getattr(scope, "zone", timezone.get_current_timezone())
    until = local_day(form.cleaned_data["until"], zone).ends_at - SECOND  # shown as that day
    limits.lift(taker=taker, scope=scope, until=until, by=by)


def lift_context(request: HttpRequest, taker: Taker, scope: Scope, now: datetime) -> dict[str, Any]:
    """What `accounts/lifts.html` shows: what the taker has, who was refused these days, whose limits are lifted."""
    here = Taker.address(address_digest(request))
    of_scope = {"scope": limits.scope_key(scope)}
    refused = LimitRefusal.objects.filter(**of_scope, at__gt=now - SHOWN_FOR).order_by("-at")
    lifted = LimitAmount.objects.filter(**of_scope, until__gt=now).order_by("until")
    return {
        "taker": taker,
        "name": _names([str(taker)], here)[str(taker)],
        "uses": limits.uses(taker, scope, now),
        "refused": _by_taker(refused.values_list("taker", "at", "limit")[:MOST], scope, here),
        "lifted": _by_taker(lifted.values_list("taker", "until", "limit")[:MOST], scope, here),
    }


def _by_taker(rows: Iterable[tuple[str, Any, str]], scope: Scope, here: Taker) -> list[TakerRow]:
    found: dict[str, TakerRow] = {}
    labels = {limit.name: str(limit.label) for limit in limits.of_scope(scope)}
    for taker, at, limit in rows:
        if limit in labels:
            found.setdefault(taker, TakerRow(taker, "", at)).labels.append(labels[limit])
    names = _names(found, here)
    for row in found.values():
        row.name = names[row.taker]
    return list(found.values())


def _names(takers: Iterable[str], here: Taker) -> dict[str, str]:
    """What each taker is called: the name of a person, this connection, or one of the others."""
    people = User.objects.in_bulk([int(taker.partition(":")[2]) for taker in takers if taker.startswith("person:")])
    return {taker: _name(taker, here, people) for taker in takers}


def _name(taker: str, here: Taker, people: dict[int, User]) -> str:
    kind, _colon, key = taker.partition(":")
    if kind == TakerKind.PERSON:
        return people[int(key)].name if int(key) in people else ""
    if taker == str(here):
        return _("This internet connection")
    return _("The connection %(number)s") % {"number": key[:6].upper()}


# -- The installation -------------------------------------------------------------------------------------------------


@staff_only
@never_cache
@require_http_methods(SHOW_AND_SEND)
def amounts(request: HttpRequest) -> HttpResponse:
    """The limits that no hub sets: their amounts, who reached one, whose are lifted."""
    form = AmountsForm(request.POST or None, scope=None)
    if form.is_valid():
        limits.set_amounts(scope=None, values=form.values(), by=signed_in(request))
        messages.success(request, _("Saved."))
        return redirect("accounts:limits")
    return _page(request, asked_taker(request), form, LiftForm(today=clock.today()))


@staff_only
@never_cache
@require_POST
def lift(request: HttpRequest) -> HttpResponse:
    """Lift the limits of somebody until the end of a day."""
    taker, form = _asked(request), LiftForm(request.POST, today=clock.today())
    if not form.is_valid():
        return _page(request, taker, AmountsForm(scope=None), form)
    lift_until(form, taker=taker, scope=None, by=signed_in(request))
    return _done(request, taker, _("The limits are lifted."))


@staff_only
@never_cache
@require_POST
def end_lift(request: HttpRequest) -> HttpResponse:
    """The limits hold again for the taker."""
    taker = _asked(request)
    limits.end_lift(taker=taker, scope=None, by=signed_in(request))
    return _done(request, taker, _("The limits hold again."))


def _asked(request: HttpRequest) -> Taker:
    taker = asked_taker(request)
    if taker.kind == TakerKind.PERSON:
        get_object_or_404(User, pk=taker.key, is_active=True)
    return taker


def _page(request: HttpRequest, taker: Taker, form: AmountsForm, lift_form: LiftForm) -> HttpResponse:
    context = {
        **lift_context(request, taker, None, clock.now()),
        "form": form,
        "lift_form": lift_form,
        "may_work": True,
        "lift_url": reverse("accounts:lift"),
        "end_url": reverse("accounts:end_lift"),
        "zone": timezone.get_current_timezone(),
    }
    return render(request, "accounts/limits.html", context, status=form_status(request))


def _done(request: HttpRequest, taker: Taker, message: str) -> HttpResponse:
    messages.success(request, message)
    return SeeOther(f"{reverse('accounts:limits')}?{urlencode({'taker': str(taker)})}")
