"""Agreements that hold: other terms from a day on, an announced price, pauses, seats, notice and suspensions."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.permissions import SELL
from totem.core.wording import date_with_year
from totem.hubs.models import Membership
from totem.hubs.signals import AffectedBooking
from totem.memberships import mails, signals
from totem.memberships.actions import standing
from totem.memberships.actions.agreements import (
    ChosenTerms,
    check_place,
    locked,
    offer_places,
    record,
    tell_holders,
    terms_for,
)
from totem.memberships.aid.rules import require_grantable
from totem.memberships.domiciliation.rules import check_approved
from totem.memberships.models import (
    Agreement,
    AgreementPause,
    AgreementSeat,
    AgreementState,
    AgreementTerms,
    ChangeRequest,
    Plan,
    Suspension,
)
from totem.memberships.periods import DAY, LAST_DAY, Days, days_of
from totem.memberships.queries import agreements as queries


def _today(agreement: Agreement, now: datetime) -> date:
    return now.astimezone(agreement.hub.zone).date()


def _held(agreement: Agreement, seen: str | None = None) -> Agreement:
    """The agreement, locked and signed. Raises EditConflict, and ValidationError for one that is not."""
    row = locked(agreement, seen)
    if row.state != AgreementState.ACTIVE:
        raise ValidationError(_("This agreement is not signed: withdraw it, then make another one."))
    return row


def _touch(agreement: Agreement) -> None:
    """Who has it open sees that it changed."""
    agreement.save(update_fields=["updated_at"])


def _within(agreement: Agreement, starts_on: date, ends_on: date | None = None) -> None:
    """Raises ValidationError for days that the agreement does not have."""
    if ends_on is not None and ends_on < starts_on:
        raise ValidationError({"ends_on": _("The end is before the start.")})
    days = days_of(agreement)
    if not days.first <= starts_on <= days.last:
        raise ValidationError({"starts_on": _("The agreement does not hold on that day.")})
    if ends_on is not None and ends_on > days.last:
        raise ValidationError({"ends_on": _("The agreement ends before that.")})


# -- Terms ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def change_terms(
    *, agreement: Agreement, chosen: ChosenTerms, by: User, now: datetime, seen: str | None = None
) -> AgreementTerms:
    """Another plan, group or period from a day on, at the plan's price of that day; the day before keeps the former.

    A change that was planned from then on is replaced. Raises EditConflict, PlanFullError, ValidationError.
    """
    row, plan, starts_on = _held(agreement, seen), chosen.plan, chosen.starts_on
    _within(row, starts_on)
    if starts_on < _today(row, now):
        raise ValidationError({"starts_on": _("This day is past.")})
    terms = terms_for(row, chosen, list(row.seats.values_list("person_id", flat=True)))
    require_grantable(row, terms, _today(row, now))
    former = queries.terms_on(row, starts_on)
    if plan.is_domiciliation and not (former and former.plan.is_domiciliation):
        check_approved(row.hub, starts_on)
    if former is not None and former.plan_id != plan.pk:
        if former.plan.space_id != plan.space_id or former.plan.cycle != plan.cycle:
            text = _("This plan comes with another desk, or begins on other days: end this agreement, then make one.")
            raise ValidationError({"plan": text})
        check_place(row, plan, Days(starts_on, days_of(row).last), now)
    _put(row, terms)
    record("terms_changed", row, by.pk, plan=plan.pk, amount=str(terms.amount), starts_on=str(starts_on))
    tell_holders(row, by.pk, now)
    if former is not None and former.plan_id != plan.pk:
        offer_places(plan=former.plan, now=now)
    return terms


def earliest_price(agreement: Agreement, day: date) -> date:
    """The first day that a price announced on `day` can have: after the notice of who does not agree."""
    return max(day, agreement.starts_on) + timedelta(days=agreement.notice_days) + DAY


@transaction.atomic
def announce_price(
    *, agreement: Agreement, amount: Decimal, starts_on: date, by: User, now: datetime, seen: str | None = None
) -> AgreementTerms:
    """Another price for the same plan from that day on, announced today by mail; who does not agree leaves before.

    Raises EditConflict, and ValidationError for a day that is within the notice.
    """
    row = _held(agreement, seen)
    _within(row, starts_on)
    today = _today(row, now)
    earliest = earliest_price(row, today)
    if starts_on < earliest:
        text = _("A price that is announced today holds from %(day)s at the earliest.")
        raise ValidationError({"starts_on": ValidationError(text, params={"day": date_with_year(earliest)})})
    former = queries.terms_on(row, starts_on)
    if former is None:
        raise ValueError("An agreement has terms.")
    same = ("plan", "group", "months", "vat_rate", "exemption", "market_value", "other_regime")
    values = {name: getattr(former, name) for name in same}
    terms = AgreementTerms(agreement=row, amount=amount, starts_on=starts_on, announced_on=today, **values)
    if amount == former.amount:
        raise ValidationError({"amount": _("This is the price already.")})
    _put(row, terms)
    record("price_announced", row, by.pk, amount=str(amount), starts_on=str(starts_on))
    mails.announce_price(terms, former)
    return terms


def _put(agreement: Agreement, terms: AgreementTerms) -> None:
    """Save the terms in place of what was planned from their day on; the former end the day before."""
    agreement.terms.filter(starts_on__gte=terms.starts_on).delete()
    if former := agreement.terms.order_by("-starts_on").first():
        former.ends_on = terms.starts_on - DAY  # later than it was where a change that was planned is taken back
        former.save(update_fields=["ends_on", "updated_at"])
    terms.full_clean(exclude=["plan"])
    terms.save(force_insert=True)
    _touch(agreement)


@transaction.atomic
def take_back_change(*, agreement: Agreement, by: User, now: datetime) -> None:
    """The changes of terms that are to come do not take place. Raises ValidationError where there is none."""
    row = _held(agreement)
    coming = row.terms.filter(starts_on__gt=max(_today(row, now), row.starts_on))
    if not coming.exists():
        raise ValidationError(_("No change is planned."))
    plans = list(Plan.objects.filter(terms__in=coming).distinct())
    coming.delete()
    row.terms.filter(pk=row.terms.order_by("-starts_on").values("pk")[:1]).update(ends_on=None, updated_at=now)
    _touch(row)
    record("change_taken_back", row, by.pk)
    for plan in plans:
        offer_places(plan=plan, now=now)


# -- Pauses and seats -------------------------------------------------------------------------------------------------


@transaction.atomic
def pause(
    *, agreement: Agreement, starts_on: date, ends_on: date | None, by: User, now: datetime, seen: str | None = None
) -> AgreementPause:
    """Nothing is given nor invoiced between these days, both included. Raises EditConflict, ValidationError."""
    row = _held(agreement, seen)
    _within(row, starts_on, ends_on)
    found = AgreementPause(agreement=row, starts_on=starts_on, ends_on=ends_on)
    found.full_clean()
    found.save(force_insert=True)
    _touch(row)
    record("paused", row, by.pk, starts_on=str(starts_on), ends_on=str(ends_on) if ends_on else None)
    tell_holders(row, by.pk, now)
    return found


@transaction.atomic
def end_pause(*, pause: AgreementPause, by: User, now: datetime) -> None:
    """The pause ends yesterday; one that begins today or later is taken back."""
    row = _held(pause.agreement)
    today = _today(row, now)
    if pause.starts_on >= today:
        AgreementPause.objects.filter(pk=pause.pk).delete()
    elif AgreementPause.objects.filter(pk=pause.pk, ends_on__lt=today).exists():
        raise ValidationError(_("This pause is over."))
    else:
        AgreementPause.objects.filter(pk=pause.pk).update(ends_on=today - DAY, updated_at=now)
    _touch(row)
    record("pause_ended", row, by.pk, pause=pause.pk)
    tell_holders(row, by.pk, now)


@transaction.atomic
def add_seat(*, agreement: Agreement, person: User, starts_on: date, by: User, now: datetime) -> AgreementSeat:
    """The person works under the agreement from that day on. Raises ValidationError."""
    row = _held(agreement)
    _within(row, starts_on)
    seat = AgreementSeat(agreement=row, person=person, starts_on=starts_on)
    seat.full_clean()
    seat.save(force_insert=True)
    _touch(row)
    record("seat_added", row, by.pk, person=person.pk, starts_on=str(starts_on))
    tell_holders(row, by.pk, now)
    return seat


@transaction.atomic
def end_seat(*, seat: AgreementSeat, ends_on: date, by: User, now: datetime) -> None:
    """The person's last day under the agreement; a seat that begins after it is taken back."""
    row = _held(seat.agreement)
    if seat.starts_on > ends_on:
        AgreementSeat.objects.filter(pk=seat.pk).delete()
    else:
        AgreementSeat.objects.filter(pk=seat.pk).update(ends_on=ends_on, updated_at=now)
    _touch(row)
    record("seat_ended", row, by.pk, person=seat.person_id, ends_on=str(ends_on))
    tell_holders(row, by.pk, now)
    if seat.starts_on > ends_on:  # they hold nothing here any more
        from_seat = {seat.person_id}
        signals.holders_changed.send(sender=Agreement, hub=row.hub, person_ids=from_seat, by=by.pk, now=now)


# -- Notice -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def give_notice(
    *, agreement: Agreement, ends_on: date, by: User, now: datetime, reason: str = "", seen: str | None = None
) -> Agreement:
    """The agreement's last day, after its notice, given by its customer or the team; who waits is offered its place.

    Raises EditConflict, and ValidationError within the notice or after the end it has already.
    """
    row = _held(agreement, seen)
    earliest = queries.earliest_end(row, _today(row, now))
    if row.ends_on is not None and ends_on > row.ends_on:
        raise ValidationError({"ends_on": _("The agreement ends before that.")})
    if ends_on < earliest:
        text = _("The notice ends on %(day)s: this is the earliest last day.")
        raise ValidationError({"ends_on": ValidationError(text, params={"day": date_with_year(earliest)})})
    if row.ended_by is None:
        row.agreed_end = row.ends_on
    row.ends_on, row.ended_by, row.end_reason = ends_on, by.pk, reason.strip()
    row.terms.filter(starts_on__gt=ends_on).delete()
    row.pauses.filter(starts_on__gt=ends_on).delete()
    row.seats.filter(starts_on__gt=ends_on).delete()
    ChangeRequest.objects.filter(agreement=row, starts_on__gt=ends_on).delete()
    row.save()
    record("notice_given", row, by.pk, ends_on=str(ends_on))
    mails.confirm_notice(row, now)
    tell_holders(row, by.pk, now)
    for plan in Plan.objects.filter(terms__agreement=row).distinct():
        offer_places(plan=plan, now=now)
    return row


@transaction.atomic
def take_back_notice(*, agreement: Agreement, by: User, now: datetime) -> Agreement:
    """The agreement goes on as before the notice, until its last day: by who gave it, or the team.

    Changes, pauses and people that were to come after that day, and were removed, are not put back. Raises
    PlanFullError or ValidationError where its place or its desk is given to somebody else, or there is no notice.
    """
    row = _held(agreement)
    if row.ends_on is None or row.ended_by is None:
        raise ValidationError(_("No notice is given."))
    if row.ends_on < _today(row, now):
        raise ValidationError(_("This agreement has ended: make another one."))
    if by.pk != row.ended_by and not by.has_perm(SELL, row.hub):
        raise ValidationError(_("Only who gave notice, or the team of the hub, takes it back."))
    added = Days(row.ends_on + DAY, row.agreed_end or LAST_DAY)
    terms = row.terms.select_related("plan__space").latest("starts_on")
    check_place(row, terms.plan, added, now)
    if row.unit_id and terms.plan.space and row.unit_id in queries.taken_units(terms.plan.space, added, now):
        raise ValidationError(_("Its desk is taken, or booked, after that day: end it, then make another agreement."))
    row.terms.filter(pk=terms.pk).update(ends_on=None, updated_at=now)  # a change after the end was removed
    row.ends_on, row.ended_by, row.agreed_end, row.end_reason = row.agreed_end, None, None, ""
    row.save()
    record("notice_taken_back", row, by.pk)
    mails.confirm_notice_taken_back(row, now)
    tell_holders(row, by.pk, now)
    return row


def affected_by_end(*, agreement: Agreement, ends_on: date, by: User, now: datetime) -> list[AffectedBooking]:
    """The bookings for members alone that would not be covered any more if it ended that day; nothing is saved."""
    with transaction.atomic():
        row = locked(agreement)
        if ends_on < row.starts_on:
            return []
        Agreement.objects.filter(pk=row.pk).update(ends_on=ends_on)
        people = list(row.seats.values_list("person_id", flat=True))
        found = standing.affected(standing.sync(hub=row.hub, person_ids=people), by=by, now=now)
        transaction.set_rollback(True)
    return found


def affected_after_end(agreement: Agreement, by: User, now: datetime) -> list[AffectedBooking]:
    """The bookings for members alone of who works under it that its end, once recorded, leaves uncovered."""
    if agreement.ends_on is None or agreement.state != AgreementState.ACTIVE:
        return []
    people = {seat.person_id for seat in agreement.seats.all()}
    ended = Membership.objects.filter(hub=agreement.hub_id, person__in=people, ends_on=agreement.ends_on)
    shortened = [standing.Shortened(one, None) for one in ended.select_related("person", "hub")]
    return standing.affected(shortened, by=by, now=now)


# -- Suspended, after an unpaid invoice -------------------------------------------------------------------------------


@transaction.atomic
def suspend(*, agreement: Agreement, reason: str, by: User, now: datetime) -> Suspension:
    """From today on the agreement gives nothing, and owes as before: decided by a person. Raises ValidationError."""
    row = _held(agreement)
    found = Suspension(agreement=row, starts_on=_today(row, now), reason=reason.strip(), by=by.pk)
    found.full_clean()
    found.save(force_insert=True)
    _touch(row)
    record("suspended", row, by.pk, suspension=found.pk)
    tell_holders(row, by.pk, now)
    return found


@transaction.atomic
def lift(*, suspension: Suspension, by: User, now: datetime) -> None:
    """The suspension ends yesterday; one of today is taken back. Raises ValidationError for one that is over."""
    row = locked(suspension.agreement)
    found = Suspension.objects.get(pk=suspension.pk)
    today = _today(row, now)
    if found.ends_on is not None:
        raise ValidationError(_("This suspension is lifted already."))
    if found.starts_on == today:
        found.delete()
    else:
        found.ends_on = today - DAY
        found.save(update_fields=["ends_on", "updated_at"])
    _touch(row)
    record("suspension_lifted", row, by.pk, suspension=suspension.pk)
    tell_holders(row, by.pk, now)
