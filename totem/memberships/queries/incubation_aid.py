"""The aid of free or cheaper places of an incubator, and its total over three years (Regulation (EU) 2023/2831)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet

from totem.billing.models import Customer
from totem.core.money import to_cents, vat_within
from totem.core.periods import months_before
from totem.memberships.models import HOLDING, Agreement, Plan
from totem.memberships.periods import DAY, LAST_DAY, Days, TermsRow, Timeline, anchor_of, periods

CEILING = Decimal(300_000)
"""Euros over any period of three years, all de minimis aid of one undertaking (article 3, paragraph 2)."""


@dataclass
class _MarketTerms:
    """The market price of a plan, without VAT, while terms hold."""

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


def three_years_until(day: date) -> Days:
    """The three years that end with that day: what was given on the same day three years before counts no longer."""
    return Days(months_before(day, 36) + DAY, day)


def aid_by_month(agreement: Agreement, days: Days) -> list[MonthOfAid]:
    """What each month of these days gives, by the day; pauses and terms that are not of the incubator give nothing."""
    terms = [one for one in agreement.terms.all() if one.plan.is_incubation]
    market = [_MarketTerms(one.starts_on, one.ends_on, one.plan.market_value or Decimal(0)) for one in terms]
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


def places_of(customer: Customer) -> QuerySet[Agreement]:
    """The agreements of the incubator of who this customer is, in all hubs of the same operator."""
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
    rows = Agreement.objects.filter(state__in=HOLDING, customer__in=Customer.objects.filter(same, hubs))
    return rows.filter(terms__plan__is_incubation=True).distinct().prefetch_related("terms__plan", "pauses")


def running_total(customer: Customer, day: date) -> Decimal:
    """The aid of the three years that end with that day, in euros; aid that others gave is not known here."""
    days = three_years_until(day)
    return sum((month.aid for one in places_of(customer) for month in aid_by_month(one, days)), Decimal(0))


def is_beyond_ceiling(customer: Customer, plan: Plan, price: Decimal, day: date) -> bool:
    """Whether a place at that price by the month, VAT included, passes CEILING with its first month."""
    month = (plan.market_value or Decimal(0)) - (price - vat_within(to_cents(price), plan.vat_rate))
    return month > 0 and running_total(customer, day) + month > CEILING
