"""Limits at the front desk: what somebody holds, who was refused lately, and lifting the limits until a day."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.models import User
from totem.bookings.addresses import limits_url
from totem.bookings.limits import taker_in
from totem.bookings.models import Booking
from totem.bookings.views.desk import working
from totem.core import clock, limits
from totem.core.limit_forms import LiftForm
from totem.core.limits import Taker, TakerKind, address_digest
from totem.core.models import LimitAmount, LimitRefusal
from totem.core.pages import SHOW_AND_SEND, SeeOther, form_status
from totem.core.periods import local_day
from totem.hubs.models import Hub, Membership
from totem.hubs.permissions import SEE_DESK, WORK_DESK, hub_for

SHOWN_FOR = timedelta(days=7)
MOST = 50
SECOND = timedelta(seconds=1)
TAKER = re.compile(r"(person:[0-9]{1,18}|address:[0-9a-f]{32})")


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


@never_cache
@require_http_methods(SHOW_AND_SEND)
def limits_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One taker (`taker`; by default this connection) with what it has, and who was refused or freed lately.

    POST lifts the limits of the taker until the end of a day.
    """
    hub = hub_for(request.user, slug, SEE_DESK)
    now, here = clock.now(), Taker.address(address_digest(request))
    taker = _asked(request, hub, now) or here
    form = LiftForm(request.POST or None, today=now.astimezone(hub.zone).date())
    if request.method == "POST" and form.is_valid():
        _hub, by = working(request, slug, WORK_DESK)
        until = local_day(form.cleaned_data["until"], hub.zone).ends_at - SECOND  # shown as that day
        limits.lift(taker=taker, scope=hub, until=until, by=by)
        messages.success(request, _("The limits are lifted."))
        return SeeOther(limits_url(hub, taker))
    context = {
        "hub": hub,
        "form": form,
        "taker": taker,
        "name": _names([str(taker)], here)[str(taker)],
        "uses": limits.uses(taker, hub, now),
        "refused": _refused(hub, here, now),
        "lifted": _lifted(hub, here, now),
        "may_work": request.user.has_perm(WORK_DESK, hub),
    }
    return render(request, "bookings/limits.html", context, status=form_status(request))


@never_cache
@require_POST
def end_lift(request: HttpRequest, slug: str) -> HttpResponse:
    """The limits hold again for the taker."""
    hub, by = working(request, slug, WORK_DESK)
    taker = _asked(request, hub, clock.now())
    if taker is None:
        raise Http404
    limits.end_lift(taker=taker, scope=hub, by=by)
    messages.success(request, _("The limits hold again."))
    return SeeOther(limits_url(hub, taker))


def _asked(request: HttpRequest, hub: Hub, now: datetime) -> Taker | None:
    """The taker that the address or the form names; None where it names none. Raises Http404 for what is none."""
    words = request.POST.get("taker") or request.GET.get("taker")
    if not words:
        return None
    if not TAKER.fullmatch(words):
        raise Http404
    kind, key = words.split(":")
    if kind == TakerKind.ADDRESS:
        return Taker.address(key)
    if not (_has_met(hub, int(key)) or LimitRefusal.objects.filter(scope=limits.scope_key(hub), taker=words).exists()):
        raise Http404
    return taker_in(hub, int(key), now)


def _has_met(hub: Hub, person_id: int) -> bool:
    """Whether the person has booked at the hub or been a member: the desk learns of no other accounts."""
    of_person = {"hub": hub, "person": person_id}
    return Booking.objects.filter(**of_person).exists() or Membership.objects.filter(**of_person).exists()


def _refused(hub: Hub, here: Taker, now: datetime) -> list[TakerRow]:
    rows = LimitRefusal.objects.filter(scope=limits.scope_key(hub), at__gt=now - SHOWN_FOR).order_by("-at")[:MOST]
    return _by_taker(hub, ((row.taker, row.at, row.limit) for row in rows), here)


def _lifted(hub: Hub, here: Taker, now: datetime) -> list[TakerRow]:
    rows = LimitAmount.objects.filter(scope=limits.scope_key(hub), until__gt=now).order_by("until")[:MOST]
    return _by_taker(hub, ((row.taker, row.until, row.limit) for row in rows if row.until), here)


def _by_taker(hub: Hub, rows: Iterable[tuple[str, datetime, str]], here: Taker) -> list[TakerRow]:
    found: dict[str, TakerRow] = {}
    labels = {limit.name: str(limit.label) for limit in limits.of_scope(hub)}
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
