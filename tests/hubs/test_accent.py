"""A hub's colour as a stylesheet."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory

pytestmark = pytest.mark.django_db


def test_the_accent_is_a_stylesheet_that_any_cache_may_keep(client: Client):
    hub = HubFactory(accent="#3F6B3A")
    answer = client.get(reverse("hubs:accent", args=[hub.slug]))
    assert answer.content.decode() == ":root { --accent: #3F6B3A; }\n"
    assert answer["Content-Type"].startswith("text/css")
    assert "public" in answer["Cache-Control"]


def test_an_unchanged_accent_is_not_sent_again_and_a_changed_one_is(client: Client):
    hub = HubFactory()
    address = reverse("hubs:accent", args=[hub.slug])
    etag = client.get(address)["ETag"]
    assert client.get(address, headers={"if-none-match": etag}).status_code == 304
    hub.accent = "#B2432F"
    hub.save()
    assert client.get(address, headers={"if-none-match": etag}).status_code == 200


def test_a_hidden_hub_shows_its_colour_to_its_team_only(client: Client):
    hub = HubFactory(is_published=False)
    address = reverse("hubs:accent", args=[hub.slug])
    assert client.get(address).status_code == 404
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404
    client.force_login(TeamMemberFactory(hub=hub).person)
    answer = client.get(address)
    assert answer.status_code == 200
    assert "private" in answer["Cache-Control"]
