"""The browser reaches the real server, and both see the rows of the test."""

import pytest
from playwright.sync_api import Browser, Error, Page

from tests.browsing import Window, accessibility_faults, faults, faults_at
from tests.factories.accounts import UserFactory
from tests.serving import Site

pytestmark = pytest.mark.browser


def test_the_browser_reaches_the_server(page: Page, server: Site) -> None:
    answer = page.goto("/health/ready")
    assert answer is not None
    assert answer.status == 200
    assert "ready" in page.content()


def test_a_person_is_signed_in_at_once(window, server: Site) -> None:
    page = window(user=UserFactory(), width=390)
    answer = page.goto("/compte/")
    assert answer is not None
    assert answer.status == 200, page.content()
    assert "/connexion" not in page.url
    assert accessibility_faults(page) == []


def test_no_other_server_is_reached(browser: Browser, server: Site) -> None:
    window = Window(browser, server.url)
    page = window()
    addresses = ["https://example.org/", "http://192.0.2.1/"]
    for address in addresses:
        with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
            page.goto(address)
    window.close()
    assert window.faults == [f"asked for {address}" for address in addresses]


def test_what_is_wrong_with_a_page_is_found(window, server: Site) -> None:
    page = window(width=390)
    page.goto("/a-propos/")
    assert faults(page) == []
    page.locator("main").evaluate(
        """main => { main.innerHTML = `<h1>One</h1><h1>Two</h1><img src="data:," width="900" height="9">
            <span class="badge-state"></span><button class="btn">Small</button>`;
            main.querySelector("button").style.setProperty("min-height", "9px"); }"""
    )
    found = faults(page)
    for word in ("image-alt", "scrolls sideways", "not one h1", "a state without its word", "smaller than 44 px"):
        assert [line for line in found if line.startswith(word)], (word, found)


def test_each_address_is_looked_at_on_a_computer_and_on_a_telephone(window, server: Site) -> None:
    page = window()
    page.add_init_script(
        """document.addEventListener("DOMContentLoaded", () => {
            const small = document.createElement("button");
            small.className = "btn";
            small.textContent = matchMedia("(pointer: coarse)").matches ? "Finger" : "Mouse";
            small.style.setProperty("min-height", "9px");
            matchMedia("(pointer: coarse)").addEventListener("change", () => { small.style.minWidth = "700px"; });
            document.querySelector("main").append(small); })"""
    )
    found = faults_at(page, "/a-propos/")
    assert list(found) == ["/a-propos/ at 390"]  # a computer has no fingers, and is 700 pixels wide
    assert [line[:18] for line in found["/a-propos/ at 390"]] == ["scrolls sideways", "smaller than 44 px"]
