"""Which spaces of a hub are free for a given time."""

from datetime import datetime

import pytest
from django.test import Client

from tests.factories.hubs import HubFactory
from tests.factories.spaces import OutageFactory, SpaceFactory
from tests.website.conftest import between, booked
from tests.website.page_content import bookings_offered, region, text, words

pytestmark = pytest.mark.django_db


def test_free_taken_and_closed(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    pool = SpaceFactory(hub=hub, slug="desks", pool=True, position=1)
    booked(pool, between("2026-11-27T14:00", "2026-11-27T15:00"), now=thursday)
    taken = SpaceFactory(hub=hub, slug="taken")
    booked(taken, between("2026-11-27T14:30", "2026-11-27T15:00"), now=thursday)
    SpaceFactory(hub=hub, slug="free", position=2)
    response = visitor.get(f"/lieux/{hub.slug}/libre/", {"start": "2026-11-27T14:00", "minutes": "60"})
    assert [(path.split("/")[-3], start, minutes) for path, start, minutes in bookings_offered(response)] == [
        ("desks", "2026-11-27T13:00:00Z", "60"),
        ("free", "2026-11-27T13:00:00Z", "60"),
    ]
    assert "2 desks free of 3" in words(response)
    evening = visitor.get(f"/lieux/{hub.slug}/libre/", {"start": "2026-11-27T18:30:00+01:00", "minutes": "60"})
    assert "Nothing is free at this time" in text(evening)
    assert text(evening).count("Not open for all of this time") == 3


def test_out_of_order(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory()
    OutageFactory(space=space, during=(thursday, None))
    response = visitor.get(f"/lieux/{space.hub.slug}/libre/", {"start": "2026-11-27T14:00", "minutes": "60"})
    assert "Out of order" in text(response)
    assert bookings_offered(response) == []


def test_a_free_space_whose_rules_refuse_the_time_says_which_rule(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory(min_minutes=120, step_minutes=60)
    response = visitor.get(f"/lieux/{space.hub.slug}/libre/", {"start": "2026-11-27T14:00", "minutes": "60"})
    assert bookings_offered(response) == []
    assert "At least 2 h." in words(response)


def test_without_criteria_the_next_hour_is_searched(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory()
    response = visitor.get(f"/lieux/{space.hub.slug}/libre/")
    assert [start for _path, start, _minutes in bookings_offered(response)] == ["2026-11-26T10:00:00Z"]


@pytest.mark.parametrize(
    ("criteria", "field"),
    [
        ({"start": "soon", "minutes": "60"}, "start"),
        ({"start": "2026-11-27T14:00", "minutes": "7"}, "minutes"),
        ({"start": "2026-11-27T14:00"}, "minutes"),
        ({"start": "2027-03-28T02:30", "minutes": "60"}, "start"),  # the clocks jump over it
        ({"start": "0001-01-01T00:00", "minutes": "60"}, "start"),
        ({"start": "9999-12-31T23:59:59-23:59", "minutes": "60"}, "start"),
    ],
)
def test_an_invalid_value_is_refused_at_its_field(
    visitor: Client, thursday: datetime, criteria: dict[str, str], field: str
) -> None:
    response = visitor.get(f"/lieux/{HubFactory().slug}/libre/", criteria)
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.content.decode()


def test_what_htmx_swaps_is_what_a_reload_gives(visitor: Client, thursday: datetime) -> None:
    address = f"/lieux/{SpaceFactory().hub.slug}/libre/?start=2026-11-27T14:00&minutes=60"
    whole = visitor.get(address).content.decode()
    partial = visitor.get(address, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in partial
    for name in ("free-form", "results"):
        assert region(partial, name) == region(whole, name)


@pytest.mark.parametrize("spaces", [1, 3])
def test_number_of_queries_does_not_grow(
    visitor: Client, thursday: datetime, spaces: int, django_assert_num_queries
) -> None:
    hub = HubFactory()
    SpaceFactory.create_batch(spaces, hub=hub)
    with django_assert_num_queries(7):  # hub, spaces; outages, hours twice, what is free; prices
        response = visitor.get(f"/lieux/{hub.slug}/libre/", {"start": "2026-11-27T14:00", "minutes": "60"})
    assert len(bookings_offered(response)) == spaces
