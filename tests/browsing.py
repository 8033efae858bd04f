"""The browser of the tests (Chromium of Debian, Chrome of macOS), driven by Playwright's synchronous API."""

import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, expect

CANDIDATES = (
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other server is reached
]
AXE = Path(__file__).resolve().parent.parent / "node_modules" / "axe-core" / "axe.min.js"
# RGAA 4.1 requires WCAG 2.1 A and AA; Totem adds 2.2.
AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
# Milliseconds to wait for something at most: enough on a busy machine.
TIMEOUT = 60_000
expect.set_options(timeout=TIMEOUT)
OPEN = "document.querySelectorAll('main details').forEach((details) => { details.open = true; })"
SCREENS = ((1280, 900), (390, 844))
UNSETTLED = (
    "[data-module]:not([data-ready]), .choropleth:not([hidden]):not([data-painted]),"
    " .htmx-request, .htmx-swapping, .htmx-settling"
)
WORDLESS = """() => [...document.querySelectorAll(".badge-state")]
    .filter((e) => !e.innerText.trim()).map((e) => e.outerHTML.slice(0, 80))"""
SMALL = """() => [...document.querySelectorAll("main .btn, main .slot, main input:not([type=hidden]), main select")]
    .filter((e) => e.offsetParent && !["radio", "checkbox"].includes(e.type) && e.offsetHeight < 44)
    .map((e) => e.outerHTML.slice(0, 80))"""


def executable() -> str:
    """The path of this machine's browser; without one the test fails and names what to install."""
    found = os.environ.get("TOTEM_TEST_BROWSER") or next(
        (path for path in CANDIDATES if Path(path).exists()), shutil.which("chromium") or ""
    )
    if not found:
        pytest.fail(
            "No Chromium: `apt-get install chromium` (Debian, Ubuntu) or install Chrome (macOS).", pytrace=False
        )
    return found


def launch(playwright: Playwright) -> Browser:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=executable(), args=[*FLAGS, *sandbox])


class Window:
    """Opens pages of a given width that may only request our own server, and collects their errors in `faults`."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self._browser = browser
        self._base_url = base_url
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    def __call__(self, *, user: Any = None, width: int = 1280, javascript: bool = True, language: str = "fr") -> Page:
        """A new page, signed in as `user`, on a screen of this width. Addresses are relative to the server."""
        context = self._browser.new_context(
            base_url=self._base_url,
            viewport={"width": width, "height": 844 if width < 600 else 900},
            locale={"fr": "fr-FR", "en": "en-GB"}[language],
            timezone_id="Europe/Paris",
            java_script_enabled=javascript,
            has_touch=width < 600,
            reduced_motion="reduce",
        )
        self._contexts.append(context)
        context.set_default_timeout(TIMEOUT)
        context.on("request", self._on_request)  # a route would be slower: it turns the browser's cache off
        if user is not None:
            sign_in(context, user, self._base_url)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", self._on_console)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self._base_url, "data:", "blob:")):
            self.faults.append(f"asked for {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium writes a line for each 4xx answer too: those are the business of the test.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"{message.page.url if message.page else ''}: {message.text}")


def sign_in(context: BrowserContext, user: Any, base_url: str) -> None:
    """Give the browser a session of this person, as signing in would."""
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                "domain": urlsplit(base_url).hostname,
                "path": "/",
                "httpOnly": True,
                "sameSite": "Lax",
            }
        ]
    )


def faults(page: Page) -> list[str]:
    """What is wrong with the present page by the rules for all pages, one line per fault; empty when nothing is."""
    settled(page)
    found = accessibility_faults(page)
    if scrolls_sideways(page):
        found.append("scrolls sideways")
    if page.locator("h1").count() != 1:
        found.append("not one h1")
    found += [f"a state without its word: {html}" for html in page.evaluate(WORDLESS)]
    if page.viewport_size and page.viewport_size["width"] < 600:
        found += [f"smaller than 44 px: {html}" for html in page.evaluate(SMALL)]
    return found


def faults_at(page: Page, *addresses: str) -> dict[str, list[str]]:
    """The faults of each address with every `<details>` open, by address and width, without what has none.

    Each is opened on a computer and stays open on a telephone, with touch as in a context that `has_touch`.
    """
    found = {}
    screen = page.context.new_cdp_session(page)
    for address in addresses:
        for width, height in SCREENS:
            screen.send("Emulation.setTouchEmulationEnabled", {"enabled": width < 600})
            page.set_viewport_size({"width": width, "height": height})
            if width == SCREENS[0][0]:
                page.goto(address)
                page.evaluate(
                    "document.querySelectorAll('main details').forEach((details) => { details.open = true; })"
                )
            found[f"{address} at {width}"] = faults(page)
    screen.detach()
    return {where: lines for where, lines in found.items() if lines}


def settled(page: Page) -> None:
    """Wait until the scripts of the page have started, its maps are painted and no partial is being fetched."""
    expect(page.locator(UNSETTLED)).to_have_count(0)


def accessibility_faults(page: Page) -> list[str]:
    """The violations that axe-core finds on the present page, one line each with its first elements; empty when none.

    The source is evaluated through the debugger, to which the page's Content-Security-Policy does not apply.
    """
    if page.evaluate("() => typeof axe === 'undefined'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate(f"() => axe.run(document, {json.dumps(AXE_OPTIONS)})")
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']} – "
        + "; ".join(f"{node['target']} {node['html'][:120]}" for node in fault["nodes"][:3])
        for fault in result["violations"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth"))
