"""`totem verify` finds what the owner of the tables changed behind their triggers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connection

from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from totem.billing import integrity
from totem.billing.actions.issuing import issue
from totem.billing.actions.payments import close_month, record_payment
from totem.billing.models import Means
from totem.core import chain, roles

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
REWRITTEN = "content || ' '"


def rewrite(table: str, change: str) -> None:
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER; GRANT ALL ON {table} TO CURRENT_USER")
        cursor.execute(f"UPDATE {table} SET {change}")  # noqa: S608 - from this file


def test_what_was_changed_behind_the_triggers_is_found(committed_db: str) -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator)
    document = issue(draft_id=DraftFactory(customer=customer).pk, by=None, now=NOW)
    record_payment(document=document, amount=Decimal(5), means=Means.CASH, received_on=NOW.date(), by=None, now=NOW)
    close_month(seller=document.seller, month=NOW.date().replace(day=1), by=None, now=NOW + timedelta(days=1))
    checks = (integrity.documents, integrity.numbers, integrity.payments)
    assert [list(one()) for one in checks] == [[], [], []]
    digest = f"encode(sha256(convert_to({REWRITTEN}, 'UTF8')), 'hex')"
    rewrite("billing_issueddocument", f"content = {REWRITTEN}, sha256 = {digest}, number = 2")
    rewrite("billing_payment", "amount = 4")
    rewrite("billing_closedmonth", 'content = content || \'{"paid": "4.00"}\'')
    assert [len(list(one())) for one in checks] == [1, 1, 2]
    rewrite("core_chainlink", "content = replace(content, '5.00', '4.00')")
    assert len(chain.verify(f"billing:{document.seller_id}")) == 2
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM billing_payment")
    assert any("no row" in problem for problem in integrity.payments())
