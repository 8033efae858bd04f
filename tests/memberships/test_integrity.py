"""`totem verify` finds what the owner of the tables changed of deposits and charged days."""

from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import connection

from tests.factories.accounts import UserFactory
from tests.factories.billing import SellerFactory
from tests.factories.memberships import AgreementFactory
from totem.billing.models import Means
from totem.core import journal, roles
from totem.memberships import integrity
from totem.memberships.actions import deposits
from totem.memberships.actions.monthly_run import run_month, start_run
from totem.memberships.models import AgreementCharge, DepositMovement


def test_verify_finds_deposits_and_charged_days_that_were_changed(committed_db: str) -> None:
    agreement, now = AgreementFactory(), datetime(2026, 3, 1, 9, tzinfo=UTC)
    SellerFactory(organisation=agreement.hub.operator)
    moved = deposits.move_deposit(
        agreement=agreement, kind=DepositMovement.Kind.RECEIVED, amount=Decimal(180), means=Means.CASH,
        moved_on=now.date(), by=UserFactory(), now=now,
    )  # fmt: skip
    deposits.print_receipt(movement=moved, by=UserFactory(), now=now)
    run_month(run=start_run(hub=agreement.hub, month=date(2026, 3, 1), by=UserFactory().pk, now=now), now=now)
    assert AgreementCharge.objects.exists()
    assert [list(one()) for one in (integrity.deposits, integrity.charges)] == [[], []]
    with roles.as_owner(), connection.cursor() as cursor:
        for table in ("memberships_depositmovement", "memberships_depositreceiptprint", "memberships_agreementcharge"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER; GRANT ALL ON {table} TO CURRENT_USER")
        cursor.execute("UPDATE memberships_depositmovement SET amount = 18")
        cursor.execute("UPDATE memberships_agreementcharge SET starts_on = '2026-03-02' WHERE starts_on = '2026-03-01'")
        cursor.execute("DELETE FROM memberships_depositreceiptprint")
    assert len(list(integrity.deposits())) == 2
    journal.record(
        "memberships.aid_attested", agreement.customer, actor_id=None, scope=agreement.hub,
        facts={"number": 1, "amount": "1.00", "sha256": "0"},
    )  # fmt: skip
    assert len(list(integrity.attestations())) == 1  # it is gone
    assert len(list(integrity.charges())) == 1  # an invoice of days that nobody charged
