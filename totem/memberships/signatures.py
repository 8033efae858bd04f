"""Contracts of agreements are signed on line: the last signature puts the agreement in force, else it is withdrawn."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.billing.permissions import SELL
from totem.core.calendar_files import Party
from totem.core.locks import LockKind, lock
from totem.core.models import SigningRequest, SigningState
from totem.core.signatures import SigningPurpose, register
from totem.hubs.mails import sender_of
from totem.memberships.actions.agreements import activate, locked, record, withdraw
from totem.memberships.models import Agreement, AgreementState
from totem.memberships.queries.agreements import SIGNING


def _agreement(request: SigningRequest) -> Agreement:
    pk = int(request.source.partition(":")[2])
    return Agreement.objects.select_related("hub").get(pk=pk)


def _completed(request: SigningRequest, now: datetime) -> None:
    agreement = locked(_agreement(request))
    activate(agreement, signed_on=now.astimezone(agreement.hub.zone).date(), by=None, now=now)


def _ended(request: SigningRequest, now: datetime) -> None:
    """Declined, or not signed in time: it is withdrawn, and its place and its desk are free."""
    agreement = _agreement(request)
    if agreement.state == AgreementState.TO_SIGN and request.state in {SigningState.DECLINED, SigningState.EXPIRED}:
        if request.state == SigningState.EXPIRED:
            record("sign_expired", agreement, None)
        withdraw(agreement=agreement, by=None, now=now)


def _url(request: SigningRequest) -> str:
    agreement = _agreement(request)
    return reverse("memberships:agreement", args=[agreement.hub.slug, agreement.pk])


def _may_manage(person: Any, request: SigningRequest) -> bool:
    return bool(person.has_perm(SELL, _agreement(request).hub))


def _lock(request: SigningRequest) -> None:
    lock(LockKind.HUB, [_agreement(request).hub_id])


def _sender(request: SigningRequest) -> Party:
    return sender_of(_agreement(request).hub)


CONTRACT = register(
    SigningPurpose(
        SIGNING,
        label=_("Contract with a hub"),
        url=_url,
        may_manage=_may_manage,
        completed=_completed,
        ended=_ended,
        lock=_lock,
        sender=_sender,
    )
)
