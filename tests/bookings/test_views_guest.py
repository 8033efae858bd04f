"""Guests book with a name, an address and a code, and only they and the team reach their booking."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import IntegrityError
from django.db.models import F
from django.test import Client
from django.urls import reverse

from tests.bookings.test_views_book import address, fields, hidden
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, confirmed_guest, from_now
from tests.factories.hubs import TeamMemberFactory
from tests.factories.spaces import SpaceFactory
from totem.bookings import mails
from totem.bookings.models import Booking, Status
from totem.core.codes import parse
from totem.core.models import Mail
from totem.hubs.models import Role
from totem.spaces.models import Space

pytestmark = pytest.mark.django_db

WHO = {"guest_name": "Camille Test", "guest_email": "camille@example.org"}


@pytest.fixture(autouse=True)
def empty_rate_limits(db) -> None:
    cache.clear()


@pytest.fixture
def space() -> Space:
    return SpaceFactory(all_night=True, name="Somme")


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "en"})


def code() -> str:
    found = re.search(r"\b\d{4}-\d{4}\b", Mail.objects.filter(to=WHO["guest_email"]).latest("pk").text)
    assert found
    return found[0]


def wrong_code() -> str:
    return f"{(int(parse(code())) + 1) % 10**8:08}"


def ask(client: Client, space: Space, **more: object) -> Booking:
    """Submit the form as a guest; returns the hold, which waits for its code."""
    answer = client.post(address(space), fields(from_now(48), **WHO, **more))
    booking = Booking.objects.latest("pk")
    assert (answer.status_code, answer.url) == (303, reverse("bookings:code", args=[booking.reference]))
    return booking


def page_of(booking: Booking, name: str = "detail") -> str:
    return reverse(f"bookings:{name}", args=[booking.reference])


class TestCode:
    def test_the_code_makes_the_hold_a_booking(self, client, space):
        booking = ask(client, space)
        assert (booking.status, booking.person, booking.made_by) == (Status.HELD, None, None)
        page = client.get(page_of(booking, "code")).content.decode()
        assert 'inputmode="numeric"' in page
        assert 'autocomplete="one-time-code"' in page
        assert re.search(r"Held for you until \d\d:\d\d: 15 minutes left", page)

        typed = code()
        answer = client.post(page_of(booking, "code"), {"code": f" {typed[:4]}\u2009–\u00a0{typed[5:]} "})

        assert (answer.status_code, answer.url) == (303, page_of(booking))
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        assert "Booked." in client.get(answer.url).content.decode()
        assert client.get(page_of(booking, "code")).url == page_of(booking)

    def test_a_wrong_code_is_said_at_its_field_and_the_fifth_ends_the_hold(self, client, space):
        booking = ask(client, space)
        for left in (4, 3, 2, 1):
            answer = client.post(page_of(booking, "code"), {"code": wrong_code()})
            assert answer.status_code == 422
            html = answer.content.decode()
            assert 'id="id_code_error"' in html
            assert f"{left} attempt" in html
        ended = client.post(page_of(booking, "code"), {"code": wrong_code()})
        assert ended.status_code == 409
        assert "Book again" in ended.content.decode()
        booking.refresh_from_db()
        assert booking.status == Status.CANCELLED
        assert client.post(page_of(booking, "code"), {"code": code()}).status_code == 409
        assert ask(client, space)

    @pytest.mark.parametrize("typed", ["", "abc", "١٢٣٤٥٦", "123456123456123456", "\x00"])
    def test_what_is_no_code_is_refused(self, client, space, typed):
        booking = ask(client, space)
        assert client.post(page_of(booking, "code"), {"code": typed}).status_code == 422

    def test_when_the_time_has_run_out_one_books_again(self, client, space):
        booking = ask(client, space)
        Booking.objects.update(hold_expires_at=F("hold_expires_at") - timedelta(minutes=16))

        answer = client.post(page_of(booking, "code"), {"code": code()})

        assert answer.status_code == 409
        html = answer.content.decode()
        assert "run out" in html
        again = re.search(r'href="([^"]+reserver/\?start[^"]+)"', html)
        assert again
        form = client.get(again[1].replace("&amp;", "&")).content.decode()
        assert hidden(form, "time") == fields(booking.period)["time"]
        assert ask(client, space).pk != booking.pk

    def test_another_code_is_sent_and_the_first_is_worth_nothing(self, client, space):
        booking = ask(client, space)
        first = code()

        answer = client.post(page_of(booking, "code"), {"action": "resend"}, follow=True)

        assert "A new code is on its way" in answer.content.decode()
        assert Mail.objects.filter(to=WHO["guest_email"]).count() == 2
        if first != code():
            assert client.post(page_of(booking, "code"), {"code": first}).status_code == 422
        assert client.post(page_of(booking, "code"), {"code": code()}).status_code == 303

    def test_codes_are_not_sent_again_and_again(self, client, space):
        booking = ask(client, space)
        client.post(page_of(booking, "code"), {"action": "resend"})
        assert client.post(page_of(booking, "code"), {"action": "resend"}).status_code == 429
        assert Mail.objects.filter(to=WHO["guest_email"]).count() == 2

    def test_another_browser_does_not_see_the_page_of_the_code(self, client, space):
        booking = ask(client, space)
        stranger = Client()
        assert stranger.get(page_of(booking, "code")).status_code == 404
        assert stranger.post(page_of(booking, "code"), {"code": code()}).status_code == 404
        booking.refresh_from_db()
        assert booking.status == Status.HELD

    def test_the_hold_is_not_yet_a_booking_one_may_see(self, client, space):
        booking = ask(client, space)
        for name in ("detail", "cancel", "move", "calendar"):
            assert client.get(page_of(booking, name)).status_code == 404


class TestAsking:
    def test_nobody_learns_who_has_an_account(self, client, space):
        UserFactory(email=WHO["guest_email"])
        known = client.post(address(space), fields(from_now(48), **WHO))
        unknown = client.post(
            address(space), fields(from_now(72), guest_name="Camille", guest_email="other@example.org")
        )
        assert known.status_code == unknown.status_code == 303
        for answer in (known, unknown):
            page = client.get(answer.url)
            assert page.status_code == 200
            assert "A mail was sent to" in page.content.decode()
        assert Mail.objects.count() == 2
        assert set(Booking.objects.values_list("status", "person")) == {(Status.HELD, None)}

    def test_a_visitors_booking_has_an_address_by_the_database_too(self, client, space):
        booking = ask(client, space)
        with pytest.raises(IntegrityError, match="booking_for_a_person_or_a_guest"):
            Booking.objects.filter(pk=booking.pk).update(guest_email="")

    def test_a_telephone_may_be_given_and_is_shown_to_the_team_only(self, client, space):
        booking = ask(client, space, guest_phone="+44 20 7946 0018")
        assert booking.guest_phone == "+442079460018"
        assert client.post(page_of(booking, "code"), {"code": code()}, follow=True).status_code == 200
        assert "tel:" not in client.get(page_of(booking)).content.decode()

    @pytest.mark.parametrize("missing", [{"guest_name": ""}, {"guest_email": ""}, {"guest_email": "camille"}])
    def test_a_name_and_an_address_are_needed(self, client, space, missing):
        answer = client.post(address(space), fields(from_now(48), **{**WHO, **missing}))
        assert answer.status_code == 422
        assert f'id="id_{next(iter(missing))}_error"' in answer.content.decode()
        assert not Booking.objects.exists()

    def test_a_guest_cannot_make_an_option_or_book_for_an_account(self, client, space):
        person = UserFactory()
        booking = ask(
            client, space, hold="10080", whom="person", who=person.email, person=person.pk, status="confirmed"
        )
        assert (booking.status, booking.person) == (Status.HELD, None)
        assert booking.hold_expires_at - booking.created_at < timedelta(minutes=16)

    def test_in_a_pool_too_the_form_sent_again_by_the_same_browser_is_one_booking(self, client):
        space = SpaceFactory(all_night=True, pool=True)
        sent = {**fields(from_now(48), quantity=1), "guest_name": "Camille"}
        answers = [client.post(address(space), {**sent, "guest_email": f"c{n}@example.org"}) for n in range(3)]
        assert [answer.status_code for answer in answers] == [303, 409, 409]
        assert Booking.objects.count() == 1

    def test_sending_the_form_again_leads_to_the_code(self, client, space):
        booking = ask(client, space)
        again = client.post(address(space), fields(from_now(48), **WHO))
        assert again.status_code == 409
        assert page_of(booking, "code") in again.content.decode()
        assert Booking.objects.count() == 1

    def test_the_hold_is_not_disclosed_to_another_browser(self, client, space):
        booking = ask(client, space)
        answer = Client().post(address(space), fields(from_now(48), **WHO))
        assert answer.status_code == 409
        assert booking.reference not in answer.content.decode()


class TestManaging:
    def test_the_address_in_the_mail_opens_the_booking_and_leaves_the_address_bar(self, client, space):
        booking = confirmed_guest(space, from_now(48))

        answer = client.get(mails.address_of(booking))

        assert answer.url == page_of(booking)
        assert client.get(answer.url).status_code == 200
        assert client.post(page_of(booking, "cancel")).status_code == 303
        booking.refresh_from_db()
        assert booking.status == Status.CANCELLED

    @pytest.mark.parametrize("key", ["", "x", "0" * 43])
    def test_a_wrong_key_opens_nothing(self, client, space, key):
        booking = confirmed_guest(space, from_now(48))
        assert client.get(page_of(booking), {"key": key}).status_code == 404
        assert client.get(page_of(booking)).status_code == 404

    def test_the_key_of_another_booking_opens_nothing(self, client, space):
        booking, other = confirmed_guest(space, from_now(48)), confirmed_guest(space, from_now(72))
        assert client.get(page_of(booking), {"key": mails.manage_key(other)}).status_code == 404

    def test_a_guest_moves_their_booking(self, client, space):
        booking = confirmed_guest(space, from_now(48))
        client.get(mails.address_of(booking))
        assert client.post(page_of(booking, "move"), fields(from_now(72))).status_code == 303
        booking.refresh_from_db()
        assert booking.period == from_now(72)

    def test_a_reference_is_shown_in_two_groups_and_read_as_it_is_typed(self, client, space):
        booking = confirmed_guest(space, from_now(48))
        shown = f"{booking.reference[:5]}-{booking.reference[5:]}"
        assert client.get(mails.address_of(booking)).status_code == 302
        for typed in (booking.reference, shown, shown.lower()):
            page = client.get(f"/reservations/{typed}/")
            assert shown in page.content.decode()

    def test_a_signed_in_stranger_finds_nothing_and_the_desk_does(self, client, space):
        booking = confirmed_guest(space, from_now(48))
        client.force_login(UserFactory())
        assert client.get(page_of(booking)).status_code == 404
        client.force_login(TeamMemberFactory(hub=space.hub, role=Role.DESK).person)
        assert client.get(page_of(booking)).status_code == 200

    def test_a_key_cannot_be_used_for_the_booking_of_an_account(self, client, space):
        booking = BookingFactory(space=space)
        assert client.get(page_of(booking), {"key": mails.manage_key(booking)}).status_code == 404
