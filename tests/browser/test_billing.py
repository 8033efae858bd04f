"""Invoicing in a real browser: from an empty list to a receipt."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import faults, faults_at
from tests.factories.billing import CustomerFactory, SellerFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.serving import Site
from totem.hubs.models import Role

pytestmark = pytest.mark.browser
HERE = "/lieux/etage/facturation/"


def test_an_invoice_from_nothing(server: Site, window: Callable[..., Page]) -> None:
    hub = HubFactory(name="L’Étage", slug="etage")
    SellerFactory(organisation=hub.operator)
    CustomerFactory(hub=hub, name="Ada Essai")
    page = window(user=TeamMemberFactory(hub=hub, role=Role.MANAGER).person, width=390)
    page.goto(HERE)
    page.get_by_role("link", name="Nouveau devis ou facture").click()
    page.get_by_label("Client").select_option("Ada Essai")
    page.get_by_label("Facture", exact=True).check()
    assert faults(page) == []
    page.get_by_role("button", name="Continuer").click()
    first = page.get_by_role("group", name="Ligne 1")
    first.get_by_label("Quoi").fill("Salle")
    first.get_by_label("Prix TTC (€)").fill("12")
    first.get_by_text("Dates, bien, exonération").click()
    page.get_by_role("button", name="Enregistrer le brouillon").click()
    expect(page.get_by_text("Total TTC")).to_be_visible()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert faults(page) == []
    page.get_by_role("button", name="Vérifier et émettre").click()
    assert faults(page) == []
    page.get_by_role("button", name="Émettre", exact=True).click()
    expect(page.get_by_text("Le PDF est en préparation.")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("link", name="Noter un règlement").first.click()
    page.get_by_role("button", name="Noter").click()
    page.get_by_role("button", name="Reçu").click()
    assert faults(page) == []
    assert faults_at(page, HERE, f"{HERE}caisse/", f"{HERE}vendeur/") == {}
