"""Invitations that were sent and not accepted: each is a mail to somebody who may know nothing of Totem."""

from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils.translation import gettext_lazy, ngettext

from totem.accounts.models import Invitation
from totem.core import limits
from totem.core.limits import Amount, Limit, Scope, Taker

DAY, WEEK = timedelta(days=1), timedelta(days=7)


def _sent_by(taker: Taker, scope: Scope, now: datetime) -> int:  # noqa: ARG001
    return Invitation.objects.filter(invited_by=int(taker.key), sent_at__gt=now - DAY).count()


def _received_by(taker: Taker, scope: Scope, now: datetime) -> int:  # noqa: ARG001
    """All mails of the invitations that were written lately: rather one too many than one too few."""
    lately = Invitation.objects.filter(email=taker.key, sent_at__gt=now - WEEK)
    return int(lately.aggregate(mails=Sum("mails"))["mails"] or 0)


def _words(amount: Amount) -> str:
    return ngettext("%(n)s invitation", "%(n)s invitations", int(amount)) % {"n": amount}


# Named as when organisations alone invited: amounts that were set are kept by that name.
SENT = limits.register(
    Limit(
        "organisations.sent", gettext_lazy("Invitations without an answer in a day"), {"person": 20}, _words, _sent_by
    )
)
RECEIVED = limits.register(
    Limit(
        "organisations.received",
        gettext_lazy("Invitations without an answer in a week"),
        {"mailbox": 3},
        _words,
        _received_by,
    )
)
