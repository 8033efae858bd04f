"""The variables of the environment: each is parsed, or refused in one line; the documentation lists them."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment
from config.settings import env
from tests.serving import Totem

NAME = "TOTEM_X"
BOOLEAN = (lambda e: e.boolean(NAME, default=False)), "yes, no, true, false"
NUMBER = (lambda e: e.integer(NAME, default=3, least=1, most=10)), "a whole number from 1 to 10"
CHOICE = (lambda e: e.choice(NAME, ("demo", "INFO"), default="demo")), "one of demo, INFO"
ADDRESS = (lambda e: e.url(NAME)), "begins with http:// or https://"
HOSTS = (lambda e: e.hosts(NAME, default=["here"])), "host names"
CLASS = (lambda e: e.class_path(NAME, {"folder": "a.b.Folder"})), "folder, or the Python name of a class"
ORIGINS = (lambda e: e.urls(NAME)), "https://"


@pytest.mark.parametrize(
    ("read", "held", "value"),
    [
        *((BOOLEAN[0], text, True) for text in ("yes", "true", "TRUE", "on", "1", " yes\n")),
        *((BOOLEAN[0], text, False) for text in ("no", "false", "Off", "0", "")),
        (NUMBER[0], "10", 10),
        (NUMBER[0], "", 3),
        (CHOICE[0], "Demo", "demo"),
        (CHOICE[0], "info", "INFO"),
        (CLASS[0], "Folder", "a.b.Folder"),
        (CLASS[0], "their.package.Platform", "their.package.Platform"),
        (CLASS[0], "", ""),
        (ADDRESS[0], "https://totem.example", "https://totem.example"),
        (HOSTS[0], "a.example, .b.example,[::1],", ["a.example", ".b.example", "[::1]"]),
        (HOSTS[0], " ", ["here"]),
        (ORIGINS[0], "https://a.example,https://b.example", ["https://a.example", "https://b.example"]),
        (lambda e: e.path(NAME, default=Path("/a")), "/b/../c", Path("/c")),
        (lambda e: e.text(NAME, "d"), "two\nlines ", "two\nlines"),
    ],
)
def test_values_are_parsed_from_the_variable_and_from_a_file(
    tmp_path: Path, read: Callable[[Environment], Any], held: str, value: object
) -> None:
    file = tmp_path / "value"
    file.write_text(held, encoding="utf-8")
    assert read(Environment({NAME: held})) == read(Environment({f"{NAME}_FILE": str(file)})) == value


@pytest.mark.parametrize(
    ("setting", "held"),
    [
        *((BOOLEAN, text) for text in ("ja", "2", "oui", "yes please")),
        *((NUMBER, text) for text in ("0", "11", "-1", "1.5", "²", "x")),
        (CHOICE, "prod"),
        *((CLASS, text) for text in ("foldr", "Platform", "their.package", "a b.C", "os.system('x')")),
        *((ADDRESS, text) for text in ("totem.example", "https://", "ftp://a.example", "https://a b", "https://[")),
        *((HOSTS, text) for text in ("https://totem.example", "totem.example/", "a b")),
        (ORIGINS, "https://a.example;script-src *"),
    ],
)
def test_what_is_not_accepted_is_refused_with_its_name_and_what_is(
    setting: tuple[Callable[[Environment], Any], str], held: str
) -> None:
    read, accepted = setting
    with pytest.raises(ImproperlyConfigured) as refusal:
        read(Environment({NAME: held}))
    assert str(refusal.value).startswith(f"{NAME} is {held!r}; it must be ")
    assert accepted in str(refusal.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"TOTEM_X_FILE is '.*/none', which cannot be read"):
        Environment({f"{NAME}_FILE": str(tmp_path / "none")}).text(NAME)


def _settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, Any]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(settings.BASE_DIR / "config" / "settings.py"))


@pytest.mark.parametrize(
    ("variables", "port", "starttls", "implicit"),
    [
        ({}, 587, True, False),
        ({"TOTEM_SMTP_TLS": "true"}, 587, True, False),
        ({"TOTEM_SMTP_TLS": "NO"}, 587, False, False),
        ({"TOTEM_SMTP_TLS": "0", "TOTEM_SMTP_PORT": "465"}, 465, False, False),
        ({"TOTEM_SMTP_PORT": "465"}, 465, False, True),
        ({"TOTEM_SMTP_TLS": "implicit"}, 465, False, True),
        ({"TOTEM_SMTP_TLS": "implicit", "TOTEM_SMTP_PORT": "2465"}, 2465, False, True),
        ({"TOTEM_SMTP_TLS": "starttls", "TOTEM_SMTP_PORT": "465"}, 465, True, False),
    ],
)
def test_mail_is_encrypted_as_the_port_or_the_operator_asks(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], port: int, starttls: bool, implicit: bool
) -> None:
    read = _settings(monkeypatch, **variables)
    assert (read["EMAIL_PORT"], read["EMAIL_USE_TLS"], read["EMAIL_USE_SSL"]) == (port, starttls, implicit)


@pytest.mark.parametrize(
    ("answer", "subdomains", "preload"), [("", False, False), ("subdomains", True, False), ("preload", True, True)]
)
def test_what_browsers_keep_concerns_this_host_unless_the_operator_says_more(
    monkeypatch: pytest.MonkeyPatch, answer: str, subdomains: bool, preload: bool
) -> None:
    read = _settings(monkeypatch, TOTEM_MODE="production", TOTEM_HSTS=answer)
    assert read["SECURE_HSTS_SECONDS"] > 0
    assert (read["SECURE_HSTS_INCLUDE_SUBDOMAINS"], read["SECURE_HSTS_PRELOAD"]) == (subdomains, preload)


@pytest.mark.parametrize("command", ["serve", "worker", "migrate", "doctor"])
def test_a_wrong_variable_stops_each_command_in_one_line(tmp_path: Path, command: str) -> None:
    stopped = Totem(command, TOTEM_DATA=str(tmp_path), TOTEM_SMTP_TLS="perhaps", TOTEM_SMPT_HOST="x")
    assert stopped.wait() == 1
    refused = "TOTEM_SMTP_TLS is 'perhaps'; it must be one of true, yes, on, 1, false, no, off, 0, starttls, implicit."
    (line,) = [line for line in stopped.lines if "TOTEM_SMTP_TLS" in line]
    assert line == (f"WRONG  Settings: {refused}\n" if command == "doctor" else f"totem: {refused}\n")
    assert "Traceback" not in stopped.output


def test_doctor_notes_a_variable_that_nothing_reads(tmp_path: Path) -> None:
    doctor = Totem("doctor", TOTEM_DATA=str(tmp_path), DATABASE_URL="postgresql://127.0.0.1:1/x", TOTEM_SMPT_HOST="x")
    doctor.wait()
    assert "note   Settings: TOTEM_SMPT_HOST (TOTEM_SMTP_HOST?) is set, and nothing reads it" in doctor.output


def test_the_documentation_lists_the_variables_that_are_read() -> None:
    page = (settings.BASE_DIR / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.split("\n## Variables\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == env.declared


def test_the_example_of_the_units_sets_variables_that_are_read() -> None:
    example = (settings.BASE_DIR / "deploy" / "totem.env.example").read_text(encoding="utf-8")
    names = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert {name.removesuffix("_FILE") for name in names} <= env.declared
