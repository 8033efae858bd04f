"""The actors of a territory in a real browser: an investor declared without JavaScript, accessibility of each page."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import faults_at
from tests.factories.organisations import OrganisationFactory, RelationFactory, YearFiguresFactory
from tests.factories.territories import (
    CommuneFactory,
    DocumentFactory,
    PerimeterFactory,
    WorkspaceFactory,
    WorkspaceMemberFactory,
)
from tests.serving import Site
from totem.accounts.models import User
from totem.organisations.models import OrganisationKind, Relation

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
ACTORS = "/territoires/espaces/nous/acteurs/"


@pytest.fixture
def agent(server: Site) -> User:
    """An agent of a territory where a champion mentors and a fund invests."""
    workspace = WorkspaceFactory(slug="nous", name="Nous")
    here = {"workspace": workspace, "perimeter": PerimeterFactory(workspace=workspace, name="Le quartier", public=True)}
    champion = OrganisationFactory(company=True, name="Logiciels d’exemple")
    letter = DocumentFactory(workspace=workspace, title="Lettre de mentorat")
    RelationFactory(organisation=champion, mentor=True, document=letter, detail="Trois jeunes entreprises", **here)
    fund = OrganisationFactory(kind=OrganisationKind.SEED_FUND, name="Amorçage d’exemple")
    RelationFactory(organisation=fund, seed=True, amount=Decimal(1_500_000), until=date(2099, 1, 1), **here)
    YearFiguresFactory(organisation=champion, imported=True, year=2024, revenue=Decimal("5000000"))
    YearFiguresFactory(organisation=champion, champion=True, workspace=workspace, document=letter)
    YearFiguresFactory(organisation=champion, public=True, staff_low=20, staff_high=49)
    return WorkspaceMemberFactory(workspace=workspace, role="agent").person


def test_an_investor_is_noted_without_a_script(window: NewPage, agent: User):
    CommuneFactory()
    page = window(user=agent, javascript=False)
    page.goto(ACTORS)
    page.locator(".page-head .btn-main").click()
    page.locator('input[name="who-organisation"]').fill("Capital d’exemple")
    page.locator('select[name="who-kind"]').select_option("vc_fund")
    page.locator('select[name="kind"]').select_option("invests_in")
    page.locator('select[name="stage"]').select_option("venture")
    page.locator(".form-foot .btn-main").click()
    expect(page.locator('input[name="who-organisation"]')).to_have_value("Capital d’exemple")
    expect(page.locator(".field-error").first).to_be_visible()
    page.locator('input[name="commune"]').fill("Amiens")
    page.locator(".form-foot .btn-main").click()
    expect(page.locator("h1")).to_contain_text("Capital d’exemple")
    assert Relation.objects.filter(organisation__name="Capital d’exemple", commune="80021").exists()


def test_every_screen_can_be_read_by_everybody(window: NewPage, agent: User):
    page = window(user=agent)
    relation = Relation.objects.get(kind="mentors")
    champion = relation.organisation
    own = champion.years.get(workspace=relation.workspace)
    assert not faults_at(
        page,
        ACTORS, f"{ACTORS}?kind=trains_in", f"{ACTORS}ajouter/", f"{ACTORS}{champion.pk}/",
        f"{ACTORS}{champion.pk}/chiffres/ajouter/", f"{ACTORS}{champion.pk}/chiffres/{own.pk}/",
        f"{ACTORS}{champion.pk}/relations/{relation.pk}/", f"{ACTORS}{champion.pk}/relations/{relation.pk}/fin/",
    )  # fmt: skip
