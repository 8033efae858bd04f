"""What the team records about aid: declarations, decisions, attestations, entries in the register."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.models import Customer
from totem.core import journal
from totem.core.files import CheckedFile, store
from totem.core.locks import LockKind, lock
from totem.hubs.models import Hub
from totem.memberships.actions.agreements import record
from totem.memberships.aid.attestations import attestation_content, attestation_pdf
from totem.memberships.aid.mails import write_attestation
from totem.memberships.aid.register import register_due
from totem.memberships.models import (
    AgreementState,
    AgreementTerms,
    AidAttestation,
    AidDecision,
    AidDeclaration,
    AidEntry,
    DeclaredAid,
    Plan,
)
from totem.memberships.periods import Days


@dataclass(frozen=True)
class OtherAid:
    """De minimis aid that somebody else granted, in euros."""

    granted_on: date
    amount: Decimal
    body: str
    measure: str


@transaction.atomic
def declare_aid(
    *,
    customer: Customer,
    aid: Sequence[OtherAid],
    declared_on: date,
    declared_by: str,
    activity: str,
    linked: Sequence[str],
    by: User,
    now: datetime,
) -> AidDeclaration:
    """What the customer declares to have received of others in three years; without `aid`, nothing.

    It takes the place of what was declared before, which is kept. Raises ValidationError.
    """
    lock(LockKind.HUB, [customer.hub_id])
    _not_to_come(customer, "declared_on", declared_on, now)
    if any(one.granted_on > declared_on for one in aid):
        raise ValidationError(_("Aid is declared once it is granted: a day is after that of the declaration."))
    row = AidDeclaration(
        declared_on=declared_on, declared_by=declared_by.strip(), activity=activity.strip().upper(),
        linked=sorted({*linked} - {customer.siren}), **_recorded(customer, by, now),
    )  # fmt: skip
    row.full_clean(exclude=["hub", "customer"])
    row.save(force_insert=True)
    for one in aid:
        DeclaredAid.objects.create(
            declaration=row, granted_on=one.granted_on, amount=one.amount, body=one.body, measure=one.measure
        )
    _record("aid_declared", customer, by, amount=str(sum((one.amount for one in aid), Decimal(0))))
    return row


@transaction.atomic
def decide_aid(
    *,
    customer: Customer,
    plan: Plan,
    kind: AidDecision.Kind,
    reason: str,
    by: User,
    now: datetime,
    legal_basis: str = "",
) -> AidDecision:
    """Why a place of the plan is granted without a declaration, or under which other regime; kept with who and when.

    Another regime holds for agreements that are not signed yet, and for those made from now on: their aid is no de
    minimis aid and counts in no total. Raises ValidationError.
    """
    lock(LockKind.HUB, [customer.hub_id])
    if customer.hub_id != plan.hub_id:
        raise ValueError("The customer is another hub's.")
    row = AidDecision(
        plan=plan, kind=kind, legal_basis=legal_basis.strip(), reason=reason.strip(),
        decided_on=now.astimezone(customer.hub.zone).date(), **_recorded(customer, by, now),
    )  # fmt: skip
    row.full_clean(exclude=["hub", "customer", "plan"])
    row.save(force_insert=True)
    if row.legal_basis:
        unsigned = AgreementTerms.objects.filter(plan=plan, agreement__customer=customer)
        unsigned = unsigned.filter(agreement__state__in=[AgreementState.ASKED, AgreementState.TO_SIGN])
        unsigned.update(other_regime=row.legal_basis, updated_at=now)
    _record("aid_decided", customer, by, kind=str(kind), plan=plan.pk)
    return row


@transaction.atomic
def enter_aid(*, hub: Hub, keys: Collection[str], entered_on: date, by: User, now: datetime) -> int:
    """These rows of what is due (`RegisterRow.key`) are in the central register since that day; returns how many.

    Raises ValidationError where one is not due any more, or its amount has changed.
    """
    lock(LockKind.HUB, [hub.pk])
    today = now.astimezone(hub.zone).date()
    if entered_on > today:
        raise ValidationError({"entered_on": _("This day is still to come.")})
    due = {row.key: row for row in register_due(hub, today)}
    if not keys or set(keys) - due.keys():
        raise ValidationError(_("Choose what was entered: somebody has noted it since, or an amount has changed."))
    for key in sorted(set(keys)):
        row = due[key]
        AidEntry.objects.create(
            agreement=row.agreement, month=row.month, number=row.number, granted_on=row.granted_on, amount=row.amount,
            entered_on=entered_on, recorded_at=now, recorded_by=by.pk,
        )  # fmt: skip
        record("aid_entered", row.agreement, by.pk, month=str(row.month), amount=str(row.amount))
    return len(set(keys))


def attest_aid(*, customer: Customer, days: Days, by: User, now: datetime) -> AidAttestation:
    """Tell the customer in writing of its aid of these days: the PDF is drawn, kept as it is, and mailed.

    Raises ValidationError for days to come, without aid or of more than three years, without a seller, or where it
    changed while it was drawn; RenderingBusy, RenderingFailed.
    """
    content = attestation_content(customer, days, now)
    pdf = attestation_pdf(customer, content)
    with transaction.atomic():
        lock(LockKind.HUB, [customer.hub_id])
        if attestation_content(customer, days, now) != content:
            raise ValidationError(_("It changed while the attestation was drawn: issue it again."))
        file = store(CheckedFile("attestation.pdf", "application/pdf", len(pdf), sha256(pdf).hexdigest(), pdf))
        row = AidAttestation.objects.create(
            number=content.number, starts_on=days.first, ends_on=days.last, amount=content.amount,
            total=content.total.total, file=file, **_recorded(customer, by, now),
        )  # fmt: skip
        _record("aid_attested", customer, by, number=row.number, amount=str(row.amount), sha256=file.pk)
        write_attestation(row, file)
    return row


def _recorded(customer: Customer, by: User, now: datetime) -> dict[str, Any]:
    return {"hub": customer.hub, "customer": customer, "recorded_at": now, "recorded_by": by.pk}


def _record(verb: str, customer: Customer, by: User, **facts: object) -> None:
    journal.record(f"memberships.{verb}", customer, actor_id=by.pk, scope=customer.hub, facts=facts)


def _not_to_come(customer: Customer, name: str, day: date, now: datetime) -> None:
    if day > now.astimezone(customer.hub.zone).date():
        raise ValidationError({name: _("This day is still to come.")})
