"""The aid of free or cheaper places of an incubator, and its total over three years (Regulation (EU) 2023/2831).

Aid is counted by the day at the market value that the terms keep. As notice is given for a month at most, nobody has a
right to more than the month that runs: each month of an agreement is aid of its own, granted on its first day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet

from totem.accounts.models import User
from totem.billing.models import Customer
from totem.core.money import to_cents, vat_within
from totem.core.periods import months_before
from totem.hubs.models import Hub
from totem.memberships.models import (
    HOLDING,
    Agreement,
    AgreementState,
    AgreementTerms,
    AidAttestation,
    AidDecision,
    AidDeclaration,
    Plan,
)
from totem.memberships.periods import DAY, LAST_DAY, Days, TermsRow, Timeline, anchor_of, periods
from totem.organisations.models import Affiliation

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


def month_end(day: date) -> date:
    """The last day of its month: what was granted on the first is of all of them."""
    return months_before(day.replace(day=1), -1) - DAY


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


@dataclass(frozen=True)
class AidStanding:
    """What is known of the aid of an undertaking: its latest declaration, its agreements in hubs of one operator."""

    declaration: AidDeclaration | None
    places: list[Agreement]

    def total(self, day: date, *, besides: Agreement | None = None) -> AidTotal:
        """The aid granted in the three years that end with that day, its whole month included.

        Without that of the agreement `besides`.
        """
        days = three_years_until(day)
        granted = Days(days.first, month_end(day))
        places = [one for one in self.places if one != besides]
        given = sum((month.aid for one in places for month in aid_by_month(one, granted)), Decimal(0))
        others = self.declaration.aid.all() if self.declaration else []
        return AidTotal(
            given, sum((one.amount for one in others if days.first <= one.granted_on <= days.last), Decimal(0))
        )


def standing_of(customer: Customer) -> AidStanding:
    """What is known of the aid of this customer's undertaking."""
    return standings(customer.hub, [customer])[customer.pk]


def standings(hub: Hub, customers: Sequence[Customer]) -> dict[int, AidStanding]:
    """The same for these customers of the hub, by their ids.

    An undertaking is all customers of the operator's hubs with the same organisation, SIREN or person; a single
    undertaking is those with a SIREN that its latest declaration names, too.
    """
    operated = Q(hub__operator=hub.operator_id)
    whose = Q(pk__in=[one.pk for one in customers])
    for name in SAME:
        whose |= Q(**{f"{name}__in": {getattr(one, name) for one in customers} - {None, ""}})
    same = list(Customer.objects.filter(whose, operated))
    declared = list(AidDeclaration.objects.filter(customer__in=same).prefetch_related("aid"))  # the latest first
    linked = {siren for one in declared for siren in one.linked}
    everybody = same + list(
        Customer.objects.filter(operated, siren__in=linked).exclude(pk__in=[one.pk for one in same])
    )
    places = Agreement.objects.filter(state__in=HOLDING, customer__in=everybody, terms__market_value__isnull=False)
    agreements = list(places.distinct().select_related("customer", "hub").prefetch_related("terms__plan", "pauses"))
    found = {}
    for customer in customers:
        members = {one.pk for one in same if one == customer or _is_same(one, customer)}
        declaration = next((one for one in declared if one.customer_id in members), None)
        members |= {one.pk for one in everybody if declaration and one.siren in declaration.linked}
        found[customer.pk] = AidStanding(declaration, [one for one in agreements if one.customer_id in members])
    return found


SAME = ("organisation_id", "siren", "person_id")


def _is_same(one: Customer, other: Customer) -> bool:
    return any(getattr(one, name) and getattr(one, name) == getattr(other, name) for name in SAME)


def decided(customer: Customer, plan: Plan, kind: AidDecision.Kind) -> AidDecision | None:
    """The latest decision of that kind about a place of the plan for the customer."""
    return AidDecision.objects.filter(customer=customer, plan=plan, kind=kind).first()


def beneficiaries(hub: Hub) -> QuerySet[Customer]:
    """The customers of the hub that have, had or declared aid, by name."""
    given = Agreement.objects.filter(customer=OuterRef("pk"), state__in=HOLDING, terms__market_value__isnull=False)
    declared = AidDeclaration.objects.filter(customer=OuterRef("pk"))
    return Customer.objects.filter(Exists(given) | Exists(declared), hub=hub).select_related("hub")


def aid_in_hub(customer: Customer, days: Days) -> list[MonthOfAid]:
    """The months of aid of the signed agreements of this customer of the hub, in order."""
    rows = Agreement.objects.filter(customer=customer, state=AgreementState.ACTIVE, terms__market_value__isnull=False)
    rows = rows.distinct().prefetch_related("terms__plan", "pauses")
    return sorted((month for one in rows for month in aid_by_month(one, days)), key=lambda month: month.days)


def attestations_of(person: User, day: date) -> QuerySet[AidAttestation]:
    """The attestations of a person and of the organisations that they act for on that day, the latest first."""
    acts = Affiliation.objects.on(day).filter(person=person, can_book=True)
    own = Q(customer__person=person) | Q(customer__organisation__in=acts.values("organisation"))
    return AidAttestation.objects.filter(own).select_related("hub", "customer")
