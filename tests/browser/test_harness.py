"""The browser reaches the real server, and both see the rows of the test."""

import pytest
from playwright.sync_api import Page

from tests.browsing import accessibility_faults
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
