"""How many hubs one may ask for a membership at once: each request is work for a team."""

from datetime import datetime

from django.utils.translation import gettext_lazy, ngettext

from totem.core import limits
from totem.core.limits import Amount, Limit, Scope, Taker
from totem.hubs.models import MembershipRequest


def _waiting_of(taker: Taker, scope: Scope, now: datetime) -> int:  # noqa: ARG001
    return MembershipRequest.objects.filter(person=int(taker.key), declined_at=None).count()


def _words(amount: Amount) -> str:
    return ngettext("%(n)s request", "%(n)s requests", int(amount)) % {"n": amount}


REQUESTS = limits.register(
    Limit("hubs.requests", gettext_lazy("Requests to become a member"), {"person": 5}, _words, _waiting_of)
)
