"""The journal is append-only for every role; personal values are kept in a table of their own."""

import pytest
from django.db import DatabaseError, connection, transaction

from tests.factories.accounts import UserFactory
from totem.core import journal
from totem.core.models import JournalEntry, JournalPersonalValue

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> JournalEntry:
    person = UserFactory()
    return journal.record(
        "accounts.renamed",
        person,
        actor_id=person.pk,
        facts={"fields": ["name"]},
        personal={"name": "A"},
        person_id=person.pk,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_journalentry SET verb = 'something else'",
        "DELETE FROM core_journalentry",
        "TRUNCATE core_journalentry CASCADE",
        "INSERT INTO core_journalentry (id, at, verb, subject_model, subject_id, scope, facts)"
        " VALUES (9000000000000000000, now(), 'x', 'x', 1, '', '{}')",
    ],
)
def test_entries_are_never_changed_deleted_or_numbered_by_their_writer(entry: JournalEntry, statement: str):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert JournalEntry.objects.get() == entry


def test_an_entry_says_who_did_what_to_which_thing(entry: JournalEntry):
    assert (entry.verb, entry.subject_model, entry.subject_id) == ("accounts.renamed", "accounts.user", entry.actor_id)
    assert "A" not in str(entry.facts)


def test_personal_values_can_be_emptied_and_the_entry_stays(entry: JournalEntry):
    JournalPersonalValue.objects.filter(person_id=entry.actor_id).delete()
    assert JournalEntry.objects.filter(pk=entry.pk).exists()
