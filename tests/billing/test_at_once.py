"""Several who issue, pay and close at the same moment."""

from datetime import UTC, datetime

from tests.concurrency import at_once
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from totem.billing.actions.issuing import issue
from totem.billing.models import IssuedDocument

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)


def test_clients_who_issue_at_once_leave_no_gap(committed_db: None) -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator)
    drafts = [DraftFactory(customer=customer).pk for _ in range(8)]
    found = at_once(*(lambda pk=pk: issue(draft_id=pk, by=None, now=NOW) for pk in drafts))  # type: ignore[misc]
    assert sorted(one.number for one in found if isinstance(one, IssuedDocument)) == list(range(1, 9)), found
