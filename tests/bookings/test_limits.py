"""What one person or one address may have booked: counted on success, set by the hub, lifted at its desk."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.bookings.test_views_book import address, fields
from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, from_now
from tests.factories.hubs import HubFactory, MembershipFactory, TeamMemberFactory
from tests.factories.spaces import SpaceFactory
from totem.accounts.models import User
from totem.bookings import actions
from totem.bookings.actions import Booker, Guest
from totem.bookings.models import Booking, Status
from totem.core import clock, limits
from totem.core.limits import EVENTS, LimitReached, Taker
from totem.core.models import JournalEntry, LimitRefusal
from totem.hubs.models import Hub, Role
from totem.spaces.models import Space

WIFI = "198.51.100.7"
HOUR = timedelta(hours=1)


@pytest.fixture
def hub(db) -> Hub:
    cache.clear()
    return HubFactory(always_open=True, phone="02 99 00 00 00", email="contact@example.org")


@pytest.fixture
def space(hub: Hub) -> Space:
    return SpaceFactory(hub=hub, max_minutes=1440)


@pytest.fixture
def desk(hub: Hub) -> Client:
    return signed_in(TeamMemberFactory(hub=hub, role=Role.DESK).person)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def allow(hub: Hub, **amounts: int | None) -> None:
    """Set the hub's limits: `hours_person=8`."""
    values = {(f"bookings.{name.split('_')[0]}", name.split("_")[1]): n for name, n in amounts.items()}
    limits.set_amounts(scope=hub, values=values, by=UserFactory())


def book(space: Space, day: int, who: Booker | User, *, hours: float = 8, **more: object) -> Booking:
    booker = who if isinstance(who, Booker) else Booker.oneself(who)
    return actions.book(space=space, period=from_now(24 * day, hours), booker=booker, now=clock.now(), **more)  # type: ignore[arg-type]


def visitor(number: int, client: str = "0f") -> Booker:
    return Booker(by=None, guest=Guest("Ada", f"ada{number}@example.org", client))


def ask(client: Client, space: Space, day: int, email: str, wifi: str = WIFI) -> int:
    """Submit a visitor's form from that address; returns the status of the answer."""
    form = fields(from_now(24 * day), guest_name="Ada", guest_email=email)
    return client.post(address(space), form, REMOTE_ADDR=wifi).status_code


def test_one_account_cannot_take_all_desks_of_two_weeks(hub: Hub) -> None:
    desks = SpaceFactory(pool=True, hub=hub, quantity=40, max_minutes=1440)
    person = UserFactory()
    for day in range(1, 15):
        with pytest.raises(LimitReached):
            book(desks, day, person, quantity=40, hours=10)
    book(desks, 1, person, quantity=10)
    with pytest.raises(LimitReached):
        book(desks, 2, person, hours=0.5)
    assert Booking.objects.count() == 1
    actions.cancel(booking=Booking.objects.get(), by=person, now=clock.now(), by_team=False)
    book(desks, 2, person)


def test_one_address_cannot_hold_every_room_and_refused_attempts_take_nothing(space: Space) -> None:
    allow(space.hub, holds_address=2)
    browser = Client()
    for day in (1, 2):
        assert ask(browser, space, day, f"ada{day}@example.org") == 303
    for number in range(3):
        assert ask(Client(), space, 3, f"other{number}@example.org") == 429
    form = fields(from_now(72), guest_name="Ada", guest_email="ada@example.org")
    page = Client().post(address(space), form, REMOTE_ADDR=WIFI).content.decode()
    assert re.search("votre connexion internet, que d’autres partagent peut-être, a 2.réservations et", page)
    assert "Une partie se libère" in page
    assert "Avec un compte, vous avez votre propre limite" in page
    assert ask(Client(), space, 3, "bob@example.org", "203.0.113.5") == 303
    Booking.objects.filter(guest_email="ada1@example.org").update(hold_expires_at=clock.now())
    assert ask(Client(), space, 4, "bob@example.org") == 303


def test_refused_attempts_use_up_nothing_of_an_address_or_a_mailbox(space: Space) -> None:
    BookingFactory(space=space, period=from_now(24))
    for _ in range(7):
        assert ask(Client(), space, 1, "ada@example.org") == 409
    assert ask(Client(), space, 2, "ada@example.org") == 303


def test_a_mailbox_receives_six_codes_an_hour_from_whatever_address(space: Space) -> None:
    for day in range(1, 7):
        assert ask(Client(), space, day, "ada@example.org", f"203.0.113.{day}") == 303
    assert ask(Client(), space, 7, "ADA@example.org", "203.0.113.7") == 429
    assert Booking.objects.count() == 6
    assert ask(Client(), space, 7, "bob@example.org", "203.0.113.7") == 303


@pytest.mark.parametrize("which", ["hours", "holds"])
def test_concurrent_requests_cannot_exceed(committed_db, which: str) -> None:
    """Eight at once in eight rooms, where one more is allowed."""
    hub, person = HubFactory(always_open=True), UserFactory()
    rooms = [SpaceFactory(hub=hub) for _ in range(8)]
    allow(hub, hours_person=3, holds_address=1)
    attempts = [
        lambda room=room, n=n: book(room, 1, person if which == "hours" else visitor(n), hours=2)
        for n, room in enumerate(rooms)
    ]
    assert outcomes_at_once(*attempts) == {"done": 1, "LimitReached": 7}
    assert LimitRefusal.objects.count() == 1


def test_a_longer_booking_counts_and_a_shorter_one_is_never_refused(space: Space) -> None:
    allow(space.hub, hours_person=8)
    person = UserFactory()
    booking = book(space, 2, person, hours=6)

    def move(hours: float, *, by_team: bool = False) -> Booking:
        return actions.move(
            booking=booking, space=space, period=from_now(72, hours), by=person, now=clock.now(), by_team=by_team
        )

    move(8)
    with pytest.raises(LimitReached):
        move(8.5)
    allow(space.hub, hours_person=2)
    move(7)
    with pytest.raises(LimitReached):
        move(7.5)
    move(10, by_team=True)


def test_what_the_team_books_is_exempt_until_its_person_makes_it_longer(space: Space) -> None:
    allow(space.hub, hours_person=8)
    team, person = TeamMemberFactory(hub=space.hub, role=Role.DESK).person, UserFactory()
    booking = book(space, 1, Booker(by=team, person=person), hours=12)
    book(space, 2, Booker(by=team, guest=Guest("Ada", "ada@example.org")), hours=20)
    book(space, 3, person)
    assert book(space, 4, person, exemption=EVENTS).exemption == "events"
    assert booking.exemption == "team"
    with pytest.raises(LimitReached):
        actions.move(booking=booking, space=space, period=from_now(24, 12.5), by=person, now=clock.now(), by_team=False)


def test_requests_that_wait_count_and_approving_or_refusing_frees(space: Space) -> None:
    Space.objects.update(needs_approval=True)
    allow(space.hub, holds_person=1)
    person, by, now = UserFactory(), UserFactory(), clock.now()
    first = book(space, 1, person)
    with pytest.raises(LimitReached):
        book(space, 2, person)
    actions.approve(booking=first, by=by, now=now)
    second = book(space, 2, person)
    actions.refuse(booking=second, by=by, now=now, reason="needed")
    assert book(space, 3, person).status == Status.PENDING


def test_members_have_more_and_another_hub_counts_apart(space: Space) -> None:
    allow(space.hub, hours_person=8, hours_member=16)
    member = MembershipFactory(hub=space.hub).person
    book(space, 1, member)
    book(space, 2, member)
    with pytest.raises(LimitReached):
        book(space, 3, member)
    book(SpaceFactory(all_night=True), 1, member)


def test_the_refusal_says_what_is_held_what_the_limit_is_and_who_lifts_it(space: Space) -> None:
    allow(space.hub, hours_person=2)
    client = signed_in(UserFactory())
    assert client.post(address(space), fields(from_now(24, 1.5))).status_code == 303
    answer = client.post(address(space), fields(from_now(48)))
    assert answer.status_code == 429
    page = answer.content.decode()
    assert "vous avez 1,5\xa0h et cela ajouterait 1\xa0h\u202f; la limite est de 2\xa0h" in page
    assert 'href="tel:+33299000000"' in page
    assert 'href="mailto:contact@example.org"' in page
    booking = Booking.objects.get()
    moving = reverse("bookings:move", args=[booking.reference])
    answer = client.post(moving, {**fields(from_now(48, 3)), "space": space.slug})
    assert answer.status_code == 429
    assert "la réservation reste comme elle est" in answer.content.decode()


def test_a_form_sent_twice_to_a_pool_shows_the_booking_rather_than_the_limit(hub: Hub) -> None:
    desks = SpaceFactory(pool=True, hub=hub, quantity=4)
    allow(hub, hours_person=1)
    client = signed_in(UserFactory())
    assert client.post(address(desks), fields(from_now(24), quantity=1)).status_code == 303
    again = client.post(address(desks), fields(from_now(24), quantity=1))
    assert again.status_code == 409
    assert "Vous avez déjà fait cette réservation" in again.content.decode()


def test_the_desk_sees_who_was_refused_and_lifts_the_limits_until_a_day(space: Space, desk: Client) -> None:
    allow(space.hub, hours_person=8, holds_address=0)
    person = UserFactory(name="Ada Lovelace")
    booking = book(space, 1, person)
    with pytest.raises(LimitReached):
        book(space, 2, person)
    assert ask(Client(), space, 2, "bob@example.org") == 429

    assert "2 limites atteintes" in desk.get(reverse("bookings:desk", args=[space.hub.slug])).content.decode()
    of_booking = desk.get(reverse("bookings:detail", args=[booking.reference])).content.decode()
    assert "8\xa0h (8\xa0h au plus)" in of_booking
    url = reverse("bookings:limits", args=[space.hub.slug])
    page = desk.get(url, REMOTE_ADDR=WIFI).content.decode()
    assert "Ada Lovelace" in page
    assert "Cette connexion internet" in page
    until = clock.today(space.hub.zone) + timedelta(days=7)

    lifted = desk.post(url, {"taker": f"person:{person.pk}", "until": until.isoformat()}, follow=True)
    assert "Les limites sont levées" in lifted.content.decode()
    book(space, 2, person)
    assert desk.post(url, {"until": until.isoformat()}, REMOTE_ADDR=WIFI).status_code == 303
    assert ask(Client(), space, 3, "bob@example.org") == 303

    lines = JournalEntry.objects.filter(verb="limits.lifted").order_by("pk").values_list("scope", "facts")
    (scope, of_person), (_scope, of_wifi) = lines
    assert (scope, of_person["person"]) == (f"hub:{space.hub.pk}", person.pk)
    assert of_wifi["taker"] == "address"
    assert "person" not in of_wifi

    desk.post(reverse("bookings:end_lift", args=[space.hub.slug]), {"taker": f"person:{person.pk}"})
    with pytest.raises(LimitReached):
        book(space, 4, person)


def test_who_may_only_look_lifts_nothing_and_no_other_account_is_shown(space: Space, desk: Client) -> None:
    url = reverse("bookings:limits", args=[space.hub.slug])
    reader = signed_in(TeamMemberFactory(hub=space.hub, role=Role.READER).person)
    until = clock.today().isoformat()
    assert reader.get(url).status_code == 200
    assert reader.post(url, {"until": until}).status_code == 403
    stranger = UserFactory(name="Nobody Here")
    for taker in (f"person:{stranger.pk}", "person:x", "mailbox:a@example.org", "address:zz"):
        assert desk.get(url, {"taker": taker}).status_code == 404
        assert desk.post(url, {"taker": taker, "until": until}).status_code == 404
    for wrong in ("", "2020-01-01", "2199-01-01", "9999-12-31", "x"):
        assert desk.post(url, {"until": wrong}).status_code == 422
    assert not JournalEntry.objects.filter(verb="limits.lifted").exists()


def test_the_hub_sets_its_limits(space: Space) -> None:
    manager = signed_in(TeamMemberFactory(hub=space.hub, role=Role.MANAGER).person)
    url = reverse("hubs:limits", args=[space.hub.slug])
    page = manager.get(url).content.decode()
    assert 'name="bookings_hours-person" value="80"' in page
    form = {
        f"bookings_{limit}-{group}": "1" for limit in ("holds", "hours") for group in ("person", "member", "address")
    }
    assert manager.post(url, {**form, "bookings_hours-person": "-1"}).status_code == 422
    assert manager.post(url, {**form, "bookings_hours-person": ""}).status_code == 302
    person = UserFactory()
    for day in range(1, 12):
        book(space, day, person, hours=10)
    with pytest.raises(LimitReached):
        book(space, 12, MembershipFactory(hub=space.hub).person, hours=10)


def test_the_address_of_a_guest_is_erased_once_it_counts_no_longer(space: Space) -> None:
    assert ask(Client(), space, 1, "ada@example.org") == 303
    booking = Booking.objects.get()
    assert booking.client
    assert WIFI not in booking.client
    assert Taker.address(booking.client).key == booking.client
    now = clock.now()
    assert actions.erase_clients(now=now) == 0
    assert actions.erase_clients(now=now + HOUR) == 1
    booking.refresh_from_db()
    assert booking.client == ""
