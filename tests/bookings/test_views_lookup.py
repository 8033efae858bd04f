"""What the desk looks for: a person's code or card, the reference of a booking, a name."""

from datetime import timedelta

import pytest
from django.urls import reverse

from tests.bookings.test_views_desk import desk, sign_in, today
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, confirmed_guest, from_now
from tests.factories.hubs import MembershipFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from totem.accounts.actions import erase_person, export_personal_data
from totem.accounts.models import User
from totem.bookings import actions
from totem.bookings.models import Card
from totem.core import clock
from totem.core.wording import money
from totem.hubs.models import Role
from totem.spaces.models import Space

pytestmark = pytest.mark.django_db


@pytest.fixture
def space() -> Space:
    return SpaceFactory(all_night=True, name="Somme")


@pytest.fixture
def find(client, space):
    """Looks for something at the desk; returns the answer's HTML, without the lists of the day."""
    sign_in(client, space)

    def look(words: str) -> str:
        html = client.get(desk(space), {"q": words}, headers={"hx-request": "true"}).content.decode()
        return html[html.index('id="answer"') : html.index('<div id="day"')]

    return look


def test_a_code_or_a_card_says_who_until_when_what_is_due_and_what_next(find, space):
    PriceFactory(space=space)
    Space.objects.filter(pk=space.pk).update(free_of_charge=False)
    booking = BookingFactory(space=space, period=from_now(-0.5, length=2))
    person = User.objects.get(pk=booking.person.pk)
    MembershipFactory(hub=space.hub, person=person, starts_on=today(space), ends_on=today(space) + timedelta(days=90))
    actions.give_card(hub=space.hub, person=person, number="04:a2 3f", by=UserFactory())
    # A reader on a keyboard with capitals off, the card with its own marks, and the booking's own reference.
    for shown in (person.desk_code.lower(), "04A2-3F", booking.reference):
        html = find(shown)
        assert person.name in html
        assert "valid until" in html
        assert money(booking.price) in html
        assert f'action="{desk(space, "check_in", booking.reference)}"' in html


def test_it_says_why_not(find, space):
    assert "Nothing is booked today." in find(person_code := User.objects.get(pk=UserFactory().pk).desk_code)
    assert "none in this hub" in find(person_code)
    assert "/personnes/" not in find(person_code)  # whose page is not for this hub
    asking = SpaceFactory(hub=space.hub, needs_approval=True)
    awaiting = BookingFactory(space=asking, period=from_now(0.5), now=from_now(-24).starts_at)
    assert "Their request has no answer yet." in find(awaiting.reference)
    assert "Not today: Somme" in find(BookingFactory(space=space).reference)
    former = MembershipFactory(
        hub=space.hub, starts_on=today(space) - timedelta(days=9), ends_on=today(space) - timedelta(days=1)
    )
    assert "over since" in find(User.objects.get(pk=former.person.pk).desk_code)


def test_the_code_says_nothing_and_is_renewed_by_its_owner(client, find, space):
    person = User.objects.get(pk=BookingFactory(space=space, period=from_now()).person.pk)
    assert len(person.desk_code) == 32
    assert set(person.desk_code) <= set("BCDFGHJKLNPRSTVX")  # at one place on every keyboard
    mine = client.__class__()
    mine.force_login(person)
    for page in ("bookings:mine", "accounts:profile"):
        assert 'class="qr" role="img"' in mine.get(reverse(page)).content.decode()
    mine.post(reverse("accounts:renew_desk_code"))
    assert person.name not in find(person.desk_code)
    person.refresh_from_db()
    assert person.name in find(person.desk_code)


def test_a_card_is_of_one_person_of_one_hub_and_goes_with_them(client, find, space):
    one, other = (BookingFactory(space=space, period=from_now(hours)).person for hours in (48, 60))
    give = [reverse("bookings:card", args=[space.hub.slug, person.pk]) for person in (one, other)]
    client.post(give[0], {"number": "1234"})
    assert "somebody else’s" in client.post(give[1], {"number": "12-34"}, follow=True).content.decode()
    assert one.name in find("1234")
    abroad = BookingFactory()  # a card of another hub is no card here
    Card.objects.create(hub=abroad.hub, person=abroad.person, number="9999")
    assert abroad.person.name not in find("9999")
    assert (
        client.post(reverse("bookings:card", args=[space.hub.slug, abroad.person.pk]), {"number": "1"}).status_code
        == 404
    )
    assert export_personal_data(person=one)["cards"][0]["number"] == "1234"
    code = User.objects.get(pk=one.pk).desk_code
    erase_person(person=one, actor_id=one.pk, now=clock.now())
    assert not Card.objects.filter(hub=space.hub).exists()
    assert User.objects.get(pk=one.pk).desk_code != code


def test_a_name_finds_bookings_of_any_day_and_people(find, space):
    person = UserFactory(name="Đặng Văn Énora")
    coming, past = (BookingFactory(space=space, period=from_now(h), person=person) for h in (48, -48))
    guest = confirmed_guest(space, from_now(24))
    elsewhere = BookingFactory(person=person)
    html = find("enora dang")
    places = [html.find(reverse("bookings:detail", args=[b.reference])) for b in (coming, past)]
    assert -1 < places[0] < places[1]
    assert elsewhere.reference not in html
    assert reverse("bookings:person", args=[space.hub.slug, person.pk]) in html
    assert guest.reference in find("invitée")
    assert "No booking of this hub." in find("nobody")


def test_what_is_done_in_the_answer_keeps_it_and_readers_do_nothing(client, space):
    by = sign_in(client, space)
    booking = BookingFactory(space=space, period=from_now(-0.5, length=2))
    url, asked = desk(space, "check_in", booking.reference), {"q": booking.reference}
    done = client.post(url, asked, headers={"hx-request": "true"}).content.decode()
    assert "Here since" in done[: done.index('<div id="day"')]
    actions.undo_check_in(booking=booking, by=by)
    assert client.post(url, asked).url == f"{desk(space)}?q={booking.reference}#row-{booking.reference}"
    sign_in(client, space, Role.READER)
    assert "<form" not in client.get(desk(space), asked).content.decode().split('id="answer"')[1].split('id="day"')[0]


@pytest.mark.parametrize("count", [1, 3])
def test_the_queries_of_a_search_do_not_grow(client, space, count, django_assert_num_queries):
    sign_in(client, space)
    person = UserFactory(name="Awa Essai")
    for n in range(count):
        BookingFactory(space=space, period=from_now(24 + n * 2), person=person)
    with django_assert_num_queries(15):
        assert client.get(desk(space), {"q": "essai"}).status_code == 200
