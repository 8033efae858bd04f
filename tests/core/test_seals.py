"""The journal is sealed in batches; what was changed behind the triggers is found."""

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from totem.accounts.models import User
from totem.core import clock, jobs, journal, roles, seals
from totem.core.models import JournalEntry, JournalSeal, Mail


def write(person: User, times: int = 1) -> None:
    for _each in range(times):
        journal.record("accounts.renamed", person, actor_id=person.pk, facts={"fields": ["name"]})


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


def test_a_seal_holds_the_entries_since_the_last_and_its_digest(person: User) -> None:
    write(person, 3)
    first = seals.seal_journal()
    write(person, 2)
    second = seals.seal_journal()
    assert first is not None
    assert second is not None
    assert (first.entries, second.entries, second.last_id) == (3, 2, JournalEntry.objects.latest("pk").pk)
    assert JournalSeal.objects.get(pk=second.number).previous == first.digest
    assert seals.seal_journal() is None
    assert (seals.last(), seals.find(first.digest), seals.waiting()) == (second, first, 0)
    assert list(seals.problems()) == []


def test_two_seals_never_follow_the_same_one(person: User) -> None:
    write(person)
    seal = seals.seal_journal()
    assert seal is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        JournalSeal.objects.create(first_id=9, last_id=9**9, entries=1, content="x", previous="", digest="y")


TAMPERED = {
    "UPDATE core_journalentry SET verb = 'x' WHERE id = {entry}": "changed",
    "DELETE FROM core_journalentry WHERE id = {entry}": "removed",
    "INSERT INTO core_journalentry (id, at, verb, subject_model, subject_id, scope, facts)"
    " SELECT {entry} - 5, at, verb, subject_model, subject_id, scope, facts FROM core_journalentry WHERE id = {entry}":
        "inserted",
    "INSERT INTO core_journalentry (id, at, verb, subject_model, subject_id, scope, facts)"
    " SELECT -5, at, verb, subject_model, subject_id, scope, facts FROM core_journalentry WHERE id = {entry}":
        "inserted",
    "DELETE FROM core_journalseal WHERE id = {seal}": "missing",
    "UPDATE core_journalseal SET digest = 'x' WHERE id = {seal}": "changed",
}  # fmt: skip


def test_what_was_changed_behind_the_triggers_is_found(committed_db: str) -> None:
    person = UserFactory()
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('core_journalentry', 'id'), 1000)")  # as rollbacks do
        write(person, 2)
        seal = seals.seal_journal()
        write(person)
        seals.seal_journal()
        assert seal is not None
        assert list(seals.problems()) == []
        for table in ("core_journalentry", "core_journalseal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"GRANT ALL ON {table} TO CURRENT_USER")
        for statement, found in TAMPERED.items():
            with transaction.atomic():
                cursor.execute(statement.format(entry=seal.last_id, seal=seal.number))
                assert found in " ".join(seals.problems()), statement
                transaction.set_rollback(True)


def test_an_entry_that_is_not_committed_yet_is_waited_for(committed_db: str) -> None:
    person = UserFactory()
    with psycopg.connect(committed_db) as other:
        other.execute(
            "INSERT INTO core_journalentry (at, verb, subject_model, subject_id, scope, facts)"
            " VALUES (now(), 'x', 'x', 1, '', '{}')"
        )
        write(person)
        assert seals.seal_journal() is None
    seal = seals.seal_journal()
    assert seal is not None
    assert seal.entries == 2


def test_whoever_writes_while_it_is_sealed_no_entry_is_left_out(committed_db: str) -> None:
    people = UserFactory.create_batch(3)

    def seal_often() -> None:
        for _each in range(20):
            seals.seal_journal()

    results = at_once(*[lambda person=person: write(person, 40) for person in people], seal_often)
    seals.seal_journal()
    assert results == [None] * 4
    assert sum(JournalSeal.objects.values_list("entries", flat=True)) == JournalEntry.objects.count() == 120
    assert list(seals.problems()) == []


def test_the_last_seal_is_mailed_to_the_staff_once(person: User) -> None:
    staff = UserFactory(is_staff=True, language="fr")
    write(person)
    jobs.seal_journal(0)
    jobs.mail_last_seal(0)
    jobs.mail_last_seal(0)
    mail = Mail.objects.get()
    seal = seals.last()
    assert seal is not None
    assert (mail.to, mail.key) == (staff.email, f"core.seal:{seal.number}:{staff.pk}")
    assert f"totem verify --digest {seal.digest}" in mail.text
    assert "Sceau" in mail.subject
    assert seal.at <= clock.now()
