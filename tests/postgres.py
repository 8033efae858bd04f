"""The throw-away PostgreSQL of the test suite, and fresh databases copied from a migrated one.

`python -m tests.postgres FOLDER` runs a cluster until its standard input closes, then stops it and removes the folder:
whatever becomes of the tests (killed ones too), no server is left behind.
"""

import contextlib
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from totem.core.embedded import EmbeddedError, Server

# What makes a cluster safe against a power cut only costs time here.
UNSAFE_AND_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}


class ThrowAwayCluster:
    """A PostgreSQL of its own in a temporary folder, for as long as this process lives or until `stop`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="totem-test-"))
        self.folder.chmod(0o711)  # ours: the server's user has to reach its data inside
        self.server = Server(self.folder / "postgresql", UNSAFE_AND_FAST)
        self._runner: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return url_of({"NAME": "totem", "USER": "totem", "PASSWORD": "", "HOST": str(self.server.socket), "PORT": ""})

    def start(self) -> None:
        self._runner = subprocess.Popen(
            [sys.executable, "-m", "tests.postgres", str(self.folder)],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for pytest: the server stops after it
        )
        assert self._runner.stdout is not None
        said = self._runner.stdout.readline().strip()
        if said != "ready":
            raise RuntimeError(f"The database of the tests did not start: {said}")

    def stop(self) -> None:
        if self._runner is not None:
            self._runner.communicate()
            self._runner = None


def url_of(settings: dict[str, Any]) -> str:
    """The `DATABASE_URL` of Django's connection settings."""
    user, password = quote(settings["USER"] or "", safe=""), quote(settings["PASSWORD"] or "", safe="")
    host, port = quote(settings["HOST"] or "", safe=""), settings["PORT"] or ""
    who = f"{user}:{password}@" if password else f"{user}@" if user else ""
    return f"postgresql://{who}{host}{f':{port}' if port else ''}/{quote(settings['NAME'], safe='')}"


@contextlib.contextmanager
def copy_of(settings: dict[str, Any]) -> Iterator[str]:
    """The name of a new database, copied from the one of these settings and dropped after.

    Nobody may be connected to the one that is copied: whoever still is, among connections of our own role, is sent off.
    """
    name = f"{settings['NAME']}_{uuid.uuid4().hex[:10]}"
    where = {
        "host": settings["HOST"] or None,
        "port": settings["PORT"] or None,
        "user": settings["USER"] or None,
        "password": settings["PASSWORD"] or None,
    }
    with psycopg.connect(dbname="postgres", autocommit=True, **where) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = %s AND usename = current_user",
            [settings["NAME"]],
        )
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(settings["NAME"]))
        )
        try:
            yield name
        finally:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def main(folder: Path) -> None:
    try:
        with Server(folder / "postgresql", UNSAFE_AND_FAST).running():
            print("ready", flush=True)  # noqa: T201
            sys.stdin.read()
    except EmbeddedError as error:
        print(error, flush=True)  # noqa: T201
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
