"""The PostgreSQL of the test suite, its migrated template, and fresh databases copied from that template.

`python -m tests.postgres FOLDER` runs a cluster until its standard input closes, then stops it and removes the folder:
no server is left running, even after tests that were killed.

The template is a migrated database that nobody writes to. It is made once and kept until something that shapes it
changes: as a stopped cluster in `var/tests/`, which each session copies, or in the server of `TEST_DATABASE_URL`.
"""

import contextlib
import functools
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from totem.core import embedded, embedded_programs
from totem.core.embedded import Server
from totem.core.embedded_programs import EmbeddedError

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "var" / "tests"
KEPT_CLUSTERS = 4  # those used last: one a branch
UNUSED_AFTER = 3600  # seconds; a session that runs now may be copying what it has just touched
MEMORY = Path("/dev/shm")  # noqa: S108 - of Linux; the name of a folder in it is a random one
MEMORY_NEEDED = 2 * 1024**3  # bytes; a container may have 64 MB
TEMPLATE_LOCK = 7_460_012  # any number, the same for every session on one server
# What makes a cluster safe against a power cut only costs time here. Autovacuum runs as the superuser: while it is in a
# database, the role of the tests cannot drop it.
UNSAFE_AND_FAST = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off",
    "max_connections": "200",
}  # fmt: skip


class ThrowAwayCluster:
    """A PostgreSQL of its own in a temporary folder, for as long as this process lives or until `stop`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="totem-test-", dir=_memory()))
        self.folder.chmod(0o711)  # ours: the server's user has to reach its data inside
        self.url = url_of(_settings(_server(self.folder)))
        self._runner: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """The server answers and holds the template. Raises `RuntimeError` when it cannot."""
        self._runner = subprocess.Popen(
            [sys.executable, "-m", "tests.postgres", str(self.folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for pytest: the server stops after it
        )
        assert self._runner.stdout is not None
        answer = self._runner.stdout.readline().strip()
        if answer != "ready":
            raise RuntimeError(f"The database of the tests did not start: {answer}")

    def stop(self) -> None:
        if self._runner is not None:
            self._runner.communicate()
            self._runner = None
        shutil.rmtree(self.folder, ignore_errors=True)  # it never ran, when tests were only collected


def owner_url_of(url: str) -> str | None:
    """The `DATABASE_OWNER_URL` that goes with such a `DATABASE_URL`; None in a server where one role has both parts."""
    return url.replace(f"//{embedded.ROLE}@", f"//{embedded.OWNER}@") if f"//{embedded.ROLE}@" in url else None


def url_of(settings: dict[str, Any]) -> str:
    """The `DATABASE_URL` of Django's connection settings."""
    user, password = quote(settings["USER"] or "", safe=""), quote(settings["PASSWORD"] or "", safe="")
    host, port = quote(settings["HOST"] or "", safe=""), settings["PORT"] or ""
    who = f"{user}:{password}@" if password else f"{user}@" if user else ""
    return f"postgresql://{who}{host}{f':{port}' if port else ''}/{quote(settings['NAME'], safe='')}"


# -- The template -----------------------------------------------------------------------------------------------------


@functools.cache
def template_name() -> str:
    """The name of the template: it changes with whatever shapes a migrated database.

    That is the migrations, the modules of ours that they name, the settings (rooms, cache tables), this file, and the
    installed packages, which bring PostgreSQL and migrations of their own.
    """
    migrations = sorted(ROOT.glob("totem/*/migrations/*.py"))
    named = {name for path in migrations for name in re.findall(r"\btotem(?:\.\w+)+", path.read_text(encoding="utf-8"))}
    named.add("totem.core.roles")  # grants its rights to the running role
    files = {*migrations, ROOT / "config" / "settings.py", Path(__file__)}.union(*map(_sources, named))
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    packages = sorted(path.name for path in Path(sysconfig.get_path("purelib")).glob("*.dist-info"))
    digest.update("\n".join([*packages, platform.machine(), platform.system()]).encode())
    return f"totem_template_{digest.hexdigest()[:16]}"


def _sources(name: str) -> list[Path]:
    """The files of the module that a dotted name starts with: of a package, all of them."""
    place = ROOT
    for part in name.split("."):
        if (module := place / f"{part}.py").is_file():
            return [module]
        if not (place / part).is_dir():
            break
        place /= part
    return list(place.glob("*.py"))


def make_template(settings: dict[str, Any]) -> None:
    """Make the template in the server of Django's connection `settings`, unless it is there."""
    name = template_name()
    with _admin(settings) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])  # a session that comes second waits for the first
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            # Made under another name, renamed when complete, so that a killed session leaves no incomplete template.
            with _database(admin, new_name()) as aside:
                url = url_of({**settings, "NAME": aside})
                environment = {**os.environ, "DATABASE_URL": url, "DATABASE_OWNER_URL": owner_url_of(url) or ""}
                for command in ("migrate", "createcachetable"):
                    subprocess.run(
                        [sys.executable, "-m", "config.cli", "manage", command, "--verbosity=0"],
                        cwd=ROOT,
                        env=environment,
                        check=True,
                    )
                admin.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(aside), sql.Identifier(name))
                )
        _note_use(admin, name)
        _drop_unused(admin)


@contextlib.contextmanager
def copy_of_template(settings: dict[str, Any], name: str = "") -> Iterator[str]:
    """A new database in the server of these settings, copied from the template and dropped after; gives its name."""
    with _admin(settings) as admin, _database(admin, name or new_name(), template=template_name()) as copy:
        yield copy


def new_name() -> str:
    """A name that no database has."""
    return f"totem_test_{uuid.uuid4().hex[:16]}"


def _admin(settings: dict[str, Any]) -> psycopg.Connection[Any]:
    return psycopg.connect(
        dbname="postgres",
        autocommit=True,
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
        user=embedded.OWNER if settings["USER"] == embedded.ROLE else settings["USER"] or None,
        password=settings["PASSWORD"] or None,
    )


@contextlib.contextmanager
def _database(admin: psycopg.Connection[Any], name: str, template: str = "template1") -> Iterator[str]:
    # By files: the default writes each page to the write-ahead log as well.
    admin.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )
    try:
        _note_use(admin, name)
        yield name
    finally:
        _drop(admin, name)


def _drop(admin: psycopg.Connection[Any], name: str) -> None:
    """Drop a database, whoever of our role is connected.

    Not by FORCE, which is refused when autovacuum is at work there; a plain DROP makes autovacuum give way.
    """
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = %s AND pg_has_role(usesysid, 'MEMBER')",
            [name],
        )
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _note_use(admin: psycopg.Connection[Any], name: str) -> None:
    now = admin.execute("SELECT now()::text").fetchone()
    admin.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), now[0]))


def _drop_unused(admin: psycopg.Connection[Any]) -> None:
    """Drop what killed sessions left in a server that is not thrown away, and the templates of former migrations."""
    unused = admin.execute(
        "SELECT datname FROM pg_database WHERE datname ~ '^totem_(test|template)_[0-9a-f]{16}$'"
        " AND shobj_description(oid, 'pg_database')::timestamptz < now() - interval '2 days'"
    )
    for (name,) in unused.fetchall():
        _drop(admin, name)


# -- The cluster of a session -----------------------------------------------------------------------------------------


def main(folder: Path) -> None:
    server = _server(folder)
    try:
        make_cluster(server)
        with server.running():
            print("ready", flush=True)  # noqa: T201
            sys.stdin.read()
    except (EmbeddedError, psycopg.Error, subprocess.CalledProcessError) as error:
        print(" ".join(str(error).split()), flush=True)  # noqa: T201
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_cluster(server: Server) -> None:
    """Give a server that has no data yet, and is not running, a cluster that holds the template."""
    if not _fetch(server):
        with server.running():
            make_template(_settings(server))
        _keep(server)


def make_migrated_cluster(server: Server) -> None:
    """The same, where the application's own database is the migrated one."""
    make_cluster(server)
    with server.running(), psycopg.connect(host=str(server.socket), user="postgres", autocommit=True) as admin:
        admin.execute("DROP DATABASE totem")
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO totem").format(sql.Identifier(template_name())))


def _memory() -> Path | None:
    """A file system in memory, where it has room: a copy of the template is 1,400 files, twenty times as fast there."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED else None


def _server(folder: Path) -> Server:
    return Server(folder / "postgresql", UNSAFE_AND_FAST)


def _settings(server: Server) -> dict[str, Any]:
    return {"NAME": "totem", "USER": embedded.ROLE, "PASSWORD": "", "HOST": str(server.socket), "PORT": ""}


def _kept() -> Path:
    account = embedded_programs.server_account()  # PostgreSQL wants its data to belong to the user it runs as
    return KEPT / f"{template_name()}_{account.pw_uid if account else os.geteuid()}"


def _fetch(server: Server) -> bool:
    """Give `server`, which has no data yet, a copy of the kept cluster; False where none is kept."""
    try:
        os.utime(_kept())  # the clusters that were used last stay
    except OSError:
        return False
    embedded_programs.make_folder(server.base, mode=0o711)
    return _copy(_kept(), server.cluster)


def _keep(server: Server) -> None:
    """Keep a copy of a stopped server's cluster for the sessions to come.

    Where that cannot be done (no room, no right to write) the next session makes its own.
    """
    aside = _kept().with_name(f"{_kept().name}.{os.getpid()}")
    with contextlib.suppress(OSError):  # another session has put its own there
        KEPT.mkdir(parents=True, exist_ok=True)
        if _copy(server.cluster, aside):
            os.sync()  # whole on the disk before it gets its name
            aside.rename(_kept())
    shutil.rmtree(aside, ignore_errors=True)
    with contextlib.suppress(OSError):
        by_use = sorted(KEPT.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in by_use[KEPT_CLUSTERS:]:
            if path.stat().st_mtime < time.time() - UNUSED_AFTER:
                shutil.rmtree(path, ignore_errors=True)


def _copy(source: Path, target: Path) -> bool:
    """Copy a stopped cluster with its owner and modes; False, and nothing left, when that fails."""
    if subprocess.run(["cp", "-a", str(source), str(target)], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return True
    shutil.rmtree(target, ignore_errors=True)
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]))
