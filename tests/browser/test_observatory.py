"""The observatory in a real browser: accessibility, drawing a shape, keyboard only, without JavaScript."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import override_settings
from playwright.sync_api import Page, expect

from tests.browsing import faults_at
from tests.factories.observatory import (
    ActivityPerimeterFactory,
    ActivityVersionFactory,
    StockFactory,
    establishment,
    write_layout,
)
from tests.serving import Site
from tests.territories.grid import draw
from totem.observatory.activities import DEFAULT, actor_kinds, all_codes
from totem.observatory.models import Stock

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
SOMME = "/observatoire/departement/80/"
# In Amiens (longitude 2.0 to 2.1, latitude 49.1 to 49.2): two in the west, one in the east.
POSITIONS = ((2.02, 49.15), (2.03, 49.16), (2.08, 49.15))
WEST = "2.01,49.11;2.05,49.11;2.05,49.19;2.01,49.19"


@pytest.fixture
def stock(server: Site, tmp_path: Path) -> Iterator[Stock]:
    """A synthetic stock of the invented country of `tests.territories.grid`, in the server's own folder."""
    draw(tmp_path)
    ActivityVersionFactory(perimeter=ActivityPerimeterFactory(slug=DEFAULT, name="Secteur TIC"))
    rows = [establishment(lon=lon, lat=lat, band="11") for lon, lat in POSITIONS]
    rows += [establishment(commune="80016"), establishment(diffusion="P")]
    years = [
        {"commune": "80021", "code": "62.01Z", "year": year, "stock": year - 2020, "births": 2, "closures": 1}
        for year in range(2021, 2027)
    ]
    with override_settings(OBSERVATORY_DIR=server.data / "observatory"):
        made = StockFactory(rows=len(rows), synthetic=True)
        wanted = {*all_codes(), *(code for kind in actor_kinds() for code in kind.codes)}
        write_layout(made.path, rows, wanted=wanted, series=years)
        yield made


def test_every_page_is_accessible_and_fits_its_screen(window: NewPage, stock: Stock):
    page = window()
    assert not faults_at(
        page,
        "/observatoire/", "/observatoire/?q=commune", SOMME, f"{SOMME}carte/?points=1",
        f"{SOMME}comparer/?avec=commune:80021", f"{SOMME}entreprises/", f"{SOMME}acteurs/", f"{SOMME}passerelle-naf/",
        f"{SOMME}qualite/", "/observatoire/dessin/", f"/observatoire/dessin/?forme={WEST}",
        "/observatoire/dessin/?forme=x", "/observatoire/commune/99999/", f"{SOMME}?naf=2025",
        "/observatoire/methode/", f"{SOMME}donnees/",
    )  # fmt: skip


def test_a_place_is_found_while_typing_and_without_a_mouse(window: NewPage, stock: Stock):
    page = window()
    page.goto("/observatoire/")
    field = page.locator("#place-q")
    field.press_sequentially("80021")
    expect(page.locator("#found a")).to_have_count(1)
    field.press("Tab")  # the button
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/observatoire/commune/80021/")
    expect(page.locator("h1")).to_have_text("Amiens")


def test_the_map_is_painted_and_leads_to_the_communes(window: NewPage, stock: Stock):
    page = window()
    page.goto(f"{SOMME}carte/")
    expect(page.locator(".choropleth[data-painted]")).to_be_visible()
    expect(page.locator("#map-image")).to_be_hidden()
    page.locator("#chiffre").select_option("pour-mille")
    page.locator("form:has(#chiffre) button").click()
    page.wait_for_url("**chiffre=pour-mille**")
    expect(page.locator(".choropleth[data-painted]")).to_be_visible()


def test_a_shape_is_drawn_and_the_figures_follow(window: NewPage, stock: Stock):
    page = window()
    page.goto(f"/observatoire/dessin/?forme={WEST}")
    first = page.locator("#answer .figure-number").first
    expect(first).to_have_text("2")
    canvas = page.locator("[data-canvas] canvas").first
    expect(canvas).to_be_visible()
    page.locator('[data-tool="draw"]').click()
    box = canvas.bounding_box()
    assert box is not None
    # Wider than the first shape, which the map is fitted to: most of the square of Amiens is in view.
    for x, y in ((0.1, 0.15), (0.85, 0.15), (0.85, 0.9), (0.1, 0.9)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.keyboard.press("Enter")
    expect(first).to_have_text("3")
    page.wait_for_url(lambda url: "forme=" in url and WEST not in url)
    swapped = page.locator("#answer .figure-grid").inner_text()
    page.reload()
    assert page.locator("#answer .figure-grid").inner_text() == swapped


def test_without_a_script_everything_is_there(window: NewPage, stock: Stock):
    page = window(width=390, javascript=False)
    page.goto("/observatoire/")
    page.locator("#place-q").fill("80021")
    page.locator(".place-search button").click()
    page.wait_for_url("**/observatoire/commune/80021/")
    page.goto(f"{SOMME}carte/?points=1")
    expect(page.locator("#map-image img")).to_be_visible()
    page.goto("/observatoire/dessin/")
    page.locator("#id_shape").fill(
        '{"type":"Polygon","coordinates":[[[2.01,49.11],[2.05,49.11],[2.05,49.19],[2.01,49.11]]]}'
    )
    page.locator("#draw-form .btn-main").click()
    page.wait_for_url("**/observatoire/dessin/?forme=**")
    expect(page.locator("#answer h2").first).to_be_visible()


def test_filters_of_the_list_keep_their_address(window: NewPage, stock: Stock):
    page = window()
    page.goto(f"{SOMME}entreprises/")
    expect(page.locator(".companies tbody tr")).to_have_count(4)
    page.locator("#employeurs").check()
    expect(page.locator(".companies tbody tr")).to_have_count(3)
    page.wait_for_url("**employeurs=1**")
    page.reload()
    expect(page.locator(".companies tbody tr")).to_have_count(3)
