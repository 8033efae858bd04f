"""The client's address behind reverse proxies: which one counts, and what a wrong TOTEM_PROXIES leads to."""

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse

from config import doctor
from totem.core.client_address import client_address, recent_mismatch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "192.0.2.1"),
        (0, "8.8.8.8", "192.0.2.1"),
        (1, "8.8.8.8", "8.8.8.8"),
        (1, "invented, 8.8.8.8", "8.8.8.8"),
        (2, "1.1.1.1, 8.8.8.8, 9.9.9.9", "8.8.8.8"),
        (1, "8.8.8.8:4711", "8.8.8.8"),
        (1, "::ffff:8.8.8.8", "8.8.8.8"),
        (1, "2001:4860:1:2:3:4:5:6", "2001:4860:1:2::"),
        (1, "[2001:4860:1:2::9]:443", "2001:4860:1:2::"),
    ],
)
def test_the_address_is_the_one_our_outermost_proxy_appended(
    settings: LazySettings, rf: RequestFactory, proxies: int, forwarded: str | None, address: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert client_address(rf.get("/", headers=headers, REMOTE_ADDR="192.0.2.1")) == address


@pytest.mark.parametrize("forwarded", [None, "8.8.8.8", "8.8.8.8, ", "unknown, 8.8.8.8"])
def test_signing_in_behind_fewer_proxies_than_declared_is_answered_400(
    client: Client, settings: LazySettings, forwarded: str | None
) -> None:
    settings.TRUSTED_PROXY_COUNT = 2
    answer = client.post(
        reverse("account_login"),
        {"login": "someone@example.org", "password": "no"},
        headers={"X-Forwarded-For": forwarded} if forwarded else {},
    )
    assert answer.status_code == 400
    assert "Ce site est mal réglé" in answer.content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "words"),
    [
        (2, "8.8.8.8", "127.0.0.1", "came with 1 forwarded addresses for TOTEM_PROXIES=2"),
        (1, "8.8.8.8, 127.0.0.1", "127.0.0.1", "a private address for TOTEM_PROXIES=1, behind 2"),
        (0, "8.8.8.8", "127.0.0.1", "a private address for TOTEM_PROXIES=0, behind 1"),
        (1, "8.8.8.8", "127.0.0.1", None),
        (1, "127.0.0.1", "127.0.0.1", None),
        (0, None, "127.0.0.1", None),
    ],
)
def test_doctor_reports_what_requests_showed(
    client: Client, settings: LazySettings, proxies: int, forwarded: str | None, remote: str, words: str | None
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    cache.clear()
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    client.post(reverse("account_login"), {"login": "a@example.org"}, headers=headers, REMOTE_ADDR=remote)
    reported = [finding.text for finding in doctor._content() if finding.text.startswith("Proxies")]
    assert bool(reported) is bool(recent_mismatch()) is bool(words)
    assert words is None or words in reported[0]
