"""The hubs as a list and on a map."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from tests.factories.hubs import ExceptionalHoursFactory, HubFactory, TeamMemberFactory
from tests.website.page_content import text
from totem.core.periods import Period

pytestmark = pytest.mark.django_db
At = Callable[[str], datetime]


@pytest.mark.parametrize("hubs", [1, 3])
def test_number_of_queries_does_not_grow(
    visitor: Client, thursday: datetime, hubs: int, django_assert_num_queries
) -> None:
    HubFactory.create_batch(hubs)
    with django_assert_num_queries(3):  # hubs, photos, hours
        response = visitor.get("/")
    assert response.content.count(b'class="card-link hub-card"') == hubs


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-11-26T10:00+01:00", "Open until 19:00"),
        ("2026-11-26T08:00+01:00", "Opens today at 09:00"),
        ("2026-11-26T20:00+01:00", "Opens tomorrow at 09:00"),
        ("2026-11-28T20:00+01:00", "Opens Monday at 09:00"),
    ],
)
def test_opening_words(visitor: Client, at: At, now: str, words: str) -> None:
    at(now)
    HubFactory()
    assert words in text(visitor.get("/"))


def test_the_overview_of_a_hub_has_the_same_opening_words(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory(always_open=True)
    visitor.force_login(TeamMemberFactory(hub=hub, person__english=True).person)
    assert "Open day and night" in text(visitor.get(f"/lieux/{hub.slug}/gestion/"))


def test_opening_words_in_french(client: Client, at: At) -> None:
    at("2026-11-28T20:00+01:00")
    HubFactory()
    assert "lundi" in text(client.get("/", headers={"accept-language": "fr"}))


def test_opening_words_of_a_hub_overseas_are_in_its_own_time(visitor: Client, at: At) -> None:
    at("2026-11-26T08:00+01:00")
    HubFactory(time_zone="Indian/Reunion")
    assert "Open until 19:00" in text(visitor.get("/"))


def test_opening_words_of_hubs_open_day_and_night_and_closed_for_weeks(visitor: Client, thursday: datetime) -> None:
    HubFactory(name="Always", always_open=True)
    closed = HubFactory(name="Works")
    ExceptionalHoursFactory(
        hub=closed,
        during=Period(
            datetime.fromisoformat("2026-11-20T00:00+01:00"), datetime.fromisoformat("2026-12-24T00:00+01:00")
        ),
    )
    page = text(visitor.get("/"))
    assert "Open day and night" in page
    assert "Closed for the next two weeks" in page


def test_every_hub_of_the_list_is_on_the_map(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory(name="L’Étage")
    page = text(visitor.get("/"))
    points = json.loads(page.split('data-points="')[1].split('" data-')[0])
    assert points == [
        {"name": "L’Étage", "lat": 49.8906, "lng": 2.3082, "href": f"/lieux/{hub.slug}/", "text": "Open until 19:00"}
    ]


def test_an_unpublished_hub_is_listed_for_its_team_only(visitor: Client, thursday: datetime) -> None:
    member = TeamMemberFactory(hub__is_published=False, hub__name="Soon")
    assert "Soon" not in text(visitor.get("/"))
    visitor.force_login(member.person)
    assert "Soon" in text(visitor.get("/"))


def test_without_any_hub_the_page_says_why_it_is_empty(visitor: Client) -> None:
    assert "No hub has opened its page yet" in text(visitor.get("/"))
