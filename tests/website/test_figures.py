"""The figures page: for the team, over whole months of the hub's own calendar."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory, ZoneFactory
from totem.core import measures
from totem.hubs.models import Hub, Role
from totem.website.views.figures import months_until

pytestmark = pytest.mark.django_db


def test_the_team_reads_every_measure_with_its_method(client):
    reader = TeamMemberFactory(role=Role.READER)
    ZoneFactory(hub=reader.hub, area="540")
    ZoneFactory(hub=reader.hub, area="260", opens_on="2090-01-01")
    client.force_login(reader.person)
    page = client.get(reverse("website:figures", args=[reader.hub.slug])).content.decode()
    assert "540" in page
    assert "260" in page
    assert "800" not in page
    assert page.count("figure-definition") == len(measures.about("hubs.hub")) == 8


def test_the_figures_are_not_found_for_others(client):
    hub = HubFactory()
    client.force_login(TeamMemberFactory().person)
    assert client.get(reverse("website:figures", args=[hub.slug])).status_code == 404
    client.force_login(UserFactory())
    assert client.get(reverse("website:figures", args=[hub.slug])).status_code == 404


def test_months_are_those_of_the_hub_and_follow_one_another():
    hub = Hub(time_zone="Indian/Reunion")
    months = months_until(datetime(2027, 1, 31, 20, 30, tzinfo=UTC), hub)  # already February in Réunion
    assert len(months) == 12
    assert months[-1].starts_at == datetime(2026, 12, 31, 20, 0, tzinfo=UTC)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(months))
