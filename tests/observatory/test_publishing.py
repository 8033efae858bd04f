"""Two people at one draft at the same instant: what is being published waits for nobody to slip something in."""

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from tests.factories.observatory import ActivityVersionFactory
from totem.observatory.models import Correction


def correct(version) -> Correction:
    return Correction.objects.create(version=version, siren="552100554", reason="Counted twice")


def test_a_correction_waits_for_the_publication_and_is_then_refused(committed_db):
    draft = ActivityVersionFactory(published_at=None)
    with psycopg.connect(committed_db) as other:
        other.execute("UPDATE observatory_activityversion SET published_at = now() WHERE id = %s", [draft.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
            correct(draft)
        other.commit()
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        correct(draft)
    assert not Correction.objects.exists()
