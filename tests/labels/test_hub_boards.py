"""A hub that goes for a label: its own figures, and when what it plans would meet it."""

import datetime

import pytest
from django.urls import reverse

from tests.factories.hubs import HubFactory, TeamMemberFactory, ZoneFactory
from tests.factories.labels import BoardFactory, CharterVersionFactory, content_of, requirement
from tests.factories.territories import WorkspaceMemberFactory
from totem.core import clock
from totem.labels.evidence import actions as evidence_actions
from totem.labels.figures import figures_of
from totem.labels.judging.evaluations import charter_of, evaluate
from totem.labels.judging.facts import State
from totem.labels.models import Board
from totem.labels.subjects import subject_of

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 11, 1)
NOW = datetime.datetime(2026, 11, 1, 9, tzinfo=datetime.UTC)


def test_the_zones_to_come_tell_when_the_area_would_be_met() -> None:
    version = CharterVersionFactory(
        data=content_of(
            [requirement("area", "measure", indicator="hub_area", at_least=500, unit="m²")],
            subject="hub",
            indicators=[{"name": "hub_area", "measure": "hub_area"}],
        )
    )
    hub = HubFactory()
    ZoneFactory(hub=hub, area=300)
    ZoneFactory(hub=hub, area=150, opens_on=datetime.date(2027, 1, 1))
    ZoneFactory(hub=hub, area=60, opens_on=datetime.date(2027, 6, 1))
    ZoneFactory(area=900)  # another hub's
    board = BoardFactory(perimeter=None, hub=hub)
    evidence_actions.take_readings(
        figures=figures_of(charter_of(version)).values(), subjects=[subject_of(board, DAY)], day=DAY, now=NOW
    )
    found = evaluate(board, day=DAY, workspace=board.workspace).result.finding("area")
    assert (found.state, found.value, found.gap) == (State.NOT_MET, 300, 200)
    assert found.expected_on == datetime.date(2027, 6, 1)


def test_a_hub_in_preparation_goes_for_its_label_before_it_exists(client) -> None:
    """Its zones are all planned: nothing counts yet, and the board says when it will."""
    version = CharterVersionFactory(
        data=content_of(
            [requirement("area", "measure", indicator="hub_area", at_least=100, unit="m²")],
            subject="hub",
            indicators=[{"name": "hub_area", "measure": "hub_area"}],
        )
    )
    hub = HubFactory(name="La Cantine de Vire", is_published=False)
    ZoneFactory(hub=hub, area=150, opens_on=datetime.date(2099, 1, 1))
    manager = TeamMemberFactory(hub=hub, person__language="en").person
    space = WorkspaceMemberFactory(person=manager, role="officer").workspace
    client.force_login(manager)
    url = reverse("labels:board_create", args=[space.slug]) + "?charte=essai"
    assert "La Cantine de Vire, in preparation" in client.get(url).content.decode()
    client.post(url, {"hub": hub.pk})
    board = Board.objects.get(hub=hub)
    figures, day = figures_of(charter_of(version)).values(), clock.today()
    evidence_actions.take_readings(figures=figures, subjects=[subject_of(board, day)], day=day, now=clock.now())
    page = client.get(reverse("labels:board", args=[space.slug, board.slug])).content.decode()
    assert "If the plans hold, it is met on 1 January 2099." in page
    assert "The hub is in preparation" in page
    board.public = True
    board.save()
    assert client.get(reverse("labels:public_board", args=[board.slug])).status_code == 404
