"""Charts and maps in a real browser, under the Content-Security-Policy of the pages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browsing import accessibility_faults, scrolls_sideways
from totem.core.design import samples
from totem.core.rendering import chart_svgs

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
DRAWN = "async img => { img.scrollIntoView(); await img.decode(); return [img.naturalWidth, img.currentSrc]; }"

# Amounts do not break, and are not names.
LONG_WORDS = """() => {
  for (const one of document.querySelectorAll("main :is(h1, h2, h3, p, dd, li, strong, a:not(.btn))"))
    if (!one.children.length && !one.closest("table, pre, .prices")) one.textContent = "m".repeat(200);
}"""


@pytest.mark.parametrize(("width", "drawn_width"), [(1280, 720), (390, 390)])
def test_each_chart_is_drawn_for_the_width_of_the_screen(window: NewPage, width: int, drawn_width: int):
    # Drawn and cached before the requests: no worker draws here what has to wait on a busy machine.
    chart_svgs([samples.spec(kind, drawn_width) for kind in samples.KINDS])
    page = window(width=width)
    page.goto("/design/")
    charts = page.locator("#charts ~ .chart img")
    expect(charts).to_have_count(7)
    for chart in charts.all():
        natural, address = chart.evaluate(DRAWN)
        assert natural == drawn_width
        assert address.endswith(f"-{drawn_width}.svg")
    assert not scrolls_sideways(page)
    page.evaluate(LONG_WORDS)  # in every component that rooms show names in
    assert not scrolls_sideways(page)


def test_a_chart_that_waits_shows_its_table_and_then_its_drawing(window: NewPage):
    chart_svgs([samples.spec("bars", 720)])
    page, asked = window(), []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()
        else:
            route.fulfill(status=202, content_type="text/plain", body="In preparation")

    page.route("**/bars-720.svg", answer)
    page.clock.install()
    page.goto("/design/")
    chart = page.locator(".chart", has=page.locator('img[src*="bars-"]'))
    chart.scroll_into_view_if_needed()
    expect(chart.locator(".chart-waits")).to_be_visible()
    expect(chart.locator("details")).to_have_attribute("open", "")
    page.clock.fast_forward(3100)
    expect(chart.locator(".chart-waits")).to_be_hidden()
    assert chart.locator("img").evaluate(DRAWN)[0] == 720
    assert len(asked) == 2


def test_the_map_is_painted_from_its_table_and_takes_the_place_of_the_drawing(window: NewPage):
    page = window()
    page.goto("/design/")
    painted = page.locator(".choropleth[data-painted]")
    painted.wait_for()
    expect(page.locator("#areas-drawing")).to_be_hidden()
    box = painted.bounding_box()
    painted.hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(page.locator(".maplibregl-popup-content")).to_contain_text("Zone")
    assert accessibility_faults(page) == []


def test_without_scripts_the_drawing_stands_there(window: NewPage):
    page = window(javascript=False)
    page.goto("/design/")
    expect(page.locator("#areas-drawing svg")).to_be_visible()
    expect(page.locator(".choropleth")).to_be_hidden()
