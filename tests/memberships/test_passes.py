"""Passes sold at the desk in three fields, and ordered on line: the credits come with the invoice, once."""

import functools
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
from tests.factories.spaces import PriceFactory, SpaceFactory
from totem.billing import facturx
from totem.billing.actions.drafts import draft_about
from totem.billing.actions.issuing import issue
from totem.billing.models import DocumentKind, Draft, IssuedDocument, Means, Payment
from totem.billing.queries import with_balance
from totem.bookings import actions
from totem.bookings.models import Booking
from totem.core import clock
from totem.core.periods import Period
from totem.hubs.models import Hub, Role
from totem.memberships.actions import credits as ledger
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


def sell(client: Client, hub: Hub, price: PlanPrice, who: str, *, page: str = "forfaits/vendre", **wrong: Any) -> Any:
    return client.post(
        f"/lieux/{hub.slug}/{page}/", {"who": who, "price": price.pk, "means": "cash", **wrong}, follow=True
    )


def test_three_fields_sell_a_pass_that_is_paid_invoiced_and_can_be_used(client: Client, price: PlanPrice) -> None:
    hub = price.plan.hub
    client.force_login(TeamMemberFactory(hub=hub).person)
    known = UserFactory(email="ines@example.org", name="Inès Petit")
    for who in ("Bob Martin BOB@example.org", "bob@example.org", "ines@example.org"):
        answer = sell(client, hub, price, who)
        assert "Reçu" in answer.content.decode(), who
    documents = list(with_balance(IssuedDocument.objects.order_by("pk")))
    assert [(one.customer.name, one.gross, one.balance) for one in documents] == [
        ("Bob Martin", 90, 0),
        ("Bob Martin", 90, 0),
        ("Inès Petit", 90, 0),
    ]
    assert {payment.means for payment in Payment.objects.all()} == {"cash"}
    [balance] = credit_queries.balances(Spender(hub, known), documents[0].issued_on)
    assert (balance.unit, balance.words) == ("day", "10 jours")
    bob = Spender(hub, guest="bob@example.org")
    assert credit_queries.left(credit_queries.spendable(bob, "day", documents[0].issued_on)) == 40


def test_a_form_sent_twice_sells_once(client: Client, price: PlanPrice) -> None:
    hub = price.plan.hub
    client.force_login(TeamMemberFactory(hub=hub).person)
    tokens = [client.get(f"/lieux/{hub.slug}/forfaits/vendre/").context["form"]["token"].value() for _ in range(2)]
    sell(client, hub, price, "ana@example.org", token=tokens[0])
    again = sell(client, hub, price, "ana@example.org", token=tokens[0])
    assert "Cette vente est déjà enregistrée" in again.content.decode()
    assert (IssuedDocument.objects.count(), Payment.objects.count(), CreditLot.objects.count()) == (1, 1, 1)
    assert not Draft.objects.exists()
    sell(client, hub, price, "ana@example.org", token=tokens[1])
    assert IssuedDocument.objects.count() == 2


def test_what_is_wrong_is_said_and_nothing_is_written(client: Client, price: PlanPrice) -> None:
    hub = price.plan.hub
    client.force_login(TeamMemberFactory(hub=hub).person)
    other = PlanFactory.create(a_pass=True).prices.get()
    for sold, who, means in (
        (price, "", "cash"),
        (price, "x@y", "cash"),
        (price, "Ana Lopez", "cash"),  # nobody could use ten days of an unknown address
        (other, "ana@example.org", "cash"),
        (price, "ana@example.org", "gold"),
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
    assert "d’abord qui vend" in sell(client, price.plan.hub, price, "ana@example.org").content.decode()
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


def test_a_credit_note_takes_back_its_share_of_what_is_left_says_what_was_spent_and_its_reversal_gives_it_again(
    client: Client, price: PlanPrice
) -> None:
    """Ten days for 90 €, of which six are spent; in half-days 20, 12 and 8."""
    by = TeamMemberFactory(hub=price.plan.hub).person
    client.force_login(by)
    document = passes.sell(price=price, buyer=PassBuyer("Ana", "ana@example.org"), means=Means.CASH, by=by, now=NOW)
    lots = CreditLot.objects.with_left()
    ledger.spend(lots=CreditLot.objects.in_order(), quantity=12, source="booking:1", now=NOW)

    def follow(document: IssuedDocument, kind: DocumentKind, amount: int) -> IssuedDocument:
        draft = draft_about(document=document, kind=kind)
        draft.lines.update(unit_price=amount)
        page = client.get(f"/lieux/{price.plan.hub.slug}/facturation/brouillons/{draft.pk}/verifier/")
        shown.append(page.context["taken_back"])
        return issue(draft_id=draft.pk, by=by.pk, now=NOW)

    shown: list[list[str]] = []
    left: list[int] = []
    last = document
    for kind, about, amount in (
        (DocumentKind.CREDIT_NOTE, document, 9),
        (DocumentKind.CREDIT_NOTE, document, 81),
        (DocumentKind.REVERSAL, None, 81),
        (DocumentKind.CREDIT_NOTE, document, 18),
    ):
        last = follow(about or last, kind, amount)
        left.append(lots.get().left)
    assert left == [6, 0, 6, 2]
    assert shown == [
        ["Carnet de dix jours\xa0: à reprendre, 1 jour."],
        ["Carnet de dix jours\xa0: à reprendre, 3 jours\u202f; déjà utilisé ou échu, et donc non repris, 6 jours."],
        [],
        ["Carnet de dix jours\xa0: à reprendre, 2 jours."],
    ]
    entries = CreditEntry.objects.filter(kind="correct").values_list("quantity", "by", "reason")
    assert [(quantity, who) for quantity, who, _reason in entries] == [
        (-2, by.pk),
        (-6, by.pk),
        (6, by.pk),
        (-4, by.pk),
    ]
    assert entries[1][2] == "A2026-000002"


def test_a_pass_that_is_credited_before_its_credits_came_brings_none(price: PlanPrice) -> None:
    passes.order(price=price, person=UserFactory(), now=NOW)
    document = issue(draft_id=Draft.objects.get().pk, by=None, now=NOW)
    issue(draft_id=draft_about(document=document, kind=DocumentKind.CREDIT_NOTE).pk, by=None, now=NOW)
    passes.grant_invoiced(now=NOW)
    assert CreditLot.objects.with_left().get().left == 0


def test_only_the_team_of_the_hub_sells(client: Client, price: PlanPrice) -> None:
    client.force_login(TeamMemberFactory(hub=HubFactory()).person)
    for page in ("forfaits/vendre", "accueil/recevoir"):
        assert sell(client, price.plan.hub, price, "ana@example.org", page=page).status_code == 404


def test_three_fields_at_the_desk_sell_a_day_spend_it_and_check_in(
    client: Client, price: PlanPrice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At ten on a Monday, a day at 12 €; three desks at 5 € an hour."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    hub = price.plan.hub
    desks = SpaceFactory.create(hub=hub, pool=True, max_minutes=60 * 14)
    PriceFactory.create(space=desks, per=60, amount=5)
    day = PlanFactory.create(hub=hub, a_pass=True, price__amount=12, benefit__quantity=2, valid_days=1).prices.get()
    client.force_login(TeamMemberFactory(hub=hub, role=Role.DESK).person)
    known = UserFactory(email="ines@example.org", name="Inès Petit")
    receive: Any = functools.partial(sell, client, hub, page="accueil/recevoir")
    assert receive(price, "Ana Lopez").status_code == 422  # nine days would be left to nobody
    assert "Ana Lopez" in receive(day, "Ana Lopez").content.decode()
    assert receive(day, "Ana Lopez").status_code == 422  # sent twice
    assert receive(price, "ines@example.org").status_code == 200
    ana, ines = Booking.objects.order_by("pk")
    for booking in (ana, ines):
        assert (booking.price, booking.credits_spent, booking.credit_unit) == (0, 2, "day")
        assert booking.checked_in_at
        assert booking.ends_at.astimezone(hub.zone).hour == 19  # the doors close
    assert ines.person == known
    assert [document.gross for document in IssuedDocument.objects.order_by("pk")] == [12, 90]
    assert {payment.means for payment in Payment.objects.all()} == {"cash"}
    assert [lot.left for lot in CreditLot.objects.order_by("pk").with_left()] == [0, 18]
    ana = actions.undo_check_in(booking=ana, by=known)
    shorter = Period(ana.starts_at, ana.ends_at - desks.step)
    moved = actions.move(booking=ana, space=desks, period=shorter, by=None, now=NOW, by_team=True)
    assert (moved.price, moved.credits_spent) == (0, 2)  # a guest without an address keeps their pass
    receive(day, "Third")
    assert "Aucun poste" in receive(day, "Fourth").content.decode()
    assert IssuedDocument.objects.count() == 3
