"""The console command `totem`: processes that it starts and stops, and messages of one line instead of tracebacks.

It runs as a process where that is what is tested: signals, killed processes, a database of its own, the environment.
"""

import contextlib
import re
import shutil
import signal
import socket
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import psutil
import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import translation

from config import checks, cli, secret
from tests.factories.accounts import UserFactory
from tests.postgres import make_migrated_cluster
from tests.serving import Site, Totem, free_port
from totem.core import embedded
from totem.core.jobs import send_mail

EMBEDDED = {"DATABASE_URL": None, "TOTEM_MODE": "test"}


@contextlib.contextmanager
def _data_folder() -> Iterator[Path]:
    """A temporary TOTEM_DATA; the cluster that root keeps elsewhere for it is removed too."""
    folder = Path(tempfile.mkdtemp(prefix="totem-cli-")).resolve()
    yield folder
    shutil.rmtree(embedded.server_for(folder).base, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data() -> Iterator[Path]:
    """An empty TOTEM_DATA."""
    with _data_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """A TOTEM_DATA whose embedded database is migrated; each test leaves it stopped."""
    with _data_folder() as folder:
        make_migrated_cluster(embedded.server_for(folder))
        yield folder


@pytest.fixture
def run(settings: LazySettings, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """`run("worker")`: the command in this process; its exit status, and both of its outputs together."""
    settings.PORT = free_port()

    def command(*arguments: str) -> tuple[int, str]:
        try:
            status = cli.main(arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
        outputs = capsys.readouterr()
        return status, outputs.out + outputs.err

    return command


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())


def _one_line(totem: Totem) -> str:
    """The output of a command that refused to start, which has to be one line."""
    status = totem.wait()
    assert status == 1, totem.output
    (line,) = _without_installation(totem.output)
    return line


def _without_installation(output: str) -> list[str]:
    """The lines of a command, but for the one that says which installation it is about."""
    return [line for line in output.splitlines() if not line.startswith("totem: mode ")]


def test_serve_starts_a_database_and_stops_it_even_after_kill_9(prepared: Path) -> None:
    server = embedded.server_for(prepared)
    assert not server.answers()
    site = Site("--workers", "1", data=prepared)
    assert _get(f"{site.url}/health/ready") == "ready\n"
    children = psutil.Process(site.process.pid).children(recursive=True)
    assert len(children) >= 4  # the web master and its process, a worker for each queue
    port = urlsplit(site.url).port
    with socket.create_connection(("127.0.0.1", port)) as slow:  # a request that is still arriving holds no port
        slow.sendall(b"POST /compte/connexion/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
        site.kill()
        again = Site("--workers", "1", data=prepared, port=port)
    _gone, alive = psutil.wait_procs(children, timeout=60)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
    assert _get(f"{again.url}/health/ready") == "ready\n"
    assert server.answers()
    assert again.stop() == 0
    assert not server.answers()
    assert "Traceback" not in site.output + again.output


def test_other_serves_use_the_database_of_the_first_and_leave_it(prepared: Path) -> None:
    first = Site("--workers", "1", "--no-worker", data=prepared)
    for number in (signal.SIGINT, signal.SIGTERM):
        other = Site("--workers", "1", "--no-worker", data=prepared)
        assert other.stop(number) == 0
        assert _get(f"{first.url}/health/ready") == "ready\n"
    assert first.stop(signal.SIGINT) == 0
    assert not embedded.server_for(prepared).answers()


def _worker_of(site: Site, queue: str) -> psutil.Process:
    """That worker under `serve`; a child that was just forked has its parent's command line until it runs its own."""
    for _ in range(500):
        for child in psutil.Process(site.process.pid).children():
            if child.status() != psutil.STATUS_ZOMBIE and child.cmdline()[-3:] == ["worker", "--queue", queue]:
                return child
        Event().wait(0.02)
    pytest.fail("no worker")


def test_a_dead_worker_is_started_again(committed_db: str, tmp_path: Path) -> None:
    site = Site("--workers", "1", data=tmp_path, database_url=committed_db)
    dead, other = _worker_of(site, "long"), _worker_of(site, "urgent")
    dead.kill()
    site.wait_for("The long worker runs again")
    assert _worker_of(site, "long").pid != dead.pid
    assert _worker_of(site, "urgent").pid == other.pid
    assert not embedded.server_for(tmp_path).base.exists()  # with an address, nothing embedded starts
    assert site.stop() == 0


def test_a_busy_port_is_reported_in_one_line(data: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        output = _one_line(Totem("serve", "--port", str(port), TOTEM_DATA=str(data), **EMBEDDED))
    assert f"Port {port}" in output
    assert f"TOTEM_PORT={port + 1}" in output
    assert not embedded.server_for(data).base.exists()


def test_data_of_another_postgresql_are_refused_in_one_line(prepared: Path) -> None:
    version = embedded.server_for(prepared).cluster / "PG_VERSION"
    version.write_text("17\n")
    output = _one_line(Totem("serve", "--port", str(free_port()), TOTEM_DATA=str(prepared), **EMBEDDED))
    version.write_text("18\n")
    assert "PostgreSQL 17" in output
    assert "move that folder away" in output


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", "cannot be reached"),
        ("mysql://localhost/totem", "PostgreSQL database"),
        ("not an address", "PostgreSQL database"),
    ],
)
def test_a_wrong_database_address_is_reported_in_one_line(data: Path, address: str, word: str) -> None:
    output = _one_line(
        Totem("serve", "--port", str(free_port()), TOTEM_DATA=str(data), TOTEM_MODE="test", DATABASE_URL=address)
    )
    assert word in output
    assert "DATABASE_URL" in output


def test_a_data_folder_that_cannot_be_written_is_reported_in_one_line() -> None:
    output = _one_line(Totem("serve", TOTEM_DATA="/dev/null/var", TOTEM_SECRET_KEY=None, **EMBEDDED))
    assert "/dev/null/var" in output


def test_doctor_names_what_is_wrong(run, committed_db: str, tmp_path: Path) -> None:
    _status, well = run("doctor")
    assert "PostgreSQL" in well
    assert "no communes are loaded: run `totem migrate`" in well
    send_mail.defer(mail_id=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_events SET at = at - interval '1 hour'")
    assert "the oldest of 1 in the queue urgent is 60 minutes late" in run("doctor")[1]
    ill = Totem("doctor", TOTEM_DATA=str(tmp_path), DATABASE_URL="postgresql://127.0.0.1:1/x", TOTEM_MODE="production")
    assert ill.wait() == 1
    for word in ("cannot be reached", "TOTEM_URL", "TOTEM_HOSTS", "not collected", "Mails would not leave"):
        assert re.search(f"WRONG .*{word}", ill.output), ill.output
    assert "Traceback" not in ill.output


SAFE = {
    "MODE": "production",
    "DEBUG": False,
    "SECRET_KEY": "k9zQ" * 16 + "mixed",
    "GIVEN_SECRET_KEY": "k9zQ" * 16 + "mixed",
    "SITE_URL": "https://totem.example",
    "ALLOWED_HOSTS": ["totem.example"],
    "TRUSTED_PROXY_COUNT": 1,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "DEFAULT_FROM_EMAIL": "Totem <totem@totem.example>",
}
UNSAFE = [
    ({"DEBUG": True}, "DEBUG"),
    ({"GIVEN_SECRET_KEY": ""}, "missing"),
    ({"SECRET_KEY": "short"}, "too short"),
    ({"SECRET_KEY": "a" * 60}, "too short"),
    ({"SITE_URL": "http://totem.example"}, "https"),
    ({"SITE_URL": "https://"}, "https"),
    ({"ALLOWED_HOSTS": ["*"]}, "any host"),
    ({"ALLOWED_HOSTS": ["totem.example", ".*"]}, "any host"),
    ({"ALLOWED_HOSTS": ["localhost", "127.0.0.1"]}, "no public host"),
    ({"ALLOWED_HOSTS": []}, "no public host"),
    ({"TRUSTED_PROXY_COUNT": 0}, "TOTEM_PROXIES"),
    ({"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}, "not leave"),
    ({"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, "not leave"),
    ({"DEFAULT_FROM_EMAIL": "Totem <totem@localhost>"}, "nobody can answer"),
]


@pytest.mark.parametrize(("change", "word"), UNSAFE)
def test_each_unsafe_setting_is_refused_in_production(settings: LazySettings, change: dict, word: str) -> None:
    for name, value in {**SAFE, **change}.items():
        setattr(settings, name, value)
    (problem,) = checks.unsafe_settings()
    assert word in problem.msg
    assert problem.hint


PRODUCTION = {
    "TOTEM_MODE": "production",
    "TOTEM_SECRET_KEY": SAFE["SECRET_KEY"],
    "TOTEM_URL": "https://totem.example",
    "TOTEM_HOSTS": "totem.example",
    "TOTEM_SMTP_HOST": "127.0.0.1",
    "TOTEM_MAIL_FROM": "Totem <totem@totem.example>",
}


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_production_refuses_to_start_with_unsafe_settings(run, settings: LazySettings, command: str) -> None:
    for name, value in {**SAFE, "SITE_URL": "http://totem.example", "ALLOWED_HOSTS": ["*"]}.items():
        setattr(settings, name, value)
    status, output = run(command)
    assert status == 1
    lines = _without_installation(output)
    assert lines[0] == "totem: Production refuses to start:"
    assert len(lines) == 3, output


PUBLIC = [
    ({"ALLOWED_HOSTS": ["localhost", "totem.example"]}, "public name"),
    ({"ALLOWED_HOSTS": ["*"]}, "public name"),
    ({"SITE_URL": "https://totem.example"}, "public name"),
    ({"BIND": "::"}, "other machines"),
    ({"BIND": "192.0.2.1"}, "other machines"),
]


@pytest.mark.parametrize(("change", "word"), PUBLIC)
def test_development_is_refused_to_the_public(settings: LazySettings, change: dict, word: str) -> None:
    settings.MODE, settings.ALLOWED_HOSTS = "development", ["localhost", "127.0.0.1", "[::1]", "hub.localhost"]
    assert checks.unsafe_settings() == []
    for name, value in change.items():
        setattr(settings, name, value)
    (problem,) = checks.unsafe_settings()
    assert word in problem.msg
    assert "TOTEM_MODE=production" in problem.hint


@pytest.mark.parametrize("command", ["serve", "worker", "dev", "demo"])
def test_no_command_serves_development_under_a_public_name(
    run, settings: LazySettings, committed_db: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("TOTEM_DEMO", "yes")  # `dev` sets it
    settings.MODE, settings.ALLOWED_HOSTS = "development", ["totem.example"]
    status, output = run(command)
    assert status == 1
    assert "totem: Development refuses to start: Development mode shows errors in full" in output


@pytest.mark.parametrize("command", ["serve", "worker", "dev", "demo", "doctor"])
def test_no_command_demonstrates_on_the_data_of_real_people(
    run, settings: LazySettings, committed_db: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("TOTEM_DEMO", "yes")
    settings.MODE, settings.DEMO = "development" if command == "dev" else "demo", True
    settings.ALLOWED_HOSTS = ["localhost"]
    UserFactory()
    status, output = run(command)
    assert status == 1
    assert "This database holds a real installation." in output


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_database_that_is_not_migrated_is_refused_in_one_line(run, committed_db: str, command: str) -> None:
    MigrationRecorder.Migration.objects.latest("pk").delete()
    status, output = run(command)
    assert status == 1
    assert "(1 migrations wait): run `totem migrate` first" in output
    assert len(_without_installation(output)) == 1


def test_production_is_clean_for_djangos_own_checks(committed_db: str, tmp_path: Path) -> None:
    checked = Totem("manage", "check", "--deploy", "--fail-level=WARNING", TOTEM_DATA=str(tmp_path), **PRODUCTION)
    assert checked.wait() == 0, checked.output


def test_the_secret_key_is_made_once_and_kept_to_oneself(data: Path) -> None:
    command = "import os; from config.settings import SECRET_KEY; print('key', SECRET_KEY)"
    first = Totem("manage", "shell", "-v0", "-c", command, TOTEM_DATA=str(data), TOTEM_SECRET_KEY=None, **EMBEDDED)
    assert first.wait() == 0, first.output
    (key,) = [line.removeprefix("key ") for line in first.output.splitlines() if line.startswith("key ")]
    assert len(key) > 60
    assert secret.kept_in(data) == key
    assert (data / "secret-key").stat().st_mode & 0o777 == 0o600
    # Its database too was made by this first command, and stopped with it.
    assert (embedded.server_for(data).cluster / "PG_VERSION").exists()
    assert not embedded.server_for(data).answers()


@pytest.mark.parametrize(("option", "variable"), [("--port", "TOTEM_PORT"), ("--workers", "TOTEM_WORKERS")])
def test_options_are_read_as_their_variables(data: Path, option: str, variable: str) -> None:
    output = _one_line(Totem("serve", option, "0", TOTEM_DATA=str(data), **EMBEDDED))
    assert f"{variable} is '0'; it must be a whole number from 1" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["charter", "list"], "No charter is published yet"),
        (["charter", "check"], "Name a file, or --shipped."),
        (["staff", "nobody"], "Enter a valid email address."),
        (["manage", "changepassword", "nobody"], "user 'nobody' does not exist"),
    ],
)
def test_the_console_has_one_language(run, committed_db: str, arguments: list[str], words: str) -> None:
    with translation.override("fr"):
        _status, output = run(*arguments)
    assert words in output
