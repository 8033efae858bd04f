"""Agreements of a hub: the lists of its team, what holds on a day, places and units that are free, what is due."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.billing.models import Customer, IssuedDocument
from totem.billing.queries import overdue
from totem.core.models import SigningRequest
from totem.core.periods import months_before
from totem.hubs.models import Hub
from totem.memberships.models import (
    HOLDING,
    Agreement,
    AgreementState,
    AgreementTerms,
    MemberGroup,
    Plan,
    PlanKind,
    PlanPrice,
)
from totem.memberships.periods import DAY, LAST_DAY, Charged, Days, Due, Timeline, VatKey, anchor_of, days_of
from totem.memberships.signals import unit_days_asked
from totem.spaces.models import Space, Unit

SIGNING = "memberships.agreement"
"""The name of what contracts are signed for (`core.signatures`); kept in rows, never changed."""
LISTS = ("en-cours", "ce-mois", "a-signer", "demandes", "finis")


def _lists(day: date) -> dict[str, Q]:
    """Which agreements each list holds on that day, which is the hub's today."""
    first, after = day.replace(day=1), months_before(day.replace(day=1), -1)
    active, over = Q(state=AgreementState.ACTIVE), Q(ends_on__lt=day)
    in_month = Q(starts_on__gte=first, starts_on__lt=after)
    changes = AgreementTerms.objects.filter(in_month, agreement=OuterRef("pk"), starts_on__gt=OuterRef("starts_on"))
    return {
        "en-cours": active & ~over,
        "ce-mois": active & (in_month | Q(ends_on__gte=first, ends_on__lt=after) | Q(Exists(changes))),
        "a-signer": Q(state=AgreementState.TO_SIGN),
        "demandes": Q(state=AgreementState.ASKED) | Q(change_request__isnull=False),
        "finis": (active & over) | Q(state__in=[AgreementState.REFUSED, AgreementState.WITHDRAWN]),
    }


def agreements_of(hub: Hub, shown: str, search: str, day: date) -> QuerySet[Agreement]:
    """The agreements of one of `LISTS`, latest first, with customer, unit, and terms with their plans."""
    rows = Agreement.objects.filter(_lists(day)[shown], hub=hub)
    if search:
        held = AgreementTerms.objects.filter(agreement=OuterRef("pk"), plan__name__icontains=search)
        rows = rows.filter(Q(customer__name__icontains=search) | Q(Exists(held)))
    return rows.select_related("customer", "unit__space").prefetch_related("terms__plan")


def agreement_counts(hub: Hub, day: date) -> dict[str, int]:
    """How many agreements each of `LISTS` holds."""
    asked = {name: Count("pk", filter=condition) for name, condition in _lists(day).items()}
    return Agreement.objects.filter(hub=hub).aggregate(
        **{name.replace("-", "_"): count for name, count in asked.items()}
    )


def terms_on(agreement: Agreement, day: date) -> AgreementTerms | None:
    """The terms that hold on that day; before the first day the first ones, after the last day the last ones."""
    terms = list(agreement.terms.all())
    begun = [one for one in terms if one.starts_on <= day]
    return begun[-1] if begun else next(iter(terms), None)


def source_of(agreement: Agreement) -> str:
    """What names the agreement among what is signed."""
    return f"agreement:{agreement.pk}"


def signing_requests(agreement: Agreement) -> QuerySet[SigningRequest]:
    """The contracts of the agreement that somebody was asked to sign on line, the newest first."""
    return SigningRequest.objects.of_source(SIGNING, source_of(agreement))


def of_agreement_kind(hub: Hub, day: date) -> QuerySet[Plan]:
    """The plans that an agreement can be made for, with their prices that hold on that day or later."""
    prices = PlanPrice.objects.filter(Q(ends_on=None) | Q(ends_on__gte=day), months__gt=0)
    rows = Plan.objects.filter(hub=hub, kind=PlanKind.AGREEMENT, is_active=True)
    return rows.prefetch_related(Prefetch("prices", prices, to_attr="open_prices"))


def price_on(plan: Plan, group: int, months: int, day: date) -> PlanPrice | None:
    """The price of the plan for that group and period on that day; that for everybody where the group has none."""
    rows = PlanPrice.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=day), plan=plan, months=months, starts_on__lte=day,
        group__in=[group, MemberGroup.EVERYBODY],
    )  # fmt: skip
    return rows.order_by("-group").first()


# -- Places -----------------------------------------------------------------------------------------------------------


def held_days(plan: Plan, *, besides: Agreement | None = None) -> list[Days]:
    """The days of each agreement that holds a place of the plan, without that of the agreement `besides`."""
    rows = AgreementTerms.objects.filter(plan=plan, agreement__state__in=HOLDING)
    rows = rows.exclude(agreement=besides) if besides and besides.pk else rows
    found = (days_of(one).within(days_of(one.agreement)) for one in rows.select_related("agreement"))
    return [days for days in found if days]


def is_full(plan: Plan, days: Days, *, besides: Agreement | None = None, kept: int = 0) -> bool:
    """Whether all its places are held on one of those days, `kept` of them for who waits. Call it under its lock."""
    return plan.capacity is not None and _most(held_days(plan, besides=besides), days) + kept >= plan.capacity


def _most(held: Iterable[Days], days: Days) -> int:
    """How many are held at most on one of those days: on a day on which one begins."""
    parts = [part for one in held if (part := one.within(days))]
    return max((sum(one.first <= begun.first <= one.last for one in parts) for begun in parts), default=0)


def places_held(hub: Hub, day: date) -> dict[int, int]:
    """By plan of the hub that has a number of places, how many are held at most on one day, from that day on."""
    rows = AgreementTerms.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=day),
        agreement__hub=hub, agreement__state__in=HOLDING, plan__capacity__isnull=False,
    )  # fmt: skip
    held: defaultdict[int, list[Days]] = defaultdict(list)
    for one in rows.select_related("agreement"):
        if days := days_of(one).within(days_of(one.agreement)):
            held[one.plan_id].append(days)
    return {plan: _most(days, Days(day, LAST_DAY)) for plan, days in held.items()}


def free_from(plan: Plan, day: date, *, kept: int = 0) -> date | None:
    """The first day, from that one on, since which a place is free without an end; None where there is none."""
    held = held_days(plan)
    days = sorted({day, *(one.last + DAY for one in held if day <= one.last < LAST_DAY)})
    free = (one for one in days if plan.capacity is None or _most(held, Days(one, LAST_DAY)) + kept < plan.capacity)
    return next(free, None)


def taken_units(space: Space, days: Days, now: datetime) -> set[int]:
    """The ids of the units of the space that come with an agreement, or are booked, on one of those days."""
    units = Unit.objects.filter(
        Q(agreements__ends_on=None) | Q(agreements__ends_on__gte=days.first),
        space=space, agreements__state__in=HOLDING, agreements__starts_on__lte=days.last,
    )  # fmt: skip
    taken = set(units.values_list("pk", flat=True))
    answers: list[tuple[Any, Any]] = unit_days_asked.send(sender=Unit, space=space, days=days, now=now)
    return taken.union(*(booked for _receiver, booked in answers))


def holds_one_of(plans: Iterable[int], customer: Customer, people: Iterable[int], day: date) -> bool:
    """Whether the customer, or one of these people, has an agreement of one of these plans on that day."""
    whose = Q(customer=customer) | Q(seats__person__in=list(people))
    terms = AgreementTerms.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=day), agreement=OuterRef("pk"), plan__in=list(plans), starts_on__lte=day
    )
    return Agreement.objects.in_force(day).filter(whose, Exists(terms)).exists()


# -- Amounts ----------------------------------------------------------------------------------------------------------


def timeline(agreement: Agreement, *, ends_on: date | None = None) -> Timeline:
    """The agreement as its amounts see it; with `ends_on`, as if it ended that day."""
    return Timeline(
        anchor=anchor_of(agreement.cycle, agreement.starts_on),
        starts_on=agreement.starts_on,
        ends_on=ends_on or agreement.ends_on,
        terms=list(agreement.terms.all()),
        pauses=list(agreement.pauses.all()),
    )


def charged(agreement: Agreement) -> list[Charged]:
    """What was charged of the agreement: the days of each charge, with its adjustments, by VAT."""
    totals: defaultdict[Days, defaultdict[VatKey, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for charge in agreement.charges.all():
        totals[Days(charge.starts_on, charge.ends_on)][charge.vat_rate, charge.exemption] += charge.amount
    return [Charged(days, by_vat) for days, by_vat in totals.items()]


def left_to_charge(agreement: Agreement, ends_on: date) -> list[Due]:
    """What is still to invoice, or to credit, where the agreement ends on that day."""
    return timeline(agreement, ends_on=ends_on).due(ends_on, charged(agreement))


def earliest_end(agreement: Agreement, day: date) -> date:
    """The earliest last day where notice is given on that day."""
    addressed = agreement.terms.filter(plan__is_domiciliation=True).order_by("starts_on").first()
    least = third_month_end(addressed.starts_on) if addressed else agreement.starts_on
    return max(day + timedelta(days=agreement.notice_days), agreement.starts_on, least)


def may_give_notice(agreement: Agreement, day: date) -> bool:
    """Whether it can end earlier than it does: no notice is given, and its notice ends before an agreed last day."""
    if agreement.state != AgreementState.ACTIVE or agreement.ended_by is not None:
        return False
    return agreement.ends_on is None or earliest_end(agreement, day) < agreement.ends_on


def third_month_end(starts_on: date) -> date:
    """The earliest last day of a company's address that begins then: three months (Code de commerce, R123-168)."""
    return months_before(starts_on, -3) - DAY


def next_due(agreement: Agreement, day: date) -> list[Due]:
    """What is to invoice of periods that have begun on that day, and of the next one."""
    line = timeline(agreement)
    known = charged(agreement)
    due = line.due(day, known)
    coming = [one for one in line.due(months_before(day, -1), known) if one not in due]
    return [*due, *coming[:1]]


# -- What the team reads ----------------------------------------------------------------------------------------------


def this_month(agreement: Agreement, day: date) -> list[tuple[str, date]]:
    """What begins, changes and ends in the month of that day, in words; from an agreement read with its terms."""
    first, after = day.replace(day=1), months_before(day.replace(day=1), -1)
    changes = [(_("changes on"), one.starts_on) for one in agreement.terms.all() if one.starts_on > agreement.starts_on]
    ends = [(_("ends on"), agreement.ends_on)] if agreement.ends_on else []
    found = [(_("begins on"), agreement.starts_on), *changes, *ends]
    return [(what, on) for what, on in found if first <= on < after]


def to_suspend(hub: Hub, day: date, *, most: int = 20) -> list[tuple[IssuedDocument, Agreement]]:
    """Overdue invoices, oldest first, with an agreement in force of their customer that is not suspended."""
    held = Agreement.objects.in_force(day).filter(hub=hub).exclude(suspensions__ends_on=None, suspensions__isnull=False)
    late = overdue(IssuedDocument.objects.filter(hub=hub, customer__in=held.values("customer")), day)
    documents = list(late.select_related("customer")[:most])
    by_customer = {one.customer_id: one for one in held.filter(customer__in=[row.customer_id for row in documents])}
    return [(one, by_customer[one.customer_id]) for one in documents]


VERBS = {
    f"memberships.agreement_{verb}": words
    for verb, words in {
        "made": gettext_lazy("agreement made"),
        "asked": gettext_lazy("asked for"),
        "approved": gettext_lazy("accepted"),
        "refused": gettext_lazy("request refused"),
        "withdrawn": gettext_lazy("withdrawn"),
        "sent_to_sign": gettext_lazy("contract sent to be signed"),
        "sign_expired": gettext_lazy("the time to sign it has passed"),
        "signed": gettext_lazy("signed"),
        "terms_changed": gettext_lazy("plan changed"),
        "change_taken_back": gettext_lazy("planned change taken back"),
        "price_announced": gettext_lazy("another price announced"),
        "paused": gettext_lazy("paused"),
        "pause_ended": gettext_lazy("pause ended"),
        "seat_added": gettext_lazy("somebody added"),
        "seat_ended": gettext_lazy("last day of somebody"),
        "change_asked": gettext_lazy("change asked for"),
        "change_refused": gettext_lazy("change refused"),
        "change_request_withdrawn": gettext_lazy("change no longer asked for"),
        "notice_given": gettext_lazy("notice given"),
        "notice_taken_back": gettext_lazy("notice taken back"),
        "suspended": gettext_lazy("suspended"),
        "suspension_lifted": gettext_lazy("suspension lifted"),
        "aid_entered": gettext_lazy("aid entered in the register"),
        "deposit_received": gettext_lazy("deposit received"),
        "deposit_returned": gettext_lazy("deposit given back"),
        "deposit_kept": gettext_lazy("part of the deposit kept"),
    }.items()
}
"""What the history of an agreement says of each line of the journal."""
