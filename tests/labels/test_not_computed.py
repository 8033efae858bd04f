"""A figure that was not computed is unknown wherever it is shown: a zero would meet « fewer than 10 »."""

import datetime
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.labels import BoardFactory, CharterVersionFactory, ReadingFactory, content_of, requirement
from tests.factories.territories import CommuneFactory, EpciFactory, WorkspaceMemberFactory
from totem.core import clock
from totem.labels.boards.actions import freeze
from totem.labels.judging.evaluations import evaluate
from totem.labels.models import Board
from totem.territories.actions import publish_perimeter_version

pytestmark = pytest.mark.django_db

CONTENT = content_of(
    [requirement("few", "measure", indicator="digital_companies", less_than=10, unit="entreprises")],
    indicators=[{"name": "digital_companies", "measure": "digital_companies"}],
)


@pytest.fixture
def board() -> Board:
    CharterVersionFactory(data=CONTENT)
    for code, place in (("248000531", "amiens"), ("200023414", "rouen")):
        CommuneFactory(**{place: True}, epci=EpciFactory(code=code))
    board = BoardFactory()
    day = datetime.date(2020, 1, 1)
    parts = {"epci": ["248000531"]}
    publish_perimeter_version(perimeter=board.perimeter, by=None, now=clock.now(), valid_from=day, parts=parts)
    return board


@pytest.mark.parametrize(
    "reading", [None, {"value": None}, {"value": None, "low": 0}], ids=["no reading", "without a value", "from zero on"]
)
def test_what_is_not_computed_is_unknown_on_the_board_in_the_export_and_in_the_matrix(
    board: Board, reading: dict[str, Any] | None
) -> None:
    today = clock.today()
    if reading is not None:
        ReadingFactory(name="digital_companies", subject=f"perimetre:{board.perimeter_id}", day=today, **reading)
    ReadingFactory(name="digital_companies", subject="epci:200023414", day=today, value=3, ids=[1, 2, 3])
    client, own = Client(), [board.workspace.slug, board.slug]
    client.force_login(person := WorkspaceMemberFactory(workspace=board.workspace, person__language="en").person)

    shown = client.get(reverse("labels:board", args=own)).context["judged"].criteria[0].requirements[0]
    assert (shown.finding.state, shown.finding.value, shown.finding.low) == ("unknown", None, None)
    assert shown.words == "Asked: less than 10\u00a0entreprises. No figure is known yet."
    line = client.get(reverse("labels:figures", args=own)).context["lines"][0]
    assert (line.origin, line.words) == ("missing", "")

    evaluated = evaluate(board, day=today, workspace=board.workspace)
    kept = freeze(evaluated=evaluated, note="", by=person, now=clock.now())
    content = json.loads(client.get(reverse("labels:evaluation_json", args=[*own, kept.pk])).content)
    (finding,) = content["result"]["criteria"][0]["findings"]
    assert finding["state"] == "unknown"
    assert not {"value", "low", "high"} & {*finding, *content["facts"]["figures"]["digital_companies"]}

    matrix = client.get(reverse("labels:together", args=own), {"avec": "epci:200023414"})
    (row,) = matrix.context["rows"]
    assert ["3" in row.cells[1].words, any(digit in row.cells[0].words for digit in "0123456789")] == [True, False]
    assert (row.joint.state, row.joint.value) == ("unknown", None)
