"""How many requests of one person may wait: each holds a name and its address, and is read by people."""

from datetime import datetime

from django.utils.translation import gettext_lazy, ngettext

from totem.core import limits
from totem.core.limits import Amount, Limit, Scope, Taker
from totem.territories.models import Workspace, WorkspaceState


def _waiting_of(taker: Taker, scope: Scope, now: datetime) -> int:  # noqa: ARG001
    mine = Workspace.objects.filter(state=WorkspaceState.REQUESTED, members__person=int(taker.key))
    return mine.count()


def _words(amount: Amount) -> str:
    return ngettext("%(n)s request", "%(n)s requests", int(amount)) % {"n": amount}


REQUESTS = limits.register(
    Limit(
        "territories.requests",
        gettext_lazy("Territories that wait for their approval"),
        defaults={"person": 3},
        words=_words,
        taken=_waiting_of,
    )
)
