"""A small backup of each release, which the tests restore and migrate: `tests/core/backups/VERSION.gz`.

`python -m tests.old_backups` makes that of this version, once a release; all in it is invented. It is made on a
PostgreSQL 15, the oldest that Totem runs on, because a later server restores it too: Debian's, `postgresql-15`.
"""

import contextlib
import gzip
import importlib.metadata
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import psycopg

from totem.core import embedded_programs

FOLDER = Path(__file__).parent / "core" / "backups"
DEBIAN = Path("/usr/lib/postgresql/15/bin")
FILES = {"media/hubs/x.webp": b"not a photo", "media/spaces/x.webp": b"not one either"}


@contextlib.contextmanager
def postgresql_15() -> Iterator[str]:
    """The folder of the socket of a PostgreSQL 15 of Debian, with the role `totem`; it ends with this process."""
    account = embedded_programs.server_account()
    folder = Path(tempfile.mkdtemp(prefix="totem-15-"))
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    who = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"] if account else []
    as_server = ["setpriv", *who, "--pdeathsig=INT"]
    made = [*as_server, DEBIAN / "initdb", "-D", folder / "data", "-U", "postgres", "--auth=trust"]
    subprocess.run([*made, "--encoding=UTF8", "--locale=C", "--no-sync"], check=True, capture_output=True, cwd="/")
    options = [f"-cunix_socket_directories={folder}", "-clisten_addresses=", "-cfsync=off", "-ctimezone=UTC"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*as_server, DEBIAN / "postgres", "-D", folder / "data", *options], stdout=log, stderr=log, cwd="/"
        )
    try:
        while not _made_role(folder):
            assert server.poll() is None, (folder / "log").read_text()
            Event().wait(0.05)
        yield str(folder)
    finally:
        server.send_signal(signal.SIGQUIT)  # nothing of it is kept
        server.wait()
        shutil.rmtree(folder)


def _made_role(folder: Path) -> bool:
    try:
        with psycopg.connect(host=str(folder), user="postgres", autocommit=True) as admin:
            admin.execute("CREATE ROLE totem LOGIN CREATEDB")
    except psycopg.OperationalError:
        return False
    return True


def main() -> None:
    with postgresql_15() as socket:
        os.environ["TEST_DATABASE_URL"] = f"postgresql://totem@{socket.replace('/', '%2F')}/postgres"
        from tests import conftest  # noqa: F401, PLC0415 - sets Django up for that server

        _make(FOLDER / f"{importlib.metadata.version('totem')}.gz")


def _make(path: Path) -> None:
    from django.db import connection  # noqa: PLC0415
    from django.test import override_settings  # noqa: PLC0415

    from tests.postgres import copy_of_template, make_template  # noqa: PLC0415
    from tests.test_access import World  # noqa: PLC0415
    from totem.core import clock  # noqa: PLC0415
    from totem.core.backups import making  # noqa: PLC0415

    make_template(connection.settings_dict)
    with tempfile.TemporaryDirectory() as folder, copy_of_template(connection.settings_dict) as name:
        for file, data in FILES.items():
            (Path(folder) / file).parent.mkdir(parents=True)
            (Path(folder) / file).write_bytes(data)
        connection.settings_dict["NAME"] = name
        World()
        with override_settings(MEDIA_ROOT=Path(folder) / "media"):
            made = making.back_up(Path(folder) / "backup", now=clock.now())
        connection.close()
        path.write_bytes(gzip.compress(made.path.read_bytes(), mtime=0))  # most of a small dump is its schema


if __name__ == "__main__":
    main()
