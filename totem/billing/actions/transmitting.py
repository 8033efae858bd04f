"""Handing electronic documents to the platform, recording what it says of them, and telling it what is paid.

Each is done once: under the document's lock, with a row in `Transmission` that the database takes once. A process that
dies before its row is committed leaves the same file under the same name, and the next one does it again.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, JSONField
from django.db.models.functions import Cast

from totem.billing import facturx
from totem.billing.amounts import paid_shares
from totem.billing.einvoicing import Platform, PlatformStatus, platform, siren_of
from totem.billing.models import CustomerKind, DocumentKind, IssuedDocument, Transmission
from totem.billing.queries import OWED, paid_in_full, payments_of, turned_down
from totem.billing.vat import rates_left
from totem.billing.wording import ON_DEBITS
from totem.core.locks import LockKind, lock

CLOCKS_APART = timedelta(hours=1)
"""How far the platform's clock may be ahead of ours."""

logger = logging.getLogger(__name__)


class TransmissionFailed(Exception):
    """The platform did not take some documents; each is logged, and they are tried again."""


def transmit(*, now: datetime) -> None:
    """Record what the platform says, hand over what it has not had, tell what is paid; nothing without a platform.

    Raises TransmissionFailed after all others were done where the platform did not take one.
    """
    found = platform()
    if found is None:
        return
    for status in sorted(found.statuses(), key=_order):
        found.settle(status, _record(status, now))
    steps = [(_send, pk) for pk in _to_send()] + [(_send_cashed, pk) for pk in _to_tell_cashed()]
    failed = [pk for step, pk in steps if not _tried(step, found, pk, now)]
    if failed:
        raise TransmissionFailed(f"Not taken: {len(failed)} documents, from {failed[0]} on.")


def _tried(step: Callable[[Platform, int, datetime], None], found: Platform, pk: int, now: datetime) -> bool:
    try:
        step(found, pk, now)
    except Exception:  # a platform's class may raise anything: the other documents still go
        logger.exception("The platform did not take document %s.", pk)
        return False
    return True


def _to_send() -> list[int]:
    """Issued since their seller sends them, drawn, never handed over; a consumer without an address has no XML."""
    rows = IssuedDocument.objects.filter(
        seller__einvoices_since__lte=F("issued_on"), file__isnull=False, transmissions=None
    ).exclude(kind=DocumentKind.QUOTE)
    buyers = rows.annotate(frozen=Cast("content", JSONField()))
    electronic = buyers.exclude(frozen__buyer__kind=CustomerKind.CONSUMER, frozen__buyer__email="")
    return list(electronic.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _send(found: Platform, pk: int, now: datetime) -> None:
    lock(LockKind.DOCUMENT, [pk])
    document = IssuedDocument.objects.select_related("file__stored").get(pk=pk)
    if facturx.is_electronic(json.loads(document.content)) and not document.transmissions.exists():
        found.send(document, bytes(document.file.stored.content))
        Transmission.objects.create(document=document, status=Transmission.Status.SENT, at=now)


def _to_tell_cashed() -> list[int]:
    """Handed over, not turned down, and paid: something was received and nothing is left to pay."""
    rows = IssuedDocument.objects.filter(kind__in=OWED, transmissions__isnull=False)
    told = Transmission.objects.filter(status=Transmission.Status.CASHED).values("document")
    owed = rows.exclude(pk__in=told).exclude(pk__in=turned_down(rows).values("pk"))
    return list(paid_in_full(owed).order_by("pk").values_list("pk", flat=True).distinct())


@transaction.atomic
def _send_cashed(found: Platform, pk: int, now: datetime) -> None:
    lock(LockKind.DOCUMENT, [pk])
    document = paid_in_full(IssuedDocument.objects.filter(pk=pk)).first()
    if document and not document.transmissions.filter(status=Transmission.Status.CASHED).exists():
        on = max(payments_of(document).values_list("received_on", flat=True))
        is_on_debits = ON_DEBITS in json.loads(document.content)["notes"]
        rates = () if is_on_debits else paid_shares(rates_left(document), document.paid)
        found.send_cashed(document, document.paid, on, [rate for rate in rates if rate.gross])
        Transmission.objects.create(document=document, status=Transmission.Status.CASHED, at=now)


def _order(status: PlatformStatus | Transmission) -> tuple[datetime, int]:
    """What comes first: of one moment, that it was deposited."""
    name = str(status.status)
    return status.at, Transmission.FROM_PLATFORM.index(name) if name in Transmission.FROM_PLATFORM else 0


@transaction.atomic
def _record(status: PlatformStatus, now: datetime) -> str:
    """Record what the platform says of a document; returns why it is not recorded, or nothing."""
    rows = IssuedDocument.objects.filter(reference=status.reference)
    document = next((row for row in rows if siren_of(row) == status.siren), None)
    if document is None or not facturx.is_electronic(json.loads(document.content)):
        return f"no electronic document {status.reference} of {status.siren}"
    if status.status not in Transmission.FROM_PLATFORM:
        return f"unknown status {status.status}"
    if not document.issued_at - CLOCKS_APART <= status.at <= now + CLOCKS_APART:
        return f"its time {status.at} is before the document, or to come"
    lock(LockKind.DOCUMENT, [document.pk])
    known = document.transmissions.filter(status__in=Transmission.FROM_PLATFORM)
    last = known.last()
    if last and (last.status == status.status or known.filter(status=status.status, at=status.at).exists()):
        return "a duplicate"
    if last and _order(status) < _order(last):
        return f"late: {last.status} was recorded since"
    Transmission.objects.create(
        document=document, status=status.status, at=status.at, detail=status.detail[: Transmission.LONGEST_DETAIL]
    )
    return ""
