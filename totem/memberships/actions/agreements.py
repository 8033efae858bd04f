"""Agreements: made at the desk or asked for on line, approved, signed; who waits for a place of a plan that is full."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.actions.customers import customer_for
from totem.billing.models import Customer
from totem.core import journal, limits, signatures
from totem.core.edit_conflicts import check_version
from totem.core.files import CheckedFile, store
from totem.core.locks import LockKind, lock
from totem.core.models import SigningState
from totem.memberships import mails, signals
from totem.memberships.actions.credits import grant_due
from totem.memberships.aid.rules import require_grantable, value_aid
from totem.memberships.domiciliation.rules import check_approved, check_may_sign
from totem.memberships.limits import REQUESTS
from totem.memberships.models import (
    HOLDING,
    OFFER_LASTS,
    Agreement,
    AgreementSeat,
    AgreementState,
    AgreementTerms,
    PlaceRequest,
    Plan,
    PlanKind,
)
from totem.memberships.periods import Days, days_of
from totem.memberships.queries import agreements as queries
from totem.organisations.models import Affiliation, Organisation
from totem.spaces.models import Unit

FURTHEST = timedelta(days=366)
"""An agreement begins within a year before or after the day on which it is made."""


@dataclass(frozen=True)
class ChosenTerms:
    """What somebody takes, from one day on. Without `amount` at the plan's price; with it where the price is free."""

    plan: Plan
    group: int
    months: int
    starts_on: date
    amount: Decimal | None = None


class PlanFullError(ValidationError):
    """All places of the plan are held: who wants one waits."""


# -- Made, asked for --------------------------------------------------------------------------------------------------


@transaction.atomic
def make_agreement(
    *,
    customer: Customer,
    chosen: ChosenTerms,
    by: User,
    now: datetime,
    ends_on: date | None = None,
    unit: Unit | None = None,
    people: Sequence[User] = (),
) -> Agreement:
    """An agreement that waits for its signature, made by the team; without `people`, who pays works under it.

    Raises PlanFullError, ValidationError.
    """
    lock(LockKind.HUB, [customer.hub_id])
    people = people or [person for person in [customer.person] if person]
    agreement, terms = _new(customer, chosen, people, now, ends_on=ends_on)
    _take_place(agreement, chosen.plan, unit, now)
    agreement.state = AgreementState.TO_SIGN
    _save_new(agreement, terms, people)
    _record_new("made", agreement, terms, by)
    return agreement


@limits.atomic()
def ask_for_agreement(
    *, chosen: ChosenTerms, person: User, now: datetime, organisation: Organisation | None = None
) -> Agreement | PlaceRequest:
    """What a person asks for on line, for themselves or an organisation that they may act for; the team answers.

    Where the plan is full they wait for a place instead. Raises LimitReached, ValidationError for an organisation that
    is not theirs, what they asked for already, and as `make_agreement`.
    """
    plan = chosen.plan
    lock(LockKind.HUB, [plan.hub_id])
    limits.require(REQUESTS, limits.Taker.person(person.pk), now=now)
    today = now.astimezone(plan.hub.zone).date()
    if chosen.starts_on < today:
        raise ValidationError({"starts_on": _("This day is past.")})
    if organisation is not None:
        own = Affiliation.objects.on(today).filter(person=person, organisation=organisation, can_book=True)
        if not own.exists():
            raise ValidationError({"organisation": _("You do not act for this organisation.")})
    customer = customer_for(hub=plan.hub, person=person, organisation=organisation)
    known = Agreement.objects.filter(customer=customer, terms__plan=plan).exclude(ends_on__lt=chosen.starts_on)
    if known.filter(state__in=[AgreementState.ASKED, *HOLDING]).exists():
        raise ValidationError(_("You have this already, or have asked for it."))
    agreement, terms = _new(customer, chosen, [person], now)
    if queries.is_full(plan, days_of(agreement), kept=_kept_for_others(plan, person, now)):
        return wait_for_place(plan=plan, person=person)
    PlaceRequest.objects.filter(plan=plan, person=person).delete()
    agreement.asked_by = person
    _save_new(agreement, terms, [person])
    _record_new("asked", agreement, terms, person)
    return agreement


def _new(
    customer: Customer, chosen: ChosenTerms, people: Sequence[User], now: datetime, *, ends_on: date | None = None
) -> tuple[Agreement, AgreementTerms]:
    """The agreement and its first terms, not saved. Raises ValidationError."""
    plan, today = chosen.plan, now.astimezone(customer.hub.zone).date()
    if customer.hub_id != plan.hub_id:
        raise ValueError("The customer is another hub's.")
    if abs(chosen.starts_on - today) > FURTHEST:
        raise ValidationError({"starts_on": _("This day is more than a year away.")})
    if ends_on is not None and ends_on < chosen.starts_on:
        raise ValidationError({"ends_on": _("The end is before the start.")})
    if plan.is_domiciliation:
        check_approved(plan.hub, chosen.starts_on)
    if ends_on is not None and plan.is_domiciliation and ends_on < queries.third_month_end(chosen.starts_on):
        raise ValidationError({"ends_on": _("A company takes its address here for three months at least.")})
    agreement = Agreement(
        hub=plan.hub, customer=customer, starts_on=chosen.starts_on, ends_on=ends_on, cycle=plan.cycle,
        notice_days=plan.notice_days, deposit=plan.deposit,
    )  # fmt: skip
    return agreement, terms_for(agreement, chosen, [person.pk for person in people])


def terms_for(agreement: Agreement, chosen: ChosenTerms, people: Sequence[int]) -> AgreementTerms:
    """The terms of the plan at its price of that day, not saved; `people` are who works under them.

    Raises ValidationError for a plan that cannot be taken or is reserved to others, or without such a price.
    """
    plan = chosen.plan
    if plan.kind != PlanKind.AGREEMENT or not plan.is_active:
        raise ValidationError({"plan": _("This plan cannot be taken.")})
    _check_reserved(plan, agreement.customer, people, chosen.starts_on)
    price = queries.price_on(plan, chosen.group, chosen.months, chosen.starts_on)
    if price is None:
        raise ValidationError({"months": _("This plan has no price for this period on that day.")})
    amount = price.amount if chosen.amount is None else chosen.amount
    if amount != price.amount and price.minimum is None:
        raise ValidationError({"amount": _("The price of this plan is not free: leave this empty.")})
    if price.minimum is not None and amount < price.minimum:
        raise ValidationError({"amount": _("It is less than the minimum of this plan.")})
    terms = AgreementTerms(
        agreement=agreement, plan=plan, group=chosen.group, months=chosen.months, amount=amount,
        vat_rate=plan.vat_rate, exemption=plan.exemption, starts_on=chosen.starts_on,
    )  # fmt: skip
    value_aid(terms)
    return terms


def _check_reserved(plan: Plan, customer: Customer, people: Sequence[int], day: date) -> None:
    """Raises ValidationError where the plan is reserved to holders of others, and none of them is held on that day."""
    reserved = list(plan.reserved_to.all())
    if reserved and not queries.holds_one_of([one.pk for one in reserved], customer, people, day):
        names = ", ".join(one.name for one in reserved)
        raise ValidationError({"plan": _("This plan is for who has one of these: %(plans)s.") % {"plans": names}})


def check_place(agreement: Agreement, plan: Plan, days: Days, now: datetime) -> None:
    """Take the lock of the plan's places. Raises PlanFullError."""
    Plan.objects.select_for_update().get(pk=plan.pk)
    kept = _kept_for_others(plan, agreement.customer.person, now)
    if queries.is_full(plan, days, besides=agreement, kept=kept):
        text = _("All places of this plan are held at that time: note who waits for one.")
        raise PlanFullError({"plan": ValidationError(text, code="full")})


def _take_place(agreement: Agreement, plan: Plan, unit: Unit | None, now: datetime) -> None:
    """Give the agreement a place of the plan, and of its space the unit, or the first that is free."""
    days = days_of(agreement)
    check_place(agreement, plan, days, now)
    if plan.space is None:
        if unit is not None:
            raise ValidationError({"unit": _("This plan comes without a desk.")})
        return
    taken = queries.taken_units(plan.space, days, now)
    free = [one for one in plan.space.units.filter(is_active=True).order_by("number") if one.pk not in taken]
    if unit is not None and unit not in free:
        raise ValidationError({"unit": _("It is taken, or booked, during part of this time.")})
    if not free:
        raise PlanFullError({"plan": ValidationError(_("No desk is free all that time."), code="full")})
    agreement.unit = unit or free[0]


def _save_new(agreement: Agreement, terms: AgreementTerms, people: Sequence[User]) -> None:
    agreement.full_clean(exclude=["hub", "customer", "asked_by"])
    agreement.save(force_insert=True)
    terms.agreement = agreement
    terms.full_clean(exclude=["plan"])
    terms.save(force_insert=True)
    for person in people:
        AgreementSeat.objects.create(agreement=agreement, person=person, starts_on=agreement.starts_on)


def _record_new(verb: str, agreement: Agreement, terms: AgreementTerms, by: User) -> None:
    record(verb, agreement, by.pk, plan=terms.plan_id, amount=str(terms.amount), starts_on=str(terms.starts_on))


def record(verb: str, agreement: Agreement, by: int | None, **facts: object) -> None:
    """A line of the journal about the agreement."""
    journal.record(f"memberships.agreement_{verb}", agreement, actor_id=by, scope=agreement.hub, facts=facts)


def locked(agreement: Agreement, seen: str | None = None) -> Agreement:
    """The agreement as it stands, under the hub's lock and its own. Raises EditConflict where it was saved since."""
    lock(LockKind.HUB, [agreement.hub_id])
    rows = Agreement.objects.select_related("hub", "customer__person", "unit").select_for_update(of=["self"])
    row = rows.get(pk=agreement.pk)
    if seen is not None:
        check_version(row, seen)
    return row


def tell_holders(agreement: Agreement, by: int | None, now: datetime) -> None:
    """Send `holders_changed` for who works under the agreement."""
    ids = set(agreement.seats.values_list("person_id", flat=True))
    signals.holders_changed.send(sender=Agreement, hub=agreement.hub, person_ids=ids, by=by, now=now)


# -- Answered, signed -------------------------------------------------------------------------------------------------


@transaction.atomic
def approve(*, agreement: Agreement, by: User, now: datetime, unit: Unit | None = None) -> Agreement:
    """What was asked for waits for its signature now, and holds its place. Raises PlanFullError, ValidationError."""
    row = locked(agreement)
    require_state(row, AgreementState.ASKED)
    _take_place(row, row.terms.get().plan, unit, now)
    row.state = AgreementState.TO_SIGN
    row.save()
    record("approved", row, by.pk)
    mails.tell_answer(row, now)
    return row


@transaction.atomic
def refuse(*, agreement: Agreement, reason: str, by: User, now: datetime) -> Agreement:
    """What was asked for is refused, for a reason that is mailed. Raises ValidationError."""
    row = locked(agreement)
    require_state(row, AgreementState.ASKED)
    row.state, row.end_reason = AgreementState.REFUSED, reason.strip()
    row.save()
    record("refused", row, by.pk)
    mails.tell_answer(row, now)
    return row


@transaction.atomic
def withdraw(*, agreement: Agreement, by: User | None, now: datetime) -> Agreement:
    """Take back what is not signed: its place and its desk are free again. Raises ValidationError once it is signed."""
    row = locked(agreement)
    require_state(row, AgreementState.ASKED, AgreementState.TO_SIGN)
    row.state = AgreementState.WITHDRAWN
    row.save()
    _withdraw_contract(row, by, now)
    record("withdrawn", row, by.pk if by else None)
    for terms in row.terms.select_related("plan"):
        offer_places(plan=terms.plan, now=now)
    return row


def _withdraw_contract(agreement: Agreement, by: User | None, now: datetime) -> None:
    """Nobody signs on line any more what waits for it."""
    for request in queries.signing_requests(agreement).filter(state=SigningState.WAITING):
        signatures.withdraw(request=request, actor_id=by.pk if by else None, now=now)


def require_state(agreement: Agreement, *states: AgreementState) -> None:
    """Raises ValidationError where the agreement is in another state."""
    if agreement.state not in states:
        state = agreement.get_state_display().lower()
        raise ValidationError(_("Somebody has done this meanwhile: %(state)s."), params={"state": state})


@transaction.atomic
def sign_on_paper(
    *, agreement: Agreement, signed_on: date, by: User, now: datetime, file: CheckedFile | None = None
) -> Agreement:
    """The contract was signed on paper that day; its scan is kept.

    Raises ValidationError for a day to come, as `aid.rules.require_grantable` and `domiciliation.rules.check_may_sign`.
    """
    if signed_on > now.astimezone(agreement.hub.zone).date():
        raise ValidationError({"signed_on": _("This day is still to come.")})
    row = locked(agreement)
    for terms in row.terms.select_related("plan"):
        require_grantable(row, terms, signed_on)
    check_may_sign(row, now.astimezone(row.hub.zone).date())
    row.signed_file = store(file) if file else None
    row.signed_name = file.name if file else ""
    _withdraw_contract(row, by, now)
    return activate(row, signed_on=signed_on, by=by.pk, now=now)


def activate(agreement: Agreement, *, signed_on: date, by: int | None, now: datetime) -> Agreement:
    """The agreement, locked by the caller, holds between its dates and brings its first credits at once.

    Raises ValidationError where it cannot.
    """
    require_state(agreement, AgreementState.TO_SIGN)
    agreement.state, agreement.signed_on = AgreementState.ACTIVE, signed_on
    agreement.save()
    record("signed", agreement, by, on_paper=by is not None, signed_on=str(signed_on))
    tell_holders(agreement, by, now)
    # After the commit: the locks of credits come before those of rows.
    transaction.on_commit(partial(grant_due, agreement=agreement, now=now), robust=True)
    return agreement


# -- Waiting for a place ----------------------------------------------------------------------------------------------


@transaction.atomic
def wait_for_place(*, plan: Plan, person: User) -> PlaceRequest:
    """Note that the person waits for a place of the plan, after those who asked before; asked twice, once."""
    request, made = PlaceRequest.objects.get_or_create(plan=plan, person=person)
    if made:
        journal.record("memberships.waits_for_place", plan, actor_id=person.pk, scope=plan.hub)
    return request


@transaction.atomic
def stop_waiting(*, request: PlaceRequest, by: User, now: datetime) -> None:
    """Take somebody out of the list of who waits; a place that was offered to them goes to the next."""
    lock(LockKind.HUB, [request.plan.hub_id])
    journal.record("memberships.waits_no_more", request.plan, actor_id=by.pk, scope=request.plan.hub)
    request.delete()
    offer_places(plan=request.plan, now=now)


def offer_places(*, plan: Plan, now: datetime) -> None:
    """Offer the places that are, or will be, free without an end to who waits, in their order; under the hub's lock."""
    today, kept = now.astimezone(plan.hub.zone).date(), _offered(plan, now).count()
    waiting = PlaceRequest.objects.select_for_update(of=["self"]).filter(plan=plan, offered_at=None)
    for number, request in enumerate(waiting.select_related("person", "plan__hub"), start=kept):
        day = queries.free_from(plan, today, kept=number)
        if day is None:
            return
        request.offered_at = now
        request.save(update_fields=["offered_at", "updated_at"])
        mails.offer_place(request, day)


def offer_lapsed_places(*, now: datetime) -> None:
    """Each hour: a place that was offered and not taken within OFFER_LASTS goes to the next who waits."""
    for plan in Plan.objects.filter(waiting__offered_at=None, waiting__isnull=False).distinct().order_by("pk"):
        with transaction.atomic():
            lock(LockKind.HUB, [plan.hub_id])
            offer_places(plan=plan, now=now)


def _offered(plan: Plan, now: datetime) -> QuerySet[PlaceRequest]:
    return PlaceRequest.objects.filter(plan=plan, offered_at__gt=now - OFFER_LASTS)


def _kept_for_others(plan: Plan, person: User | None, now: datetime) -> int:
    """How many places are offered to others, who have some days to take them."""
    return _offered(plan, now).exclude(person=person).count()
