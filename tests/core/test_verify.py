# ruff: noqa: S608 - statements of the test’s own words
"""`totem verify`: one line for each thing that was changed behind the triggers."""

from collections.abc import Callable

import pytest
from django.db import connection

from config import verify
from tests.factories.accounts import UserFactory
from tests.factories.labels import BoardFactory, CharterVersionFactory
from tests.factories.territories import CommuneFactory, EpciFactory, StoredFileFactory
from totem.core import chain, clock, journal, roles, seals
from totem.labels.boards.actions import freeze
from totem.labels.judging.evaluations import evaluate
from totem.labels.models import Evaluation
from totem.territories.actions import publish_perimeter_version


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str]]]:
    def run(digest: str = "") -> tuple[int, list[str]]:
        status = verify.report(digest)
        return status, capsys.readouterr().out.splitlines()

    return run


def rewrite(table: str, change: str) -> None:
    """As the owner of the table can: without its triggers and constraints."""
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER; GRANT ALL ON {table} TO CURRENT_USER")
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass", [table])
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cursor.execute(f"UPDATE {table} SET {change}")


def frozen() -> Evaluation:
    """A frozen evaluation, with its entry of the journal."""
    CharterVersionFactory()
    board = BoardFactory()
    CommuneFactory(epci=EpciFactory())
    now = clock.now()
    publish_perimeter_version(
        perimeter=board.perimeter, by=None, now=now, valid_from=now.date(), parts={"epci": ["248000531"]}
    )
    evaluated = evaluate(board, day=now.date(), workspace=board.workspace)
    return freeze(evaluated=evaluated, note="", by=None, now=now)


@pytest.mark.django_db
def test_everything_adds_up_until_something_is_rewritten(report) -> None:
    person = UserFactory()
    journal.record("accounts.renamed", person, actor_id=person.pk)
    chain.append("a", 1)
    StoredFileFactory()
    frozen()
    seal = seals.seal_journal()
    assert seal is not None
    assert report(seal.digest) == (
        0,
        [
            f"ok     Seal {seal.number} has this digest: entries {seal.first_id} to {seal.last_id}.",
            f"Everything adds up; last seal {seal.number}, of {seal.at:%Y-%m-%d %H:%M} UTC: {seal.digest}.",
        ],
    )
    status, (line, _last) = report("0" * 64)
    assert (status, "No seal of the journal has the digest" in line) == (1, True)


def test_each_thing_that_was_rewritten_has_its_line(report, committed_db: str) -> None:
    stored, evaluation = StoredFileFactory(), frozen()
    rewrite("core_storedfile", "content = 'other'::bytea")
    rewrite("labels_charterversion", "content = content || ' '")
    # With its digest too: the journal has the one that was frozen.
    rewrite("labels_evaluation", "content = '{}', sha256 = encode(sha256('{}'), 'hex')")
    status, lines = report()
    assert status == 1
    assert lines[:-1] == [
        f"WRONG  The stored file {stored.sha256} was changed: its bytes have another digest.",
        f"WRONG  Version {evaluation.charter_version_id} of a charter is not what was published.",
        f"WRONG  Evaluation {evaluation.pk} is not what was kept.",
    ]
