"""What the team records about aid: declarations, decisions, attestations, entries in the register."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.models import Customer
from totem.core import journal
from totem.core.locks import LockKind, lock
from totem.memberships.models import AgreementState, AgreementTerms, AidDecision, AidDeclaration, DeclaredAid, Plan


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


def _recorded(customer: Customer, by: User, now: datetime) -> dict[str, Any]:
    return {"hub": customer.hub, "customer": customer, "recorded_at": now, "recorded_by": by.pk}


def _record(verb: str, customer: Customer, by: User, **facts: object) -> None:
    journal.record(f"memberships.{verb}", customer, actor_id=by.pk, scope=customer.hub, facts=facts)


def _not_to_come(customer: Customer, name: str, day: date, now: datetime) -> None:
    if day > now.astimezone(customer.hub.zone).date():
        raise ValidationError({name: _("This day is still to come.")})
