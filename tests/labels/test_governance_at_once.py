"""Two people at one body at the same instant: shares that fit alone and not together are refused."""

import psycopg
import pytest
from django.db import IntegrityError, transaction

from tests.factories.labels import BodyFactory, SeatFactory
from totem.labels.models import Seat

SEAT = """
INSERT INTO labels_seat (created_at, updated_at, body_id, holder, actor_class, role, votes, capital_share)
VALUES (now(), now(), %s, 'Theirs', 'company', 'member', 1, 60)
"""


def test_two_seats_that_do_not_fit_together(committed_db):
    body = BodyFactory(sem=True)
    with psycopg.connect(committed_db) as other:
        other.execute(SEAT, [body.pk])

        @transaction.atomic
        def ours() -> None:
            SeatFactory(body=body, capital_share=60)
            other.commit()  # the other was first: ours is refused when it commits

        with pytest.raises(IntegrityError, match="at most the whole"):
            ours()
    assert Seat.objects.get().holder == "Theirs"
