"""The demonstration's year of invoices: of invented sellers, in order, and sound whatever the day it is loaded."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import Min, Sum

from totem.billing import integrity
from totem.billing.models import ClosedMonth, Customer, CustomerKind, Draft, DrawerCount, IssuedDocument, Seller
from totem.billing.queries import overdue, with_balance
from totem.core.chain import problems
from totem.core.demonstration import InventedWorld, load
from totem.core.periods import months_before
from totem.hubs.models import Hub
from totem.memberships.integrity import members
from totem.memberships.models import Agreement, MonthlyRun
from totem.memberships.queries.monthly_run import preview

pytestmark = pytest.mark.django_db

DEMO = Path(settings.BASE_DIR) / "demo"
LEAP_NIGHT = datetime(2028, 2, 29, 0, 5, tzinfo=UTC)


def test_a_year_of_invoices_of_two_invented_sellers(tmp_path: Path) -> None:
    rooms = ("territories", "bookings", "observatory", "labels", "le-havre.toml", "rouen.toml")
    folder = shutil.copytree(DEMO, tmp_path / "demo", ignore=shutil.ignore_patterns(*rooms))
    world = InventedWorld(folder=folder, now=LEAP_NIGHT)
    today = world.today
    load(world)

    sellers = Seller.objects.select_related("organisation")
    assert {seller.vat_periods.get().status for seller in sellers} == {"taxable", "nonprofit"}
    for row in (*sellers, *Customer.objects.exclude(siren="")):
        assert row.siren.startswith("9999")
    assert all("(démonstration)" in seller.name for seller in sellers)

    documents = IssuedDocument.objects.order_by("pk")
    kinds = set(documents.values_list("kind", flat=True))
    assert kinds == {"quote", "invoice", "deposit", "credit", "corrected"}
    assert set(documents.values_list("customer__kind", flat=True)) == set(CustomerKind.values)
    for seller in sellers:
        days = list(documents.filter(seller=seller).values_list("issued_on", flat=True))
        assert days == sorted(days)
        assert (today - days[0]).days > 330
    late = overdue(documents.filter(run_item=None), today)
    assert sorted(late.values_list("balance", flat=True)) == [60, 70, 520]
    deducting = with_balance(documents.filter(deductions__isnull=False)).get()
    assert (deducting.gross, deducting.deducted, deducting.balance) == (1200, 360, 0)
    for found in (integrity.documents(), integrity.numbers(), integrity.payments(), problems()):
        assert not list(found)

    this_month = today.replace(day=1)
    assert all((this_month - closed.month).days > 31 for closed in ClosedMonth.objects.all())
    assert ClosedMonth.objects.count() in range(20, 24)
    assert DrawerCount.objects.aggregate(short=Sum("counted") - Sum("expected"))["short"] == -2.5
    assert Draft.objects.exists()

    _assert_the_first_of_the_month_has_work(today)
    assert not load(world).is_new
    assert documents.aggregate(first=Min("pk"))["first"] == documents.first().pk


def _assert_the_first_of_the_month_has_work(today: date) -> None:
    """The months before are invoiced, this one is not, and some of what it would invoice a person would look at."""
    for seller in Seller.objects.all():
        month, hub = today.replace(day=1), Hub.objects.get(operator=seller.organisation)
        runs = list(MonthlyRun.objects.filter(hub=hub).values_list("month", flat=True))
        assert runs == [months_before(month, ago) for ago in (1, 2, 3)]
        rows = preview(hub, month)
        assert len(rows) > 8
        assert any(row.odd for row in rows)
        states = set(Agreement.objects.filter(hub=hub).values_list("state", flat=True))
        assert states == {"asked", "to_sign", "active"}
    assert not list(members())
