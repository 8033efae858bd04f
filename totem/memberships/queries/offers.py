"""What a hub offers to the public on a day: plans and passes with their prices, places and what they include."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from totem.hubs.models import Hub
from totem.memberships.models import OFFER_LASTS, AgreementTerms, CreditUnit, Plan, PlanBenefit, PlanKind, PlanPrice
from totem.memberships.periods import DAY, Due, Timeline, anchor_of
from totem.memberships.queries.agreements import places_held
from totem.memberships.queries.credits import quantity_words
from totem.memberships.queries.plans import PriceRow, charges_vat

OF_UNIT = {
    CreditUnit.ROOM: gettext_lazy("%(quantity)s of meeting room"),
    CreditUnit.MACHINE: gettext_lazy("%(quantity)s of machine"),
    CreditUnit.DAY: gettext_lazy("%(quantity)s at a desk"),
}


@dataclass(frozen=True)
class PlanOffer:
    """A plan that the public may ask for, its prices of the day, and its places.

    `free` are those that nobody holds and that are not offered to who waits (`waiting` of them); None for as many as
    ask.
    """

    plan: Plan
    prices: list[PriceRow]
    free: int | None
    waiting: int

    @property
    def is_full(self) -> bool:
        return self.free is not None and self.free <= 0

    @property
    def places(self) -> str:
        """« 3 places libres », « Complet, liste d’attente : 2 personnes »; empty where places are not counted."""
        if self.free is None:
            return ""
        if not self.is_full:
            return ngettext("%(count)s place free", "%(count)s places free", self.free) % {"count": self.free}
        text = ngettext(
            "Full, waiting list: %(count)s person", "Full, waiting list: %(count)s people", self.waiting
        )  # fmt: skip
        return text % {"count": self.waiting} if self.waiting else _("Full: there is a waiting list")

    def facts(self) -> Iterator[str]:
        """What it includes and what holds for it, a sentence each."""
        plan = self.plan
        for benefit in plan.benefits.all():
            yield benefit_words(benefit, by_month=plan.kind == PlanKind.AGREEMENT)
        if plan.space:
            yield _("A place of your own: %(space)s") % {"space": plan.space.name}
        if plan.is_domiciliation:
            yield _("The address of your company")
        if reserved := list(plan.reserved_to.all()):
            yield _("For who has one of these: %(plans)s") % {"plans": ", ".join(one.name for one in reserved)}
        if plan.kind == PlanKind.AGREEMENT:
            yield _("Left at any time with %(days)s days of notice") % {"days": plan.notice_days}
        elif plan.valid_days:
            yield _("Valid for %(days)s days") % {"days": plan.valid_days}


def benefit_words(benefit: PlanBenefit, *, by_month: bool) -> str:
    """« 10 h de salle de réunion par mois, le reste gardé un mois »."""
    quantity = quantity_words(benefit.unit, benefit.quantity)
    text = str(OF_UNIT.get(CreditUnit(benefit.unit), "%(quantity)s")) % {"quantity": quantity}
    if not by_month:
        return text
    if benefit.rolls_over:
        return _("%(what)s a month, what is left kept for the next") % {"what": text}
    return _("%(what)s a month") % {"what": text}


def offers(hub: Hub, now: datetime, **of_plans: Any) -> list[PlanOffer]:
    """What the hub offers today, in its order; a plan without a price today is not. A constant number of queries."""
    day = now.astimezone(hub.zone).date()
    plans = Plan.objects.filter(hub=hub, is_public=True, is_active=True, **of_plans).select_related("space", "hub")
    plans = plans.prefetch_related("prices", "benefits", "reserved_to").annotate(
        asked=Count("waiting", filter=Q(waiting__offered_at=None)),
        kept=Count("waiting", filter=Q(waiting__offered_at__gt=now - OFFER_LASTS)),
    )
    held, taxed = places_held(hub, day), charges_vat(hub, day)
    found = []
    for plan in plans:
        open_prices = [one for one in plan.prices.all() if one.starts_on <= day <= (one.ends_on or day)]
        if open_prices:
            prices = [PriceRow(one, plan.vat_rate, taxed) for one in open_prices]
            free = None if plan.capacity is None else max(0, plan.capacity - held.get(plan.pk, 0) - plan.kept)
            found.append(PlanOffer(plan, prices, free, plan.asked))
    return found


def has_offers(hub: Hub) -> bool:
    """Whether the hub shows a plan or a pass to the public."""
    return Plan.objects.filter(hub=hub, is_public=True, is_active=True).exists()


def first_dues(plan: Plan, price: PlanPrice, amount: Decimal, starts_on: date) -> list[Due]:
    """What an agreement that begins on that day owes first, and for the period after; nothing where it is free."""
    terms = AgreementTerms(
        months=price.months, amount=amount, vat_rate=plan.vat_rate, exemption=plan.exemption, starts_on=starts_on
    )
    line = Timeline(anchor_of(plan.cycle, starts_on), starts_on, None, [terms])
    first = line.due(starts_on)
    return line.due(first[-1].days.last + DAY) if first else []
