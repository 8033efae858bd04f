# ruff: noqa: S608 - the names of the database's own tables
"""Two roles: one owns the tables and migrates them, the other runs and cannot change what they are; and one alone."""

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, transaction

from config import cli, database, doctor
from tests.factories.accounts import UserFactory
from tests.factories.territories import DocumentFactory
from totem.core import journal, roles
from totem.core.models import JournalEntry, JournalPersonalValue

OWNERS = [
    "ALTER TABLE core_journalentry DISABLE TRIGGER USER",
    "DROP TRIGGER pgtrigger_append_only_abfb9 ON core_journalentry",
    "CREATE OR REPLACE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE TABLE mine (id int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "SET ROLE totem",
    "TRUNCATE core_mail",
    "SELECT setval('core_journalentry_id_seq', 1)",
]
needs_two = pytest.mark.skipif(not settings.DATABASE_OWNER, reason="this server has one role")


def refuse(statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner|is kept"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def write() -> None:
    """An entry with personal values and a document, which refer to append-only tables."""
    person = UserFactory()
    journal.record("x", person, actor_id=person.pk, personal={"name": "A"}, person_id=person.pk)
    DocumentFactory()


@needs_two
@pytest.mark.django_db
@pytest.mark.parametrize("statement", OWNERS)
def test_the_running_role_does_nothing_of_the_owners(statement: str) -> None:
    refuse(statement)


@needs_two
@pytest.mark.django_db
def test_nobody_who_runs_has_a_right_that_triggers_refuse() -> None:
    write()
    with connection.cursor() as cursor:
        cursor.execute("GRANT ALL ON core_journalentry TO CURRENT_USER")  # a warning, and nothing
    assert roles.not_revoked() == []
    (finding,) = doctor._roles()
    assert (finding.level, "two roles" in finding.text) == ("ok", True)


@needs_two
def test_a_role_that_was_granted_nothing_yet_is_reported_in_one_line(
    committed_db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM totem_app")
    assert cli.main(["worker", "--once"]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "permission denied for table" in line
    assert "run `totem migrate`" in line
    with roles.as_owner():
        roles.grant()
    write()


def test_with_one_role_the_owner_has_not_the_right_either_until_it_takes_it_back(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with roles.as_owner(), connection.cursor() as cursor:
        monkeypatch.setattr(settings, "DATABASE_OWNER", {})
        roles.grant()
        write()
        assert JournalPersonalValue.objects.count() == JournalEntry.objects.count() == 1
        for table in roles.refusing():
            for operation in table.operations:
                refuse(
                    {
                        "UPDATE": f"UPDATE {table.table} SET {table.key} = {table.key}",
                        "DELETE": f"DELETE FROM {table.table}",
                        "TRUNCATE": f"TRUNCATE {table.table} CASCADE",
                    }[operation]
                )
        (finding,) = doctor._roles()
        assert (finding.level, "one role owns" in finding.text) == ("note", True)
        cursor.execute("GRANT UPDATE ON core_journalentry TO CURRENT_USER")
        (finding,) = doctor._roles()
        assert (finding.level, "core_journalentry" in finding.text) == ("wrong", True)


def test_the_owner_is_another_role_of_the_same_database() -> None:
    running = database.connection_settings("postgresql://app:a@h/totem?sslmode=require")
    owner = database.owner_settings("postgresql://owner:b@h:6/totem?sslmode=verify-full", running)
    assert (owner["USER"], owner["PASSWORD"], owner["PORT"]) == ("owner", "b", "6")
    assert owner["OPTIONS"]["sslmode"] == "verify-full"
    assert database.owner_settings("", running) == {}
    for wrong in ("postgresql://app:a@h/totem", "postgresql://owner@h/other", "mysql://owner@h/totem"):
        with pytest.raises(ImproperlyConfigured, match="DATABASE_OWNER_URL"):
            database.owner_settings(wrong, running)
