"""What the database refuses of agreements, dues and credits, whoever writes."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Model

from tests.factories.memberships import AgreementFactory, DuesTermFactory, PlanFactory
from tests.factories.spaces import SpaceFactory
from totem.core import clock
from totem.memberships.models import (
    Agreement,
    AgreementCharge,
    AgreementTerms,
    CreditEntry,
    CreditLot,
    DuesTerm,
    PlanPrice,
)
from totem.spaces.models import Unit

pytestmark = pytest.mark.django_db


def refused(row: Model, constraint: str) -> None:
    """The row is not inserted, because of the constraint."""
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row.save(force_insert=True)


def test_two_prices_of_a_plan_for_one_group_and_period_never_overlap() -> None:
    plan = PlanFactory.create()
    refused(PlanPrice(plan=plan, amount=200, starts_on=date(2026, 7, 1)), "plan_price_once_at_a_time")
    PlanPrice(plan=plan, amount=90, group=4, starts_on=date(2026, 7, 1)).save()  # of another group


def test_two_terms_of_an_agreement_never_overlap_and_a_period_is_charged_once() -> None:
    agreement = AgreementFactory.create()
    terms = AgreementTerms.objects.get()
    terms.pk, terms.starts_on = None, date(2026, 7, 1)
    refused(terms, "terms_once_at_a_time")
    charge = {
        "agreement": agreement,
        "ends_on": date(2026, 1, 31),
        "amount": 180,
        "vat_rate": 20,
        "charged_at": clock.now(),
    }
    AgreementCharge.objects.create(starts_on=date(2026, 1, 1), **charge)
    refused(AgreementCharge(starts_on=date(2026, 1, 31), **charge), "charge_once")


def test_a_desk_is_of_one_agreement_at_a_time_and_of_the_next_the_day_after() -> None:
    space = SpaceFactory.create(kind="fixed_desk")
    unit = Unit.objects.filter(space=space).first() or Unit.objects.create(space=space, number=1)
    held = AgreementFactory.create(hub=space.hub, unit=unit, ends_on=date(2026, 6, 30))
    fields = {"hub": space.hub, "customer": held.customer, "unit": unit, "state": "to_sign"}
    refused(Agreement(starts_on=date(2026, 6, 30), **fields), "agreement_unit_once_at_a_time")
    Agreement(starts_on=date(2026, 7, 1), **fields).save()


def test_a_member_pays_once_for_a_time_and_has_one_attempt() -> None:
    paid = DuesTermFactory.create()
    fields = {"hub": paid.hub, "kind": paid.kind, "person": paid.person, "amount": 30}
    again = DuesTerm(state="exempt", reason="Twice", starts_on=date(2026, 6, 1), **fields)
    refused(again, "dues_once_at_a_time")
    attempt = {"state": "to_pay", "starts_on": date(2027, 1, 1), **fields}
    DuesTerm(**attempt).save()
    refused(DuesTerm(**attempt), "dues_one_attempt_at_a_time")
    refused(DuesTerm(**{**attempt, "state": "paid"}), "dues_paid_by_a_document")


def test_credits_are_never_below_zero_and_their_ledger_only_grows() -> None:
    agreement = AgreementFactory.create()
    lot = CreditLot.objects.create(
        hub=agreement.hub,
        customer=agreement.customer,
        unit="room",
        starts_on=date(2026, 1, 1),
        plan=agreement.terms.get().plan,
        agreement=agreement,
        source="agreement:1:2026-01-01:room",
    )
    entry = {"lot": lot, "at": clock.now()}
    CreditEntry.objects.create(kind="grant", quantity=60, **entry)
    spent = CreditEntry.objects.create(kind="spend", quantity=-60, **entry)
    refused(CreditEntry(kind="spend", quantity=-1, **entry), "never below zero")
    for change in (spent.delete, lambda: CreditEntry.objects.update(at=clock.now() - timedelta(1))):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
