"""Several people who open the same board, or ask for its partners, at the same instant: one does."""

import datetime
from functools import partial

from tests.concurrency import outcomes_at_once
from tests.factories.labels import CharterVersionFactory, content_of, requirement
from tests.factories.territories import CommuneFactory, EpciFactory, PerimeterFactory
from totem.labels.boards import actions as board_actions
from totem.labels.coalitions import actions as coalition_actions
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
    opening = partial(
        board_actions.create_board, workspace=perimeter.workspace, charter=version, perimeter=perimeter, by=None
    )
    assert outcomes_at_once(*[opening] * 4) == {"done": 1, "ValidationError": 3}
    board = Board.objects.get()

    asking = partial(
        coalition_actions.ask_for_partners, board=board, scope="france:fr", most=2, by=None, day=NOW.date()
    )
    assert outcomes_at_once(*[asking] * 4) == {"done": 1, "SearchRunningError": 3}
    assert board.searches.count() == 1
