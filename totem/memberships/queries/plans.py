"""Reads of plans: what a hub offers on a day, in words."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from totem.billing.models import VatStatus
from totem.billing.queries import seller_of, vat_status
from totem.core import wording
from totem.core.money import vat_within
from totem.hubs.models import Hub
from totem.memberships.models import HOLDING, Agreement, AgreementTerms, MemberGroup, Plan, PlanPrice
from totem.memberships.queries.credits import quantity_words


@dataclass(frozen=True)
class PriceRow:
    """A price of a plan; `charges_vat` is False where its seller charges none, whatever the plan's rate."""

    price: PlanPrice
    vat_rate: Decimal
    charges_vat: bool

    @property
    def words(self) -> str:
        """« 180,00 € TTC (150,00 € HT) »."""
        gross = self.price.amount
        if not self.charges_vat or not self.vat_rate:
            return _("%(amount)s, without VAT") % {"amount": wording.money(gross)}
        amounts = {"gross": wording.money(gross), "net": wording.money(gross - vat_within(gross, self.vat_rate))}
        return _("%(gross)s with VAT (%(net)s without)") % amounts

    @property
    def label(self) -> str:
        """« Étudiant, pour un an »."""
        period = self.price.get_months_display()
        return period if self.price.group == MemberGroup.EVERYBODY else f"{self.price.get_group_display()}, {period}"


@dataclass(frozen=True)
class OfferedPlan:
    """A plan, its prices that hold on the day, what it includes in words, and how many agreements hold it."""

    plan: Plan
    prices: list[PriceRow]
    held: int

    @property
    def included(self) -> str:
        """« 10 h (heures de salle), 3 jours »; empty for nothing."""
        return ", ".join(
            f"{quantity_words(one.unit, one.quantity)} ({one.get_unit_display()})" for one in self.plan.benefits.all()
        )


def charges_vat(hub: Hub, day: date) -> bool:
    """Whether the hub's seller charges VAT on that day; without a seller or a status it is taken to."""
    seller = seller_of(hub)
    return seller is None or vat_status(seller, day) in {None, VatStatus.TAXABLE}


def plan_rows(hub: Hub, day: date) -> list[OfferedPlan]:
    """Every plan of the hub in its order; the number of queries is constant."""
    plans = Plan.objects.filter(hub=hub).prefetch_related("prices", "benefits")
    terms = AgreementTerms.objects.filter(agreement__hub=hub).filter(_since(day))
    held = Counter(plan for plan, _agreement in set(terms.values_list("plan", "agreement")))
    taxed = charges_vat(hub, day)
    return [
        OfferedPlan(
            plan, [PriceRow(one, plan.vat_rate, taxed) for one in plan.prices.all() if _holds(one, day)], held[plan.pk]
        )
        for plan in plans
    ]


def agreements_under(plan: Plan, day: date) -> int:
    """How many agreements hold the plan on that day or later."""
    return Agreement.objects.filter(terms__in=plan.terms.filter(_since(day))).distinct().count()


def _since(day: date) -> Q:
    """Terms, of agreements that hold their place, that last until that day or later."""
    ends = Q(ends_on=None) | Q(ends_on__gte=day)
    return ends & (Q(agreement__ends_on=None) | Q(agreement__ends_on__gte=day)) & Q(agreement__state__in=HOLDING)


def _holds(price: PlanPrice, day: date) -> bool:
    return price.starts_on <= day and (price.ends_on is None or price.ends_on >= day)
