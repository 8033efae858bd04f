"""The pages of agreements and of the first of the month in a real browser: what axe finds, and what overflows."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import faults
from tests.factories.billing import SellerFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.memberships import AgreementFactory, PlanFactory
from tests.serving import Site
from totem.hubs.models import Role

pytestmark = pytest.mark.browser
HERE = "/lieux/etage/"


def test_agreements_and_the_first_of_the_month_on_a_phone(server: Site, window: Callable[..., Page]) -> None:
    hub = HubFactory(name="L’Étage", slug="etage")
    SellerFactory(organisation=hub.operator)
    agreement = AgreementFactory(hub=hub, plan=PlanFactory(hub=hub))
    page = window(user=TeamMemberFactory(hub=hub, role=Role.MANAGER).person, width=390)
    of_agreement = f"{HERE}contrats/{agreement.pk}/"
    pages = [f"{HERE}contrats/", of_agreement, f"{of_agreement}preavis/", f"{HERE}contrats/offres/", f"{HERE}offres/"]
    for address in (*pages, f"{HERE}facturation/premier-du-mois/"):
        page.goto(address)
        assert faults(page) == [], address
    page.get_by_role("button", name="Émettre 1 facture").click()
    expect(page.get_by_text("Les factures sont en cours d’émission", exact=True)).to_be_visible()
