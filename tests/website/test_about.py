"""The legal notice, the accessibility statement, what Totem is, and the menu of those who are signed in."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.website.page_content import links, text
from totem.hubs.models import Role
from totem.website.views.about import ACCESSIBILITY_STATED_ON

pytestmark = pytest.mark.django_db

PUBLISHER = {
    "TOTEM_PUBLISHER": "Association L’Essai",
    "TOTEM_PUBLISHER_ADDRESS": "1, rue de l’Essai\n80000 Amiens",
    "TOTEM_PUBLISHER_PHONE": "03 53 01 00 00",
    "TOTEM_PUBLISHER_EMAIL": "contact@essai.example",
    "TOTEM_DIRECTOR": "Camille Essai",
    "TOTEM_HOSTING": "Essai Hébergement, Amiens, 03 53 01 00 01",
}


@pytest.fixture
def publisher(settings) -> None:
    settings.PUBLISHER = PUBLISHER


@pytest.mark.parametrize("path", ["/a-propos/", "/accessibilite/", "/mentions-legales/"])
def test_the_pages_about_the_site_are_public_and_linked_from_every_page(visitor: Client, path: str) -> None:
    assert path in dict(links(visitor.get("/")))
    page = visitor.get(path)
    assert page.status_code == 200
    assert page.content.count(b"<h1") == 1
    assert visitor.post(path).status_code == 405


def test_the_legal_notice_names_publisher_hosting_and_hubs(visitor: Client, publisher: None) -> None:
    hub = HubFactory(name="L’Étage", operator__name="La Tech d’essai")
    page = visitor.get("/mentions-legales/")
    for value in PUBLISHER.values():
        for line in value.splitlines():
            assert line in text(page)
    assert "not complete" not in text(page)
    assert ("/lieux/" + hub.slug + "/", "L’Étage") in links(page)
    assert "La Tech d’essai" in text(page)


def test_the_legal_notice_names_the_settings_that_are_missing(visitor: Client, settings) -> None:
    settings.PUBLISHER = {**PUBLISHER, "TOTEM_DIRECTOR": ""}
    page = text(visitor.get("/mentions-legales/"))
    assert "This notice is not complete" in page
    assert "<code>TOTEM_DIRECTOR</code>" in page
    assert "<code>TOTEM_PUBLISHER</code>" not in page


def test_settings_are_escaped(visitor: Client, settings) -> None:
    settings.PUBLISHER = dict.fromkeys(PUBLISHER, "<script>alert(1)</script>")
    for path in ("/mentions-legales/", "/accessibilite/"):
        assert b"<script>alert" not in visitor.get(path).content


def test_the_legal_notice_does_not_name_an_unpublished_hub(visitor: Client, publisher: None) -> None:
    HubFactory(name="Soon", is_published=False)
    assert "Soon" not in text(visitor.get("/mentions-legales/"))


def test_the_legal_notice_states_the_retention_and_the_map_sites_of_the_settings(visitor: Client, settings) -> None:
    settings.MAP_ORIGINS = []
    page = text(visitor.get("/mentions-legales/"))
    assert "emptied 90 days after" in page
    assert "30 days" in page
    assert "Pages load nothing from other sites" in page
    settings.MAP_ORIGINS = ["https://tiles.example"]
    assert "https://tiles.example" in text(visitor.get("/mentions-legales/"))


def test_the_accessibility_statement_claims_no_conformity_and_says_how_to_complain(
    visitor: Client, publisher: None
) -> None:
    page = visitor.get("/accessibilite/")
    assert "<strong>not compliant</strong>" in text(page)
    assert "Association L’Essai undertakes" in text(page)
    assert ("mailto:contact@essai.example", "contact@essai.example") in links(page)
    assert any(href.startswith("https://formulaire.defenseurdesdroits.fr") for href, _label in links(page))
    assert ("/accessibilite/", "Accessibility: not compliant") in links(visitor.get("/"))


def test_the_accessibility_statement_names_a_missing_contact(visitor: Client, settings) -> None:
    settings.PUBLISHER = dict.fromkeys(PUBLISHER, "")
    assert "TOTEM_PUBLISHER_EMAIL" in text(visitor.get("/accessibilite/"))


def test_the_accessibility_statement_is_at_most_three_years_old() -> None:
    assert timezone.localdate() - ACCESSIBILITY_STATED_ON < timedelta(days=3 * 365), "Hold it against the tests again."


def test_the_source_is_offered(visitor: Client, settings) -> None:
    settings.SOURCE_URL = ""
    assert "TOTEM_SOURCE_URL" in text(visitor.get("/a-propos/"))
    settings.SOURCE_URL = "https://forge.example/totem"
    assert ("https://forge.example/totem", "The source of this site") in links(visitor.get("/a-propos/"))


def test_only_a_demonstration_says_that_it_is_invented(visitor: Client, settings) -> None:
    settings.DEMO = False
    assert "invented" not in text(visitor.get("/a-propos/"))
    settings.DEMO = True
    assert "invented as a whole" in text(visitor.get("/a-propos/"))


# -- The menu ---------------------------------------------------------------------------------------------------------


def test_the_menu_leads_to_ones_organisations_and_to_the_desk_of_ones_hub(visitor: Client) -> None:
    member = TeamMemberFactory(hub__slug="etage", hub__name="L’Étage", role=Role.READER, person__language="en")
    TeamMemberFactory(hub=member.hub, person=member.person, role=Role.DESK)
    HubFactory(slug="autre")
    visitor.force_login(member.person)
    found = links(visitor.get("/"))
    assert found.count(("/reservations/", "Me")) == 2  # the menu is there twice: wide and narrow
    assert found.count(("/lieux/etage/accueil/", "L’Étage")) == 2
    assert ("/organisations/", "Organisations") in links(visitor.get("/reservations/"))
    assert not any("/autre/accueil/" in href for href, _label in found)


def test_with_several_hubs_each_desk_is_named(visitor: Client) -> None:
    person = UserFactory(language="en")
    for name in ("Amont", "Aval"):
        TeamMemberFactory(hub__name=name, hub__slug=name.lower(), person=person)
    visitor.force_login(person)
    labels = [label for href, label in links(visitor.get("/")) if href.endswith("/accueil/")]
    assert labels == ["Amont", "Aval"] * 2


def test_others_have_no_desk_in_their_menu(visitor: Client) -> None:
    HubFactory()
    assert not any("/accueil/" in href for href, _label in links(visitor.get("/")))
    visitor.force_login(UserFactory())
    assert not any("/accueil/" in href for href, _label in links(visitor.get("/")))


def test_only_the_installations_staff_is_offered_its_pages(visitor: Client) -> None:
    for is_staff in (True, False):
        visitor.force_login(UserFactory(is_staff=is_staff))
        assert ("/installation/etat/" in dict(links(visitor.get("/")))) == is_staff


def test_the_team_finds_the_figures_on_the_page_of_its_hub(visitor: Client) -> None:
    member = TeamMemberFactory(role=Role.READER)
    address = f"/lieux/{member.hub.slug}/chiffres/"
    page = f"/lieux/{member.hub.slug}/"
    assert address not in dict(links(visitor.get(page)))
    visitor.force_login(member.person)
    assert address in dict(links(visitor.get(page)))
    assert visitor.get(address).status_code == 200


def test_the_number_of_queries_of_the_menu(visitor: Client, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        visitor.get("/a-propos/")
    person = UserFactory()
    for _ in range(3):
        TeamMemberFactory(person=person)
    visitor.force_login(person)
    with django_assert_num_queries(4):  # session, person, where they have a role, those hubs
        visitor.get("/a-propos/")
