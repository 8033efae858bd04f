"""Checks of production: settings that would put personal data at risk."""

import contextlib
import os
import pwd
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from totem.core import embedded

SHORTEST_SECRET_KEY = 50
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "::1"}


@register(Tags.security)
def check_production(app_configs: object = None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
    """Django's hook: the errors of `unsafe_settings`, in production only."""
    return list(unsafe_settings())


def unsafe_settings() -> list[Error]:
    """An error for each setting production must not run with; empty in any other mode."""
    if settings.MODE != "production":
        return []
    return [
        Error(problem, hint=hint, id=f"totem.E{number:03}")
        for number, (is_unsafe, problem, hint) in enumerate(RULES, start=1)
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


def _hosts() -> set[str]:
    return set(settings.ALLOWED_HOSTS)


RULES: list[tuple[Callable[[], bool], str, str]] = [
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
        lambda: any("*" in host or host == "." for host in _hosts()),
        "TOTEM_HOSTS lets in any host name.",
        "Name the public host names, separated by commas.",
    ),
    (
        lambda: not _hosts() - LOCAL_HOSTS,
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
