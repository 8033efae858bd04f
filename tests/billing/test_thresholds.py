"""The year's turnover beside the threshold of an exempt seller: warnings at 80 %, at 100 % and over the tolerance."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from tests.billing.test_pages import client_of
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from totem.billing.actions.drafts import draft_about
from totem.billing.actions.issuing import issue
from totem.billing.models import Customer, DocumentKind, IssuedDocument, VatPeriod
from totem.billing.queries import vat_period
from totem.billing.thresholds import Turnover, turnover
from totem.core import clock
from totem.hubs.models import Role

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)


@pytest.fixture
def customer() -> Customer:
    made = CustomerFactory()
    SellerFactory(organisation=made.hub.operator, franchise=True)
    VatPeriod.objects.update(threshold=100)
    return made


def invoice(customer: Customer, price: str, now: datetime = NOW, **fields: Any) -> IssuedDocument:
    draft = DraftFactory(customer=customer, line__unit_price=Decimal(price), **fields)
    return issue(draft_id=draft.pk, by=None, now=now)


def year_of(customer: Customer) -> Turnover:
    seller, day = customer.hub.operator.seller, NOW.date()
    found = turnover(seller, vat_period(seller, day), day)
    assert found
    return found


def test_an_association_owes_vat_from_the_next_month_on(customer: Customer) -> None:
    VatPeriod.objects.update(status="nonprofit")
    invoice(customer, "100.01")
    url = reverse("billing:seller_vat", args=[customer.hub.slug])
    page = " ".join(client_of(customer.hub).get(url).content.decode().split())
    assert "la TVA est due à partir du premier jour du mois suivant" in page
    assert "HT</strong>" in page
    assert "Retirer" not in page, "an invoice used this status"


@pytest.mark.parametrize(
    ("amount", "warning"),
    [
        ("79.99", ""),
        ("80", "80 percent"),
        ("99.99", "80 percent"),
        ("100", "threshold is reached: one"),
        ("100.01", "threshold is passed"),
        ("110", "threshold is passed"),
        ("110.01", "tolerance is passed"),
    ],
)
def test_each_warning_begins_at_its_cent(customer: Customer, amount: str, warning: str) -> None:
    invoice(customer, amount)
    with translation.override("en"):
        said = year_of(customer).warning
    assert warning in said
    assert bool(said) == bool(warning)


def test_credit_notes_replaced_invoices_quotes_deposits_and_other_years_count_once(customer: Customer) -> None:
    invoice(customer, "500", datetime(2025, 12, 31, 12, tzinfo=UTC))
    invoice(customer, "900", kind=DocumentKind.QUOTE)
    replaced = invoice(customer, "60")
    issue(draft_id=draft_about(document=replaced, kind=DocumentKind.CORRECTED).pk, by=None, now=NOW)
    assert year_of(customer).amount == 60
    credited = invoice(customer, "30")
    credit = issue(draft_id=draft_about(document=credited, kind=DocumentKind.CREDIT_NOTE).pk, by=None, now=NOW)
    assert year_of(customer).amount == 60
    issue(draft_id=draft_about(document=credit, kind=DocumentKind.REVERSAL).pk, by=None, now=NOW)
    assert year_of(customer).amount == 90
    deposits = [invoice(customer, "5", kind=DocumentKind.DEPOSIT) for _ in range(2)]
    final = DraftFactory(customer=customer, line__unit_price=20)
    final.deposits.set(deposits)
    issue(draft_id=final.pk, by=None, now=NOW)
    assert year_of(customer).amount == 110


def test_the_thresholds_are_those_of_the_law_unless_the_seller_gives_its_own(customer: Customer) -> None:
    VatPeriod.objects.update(threshold=None)
    found = year_of(customer)
    assert (found.threshold, found.tolerance) == (37_500, 41_250)
    VatPeriod.objects.update(threshold=85_000)
    assert year_of(customer).tolerance == 93_500


def test_managers_see_the_warning_on_the_list_and_the_desk_does_not(customer: Customer) -> None:
    url = reverse("billing:documents", args=[customer.hub.slug])
    invoice(customer, "79.99", clock.now())
    assert "du seuil" not in client_of(customer.hub).get(url).content.decode()
    invoice(customer, "0.01", clock.now())
    shown = client_of(customer.hub).get(url).content.decode()
    assert "80,00" in shown
    assert "du seuil" in shown
    assert "du seuil" not in client_of(customer.hub, Role.DESK).get(url).content.decode()
