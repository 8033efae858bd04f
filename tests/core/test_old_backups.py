"""The backup of each release is restored and brought to this version; on PostgreSQL 15 one goes there and back too."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import override_settings

from tests.core.test_backups import NOW, Installation, content, schema
from tests.old_backups import DEBIAN, FILES, FOLDER, postgresql_15
from totem.bookings.models import Booking
from totem.core import roles, seals
from totem.core.backups import making, programs, restoring
from totem.core.models import JournalEntry

RELEASES = sorted(FOLDER.glob("*.gz"))


def unpacked(release: Path, folder: Path) -> Path:
    path = folder / f"{release.stem}.totem-backup"
    path.write_bytes(gzip.decompress(release.read_bytes()))
    return path


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_the_backup_of_a_release_is_restored_and_migrated(release: Path, committed_db: str, tmp_path: Path) -> None:
    fresh = schema()
    here = Installation(tmp_path / "here")
    with roles.as_owner(), override_settings(**here.settings):
        restoring.restore(unpacked(release, tmp_path))
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
    assert schema() == fresh
    assert here.files("media") == FILES
    assert Booking.objects.get().space.hub.photos.exists()
    assert JournalEntry.objects.filter(verb="bookings.made").exists()
    assert list(seals.problems()) == []
    assert roles.not_revoked() == []


@pytest.fixture
def on_postgresql_15(django_db_blocker) -> Iterator[None]:
    """Django's connection goes to an empty database of a PostgreSQL 15 in the test."""
    if not DEBIAN.exists():
        pytest.skip(f"no PostgreSQL 15 here to try it on ({DEBIAN}: Debian's package postgresql-15)")
    before = dict(connection.settings_dict)
    with postgresql_15() as socket, override_settings(DATABASE_OWNER={}), django_db_blocker.unblock():
        connections.close_all()
        connection.settings_dict.update(HOST=socket, PORT="", USER="totem", PASSWORD="", NAME="one")
        new_database("one")
        yield
        connections.close_all()
        connection.settings_dict.update(before)


def new_database(name: str) -> None:
    connections.close_all()
    with psycopg.connect(host=connection.settings_dict["HOST"], user="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER totem")
    connection.settings_dict["NAME"] = name


def test_on_postgresql_15_every_row_and_every_byte_comes_back(on_postgresql_15: None, tmp_path: Path) -> None:
    one, two = Installation(tmp_path / "one"), Installation(tmp_path / "two")
    with override_settings(**one.settings):
        restoring.restore(unpacked(RELEASES[0], tmp_path))
        before, made = content(), making.back_up(tmp_path / "made", now=NOW)
    new_database("two")
    with override_settings(**two.settings):
        restoring.restore(made.path)
        assert content() == before
        assert two.files("media") == one.files("media") == FILES
    assert programs.server_major() == 15
