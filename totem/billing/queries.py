"""Reads: what is due of documents, and the VAT status of sellers."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, DecimalField, Exists, F, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan

from totem.billing.models import Deduction, DocumentKind, IssuedDocument, Payment, Seller, VatPeriod, VatStatus
from totem.hubs.models import Hub

_ZERO = Value(Decimal("0.00"), output_field=DecimalField(max_digits=12, decimal_places=2))
OWED = (DocumentKind.INVOICE, DocumentKind.DEPOSIT, DocumentKind.CORRECTED)
"""The kinds that a customer pays; a credit note or its reversal changes what is due of the invoice it is about."""


def seller_of(hub: Hub) -> Seller | None:
    """The legal entity that sells in the hub: its operator's; None until its manager has set it up."""
    return Seller.objects.filter(organisation_id=hub.operator_id).first()


def vat_status(seller: Seller, day: date) -> VatStatus | None:
    """How the seller stands towards VAT on that day; None before its first period."""
    period = VatPeriod.objects.filter(seller=seller, starts_on__lte=day).order_by("-starts_on").first()
    return VatStatus(period.status) if period else None


def _sum(rows: QuerySet[IssuedDocument] | QuerySet[Payment] | QuerySet[Deduction], group: str, amount: str) -> Coalesce:
    """The sum of `amount` over rows already filtered by OuterRef, 0 without any."""
    total = rows.order_by().values(group).annotate(total=Sum(amount)).values("total")
    return Coalesce(Subquery(total), _ZERO)


def with_balance(documents: QuerySet[IssuedDocument]) -> QuerySet[IssuedDocument]:
    """The documents with `paid`, `credited`, `deducted` and `balance` in euros; what does not bear one has 0.

    The balance of an invoice is its gross amount less the deposits it deducts, the credit notes about it (without
    those that were neutralised) and what was paid for it, or for those it replaced; replaced, it is 0.
    """
    credit_notes = IssuedDocument.objects.filter(about=OuterRef("pk"), kind=DocumentKind.CREDIT_NOTE)
    reversals = IssuedDocument.objects.filter(about__about=OuterRef("pk"), kind=DocumentKind.REVERSAL)
    replaced = IssuedDocument.objects.filter(about=OuterRef("pk"), kind=DocumentKind.CORRECTED)
    # By name: mypy's plugin takes annotations that the model declares for a redefinition.
    added: dict[str, Any] = {
        "paid": _sum(Payment.objects.filter(document__chain=OuterRef("chain")), "document__chain", "amount"),
        "credited": _sum(credit_notes, "about", "gross") - _sum(reversals, "about__about", "gross"),
        "deducted": _sum(Deduction.objects.filter(invoice=OuterRef("pk")), "invoice", "deposit__gross"),
        "is_replaced": Exists(replaced),
        "balance": Case(
            When(kind__in=OWED, is_replaced=False, then=F("gross") - F("deducted") - F("credited") - F("paid")),
            default=_ZERO,
        ),
    }
    return documents.annotate(**added)


def overdue(documents: QuerySet[IssuedDocument], day: date) -> QuerySet[IssuedDocument]:
    """Those of which something is still due after their day, oldest first."""
    return with_balance(documents).filter(GreaterThan(F("balance"), 0), due_on__lt=day).order_by("due_on", "pk")
