"""Booking in a real browser: signed in, as a guest, without JavaScript, on a phone and on a desk screen."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import faults
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, from_now
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.organisations import AffiliationFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from tests.serving import Site
from totem.bookings.models import Booking, Status
from totem.core.models import Mail
from totem.hubs.models import Role
from totem.spaces.models import Audience, Space

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
WIDTHS = [1280, 390]


@pytest.fixture
def room(server: Site) -> Space:
    """A room for six that never closes, at twelve euros an hour; the hub has another for eight."""
    hub = HubFactory(name="L’Étage", slug="etage", always_open=True, transport="À cinq minutes de la gare.")
    room = SpaceFactory(hub=hub, name="Somme", slug="somme", area=32, cancel_notice_minutes=60)
    PriceFactory(space=room)
    PriceFactory(space=SpaceFactory(hub=hub, name="Selle", slug="selle", capacity=8))
    return room


def find(page: Page) -> None:
    """Search a day in two days, and open the form of the room."""
    page.goto(f"/trouver/?people=6&day={from_now(48).starts_at:%Y-%m-%d}")
    page.locator("#results .row-line", has_text="Somme").locator("a.btn-main").first.click()
    page.wait_for_url("**/reserver/**")


def form_for(room: Space, hours: float = 48, length: float = 1) -> str:
    start = from_now(hours).starts_at.isoformat().replace("+", "%2B")
    return f"/lieux/etage/espaces/{room.slug}/reserver/?start={start}&minutes={int(length * 60)}"


def choose_minutes(page: Page, minutes: int) -> None:
    page.locator("#id_minutes").select_option(str(minutes))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_room_is_found_booked_moved_and_cancelled(window: NewPage, room: Space, width: int) -> None:
    person = UserFactory()
    page = window(user=person, width=width)
    find(page)
    assert faults(page) == []
    expect(page.locator("#summary .is-total")).to_contain_text("12,00")
    choose_minutes(page, 120)
    expect(page.locator("#summary .is-total")).to_contain_text("24,00")
    page.locator("#id_purpose").fill("Atelier")
    page.locator("#book .btn-main").click()
    page.wait_for_url(re.compile(r"/reservations/\w+/$"))
    booking = Booking.objects.get()
    assert (booking.person, booking.price, booking.status) == (person, 24, Status.CONFIRMED)
    assert booking.period.length == timedelta(hours=2)
    assert faults(page) == []

    page.locator(f"a[href$='/{booking.reference}/deplacer/']").click()
    page.wait_for_url("**/deplacer/")
    assert faults(page) == []
    choose_minutes(page, 60)
    expect(page.locator("#summary .is-total")).to_contain_text("12,00")
    page.locator("main form .btn-main").click()
    page.wait_for_url(re.compile(r"/reservations/\w+/$"))
    booking.refresh_from_db()
    assert (booking.period.length, booking.price) == (timedelta(hours=1), 12)

    page.goto("/reservations/")
    assert faults(page) == []
    page.locator("a.row-title").click()
    page.locator(f"a[href$='/{booking.reference}/annuler/']").click()
    page.wait_for_url("**/annuler/")
    assert faults(page) == []
    page.locator("main .btn-danger").click()
    page.wait_for_url(re.compile(r"/reservations/\w+/$"))
    booking.refresh_from_db()
    assert booking.status == Status.CANCELLED


@pytest.mark.parametrize("width", WIDTHS)
def test_a_taken_slot_is_answered_with_free_ones_and_one_press_books(window: NewPage, room: Space, width: int) -> None:
    page = window(user=UserFactory(), width=width)
    page.goto(form_for(room))
    BookingFactory(space=room, period=from_now(48))
    page.locator("#book .btn-main").click()
    expect(page.locator("main [role=alert] button.slot")).not_to_have_count(0)
    assert faults(page) == []
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    page.locator("button.slot", has_text="Selle").click()
    page.wait_for_url(re.compile(r"/reservations/\w+/$"))
    assert Booking.objects.latest("pk").space.slug == "selle"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_guest_books_with_the_code_of_the_mail(window: NewPage, room: Space, width: int) -> None:
    page = window(width=width)
    page.goto(form_for(room))
    page.locator("#book .btn-main").click()
    expect(page.locator("#id_guest_email_error")).to_be_visible()
    assert faults(page) == []
    page.locator("#id_guest_name").fill("Camille Essai")
    page.locator("#id_guest_email").fill("camille@example.org")
    page.locator("#book .btn-main").click()
    page.wait_for_url("**/code/")
    assert faults(page) == []
    page.locator("#id_code").fill("12")
    page.locator("#id_code").press("Enter")
    expect(page.locator("#id_code_error")).to_be_visible()
    code = re.search(r"\b\d{4}-\d{4}\b", Mail.objects.get(to="camille@example.org").text)
    assert code
    page.locator("#id_code").fill(code[0])
    page.locator("#id_code").press("Enter")
    page.wait_for_url(re.compile(r"/reservations/\w+/$"))
    assert Booking.objects.get().status == Status.CONFIRMED
    page.locator("a[href$='/annuler/']").click()
    page.locator("main .btn-danger").click()
    page.wait_for_url(re.compile(r"/reservations/\w+/$"))
    assert Booking.objects.get().status == Status.CANCELLED


def test_without_javascript_one_finds_looks_at_the_price_books_and_cancels(window: NewPage, room: Space) -> None:
    page = window(user=UserFactory(), width=390, javascript=False)
    find(page)
    choose_minutes(page, 180)
    page.locator("noscript button, button[name=look][value=price]").first.click()
    expect(page.locator("#summary .is-total")).to_contain_text("36,00")
    assert not Booking.objects.exists()
    choose_minutes(page, 120)
    page.locator("#book .btn-main").click()
    expect(page.locator("#summary .is-total")).to_contain_text("24,00")  # the price is shown before
    assert not Booking.objects.exists()
    page.locator("#book .btn-main").click()
    booking = Booking.objects.get()
    assert booking.price == 24
    page.locator(f"a[href$='/{booking.reference}/annuler/']").click()
    page.locator("main .btn-danger").click()
    booking.refresh_from_db()
    assert booking.status == Status.CANCELLED


def test_going_back_and_sending_again_books_once(window: NewPage, room: Space) -> None:
    page = window(user=UserFactory())
    page.goto(form_for(room))
    page.locator("#book .btn-main").click()
    page.wait_for_url(re.compile(r"/reservations/\w+/$"))
    page.go_back()
    page.locator("#book .btn-main").click()
    expect(page.locator("main [role=alert]")).to_be_visible()
    assert Booking.objects.count() == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_the_team_books_for_somebody_found_by_name(window: NewPage, room: Space, width: int) -> None:
    page = window(user=TeamMemberFactory(hub=room.hub, role=Role.DESK).person, width=width)
    wanted = AffiliationFactory(person=UserFactory(name="Élodie Essai", email="elodie@example.org")).person
    page.goto(form_for(room))
    expect(page.locator("#id_guest_name")).to_be_hidden()
    page.locator("input[name=whom][value=guest]").check()
    expect(page.locator("#id_guest_name")).to_be_visible()
    page.locator("input[name=whom][value=person]").check()
    page.locator("#id_who").fill("elodie@example.org")
    page.locator("button[value=who]").click()
    expect(page.locator("input[name=person]")).to_have_count(1)
    assert faults(page) == []
    page.locator("input[name=person]").check()
    page.locator("#id_organisation").select_option(index=1)
    page.locator("#book .btn-main").click()
    page.wait_for_url(re.compile(r"/reservations/\w+/$"))
    booking = Booking.objects.get()
    assert booking.person == wanted
    assert booking.organisation is not None
    assert faults(page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_other_pages_are_accessible_and_fit_their_screen(window: NewPage, room: Space, width: int) -> None:
    reserved = SpaceFactory(hub=room.hub, name="Atelier", slug="atelier", audience=Audience.MEMBERS)
    person = UserFactory()
    for hours in (48, 72, -48):
        BookingFactory(space=room, person=person, period=from_now(hours))
    page, visitor = window(user=person, width=width), window(width=width)
    visitor.goto(f"/lieux/etage/espaces/{reserved.slug}/reserver/")
    assert faults(visitor) == []
    page.goto("/reservations/")
    assert faults(page) == []
    page.goto(f"/lieux/etage/espaces/somme/reserver/?start={from_now(48).starts_at:%Y-%m-%dT%H:%MZ}&minutes=60")
    expect(page.locator(".summary-problem")).to_be_visible()
    assert faults(page) == []
