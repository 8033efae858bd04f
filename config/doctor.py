"""`totem doctor`: checks of this installation, each with what to do about it."""

import contextlib
import importlib.metadata
import os
import shutil
import stat
import subprocess
import sys
import zoneinfo
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from config import assets, checks
from totem.core import embedded, embedded_programs

WORD = {"ok": "ok     ", "note": "note   ", "wrong": "WRONG  "}
ENOUGH_ROOM = 500 * 1024 * 1024
CLOCKS_MAY_DIFFER = 30  # seconds
# How late a job may be in each queue, and a mail among the urgent ones.
LATEST_MINUTES = defaultdict(lambda: 15, long=6 * 60)
ZONES = ("Europe/Paris", "Indian/Reunion", "America/Martinique")


@dataclass(frozen=True)
class Finding:
    """The result of a check: `ok`, `note` (for information) or `wrong` (to be changed)."""

    level: str
    text: str


def report() -> int:
    """Print the findings; returns 0 when nothing is wrong, 1 otherwise."""
    wrong = 0
    for finding in _examine():
        print(f"{WORD[finding.level]}{finding.text}", flush=True)
        wrong += finding.level == "wrong"
    print("Nothing is wrong." if not wrong else f"To be put right: {wrong}.")
    return 1 if wrong else 0


def _examine() -> Iterator[Finding]:
    yield from _programs()
    try:
        from django.conf import settings  # noqa: PLC0415

        settings.DATABASES  # noqa: B018 - reads them
    except Exception as error:
        yield Finding("wrong", f"Settings: {error}")
        return
    yield Finding("ok", f"This is {checks.installation()}")
    if wrong := checks.wrong_user():
        yield Finding("wrong", wrong)
        return
    for look in (_variables, _assets, _folders, _zones, _database, _safety, _mail):
        try:
            yield from look()
        except Exception as error:
            yield Finding("wrong", f"{_name(look)}: {str(error).strip().splitlines()[0] if str(error) else error!r}")


def _name(look: Callable[[], Iterator[Finding]]) -> str:
    return look.__name__.strip("_").capitalize()


def _programs() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < (3, 11):  # noqa: UP036 - somebody may have made the environment by hand
        yield Finding("wrong", f"Python {version}: 3.11 or later is needed.")
    else:
        yield Finding("ok", f"Python {version}")
    node = shutil.which("node")
    if node is None:
        yield Finding("note", "Node.js is not here: only `make setup` needs it (20 or later).")
        return
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = version.lstrip("v").split(".")[0]
    if major.isdigit() and int(major) < 20:
        yield Finding("wrong", f"Node.js {version}: `make setup` needs 20 or later.")
    else:
        yield Finding("ok", f"Node.js {version}")


def _variables() -> Iterator[Finding]:
    from config.settings import env  # noqa: PLC0415

    for name in env.unknown():
        yield Finding("note", f"Settings: {name} is set, and nothing reads it (docs/operations.md).")


def _assets() -> Iterator[Finding]:
    from django.conf import settings  # noqa: PLC0415

    lost = assets.missing(settings.BASE_DIR)
    if lost:
        yield Finding("wrong", f"Assets: {len(lost)} files made at set-up are missing: run `make setup`.")
    stale = assets.stale_catalogues(settings.BASE_DIR)
    if stale:
        yield Finding("wrong", f"Catalogues: {', '.join(stale)} not compiled: run `make setup`.")
    if settings.MODE in {"demo", "production"} and not (settings.STATIC_ROOT / "staticfiles.json").exists():
        yield Finding("wrong", "Pages: the static files are not collected: run `totem migrate`.")
    elif not lost and not stale:
        yield Finding("ok", "Assets and catalogues")


def _folders() -> Iterator[Finding]:
    from django.conf import settings  # noqa: PLC0415

    for folder in (Path(settings.DATA_DIR), Path(settings.MEDIA_ROOT)):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            yield Finding("wrong", f"{folder} cannot be written by this user: change its owner, or TOTEM_DATA.")
            return
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
    if free < ENOUGH_ROOM:
        yield Finding("wrong", f"{settings.DATA_DIR}: only {free // 2**20} MB are free: make room.")
    else:
        yield Finding("ok", f"Data folder {settings.DATA_DIR}")
    media = Path(settings.MEDIA_ROOT)
    folders = [media.parent, *(path for path in (media, *media.rglob("*")) if path.is_dir())]
    closed = [str(path) for path in folders if settings.SECURE and not path.stat().st_mode & stat.S_IXOTH]
    if closed:
        todo = f"chmod a+x {media.parent}; chmod -R a+rX {media}"
        yield Finding("note", f"Media: {closed[0]} is closed to a reverse proxy of another user ({todo}).")


def _zones() -> Iterator[Finding]:
    try:
        for zone in ZONES:
            zoneinfo.ZoneInfo(zone)
    except zoneinfo.ZoneInfoNotFoundError as error:
        yield Finding("wrong", f"Time zones: {error}: install the system's tzdata package.")
    else:
        yield Finding("ok", "Time zones")


def _database() -> Iterator[Finding]:
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    server = embedded.server_for(settings.DATA_DIR) if settings.EMBEDDED else None
    try:
        with server.running() if server else contextlib.nullcontext():
            django.setup()
            yield from _inside()
    except embedded_programs.EmbeddedError as error:
        yield Finding("wrong", f"Database: {error}")
    except Exception as error:
        if not isinstance(error.__cause__ or error, psycopg.Error):
            raise
        first = str(error).strip().splitlines()[0]
        yield Finding("wrong", f"Database: it cannot be reached ({first}): check DATABASE_URL and its server.")


def _inside() -> Iterator[Finding]:
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('is_superuser') = 'on',"
            " pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
        )
        version, superuser, encoding = cursor.fetchone()
    where = "embedded" if settings.EMBEDDED else "DATABASE_URL"
    if version < 150000:
        yield Finding("wrong", f"Database: PostgreSQL {version // 10000} is too old: Totem needs 15 or later.")
        return
    if encoding != "UTF8":
        yield Finding("wrong", f"Database: its encoding is {encoding}: create it with ENCODING 'UTF8'.")
    yield Finding("ok", f"Database: PostgreSQL {version // 10000} ({where}), {_way()}")
    yield from _roles()
    if superuser:
        yield Finding("note", "Database: the role is a superuser; one that owns the database and no more is safer.")
    yield _clock()
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield Finding("wrong", f"Database: {len(waiting)} migrations wait: run `totem migrate`.")
        return
    yield from _content()
    yield from _backups()


def _way() -> str:
    """How the connection reaches the server: by a socket, or over a network, encrypted or not."""
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    info = connection.connection.info
    if info.host.startswith(("/", "@")):
        return "through a local socket"
    with connection.cursor() as cursor:  # of a pooler in between this is the way behind it; ours counts
        cursor.execute("SELECT version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl")
        found = " ".join(cursor.fetchone() or ())
    return f"encrypted ({found or 'TLS'})" if connection.connection.pgconn.ssl_in_use else "not encrypted"


def _roles() -> Iterator[Finding]:
    from totem.core import roles  # noqa: PLC0415

    if not roles.is_prepared():
        return  # the migrations wait
    if left := roles.not_revoked():
        yield Finding("wrong", f"Database: this role may change what is append-only ({left[0]}): run `totem migrate`.")
    elif roles.has_two():
        yield Finding("ok", "Database: two roles, this one runs and cannot give itself more rights")
    else:
        yield Finding(
            "note",
            "Database: one role owns the tables and runs: it could give itself back the rights on what is append-only;"
            " DATABASE_OWNER_URL makes them two.",
        )


def _journal() -> Finding:
    from totem.core import seals  # noqa: PLC0415

    seal = seals.last()
    last = f"last seal {seal.number}, {seal.at:%Y-%m-%d %H:%M} UTC, {seal.digest}" if seal else "no seal yet"
    return Finding("ok", f"Journal: {last}; {seals.waiting()} entries wait for the next")


def _clock() -> Finding:
    from totem.core import clock  # noqa: PLC0415

    seconds = round(clock.ahead_of_the_database().total_seconds())
    if abs(seconds) <= CLOCKS_MAY_DIFFER:
        return Finding("ok", "Clock: the one of the database")
    side = "ahead of" if seconds > 0 else "behind"
    return Finding("wrong", f"Clock: {abs(seconds)} s {side} the database's: set it, or mailed codes will not hold.")


def _content() -> Iterator[Finding]:
    yield _journal()
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from totem.core import client_address  # noqa: PLC0415

    with connection.cursor() as cursor:
        for table in (cache["LOCATION"] for cache in settings.CACHES.values()):
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
            if cursor.fetchone() == (False,):
                yield Finding("wrong", f"Database: the table {table} is missing: run `totem migrate`.")
        cursor.execute("SELECT EXISTS (SELECT FROM territories_commune)")
        if cursor.fetchone() == (False,):
            yield Finding("wrong", "Database: no communes are loaded: run `totem migrate`.")
    yield from _jobs()
    yield from _stocks()
    if settings.DEMO:
        yield from (Finding("wrong", f"Mode: {problem.msg} {problem.hint}") for problem in checks.real_people())
    if mismatch := client_address.recent_mismatch():
        yield Finding("wrong", f"Proxies: a request of the last day came with {mismatch}: correct it, or the proxy.")


def _stocks() -> Iterator[Finding]:
    from totem.observatory.models import Stock  # noqa: PLC0415

    for stock in Stock.objects.answering():
        if not stock.path.is_dir():
            what = f"Observatory: the files of the stock of {stock} are missing ({stock.path})"
            yield Finding("wrong", f"{what}: restore them from a backup, or import the register again.")


def _jobs() -> Iterator[Finding]:
    from totem.core.queues import job_figures  # noqa: PLC0415

    figures = job_figures()
    if figures.failed:
        yield Finding("note", f"Jobs: {figures.failed} failed for good; they are kept for ninety days.")
    for one in figures.waiting:
        if one.seconds > LATEST_MINUTES[one.queue] * 60:
            yield Finding(
                "wrong",
                f"Jobs: the oldest of {one.count} in the queue {one.queue} is {one.seconds // 60} minutes late: run"
                f" `totem worker --queue {one.queue}` (`totem serve` and `totem worker` have one for each queue).",
            )
    if (minutes := figures.oldest_mail_seconds // 60) > LATEST_MINUTES["urgent"]:
        yield Finding(
            "wrong", f"Mail: the oldest one has waited for {minutes} minutes: look at its server and the jobs."
        )


def _backups() -> Iterator[Finding]:
    from django.conf import settings  # noqa: PLC0415

    from totem.core import clock  # noqa: PLC0415
    from totem.core.backups import BackupRefused, programs, runs  # noqa: PLC0415

    now = clock.now()
    last = runs.last_backups(now)
    made = "none was made yet"
    if last.made:
        made = f"the last one is {(now - last.made.ended_at).total_seconds() / 3600:.0f} hours old ({last.made.path})"
    if last.failed:
        yield Finding("wrong", f"Backups: the last run failed ({last.failed.error.rstrip('.')}); {made}.")
    elif last.is_overdue:
        yield Finding("wrong", f"Backups: {made}: look for failed jobs, and try `totem backup`.")
    elif settings.BACKUPS_DIR is None:
        yield Finding("note", f"Backups: none is scheduled (TOTEM_BACKUPS); {made}.")
    else:
        yield Finding("ok", f"Backups: {made}")
    if settings.BACKUPS_DIR is not None:
        try:
            programs.programs_folder()
        except BackupRefused as refused:
            yield Finding("wrong", f"Backups: {refused}")


def _safety() -> Iterator[Finding]:
    from django.conf import settings  # noqa: PLC0415
    from django.core.checks import ERROR, run_checks  # noqa: PLC0415

    messages = run_checks(include_deployment_checks=settings.SECURE)
    for message in messages:
        if not message.is_silenced():
            level = "wrong" if message.level >= ERROR else "note"
            yield Finding(level, f"Settings: {message.msg} {message.hint or ''} ({message.id})")
    if not settings.SECURE:
        yield Finding("note", f"Mode: {settings.MODE}; TOTEM_MODE=production is the one for people's data.")
    elif not messages:
        yield Finding("ok", f"Settings for production, Django {importlib.metadata.version('django')}")


def _mail() -> Iterator[Finding]:
    from django.conf import settings  # noqa: PLC0415
    from django.core.mail import get_connection  # noqa: PLC0415

    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield Finding("note", f"Mail: written to {settings.EMAIL_FILE_PATH}, not sent (TOTEM_SMTP_HOST).")
        return
    try:
        connection = get_connection()
        connection.open()
        connection.close()
    except OSError as error:  # smtplib's own errors are OSErrors too
        yield Finding(
            "wrong", f"Mail: {settings.EMAIL_HOST}:{settings.EMAIL_PORT} refuses us ({error}): check TOTEM_SMTP_*."
        )
    else:
        yield Finding("ok", f"Mail through {settings.EMAIL_HOST}")
