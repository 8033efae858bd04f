"""Several people who open the same board, or ask for its partners, at the same instant: one does."""

import datetime
from functools import partial

from tests.concurrency import outcomes_at_once
from tests.factories.labels import BoardFactory, CharterVersionFactory, content_of, requirement
from tests.factories.territories import CommuneFactory, EpciFactory, PerimeterFactory, WorkspaceMemberFactory
from totem.accounts.actions import erase_person
from totem.core.edit_conflicts import version_token
from totem.labels.boards import actions as board_actions
from totem.labels.coalitions import actions as coalition_actions
from totem.labels.models import Assignment, Board
from totem.labels.plans import actions
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


def test_nobody_who_is_erased_is_put_in_charge(committed_db):
    board = BoardFactory()
    agent, person = [
        WorkspaceMemberFactory(workspace=board.workspace, role=role).person for role in ("officer", "agent")
    ]
    Assignment.objects.create(board=board, requirement="area", name="Elle", email=person.email)
    seen = version_token(Assignment.objects.get())
    outcomes = outcomes_at_once(
        partial(actions.assign, board=board, requirement="area", seen=seen, person=person, by=agent, now=NOW),
        partial(actions.assign, board=board, requirement="seen", seen="", person=person, by=agent, now=NOW),
        partial(erase_person, person=person, actor_id=person.pk, now=NOW),
    )
    assert set(outcomes) <= {"done", "EditConflict", "ValidationError"}  # no deadlock
    assert not Assignment.objects.exists()
