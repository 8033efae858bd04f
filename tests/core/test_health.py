"""Probes, and a database that becomes unavailable and comes back."""

import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tests.postgres import UNSAFE_AND_FAST, make_migrated_cluster, url_of
from tests.serving import Site
from totem.core import views
from totem.core.database_errors import is_database_unavailable
from totem.core.embedded import Server


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """A second PostgreSQL with a migrated database, which the test may stop and start."""
    folder = Path(tempfile.mkdtemp(prefix="totem-second-"))
    folder.chmod(0o711)
    server = Server(folder / "postgresql", UNSAFE_AND_FAST)
    make_migrated_cluster(server)
    with server.running():
        yield server
    shutil.rmtree(folder)


def _ask(url: str, language: str = "fr", **headers: str) -> tuple[int, str, dict[str, str]]:
    request = urllib.request.Request(url, headers={"Accept-Language": language, **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


def test_live_asks_nothing_of_the_database() -> None:
    # No mark: pytest-django refuses any query here.
    answer = Client().get("/health/live")
    assert (answer.status_code, answer.content) == (200, b"live\n")
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies


@pytest.mark.django_db
def test_ready_when_the_database_answers_and_is_migrated() -> None:
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.content) == (200, b"ready\n")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_a_probe_by_the_address_of_the_machine_is_answered_in_production(
    settings, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["totem.example"], True
    answer = Client(headers={"host": "10.0.0.7:8000"}).get(path)
    assert (answer.status_code, answer.cookies) == (200, {})
    assert caplog.records == []
    assert Client(headers={"host": "10.0.0.7:8000"}).get("/").status_code == 400
    assert Client(headers={"host": "10.0.0.7:8000"}).get("/health/other").status_code == 404


@pytest.mark.django_db
def test_metrics_are_for_who_has_the_token(settings) -> None:
    def ask(token: str):
        return Client().get("/health/metrics", headers={"Authorization": f"Bearer {token}"})

    assert ask("").status_code == 404
    settings.METRICS_TOKEN = "a-long-token"
    assert {ask(wrong).status_code for wrong in ("", "a-long-tokem", "é")} == {404}
    answer = ask("a-long-token")
    assert answer.status_code == 200
    assert "totem_mail_oldest_seconds 0\n" in answer.text
    assert 'totem_jobs_oldest_due_seconds{queue="urgent"} 0\n' in answer.text


def test_requests_are_refused_plainly_while_the_database_is_unavailable_and_recover_by_themselves(
    elsewhere: Server, tmp_path: Path
) -> None:
    url = url_of({"NAME": "totem", "USER": "totem", "PASSWORD": "", "HOST": str(elsewhere.socket), "PORT": ""})
    site = Site("--no-worker", "--workers", "1", data=tmp_path, database_url=url)
    try:
        page = f"{site.url}/"  # the list of hubs, which needs the database
        assert _ask(page)[0] == 200
        assert _ask(f"{site.url}/health/ready")[0] == 200

        elsewhere.stop()
        status, body, headers = _ask(page)
        assert status == 503
        assert headers["Retry-After"] == "10"
        assert headers["Content-Language"] == "fr"
        assert "<h1>" in body
        assert "Traceback" not in body
        assert _ask(page, "en")[2]["Content-Language"] == "en"
        assert "Back in a moment" in _ask(page, "en")[1]
        assert _ask(f"{site.url}/health/ready")[:2] == (503, "database unavailable\n")
        assert _ask(f"{site.url}/health/live")[0] == 200
        # The session is read outside of any view, where a middleware's net for views does not reach.
        status, _body, headers = _ask(page, Cookie=f"sessionid={'x' * 32}")
        assert (status, headers["Retry-After"]) == (503, "10")

        elsewhere.start()
        assert _ask(page)[0] == 200
        assert _ask(f"{site.url}/health/ready")[0] == 200
    finally:
        site.stop()


@pytest.mark.django_db
def test_an_unmigrated_database_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_migrated", False)  # as in a process that was just started
    MigrationRecorder.Migration.objects.latest("pk").delete()
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.content) == (503, b"not migrated\n")


def test_a_deadlock_does_not_make_the_database_unavailable() -> None:
    assert not is_database_unavailable(psycopg.errors.DeadlockDetected("deadlock detected"))
    assert not is_database_unavailable(ValueError())
    assert is_database_unavailable(psycopg.OperationalError("connection refused"))
    assert is_database_unavailable(psycopg.errors.AdminShutdown("terminating connection"))
    wrapped = ValueError()
    wrapped.__cause__ = psycopg.errors.TooManyConnections("too many")
    assert is_database_unavailable(wrapped)
