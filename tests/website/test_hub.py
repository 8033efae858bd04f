"""A hub's page: what it offers, when it is open, how to come, its next free meeting room."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from tests.factories.hubs import (
    ExceptionalHoursFactory,
    HubFactory,
    MembershipFactory,
    TeamMemberFactory,
    ZoneFactory,
)
from tests.factories.spaces import OutageFactory, PriceFactory, SpaceFactory
from tests.website.conftest import between, booked, paris
from tests.website.page_content import bookings_offered, links, text, words
from totem.hubs.models import Hub, Role
from totem.spaces.models import Audience, SpaceKind

pytestmark = pytest.mark.django_db


def page_of(hub: Hub) -> str:
    return f"/lieux/{hub.slug}/"


def test_what_it_offers(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory(
        languages=["fr", "en"], step_free=True, transport="By the station", host_building="La Presque Halle"
    )
    ZoneFactory(hub=hub, name="Open space", area="120.5")
    ZoneFactory(hub=hub, name="Workshop", area=80)
    PriceFactory(space=SpaceFactory(hub=hub, name="Somme"), amount=12)
    PriceFactory(space=SpaceFactory(hub=hub, kind=SpaceKind.EVENT_ROOM), per=1440, amount=300)
    SpaceFactory(hub=hub, pool=True)
    page = words(visitor.get(page_of(hub)))
    for expected in (
        "In all 200.5 m²",
        "Open space Coworking 120.5 m²",
        "By the station",
        "In the building La Presque Halle",
        "French · English",
        "from €12.00 an hour",
        "from €300.00 a day",
        "free of charge",
        "3 desks",
    ):
        assert expected in page


def test_a_coming_zone_is_shown_as_planned_and_not_counted(visitor: Client, thursday: datetime) -> None:
    hub = ZoneFactory(name="Open space", area=120, opens_on=thursday.date()).hub
    ZoneFactory(hub=hub, name="Workshop", area=80, opens_on=thursday.date() + timedelta(days=1))
    page = words(visitor.get(page_of(hub)))
    assert "In all 120 m²" in page
    assert "Workshop planned for Friday 27 November 80 m²" in page


@pytest.mark.parametrize("spaces", [1, 3])
def test_number_of_queries_does_not_grow(
    visitor: Client, thursday: datetime, spaces: int, django_assert_num_queries
) -> None:
    hub = HubFactory()
    for space in SpaceFactory.create_batch(spaces, hub=hub):
        PriceFactory(space=space)
    # Hub; offers, dues, spaces, zones, partners, photos twice, prices; opening twice; outages, hours twice, free time.
    with django_assert_num_queries(15):
        response = visitor.get(page_of(hub))
    assert response.content.count(b'class="card-link space-card"') == spaces


def test_spaces_without_a_photo_have_each_a_drawing_of_their_own(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    for name in ("Salle Avre", "Salle des essais", "Demi-plateau Nord", "Plateau Hortillonnages", "Découpe laser"):
        SpaceFactory(hub=hub, name=name)
    spaces = visitor.get(page_of(hub)).content.decode().partition('id="spaces"')[2]
    assert len(set(re.findall(r"img/pattern-\d+", spaces))) == 5


def test_the_next_free_meeting_room_is_one_button_to_its_prefilled_booking(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    room = SpaceFactory(hub=hub, name="Somme", slug="somme")
    booked(room, between("2026-11-26T10:00", "2026-11-26T12:30"), now=thursday)
    assert bookings_offered(visitor.get(page_of(hub))) == [
        (f"/lieux/{hub.slug}/espaces/somme/reserver/", "2026-11-26T11:30:00Z", "60")
    ]
    assert "Somme, today, 12:30 to 13:30" in text(visitor.get(page_of(hub)))


def test_a_room_whose_notice_is_long_is_still_found(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    SpaceFactory(hub=hub, slug="late", min_notice_minutes=5 * 1440)
    assert [start for _path, start, _minutes in bookings_offered(visitor.get(page_of(hub)))] == ["2026-12-01T09:00:00Z"]


@pytest.mark.parametrize(
    ("audience", "offered"),
    [(Audience.PUBLIC, True), (Audience.SIGNED_IN, True), (Audience.MEMBERS, False), (Audience.TEAM, False)],
)
def test_a_visitor_is_offered_rooms_that_are_for_visitors(
    visitor: Client, thursday: datetime, audience: Audience, offered: bool
) -> None:
    hub = HubFactory()
    SpaceFactory(hub=hub, audience=audience)
    assert bool(bookings_offered(visitor.get(page_of(hub)))) is offered


def test_without_an_account_a_room_for_everybody_comes_before_a_sooner_one(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    SpaceFactory(hub=hub, slug="account", audience=Audience.SIGNED_IN)
    everybody = SpaceFactory(hub=hub, slug="everybody")
    booked(everybody, between("2026-11-26T10:00", "2026-11-26T12:00"), now=thursday)
    ((path, _start, _minutes),) = bookings_offered(visitor.get(page_of(hub)))
    assert "/everybody/" in path


def test_a_member_is_offered_the_members_room(visitor: Client, thursday: datetime) -> None:
    membership = MembershipFactory()
    SpaceFactory(hub=membership.hub, audience=Audience.MEMBERS)
    visitor.force_login(membership.person)
    assert len(bookings_offered(visitor.get(page_of(membership.hub)))) == 1


def test_hours_of_the_week_with_a_closure_an_opening_and_a_holiday(visitor: Client, at) -> None:
    at("2026-12-21T10:00+01:00")  # the Monday before Christmas
    hub = HubFactory()
    ExceptionalHoursFactory(hub=hub, reason="Inventory", during=between("2026-12-22T00:00", "2026-12-23T00:00"))
    ExceptionalHoursFactory(
        hub=hub, kind="open", reason="Game night", during=between("2026-12-27T14:00", "2026-12-27T18:00")
    )
    ExceptionalHoursFactory(hub=hub, reason="Moving", during=between("2027-01-18T00:00", "2027-01-25T00:00"))
    page = words(visitor.get(page_of(hub)))
    for expected in (
        "Monday 21 December 09:00 to 19:00 Tuesday 22 December closed Inventory",
        "Friday 25 December closed Christmas Day",
        "Sunday 27 December 14:00 to 18:00 Game night",
        "Friday 1 January 2027 Closed: New Year’s Day",
        "from Monday 18 January 2027 to Sunday 24 January 2027 Closed: Moving",
    ):
        assert expected in page


def test_a_hub_that_is_closed_for_two_weeks_says_so_and_offers_nothing(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    SpaceFactory(hub=hub)
    ExceptionalHoursFactory(hub=hub, during=between("2026-11-25T00:00", "2026-12-24T00:00"))
    response = visitor.get(page_of(hub))
    assert "Nothing can be booked until the hub opens again." in text(response)
    assert bookings_offered(response) == []


def test_a_room_out_of_order_is_not_offered(visitor: Client, thursday: datetime) -> None:
    room = SpaceFactory()
    OutageFactory(space=room, during=(paris("2026-11-01T00:00"), None))
    assert bookings_offered(visitor.get(page_of(room.hub))) == []


def test_without_spaces_the_page_says_why_it_is_empty(visitor: Client, thursday: datetime) -> None:
    assert "The rooms and desks of this hub will stand here" in text(visitor.get(page_of(HubFactory())))


def test_the_team_is_offered_its_pages(visitor: Client, thursday: datetime) -> None:
    member = TeamMemberFactory(role=Role.MANAGER, person__language="en")
    assert "For the team" not in text(visitor.get(page_of(member.hub)))
    visitor.force_login(member.person)
    assert "For the team" in text(visitor.get(page_of(member.hub)))


@pytest.mark.parametrize("path", ["", "semaine/", "jour/", "libre/"])
def test_an_unpublished_hub_is_found_by_its_team_only(visitor: Client, thursday: datetime, path: str) -> None:
    member = TeamMemberFactory(hub__is_published=False)
    assert visitor.get(page_of(member.hub) + path).status_code == 404
    visitor.force_login(TeamMemberFactory().person)
    assert visitor.get(page_of(member.hub) + path).status_code == 404
    visitor.force_login(member.person)
    assert visitor.get(page_of(member.hub) + path).status_code == 200


def test_spaces_of_the_team_and_those_no_longer_in_service_are_not_shown(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    SpaceFactory(hub=hub, slug="server-room", audience=Audience.TEAM)
    SpaceFactory(hub=hub, slug="gone", is_active=False)
    SpaceFactory(hub=hub, slug="there")
    for path in ("", "semaine/", "jour/", "libre/"):
        shown = " ".join(href for href, _label in links(visitor.get(page_of(hub) + path)))
        assert "/there/" in shown
        assert "/server-room/" not in shown
        assert "/gone/" not in shown
    assert visitor.get(f"{page_of(hub)}espaces/server-room/").status_code == 404
    assert visitor.get(f"{page_of(hub)}espaces/gone/").status_code == 404
