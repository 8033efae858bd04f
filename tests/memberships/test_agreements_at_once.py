"""The last desk, asked for by three at the same time."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory
from tests.factories.memberships import PlanFactory
from totem.memberships.actions.agreements import ChosenTerms, make_agreement
from totem.memberships.models import Agreement, AgreementTerms


@pytest.mark.usefixtures("committed_db")
def test_three_at_once_for_the_last_desk_are_one() -> None:
    plan, by = PlanFactory(capacity=1), UserFactory()
    chosen = ChosenTerms(plan, group=0, months=1, starts_on=date(2026, 4, 1))
    customers = [CustomerFactory(consumer=True, hub=plan.hub, person=UserFactory()) for _ in range(3)]
    now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    making = [
        lambda customer=customer: make_agreement(customer=customer, chosen=chosen, by=by, now=now)
        for customer in customers
    ]
    assert outcomes_at_once(*making) == {"done": 1, "PlanFullError": 2}
    assert Agreement.objects.count() == AgreementTerms.objects.filter(amount=Decimal(180)).count() == 1
