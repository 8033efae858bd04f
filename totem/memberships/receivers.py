"""Receivers of the signals about people. What an erased person's customer had stays, without their name."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.dispatch import receiver

from totem.accounts.models import User
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.billing.models import Draft
from totem.billing.signals import credit_shown, credited, crediting, drawer_cash_asked
from totem.hubs.models import Hub
from totem.memberships.actions import crediting as credit_notes
from totem.memberships.actions import standing
from totem.memberships.actions.erasing import leave_memberships
from totem.memberships.domiciliation.queries import export_of
from totem.memberships.models import (
    Admission,
    AgreementSeat,
    AidAttestation,
    AidDeclaration,
    CreditEntry,
    DuesTerm,
    PlaceRequest,
)
from totem.memberships.queries.deposits import cash_since
from totem.memberships.signals import holders_changed


@receiver(holders_changed, dispatch_uid="memberships.standing")
def write_memberships(hub: Hub, person_ids: Collection[int], **_kwargs: object) -> list[standing.Shortened]:
    """Write who is a member from now on; returns the memberships that end earlier than before."""
    return standing.sync(hub=hub, person_ids=person_ids)


@receiver(drawer_cash_asked, dispatch_uid="memberships.deposits")
def give_deposits_in_cash(hub: Hub, since: int, **_kwargs: object) -> Decimal:
    """The security deposits in the drawer: what was taken in cash since, less what was given back."""
    return cash_since(hub, since)


@receiver(credit_shown, dispatch_uid="memberships.credit_shown")
def say_credits_taken_back(draft: Draft, **_kwargs: object) -> list[str]:
    """What a credit note takes back of the passes of its invoice."""
    return credit_notes.credit_words(draft)


@receiver(crediting, dispatch_uid="memberships.crediting")
def lock_credits(invoices: Collection[int], **_kwargs: object) -> None:
    """Lock the credits that these invoices gave."""
    credit_notes.lock_credited(invoices=invoices)


@receiver(credited, dispatch_uid="memberships.credited")
def take_credits_back(references: Mapping[int, str], by: int | None, now: datetime, **_kwargs: object) -> None:
    """Take back the credits of passes that are credited, or give them again."""
    credit_notes.follow_credit_notes(references=references, by=by, now=now)


@receiver(person_erasing, dispatch_uid="memberships.leave")
def leave_when_erased(person: User, now: datetime, **_kwargs: object) -> None:
    """An erased person is a member of nothing from the next day on, and what they answered on joining is deleted."""
    leave_memberships(person=person, now=now)


@receiver(personal_data_requested, dispatch_uid="memberships.memberships")
def give_memberships(person: User, **_kwargs: object) -> dict[str, Any]:
    """What makes the person a member: dues with their answers, seats, what teams gave; the places they wait for."""
    terms = DuesTerm.objects.filter(person=person).select_related("hub", "kind", "organisation").order_by("pk")
    seats = AgreementSeat.objects.filter(person=person).select_related("agreement__hub").order_by("pk")
    return {
        "dues": [
            {
                "hub": row.hub.name,
                "kind": row.kind.name,
                "organisation": row.organisation.name if row.organisation else "",
                "state": row.state,
                "amount": str(row.amount),
                "answers": row.answers,
                "reason": row.reason,
                **_dates(row),
            }
            for row in terms
        ],
        "agreement_seats": [{"hub": row.agreement.hub.name, **_dates(row)} for row in seats],
        "waiting_for_a_place": [
            {
                "hub": row.plan.hub.name,
                "plan": row.plan.name,
                "since": row.created_at.isoformat(),
                "offered": row.offered_at.isoformat() if row.offered_at else None,
            }
            for row in PlaceRequest.objects.filter(person=person).select_related("plan__hub").order_by("pk")
        ],
        "admissions": [
            {"hub": row.hub.name, **_dates(row)}
            for row in Admission.objects.filter(person=person).select_related("hub").order_by("pk")
        ],
    }


@receiver(personal_data_requested, dispatch_uid="memberships.domiciliation")
def give_domiciliation(person: User, **_kwargs: object) -> dict[str, Any]:
    """The files of domiciliation of the person's agreements; checks against money laundering are not theirs to read."""
    return {"domiciliation": export_of(person)}


def _dates(row: DuesTerm | AgreementSeat | Admission | AidAttestation) -> dict[str, str | None]:
    return {"from": row.starts_on.isoformat(), "until": row.ends_on.isoformat() if row.ends_on else None}


@receiver(personal_data_requested, dispatch_uid="memberships.aid")
def give_aid(person: User, **_kwargs: object) -> dict[str, Any]:
    """What the person declared of aid and the attestations that they were given; both stay when they are erased.

    The records of de minimis aid are kept for ten years (Regulation (EU) 2023/2831, article 6).
    """
    declarations = AidDeclaration.objects.filter(customer__person=person).select_related("hub").prefetch_related("aid")
    attested = AidAttestation.objects.filter(customer__person=person).select_related("hub")
    return {
        "aid_declared": [
            {
                "hub": row.hub.name,
                "on": row.declared_on.isoformat(),
                "by": row.declared_by,
                "aid": [
                    {
                        "on": one.granted_on.isoformat(),
                        "amount": str(one.amount),
                        "body": one.body,
                        "measure": one.measure,
                    }
                    for one in row.aid.all()
                ],
            }
            for row in declarations
        ],
        "aid_attested": [{"hub": row.hub.name, "amount": str(row.amount), **_dates(row)} for row in attested],
    }


@receiver(personal_data_requested, dispatch_uid="memberships.credits")
def give_credits(person: User, **_kwargs: object) -> dict[str, Any]:
    """Each entry of the person's credits; what was spent names its booking by its number ("booking:42")."""
    entries = CreditEntry.objects.filter(lot__customer__person=person).select_related("lot__hub").order_by("pk")
    return {
        "credits": [
            {
                "hub": entry.lot.hub.name,
                "unit": entry.lot.unit,
                "lot": entry.lot.source,
                "kind": entry.kind,
                "quantity": entry.quantity,
                "at": entry.at.isoformat(),
                "source": entry.source,
                "reason": entry.reason,
            }
            for entry in entries
        ]
    }
