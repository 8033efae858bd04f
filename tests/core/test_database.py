"""The connection that DATABASE_URL asks for: its options hold, and production does not send people's data in clear."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from procrastinate.contrib.django.utils import connector_params

from config import checks, doctor
from config.database import connection_settings, may_be_read_on_the_way
from tests.core.test_cli import PRODUCTION
from tests.serving import Totem

SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@pytest.fixture
def without_tls() -> Iterator[str]:
    """The address of a server that answers No when it is asked for TLS, as PostgreSQL does without a certificate."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    client, _address = listener.accept()
                except OSError:
                    return
                with client:
                    client.sendall(b"N" if client.recv(8) == SSL_REQUEST else b"E")

        threading.Thread(target=answer, daemon=True).start()
        yield f"postgresql://totem@127.0.0.1:{listener.getsockname()[1]}/totem"
        listener.shutdown(socket.SHUT_RDWR)


def test_the_tls_that_is_asked_for_is_asked_of_the_server(
    without_tls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{without_tls}?sslmode=require"
    migrate = Totem("migrate", TOTEM_DATA=str(tmp_path), DATABASE_URL=url)
    assert migrate.wait() == 1
    assert "server does not support SSL, but SSL was required" in migrate.output
    for name, value in connection_settings(url).items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    with pytest.raises(psycopg.OperationalError, match="SSL was required"):
        psycopg.connect(**connector_params())  # what the job worker connects with


def test_options_of_the_address_go_before_ours(tmp_path: Path) -> None:
    url = "postgresql://u:p%40ss@a.example:1,b.example:2/n?target_session_attrs=read-write&connect_timeout=9&sslmode=require"
    assert connection_settings(url) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "n",
        "USER": "u",
        "PASSWORD": "p@ss",
        "HOST": "a.example,b.example",
        "PORT": "1,2",
        "OPTIONS": {"target_session_attrs": "read-write", "connect_timeout": "9", "sslmode": "require"},
    }
    code = "from config.settings import DATABASES; print('options', DATABASES['default']['OPTIONS'])"
    shell = Totem("manage", "shell", "-v0", "-c", code, TOTEM_DATA=str(tmp_path), DATABASE_URL=url)
    assert shell.wait() == 0, shell.output
    assert "'connect_timeout': '9'" in shell.output
    assert "'application_name': 'totem'" in shell.output


@pytest.mark.parametrize(
    "url", ["mysql://localhost/x", "postgresql://u:secret@h", "postgresql://h/x?sslmod=1", "postgresql://u:secret%@h/x"]
)
def test_an_address_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refusal:
        connection_settings(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("address", "may_be_read"),
    [
        ("db.example/x", True),
        ("db.example/x?sslmode=prefer", True),
        ("db.example/x?sslmode=allow", True),
        ("db.example/x?sslmode=disable", True),
        ("192.0.2.7/x", True),
        ("localhost,db.example/x", True),
        ("localhost/x?hostaddr=192.0.2.7", True),
        ("/x?service=shop", True),
        ("db.example/x?sslmode=require", False),
        ("db.example/x?sslmode=verify-full", False),
        ("localhost/x", False),
        ("127.0.0.2/x", False),
        ("[::1]/x?sslmode=disable", False),
        ("%2Frun%2Fpostgresql/x", False),
        ("/x", False),
    ],
)
def test_a_remote_host_needs_tls_that_is_not_left_to_chance(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, address: str, may_be_read: bool
) -> None:
    assert may_be_read_on_the_way(connection_settings(f"postgresql://{address}")) is may_be_read
    settings.MODE = "production"
    monkeypatch.setitem(settings.DATABASES, "default", connection_settings(f"postgresql://{address}"))
    assert bool(checks.unsafe_database()) is may_be_read
    settings.DATABASE_TLS = False
    assert checks.unsafe_database() == []


@pytest.mark.parametrize(
    ("address", "variables"),
    [
        ("/x", {"PGSERVICE": "shop"}),
        ("/x", {"PGHOSTADDR": "192.0.2.7"}),
        ("localhost/x", {"PGHOSTADDR": "192.0.2.7"}),
        ("/x", {"PGHOST": "db.example", "PGSSLMODE": "disable"}),
        ("/x?service=shop", {"PGSSLMODE": "require"}),  # the file goes before it
    ],
)
def test_the_variables_of_libpq_lead_away_from_this_machine_too(
    monkeypatch: pytest.MonkeyPatch, address: str, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert may_be_read_on_the_way(connection_settings(f"postgresql://{address}"))
    assert not may_be_read_on_the_way(connection_settings("postgresql:///x?sslmode=require"))


@pytest.mark.parametrize("command", ["serve", "worker", "migrate"])
def test_production_does_not_connect_to_a_remote_host_without_tls(tmp_path: Path, command: str) -> None:
    remote = {"DATABASE_URL": "postgresql://totem@db.invalid/totem?sslmode=prefer", "TOTEM_DATA": str(tmp_path)}
    refused = Totem(command, **PRODUCTION, **remote)
    assert refused.wait() == 1
    assert refused.output.startswith("totem: Production refuses to start: The connection to the database leaves")
    assert "TOTEM_DATABASE_TLS=no" in refused.output
    assert refused.output.count("\n") == 1


@pytest.mark.django_db
def test_doctor_reports_how_the_server_is_reached() -> None:
    found = [finding.text for finding in doctor._inside() if "PostgreSQL" in finding.text]
    by_socket = connection.settings_dict["HOST"].startswith("/")
    assert ("through a local socket" in found[0]) is by_socket
