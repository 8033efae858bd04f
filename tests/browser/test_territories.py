"""Perimeters of a territory in a real browser: places searched, a shape drawn and corrected, without JavaScript too."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
from playwright.sync_api import Page, expect

from tests.browsing import faults_at
from tests.factories.territories import WorkspaceFactory, WorkspaceMemberFactory
from tests.serving import Site
from tests.territories.grid import cell, draw
from totem.accounts.models import User
from totem.territories.models import PerimeterVersion
from totem.territories.places import place_for, shape_from
from totem.territories.shapes import as_geojson

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
NEW = "/territoires/espaces/nous/nouveau-perimetre/"


@pytest.fixture
def agent(server: Site, tmp_path: Path) -> User:
    """An agent of a territory in the invented country of `tests.territories.grid`."""
    draw(tmp_path)
    workspace = WorkspaceFactory(slug="nous", name="Nous")
    WorkspaceMemberFactory(workspace=workspace)
    return WorkspaceMemberFactory(workspace=workspace, role="agent").person


def click(page: Page, *points: tuple[float, float]) -> None:
    """Click the map at these shares of its width and height."""
    canvas = page.locator("[data-canvas] canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for x, y in points:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def test_a_shape_is_drawn_and_published(window: NewPage, agent: User):
    page = window(user=agent)
    page.goto(NEW)
    page.locator('input[name="name"]').fill("Le carré")
    field = page.locator('textarea[name="shape"]')
    expect(page.locator("[data-canvas] canvas").first).to_be_visible()
    field.fill(as_geojson(shapely.box(1.95, 49.05, 2.15, 49.25)))  # the map moves to the shape
    page.locator('[data-tool="clear"]').click()
    expect(field).to_have_value("")
    page.evaluate("() => { window.changes = 0; document.addEventListener('change', () => { window.changes += 1; }); }")
    page.locator('[data-tool="draw"]').click()
    click(page, (0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7))
    page.keyboard.press("Enter")
    expect(field).not_to_have_value("")
    assert page.evaluate("window.changes") >= 1
    drawn = shapely.from_geojson(field.input_value())
    assert drawn.is_valid
    assert len(drawn.exterior.coords) == 5
    page.locator(".form-foot .btn-main").click()
    page.wait_for_url("**/territoires/perimetres/le-carre/")
    assert shape_from(PerimeterVersion.objects.get().polygon).equals(drawn)


def test_a_shape_that_crosses_itself_comes_back_corrected_on_the_map(window: NewPage, agent: User):
    page = window(user=agent)
    page.goto(NEW)
    page.locator('input[name="name"]').fill("Le nœud")
    bow = [[2.0, 49.0], [2.2, 49.2], [2.2, 49.0], [2.0, 49.2], [2.0, 49.0]]
    content = json.dumps({"type": "Polygon", "coordinates": [bow]}).encode()
    page.locator('input[type="file"]').set_input_files(
        {"name": "noeud.geojson", "mimeType": "application/geo+json", "buffer": content}
    )
    page.locator(".form-foot .btn-main").click()
    expect(page.locator(".field-error").first).to_contain_text("2.10000, 49.10000")
    assert shapely.from_geojson(page.locator('textarea[name="shape"]').input_value()).is_valid
    page.locator(".form-foot .btn-main").click()
    expect(page.locator('input[name="cut"][value="inside"]')).to_be_checked()
    page.locator(".form-foot .btn-main").click()
    page.wait_for_url("**/territoires/perimetres/le-noeud/")


def test_places_are_looked_for_and_added(window: NewPage, agent: User):
    page = window(user=agent)
    page.goto(NEW)
    page.locator('input[name="name"]').fill("Picardie")
    search = page.locator('[data-search] input[name="q"]')
    search.press_sequentially("picar")
    expect(page.locator("#id_places_found option")).to_have_count(1)
    search.fill("Picardie (ancienne région)")
    search.press("Enter")
    expect(page.locator('textarea[name="places"]')).to_have_value("Picardie (ancienne région)")
    page.locator(".form-foot .btn-main").click()
    page.wait_for_url("**/territoires/perimetres/picardie/")
    assert len(place_for("perimetre", "picardie", user=agent).communes) == 4


def test_without_a_script_everything_is_typed(window: NewPage, agent: User):
    page = window(user=agent, javascript=False)
    page.goto(NEW)
    page.locator('input[name="name"]').fill("Amiens et son carré")
    page.locator('textarea[name="shape"]').fill(as_geojson(cell("80021")))
    page.locator(".form-foot .btn-main").click()
    page.wait_for_url("**/territoires/perimetres/amiens-et-son-carre/")
    assert "80021" in page.locator("table").inner_html()


def test_every_screen_can_be_read_by_everybody(window: NewPage, agent: User):
    page = window(user=agent)
    page.goto(NEW)
    page.locator('input[name="name"]').fill("Picardie")
    page.locator('textarea[name="places"]').fill("Picardie")
    page.locator(".form-foot .btn-main").click()
    page.wait_for_url("**/territoires/perimetres/picardie/")
    assert not faults_at(
        page,
        "/territoires/", "/territoires/chercher/?q=amiens", "/territoires/nouvel-espace/", "/territoires/espaces/nous/",
        "/territoires/perimetres/picardie/", "/territoires/perimetres/picardie/nouvelle-version/", NEW,
    )  # fmt: skip
