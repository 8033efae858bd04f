"""Backups: one file, made while Totem serves, restored row by row and byte by byte; nothing half-written, ever."""

import contextlib
import hashlib
import os
import re
import resource
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IMODE

import msgspec
import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from tests.factories.accounts import UserFactory
from tests.postgres import owner_url_of
from tests.serving import Totem
from tests.test_access import World
from totem.accounts.models import User
from totem.core import roles
from totem.core.backups import BackupRefused, archive, making, programs, restoring
from totem.core.models import BackupRun

NOW = datetime(2026, 11, 30, 2, 7, tzinfo=UTC)
FILES = {
    "media/hubs/2026/été.webp": os.urandom(5000),
    "media/spaces/2026/empty.webp": b"",
    "observatory/stocks/2026-11-01-ab/cube.parquet": os.urandom(3000),
}


class Installation:
    """The folders of an installation; its database is the one that is connected."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = {
            "DATA_DIR": folder,
            "MEDIA_ROOT": folder / "media",
            "OBSERVATORY_DIR": folder / "observatory",
            "GIVEN_SECRET_KEY": "",
        }
        folder.mkdir(exist_ok=True)

    def write(self, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)

    def files(self, *names: str) -> dict[str, bytes]:
        found = (path for name in names for path in (self.folder / name).rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found}


def content() -> dict[str, object]:
    """The digest of the rows of each table but the caches, where the sequences stand, and the schema."""
    caches = [cache["LOCATION"] for cache in settings.CACHES.values()]
    found: dict[str, object] = {}
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names(cursor)) - set(caches)):
            rows = "convert_to(string_agg(t::text, '\n' ORDER BY t::text), 'UTF8')"
            cursor.execute(f"SELECT count(*), sha256({rows}) FROM {table} t")  # noqa: S608 - names of tables
            found[table] = cursor.fetchone()
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences")
        found["sequences"] = dict(cursor.fetchall())
    return found | {"schema": schema()}


def schema() -> list[str]:
    """The schema as pg_dump writes it, without conditions: PostgreSQL writes one that it has read back otherwise."""
    dump = [programs.programs_folder() / "pg_dump", "--schema-only", "--schema=public", "--no-owner", "--no-privileges"]
    done = subprocess.run(dump, env=programs.program_environment(), capture_output=True, text=True, check=True)
    lines = (re.split(r" (?:CHECK|WHERE|WHEN) \(", line)[0] for line in done.stdout.splitlines())
    return [line for line in lines if "restrict " not in line]  # a word of its own each time


class Source:
    """An installation with a row of each kind, and the backup made of it."""

    def __init__(self, folder: Path) -> None:
        here = Installation(folder / "source")
        here.write(FILES)
        with override_settings(**here.settings):
            World()
            self.content = content()
            self.made = making.back_up(folder / "whole.totem-backup", now=NOW, with_key=True, with_stocks=True)
        self.path = self.made.path


@pytest.fixture(scope="module")
def source(new_database, tmp_path_factory) -> Source:
    with new_database():
        return Source(tmp_path_factory.mktemp("backup"))


@pytest.fixture
def here(committed_db: str, tmp_path: Path) -> Iterator[Installation]:
    """Another installation, migrated and empty; who restores is the owner of its tables."""
    installation = Installation(tmp_path / "here")
    with roles.as_owner(), override_settings(**installation.settings):
        yield installation


def rewritten(source: Source, path: Path, **changes: object) -> Path:
    """The same backup with another manifest."""
    with archive.reading(source.path) as old, archive.writing(path) as new:
        for member in old.manifest.members:
            new.add(member.name, old.open(member.name))
        new.finish(msgspec.structs.replace(old.manifest, **changes))
    return path


def refusal(call: Callable[..., object], *arguments: object, **options: object) -> str:
    with pytest.raises(BackupRefused) as refused:
        call(*arguments, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


# -- There and back ---------------------------------------------------------------------------------------------------


def test_every_row_and_every_byte_comes_back(source: Source, here: Installation) -> None:
    restoring.restore(source.path, with_key=True, with_stocks=True)
    assert content() == source.content
    assert here.files("media", "observatory") == FILES
    assert (here.folder / "secret-key").read_text() == settings.SECRET_KEY
    assert S_IMODE((here.folder / "secret-key").stat().st_mode) == 0o600


def test_restored_photos_are_open_to_the_proxy_whatever_the_umask(source: Source, here: Installation) -> None:
    former = os.umask(0o077)
    try:
        restoring.restore(source.path, with_stocks=True)
    finally:
        os.umask(former)
    photo = here.folder / next(name for name in FILES if name.startswith("media/"))
    folders = [here.folder / "media", *(here.folder / "media").rglob("*/")]
    assert {S_IMODE(folder.stat().st_mode) for folder in folders if folder.is_dir()} == {0o755}
    assert S_IMODE(photo.stat().st_mode) == 0o644
    stock = here.folder / next(name for name in FILES if name.startswith("observatory/"))
    assert S_IMODE(stock.stat().st_mode) == 0o600


def test_it_is_a_private_zip_with_its_digest_in_which_caches_are_left_out(source: Source, here: Installation) -> None:
    assert S_IMODE(source.path.stat().st_mode) == 0o600
    assert hashlib.sha256(source.path.read_bytes()).hexdigest() == source.made.sha256
    assert source.path.stat().st_size == source.made.size
    with zipfile.ZipFile(source.path) as backup:
        assert backup.testzip() is None
        assert {*FILES, "database.dump", "secret-key", "manifest.json"} == set(backup.namelist())
    making.back_up(here.folder / "plain", now=NOW)
    with zipfile.ZipFile(here.folder / "plain") as backup:
        assert backup.namelist() == ["database.dump", "manifest.json"]


def test_what_holds_something_is_replaced_only_when_told(source: Source, here: Installation) -> None:
    here.write({"media/hubs/2030/mine.webp": b"mine"})
    assert "media is not empty: --replace" in refusal(restoring.restore, source.path)
    UserFactory()
    assert "The database is not empty: --replace" in refusal(restoring.restore, source.path)
    with connection.cursor() as cursor:  # of a version to come
        cursor.execute("CREATE TYPE later AS ENUM ('a'); CREATE TABLE later_table (id serial PRIMARY KEY, kind later)")
    restoring.restore(source.path, replace=True)
    assert content() == source.content
    assert here.files("media") == {name: data for name, data in FILES.items() if name.startswith("media/")}
    assert not (here.folder / "observatory").exists()
    assert not (here.folder / "secret-key").exists()


# -- Refused ----------------------------------------------------------------------------------------------------------


def test_one_byte_that_differs_is_found_before_anything_is_touched(source: Source, here: Installation) -> None:
    whole = source.path.read_bytes()
    with zipfile.ZipFile(source.path) as backup:
        places = {info.filename: info.header_offset for info in backup.infolist() if info.file_size}
        middles = {
            info.filename: info.header_offset + 30 + len(info.filename.encode()) + 20 + info.file_size // 2
            for info in backup.infolist()
            if info.file_size
        }
        names = {"list of files": backup.start_dir + 46}
    damaged = here.folder / "damaged"
    for where, position in {**middles, **names, "header": next(iter(places.values()))}.items():
        damaged.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert "damaged" in refusal(restoring.restore, damaged), where
    for part in (b"", b"not a zip", whole[: len(whole) // 2], whole[:-1]):
        damaged.write_bytes(part)
        assert "damaged" in refusal(restoring.restore, damaged)
    assert "cannot be read" in refusal(restoring.restore, here.folder / "none")
    assert not User.objects.exists()
    assert here.files("media") == {}


@pytest.mark.parametrize("name", ["media/../x", "media//etc/x", "media/", "media/.replaced/x", "media/a/./b", "x"])
def test_a_name_that_is_no_file_of_its_folder_is_refused(here: Installation, source: Source, name: str) -> None:
    path = here.folder / "strange"
    with archive.reading(source.path) as old, archive.writing(path) as new:
        new.add(name, old.open(archive.DUMP))
        new.finish(old.manifest)
    assert "damaged" in refusal(restoring.restore, path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"migrations": {"core": "9999_to_come"}}, "a newer Totem (0.1.0; core.9999_to_come is unknown here)"),
        ({"postgresql": 99}, "PostgreSQL 99 and the server is"),
        ({"format": 2}, "a newer Totem"),
    ],
)
def test_a_newer_one_is_refused(source: Source, here: Installation, changes: dict[str, object], words: str) -> None:
    newer = rewritten(source, here.folder / "newer", **changes)
    assert words in refusal(restoring.restore, newer)
    assert not User.objects.exists()


def test_what_is_asked_for_and_not_there_is_refused(source: Source, here: Installation) -> None:
    making.back_up(here.folder / "plain", now=NOW)
    assert "secret key" in refusal(restoring.restore, here.folder / "plain", with_key=True)
    assert "stocks" in refusal(restoring.restore, here.folder / "plain", with_stocks=True)
    with override_settings(GIVEN_SECRET_KEY="given"):
        assert "TOTEM_SECRET_KEY" in refusal(restoring.restore, source.path, with_key=True)
    assert "exists" in refusal(making.back_up, source.path, now=NOW)


# -- PostgreSQL's programs --------------------------------------------------------------------------------------------


def instead(folder: Path, **scripts: str) -> Path:
    """A folder of programs in which some are shell scripts; `$REAL` is the folder of the real ones."""
    real = programs.programs_folder()
    folder.mkdir()
    for name in programs.NEEDED:
        words = f'[ "$1" = --version ] && exec "$REAL/{name}" "$@"\n{scripts[name]}' if name in scripts else ""
        script = f'#!/bin/sh\nREAL={real}\n{words or f"""exec "$REAL/{name}" "$@" """}\n'
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    return folder


def test_only_programs_of_another_version_are_refused_with_what_to_install(here: Installation) -> None:
    major = programs.server_major()
    others = instead(here.folder / "bin")
    (others / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
    with override_settings(PG_BIN=others):
        words = refusal(making.back_up, here.folder / "none", now=NOW)
    assert f"The database is PostgreSQL {major}" in words
    assert "only those of 9" in words
    assert f"install postgresql-client-{major}" in words


def test_files_added_and_deleted_while_the_dump_runs_are_in_it(here: Installation, source: Source) -> None:
    """A row of the dump may name either."""
    here.write(FILES)
    going, coming = here.folder / "media/hubs/2026/été.webp", here.folder / "media/hubs/2026/new.webp"
    with override_settings(
        PG_BIN=instead(
            here.folder / "bin",
            pg_dump=f"""rm '{going}'; echo new > '{coming}'; exec "$REAL/pg_dump" "$@" """,
        )
    ):
        made = making.back_up(here.folder / "made", now=NOW)
    with zipfile.ZipFile(made.path) as backup:
        assert backup.read("media/hubs/2026/été.webp") == FILES["media/hubs/2026/été.webp"]
        assert backup.read("media/hubs/2026/new.webp") == b"new\n"


# -- Nothing half-written ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_leaves_nothing(source: Source, here: Installation) -> None:
    folder = here.folder / "backups"
    folder.mkdir()
    with largest_file(4096):
        assert "cannot be written" in refusal(making.back_up, folder / "made", now=NOW)
    assert list(folder.iterdir()) == []
    here.write({"media/mine.webp": b"mine"})
    with largest_file(4096), pytest.raises(OSError, match="too large"):
        restoring.restore(source.path, replace=True)
    assert here.files("media") == {"media/mine.webp": b"mine"}
    assert not User.objects.exists()


def test_a_dump_that_fails_leaves_nothing(here: Installation) -> None:
    script = 'head -c 9000 /dev/zero; echo "pg_dump: error: connection lost" >&2; exit 1'
    with override_settings(PG_BIN=instead(here.folder / "bin", pg_dump=script)):
        words = refusal(making.back_up, here.folder / "made", now=NOW)
    assert words == "The database could not be dumped: connection lost."
    assert sorted(path.name for path in here.folder.iterdir()) == ["bin"]


def test_a_restore_that_fails_changes_nothing(source: Source, here: Installation) -> None:
    """Half of the script, then an error; half of the script, then one in SQL."""
    UserFactory()
    here.write({"media/mine.webp": b"mine"})
    before = content()
    half = """ "$REAL/pg_restore" "$@" > "$0.all"; head -n 3000 "$0.all"; """
    for number, end in enumerate(("cat > /dev/null; exit 1", "echo; echo '\\.'; echo 'SELECT 1/0;'")):
        with override_settings(PG_BIN=instead(here.folder / f"bin{number}", pg_restore=half + end)):
            assert "it is as it was" in refusal(restoring.restore, source.path, replace=True)
        assert content() == before
        assert here.files("media") == {"media/mine.webp": b"mine"}


def command(*arguments: object, here: Installation, bin_folder: Path) -> Totem:
    owner = owner_url_of(os.environ["DATABASE_URL"])
    folders = {"TOTEM_DATA": str(here.folder), "TOTEM_PG_BIN": str(bin_folder)}
    return Totem(*map(str, arguments), DATABASE_OWNER_URL=owner, **folders)


@pytest.mark.parametrize("how", ["KILL", "TERM"])
def test_a_killed_backup_leaves_none_and_the_next_one_cleans_up(here: Installation, how: str) -> None:
    folder = here.folder / "backups"
    folder.mkdir()
    script = f'echo started; mkfifo "$0.wait"; echo > "{here.folder}/started"; cat "$0.wait"'
    os.mkfifo(here.folder / "started")
    killed = command("backup", folder, here=here, bin_folder=instead(here.folder / "bin", pg_dump=script))
    (here.folder / "started").read_text()
    assert [path.suffix for path in folder.iterdir()] == [archive.PART]
    if how == "KILL":
        killed.kill()
    else:
        assert killed.stop() != 0
        assert list(folder.iterdir()) == []
    making.back_up(folder / "next", now=NOW)
    assert [path.name for path in folder.iterdir()] == ["next"]
    assert not BackupRun.objects.exists()


def test_a_restore_that_is_killed_changes_nothing(source: Source, here: Installation) -> None:
    UserFactory()
    here.write({"media/mine.webp": b"mine"})
    before = content()
    os.mkfifo(here.folder / "started")
    script = f"""
        "$REAL/pg_restore" "$@" > "$0.all"; head -n 3000 "$0.all"
        echo > {here.folder}/started; cat > /dev/null"""
    binaries = instead(here.folder / "bin", pg_restore=script)
    killed = command("restore", "--replace", source.path, here=here, bin_folder=binaries)
    (here.folder / "started").read_text()
    killed.kill()
    assert content() == before
    assert [path.name for path in archive.files_below(here.folder / "media")] == ["mine.webp"]
