"""Invitations that were sent and not accepted: each is a mail to somebody who may know nothing of Totem."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy, ngettext

from totem.core import limits
from totem.core.limits import Amount, Limit, Scope, Taker
from totem.organisations.models import Invitation, Organisation

DAY, WEEK, MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)
# Enough for a large company to join at once: those that are accepted do not count.
SENT_BY_AN_ORGANISATION = 30


def _sent_by(taker: Taker, scope: Scope, now: datetime) -> int:  # noqa: ARG001
    return Invitation.objects.filter(invited_by=int(taker.key), created_at__gt=now - DAY).count()


def _received_by(taker: Taker, scope: Scope, now: datetime) -> int:  # noqa: ARG001
    return Invitation.objects.filter(email=taker.key, created_at__gt=now - WEEK).count()


def sent_by(organisation: Organisation, now: datetime) -> int:
    """How many invitations the organisation sent in thirty days that nobody accepted, withdrawn ones too."""
    return organisation.invitations.filter(created_at__gt=now - MONTH).count()


def _words(amount: Amount) -> str:
    return ngettext("%(n)s invitation", "%(n)s invitations", int(amount)) % {"n": amount}


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
