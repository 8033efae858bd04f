"""The turnover of a seller in a calendar year beside the threshold of its VAT status, with warnings at 80 and 100 %.

Source: CGI art. 293 B (services: 37,500 euros, 41,250 with the tolerance) and 261, 7-1° b (80,011 euros for 2025). The
second is indexed every year; a seller can give its own.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum

from totem.billing.models import DocumentKind, IssuedDocument, Seller, VatPeriod, VatStatus

BASE = {VatStatus.FRANCHISE: Decimal(37_500), VatStatus.NONPROFIT: Decimal(80_011)}
TOLERANCE = {VatStatus.FRANCHISE: Decimal(41_250)}
NEAR = Decimal("0.8")


@dataclass(frozen=True)
class Turnover:
    """What was invoiced since 1 January less credit notes, in euros, beside the threshold and its tolerance."""

    year: int
    amount: Decimal
    status: VatStatus
    threshold: Decimal
    tolerance: Decimal | None

    @property
    def is_near(self) -> bool:
        return self.amount >= NEAR * self.threshold

    @property
    def is_over(self) -> bool:
        """Over the threshold: the exemption ends on the next 1 January."""
        return self.amount > self.threshold

    @property
    def is_over_tolerance(self) -> bool:
        """Over the tolerance: the exemption ended that day."""
        return self.tolerance is not None and self.amount > self.tolerance


def turnover(seller: Seller, day: date) -> Turnover | None:
    """Where the year of that day stands; None where the seller charges VAT, or has no status."""
    period = VatPeriod.objects.filter(seller=seller, starts_on__lte=day).order_by("-starts_on").first()
    if period is None or period.status not in BASE:
        return None
    status = VatStatus(period.status)
    counted = IssuedDocument.objects.filter(seller=seller, issued_on__range=(date(day.year, 1, 1), day))
    replaced = Q(followed_by__kind=DocumentKind.CORRECTED)
    sums = counted.exclude(replaced).aggregate(
        invoiced=Sum("net", filter=~Q(kind__in=[DocumentKind.QUOTE, DocumentKind.CREDIT_NOTE])),
        credited=Sum("net", filter=Q(kind=DocumentKind.CREDIT_NOTE)),
        deducted=Sum("deductions__deposit__net"),
    )
    zero = Decimal("0.00")
    amount: Decimal = (sums["invoiced"] or zero) - (sums["credited"] or zero) - (sums["deducted"] or zero)
    return Turnover(day.year, amount, status, period.threshold or BASE[status], TOLERANCE.get(status))
