"""Founding a hub: by the staff, and once by who asked them and was granted it; its organisation is made on the way."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory
from tests.factories.organisations import AffiliationFactory, OrganisationFactory
from tests.factories.territories import CommuneFactory, DepartmentFactory
from totem.accounts.actions import erase_person, export_personal_data
from totem.accounts.models import User
from totem.core import clock
from totem.core.models import Mail
from totem.hubs import founding
from totem.hubs.models import FoundingRequest, Hub
from totem.organisations.models import Affiliation, Organisation

pytestmark = pytest.mark.django_db

CREATE = reverse("hubs:create")
NEW = {
    "name": "La Fabrique",
    "tagline": "To work",
    "operator_name": "Association La Fabrique",
    "legal_form": "association",
    "street": "1 place de la Gare",
    "postcode": "80000",
    "commune": "Amiens",
}
ASKED = {"name": "La Fabrique", "message": "Un tiers-lieu près de la gare."}


@pytest.fixture(autouse=True)
def amiens() -> None:
    CommuneFactory(amiens=True)


@pytest.fixture
def staff(client: Client) -> User:
    person: User = UserFactory(is_staff=True)
    client.force_login(person)
    return person


def errors(client: Client, data: dict[str, object]) -> list[str]:
    answer = client.post(CREATE, data)
    assert answer.status_code == 422
    return list(answer.context["form"].errors)


def test_the_staff_found_a_hub_and_its_organisation_in_one_form(client: Client, staff: User):
    assert client.get(CREATE).status_code == 200
    hub_page = client.post(CREATE, NEW | {"siren": "732 829 320"})["Location"]
    hub = Hub.objects.get()
    assert hub_page == reverse("hubs:manage", args=[hub.slug])
    assert (hub.is_published, hub.team.get().person) == (False, staff)
    assert (hub.operator.name, hub.operator.siren, hub.operator.kind) == (
        "Association La Fabrique", "732829320", "hub_operator",
    )  # fmt: skip
    assert Affiliation.objects.get(organisation=hub.operator).person == staff
    assert hub.time_zone == "Europe/Paris"
    assert client.get(hub_page).status_code == 200


@pytest.mark.parametrize("field", NEW)
def test_a_new_hub_needs_each_required_field_and_writes_nothing_without(client: Client, staff: User, field: str):
    assert errors(client, NEW | {field: ""}) == [field]
    assert not Hub.objects.exists()
    assert not Organisation.objects.exists()


def test_the_organisation_is_one_of_ones_own_or_a_new_one(client: Client, staff: User):
    stranger, mine = OrganisationFactory(), AffiliationFactory(person=staff).organisation
    unnamed = NEW | {"operator_name": "", "legal_form": ""}
    assert errors(client, NEW | {"operator": mine.pk}) == ["operator_name"]
    assert errors(client, unnamed | {"operator": stranger.pk}) == ["operator"]
    assert stranger.name not in client.get(CREATE).content.decode()
    assert errors(client, NEW | {"siren": "732829321"}) == ["siren"]
    assert errors(client, NEW | {"operator_name": "www.example.org"}) == ["operator_name"]
    assert client.post(CREATE, unnamed | {"operator": mine.pk}).status_code == 302
    assert Hub.objects.get().operator == mine


def test_a_hub_overseas_has_the_time_zone_of_its_department(client: Client, staff: User):
    CommuneFactory(department=DepartmentFactory(guadeloupe=True), code="97105", name="Basse-Terre")
    assert client.post(CREATE, NEW | {"commune": "Basse-Terre", "postcode": "97100"}).status_code == 302
    assert Hub.objects.get().time_zone == "America/Guadeloupe"


def test_who_asks_founds_one_hub_once_it_is_granted(client: Client):
    person, staff = UserFactory(), UserFactory(is_staff=True)
    client.force_login(person)
    assert client.post(CREATE, NEW).status_code == 422  # the request has a message
    assert client.post(CREATE, ASKED, follow=True).status_code == 200
    assert "attend" in client.get(CREATE).content.decode()
    assert client.post(CREATE, ASKED).status_code == 422  # one at a time
    row = FoundingRequest.objects.get()
    page = reverse("hubs:founding_request", args=[row.pk])
    assert client.post(page, {"answer": "yes"}).status_code == 404
    assert not Hub.objects.exists()
    assert ASKED["message"] in Mail.objects.get(to=staff.email).text

    client.force_login(staff)
    assert "La Fabrique" in client.get(reverse("core:requests")).content.decode()
    assert client.post(page, {"answer": "no", "reason": " "}).status_code == 422
    assert client.post(page, {"answer": "yes", "reason": ""}).status_code == 302
    assert client.post(page, {"answer": "no", "reason": "Too late"}).status_code == 422
    assert CREATE in Mail.objects.get(to=person.email).text

    client.force_login(person)
    assert client.get(CREATE).context["form"].initial["name"] == "La Fabrique"
    assert client.post(CREATE, NEW).status_code == 302
    assert Hub.objects.get().team.get().person == person
    assert "operator_name" not in client.get(CREATE).content.decode()
    with pytest.raises(ValidationError):
        founding.found(by=person, now=clock.now(), operator=OrganisationFactory(), organisation={}, name="Another")
    assert Hub.objects.count() == 1


def test_a_refusal_is_read_and_one_may_ask_again(client: Client):
    person = UserFactory()
    row = founding.ask(person=person, **ASKED)
    founding.answer(request=row, yes=False, reason="Trop loin d’ici.", by=UserFactory(is_staff=True))
    client.force_login(person)
    assert "Trop loin d’ici." in client.get(CREATE).content.decode()
    assert client.post(CREATE, ASKED).status_code == 302
    with pytest.raises(IntegrityError), transaction.atomic():
        FoundingRequest.objects.filter(state="refused").update(hub=HubFactory())


def test_requests_are_exported_and_erased_with_their_author():
    person = UserFactory()
    founding.ask(person=person, **ASKED)
    assert export_personal_data(person=person)["requests_for_hubs"][0]["message"] == ASKED["message"]
    erase_person(person=person, actor_id=person.pk, now=clock.now())
    assert not FoundingRequest.objects.exists()
