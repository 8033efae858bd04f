"""Perimeters of activities (the codes that count as digital) in a real browser, with and without JavaScript."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import accessibility_faults, scrolls_sideways
from tests.factories.observatory import ActivityVersionFactory
from tests.factories.territories import WorkspaceFactory, WorkspaceMemberFactory
from tests.serving import Site
from totem.accounts.models import User
from totem.observatory.activities import activities_of
from totem.observatory.models import Activity, ActivityVersion, Nomenclature

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]


@pytest.fixture
def agent(server: Site) -> User:
    """An agent of a territory that has no perimeter of activities yet; a public one can be copied."""
    ActivityVersionFactory(perimeter__name="Secteur de référence")
    Activity.objects.create(nomenclature=Nomenclature.REV2, code="73.11Z", label="Activités des agences de publicité")
    return WorkspaceMemberFactory(workspace=WorkspaceFactory(name="Nous"), role="agent").person


@pytest.mark.parametrize("javascript", [True, False])
def test_a_perimeter_is_made_corrected_by_hand_and_published(window: NewPage, agent: User, javascript: bool):
    page = window(user=agent, javascript=javascript, width=390)
    page.goto("/observatoire/activites/")
    page.locator("main a.btn-main").click()
    page.locator('input[name="name"]').fill("Numérique de chez nous")
    page.locator('select[name="start"]').select_option(index=1)
    page.locator("main form .btn-main").click()

    page.locator('input[name="q"]').fill("publicite")
    page.locator('form[role="search"] button').click()
    page.get_by_label("73.11Z").check()
    page.locator('select[name="branch"]').select_option("Services informatiques")
    page.locator("form", has=page.locator('select[name="branch"]')).locator(".btn").click()
    expect(page.locator('textarea[name="branches-1-rev2"]')).to_have_value(
        re.compile("62.01Z Activité 62.01Z\n.*\n.*\n73.11Z Activités des agences de publicité")
    )

    page.locator('input[name="correction-siren"]').fill("552 100 554")
    page.locator('select[name="correction-branch"]').select_option("Édition de logiciels")
    page.locator('input[name="correction-reason"]').fill("Édite des logiciels de santé.")
    page.locator(".side form .btn").click()
    expect(page.locator("main")).to_contain_text("Édite des logiciels de santé.")
    assert not scrolls_sideways(page)
    if javascript:
        assert accessibility_faults(page) == []

    page.locator("main details.confirm summary").first.click()
    page.locator("details.confirm[open] button").click()
    expect(page.locator("h1")).to_have_text("Numérique de chez nous")
    version = ActivityVersion.objects.get(perimeter__name="Numérique de chez nous")
    assert version.published_at is not None
    assert "73.11Z" in activities_of(version).codes
    assert version.corrections.get().siren == "552100554"


def test_codes_are_looked_up_while_one_types(window: NewPage, agent: User):
    page = window()
    page.goto("/observatoire/activites/codes/")
    page.locator("#q").press_sequentially("agences pub")
    expect(page.locator("#found")).to_contain_text("73.11Z")
    assert accessibility_faults(page) == []
