"""Settings that would put personal data at risk, in the mode that runs; a database that this mode must not serve."""

import contextlib
import os
import pwd
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from config.database import is_local, may_be_read_on_the_way
from totem.core import embedded

SHORTEST_SECRET_KEY = 50
Rule = tuple[Callable[[], bool], str, str]


@register(Tags.security)
def check_mode(app_configs: object = None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
    """Django's hook: the errors of `unsafe_settings`."""
    return list(unsafe_settings())


def unsafe_settings() -> list[Error]:
    """An error for each setting that production, or development, must not run with; empty in any other mode."""
    rules = {"production": [*RULES, *DATABASE_RULES], "development": DEVELOPMENT_RULES}.get(settings.MODE, [])
    return _broken(rules)


def unsafe_database() -> list[Error]:
    """The error of a connection that production must not even open."""
    return _broken(DATABASE_RULES if settings.MODE == "production" else [])


def real_people() -> list[Error]:
    """The error of a demonstration, where anybody signs in by one click, on this database: it holds real people."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - before Django is set up there are no models
    from django.db import ProgrammingError  # noqa: PLC0415

    people = get_user_model().objects.all()
    with contextlib.suppress(ProgrammingError):  # no table yet: nothing to protect
        if people.exists() and not people.exclude(demo_role="").exists():
            return [Error(*REAL_PEOPLE, id="totem.E900")]
    return []


def _broken(rules: list[Rule]) -> list[Error]:
    return [
        Error(problem, hint=hint, id=f"totem.E{number:03}")
        for number, (is_unsafe, problem, hint) in enumerate(rules, start=1)
        if is_unsafe()
    ]


def installation() -> str:
    """The mode and the database of this process, on one line, without the password."""
    database = settings.DATABASES["default"]
    host = database["HOST"] or database.get("OPTIONS", {}).get("host") or "a socket of this machine"
    base = embedded.server_for(settings.DATA_DIR).base
    place = f"embedded in {base}" if settings.EMBEDDED else f"{database['NAME']} at {host}"
    return f"mode {settings.MODE}, database {place}"


def wrong_user() -> str:
    """What is wrong when root runs a command in production for a data folder of another user; else empty."""
    if settings.MODE != "production" or os.geteuid() != 0 or not settings.DATA_DIR.exists():
        return ""
    number = settings.DATA_DIR.stat().st_uid
    if number == 0:
        return ""
    owner = str(number)
    with contextlib.suppress(KeyError):
        owner = pwd.getpwuid(number).pw_name
    return (
        f"{settings.DATA_DIR} belongs to {owner}: run this as that user (runuser -u {owner} -- totem …). "
        "As root it would use another embedded database, and write files that the service cannot read."
    )


def _has_public_name() -> bool:
    names = [*settings.ALLOWED_HOSTS, urlsplit(settings.SITE_URL).hostname or ""]
    return not all(is_local(name) for name in names)


REAL_PEOPLE = (
    "This database holds a real installation.",
    "Choose another TOTEM_DATA or DATABASE_URL for the demonstration, or set TOTEM_MODE=production.",
)
DATABASE_RULES: list[Rule] = [
    (
        lambda: (
            settings.DATABASE_TLS
            and any(
                may_be_read_on_the_way({**settings.DATABASES["default"], **other})
                for other in ({}, settings.DATABASE_OWNER)
            )
        ),
        "The connection to the database leaves this machine and may be unencrypted.",
        "Add sslmode=verify-full (or require) to DATABASE_URL (and DATABASE_OWNER_URL), or set TOTEM_DATABASE_TLS=no.",
    ),
]
DEVELOPMENT_RULES: list[Rule] = [
    (
        _has_public_name,
        "Development mode shows errors in full, secrets included, and has a public name.",
        "Set TOTEM_MODE=production, or unset TOTEM_URL and TOTEM_HOSTS.",
    ),
    (
        lambda: not is_local(settings.BIND),
        "Development mode shows errors in full, secrets included, and listens to other machines.",
        "Set TOTEM_MODE=production, or unset TOTEM_BIND.",
    ),
]
RULES: list[Rule] = [
    (lambda: settings.DEBUG, "DEBUG is on.", "Leave it to TOTEM_MODE."),
    (
        # Without the variable a key is kept in TOTEM_DATA: it serves one machine only, and is lost with it.
        lambda: not settings.GIVEN_SECRET_KEY,
        "TOTEM_SECRET_KEY is missing.",
        "Set it, or TOTEM_SECRET_KEY_FILE: every machine needs the same key.",
    ),
    (
        lambda: len(settings.SECRET_KEY) < SHORTEST_SECRET_KEY or len(set(settings.SECRET_KEY)) < 5,
        "TOTEM_SECRET_KEY is too short.",
        f"Use {SHORTEST_SECRET_KEY} random characters or more, for instance from `openssl rand -base64 48`.",
    ),
    (
        lambda: urlsplit(settings.SITE_URL).scheme != "https" or not urlsplit(settings.SITE_URL).hostname,
        "TOTEM_URL does not begin with https://.",
        "Set it to the public address of the site.",
    ),
    (
        lambda: any("*" in host or host == "." for host in settings.ALLOWED_HOSTS),
        "TOTEM_HOSTS lets in any host name.",
        "Name the public host names, separated by commas.",
    ),
    (
        lambda: all(is_local(host) for host in settings.ALLOWED_HOSTS),
        "TOTEM_HOSTS names no public host.",
        "Name the public host names, separated by commas.",
    ),
    (
        # Totem does not speak TLS itself, so https:// comes through at least one.
        lambda: settings.TRUSTED_PROXY_COUNT == 0,
        "TOTEM_PROXIES is 0: all clients would count as one.",
        "Set it to the number of reverse proxies in front of Totem.",
    ),
    (
        lambda: settings.EMAIL_BACKEND != "django.core.mail.backends.smtp.EmailBackend",
        "Mails would not leave this machine.",
        "Set TOTEM_SMTP_HOST (and TOTEM_SMTP_PORT, _USER, _PASSWORD).",
    ),
    (
        lambda: settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith("@localhost"),
        "Mails would come from an address nobody can answer.",
        "Set TOTEM_MAIL_FROM.",
    ),
]
