"""Passes sold at the desk in three fields, and ordered on line: the credits come with the invoice, once."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from tests.billing.test_drawing import problems
from tests.factories.accounts import UserFactory
from tests.factories.billing import SellerFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.memberships import PlanFactory
from totem.billing import facturx
from totem.billing.actions.issuing import issue
from totem.billing.models import Draft, IssuedDocument, Means, Payment
from totem.billing.queries import with_balance
from totem.hubs.models import Hub
from totem.memberships.actions import passes
from totem.memberships.actions.passes import PassBuyer
from totem.memberships.models import CreditEntry, CreditLot, PlanPrice
from totem.memberships.queries import credits as credit_queries
from totem.memberships.queries.credits import Spender

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 10, 12, 8, tzinfo=UTC)


@pytest.fixture
def price() -> PlanPrice:
    """Ten days for 90 €, in a hub that charges VAT."""
    plan = PlanFactory.create(a_pass=True, name="Carnet de dix jours")
    SellerFactory.create(organisation=plan.hub.operator)
    return PlanPrice.objects.get()


def sell(client: Client, hub: Hub, price: PlanPrice, who: str, **wrong: Any) -> Any:
    page = f"/lieux/{hub.slug}/forfaits/vendre/"
    return client.post(page, {"who": who, "price": price.pk, "means": "cash", **wrong}, follow=True)


def test_three_fields_sell_a_pass_that_is_paid_invoiced_and_can_be_used(client: Client, price: PlanPrice) -> None:
    hub = price.plan.hub
    client.force_login(TeamMemberFactory(hub=hub).person)
    known = UserFactory(email="ines@example.org", name="Inès Petit")
    for who in ("Ana Lopez", "Ana Lopez", "Bob Martin BOB@example.org", "bob@example.org", "ines@example.org"):
        answer = sell(client, hub, price, who)
        assert "Reçu" in answer.content.decode(), who
    documents = list(with_balance(IssuedDocument.objects.order_by("pk")))
    assert [(one.customer.name, one.gross, one.balance) for one in documents] == [
        ("Ana Lopez", 90, 0),
        ("Ana Lopez", 90, 0),
        ("Bob Martin", 90, 0),
        ("Bob Martin", 90, 0),
        ("Inès Petit", 90, 0),
    ]
    assert len({one.customer_id for one in documents}) == 4  # two of one name may be two people
    assert {payment.means for payment in Payment.objects.all()} == {"cash"}
    [balance] = credit_queries.balances(Spender(hub, known), documents[0].issued_on)
    assert (balance.unit, balance.words) == ("day", "10 jours")
    bob = Spender(hub, guest="bob@example.org")
    assert credit_queries.left(credit_queries.spendable(bob, "day", documents[0].issued_on)) == 40


def test_what_is_wrong_is_said_and_nothing_is_written(client: Client, price: PlanPrice) -> None:
    hub = price.plan.hub
    client.force_login(TeamMemberFactory(hub=hub).person)
    other = PlanFactory.create(a_pass=True).prices.get()
    for sold, who, means in (
        (price, "", "cash"),
        (price, "x@y", "cash"),
        (other, "Ana", "cash"),
        (price, "Ana", "gold"),
    ):
        assert sell(client, hub, sold, who, means=means).status_code == 422, (who, means)
    PlanPrice.objects.update(ends_on=date(2021, 1, 1))
    past = PlanPrice.objects.get(pk=price.pk)
    with pytest.raises(ValidationError):
        passes.sell(price=past, buyer=PassBuyer("Ana"), means=Means.CASH, by=UserFactory(), now=NOW)
    assert not IssuedDocument.objects.exists()
    assert not Draft.objects.exists()
    assert not CreditLot.objects.exists()


def test_a_hub_that_cannot_invoice_sells_none(client: Client) -> None:
    price = PlanFactory.create(a_pass=True).prices.get()
    client.force_login(TeamMemberFactory(hub=price.plan.hub).person)
    assert "d’abord qui vend" in sell(client, price.plan.hub, price, "Ana").content.decode()
    assert not CreditLot.objects.exists()


def test_the_invoice_of_a_consumer_without_an_address_is_sound(price: PlanPrice) -> None:
    document = passes.sell(
        price=price, buyer=PassBuyer("Ana", "ana@example.org"), means=Means.CASH, by=UserFactory(), now=NOW
    )
    assert facturx.is_electronic(json.loads(document.content))
    assert problems(document) == []


def test_what_is_ordered_on_line_comes_with_its_invoice_once(price: PlanPrice) -> None:
    person = UserFactory()
    for _ in range(2):
        passes.order(price=price, person=person, now=NOW)
    assert passes.grant_invoiced(now=NOW) == 0
    draft = Draft.objects.get(customer__person=person)
    assert sum(line.gross for line in draft.lines.all()) == 180
    issue(draft_id=draft.pk, by=None, now=NOW)
    assert [passes.grant_invoiced(now=NOW) for _ in range(2)] == [2, 0]
    assert [lot.left for lot in CreditLot.objects.with_left()] == [20, 20]
    assert CreditLot.objects.first().ends_on == date(2027, 10, 11)  # type: ignore[union-attr]
    assert CreditEntry.objects.count() == 2


def test_only_the_team_of_the_hub_sells(client: Client, price: PlanPrice) -> None:
    client.force_login(TeamMemberFactory(hub=HubFactory()).person)
    assert sell(client, price.plan.hub, price, "Ana").status_code == 404
