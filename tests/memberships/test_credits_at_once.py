"""Credits that several spend at the same moment."""

from datetime import UTC, date, datetime

from tests.concurrency import outcomes_at_once
from tests.factories.memberships import AgreementFactory
from totem.memberships.actions import credits as ledger
from totem.memberships.models import CreditLot
from totem.memberships.queries.credits import Spender, spendable

NOW = datetime(2026, 10, 12, 8, tzinfo=UTC)


def test_the_last_hour_is_spent_once_and_a_month_is_given_once(committed_db: None) -> None:
    agreement = AgreementFactory.create()
    spender = Spender(agreement.hub, agreement.customer.person)
    assert outcomes_at_once(*[lambda: ledger.grant_due(agreement=agreement, now=NOW)] * 3) == {"done": 3}
    assert [lot.left for lot in CreditLot.objects.with_left()] == [600] * 3
    october = spendable(spender, "room", date(2026, 10, 12))
    ledger.spend(lots=october, quantity=540, source="booking:1", now=NOW)

    def spend() -> None:
        ledger.spend(lots=october.all(), quantity=60, source="booking:2", now=NOW)

    assert outcomes_at_once(*[spend] * 4) == {"done": 1, "NotEnoughCreditsError": 3}
    assert [lot.left for lot in CreditLot.objects.in_order().with_left()] == [0, 600, 600]
