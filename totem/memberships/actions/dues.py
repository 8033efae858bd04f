"""Dues of the association: joining, paying at the desk, exempting, cancelling, reminding."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.actions.customers import customer_for, save_customer
from totem.billing.actions.drafts import draft_about, start_draft
from totem.billing.actions.issuing import issue
from totem.billing.actions.payments import record_payment
from totem.billing.models import DocumentKind, DraftLine, Means, VatExemption
from totem.core import journal, limits
from totem.core.edit_conflicts import version_token
from totem.core.limits import Taker
from totem.core.locks import LockKind, lock
from totem.core.wording import date_with_year, money
from totem.hubs.models import Hub
from totem.hubs.signals import AffectedBooking
from totem.memberships import dues_mails, signals
from totem.memberships.actions.standing import affected, sync
from totem.memberships.dues_periods import free_period, payable_from
from totem.memberships.models import OPEN, VALID, DuesKind, DuesState, DuesTerm, MemberGroup
from totem.memberships.periods import LAST_DAY, Days
from totem.memberships.queries import dues as queries
from totem.organisations.models import Affiliation, Organisation

ABANDONED_AFTER = timedelta(days=30)
REMINDED_WITHIN = timedelta(days=60)
"""How long after the end of a period its member is reminded; later they are a former member."""


@dataclass(frozen=True)
class ChosenDues:
    """What somebody chooses on joining. `amount` is free where the kind says so; `following`: the whole next year."""

    kind: DuesKind
    group: int = MemberGroup.EVERYBODY
    amount: Decimal | None = None
    following: bool = False
    answers: Mapping[str, Any] = field(default_factory=dict)


def dates_of(
    kind: DuesKind,
    person: User,
    organisation: Organisation | None,
    day: date,
    *,
    following: bool = False,
) -> Days:
    """The days that are paid on that day. Raises ValidationError where it is too early, or paid for life."""
    held = queries.held_periods(kind.hub, person, organisation)
    days = free_period(kind, day, held, following=following)
    if days is None:
        last = held[-1].last
        text = _("These dues are paid for life.") if last == LAST_DAY else _("Paid already until %(day)s.")
        raise ValidationError(text % {"day": date_with_year(last)})
    if day < (opens := payable_from(kind, days)):
        raise ValidationError(_("The next period is paid from %(opens)s on.") % {"opens": date_with_year(opens)})
    return days


@transaction.atomic
def join(
    *, chosen: ChosenDues, person: User, by: User, now: datetime, organisation: Organisation | None = None
) -> DuesTerm:
    """A request for one period, which is neither a membership nor a debt; asked again, the same one is changed.

    It waits for approval where the kind asks for it and the person asks by themselves, then for its payment; what costs
    nothing is paid. Raises ValidationError.
    """
    kind = chosen.kind
    _lock(kind.hub, person)
    today = now.astimezone(kind.hub.zone).date()
    if not kind.is_active:
        raise ValidationError({"kind": _("These dues cannot be joined.")})
    if organisation is not None and by.pk == person.pk:
        _check_acts_for(person, organisation, today)
    days = dates_of(kind, person, organisation, today, following=chosen.following)
    rows = queries.of_member(kind.hub, person, organisation).filter(state__in=OPEN)
    term = rows.select_for_update().first() or DuesTerm(hub=kind.hub, organisation=organisation)
    waits = kind.needs_approval and by.pk == person.pk and (term.state != DuesState.TO_PAY or term.kind_id != kind.pk)
    term.kind, term.person, term.group = kind, person, chosen.group
    term.amount = _amount(chosen, max(today, days.first))
    term.answers, term.announced_on = dict(chosen.answers), None
    term.starts_on, term.ends_on = _ends(days)
    term.state = DuesState.ASKED if waits else DuesState.TO_PAY
    if not waits and not term.amount:
        term.state = DuesState.PAID
    _save(term, "joined", by.pk, now)
    return term


def _amount(chosen: ChosenDues, day: date) -> Decimal:
    found = queries.amount_on(chosen.kind, chosen.group, day)
    if found is None:
        raise ValidationError({"group": _("These dues have no amount on that day: the team sets it.")})
    amount = found.amount if chosen.amount is None else chosen.amount
    if found.minimum is None and amount != found.amount:
        raise ValidationError({"amount": _("The amount is %(amount)s.") % {"amount": money(found.amount)}})
    if found.minimum is not None and amount < found.minimum:
        raise ValidationError({"amount": _("At least %(amount)s.") % {"amount": money(found.minimum)}})
    return amount


def _check_acts_for(person: User, organisation: Organisation, day: date) -> None:
    if not Affiliation.objects.on(day).filter(person=person, organisation=organisation, can_book=True).exists():
        raise ValidationError({"organisation": _("You do not act for this organisation.")})


@transaction.atomic
def approve(*, term: DuesTerm, by: User, now: datetime) -> DuesTerm:
    """What was asked for waits for its payment, and a mail says so. Raises ValidationError."""
    row = _locked(term, DuesState.ASKED)
    row.state = DuesState.TO_PAY if row.amount else DuesState.PAID
    _save(row, "approved", by.pk, now)
    dues_mails.write_dues_answer(row)
    return row


@transaction.atomic
def refuse(*, term: DuesTerm, reason: str, by: User, now: datetime) -> DuesTerm:
    """Refuse what was asked for, and tell them. Raises ValidationError."""
    row = _locked(term, *OPEN)
    row.state, row.reason, row.answers = DuesState.REFUSED, reason, {}
    _save(row, "refused", by.pk, now)
    dues_mails.write_dues_answer(row)
    return row


@transaction.atomic
def announce_transfer(*, term: DuesTerm, by: User, now: datetime) -> DuesTerm:
    """Note that the member says a transfer is on its way: shown to the team until it is received."""
    row = _locked(term, DuesState.TO_PAY)
    row.announced_on = now.astimezone(row.hub.zone).date()
    _save(row, "transfer_announced", by.pk, now)
    return row


@transaction.atomic
def pay(
    *,
    term: DuesTerm,
    means: Means | str,
    received_on: date,
    by: User,
    now: datetime,
    reference: str = "",
    address: Mapping[str, str] | None = None,
) -> DuesTerm:
    """Received: the invoice is issued, its payment recorded and the member made, or none of them.

    The days are those of the day on which it was received. `address` (street, postcode, city) is kept for the invoice,
    which names it. Raises ValidationError, also for what billing refuses.
    """
    row = _locked(term, DuesState.TO_PAY)
    if received_on > now.astimezone(row.hub.zone).date():
        raise ValidationError({"received_on": _("This day is still to come.")})
    if row.starts_on <= received_on or queries.held_periods(row.hub, row.person, row.organisation):
        row.starts_on, row.ends_on = _ends(dates_of(row.kind, row.person, row.organisation, received_on))
    customer = customer_for(hub=row.hub, person=row.person, organisation=row.organisation)
    if address:
        customer = save_customer(hub=row.hub, by=by, customer=customer, seen=version_token(customer), **address)
    draft = start_draft(customer=customer, kind=DocumentKind.INVOICE)
    line = DraftLine(
        draft=draft, label=row.kind.name, unit_price=row.amount, source=f"dues:{row.pk}", starts_on=row.starts_on,
        ends_on=row.ends_on or row.starts_on, vat_rate=row.kind.vat_rate or 0,
        exemption="" if row.kind.vat_rate is not None else VatExemption.OUTSIDE_SCOPE,
    )  # fmt: skip
    if row.ends_on is None:
        line.starts_on = line.ends_on = None
    line.full_clean()
    line.save()
    row.document = issue(draft_id=draft.pk, by=by.pk, now=now)
    record_payment(
        document=row.document, amount=row.amount, means=Means(means), received_on=received_on, by=by.pk, now=now,
        reference=reference,
    )  # fmt: skip
    row.state = DuesState.PAID
    _save(row, "paid", by.pk, now)
    return row


@transaction.atomic
def exempt(
    *, kind: DuesKind, person: User, reason: str, by: User, now: datetime, organisation: Organisation | None = None
) -> DuesTerm:
    """A member who pays nothing for one period, for a reason that the team gives. Raises ValidationError."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    _lock(kind.hub, person)
    days = dates_of(kind, person, organisation, now.astimezone(kind.hub.zone).date())
    open_ones = queries.of_member(kind.hub, person, organisation).filter(state__in=OPEN)
    term = open_ones.select_for_update().first() or DuesTerm(hub=kind.hub, organisation=organisation)
    term.kind, term.person, term.amount, term.reason = kind, person, Decimal(0), reason.strip()
    term.state = DuesState.EXEMPT
    term.starts_on, term.ends_on = _ends(days)
    _save(term, "exempted", by.pk, now)
    return term


@transaction.atomic
def cancel(
    *, term: DuesTerm, reason: str, by: User, now: datetime, means: Means | str = "", cancel_bookings: bool = False
) -> list[AffectedBooking]:
    """Take back a membership: a credit note for its invoice, what was paid given back by `means`, the last day today.

    Returns the bookings for members alone that it affects. Raises ValidationError.
    """
    row = _locked(term, *VALID)
    today = now.astimezone(row.hub.zone).date()
    if row.document:
        if not means:
            raise ValidationError({"means": _("Say how it is given back.")})
        draft = draft_about(document=row.document, kind=DocumentKind.CREDIT_NOTE)
        issue(draft_id=draft.pk, by=by.pk, now=now)
        record_payment(
            document=row.document, amount=-row.amount, means=Means(means), received_on=today, by=by.pk, now=now
        )
    row.state, row.reason = DuesState.CANCELLED, reason
    row.ends_on = max(row.starts_on, today)
    row.save()
    _record(row, "cancelled", by.pk)
    changes = sync(hub=row.hub, person_ids=[row.person_id])
    return affected(changes, by=by, now=now, cancel=cancel_bookings)


# -- Jobs -------------------------------------------------------------------------------------------------------------


def abandon_old(*, now: datetime) -> None:
    """Abandon what was not paid within thirty days of being asked for or announced; who comes back asks again."""
    since = Coalesce("announced_on", TruncDate("updated_at"))
    old = DuesTerm.objects.annotate(since=since).filter(
        state=DuesState.TO_PAY, since__lt=(now - ABANDONED_AFTER).date()
    )
    for term in old.order_by("pk"):
        with transaction.atomic():
            rows = DuesTerm.objects.select_for_update().filter(pk=term.pk, updated_at=term.updated_at)
            if rows.filter(state=DuesState.TO_PAY).update(state=DuesState.ABANDONED, answers={}):
                _record(term, "abandoned", None)


def remind(*, now: datetime) -> None:
    """Remind those whose dues have ended and are not paid again: one mail a period, where the hub wants it."""
    for hub in Hub.objects.filter(dues_terms__isnull=False).exclude(membership_rule__reminds=False).distinct():
        today = now.astimezone(hub.zone).date()
        ended = queries.lapsed(hub, today).filter(ends_on__gte=today - REMINDED_WITHIN, kind__is_active=True)
        for term in ended.filter(person__is_active=True).select_related("person", "kind"):
            dues_mails.write_dues_reminder(term, hub)


# -- Shared -----------------------------------------------------------------------------------------------------------


def _lock(hub: Hub, person: User) -> None:
    lock(LockKind.HUB, [hub.pk])
    limits.lock(Taker.person(person.pk))


def _locked(term: DuesTerm, *states: str) -> DuesTerm:
    """The term as it stands, locked. Raises ValidationError where it is no longer in one of these states."""
    _lock(term.hub, term.person)
    rows = DuesTerm.objects.select_related("hub", "kind__hub", "person", "organisation", "document")
    row = rows.select_for_update(of=["self"]).filter(pk=term.pk, state__in=states).first()
    if row is None:
        raise ValidationError(_("This was answered, paid or abandoned in the meantime."))
    return row


def _save(term: DuesTerm, verb: str, by: int, now: datetime) -> None:
    # Constraints are the last line of defence here: dates follow what is paid, under the locks.
    term.clean_fields(exclude=["hub", "kind", "person", "organisation", "document"])
    term.save()
    _record(term, verb, by)
    if term.state in VALID:
        signals.holders_changed.send(sender=DuesTerm, hub=term.hub, person_ids=[term.person_id], by=by, now=now)


def _record(term: DuesTerm, verb: str, by: int | None) -> None:
    facts = {"state": str(term.state), "amount": str(term.amount), "starts_on": str(term.starts_on)}
    journal.record(f"memberships.dues_{verb}", term, actor_id=by, scope=term.hub, facts=facts)


def _ends(days: Days) -> tuple[date, date | None]:
    return days.first, None if days.last == LAST_DAY else days.last
