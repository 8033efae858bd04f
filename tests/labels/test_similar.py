"""The mean of similar territories beside a computed figure."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import UserFactory
from tests.factories.labels import BoardFactory, CharterVersionFactory, ReadingFactory, content_of, requirement
from tests.factories.territories import CommuneFactory, EpciFactory, WorkspaceMemberFactory
from totem.labels.boards.actions import set_board_public
from totem.labels.evidence.similar import SimilarMean, means_of, similar_to
from totem.labels.figures import figures_of
from totem.labels.judging.evaluations import charter_of
from totem.labels.subjects import subject_of
from totem.territories.actions import publish_perimeter_version

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
CONTENT = content_of(
    [
        requirement("area", "measure", indicator="hubs", at_least=500, unit="m²"),
        requirement("companies", "measure", indicator="digital_companies", at_least=5, unit="entreprises"),
    ],
    indicators=[
        {"name": "hubs", "measure": "hub_area"},
        {"name": "digital_companies", "measure": "digital_companies"},
    ],
)


def test_only_near_ones_count_nothing_is_said_under_three_and_one_more_mean_is_no_more_queries(client: Client) -> None:
    version = CharterVersionFactory(data=CONTENT)
    CommuneFactory(epci=EpciFactory(population=100_000), population=100_000)
    board = BoardFactory(slug="essai-amiens")
    publish_perimeter_version(
        perimeter=board.perimeter,
        by=None,
        now=timezone.now(),
        valid_from=datetime.date(2015, 1, 1),
        parts={"epci": ["248000531"]},
    )
    for n, population in enumerate((60_000, 90_000, 150_000, 49_000, 210_000)):
        epci = EpciFactory(code=f"20000000{n}", name=f"E{n}", population=population)
        CommuneFactory(code=f"0100{n}", name=f"C{n}", epci=epci, population=population)
    subject, figures = subject_of(board, TODAY), figures_of(charter_of(version))
    similar = similar_to(subject)
    assert [one.name for one in similar] == ["E1", "E0", "E2"]
    for n, value in ((1, 100), (0, 200)):
        ReadingFactory(subject=f"epci:20000000{n}", name="hub_area", day=TODAY, value=value)
    assert means_of(figures, similar, TODAY) == {}
    ReadingFactory(subject="epci:200000002", name="hub_area", day=TODAY, value=350)
    assert means_of(figures, similar, TODAY) == {"hubs": SimilarMean(Decimal(217), 3, TODAY)}
    set_board_public(board=board, public=True, by=UserFactory())
    client.force_login(WorkspaceMemberFactory(workspace=board.workspace, person__language="en").person)
    own = [board.workspace.slug, board.slug]
    urls = [
        reverse("labels:board", args=own),
        reverse("labels:criterion", args=[*own, "q1"]),
        reverse("labels:public_board", args=[board.slug]),
    ]
    before = [_queries(client, url, "Mean of 3 similar territories: 217") for url in urls]
    for n in range(3):
        ReadingFactory(subject=f"epci:20000000{n}", name="digital_companies", day=TODAY, value=40)
    assert [_queries(client, url, "Mean of 3 similar territories: 40") for url in urls] == before


def _queries(client: Client, url: str, said: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert said in client.get(url).content.decode().replace("\u00a0", " ")
    return len(captured)
