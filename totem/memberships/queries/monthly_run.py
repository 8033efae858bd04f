"""What the monthly run of a hub invoices: each customer's dues of the month, and what is odd about them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat
from django.utils import translation
from django.utils.translation import gettext as _

from totem.billing.models import Customer, DocumentKind, Draft, DraftLine, IssuedDocument, IssuedLine
from totem.billing.refusals import check_customer
from totem.core import wording
from totem.core.periods import months_before
from totem.hubs.models import Hub
from totem.memberships.models import Agreement, AgreementCharge, AgreementState
from totem.memberships.periods import Days, Due
from totem.memberships.queries.agreements import charged, timeline

USUAL_MONTHS = 3
"""What is usual for a customer is the median of so many months before."""
LONGEST_LABEL = 200


@dataclass(frozen=True)
class ChargeDue:
    """Days of an agreement that are to charge, with the charge that they adjust, or None."""

    agreement: Agreement
    due: Due
    adjusts: AgreementCharge | None
    number: int
    charged: AgreementCharge | None = None
    """The row of days that were charged, whose line was taken off the draft since: they are invoiced again."""

    def charge(self) -> AgreementCharge:
        """The row that says that it is charged; a new one has no time."""
        if self.charged is not None:
            return self.charged
        rate, exemption = self.due.vat
        return AgreementCharge(
            agreement=self.agreement,
            adjusts=self.adjusts,
            number=self.number,
            starts_on=self.due.days.first,
            ends_on=self.due.days.last,
            amount=self.due.amount,
            vat_rate=rate,
            exemption=exemption,
        )

    @property
    def label(self) -> str:
        """« Mois complet, du 16 au 30 septembre 2026 », in the active language."""
        held = [terms for terms in self.agreement.terms.all() if terms.starts_on <= self.due.days.last]
        plan = (held or list(self.agreement.terms.all()))[-1].plan.name
        first, last = wording.date_with_year(self.due.days.first), wording.date_with_year(self.due.days.last)
        text = _("%(plan)s, from %(first)s to %(last)s") % {"plan": plan, "first": first, "last": last}
        return (_("Difference: %(what)s") % {"what": text} if self.due.is_adjustment else text)[:LONGEST_LABEL]


def label_of(due: ChargeDue) -> str:
    """Its label as invoices have it."""
    with translation.override(settings.LANGUAGE_CODE):
        return due.label


def month_after(month: date) -> date:
    """The first day of the month after."""
    return months_before(month, -1)


def customers_of_month(hub: Hub, month: date) -> QuerySet[Customer]:
    """Those who may have something to be invoiced, in id order: an agreement, or an open draft of what was sold."""
    agreements = Agreement.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=months_before(month, 12)),
        customer=OuterRef("pk"),
        state=AgreementState.ACTIVE,
        starts_on__lt=month_after(month),
    )
    drafts = sold_drafts(hub, month).filter(customer=OuterRef("pk"))
    return Customer.objects.filter(Exists(agreements) | Exists(drafts), hub=hub).order_by("pk")


def sold_drafts(hub: Hub, month: date) -> QuerySet[Draft]:
    """Open drafts of invoices with something that another room sold before the month, and that the run issues."""
    lines = DraftLine.objects.filter(~later_lines(month), draft=OuterRef("pk")).exclude(source=None)
    return Draft.objects.filter(Exists(lines), hub=hub, kind=DocumentKind.INVOICE, about=None)


def later_lines(month: date) -> Q:
    """Lines of what takes place in the month or after it, paid when it was: a booking of the 20th waits for the next.

    An agreement is invoiced in advance.
    """
    return Q(source__isnull=False, starts_on__gte=month) & ~Q(source__startswith="agreement:")


def charges_due(customers: Iterable[Customer], month: date) -> dict[int, list[ChargeDue]]:
    """What is to charge of the agreements of these customers, by customer: all periods that begin before its end.

    Five statements, whatever their number.
    """
    agreements = (
        Agreement.objects.filter(customer__in=customers, state=AgreementState.ACTIVE)
        .prefetch_related("terms__plan", "pauses", "charges")
        .order_by("pk")
    )
    found: defaultdict[int, list[ChargeDue]] = defaultdict(list)
    for agreement in agreements:
        found[agreement.customer_id] += _due_of(agreement, month_after(month) - timedelta(1))
    taken_off = (
        charges_by_source()
        .filter(agreement__in=agreements)
        .exclude(Exists(DraftLine.objects.filter(source=OuterRef("named"))))
    )
    taken_off = taken_off.exclude(Exists(IssuedLine.objects.filter(source=OuterRef("named"))))
    by_id = {agreement.pk: agreement for agreement in agreements}
    for charge in taken_off.select_related("adjusts"):
        days, vat = Days(charge.starts_on, charge.ends_on), (charge.vat_rate, charge.exemption)
        due = Due(days, vat, charge.amount, is_adjustment=charge.adjusts_id is not None)
        agreement = by_id[charge.agreement_id]
        found[agreement.customer_id].append(ChargeDue(agreement, due, charge.adjusts, charge.number, charge))
    return dict(found)


def _text(name: str) -> Cast:
    return Cast(name, CharField())


_DAYS = Concat(Value("agreement:"), _text("agreement_id"), Value(":"), _text("starts_on"), output_field=CharField())
_NAMED = Case(When(number=0, then=_DAYS), default=Concat(_DAYS, Value(":"), _text("number")), output_field=CharField())


def charges_by_source() -> QuerySet[Any]:
    """All AgreementCharge, with the `source` of their line in `billing` as `named`."""
    return AgreementCharge.objects.annotate(named=_NAMED)


def _due_of(agreement: Agreement, through: date) -> list[ChargeDue]:
    base: dict[Days, AgreementCharge] = {}
    numbers: defaultdict[Days, int] = defaultdict(int)
    for charge in agreement.charges.all():
        days = Days(charge.starts_on, charge.ends_on)
        numbers[days] = max(numbers[days], charge.number)
        if charge.adjusts_id is None:
            base[days] = charge
    found = []
    for due in timeline(agreement).due(through, charged(agreement)):
        number = 0
        if due.is_adjustment:
            number = numbers[due.days] = numbers[due.days] + 1
        found.append(ChargeDue(agreement, due, base[due.days] if due.is_adjustment else None, number))
    return found


@dataclass(frozen=True)
class PreviewRow:
    """What the run would do for one customer: lines in euros with VAT, what is odd, and why it cannot be issued."""

    customer: Customer
    lines: Sequence[tuple[str, Decimal]]
    draft: Draft | None
    odd: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def total(self) -> Decimal:
        return sum((amount for _label, amount in self.lines), Decimal("0.00"))


def preview(hub: Hub, month: date) -> list[PreviewRow]:
    """Who the run would invoice for the month, by name; a dozen statements, whatever their number."""
    customers = list(customers_of_month(hub, month))
    due = charges_due(customers, month)
    drafts = sold_drafts(hub, month).filter(customer__in=customers).select_related("customer")
    drafts = drafts.prefetch_related("lines").order_by("pk")
    of_customer: defaultdict[int, list[Draft]] = defaultdict(list)
    for draft in drafts:
        of_customer[draft.customer_id].append(draft)
    usual = _usual(hub, month)
    rows = []
    for customer in customers:
        held = of_customer[customer.pk]
        lines = [(one.label, one.due.amount) for one in due.get(customer.pk, [])]
        lines += [
            (line.label, line.gross) for draft in held for line in draft.lines.all() if not _is_later(line, month)
        ]
        if lines:
            row = PreviewRow(customer, lines, next(iter(held), None), problem=_problem(customer, held))
            row.odd.extend(_odd(row, usual.get(customer.pk), month, due.get(customer.pk, [])))
            rows.append(row)
    return sorted(rows, key=lambda row: (row.customer.sort_key, row.customer.pk))


def _is_later(line: DraftLine, month: date) -> bool:
    """As `later_lines`."""
    is_agreement = (line.source or "").startswith("agreement:")
    return bool(line.source and line.starts_on and line.starts_on >= month and not is_agreement)


def _problem(customer: Customer, drafts: Sequence[Draft]) -> str:
    """Why no invoice can be issued, or ""."""
    try:
        check_customer(drafts[0] if drafts else Draft(customer=customer))
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _usual(hub: Hub, month: date) -> Mapping[int, Mapping[date, Decimal]]:
    """What each customer was invoiced in each of the months before, in euros with VAT."""
    rows = IssuedDocument.objects.filter(
        hub=hub, kind=DocumentKind.INVOICE, issued_on__gte=months_before(month, USUAL_MONTHS), issued_on__lt=month
    )
    found: defaultdict[int, defaultdict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for customer, day, gross in rows.values_list("customer", "issued_on", "gross"):
        found[customer][day.replace(day=1)] += gross
    return found


def _odd(row: PreviewRow, usual: Mapping[date, Decimal] | None, month: date, due: Sequence[ChargeDue]) -> list[str]:
    """What a person would look at before issuing, in sentences."""
    found = []
    before = months_before(month, 1)
    if any(one.agreement.starts_on < before for one in due) and before not in (usual or {}):
        found.append(_("Under an agreement, and not invoiced last month."))
    if usual and row.total > 2 * median(usual.values()):
        found.append(_("More than twice the usual (%(usual)s).") % {"usual": wording.money(median(usual.values()))})
    if row.total < 0:
        found.append(_("Less than zero: make a credit note."))
    if any(one.due.is_adjustment for one in due):
        found.append(_("With a difference for what was invoiced before."))
    return found
