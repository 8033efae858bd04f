"""How many agreements one may ask for on line: each request is work for a team."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy, ngettext

from totem.core import limits
from totem.core.limits import Amount, Limit, Scope, Taker
from totem.memberships.models import Agreement, AgreementState, PlaceRequest

COUNTED = timedelta(days=1)
"""What was asked and taken back counts so long, so that asking again and again is limited too."""


def _asked_by(taker: Taker, scope: Scope, now: datetime) -> int:  # noqa: ARG001
    person = int(taker.key)
    recent = Q(state=AgreementState.ASKED) | Q(created_at__gt=now - COUNTED)
    waits = PlaceRequest.objects.filter(person=person, offered_at=None)
    return Agreement.objects.filter(recent, asked_by=person).count() + waits.count()


def _words(amount: Amount) -> str:
    return ngettext("%(n)s request", "%(n)s requests", int(amount)) % {"n": amount}


REQUESTS = limits.register(
    Limit("memberships.requests", gettext_lazy("Requests for an agreement"), {"person": 5}, _words, _asked_by)
)
