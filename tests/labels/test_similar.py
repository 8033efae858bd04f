"""The mean of similar territories beside a computed figure."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.labels import BoardFactory, CharterVersionFactory, ReadingFactory, content_of, requirement
from tests.factories.territories import CommuneFactory, EpciFactory, WorkspaceMemberFactory
from totem.labels.evidence.similar import SimilarMean, means_of, similar_to
from totem.labels.figures import figures_of
from totem.labels.judging.evaluations import charter_of
from totem.labels.subjects import subject_of
from totem.territories.actions import publish_perimeter_version

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
CONTENT = content_of(
    [requirement("area", "measure", indicator="hubs", at_least=500, unit="m²")],
    indicators=[{"name": "hubs", "measure": "hub_area"}],
)


def test_only_near_ones_count_and_nothing_is_said_under_three(client) -> None:
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
    person = WorkspaceMemberFactory(workspace=board.workspace, person__language="en").person
    client.force_login(person)
    page = client.get(reverse("labels:criterion", args=[board.workspace.slug, board.slug, "q1"])).content.decode()
    assert "Mean of 3 similar territories: 217" in page
