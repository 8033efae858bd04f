"""The aid of free or cheaper places of an incubator, and its total over three years (Regulation (EU) 2023/2831).

Aid is counted by the day at the market value that the terms keep. As notice is given for a month at most, nobody has a
right to more than the month that runs: each month of an agreement is aid of its own, granted on its first day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from totem.billing.models import Customer
from totem.core.money import to_cents, vat_within
from totem.core.periods import months_before
from totem.memberships.models import HOLDING, Agreement, AgreementTerms, AidDecision, AidDeclaration, DeclaredAid, Plan
from totem.memberships.periods import DAY, LAST_DAY, Days, TermsRow, Timeline, anchor_of, periods

CEILING = Decimal(300_000)
"""Euros over any period of three years, all de minimis aid of one undertaking (article 3, paragraph 2)."""
WARNED_FROM = CEILING * 80 / 100


@dataclass
class _MarketTerms:
    """The market price, without VAT, while terms hold."""

    starts_on: date
    ends_on: date | None
    amount: Decimal
    months: int = 1
    vat_rate: Decimal = Decimal(0)
    exemption: str = ""


@dataclass(frozen=True)
class MonthOfAid:
    """Days of one calendar month: the market value and what the agreement costs for them, in euros without VAT."""

    days: Days
    value: Decimal
    price: Decimal

    @property
    def aid(self) -> Decimal:
        return max(self.value - self.price, Decimal(0))


@dataclass(frozen=True)
class AidTotal:
    """The aid of three years, in euros: of places of the hubs of one operator, and declared of others."""

    places: Decimal
    declared: Decimal

    @property
    def total(self) -> Decimal:
        return self.places + self.declared

    @property
    def is_near_ceiling(self) -> bool:
        return self.total >= WARNED_FROM

    @property
    def is_beyond_ceiling(self) -> bool:
        return self.total > CEILING


def three_years_until(day: date) -> Days:
    """The three years that end with that day: what was given on the same day three years before counts no longer."""
    return Days(months_before(day, 36) + DAY, day)


def aid_by_month(agreement: Agreement, days: Days) -> list[MonthOfAid]:
    """What each month of these days gives, by the day; pauses and terms that are no de minimis aid give nothing."""
    terms = [one for one in agreement.terms.all() if one.market_value is not None and not one.other_regime]
    market = [_MarketTerms(one.starts_on, one.ends_on, one.market_value or Decimal(0)) for one in terms]
    held = days.within(Days(agreement.starts_on, agreement.ends_on or LAST_DAY))
    if not terms or held is None:
        return []
    own, found = anchor_of(agreement.cycle, agreement.starts_on), []
    for month in periods(held.first.replace(day=1), held):
        if part := month.within(held):
            value, price = _due(agreement, month.first, part, market), _due(agreement, own, part, terms)
            found.append(MonthOfAid(part, value, price))
    return [one for one in found if one.value]


def _due(agreement: Agreement, anchor: date, days: Days, terms: Sequence[TermsRow]) -> Decimal:
    """What these terms ask for those days, without VAT."""
    line = Timeline(anchor, days.first, days.last, terms, list(agreement.pauses.all()))
    return sum((one.amount - vat_within(one.amount, one.vat[0]) for one in line.due(days.last)), Decimal(0))


def month_of_terms(terms: AgreementTerms) -> Decimal:
    """The aid of one whole month under these terms, in euros; nothing where they are no de minimis aid."""
    if terms.market_value is None or terms.other_regime:
        return Decimal(0)
    price: Decimal = terms.amount / terms.months
    aid: Decimal = terms.market_value - price + vat_within(to_cents(price), terms.vat_rate)
    return max(aid, Decimal(0))


def undertaking_of(customer: Customer) -> QuerySet[Customer]:
    """The customers of all hubs of the same operator who are this undertaking, without the companies linked to it."""
    same = Q(pk=customer.pk)
    if customer.organisation_id:
        same |= Q(organisation=customer.organisation_id)
    if customer.siren:
        same |= Q(siren=customer.siren)
    if customer.person_id:
        same |= Q(person=customer.person_id)
    hubs = Q(hub=customer.hub_id)
    if customer.hub.operator_id:
        hubs |= Q(hub__operator=customer.hub.operator_id)
    return Customer.objects.filter(same, hubs)


def latest_declaration(customer: Customer) -> AidDeclaration | None:
    """What the undertaking declared last, in whichever hub of the operator."""
    return AidDeclaration.objects.filter(customer__in=undertaking_of(customer)).prefetch_related("aid").first()


def places_of(customer: Customer, declaration: AidDeclaration | None) -> QuerySet[Agreement]:
    """The agreements with aid of the single undertaking of this customer, in all hubs of the same operator."""
    customers = undertaking_of(customer)
    if declaration and declaration.linked:
        of_operator = Q(hub__operator=customer.hub.operator_id) if customer.hub.operator_id else Q(hub=customer.hub_id)
        customers |= Customer.objects.filter(of_operator, siren__in=declaration.linked)
    rows = Agreement.objects.filter(state__in=HOLDING, customer__in=customers)
    return rows.filter(terms__market_value__isnull=False).distinct().prefetch_related("terms__plan", "pauses")


def total_of(customer: Customer, day: date, *, besides: Agreement | None = None) -> AidTotal:
    """The aid of the three years that end with that day, without that of the agreement `besides`."""
    days, declaration = three_years_until(day), latest_declaration(customer)
    places = [one for one in places_of(customer, declaration) if one != besides]
    given = sum((month.aid for one in places for month in aid_by_month(one, days)), Decimal(0))
    declared = DeclaredAid.objects.filter(declaration=declaration, granted_on__range=(days.first, days.last))
    return AidTotal(given, declared.aggregate(total=Sum("amount"))["total"] or Decimal(0))


def decided(customer: Customer, plan: Plan, kind: AidDecision.Kind) -> AidDecision | None:
    """The latest decision of that kind about a place of the plan for the customer."""
    return AidDecision.objects.filter(customer=customer, plan=plan, kind=kind).first()
