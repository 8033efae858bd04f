"""Restoring a backup: checked before anything is touched, the database in one transaction, files renamed at the end."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from totem.core import locks, roles
from totem.core.backups import BackupRefused, archive
from totem.core.backups.archive import Manifest, Reader
from totem.core.backups.programs import first_error, program_environment, programs_folder, server_major

ASIDE: Final = ".restoring"
REPLACED: Final = ".replaced"
LOCK_TIMEOUT: Final = "30s"
Progress = Callable[[str], None]

# All in the schema but what goes with something else or belongs to an extension. The schema stays: it may not be ours.
EMPTY: Final = """
DO $$ DECLARE statement text; BEGIN
    FOREACH statement IN ARRAY (
        SELECT coalesce(array_agg(format('DROP %s IF EXISTS %s CASCADE', what, name)), '{}') FROM (
            SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                ELSE 'TABLE' END AS what, 'pg_class'::regclass AS class, oid, oid::regclass::text AS name
            FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
            UNION ALL SELECT 'ROUTINE', 'pg_proc'::regclass, oid, oid::regprocedure::text
            FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            UNION ALL SELECT 'TYPE', 'pg_type'::regclass, oid, oid::regtype::text
            FROM pg_type WHERE typnamespace = 'public'::regnamespace AND (typtype IN ('e', 'd', 'r')
                OR (SELECT relkind FROM pg_class WHERE pg_class.oid = typrelid) = 'c')
        ) AS ours
        WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = class AND objid = oid AND deptype IN ('e', 'i', 'a'))
    ) LOOP EXECUTE statement; END LOOP;
END $$;
"""


def restore(
    path: Path, *, replace: bool = False, with_key: bool = False, with_stocks: bool = False, say: Progress = print
) -> None:
    """Put back what that backup holds: the database and media, the key and the stocks of the register when asked for.

    `replace` allows an installation that holds something already. Raises BackupRefused, with nothing changed; whoever
    calls it runs the migrations of this version next.
    """
    with archive.reading(path) as backup:
        backup.verify()
        say(str(backup.manifest))
        _refuse_newer(backup.manifest)
        programs = programs_folder()
        if not replace:
            _refuse_content()
        folders = [(archive.MEDIA, settings.MEDIA_ROOT)]
        if with_stocks:
            _require(backup, archive.STOCKS, "the stocks of the register: leave out --with-stocks")
            folders.append((archive.STOCKS, settings.OBSERVATORY_DIR / "stocks"))
        if with_key:
            _refuse_given_key(backup)
        with contextlib.ExitStack() as stack:
            for prefix, folder in folders:
                stack.enter_context(_aside(backup, prefix, folder))
            stack.enter_context(locks.migrating())
            _restore_database(backup, programs)
            for _prefix, folder in folders:
                _swap(folder)
        if with_key:
            _write_key(backup.open(archive.KEY).read())


# -- What is refused --------------------------------------------------------------------------------------------------


def _refuse_newer(manifest: Manifest) -> None:
    if manifest.postgresql > server_major():
        raise BackupRefused(
            f"This backup is of PostgreSQL {manifest.postgresql} and the server is {server_major()}: "
            "restore it on the same version or a later one."
        )
    known = MigrationLoader(None).disk_migrations
    known_names = set(known) | {key for migration in known.values() for key in migration.replaces}
    ahead = sorted(f"{app}.{name}" for app, name in manifest.migrations.items() if (app, name) not in known_names)
    if ahead:
        raise BackupRefused(
            f"This backup was made by a newer Totem ({manifest.totem}; {ahead[0]} is unknown here): "
            "restore it with that version."
        )


def _refuse_content() -> None:
    """Raise BackupRefused where somebody would lose something: people, another program's tables, media."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    people = get_user_model()
    is_somebodys = people.objects.exists() if people._meta.db_table in tables else bool(tables)
    if is_somebodys or any(archive.files_below(settings.MEDIA_ROOT)):
        what = "The database" if is_somebodys else str(settings.MEDIA_ROOT)
        raise BackupRefused(f"{what} is not empty: --replace puts the backup in the place of what is there.")


def _require(backup: Reader, prefix: str, what: str) -> None:
    if not backup.names(prefix):
        raise BackupRefused(f"This backup does not hold {what}.")


def _refuse_given_key(backup: Reader) -> None:
    _require(backup, archive.KEY, "the secret key: leave out --with-key")
    if settings.GIVEN_SECRET_KEY:
        raise BackupRefused(
            "The secret key comes from TOTEM_SECRET_KEY here: write that of the backup there yourself "
            f"(`unzip -p FILE {archive.KEY}`), and leave out --with-key."
        )


# -- The database -----------------------------------------------------------------------------------------------------


def _restore_database(backup: Reader, programs: Path) -> None:
    """Empty the schema and fill it from the dump, in one transaction.

    psql ends well at the end of its input, whatever is missing there. So COMMIT is the last thing that it gets, once
    pg_restore has ended well: where this process is killed, PostgreSQL rolls back.
    """
    with tempfile.TemporaryFile("a+") as errors:
        with _started(programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", errors=errors) as psql:
            assert psql.stdin is not None  # noqa: S101 - a pipe, for the types
            with contextlib.suppress(BrokenPipeError):  # it has failed, and says why
                psql.stdin.write(f"BEGIN; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'; {EMPTY}".encode())
                psql.stdin.flush()
                if _script_is_written(backup, programs, psql, errors):
                    psql.communicate(b"COMMIT;\n")
        if psql.returncode:
            errors.seek(0)
            raise BackupRefused(f"The database could not be restored ({first_error(errors.read())}): it is as it was.")
    roles.grant()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    ContentType.objects.clear_cache()


def _script_is_written(backup: Reader, programs: Path, psql: "subprocess.Popen[bytes]", errors: IO[str]) -> bool:
    """Whether pg_restore has turned all of the dump into SQL for psql."""
    options = ("--schema=public", "--no-owner", "--no-privileges", "--file=-")
    with (
        backup.open(archive.DUMP) as content,
        _started(programs / "pg_restore", *options, stdout=psql.stdin, errors=errors) as process,
    ):
        assert process.stdin is not None  # noqa: S101 - a pipe, for the types
        with contextlib.suppress(BrokenPipeError):
            shutil.copyfileobj(content, process.stdin, archive.BLOCK)
        process.communicate()
    return process.returncode == 0


@contextlib.contextmanager
def _started(
    program: Path, *options: str, errors: IO[str], stdout: IO[bytes] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """One of PostgreSQL's programs, which writes to `stdout`, or nowhere; killed at the end."""
    process = subprocess.Popen(  # noqa: S603
        [str(program), *options],
        stdin=subprocess.PIPE,
        stdout=stdout or subprocess.DEVNULL,
        stderr=errors,
        env=program_environment(),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


# -- Files ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _aside(backup: Reader, prefix: str, folder: Path) -> Iterator[None]:
    """The files of the backup that go into that folder stand aside in it, on the disk, until `_swap` puts them there.

    Inside it, as it may be a file system of its own.
    """
    # With the modes of uploads: the proxy reads photos, and no stock.
    uploads: Any = settings.STORAGES["default"]
    modes = uploads["OPTIONS"] if folder == Path(settings.MEDIA_ROOT) else {}
    storage = FileSystemStorage(folder / ASIDE, **modes)
    try:
        _clear(folder)
        is_new = not folder.exists()
        Path(storage.location).mkdir(parents=True)
        if is_new and modes:
            folder.chmod(modes["directory_permissions_mode"])
        for name in backup.names(prefix):
            with backup.open(name) as content:
                storage.save(name.removeprefix(prefix), File(content))  # type: ignore[arg-type]
        os.sync()
        yield
    finally:
        _clear(folder)


def _swap(folder: Path) -> None:
    """Rename what stands aside into the place of what was there."""
    (folder / REPLACED).mkdir()
    for path in folder.iterdir():
        if not path.name.startswith("."):
            path.rename(folder / REPLACED / path.name)
    for path in (folder / ASIDE).iterdir():
        path.rename(folder / path.name)


def _clear(folder: Path) -> None:
    for name in (ASIDE, REPLACED):
        shutil.rmtree(folder / name, ignore_errors=True)


def _write_key(key: bytes) -> None:
    path = settings.DATA_DIR / archive.KEY
    aside = path.with_name(f".{archive.KEY}.{os.getpid()}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
