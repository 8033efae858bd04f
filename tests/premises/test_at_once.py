"""Race conditions at one building: of two lots that each fit but not together, one is refused."""

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from tests.factories.accounts import UserFactory
from tests.factories.premises import LotFactory, PhaseFactory
from totem.premises import actions
from totem.premises.models import Lot

LOT = """
INSERT INTO premises_lot (created_at, updated_at, building_id, name, usable_m2, use, lease_form, period_months,
                          notice_months)
VALUES (now(), now(), %s, 'Theirs', 600, '', 'commercial', 36, 6)
"""


def test_two_lots_that_do_not_fit_together(committed_db):
    building = PhaseFactory().building
    with psycopg.connect(committed_db) as other:
        other.execute(LOT, [building.pk])

        @transaction.atomic
        def ours():
            LotFactory(building=building, usable_m2=600)
            other.commit()  # the other commits first: ours is refused at its commit

        with pytest.raises(IntegrityError, match="not larger"):
            ours()
    assert Lot.objects.get().name == "Theirs"


def test_the_second_waits_until_the_first_is_done(committed_db):
    building = PhaseFactory().building
    with psycopg.connect(committed_db) as other:
        other.execute("SELECT FROM premises_building WHERE id = %s FOR UPDATE", [building.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            actions.change_building(building=building, by=UserFactory(), note="Later")
