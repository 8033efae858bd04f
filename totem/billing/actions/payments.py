"""Payments, receipts, the cash drawer and closing a month: each a link of the seller's chain."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from totem.billing.models import ClosedMonth, DrawerCount, IssuedDocument, Means, Payment, ReceiptPrint, Seller
from totem.billing.queries import OWED, with_balance
from totem.core import chain
from totem.core.locks import LockKind, lock, lock_shared
from totem.core.models import ChainLink
from totem.core.periods import months_before
from totem.hubs.models import Hub


def chain_of(seller: Seller) -> str:
    """The key of the chain that holds what a seller was paid, printed, counted and closed."""
    return f"billing:{seller.pk}"


def _append(seller: Seller, event: str, **facts: Any) -> ChainLink:
    return chain.append(chain_of(seller), {"event": event, **facts})


@transaction.atomic
def record_payment(
    *,
    document: IssuedDocument,
    amount: Decimal,
    means: Means,
    received_on: date,
    by: int | None,
    now: datetime,
    reference: str = "",
) -> Payment:
    """What was received for an invoice on that day, or given back where `amount` is negative, in euros.

    More than what is due is kept: the balance is then negative, and can be given back. Raises ValidationError for what
    bears no payment, a day to come, a closed month, or more given back than was received.
    """
    lock_shared(LockKind.SELLER, document.seller_id)
    lock(LockKind.DOCUMENT, [document.pk])
    state = with_balance(IssuedDocument.objects.filter(pk=document.pk)).get()
    if document.kind not in OWED:
        raise ValidationError(_("Nothing is paid for this document."))
    if state.is_replaced:
        raise ValidationError(_("This invoice was replaced: use the one that replaced it."))
    if not amount:
        raise ValidationError({"amount": _("Not zero.")})
    if state.paid + amount < 0:
        raise ValidationError({"amount": _("More than what was received cannot be given back.")})
    if received_on > now.astimezone(document.hub.zone).date():
        raise ValidationError({"received_on": _("This day is still to come.")})
    if ClosedMonth.objects.filter(seller=document.seller, month__gte=received_on.replace(day=1)).exists():
        raise ValidationError({"received_on": _("This month is closed: it accepts nothing more.")})
    link = _append(
        document.seller,
        "payment",
        document=document.reference,
        amount=amount,
        means=means,
        received_on=received_on,
        at=now,
        by=by,
    )
    return Payment.objects.create(
        document=document,
        seller=document.seller,
        hub=document.hub,
        amount=amount,
        means=means,
        received_on=received_on,
        recorded_at=now,
        recorded_by=by,
        reference=reference,
        link=link,
    )


@transaction.atomic
def print_receipt(*, payment: Payment, by: int | None, now: datetime) -> ReceiptPrint:
    """The print of a receipt, logged before it is shown; from the second on it is a duplicate (« duplicata »)."""
    lock(LockKind.DOCUMENT, [payment.document_id])
    copy = payment.receipts.count() + 1
    link = _append(payment.seller, "receipt", payment=payment.pk, copy=copy, at=now, by=by)
    return ReceiptPrint.objects.create(payment=payment, copy=copy, printed_at=now, printed_by=by, link=link)


def expected_in_drawer(hub: Hub) -> tuple[Decimal, datetime | None]:
    """The cash that should be in the hub's drawer, in euros, and since when it is counted."""
    last = DrawerCount.objects.filter(hub=hub).first()
    cash = Payment.objects.filter(hub=hub, means=Means.CASH)
    if last is not None:
        cash = cash.filter(recorded_at__gt=last.counted_at)
    received = cash.aggregate(total=Sum("amount"))["total"] or Decimal("0.00")
    return (last.float_left if last else Decimal("0.00")) + received, last.counted_at if last else None


@transaction.atomic
def count_drawer(
    *, hub: Hub, seller: Seller, counted: Decimal, float_left: Decimal, by: int | None, now: datetime
) -> DrawerCount:
    """What was counted in the drawer beside what was expected; `float_left` stays in it for the next days.

    Raises ValidationError where more is left than was counted.
    """
    if not 0 <= float_left <= counted:
        raise ValidationError({"float_left": _("Between nothing and what was counted.")})
    lock(LockKind.HUB, [hub.pk])
    lock(LockKind.SELLER, [seller.pk])
    expected, since = expected_in_drawer(hub)
    link = _append(
        seller, "drawer", hub=hub.pk, since=since, expected=expected, counted=counted, left=float_left, at=now, by=by
    )
    return DrawerCount.objects.create(
        hub=hub,
        counted_at=now,
        counted_by=by,
        since=since,
        float_left=float_left,
        expected=expected,
        counted=counted,
        link=link,
    )


@transaction.atomic
def close_month(*, seller: Seller, month: date, by: int | None, now: datetime) -> ClosedMonth:
    """The month of which `month` is the first day, closed with its totals and those since the beginning.

    Raises ValidationError for one that is not over, closed already, or not the one after the last closed.
    """
    lock(LockKind.SELLER, [seller.pk])
    last = ClosedMonth.objects.filter(seller=seller).first()
    if months_before(month, -1) > now.date():
        raise ValidationError(_("This month is not over."))
    if last is not None and last.month >= month:
        raise ValidationError(_("This month is closed already."))
    content = _totals(seller, month)
    link = _append(seller, "month", month=month, at=now, by=by, **content)
    return ClosedMonth.objects.create(
        seller=seller, month=month, closed_at=now, closed_by=by, content=content, link=link
    )


def _totals(seller: Seller, month: date) -> dict[str, str]:
    """What was issued and paid in the month, and since the beginning until its end, in euros."""
    end = months_before(month, -1)
    documents = IssuedDocument.objects.filter(seller=seller, issued_on__lt=end)
    payments = Payment.objects.filter(seller=seller, received_on__lt=end)
    return {
        "invoiced": _sum(documents.filter(issued_on__gte=month).exclude(kind__in=["quote", "credit"]), "gross"),
        "credited": _sum(documents.filter(issued_on__gte=month, kind="credit"), "gross"),
        "paid": _sum(payments.filter(received_on__gte=month), "amount"),
        "invoiced_ever": _sum(documents.exclude(kind__in=["quote", "credit"]), "gross"),
        "credited_ever": _sum(documents.filter(kind="credit"), "gross"),
        "paid_ever": _sum(payments, "amount"),
    }


def _sum(rows: Any, amount: str) -> str:
    return str(rows.aggregate(total=Sum(amount))["total"] or Decimal("0.00"))
