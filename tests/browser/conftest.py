"""The running application and a browser, one of each for all browser tests of a process."""

import shutil
from collections.abc import Iterator

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browsing import Window, launch
from tests.postgres import copy_of_template, new_name, url_of
from tests.serving import Site


@pytest.fixture(scope="package")
def site_database() -> str:
    """The name of the database that `site` uses and that each test makes anew."""
    return new_name()


@pytest.fixture(scope="package")
def site(django_db_setup: None, site_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`totem serve` with one web process; no worker does its jobs."""
    with copy_of_template(connection.settings_dict, site_database):  # it refuses to start without a database
        site = Site(
            *("--workers", "1", "--no-worker"),
            data=tmp_path_factory.mktemp("site"),
            database_url=url_of({**connection.settings_dict, "NAME": site_database}),
            DJANGO_ALLOW_ASYNC_UNSAFE=None,
        )
    yield site
    status = site.stop()
    assert status == 0, site.output


@pytest.fixture
def server(site: Site, site_database: str, new_database) -> Iterator[Site]:
    """The running application on a database and in a data folder of the test's own; `server.url` is its address.

    It sees rows made before or during the test at once. No worker runs: a test that needs jobs done starts
    `totem worker`, or calls the function that the job calls.
    """
    with new_database(site_database):
        yield site
    for folder in ("mail", "media", "observatory"):
        shutil.rmtree(site.data / folder, ignore_errors=True)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium; each test takes pages of its own from `window` or `page`.

    Scope `package` and not `session`: Playwright's sync API runs an event loop in this thread, where Django refuses
    its ORM without DJANGO_ALLOW_ASYNC_UNSAFE; workers and servers of other tests must not inherit that.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def window(browser: Browser, server: Site) -> Iterator[Window]:
    """Opens pages: `window(user=..., width=390, javascript=False)`.

    A script error, a violation of the Content-Security-Policy or a request to another server fails the test.
    """
    window = Window(browser, server.url)
    yield window
    window.close()
    assert not window.faults, "\n".join(window.faults)


@pytest.fixture
def page(window: Window) -> Page:
    """A page of 1280 pixels, not signed in."""
    return window()
