"""Payments, receipts, the cash drawer and closing a month: each a link of the seller's chain."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from totem.billing.amounts import paid_shares
from totem.billing.models import (
    ClosedDay,
    ClosedMonth,
    DocumentKind,
    DrawerCount,
    IssuedDocument,
    Means,
    Payment,
    ReceiptPrint,
    Seller,
)
from totem.billing.queries import OWED, months_to_close, today_of, with_balance
from totem.billing.signals import drawer_cash_asked
from totem.billing.vat import rates_left
from totem.core import chain
from totem.core.locks import LockKind, lock, lock_shared
from totem.core.models import ChainLink
from totem.core.money import to_cents
from totem.core.periods import months_before
from totem.hubs.models import Hub


def chain_of(seller: Seller) -> str:
    """The key of the chain that holds what a seller was paid, printed, counted and closed."""
    return f"billing:{seller.pk}"


def _append(seller: Seller, event: str, **facts: Any) -> ChainLink:
    return chain.append(chain_of(seller), {"event": event, **facts})


def require_payable(document: IssuedDocument) -> None:
    """Raises ValidationError, which says what to do instead, for a document that is not paid."""
    if document.kind == DocumentKind.QUOTE:
        raise ValidationError(_("A quote is not paid: issue an invoice or a deposit invoice for it first."))
    if document.kind not in OWED:
        raise ValidationError(
            _("A credit note is not paid: what is given back is written down on the invoice that it is about.")
        )
    if document.followed_by.filter(kind=DocumentKind.CORRECTED).exists():
        raise ValidationError(_("This invoice was replaced: use the one that replaced it."))


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
    cancels: Payment | None = None,
) -> Payment:
    """What was received for an invoice on that day, or given back where `amount` is negative, in euros.

    More than what is due is kept: the balance is then negative, and can be given back. Raises ValidationError for what
    bears no payment, a day to come, a closed month, or more given back than was received.
    """
    amount = to_cents(amount)
    lock_shared(LockKind.SELLER, document.seller_id)
    lock(LockKind.DOCUMENT, [document.pk])
    require_payable(document)
    paid = with_balance(IssuedDocument.objects.filter(pk=document.pk)).get().paid
    if not amount:
        raise ValidationError({"amount": _("Not zero.")})
    if paid + amount < 0:
        raise ValidationError({"amount": _("More than what was received cannot be given back.")})
    if received_on > now.astimezone(document.hub.zone).date():
        raise ValidationError({"received_on": _("This day is still to come.")})
    if ClosedMonth.objects.filter(seller=document.seller, month__gte=received_on.replace(day=1)).exists():
        raise ValidationError({"received_on": _("This month is closed: it accepts nothing more.")})
    link = _append(
        document.seller,
        "payment",
        hub=document.hub_id,
        document=document.reference,
        amount=amount,
        means=means,
        received_on=received_on,
        rates=_rates_of(document, paid, amount),
        cancels=cancels.pk if cancels else None,
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
        cancels=cancels,
        link=link,
    )


def _rates_of(document: IssuedDocument, paid: Decimal, amount: Decimal) -> list[dict[str, Any]]:
    """What the amount is of each rate, after `paid`; what is beyond the invoice is of none."""
    left = rates_left(document)
    after = zip(paid_shares(left, paid + amount), paid_shares(left, paid), strict=True)
    shares = [total.plus(before, -1) for total, before in after]
    return [
        {"vat_rate": share.vat_rate, "exemption": share.exemption, "vat": share.vat, "gross": share.gross}
        for share in shares
        if share.gross
    ]


@transaction.atomic
def cancel_payment(*, payment: Payment, by: int | None, now: datetime) -> Payment:
    """The opposite row of a payment that was typed by mistake: of its day, or of today where its month is closed.

    Raises ValidationError where it is cancelled already, is itself such a row, or was given back since.
    """
    lock_shared(LockKind.SELLER, payment.seller_id)
    lock(LockKind.DOCUMENT, [payment.document_id])
    if payment.cancels_id or Payment.objects.filter(cancels=payment).exists():
        raise ValidationError(_("This payment is cancelled already."))
    day = payment.received_on
    if ClosedMonth.objects.filter(seller=payment.seller, month__gte=day.replace(day=1)).exists():
        day = now.astimezone(payment.hub.zone).date()
    return record_payment(
        document=payment.document,
        amount=-payment.amount,
        means=Means(payment.means),
        received_on=day,
        by=by,
        now=now,
        reference=payment.reference,
        cancels=payment,
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
    # In the order of the chain: what waited for the count to end was not counted, whatever its time says.
    since = last.link_id if last else 0
    cash = Payment.objects.filter(hub=hub, means=Means.CASH, link__gt=since)
    received = cash.aggregate(total=Sum("amount"))["total"] or Decimal("0.00")
    answers: list[tuple[Any, Any]] = drawer_cash_asked.send(sender=Hub, hub=hub, since=since)
    received += sum(amount for _receiver, amount in answers)
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
    counted, float_left = to_cents(counted), to_cents(float_left)
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
def close_day(*, hub: Hub, seller: Seller, now: datetime) -> ClosedDay | None:
    """The hub's day before that of `now`, closed with what was written down since the last: None where nothing was."""
    lock(LockKind.SELLER, [seller.pk])
    day = now.astimezone(hub.zone).date() - timedelta(days=1)
    last = ClosedDay.objects.filter(hub=hub).first()
    payments = Payment.objects.filter(hub=hub, seller=seller)
    since = payments.filter(link__gt=last.link_id if last else 0)
    if (last and last.day >= day) or not since.exists():
        return None
    content = {
        **{means: _sum(since.filter(means=means), "amount") for means in Means.values},
        "total": _sum(since, "amount"),
        "total_ever": _sum(payments, "amount"),
        "payments": str(since.count()),
    }
    link = _append(seller, "day", hub=hub.pk, day=day, at=now, **content)
    return ClosedDay.objects.create(hub=hub, day=day, closed_at=now, content=content, link=link)


@transaction.atomic
def close_month(*, seller: Seller, month: date, by: int | None, now: datetime) -> ClosedMonth:
    """The month of which `month` is the first day, closed after all before it that are open, each with its totals.

    Raises ValidationError for one that is not over in the seller's hubs, or is closed already.
    """
    lock(LockKind.SELLER, [seller.pk])
    if months_before(month, -1) > today_of(seller, now):
        raise ValidationError(_("This month is not over."))
    months = months_to_close(seller, month)
    if not months:
        raise ValidationError(_("This month is closed already."))
    return [_close(seller, one, by, now) for one in months][-1]


def _close(seller: Seller, month: date, by: int | None, now: datetime) -> ClosedMonth:
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
