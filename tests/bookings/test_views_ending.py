"""The page that lengthens and shortens a booking under way, the desk's departures, and lengthening offered instead."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.bookings.test_views_book import address, fields
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, confirmed_guest, from_now
from tests.factories.hubs import TeamMemberFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from totem.accounts.models import User
from totem.bookings import mails, wording
from totem.bookings.models import Booking
from totem.core import limits
from totem.hubs.models import Role
from totem.spaces.models import Space

pytestmark = pytest.mark.django_db


@pytest.fixture
def space() -> Space:
    space = SpaceFactory(all_night=True, name="Somme", buffer_after_minutes=30)
    PriceFactory(space=space, amount="12.00")
    return space


@pytest.fixture
def person(client: Client) -> User:
    person = UserFactory(english=True)
    client.force_login(person)
    return person


@pytest.fixture
def running(space: Space, person: User) -> Booking:
    """Begun an hour before the half hour under way, for three hours."""
    return BookingFactory(space=space, person=person, period=from_now(-1, length=3))


def page_of(booking: Booking, name: str = "end") -> str:
    return reverse(f"bookings:{name}", args=[booking.reference])


def desk(booking: Booking, deed: str) -> str:
    return reverse(f"bookings:{deed}", args=[booking.hub.slug, booking.reference])


def until(hours: float) -> str:
    return from_now(hours).starts_at.isoformat()


def choices(client: Client, booking: Booking) -> dict[str, str]:
    html = client.get(page_of(booking)).content.decode()
    return dict(re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)</option>', html))


class TestPage:
    def test_an_end_is_chosen_by_its_price(self, client, running):
        assert page_of(running) in client.get(page_of(running, "detail")).content.decode()
        offered = choices(client, running)
        assert "€12.00 more" in offered[until(3)]
        assert "as booked" in offered[until(2)]
        assert "more" not in offered[until(1.5)]

        answer = client.post(page_of(running), {"end": until(3), "known": until(2)}, follow=True)

        html = answer.content.decode()
        assert "Lengthened" in html
        assert "Lengthened by 1 h" in html.replace("\N{NO-BREAK SPACE}", " ")
        running.refresh_from_db()
        assert (running.ends_at.isoformat(), running.price) == (until(3), 48)

    def test_shortening_says_that_the_rest_stays_due(self, client, running):
        html = client.post(page_of(running), {"end": until(1.5)}, follow=True).content.decode()
        assert "The rest is free for others" in html
        assert "stays due" in html
        assert "€36.00" in html

    def test_only_ends_that_are_free_are_offered_and_why_none_is(self, client, running, space):
        BookingFactory(space=space, period=from_now(3))
        assert max(choices(client, running)) == until(2.5)  # half an hour is kept free
        Space.objects.update(needs_approval=True)
        assert "Please ask them" in client.get(page_of(running)).content.decode()

    @pytest.mark.parametrize(
        ("sent", "status", "words"),
        [
            ({"end": "soon"}, 422, "Choose one of these ends"),
            ({"end": "2"}, 422, "Choose one of these ends"),
            ({}, 422, "This field is required"),
            ({"end": until(-0.5)}, 422, "This time has passed"),
            ({"end": until(3), "known": until(4)}, 422, "has changed since"),
            ({"end": until(3.5)}, 409, "Somebody else has this time"),
            ({"end": until(4)}, 409, "Somebody else has this time"),
            ({"end": until(300)}, 422, "At most"),
        ],
    )
    def test_what_cannot_be_is_refused_at_its_field(self, client, running, space, sent, status, words):
        BookingFactory(space=space, period=from_now(3.5))
        answer = client.post(page_of(running), sent)
        assert answer.status_code == status
        assert words in answer.content.decode()
        running.refresh_from_db()
        assert running.ends_at.isoformat() == until(2)

    def test_a_limit_says_who_lifts_it(self, client, running, space):
        limits.set_amounts(scope=space.hub, values={("bookings.hours", "person"): 3}, by=UserFactory())
        answer = client.post(page_of(running), {"end": until(6)})
        assert answer.status_code == 429
        assert "the booking stays as it is" in answer.content.decode()

    def test_what_has_not_begun_or_is_over_leads_to_its_page(self, client, person, space):
        for hours in (3, -3):
            booking = BookingFactory(space=space, person=person, period=from_now(hours))
            assert client.get(page_of(booking)).url == page_of(booking, "detail")
            assert client.post(page_of(booking), {"end": until(5)}).status_code == 409

    def test_a_guest_who_is_proven_and_the_team_may_others_may_not(self, client, space):
        booking = confirmed_guest(space, from_now(-1, length=3))
        assert client.get(page_of(booking)).status_code == 404
        client.get(page_of(booking, "detail"), {"key": mails.manage_key(booking)})
        assert client.post(page_of(booking), {"end": until(2.5)}).status_code == 303
        for role, status in ((Role.DESK, 200), (Role.READER, 404)):
            client.force_login(TeamMemberFactory(hub=space.hub, role=role).person)
            assert client.get(page_of(booking)).status_code == status


def test_what_is_free_already_is_not_announced(running: Booking):
    now = running.ends_at
    running.priced_until = now + timedelta(hours=1)
    with translation.override("en"):
        assert wording.given_back_words("check_out", running, now) == "The space is free."
        earlier = wording.given_back_words("mark_absent", running, now - timedelta(minutes=1))
    assert earlier.startswith("The space is free from")


class TestDesk:
    @pytest.fixture
    def team(self, person: User, space: Space) -> User:
        return TeamMemberFactory(hub=space.hub, person=person, role=Role.DESK).person

    def test_a_departure_frees_the_rest_and_is_undone(self, client, team, running, space):
        Space.objects.update(buffer_after_minutes=0)
        client.post(desk(running, "check_in"))
        day = reverse("bookings:desk", args=[space.hub.slug])
        assert page_of(running) in client.get(day).content.decode()
        html = client.post(desk(running, "check_out"), follow=True).content.decode()
        assert "The space is free" in html
        assert desk(running, "undo_check_out") in html
        BookingFactory(space=space, period=from_now(1))
        html = client.post(desk(running, "undo_check_out"), follow=True).content.decode()
        assert "Departure undone" in html
        assert "only: what follows is booked" in html
        running.refresh_from_db()
        assert (running.checked_out_at, running.ends_at.isoformat()) == (None, until(1))
        assert client.post(desk(running, "undo_check_out")).status_code == 409


class TestInstead:
    def test_the_hour_after_ones_own_is_had_by_lengthening_what_is_under_way(self, client, running, space):
        for answer in (
            client.get(address(space), fields(from_now(2))),
            client.post(address(space), {**fields(from_now(2)), "purpose": ""}),
        ):
            (link,) = re.findall(rf'href="({page_of(running)}[^"]*)"', answer.content.decode())
            assert f'<option value="{until(3)}" selected>' in client.get(link).content.decode()

    def test_or_what_is_to_come_by_the_form_that_moves_it(self, client, person, space):
        SpaceFactory(hub=space.hub, name="Avre")  # before its own in the list
        booking = BookingFactory(space=space, person=person, period=from_now(48))
        html = client.post(address(space), {**fields(from_now(49)), "purpose": ""}).content.decode()
        (link,) = re.findall(rf'href="({page_of(booking, "move")}[^"]*)"', html)
        html = client.get(link.replace("&amp;", "&")).content.decode()
        assert "2 hours" in html
        assert f'<option value="{space.slug}" selected>' in html

    def test_the_form_that_moves_leads_there_for_a_longer_one_that_has_begun(self, client, person, running):
        TeamMemberFactory(hub=running.hub, person=person, role=Role.DESK)
        html = client.get(page_of(running, "move"), fields(from_now(-1, length=4))).content.decode()
        assert re.search(rf'href="{page_of(running)}\?end=', html)

    def test_not_where_it_cannot_be_and_not_somebody_elses(self, client, running, space):
        BookingFactory(space=space, period=from_now(3))
        assert page_of(running) not in client.get(address(space), fields(from_now(2))).content.decode()
        client.force_login(UserFactory())
        assert page_of(running) not in client.get(address(space), fields(from_now(2))).content.decode()
        client.logout()
        booking = confirmed_guest(space, from_now(10))
        assert page_of(booking, "move") not in client.get(address(space), fields(from_now(11))).content.decode()
        client.get(page_of(booking, "detail"), {"key": mails.manage_key(booking)})
        assert page_of(booking, "move") in client.get(address(space), fields(from_now(11))).content.decode()
