"""Erasing a person keeps what was issued; a person exports their invoices."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.billing.actions.issuing import issue
from totem.billing.actions.payments import record_payment
from totem.billing.models import Customer, IssuedDocument, Means

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)


@pytest.fixture
def paid() -> IssuedDocument:
    customer = CustomerFactory(consumer=True, person=UserFactory(), email="somebody@example.org")
    SellerFactory(organisation=customer.hub.operator)
    document = issue(draft_id=DraftFactory(customer=customer).pk, by=None, now=NOW)
    record_payment(document=document, amount=Decimal(5), means=Means.CASH, received_on=NOW.date(), by=None, now=NOW)
    return document


def test_erasing_a_person_keeps_the_invoice_and_its_frozen_buyer(paid: IssuedDocument) -> None:
    person = paid.customer.person
    other = CustomerFactory(consumer=True, person=person)
    DraftFactory(customer=other)
    person_erasing.send(sender=None, person=person, now=NOW)
    left = Customer.objects.get()
    assert (left.pk, left.person, left.email, left.street) == (paid.customer_id, None, "", "")
    buyer = json.loads(IssuedDocument.objects.get().content)["buyer"]
    assert (buyer["name"], buyer["street"]) == (left.name, "2 rue des Jacobins")


def test_a_person_exports_their_invoices(paid: IssuedDocument) -> None:
    answers = personal_data_requested.send(sender=None, person=paid.customer.person)
    given = {name: value for _receiver, answer in answers for name, value in answer.items()}
    assert given["customer_records"][0]["email"] == "somebody@example.org"
    assert [one["reference"] for one in given["invoices"]] == [paid.reference]
