"""The offers of a hub, for everybody: what one can take, at what price, how many places are left; asking for one."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.billing import SellerFactory
from tests.factories.hubs import HubFactory
from tests.factories.memberships import (
    AgreementFactory,
    DuesKindFactory,
    PlanBenefitFactory,
    PlanFactory,
    PlanPriceFactory,
)
from tests.factories.organisations import AffiliationFactory
from totem.core import clock
from totem.core.models import Mail
from totem.hubs.models import Hub
from totem.memberships.actions.agreements import offer_places
from totem.memberships.models import Agreement, MemberGroup, PlaceRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub() -> Hub:
    hub = HubFactory()
    SellerFactory(organisation=hub.operator)
    return hub


def of(person: Any = None) -> Client:
    client = Client(headers={"accept-language": "fr"})
    if person:
        client.force_login(person)
    return client


def text(response: Any) -> str:
    """The words of a page, without marks and with plain spaces."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).replace(" ", " ").replace(" ", " ").split())


def page(hub: Hub) -> str:
    return reverse("memberships:offers", args=[hub.slug])


def asking(plan: Any) -> str:
    return reverse("memberships:ask", args=[plan.hub.slug, plan.pk])


def key(plan: Any, day: date, amount: str) -> str:
    return f"{plan.prices.order_by('pk').last().pk}:{day}:{amount}"


def test_a_visitor_reads_what_can_be_taken_with_and_without_vat_and_how_many_places_are_left(hub: Hub) -> None:
    full = PlanFactory(hub=hub, name="Poste fixe", capacity=1, deposit=250)
    AgreementFactory(hub=hub, plan=full)
    month = PlanFactory(hub=hub, name="Mois complet", capacity=3, description="Toute la semaine")
    PlanPriceFactory(plan=month, group=MemberGroup.STUDENT, amount=60, minimum=30)
    PlanPriceFactory(plan=month, months=12, amount=1800, starts_on=date(2099, 1, 1))  # to come
    PlanBenefitFactory(plan=month, unit="day", quantity=3, rolls_over=True)
    over = AgreementFactory(hub=hub, plan=month, ends_on=date(2026, 2, 1))
    assert over.ends_on < clock.today()
    PlanFactory(hub=hub, name="Club").reserved_to.add(month)
    PlanFactory(hub=hub, name="Secret", is_public=False)
    PlanFactory(hub=hub, name="Ancien", is_active=False)
    PlanFactory(hub=hub, name="Sans prix", price=None)
    PlanFactory(hub=hub, name="Dix jours", a_pass=True)
    DuesKindFactory(hub=hub, name="Adhésion")
    shown = text(of().get(page(hub)))
    for words in (
        "Par mois 180,00 € TTC (150,00 € HT)", "Étudiant, par mois 60,00 € TTC (50,00 € HT) prix libre, au moins 30",
        "10 h de salle de réunion par mois", "1 jour et demi à un poste par mois, le reste est gardé",
        "préavis de 30 jours", "3 places libres", "Complet : il y a une liste d’attente", "Attendre une place",
        "250,00 €, rendus à la fin", "Réservé à qui a l’une de ces offres : Mois complet", "Dix jours", "90,00 € TTC",
        "10 jours à un poste", "Adhésion", "30,00 € TTC", "Toute la semaine",
    ):  # fmt: skip
        assert words in shown, words
    assert not [words for words in ("Secret", "Ancien", "Sans prix", "1 800,00 €") if words in shown]
    assert "Offres et tarifs" in text(of().get(reverse("website:hub", args=[hub.slug])))


def test_a_hub_without_offers_says_so_and_a_page_costs_the_same_with_more(hub: Hub) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert of().get(page(hub)).status_code == 200
        return len(found)

    assert "Rien n’est proposé ici" in text(of().get(page(hub)))
    assert "Offres et tarifs" not in text(of().get(reverse("website:hub", args=[hub.slug])))
    AgreementFactory(hub=hub, plan=PlanFactory(hub=hub, capacity=2))
    first = queries()
    for _number in range(2):
        plan = PlanFactory(hub=hub, capacity=2)
        AgreementFactory(hub=hub, plan=plan)
        PlaceRequest.objects.create(plan=plan, person=UserFactory())
    assert queries() == first <= 10


def test_what_is_due_first_is_shown_by_the_day_before_anything_is_asked(hub: Hub) -> None:
    plan, person = PlanFactory(hub=hub, deposit=100), UserFactory()
    stranger = of().get(asking(plan))
    assert stranger.url == f"{reverse('account_login')}?next={asking(plan)}"
    client, day = of(person), date(2027, 9, 16)
    assert "100,00 €, rendus à la fin" in text(client.get(asking(plan)))
    data = {"price": plan.prices.get().pk, "starts_on": day, "shown": "another"}
    seen = client.post(asking(plan), data)
    assert (seen.status_code, Agreement.objects.count()) == (200, 0)
    assert "du 16 septembre 2027 au 30 septembre 2027 90,00 € TTC (75,00 € HT)" in text(seen)
    assert "du 1er octobre 2027 au 31 octobre 2027 180,00 € TTC" in text(seen)
    sent = client.post(asking(plan), {**data, "shown": key(plan, day, "180.00")})
    made = Agreement.objects.get()
    assert (sent.status_code, made.state, made.customer.person, made.asked_by) == (302, "asked", person, person)
    again = client.post(asking(plan), {**data, "shown": key(plan, day, "180.00")})
    assert (again.status_code, "Vous l’avez déjà" in text(again)) == (422, True)
    past = clock.today(hub.zone) - timedelta(days=1)
    assert client.post(asking(plan), {**data, "starts_on": past, "shown": key(plan, past, "180.00")}).status_code == 422
    for bad in ({"starts_on": ""}, {"price": "0"}, {"starts_on": "9999-01-01"}, {"starts_on": "2019-01-01"}):
        assert client.post(asking(plan), {**data, **bad}).status_code == 422, bad


def test_a_free_price_has_its_minimum_and_an_organisation_is_asked_for_by_who_books_for_it(hub: Hub) -> None:
    plan = PlanFactory(hub=hub, price__minimum=Decimal(20))
    affiliation, other = AffiliationFactory(can_book=True), AffiliationFactory()
    client, day = of(affiliation.person), clock.today(hub.zone)
    data = {"price": plan.prices.get().pk, "starts_on": day, "organisation": affiliation.organisation_id}
    low = client.post(asking(plan), {**data, "amount": "19", "shown": key(plan, day, "19.00")})
    assert (low.status_code, "moins que le minimum" in text(low)) == (422, True)
    data |= {"amount": "25", "shown": key(plan, day, "25.00")}
    assert client.post(asking(plan), {**data, "organisation": other.organisation_id}).status_code == 422
    assert client.post(asking(plan), data).status_code == 302
    made = Agreement.objects.get()
    assert (made.customer.organisation, made.terms.get().amount) == (affiliation.organisation, 25)


def test_who_asks_for_a_full_plan_waits_and_a_place_that_is_free_is_theirs_by_the_mail(hub: Hub) -> None:
    plan = PlanFactory(hub=hub, capacity=1)
    held, person, now = AgreementFactory(hub=hub, plan=plan), UserFactory(), clock.now()
    PlaceRequest.objects.create(plan=plan, person=UserFactory())
    client, day = of(person), clock.today(hub.zone)
    data = {"price": plan.prices.get().pk, "starts_on": day, "shown": key(plan, day, "180.00")}
    assert "Complet, liste d’attente : 1 personne" in text(client.get(asking(plan)))
    assert client.post(asking(plan), data).status_code == 302
    assert not Agreement.objects.filter(asked_by=person).exists()
    assert "vous êtes n° 2" in text(client.get(asking(plan)))
    PlaceRequest.objects.exclude(person=person).delete()
    held.ends_on = day - timedelta(days=1)
    held.save()
    offer_places(plan=plan, now=now)
    mail = Mail.objects.get(key__startswith="memberships.place_offered:")
    assert asking(plan) in mail.text
    assert "Une place vous est gardée à partir du" in text(client.get(asking(plan)))
    assert "Complet" in text(of(UserFactory()).get(asking(plan)))  # kept for the one who waited
    assert client.post(asking(plan), data).status_code == 302
    assert Agreement.objects.get(asked_by=person).state == "asked"
    assert not PlaceRequest.objects.exists()


def test_one_person_asks_for_a_few_plans_at_once_and_for_none_that_is_not_shown(hub: Hub) -> None:
    client, day = of(UserFactory()), clock.today(hub.zone)

    def ask(plan: Any) -> Any:
        data = {"price": plan.prices.get().pk, "starts_on": day, "shown": key(plan, day, "180.00")}
        return client.post(asking(plan), data)

    answers = [ask(plan) for plan in PlanFactory.create_batch(6, hub=hub)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [422]
    assert "la limite est de 5 demandes" in text(answers[-1])
    for hidden in (PlanFactory(hub=hub, is_public=False), PlanFactory(hub=hub, a_pass=True)):
        assert client.get(asking(hidden)).status_code == 404
