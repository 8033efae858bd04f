"""The search for the first free slots across spaces."""

import re
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.accounts.test_sign_in import code_sent_to
from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, MembershipFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from tests.website.conftest import between, booked
from tests.website.page_content import bookings_offered, links, region, text, words
from totem.core.periods import DAY
from totem.spaces.models import Audience, SpaceKind

pytestmark = pytest.mark.django_db


def found(visitor: Client, **criteria: object) -> list[tuple[str, str, str]]:
    response = visitor.get("/trouver/", criteria)
    assert response.status_code == 200, text(response)
    return [(path.split("/")[-3], start, minutes) for path, start, minutes in bookings_offered(response)]


def test_the_first_free_slot_of_each_space_soonest_first(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    busy = SpaceFactory(hub=hub, slug="busy")
    SpaceFactory(hub=hub, slug="free")
    booked(busy, between("2026-11-26T10:00", "2026-11-26T11:00"), now=thursday)
    assert found(visitor) == [("free", "2026-11-26T09:00:00Z", "60"), ("busy", "2026-11-26T10:00:00Z", "60")]


def test_people_features_kind_and_hub(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory(slug="here")
    SpaceFactory(hub=hub, slug="small", capacity=2)
    SpaceFactory(hub=hub, slug="bare", capacity=8)
    SpaceFactory(hub=hub, slug="screen", capacity=8, features=["screen", "quiet"])
    SpaceFactory(hub=hub, slug="hall", capacity=80, kind=SpaceKind.EVENT_ROOM, features=["screen"])
    SpaceFactory(slug="elsewhere", capacity=8, features=["screen"])
    slugs = lambda **criteria: {slug for slug, _start, _minutes in found(visitor, **criteria)}  # noqa: E731
    assert slugs(people=6) == {"bare", "screen", "hall", "elsewhere"}
    assert slugs(people=6, features="screen") == {"screen", "hall", "elsewhere"}
    assert slugs(people=6, features=["screen", "quiet"]) == {"screen"}
    assert slugs(people=6, features="screen", kind="meeting_room") == {"screen", "elsewhere"}
    assert slugs(people=6, features="screen", hub="here") == {"screen", "hall"}


def test_several_people_take_several_desks_of_a_pool(visitor: Client, thursday: datetime) -> None:
    pool = SpaceFactory(pool=True, slug="desks")  # three
    booked(pool, between("2026-11-26T10:00", "2026-11-26T12:00"), now=thursday, quantity=2)
    assert found(visitor, people=1) == [("desks", "2026-11-26T09:00:00Z", "60")]
    response = visitor.get("/trouver/", {"people": 3})
    assert bookings_offered(response)[0][1] == "2026-11-26T11:00:00Z"
    assert any("quantity=3" in href for href, _label in links(response))
    assert found(visitor, people=4) == []


def test_machines_are_found_when_they_are_asked_for(visitor: Client, thursday: datetime) -> None:
    SpaceFactory(machine=True, slug="laser", audience=Audience.PUBLIC)
    assert found(visitor) == []
    assert [slug for slug, *_ in found(visitor, kind="machine", people=3)] == ["laser"]


def test_members_spaces_are_shown_with_a_note_and_the_teams_are_not(visitor: Client, thursday: datetime) -> None:
    SpaceFactory(audience=Audience.MEMBERS, slug="members")
    SpaceFactory(audience=Audience.TEAM, slug="team")
    response = visitor.get("/trouver/")
    assert bookings_offered(response) == []
    assert "for members" in text(response)


def test_what_one_may_not_book_says_what_to_do_instead_of_book(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory(accepts_requests=True)
    for slug, audience in (("desks", Audience.SIGNED_IN), ("lab", Audience.MEMBERS), ("visit", Audience.NETWORK)):
        SpaceFactory(hub=hub, slug=slug, audience=audience)
    SpaceFactory(hub=hub, slug="late", min_notice_minutes=180)
    first = found(visitor)
    assert [slug for slug, *_ in first] == ["late"]
    advice = {label.partition(": ")[2]: href for href, label in links(visitor.get("/trouver/")) if "Book" in label}
    assert set(advice) - {""} == {"Sign in to book", "Member? Sign in", "Member of another hub? Sign in"}
    chosen = parse_qs(urlsplit(advice["Sign in to book"]).query)["next"][0]
    assert chosen.startswith(f"/lieux/{hub.slug}/espaces/desks/reserver/?start=2026-11-26T09:00:00Z")

    person = UserFactory(language="en")
    visitor.force_login(person)
    assert [slug for slug, *_ in found(visitor)] == ["desks", "late"]
    offered = {label.rpartition(": ")[2]: href for href, label in links(visitor.get("/trouver/"))}
    asking = f"/lieux/{hub.slug}/rejoindre/"
    assert offered["For members of this hub"] == asking
    assert (asking, "Become a member") in links(visitor.get(f"/lieux/{hub.slug}/espaces/lab/"))
    MembershipFactory(hub=hub, person=person, starts_on=thursday.date())
    MembershipFactory(person=person, starts_on=thursday.date() + DAY)  # of another hub, from tomorrow on
    assert [slug for slug, *_ in found(visitor)] == ["desks", "lab", "late"]
    assert "visit" in [slug for slug, *_ in found(visitor, day="2026-11-27")]
    assert "For members of other hubs" in words(
        visitor.get(f"/lieux/{hub.slug}/libre/", {"start": "2026-11-26T14:00", "minutes": "60"})
    )


def test_an_account_made_on_the_way_comes_back_to_what_was_chosen(visitor: Client, thursday: datetime) -> None:
    SpaceFactory(slug="desks", audience=Audience.SIGNED_IN)
    [way] = [href for href, label in links(visitor.get("/trouver/")) if "Sign in to book" in label]
    [sign_up] = [href for href, label in links(visitor.get(way)) if label == "Create an account"]
    chosen = parse_qs(urlsplit(way).query)["next"][0]
    assert any(label == "Create an account" for _href, label in links(visitor.get(chosen)))  # a kept address too
    fields = {"name": "Camille Test", "email": "camille@example.org", "next": chosen}
    answer = visitor.post(sign_up, fields)
    answer = visitor.post(answer.url, {"code": code_sent_to("camille@example.org")})
    assert answer.url == chosen
    assert visitor.get(chosen).status_code == 200


def test_each_result_says_its_price_and_what_has_none_is_not_booked(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    priced = SpaceFactory(hub=hub, slug="priced", name="Priced", free_of_charge=False)
    PriceFactory(space=priced, amount=Decimal(12), ends_on="2026-11-26")
    PriceFactory(space=priced, amount=Decimal(15), starts_on="2026-11-27")
    SpaceFactory(hub=hub, slug="gratis", name="Gratis")
    PriceFactory(space=SpaceFactory(hub=hub, slug="was", name="Was paid"), ends_on="2026-01-31")
    SpaceFactory(hub=hub, slug="unpriced", name="Unpriced", free_of_charge=False)
    for page in (
        "/trouver/?minutes=120&day=2026-11-27",
        f"/lieux/{hub.slug}/libre/?start=2026-11-27T14:00&minutes=120",
    ):
        response = visitor.get(page)
        assert [path.split("/")[-3] for path, *_ in bookings_offered(response)] == ["gratis", "priced", "was"]
        prices = re.findall(r'offer-price">([^<]+)<', text(response))
        assert sorted(prices) == ["free of charge", "free of charge", "price on request", "€30.00"]


def test_pools_say_how_many_are_free_and_a_part_of_the_day_is_one_press(visitor: Client, thursday: datetime) -> None:
    pool = SpaceFactory(pool=True, slug="desks")  # three
    booked(pool, between("2026-11-27T09:00", "2026-11-27T12:00"), now=thursday)
    response = visitor.get("/trouver/", {"day": "2026-11-27"})
    assert "2 desks free of 3" in text(response)
    # Its buttons belong to the form, so that what was typed is kept; Enter still presses the main button, the first.
    buttons = re.findall(
        r'<button class="[^"]+" (?:id="find-button"|name="part" value="(\w+)")', response.content.decode()
    )
    assert buttons == ["", "morning", "afternoon", "day"]
    asked = {"day": "2026-11-27", "minutes": "60", "after": "10:00", "before": ""}
    slots = {part: found(visitor, **asked, part=part) for part in buttons[1:]}
    assert slots == {
        "morning": [("desks", "2026-11-27T08:00:00Z", "240")],
        "afternoon": [("desks", "2026-11-27T12:00:00Z", "240")],
        "day": [("desks", "2026-11-27T08:00:00Z", "480")],
    }
    assert found(visitor, day="2026-11-27", part="noon") == [("desks", "2026-11-27T08:00:00Z", "60")]


def test_between_hours_on_a_day(visitor: Client, thursday: datetime) -> None:
    room = SpaceFactory(slug="room")
    booked(room, between("2026-11-27T14:00", "2026-11-27T15:00"), now=thursday)
    assert found(visitor, day="2026-11-27", after="14:00", before="17:00", minutes=120) == [
        ("room", "2026-11-27T14:00:00Z", "120")
    ]
    assert found(visitor, after="17:30") == [("room", "2026-11-26T16:30:00Z", "60")]


def test_a_hub_overseas_is_asked_on_its_own_clock(visitor: Client, thursday: datetime) -> None:
    SpaceFactory(slug="reunion", hub__time_zone="Indian/Reunion")
    assert found(visitor, day="2026-11-27", after="10:00") == [("reunion", "2026-11-27T06:00:00Z", "60")]


def test_a_day_without_anything_offers_the_next_days_and_wider_criteria(visitor: Client, thursday: datetime) -> None:
    SpaceFactory(slug="room", features=["screen"])
    response = visitor.get("/trouver/", {"day": "2026-11-29", "features": "screen"})  # a Sunday
    assert "Nothing is free for this" in text(response)
    assert [start for _path, start, _minutes in bookings_offered(response)] == ["2026-11-26T09:00:00Z"]
    wider = {label: href for href, label in links(response) if href.startswith("?")}
    assert wider.items() >= {"on any day": "?features=screen"}.items()


def test_only_wider_criteria_that_find_a_slot_are_offered(visitor: Client, thursday: datetime) -> None:
    SpaceFactory(slug="room")
    labels = {
        label for _href, label in links(visitor.get("/trouver/", {"people": 3, "features": "screen", "kind": "office"}))
    }
    assert "for one hour, anywhere, at any time" in labels
    assert "without these features" not in labels
    nothing = visitor.get("/trouver/", {"people": 900})
    assert "No hub has a space for so many people" in text(nothing)


@pytest.mark.parametrize(
    ("criteria", "field"),
    [
        ({"people": "many"}, "people"),
        ({"people": "0"}, "people"),
        ({"people": "99999999999999999999"}, "people"),
        ({"minutes": "61"}, "minutes"),
        ({"day": "2026-02-30"}, "day"),
        ({"day": "2020-01-01"}, "day"),
        ({"day": "9999-12-31"}, "day"),
        ({"after": "25:00"}, "after"),
        ({"after": "14:00", "before": "14:30"}, "before"),
        ({"hub": "nowhere"}, "hub"),
        ({"kind": "castle"}, "kind"),
        ({"features": "moat"}, "features"),
    ],
)
def test_an_invalid_value_is_refused_at_its_field(
    visitor: Client, thursday: datetime, criteria: dict[str, str], field: str
) -> None:
    SpaceFactory()
    HubFactory()
    response = visitor.get("/trouver/", criteria)
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.content.decode()
    assert bookings_offered(response) == []


def test_without_hubs_the_page_says_why_it_is_empty(visitor: Client, thursday: datetime) -> None:
    assert "No hub has opened its page yet." in text(visitor.get("/trouver/"))


@pytest.mark.parametrize("criteria", [{}, {"people": "6"}, {"people": "0"}, {"day": "2026-11-29"}])
def test_what_htmx_swaps_is_what_a_reload_gives(visitor: Client, thursday: datetime, criteria: dict[str, str]) -> None:
    SpaceFactory()
    whole = visitor.get("/trouver/", criteria)
    partial = visitor.get("/trouver/", criteria, headers={"hx-request": "true"})
    assert "<html" not in partial.content.decode()
    assert partial.status_code == whole.status_code
    for name in ("find-form", "results"):
        assert region(partial.content.decode(), name) == region(whole.content.decode(), name)
    assert "HX-Request" in partial.headers["Vary"]


def test_a_history_restore_gets_the_whole_page(visitor: Client, thursday: datetime) -> None:
    headers = {"hx-request": "true", "hx-history-restore-request": "true"}
    assert "<html" in visitor.get("/trouver/", headers=headers).content.decode()


@pytest.mark.parametrize("hubs", [1, 3])
def test_number_of_queries_does_not_grow(
    visitor: Client, thursday: datetime, hubs: int, django_assert_num_queries
) -> None:
    for hub in HubFactory.create_batch(hubs):
        SpaceFactory.create_batch(hubs, hub=hub, capacity=8)
    with django_assert_num_queries(7):  # hubs, spaces; outages, hours twice, what is free; prices
        response = visitor.get("/trouver/", {"people": "6"})
    assert len(bookings_offered(response)) == hubs * hubs


def test_the_day_is_the_hubs_where_it_is_earlier_than_ours(visitor: Client, at) -> None:
    at("2026-11-27T03:00+01:00")  # 22:00 on the 26th in Guadeloupe
    SpaceFactory(hub=HubFactory(time_zone="America/Guadeloupe", always_open=True), slug="salle")
    page = visitor.get("/trouver/", {"day": "2026-11-26", "people": 1, "minutes": 60})
    assert page.status_code == 200
    assert 'min="2026-11-26"' in page.content.decode()
    assert page.context["found"]


def test_a_night_is_searched_from_one_day_into_the_next(visitor: Client, thursday: datetime) -> None:
    SpaceFactory(hub=HubFactory(always_open=True), slug="studio")
    assert found(visitor, day="2026-11-27", after="22 h", before="2 h", minutes=180) == [
        ("studio", "2026-11-27T21:00:00Z", "180")
    ]
    response = visitor.get("/trouver/", {"day": "2026-11-27", "after": "22:00", "before": "02:00", "minutes": 300})
    assert "before" in response.context["form"].errors


def test_the_night_under_way_is_searched_too(visitor: Client, at) -> None:
    at("2026-11-27T00:30+01:00")
    SpaceFactory(hub=HubFactory(always_open=True), slug="studio")
    assert found(visitor, after="22:00", before="02:00") == [("studio", "2026-11-26T23:30:00Z", "60")]
