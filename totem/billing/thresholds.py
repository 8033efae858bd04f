"""The turnover of a seller in a calendar year beside the threshold of its VAT status, with warnings at 80 and 100 %.

Source: CGI art. 293 B (services: 37,500 euros, sales 85,000; with the tolerance 41,250 and 93,500, a tenth more) and
261, 7-1° b (80,011 euros for 2025), both without VAT. The second is indexed every year; a seller can give its own. It
counts what lucrative activities were paid, and once passed VAT is due from the first day of the next month (answer to
question 36791, Assemblée nationale, JO of 20 March 2000).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from totem.billing.models import Deduction, DocumentKind, IssuedDocument, Seller, VatPeriod, VatStatus
from totem.billing.wording import OUTSIDE_SCOPE

BASE = {VatStatus.FRANCHISE: Decimal(37_500), VatStatus.NONPROFIT: Decimal(80_011)}
TOLERANCE = {VatStatus.FRANCHISE: Decimal("1.1")}
"""Of the threshold."""
NEAR = Decimal("0.8")
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Turnover:
    """What was invoiced since 1 January less credit notes, in euros, beside the threshold and its tolerance."""

    year: int
    amount: Decimal
    status: VatStatus
    threshold: Decimal
    tolerance: Decimal | None

    @property
    def counts_what_is_paid(self) -> bool:
        """Whether the law counts what was paid, and of lucrative activities alone: `amount` is then an indication."""
        return self.status == VatStatus.NONPROFIT

    @property
    def warning(self) -> str:
        """What the year means for the exemption: from 80 % of the threshold on, at 100 %, over the tolerance."""
        if self.tolerance is not None and self.amount > self.tolerance:
            return _("The tolerance is passed: VAT is due from that day on")
        if self.amount > self.threshold and self.counts_what_is_paid:
            return _("The threshold is passed: VAT is due from the first day of the next month")
        if self.amount > self.threshold:
            return _("The threshold is passed: the exemption ends on 1 January")
        if self.amount == self.threshold:
            return _("The threshold is reached: one euro more ends the exemption")
        return _("80 percent of the threshold is reached") if self.amount >= NEAR * self.threshold else ""


def turnover(seller: Seller, period: VatPeriod | None, day: date) -> Turnover | None:
    """Where the year of that day stands in the seller's VAT period; None where it charges VAT, or has no status."""
    if period is None or period.status not in BASE:
        return None
    status = VatStatus(period.status)
    counted = IssuedDocument.objects.filter(seller=seller, issued_on__range=(date(day.year, 1, 1), day))
    counted = (
        counted.exclude(lines__exemption=OUTSIDE_SCOPE)
        .exclude(kind=DocumentKind.QUOTE)
        .exclude(followed_by__kind=DocumentKind.CORRECTED)
    )
    credited = Q(kind=DocumentKind.CREDIT_NOTE)
    sums = counted.aggregate(invoiced=Sum("net", filter=~credited), credited=Sum("net", filter=credited))
    invoices = counted.values("chain")
    deducted = Deduction.objects.filter(invoice__chain__in=invoices).aggregate(sum=Sum("deposit__net"))["sum"]
    amount = (sums["invoiced"] or ZERO) - (sums["credited"] or ZERO) - (deducted or ZERO)
    threshold = period.threshold or BASE[status]
    tolerance = TOLERANCE[status] * threshold if status in TOLERANCE else None
    return Turnover(day.year, amount, status, threshold, tolerance)
