"""What a hub offers: its plans, what they include, and their dated prices."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import journal
from totem.core.edit_conflicts import check_version
from totem.core.locks import LockKind, lock
from totem.memberships.actions.agreements import offer_places
from totem.memberships.models import Plan, PlanBenefit, PlanKind, PlanPrice
from totem.memberships.periods import DAY


@dataclass(frozen=True)
class Included:
    """How much of a unit a plan includes, in grains, and whether what is left is kept for the next month."""

    quantity: int
    rolls_over: bool = False


@transaction.atomic
def save_plan(
    *,
    plan: Plan,
    included: Mapping[str, Included],
    reserved_to: Collection[Plan],
    by: User,
    now: datetime,
    seen: str = "",
    **values: Any,
) -> Plan:
    """Save a plan, new or known, with what it includes by unit; its agreements keep their terms.

    One that comes with desks and says no number of places has as many as there are desks. More places are offered to
    who waits. Raises EditConflict, ValidationError.
    """
    lock(LockKind.HUB, [plan.hub_id])
    row = Plan.objects.select_for_update().get(pk=plan.pk) if plan.pk else Plan(hub=plan.hub, kind=plan.kind)
    check_version(row, seen)
    for name, value in values.items():
        setattr(row, name, value)
    if row.space is not None and row.capacity is None:
        row.capacity = row.space.units.filter(is_active=True).count() or None
    if {row.hub_id} != {row.hub_id, *(one.hub_id for one in reserved_to), *([row.space.hub_id] if row.space else [])}:
        raise ValueError("It is another hub's.")
    if row in reserved_to:
        raise ValidationError({"reserved_to": _("A plan cannot be reserved to who holds it already.")})
    if Plan.objects.filter(hub=row.hub, name=row.name).exclude(pk=row.pk).exists():
        raise ValidationError({"name": _("A plan has this name already.")})
    row.full_clean()
    row.save()
    row.reserved_to.set(reserved_to)
    row.benefits.all().delete()
    PlanBenefit.objects.bulk_create(
        PlanBenefit(plan=row, unit=unit, quantity=one.quantity, rolls_over=one.rolls_over)
        for unit, one in included.items()
    )
    journal.record("memberships.plan_saved", row, actor_id=by.pk, scope=row.hub, facts={"name": row.name})
    offer_places(plan=row, now=now)
    return row


@transaction.atomic
def set_price(
    *,
    plan: Plan,
    months: int,
    amount: Decimal,
    starts_on: date,
    by: User,
    now: datetime,
    group: int = 0,
    minimum: Decimal | None = None,
) -> PlanPrice:
    """The price of a plan from that day on; the former of its group and period ends the day before.

    It holds until the next one already known, and replaces one of the same first day. What agreements pay stays.
    Raises ValidationError.
    """
    if starts_on < now.astimezone(plan.hub.zone).date():
        raise ValidationError({"starts_on": _("This day is past: a price starts today at the earliest.")})
    if (months == PlanPrice.Months.ONCE) != (plan.kind == PlanKind.PASS):
        raise ValidationError({"months": _("A pass is sold once; an agreement is paid by the month, quarter or year.")})
    lock(LockKind.HUB, [plan.hub_id])
    same = PlanPrice.objects.filter(plan=plan, group=group, months=months)
    same.filter(starts_on=starts_on).delete()
    following = same.filter(starts_on__gt=starts_on).order_by("starts_on").first()
    same.filter(starts_on__lt=starts_on).exclude(ends_on__lt=starts_on).update(ends_on=starts_on - DAY, updated_at=now)
    price = PlanPrice(
        plan=plan, group=group, months=months, amount=amount, minimum=minimum, starts_on=starts_on,
        ends_on=following.starts_on - DAY if following else None,
    )  # fmt: skip
    price.full_clean()
    price.save(force_insert=True)
    facts = {"group": group, "months": months, "amount": str(amount), "starts_on": str(starts_on)}
    journal.record("memberships.plan_price_set", plan, actor_id=by.pk, scope=plan.hub, facts=facts)
    return price


@transaction.atomic
def end_price(*, price: PlanPrice, by: User, now: datetime) -> None:
    """Today is the last day of a price; one to come is taken back, and the one before it goes on."""
    plan, today = price.plan, now.astimezone(price.plan.hub.zone).date()
    lock(LockKind.HUB, [plan.hub_id])
    if price.ends_on is not None and price.ends_on < today:
        raise ValidationError(_("This price is past."))
    if price.starts_on > today:
        price.delete()
        same = PlanPrice.objects.filter(plan=plan, group=price.group, months=price.months)
        same.filter(ends_on=price.starts_on - DAY).update(ends_on=price.ends_on, updated_at=now)
    else:
        PlanPrice.objects.filter(pk=price.pk).update(ends_on=today, updated_at=now)
    journal.record("memberships.plan_price_ended", plan, actor_id=by.pk, scope=plan.hub, facts={"price": price.pk})
