"""The legal entity that sells in a hub, its VAT status and the wording of its invoices, each from a day on."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.models import IssuedDocument, Seller, VatPeriod, VatStatus, Wording
from totem.billing.queries import seller_of
from totem.core import journal
from totem.core.edit_conflicts import check_version
from totem.core.models import assign_changes
from totem.hubs.models import Hub


@transaction.atomic
def save_seller(*, hub: Hub, by: User, seen: str, **fields: Any) -> Seller:
    """The legal entity of the hub's operator, set up or changed; what is issued keeps what it said.

    Raises EditConflict where somebody saved it since, ValidationError.
    """
    known = seller_of(hub)
    row = Seller.objects.select_for_update().get(pk=known.pk) if known else Seller(organisation_id=hub.operator_id)
    check_version(row, seen)
    changed = assign_changes(row, fields)
    row.full_clean(exclude=["organisation"])
    row.save()
    if changed:
        journal.record("billing.seller_saved", row, actor_id=by.pk, scope=hub, facts={"fields": changed})
    return row


@transaction.atomic
def start_vat_status(
    *, hub: Hub, seller: Seller, by: User, starts_on: date, status: VatStatus, threshold: Decimal | None = None
) -> VatPeriod:
    """The VAT status from that day on. Raises ValidationError where invoices of that day or later are issued."""
    _not_invoiced(seller, starts_on)
    period = VatPeriod(seller=seller, starts_on=starts_on, status=status, threshold=threshold)
    period.full_clean()
    period.save()
    facts = {"status": status, "starts_on": str(starts_on)}
    journal.record("billing.vat_status", seller, actor_id=by.pk, scope=hub, facts=facts)
    return period


@transaction.atomic
def remove_vat_status(*, hub: Hub, period: VatPeriod, by: User) -> None:
    """Take out a VAT status. Raises ValidationError where invoices of its day or later are issued."""
    _not_invoiced(period.seller, period.starts_on)
    facts = {"removed": period.status, "starts_on": str(period.starts_on)}
    journal.record("billing.vat_status", period.seller, actor_id=by.pk, scope=hub, facts=facts)
    period.delete()


@transaction.atomic
def start_wording(*, hub: Hub, seller: Seller, by: User, code: str, starts_on: date, text: str) -> Wording:
    """The seller's own text of that code from that day on. Raises ValidationError."""
    _not_invoiced(seller, starts_on)
    wording = Wording(seller=seller, code=code, starts_on=starts_on, text=text)
    wording.full_clean()
    wording.save()
    facts = {"code": code, "starts_on": str(starts_on)}
    journal.record("billing.wording", seller, actor_id=by.pk, scope=hub, facts=facts)
    return wording


def _not_invoiced(seller: Seller, day: date) -> None:
    last = IssuedDocument.objects.filter(seller=seller, issued_on__gte=day).order_by("-issued_on").first()
    if last is not None:
        message = _("%(document)s was issued since: what it says was true that day. Take a later day.")
        raise ValidationError({"starts_on": message % {"document": last.reference}})
