"""Credits: given in lots, spent in a stated order, given back, expired, corrected. A ledger, never a counter.

What is spent comes from what ends first, then from the oldest, and of two that are equal from what an agreement gave
before what was bought (`CreditLotQuerySet.in_order`). A lot is for the days from its first until its last: those of
October pay for bookings in October, whenever they are made. Every write takes the locks of the customers first, in id
order; the trigger of `CreditEntry` is the last line of defence.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.models import Customer, IssuedDocument
from totem.core import journal
from totem.core.locks import LockKind, lock
from totem.hubs.models import Hub
from totem.memberships import mails
from totem.memberships.models import Agreement, AgreementState, CreditEntry, CreditLot, Plan, PlanBenefit
from totem.memberships.models.credits import CreditLotQuerySet
from totem.memberships.periods import DAY, Days, anchor_of, days_of, periods

AHEAD = timedelta(days=62)
"""How long before it begins a period's credits are there, for bookings made ahead."""

WARNED = timedelta(days=14)
"""How long before bought credits end their holder is told."""

Kind = CreditEntry.Kind


class NotEnoughCreditsError(Exception):
    """Fewer credits are left than are to be spent."""


def lock_customers(pks: Collection[int]) -> None:
    """Take the locks of these customers' credits until the transaction ends; `core.locks` says in which order."""
    if pks:
        lock(LockKind.CREDITS, pks)


# -- Given ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def grant(
    *,
    customer: Customer,
    plan: Plan,
    unit: str,
    quantity: int,
    starts_on: date,
    ends_on: date | None,
    source: str,
    now: datetime,
    by: int | None = None,
    agreement: Agreement | None = None,
    document: IssuedDocument | None = None,
) -> CreditLot:
    """A lot of so many grains for these days. One of the same `source` is there once: asked again, it is returned."""
    lot, is_new = CreditLot.objects.get_or_create(
        source=source,
        defaults={
            "hub_id": customer.hub_id,
            "customer": customer,
            "plan": plan,
            "unit": unit,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "agreement": agreement,
            "document": document,
        },
    )
    if is_new:
        CreditEntry.objects.create(lot=lot, kind=Kind.GRANT, quantity=quantity, at=now, by=by)
    return lot


@transaction.atomic
def grant_period(*, agreement: Agreement, period: Days, now: datetime) -> list[CreditLot]:
    """What the plan of an agreement includes for one of its months: whole, also for a month of which it has a part.

    Nothing where it is not in force or paused all the time. A month to come that was given under another plan is
    corrected; what is spent of it stays spent.
    """
    held = days_of(agreement).within(period)
    paused = [days_of(pause) for pause in agreement.pauses.all()]
    if agreement.state != AgreementState.ACTIVE or held is None or not held.without(paused):
        return []
    terms = agreement.terms.filter(starts_on__lte=held.last).exclude(ends_on__lt=held.first).first()
    if terms is None:
        return []
    lock_customers([agreement.customer_id])
    prefix = f"agreement:{agreement.pk}:{period.first}:"
    benefits = list(PlanBenefit.objects.filter(plan=terms.plan_id))
    _correct_former_plan(prefix, terms.plan, benefits, now)
    return [
        grant(
            customer=agreement.customer,
            plan=terms.plan,
            unit=benefit.unit,
            quantity=benefit.quantity,
            starts_on=period.first,
            ends_on=period.last,
            source=f"{prefix}{benefit.unit}",
            now=now,
            agreement=agreement,
        )
        for benefit in benefits
    ]


def _correct_former_plan(prefix: str, plan: Plan, benefits: Iterable[PlanBenefit], now: datetime) -> None:
    today = now.astimezone(plan.hub.zone).date()
    included = {benefit.unit: benefit.quantity for benefit in benefits}
    former = CreditLot.objects.filter(source__startswith=prefix, starts_on__gt=today).exclude(plan=plan).with_left()
    for lot in former:
        given = sum(lot.entries.exclude(kind__in=[Kind.SPEND, Kind.GIVE_BACK]).values_list("quantity", flat=True))
        if change := max(included.get(lot.unit, 0) - given, -lot.left):
            _enter(lot, Kind.CORRECT, change, now, reason=plan.name)
        CreditLot.objects.filter(pk=lot.pk).update(plan=plan, updated_at=now)


def grant_due(*, agreement: Agreement, now: datetime) -> None:
    """The credits of the agreement's month and of those that begin soon, before any run; asked again, nothing more."""
    today = now.astimezone(agreement.hub.zone).date()
    anchor = anchor_of(agreement.cycle, agreement.starts_on)
    first = max(today, agreement.starts_on)
    for period in periods(anchor, Days(first, max(first, today + AHEAD))):
        grant_period(agreement=agreement, period=period, now=now)


def grant_all_due(*, now: datetime) -> None:
    """`grant_due` of every agreement of the installation, each in a transaction of its own."""
    running = Q(ends_on=None) | Q(ends_on__gte=now.date() - DAY)
    rows = Agreement.objects.filter(running, state=AgreementState.ACTIVE, starts_on__lte=now.date() + AHEAD)
    for agreement in rows.select_related("hub", "customer").order_by("pk").iterator():
        grant_due(agreement=agreement, now=now)


# -- Spent and given back ---------------------------------------------------------------------------------------------


@transaction.atomic
def spend(*, lots: CreditLotQuerySet, quantity: int, source: str, now: datetime, by: int | None = None) -> None:
    """Spend so many grains of these lots (`queries.credits.spendable`), in their order, named by `source`.

    Raises NotEnoughCreditsError where less is left; then nothing is spent.
    """
    lock_customers(set(lots.order_by().values_list("customer_id", flat=True)))
    entries, missing = [], quantity
    for lot in lots.unspent():
        taken = min(lot.left, missing)
        if taken:
            entries.append(CreditEntry(lot=lot, kind=Kind.SPEND, quantity=-taken, at=now, by=by, source=source))
            missing -= taken
    if missing > 0:
        raise NotEnoughCreditsError
    CreditEntry.objects.bulk_create(entries)


def customers_of(sources: Collection[str]) -> set[int]:
    """The ids of the customers whose credits were spent on these sources."""
    entries = CreditEntry.objects.filter(source__in=sources)
    return set(entries.order_by().values_list("lot__customer_id", flat=True))


@transaction.atomic
def give_back(*, source: str, now: datetime, by: int | None = None) -> int:
    """Give back what `source` has spent, to the lots that it came from; returns how many grains, 0 asked again.

    A lot that has ended since expires again with the next daily job: its days are not lengthened.
    """
    lock_customers(customers_of([source]))
    spent = CreditEntry.objects.filter(source=source).order_by("lot_id").values("lot_id").annotate(net=Sum("quantity"))
    returned = [
        CreditEntry(lot_id=row["lot_id"], kind=Kind.GIVE_BACK, quantity=-row["net"], at=now, by=by, source=source)
        for row in spent
        if row["net"] < 0
    ]
    CreditEntry.objects.bulk_create(returned)
    return sum(entry.quantity for entry in returned)


@transaction.atomic
def correct(
    *, lot: CreditLot, quantity: int, reason: str, by: User, now: datetime, seen_left: int | None = None
) -> CreditEntry:
    """The team gives or takes grains of a lot and says why. Raises ValidationError, also where other than `seen_left`
    are left: the form was sent twice, or some were spent.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Say why: the person reads it.")})
    if not quantity:
        raise ValidationError({"quantity": _("Not zero.")})
    lock_customers([lot.customer_id])
    row = CreditLot.objects.with_left().get(pk=lot.pk)
    if seen_left not in (None, row.left):
        raise ValidationError(_("What is left has changed since you opened this page: open it again."))
    if row.left + quantity < 0:
        raise ValidationError({"quantity": _("Fewer are left: no lot goes below zero.")})
    facts = {"quantity": quantity, "unit": row.unit}
    journal.record("memberships.credits_corrected", row, actor_id=by.pk, scope=Hub(pk=row.hub_id), facts=facts)
    return _enter(row, Kind.CORRECT, quantity, now, by=by.pk, reason=reason.strip())


def _enter(
    lot: CreditLot, kind: CreditEntry.Kind, quantity: int, now: datetime, *, by: int | None = None, reason: str = ""
) -> CreditEntry:
    return CreditEntry.objects.create(lot=lot, kind=kind, quantity=quantity, at=now, by=by, reason=reason)


# -- Ended ------------------------------------------------------------------------------------------------------------


def expire(*, now: datetime) -> int:
    """Take what is left of lots whose last day is over; how many lots. Kept for a month more where the plan says so.

    What was kept once is not kept again.
    """
    over = CreditLot.objects.filter(ends_on__lt=now.date() + DAY).unspent()
    rows = list(over.select_related("hub", "agreement__hub").order_by("pk"))
    done = 0
    for lot in rows:
        if lot.ends_on and lot.ends_on < now.astimezone(lot.hub.zone).date():
            done += _expire(lot, now)
    return done


@transaction.atomic
def _expire(lot: CreditLot, now: datetime) -> bool:
    lock_customers([lot.customer_id])
    left = CreditLot.objects.with_left().get(pk=lot.pk).left
    if left <= 0:
        return False
    _enter(lot, Kind.EXPIRE, -left, now)
    if following := _kept_until(lot):
        grant(
            customer=lot.customer,
            plan=lot.plan,
            unit=lot.unit,
            quantity=left,
            starts_on=lot.starts_on,
            ends_on=following,
            source=f"{lot.source}:kept",
            now=now,
            agreement=lot.agreement,
        )
    return True


def _kept_until(lot: CreditLot) -> date | None:
    """The last day of the agreement's next month, where its plan keeps what is left for that month."""
    agreement, ends_on = lot.agreement, lot.ends_on
    if agreement is None or ends_on is None or lot.source.endswith(":kept"):
        return None
    if not PlanBenefit.objects.filter(plan=lot.plan_id, unit=lot.unit, rolls_over=True).exists():
        return None
    first = ends_on + DAY
    if not Agreement.objects.in_force(first).filter(pk=agreement.pk).exists():
        return None
    anchor = anchor_of(agreement.cycle, agreement.starts_on)
    return next(periods(anchor, Days(first, first))).last


def warn(*, now: datetime) -> None:
    """Queue a mail, once a lot, where bought credits end soon and something is left."""
    ending = CreditLot.objects.filter(agreement=None, ends_on__range=(now.date(), now.date() + WARNED))
    rows = ending.exclude(customer__email="").unspent()
    for lot in rows.select_related("hub", "customer__person", "plan").order_by("pk"):
        mails.write_credits_ending(lot, lot.left)
