"""Reads of plans: what a hub offers on a day, in words."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.billing.models import VatStatus
from totem.billing.queries import seller_of, vat_status
from totem.core import wording
from totem.core.money import vat_within
from totem.hubs.models import Hub
from totem.memberships.models import HOLDING, Agreement, AgreementTerms, MemberGroup, Plan, PlanPrice
from totem.memberships.queries.credits import quantity_words

PERIODS = {
    PlanPrice.Months.ONCE: PlanPrice.Months.ONCE.label,
    PlanPrice.Months.MONTH: gettext_lazy("by the month"),
    PlanPrice.Months.QUARTER: gettext_lazy("by the quarter"),
    PlanPrice.Months.YEAR: gettext_lazy("by the year"),
}


@dataclass(frozen=True)
class PriceRow:
    """A price of a plan; `charges_vat` is False where its seller charges none, whatever the plan's rate."""

    price: PlanPrice
    vat_rate: Decimal
    charges_vat: bool

    @property
    def words(self) -> str:
        """« 180,00 € TTC (150,00 € HT) »."""
        return amount_words(self.price.amount, self.vat_rate if self.charges_vat else Decimal(0))

    @property
    def choice(self) -> str:
        """« 180,00 € TTC (150,00 € HT), pour un mois » and for whom, to choose from."""
        parts = {"price": self.words, "for": self.label, "minimum": self.minimum}
        return (_("%(for)s: %(price)s, %(minimum)s") if self.minimum else _("%(for)s: %(price)s")) % parts

    @property
    def minimum(self) -> str:
        """« prix libre, 20,00 € au moins »; empty for a price that is not free."""
        if self.price.minimum is None:
            return ""
        return _("free price, %(amount)s at least") % {"amount": wording.money(self.price.minimum)}

    @property
    def label(self) -> str:
        """« Étudiant, par an »."""
        period = str(PERIODS[PlanPrice.Months(self.price.months)])
        return period if self.price.group == MemberGroup.EVERYBODY else f"{self.price.get_group_display()}, {period}"


def amount_words(gross: Decimal, vat_rate: Decimal) -> str:
    """« 180,00 € TTC (150,00 € HT) »; « 180,00 €, sans TVA » at a rate of 0; « gratuit » for 0 €."""
    if not gross:
        return _("free of charge")
    if not vat_rate:
        return _("%(amount)s, without VAT") % {"amount": wording.money(gross)}
    net = gross - vat_within(gross, vat_rate)
    return _("%(gross)s with VAT (%(net)s without)") % {"gross": wording.money(gross), "net": wording.money(net)}


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
