"""Reads: what is due of documents, and the VAT status of sellers."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, DecimalField, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest, Least
from django.db.models.lookups import Exact, GreaterThan, LessThanOrEqual

from totem.accounts.models import User
from totem.billing.models import (
    ClosedMonth,
    Customer,
    Deduction,
    DocumentKind,
    Draft,
    IssuedDocument,
    Payment,
    Seller,
    Transmission,
    VatPeriod,
    VatStatus,
)
from totem.core.periods import months_before
from totem.hubs.models import Hub
from totem.organisations.models import Affiliation

_ZERO = Value(Decimal("0.00"), output_field=DecimalField(max_digits=12, decimal_places=2))
OWED = (DocumentKind.INVOICE, DocumentKind.DEPOSIT, DocumentKind.CORRECTED)
"""The kinds that a customer pays; a credit note or its reversal changes what is due of the invoice it is about."""


def seller_of(hub: Hub) -> Seller | None:
    """The legal entity that sells in the hub: its operator's; None until its manager has set it up."""
    return Seller.objects.filter(organisation_id=hub.operator_id).first()


def vat_period(seller: Seller, day: date) -> VatPeriod | None:
    """The seller's VAT status of that day, with its threshold; None before its first one."""
    return VatPeriod.objects.filter(seller=seller, starts_on__lte=day).order_by("-starts_on").first()


def vat_status(seller: Seller, day: date) -> VatStatus | None:
    """How the seller stands towards VAT on that day; None before its first period."""
    period = vat_period(seller, day)
    return VatStatus(period.status) if period else None


def paid_by(person: User, day: date) -> QuerySet[Customer]:
    """Whose invoices a person sees: their own, and those of the organisations that they represent on that day."""
    represented = Affiliation.objects.on(day).filter(person=person, role=Affiliation.Role.REPRESENTATIVE)
    return Customer.objects.filter(Q(person=person) | Q(organisation__in=represented.values("organisation")))


def _sum(rows: QuerySet[IssuedDocument] | QuerySet[Payment] | QuerySet[Deduction], group: str, amount: str) -> Coalesce:
    """The sum of `amount` over rows already filtered by OuterRef, 0 without any."""
    total = rows.order_by().values(group).annotate(total=Sum(amount)).values("total")
    return Coalesce(Subquery(total), _ZERO)


def with_balance(documents: QuerySet[IssuedDocument]) -> QuerySet[IssuedDocument]:
    """The documents with `paid`, `credited`, `deducted` and `balance` in euros; what does not bear one has 0.

    The balance of an invoice is its gross amount less the deposits that it or one it replaced deducts, the credit
    notes about it (without those that were neutralised) and what was paid for it, or for those it replaced; replaced,
    it is 0. What is credited beyond the rest of an invoice is credited of its deposits, the latest first: each can be
    given back as far as it was paid.
    """
    replaced = IssuedDocument.objects.filter(about=OuterRef("pk"), kind=DocumentKind.CORRECTED)
    # By name: mypy's plugin takes annotations that the model declares for a redefinition.
    added: dict[str, Any] = {
        "paid": _sum(Payment.objects.filter(document__chain=OuterRef("chain")), "document__chain", "amount"),
        "credited": _credited() + _credited_of_deposit(),
        "deducted": Least(_deducted(), Greatest(F("gross") - _credited(), _ZERO)),
        "is_replaced": Exists(replaced),
        "balance": Case(
            When(kind__in=OWED, is_replaced=False, then=F("gross") - F("deducted") - F("credited") - F("paid")),
            default=_ZERO,
        ),
    }
    return documents.annotate(**added)


def _credited() -> Any:
    """The credit notes about a document, less their reversals."""
    credit_notes = IssuedDocument.objects.filter(about=OuterRef("pk"), kind=DocumentKind.CREDIT_NOTE)
    reversals = IssuedDocument.objects.filter(about__about=OuterRef("pk"), kind=DocumentKind.REVERSAL)
    return _sum(credit_notes, "about", "gross") - _sum(reversals, "about__about", "gross")


def _deducted() -> Coalesce:
    """The deposits that a document, or one it replaced, deducts."""
    deductions = Deduction.objects.filter(invoice__chain=OuterRef("chain"))
    return _sum(deductions, "invoice__chain", "deposit__gross")


def _credited_of_deposit() -> Case:
    """Of a deposit invoice that was deducted, what is credited of it with the invoice that deducts it."""
    invoices = IssuedDocument.objects.filter(chain=OuterRef("invoice__chain"), kind__in=OWED)
    invoices = invoices.exclude(followed_by__kind=DocumentKind.CORRECTED)
    beyond = invoices.values(beyond=_credited() + _deducted() - F("gross"))[:1]
    later = Deduction.objects.filter(invoice__chain=OuterRef("invoice__chain"), deposit__gt=OuterRef("deposit"))
    rows = Deduction.objects.filter(deposit__chain=OuterRef("chain")).annotate(
        left=Subquery(beyond) - _sum(later, "invoice__chain", "deposit__gross")
    )
    amount = rows.values(amount=Greatest(Least(F("deposit__gross"), F("left")), _ZERO))[:1]
    return Case(
        When(kind__in=[DocumentKind.DEPOSIT, DocumentKind.CORRECTED], then=Coalesce(Subquery(amount), _ZERO)),
        default=_ZERO,
    )


def overdue(documents: QuerySet[IssuedDocument], day: date) -> QuerySet[IssuedDocument]:
    """Those of which something is still due after their day, oldest first."""
    return with_balance(documents).filter(GreaterThan(F("balance"), 0), due_on__lt=day).order_by("due_on", "pk")


def paid_in_full(documents: QuerySet[IssuedDocument]) -> QuerySet[IssuedDocument]:
    """Those for which something was received, and of which nothing is left to pay."""
    return with_balance(documents).filter(
        GreaterThan(F("paid"), 0), LessThanOrEqual(F("balance"), 0), Exact(F("is_replaced"), False)
    )


def turned_down(documents: QuerySet[IssuedDocument]) -> QuerySet[IssuedDocument]:
    """Those of which the platform said last that it rejected them or that the customer refused them."""
    said = Transmission.objects.filter(document=OuterRef("pk"), status__in=Transmission.FROM_PLATFORM)
    last = Subquery(said.order_by("-at", "-pk").values("status")[:1])
    ever = Transmission.objects.filter(status__in=Transmission.TURNED_DOWN)  # few: the rest is not looked at
    return documents.filter(pk__in=ever.values("document")).alias(last=last).filter(last__in=Transmission.TURNED_DOWN)


def to_redo(hub: Hub) -> QuerySet[IssuedDocument]:
    """What was turned down of the hub's documents and no other one has replaced, credited or cancelled yet."""
    return turned_down(IssuedDocument.objects.filter(hub=hub, followed_by=None))


def documents_of(hub: Hub, shown: str, search: str, day: date) -> QuerySet[IssuedDocument]:
    """What the hub issued, latest first.

    "emis": all; "devis": quotes; "a-payer": what is due; "en-retard": overdue; "a-reprendre": `to_redo`.
    """
    rows = to_redo(hub) if shown == "a-reprendre" else IssuedDocument.objects.filter(hub=hub)
    rows = rows.select_related("customer")
    if search:
        rows = rows.filter(Q(reference__icontains=search) | Q(customer__name__icontains=search))
    if shown == "en-retard":
        return overdue(rows, day)
    rows = rows.filter(kind=DocumentKind.QUOTE) if shown == "devis" else rows
    balanced = with_balance(rows)
    return balanced.exclude(Exact(F("balance"), 0)) if shown == "a-payer" else balanced


def drafts_of(hub: Hub) -> QuerySet[Draft]:
    """The hub's drafts with their customers and lines, latest first."""
    return Draft.objects.filter(hub=hub).select_related("customer").prefetch_related("lines")


def counts(hub: Hub, day: date) -> dict[str, int]:
    """How many drafts the hub has, documents to be paid, overdue ones, and those to redo."""
    rows = IssuedDocument.objects.filter(hub=hub)
    return {
        "drafts": Draft.objects.filter(hub=hub).count(),
        "due": with_balance(rows).exclude(Exact(F("balance"), 0)).count(),
        "overdue": overdue(rows, day).count(),
        "to_redo": to_redo(hub).count(),
    }


def customers(hub: Hub, search: str) -> QuerySet[Customer]:
    """The hub's customers by name, those whose name, SIREN or SIRET holds the text."""
    rows = Customer.objects.filter(hub=hub)
    return rows.filter(Q(name__icontains=search) | Q(siret__startswith=search) | Q(siren=search)) if search else rows


def due_by_customer(pks: Sequence[int]) -> dict[int, Decimal]:
    """What is due of each of these customers in all, in euros, where it is not nothing."""
    found: defaultdict[int, Decimal] = defaultdict(Decimal)
    for document in with_balance(IssuedDocument.objects.filter(customer__in=pks, kind__in=OWED)):
        found[document.customer_id] += document.balance
    return {pk: due for pk, due in found.items() if due}


def deductible(documents: QuerySet[IssuedDocument]) -> QuerySet[IssuedDocument]:
    """Those that are deposit invoices, or what corrected one, and that nothing replaces or credits."""
    began = IssuedDocument.objects.filter(chain=OuterRef("chain"), kind=DocumentKind.DEPOSIT)
    is_deposit = Q(kind=DocumentKind.DEPOSIT) | Q(Exists(began), kind=DocumentKind.CORRECTED)
    return documents.filter(is_deposit, followed_by=None)


def deposits_to_deduct(customer: Customer) -> QuerySet[IssuedDocument]:
    """The customer's deposit invoices that no invoice has deducted, and that nothing cites."""
    return deductible(IssuedDocument.objects.filter(customer=customer, deducted_in=None)).order_by("pk")


def deposits_of(draft: Draft) -> QuerySet[IssuedDocument]:
    """The deposits that the draft deducts; a corrected invoice takes over those of the one that it replaces."""
    if draft.about and draft.kind == DocumentKind.CORRECTED:
        return IssuedDocument.objects.filter(deducted_in__invoice__chain=draft.about.chain).order_by("pk")
    return draft.deposits.order_by("pk")


def payments_of(document: IssuedDocument) -> QuerySet[Payment]:
    """What was paid for it, and for the invoices that it replaced."""
    return (
        Payment.objects.filter(document__chain=document.chain).select_related("document", "cancelled_by").order_by("pk")
    )


def what_may_follow(document: IssuedDocument) -> list[DocumentKind]:
    """The kinds of documents that may cite it; `document` comes from `with_balance`."""
    if document.kind == DocumentKind.QUOTE:
        return [DocumentKind.INVOICE, DocumentKind.DEPOSIT]
    if document.kind == DocumentKind.CREDIT_NOTE:
        return [DocumentKind.REVERSAL]
    if document.kind not in OWED or document.is_replaced or Deduction.objects.filter(deposit=document).exists():
        return []
    credit = [DocumentKind.CREDIT_NOTE] if document.credited < document.gross else []
    return [*credit, *([] if document.credited else [DocumentKind.CORRECTED])]


# -- Months -----------------------------------------------------------------------------------------------------------


def today_of(seller: Seller, now: datetime) -> date:
    """The day of the seller's hubs; of hubs in several time zones the earliest, so that what is over is so in all."""
    zones = {hub.zone for hub in Hub.objects.filter(operator=seller.organisation_id)}
    return min((now.astimezone(zone).date() for zone in zones), default=now.date())


def months_to_close(seller: Seller, until: date) -> list[date]:
    """The first days of the months that closing that of `until` closes, in order: all since the last closed one.

    Without one, since the month of the first document or payment.
    """
    last = ClosedMonth.objects.filter(seller=seller).aggregate(last=Max("month"))["last"]
    if last is None:
        issued = IssuedDocument.objects.filter(seller=seller).aggregate(first=Min("issued_on"))["first"]
        received = Payment.objects.filter(seller=seller).aggregate(first=Min("received_on"))["first"]
        last = months_before(min(filter(None, [issued, received, until])).replace(day=1), 1)
    count = (until.year - last.year) * 12 + until.month - last.month
    return [months_before(last, -number) for number in range(1, count + 1)]
