"""The harness itself: isolation by transaction, and databases with real commits."""

import os

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from totem.core.models import JournalEntry


def entry() -> JournalEntry:
    return JournalEntry.objects.create(at=timezone.now(), verb="core.tried", subject_model="core.mail", subject_id=1)


@pytest.mark.django_db
@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_leaves_no_rows(turn: int) -> None:
    assert not JournalEntry.objects.exists()
    entry()


@pytest.mark.parametrize("turn", [1, 2])
def test_committed_rows_are_seen_from_outside_and_gone_with_the_database(committed_db: str, turn: int) -> None:
    assert not JournalEntry.objects.exists()
    entry()
    with psycopg.connect(committed_db) as outside:
        assert outside.execute("SELECT count(*) FROM core_journalentry").fetchone() == (1,)
    assert os.environ["DATABASE_URL"] == committed_db


@pytest.mark.django_db
def test_the_role_of_the_tests_is_no_superuser() -> None:
    if not os.environ.get("TEST_DATABASE_URL"):
        with connection.cursor() as cursor:
            cursor.execute("SHOW is_superuser")
            assert cursor.fetchone() == ("off",)
