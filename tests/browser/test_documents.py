"""A territory's documents in a real browser: uploaded on a phone without JavaScript, downloaded unchanged, erased."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import faults_at
from tests.core.test_files import PDF
from tests.factories.territories import DocumentFactory, WorkspaceFactory, WorkspaceMemberFactory
from tests.serving import Site
from totem.accounts.models import User
from totem.territories.models import Document

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
DOCUMENTS = "/territoires/espaces/nous/documents/"


@pytest.fixture
def officer(server: Site) -> User:
    """The officer of a territory that has sent nothing yet."""
    return WorkspaceMemberFactory(workspace=WorkspaceFactory(slug="nous", name="Nous")).person


def test_from_the_first_to_the_last_without_a_script(window: NewPage, officer: User):
    page = window(user=officer, width=390, javascript=False)
    page.goto(DOCUMENTS)
    page.locator('input[name="title"]').fill("Délibération du 12 mars 2014")
    page.locator('input[type="file"]').set_input_files(
        {"name": "deliberation.png", "mimeType": "image/png", "buffer": PDF}
    )
    page.locator(".form-foot .btn-main").click()
    expect(page.locator(".field-error").first).to_contain_text("PDF")
    expect(page.locator('input[name="title"]')).to_have_value("Délibération du 12 mars 2014")
    page.locator('input[type="file"]').set_input_files(
        {"name": "délibération.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    page.locator(".form-foot .btn-main").click()
    page.wait_for_url("**/documents/#document-*")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Délibération du 12 mars 2014", exact=True).click()
    assert saved.value.suggested_filename == "délibération.pdf"
    assert Path(saved.value.path()).read_bytes() == PDF
    page.locator(".row-action button").click()
    assert Document.objects.get().public
    page.locator('a[href$="/effacer/"]').click()
    page.locator('input[value="mistake"]').check()
    page.locator(".form-foot .btn-danger").click()
    page.wait_for_url("**/documents/#document-*")
    expect(page.locator(".row-line")).to_contain_text("Délibération du 12 mars 2014")
    assert Document.objects.get().stored_id is None


def test_every_page_is_accessible_and_fits(window: NewPage, officer: User):
    page = window(user=officer)
    assert not faults_at(page, DOCUMENTS)
    workspace = officer.workspaces.get().workspace
    DocumentFactory(workspace=workspace, title="Comptes certifiés de l’exercice 2013", added_by=officer)
    document = DocumentFactory(workspace=workspace, public=True, name=f"{'un-nom-long-' * 12}.pdf")
    assert not faults_at(page, DOCUMENTS, f"{DOCUMENTS}{document.pk}/effacer/")
    page.locator(".form-foot .btn-danger").click()
    assert not faults_at(page, DOCUMENTS, f"{DOCUMENTS}{document.pk}/")
