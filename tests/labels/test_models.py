"""What the database refuses of evidence, charters and evaluations."""

import datetime
import hashlib

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from tests.factories.labels import BoardFactory, CharterVersionFactory, ObservationFactory
from totem.labels.models import CharterVersion, Evaluation

pytestmark = pytest.mark.django_db


def test_a_published_charter_never_changes_and_never_goes() -> None:
    version = CharterVersionFactory()
    for statement in (
        "UPDATE labels_charterversion SET version = 'x'",
        "DELETE FROM labels_charterversion",
        "TRUNCATE labels_charterversion CASCADE",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert CharterVersion.objects.get().version == version.version


def test_a_frozen_evaluation_never_changes_and_is_its_sum() -> None:
    board, version = BoardFactory(), CharterVersionFactory()
    content = '{"é":1}'
    row = {
        "board": board,
        "charter_version": version,
        "day": datetime.date(2026, 11, 1),
        "content": content,
        "state": "met",
        "made_at": datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC),
    }
    made = Evaluation.objects.create(**row, sha256=hashlib.sha256(content.encode()).hexdigest(), frozen=True)
    with pytest.raises(DatabaseError), transaction.atomic():
        Evaluation.objects.update(state="not_met")
    with pytest.raises(DatabaseError), transaction.atomic():
        made.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Evaluation.objects.create(**row, sha256="0" * 64)


def test_an_observation_is_about_one_thing_and_says_which() -> None:
    observation = ObservationFactory()
    observation.refresh_from_db()
    assert observation.subject == f"epci:{observation.epci_id}"
    with pytest.raises(IntegrityError), transaction.atomic():
        ObservationFactory(epci=None)
