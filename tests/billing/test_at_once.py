"""Several who issue, pay and close at the same moment, and a connection that is lost."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction

from tests.concurrency import at_once, outcomes_at_once
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from totem.billing.actions.collecting import export_amounts
from totem.billing.actions.issuing import issue, issue_all
from totem.billing.actions.payments import close_month, record_payment
from totem.billing.collecting import to_collect
from totem.billing.models import (
    ClosedMonth,
    CollectionExport,
    Customer,
    DocumentKind,
    Draft,
    IssuedDocument,
    Means,
    Payment,
    VatStatus,
)
from totem.billing.queries import with_balance

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 10, tzinfo=UTC)
Action = Callable[[], object]


@pytest.fixture
def customer(committed_db: None) -> Customer:
    made = CustomerFactory()
    SellerFactory(organisation=made.hub.operator)
    return made


def issuing(draft: Draft, now: datetime = NOW) -> Action:
    return lambda: issue(draft_id=draft.pk, by=None, now=now)


def paying(document: IssuedDocument, amount: str, now: datetime = NOW) -> Action:
    return lambda: record_payment(
        document=document, amount=Decimal(amount), means=Means.CASH, received_on=NOW.date(), by=None, now=now
    )


def invoice(customer: Customer) -> IssuedDocument:
    return issue(draft_id=DraftFactory(customer=customer).pk, by=None, now=NOW)


def about(document: IssuedDocument, kind: DocumentKind) -> Draft:
    cited = document.lines.get() if kind == DocumentKind.CREDIT_NOTE else None
    return DraftFactory(customer=document.customer, kind=kind, about=document, line__about_line=cited)


def numbers(kind: str = "invoice") -> list[int]:
    return sorted(IssuedDocument.objects.filter(kind=kind).values_list("number", flat=True))


def test_clients_who_issue_at_once_leave_no_gap(customer: Customer) -> None:
    outcomes_at_once(*(issuing(DraftFactory(customer=customer)) for _ in range(8)))
    assert numbers() == list(range(1, 9))


def test_runs_and_clients_at_once_issue_each_draft_once_without_gap(customer: Customer) -> None:
    drafts = [DraftFactory(customer=customer) for _ in range(30)]
    ids = [draft.pk for draft in drafts]
    runs: list[Action] = [
        lambda: issue_all(draft_ids=ids[:20], by=None, now=NOW),
        lambda: issue_all(draft_ids=ids[:9:-1], by=None, now=NOW),
    ]
    found = outcomes_at_once(*runs, *map(issuing, [drafts[0], drafts[15], drafts[29], drafts[0]]))
    assert set(found) <= {"done", "DoesNotExist"}
    assert numbers() == list(range(1, 31))
    assert not Draft.objects.exists()


def test_a_draft_issued_twice_at_once_is_one_document(customer: Customer) -> None:
    draft = DraftFactory(customer=customer)
    assert outcomes_at_once(*[issuing(draft)] * 4) == {"done": 1, "DoesNotExist": 3}
    assert numbers() == [1]


def test_two_credit_notes_of_the_whole_at_once_are_one(customer: Customer) -> None:
    document = invoice(customer)
    drafts = [about(document, DocumentKind.CREDIT_NOTE) for _ in range(3)]
    assert outcomes_at_once(*map(issuing, drafts)) == {"done": 1, "ValidationError": 2}
    assert with_balance(IssuedDocument.objects.filter(pk=document.pk)).get().balance == 0


def test_a_correction_and_a_credit_note_of_one_invoice_at_once_are_one_of_them(customer: Customer) -> None:
    document = invoice(customer)
    drafts = [about(document, kind) for kind in (DocumentKind.CORRECTED, DocumentKind.CREDIT_NOTE)]
    assert outcomes_at_once(*map(issuing, drafts)) == {"done": 1, "ValidationError": 1}
    assert document.followed_by.count() == 1


def test_refunds_at_once_give_back_no_more_than_was_received(customer: Customer) -> None:
    document = invoice(customer)
    paying(document, "12.00")()
    assert outcomes_at_once(*[paying(document, "-5.00")] * 4) == {"done": 2, "ValidationError": 2}
    assert sum(Payment.objects.values_list("amount", flat=True)) == 2


def test_a_payment_and_the_end_of_its_month_at_once_agree(customer: Customer) -> None:
    """What was accepted is in the month's totals; what came after is refused."""
    document = invoice(customer)
    closing: Action = lambda: close_month(seller=document.seller, month=date(2026, 11, 1), by=None, now=DECEMBER)  # noqa: E731
    found = at_once(*[paying(document, "1.00", DECEMBER)] * 3, closing, *[paying(document, "1.00", DECEMBER)] * 3)
    accepted = sum(isinstance(one, Payment) for one in found)
    assert Payment.objects.count() == accepted
    assert Decimal(ClosedMonth.objects.get().content["paid"]) == accepted


def test_a_connection_lost_before_the_commit_leaves_no_gap(customer: Customer) -> None:
    lost, kept, also_lost = (DraftFactory(customer=customer) for _ in range(3))

    @transaction.atomic
    def issue_and_lose_the_connection() -> None:
        made = issue_all(draft_ids=[lost.pk, also_lost.pk], by=None, now=NOW).documents
        assert [document.number for document in made.values()] == [1, 2]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert outcomes_at_once(issue_and_lose_the_connection) == {"OperationalError": 1}
    assert issue(draft_id=kept.pk, by=None, now=NOW).number == 1
    assert issue(draft_id=lost.pk, by=None, now=NOW).number == 2


def test_two_who_export_at_the_same_time_export_once(committed_db: None) -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator, is_regie=True)
    DraftFactory(customer=customer)
    shown = [one.token for one in to_collect(customer.hub, VatStatus.TAXABLE)]
    at_once(*[lambda: export_amounts(hub=customer.hub, tokens=shown, by=1, now=NOW)] * 3)
    assert CollectionExport.objects.count() == 1
