"""Several who issue, pay and close at the same moment."""

from datetime import UTC, datetime

from tests.concurrency import at_once
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from totem.billing.actions.collecting import export_amounts
from totem.billing.actions.issuing import issue
from totem.billing.collecting import to_collect
from totem.billing.models import CollectionExport, IssuedDocument, VatStatus

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)


def test_clients_who_issue_at_once_leave_no_gap(committed_db: None) -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator)
    drafts = [DraftFactory(customer=customer).pk for _ in range(8)]
    found = at_once(*(lambda pk=pk: issue(draft_id=pk, by=None, now=NOW) for pk in drafts))  # type: ignore[misc]
    assert sorted(one.number for one in found if isinstance(one, IssuedDocument)) == list(range(1, 9)), found


def test_two_who_export_at_the_same_time_export_once(committed_db: None) -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator, is_regie=True)
    DraftFactory(customer=customer)
    shown = [one.token for one in to_collect(customer.hub, VatStatus.TAXABLE)]
    at_once(*[lambda: export_amounts(hub=customer.hub, tokens=shown, by=1, now=NOW)] * 3)
    assert CollectionExport.objects.count() == 1
