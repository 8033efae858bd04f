"""The connection to PostgreSQL that DATABASE_URL asks for, as libpq reads it, for web processes and workers alike."""

import os
from ipaddress import ip_address
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

DEFAULTS = {"connect_timeout": "5", "application_name": "totem"}
FIELDS = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
ENCRYPTED = {"require", "verify-ca", "verify-full"}
NOT_POSTGRESQL = "{} has to name a PostgreSQL database: postgresql://USER:PASSWORD@HOST/NAME."


def connection_settings(url: str, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """Django's settings for this address; each option of libpq that it names goes before ours.

    Raises ImproperlyConfigured; the message never shows the address, which may hold a password.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(NOT_POSTGRESQL.format(variable))
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        why = str(error).strip() if "query parameter" in str(error) else "a part of it is not percent-encoded"
        raise ImproperlyConfigured(f"{variable} cannot be read: {why}.") from None
    if not given.get("dbname"):
        raise ImproperlyConfigured(NOT_POSTGRESQL.format(variable))
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{field: given.pop(name, "") for name, field in FIELDS.items()},
        "OPTIONS": given,
    }


def owner_settings(url: str, running: dict[str, Any]) -> dict[str, Any]:
    """The fields in which the connection of who owns the tables differs from that of who runs; none without an address.

    Raises ImproperlyConfigured where it is not another role of the same database.
    """
    if not url:
        return {}
    owner = connection_settings(url, "DATABASE_OWNER_URL")
    if owner["NAME"] != running["NAME"] or owner["USER"] == running["USER"]:
        raise ImproperlyConfigured("DATABASE_OWNER_URL has to name another role of the database of DATABASE_URL.")
    fields = {name: owner[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
    return {**fields, "OPTIONS": {**DEFAULTS, **owner["OPTIONS"]}}


def may_be_read_on_the_way(settings: dict[str, Any]) -> bool:
    """Whether this connection leaves the machine and may be unencrypted, as libpq's own default (`prefer`) accepts."""
    options = settings.get("OPTIONS", {})
    # What a service file holds is not known here, and goes before the variables of libpq.
    has_service = "service" in options or "PGSERVICE" in os.environ
    mode = options.get("sslmode") or ("" if has_service else os.environ.get("PGSSLMODE"))
    addresses = options.get("hostaddr") or os.environ.get("PGHOSTADDR")
    hosts = addresses or settings["HOST"] or os.environ.get("PGHOST", "")
    is_remote = has_service or any(not is_local(host) for host in hosts.split(","))
    return is_remote and mode not in ENCRYPTED


def is_local(host: str) -> bool:
    """Whether it is a socket (a path, or empty: libpq's default) or a loopback address."""
    if not host or host.startswith(("/", "@")) or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
