"""Two people who open the same board at the same instant: one does, the other is told so."""

import datetime
from threading import Barrier, Thread

from django.core.exceptions import ValidationError
from django.db import connections

from tests.factories.labels import CharterVersionFactory, content_of, requirement
from tests.factories.territories import CommuneFactory, EpciFactory, PerimeterFactory
from totem.labels import actions
from totem.labels.models import Board
from totem.territories.actions import publish_perimeter_version

NOW = datetime.datetime(2026, 11, 1, 9, tzinfo=datetime.UTC)


def test_one_board_is_opened(committed_db):
    version = CharterVersionFactory(data=content_of([requirement("clear", "geometry")]))
    CommuneFactory(epci=EpciFactory())
    perimeter = PerimeterFactory()
    publish_perimeter_version(
        perimeter=perimeter, by=None, now=NOW, valid_from=NOW.date(), parts={"epci": ["248000531"]}
    )
    start, told = Barrier(4), []

    def open_one() -> None:
        try:
            start.wait()
            actions.create_board(workspace=perimeter.workspace, charter=version, perimeter=perimeter, by=None)
        except ValidationError as error:
            told.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=open_one) for _one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Board.objects.count() == 1
    assert len(told) == 3
