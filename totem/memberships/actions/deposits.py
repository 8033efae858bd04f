"""Security deposits: received, given back, kept for an invoice; each a link of the chain of the hub's deposits.

A deposit is what the hub owes, never a sale: no invoice and no VAT. What is kept of it pays an invoice of its own.
"""

from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.actions.payments import record_payment
from totem.billing.models import IssuedDocument, Means
from totem.core import chain
from totem.core.edit_conflicts import version_token
from totem.core.money import to_cents
from totem.hubs.models import Hub
from totem.memberships.actions.agreements import locked, record
from totem.memberships.models import Agreement, DepositMovement, DepositReceiptPrint
from totem.memberships.queries.deposits import deposit_held

Kind = DepositMovement.Kind


def chain_of(hub: Hub) -> str:
    """The key of the chain that holds the deposits of a hub."""
    return f"deposits:{hub.pk}"


@transaction.atomic
def move_deposit(
    *,
    agreement: Agreement,
    kind: Kind,
    amount: Decimal,
    means: Means,
    moved_on: date,
    by: User,
    now: datetime,
    seen: str | None = None,
) -> DepositMovement:
    """What the customer gave as a deposit that day, or what was given back of it, in euros.

    Raises ValidationError for more than is held, and for a form that is sent twice.
    """
    if kind == Kind.KEPT:
        raise ValueError("What is kept pays an invoice.")
    return _move(_as_seen(agreement, seen), by, now, kind=kind, amount=amount, means=means, moved_on=moved_on)


@transaction.atomic
def keep_deposit(
    *,
    agreement: Agreement,
    amount: Decimal,
    document: IssuedDocument,
    by: User,
    now: datetime,
    seen: str | None = None,
) -> DepositMovement:
    """What is kept of it pays that invoice of the same customer, today: a damage is invoiced apart before.

    Raises ValidationError for more than is held, for a form that is sent twice, and as `record_payment`.
    """
    row = _as_seen(agreement, seen)
    if document.customer_id != row.customer_id or document.hub_id != row.hub_id:
        raise ValidationError({"document": _("This invoice is another customer’s.")})
    today = now.astimezone(row.hub.zone).date()
    _check(row, Kind.KEPT, amount, today, now)
    record_payment(
        document=document, amount=amount, means=Means.OTHER, received_on=today, by=by.pk, now=now,
        reference=_("security deposit"),
    )  # fmt: skip
    return _move(
        row, by, now, kind=Kind.KEPT, amount=amount, means=Means.OTHER, moved_on=today, reason=document.reference
    )


def _as_seen(agreement: Agreement, seen: str | None) -> Agreement:
    """The agreement, locked. A movement adds to the others: no form overwrites, so one that is stale is refused."""
    row = locked(agreement)
    if seen is not None and seen != version_token(row):
        raise ValidationError(
            _("The contract changed since you opened this page: see whether the deposit is written down already.")
        )
    return row


def _check(agreement: Agreement, kind: Kind, amount: Decimal, day: date, now: datetime) -> None:
    if to_cents(amount) <= 0:
        raise ValidationError({"amount": _("Not zero.")})
    if kind != Kind.RECEIVED and to_cents(amount) > deposit_held(agreement):
        raise ValidationError({"amount": _("It is more than what is held of this deposit.")})
    if day > now.astimezone(agreement.hub.zone).date():
        raise ValidationError({"moved_on": _("This day is still to come.")})


def _move(
    agreement: Agreement,
    by: User,
    now: datetime,
    *,
    kind: Kind,
    amount: Decimal,
    means: Means,
    moved_on: date,
    reason: str = "",
) -> DepositMovement:
    _check(agreement, kind, amount, moved_on, now)
    signed = to_cents(amount) if kind == Kind.RECEIVED else -to_cents(amount)
    facts = {"agreement": agreement.pk, "amount": signed, "means": means, "moved_on": moved_on, "reason": reason}
    link = chain.append(chain_of(agreement.hub), {"event": kind, "at": now, "by": by.pk, **facts})
    agreement.save(update_fields=["updated_at"])  # who has its pages open sees that it changed
    record(f"deposit_{kind}", agreement, by.pk, amount=str(signed), moved_on=str(moved_on))
    return DepositMovement.objects.create(
        agreement=agreement, kind=kind, amount=signed, means=means, moved_on=moved_on, recorded_at=now,
        recorded_by=by.pk, reason=reason, link=link,
    )  # fmt: skip


@transaction.atomic
def print_receipt(*, movement: DepositMovement, by: User, now: datetime) -> DepositReceiptPrint:
    """The print of a receipt, logged before it is shown; from the second on it is a duplicate (« duplicata »)."""
    hub = locked(movement.agreement).hub
    copy = movement.receipts.count() + 1
    facts = {"movement": movement.pk, "copy": copy, "at": now, "by": by.pk}
    link = chain.append(chain_of(hub), {"event": "receipt", **facts})
    return DepositReceiptPrint.objects.create(movement=movement, copy=copy, printed_at=now, printed_by=by.pk, link=link)
