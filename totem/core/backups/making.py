"""Making a backup while Totem serves: nobody waits for it, and what is in it belongs together."""

import contextlib
import importlib.metadata
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from totem.core import locks, seals
from totem.core.backups import BackupRefused, archive
from totem.core.backups.archive import Manifest, Writer
from totem.core.backups.programs import first_error, program_environment, programs_folder, server_major

LOCK_TIMEOUT = "60s"  # only DDL takes locks that pg_dump waits for


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup that was made: its file, the size in bytes and the SHA-256 digest of it, the journal's seal in it."""

    path: Path
    size: int
    sha256: str
    seal: str


def back_up(path: Path, *, now: datetime, with_key: bool = False, with_stocks: bool = False) -> Backup:
    """Write a backup of this installation into a new file. Raises BackupRefused, with nothing left of it.

    Media are copied after the dump, so that each row in it finds its file, and before too: a file that is deleted while
    the dump runs still has its row there. They are never changed under one name.
    """
    programs = programs_folder()
    with archive.writing(path) as writer, locks.no_migration():
        manifest = _manifest(now)
        _copy_folder(writer, settings.MEDIA_ROOT, archive.MEDIA)
        _dump(writer, programs)
        _copy_folder(writer, settings.MEDIA_ROOT, archive.MEDIA)
        if with_stocks:
            _copy_folder(writer, settings.OBSERVATORY_DIR / "stocks", archive.STOCKS)
        if with_key:
            writer.add(archive.KEY, BytesIO(settings.SECRET_KEY.encode()))
        writer.finish(manifest)
    return Backup(path=path, size=writer.size, sha256=writer.sha256, seal=manifest.seal)


def _manifest(now: datetime) -> Manifest:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        if cursor.fetchone() != ("public",):
            raise BackupRefused("The tables of Totem have to be in the schema `public` to be backed up.")
    seal = seals.last()  # before the dump, which so holds it
    return Manifest(
        totem=importlib.metadata.version("totem"),
        postgresql=server_major(),
        made_at=now,
        seal=seal.digest if seal else "",
        migrations=dict(MigrationRecorder.Migration.objects.order_by("id").values_list("app", "name")),
    )


def _dump(writer: Writer, programs: Path) -> None:
    caches = [f"--exclude-table-data={cache['LOCATION']}" for cache in settings.CACHES.values()]
    command = [
        str(programs / "pg_dump"),
        "--format=custom",
        "--schema=public",
        "--no-password",
        f"--lock-wait-timeout={LOCK_TIMEOUT}",
        *caches,
    ]
    with _running(command) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe, for the types
        writer.add(archive.DUMP, process.stdout)


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """One of PostgreSQL's programs, which has ended after the block. Raises BackupRefused where it failed."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=program_environment()
        )
        with process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            raise BackupRefused(f"The database could not be dumped: {first_error(errors.read())}.")


def _copy_folder(writer: Writer, folder: Path, prefix: str) -> None:
    """Copy the files of a folder that the backup does not have yet."""
    for path in archive.files_below(folder):
        member = f"{prefix}{path.relative_to(folder).as_posix()}"
        if member not in writer.members:
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:  # it was deleted since it was listed
                writer.add(member, file)
