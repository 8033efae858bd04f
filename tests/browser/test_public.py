"""The public pages in a real browser: on a phone and a desk screen, with the keyboard, without JavaScript."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import faults_at, settled
from tests.factories.accounts import UserFactory
from tests.factories.hubs import ExceptionalHoursFactory, HubFactory, ZoneFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from tests.factories.territories import CommuneFactory
from tests.serving import Site
from totem.bookings import actions
from totem.bookings.actions import Booker
from totem.bookings.models import Booking, Status
from totem.core.periods import Period, at_wall_clock
from totem.hubs.models import Hub
from totem.spaces.models import Audience, Space, SpaceKind

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
WIDTHS = [1280, 390]


def next_monday() -> date:
    """A Monday that is over a week away."""
    today = datetime.now(UTC).date()
    return today + timedelta(days=14 - today.weekday())


@pytest.fixture
def place(server: Site) -> Hub:
    """A hub in Amiens with rooms, desks, a machine, a booking and a future closure; another hub in Rouen."""
    hub = HubFactory(
        name="L’Étage",
        slug="etage",
        closed_on_public_holidays=False,
        opening_hours=[(day, "09:00", "19:00") for day in range(1, 7)],
        step_free=True,
        languages=["fr", "en"],
        transport="À cinq minutes de la gare.",
    )
    ZoneFactory(hub=hub)
    somme = SpaceFactory(hub=hub, name="Somme", slug="somme", capacity=8, features=["screen"], area=32)
    PriceFactory(space=somme)
    SpaceFactory(hub=hub, name="Postes", slug="postes", pool=True)
    SpaceFactory(hub=hub, name="Laser", slug="laser", machine=True)
    SpaceFactory(
        hub=hub, name="Halle", slug="halle", kind=SpaceKind.EVENT_ROOM, capacity=120, audience=Audience.SIGNED_IN
    )
    HubFactory(name="La Seine", commune=CommuneFactory(rouen=True), latitude="49.443100", longitude="1.099300")
    monday = next_monday()
    book(somme, monday, 11, 13)
    start = at_wall_clock(monday + timedelta(days=21), datetime.min.time(), hub.zone)
    ExceptionalHoursFactory(hub=hub, reason="Inventaire", during=Period(start, start + timedelta(days=3)))
    return hub


def book(space: Space, day: date, start: int, end: int) -> None:
    now = datetime.now(UTC)
    period = Period(*(at_wall_clock(day, datetime.min.time().replace(hour=h), space.hub.zone) for h in (start, end)))
    actions.book(space=space, period=period, booker=Booker.oneself(UserFactory()), now=now)


@pytest.mark.parametrize("width", WIDTHS)
def test_from_the_hub_page_a_room_is_booked_in_three_clicks(window: NewPage, place: Hub, width: int) -> None:
    page = window(user=UserFactory(), width=width)
    page.goto("/")
    page.get_by_role("link", name="L’Étage").first.click()
    page.wait_for_url("**/lieux/etage/")
    page.locator("a.next-room").click()  # one: this slot
    page.wait_for_url("**/reserver/**")
    page.locator("#book button.btn-main").click()  # two: book it
    page.wait_for_url("**/reservations/**")
    booking = Booking.objects.latest("pk")
    assert (booking.space.slug, booking.status) == ("somme", Status.CONFIRMED)
    assert page.locator("h1").count() == 1


def test_every_public_page_is_accessible_and_fits_its_screen(window: NewPage, place: Hub) -> None:
    page = window()
    monday = next_monday()
    assert not faults_at(
        page,
        "/",
        "/lieux/etage/",
        "/trouver/?people=6&features=screen",
        "/trouver/?people=0&day=2020-01-01",
        "/trouver/?people=900",
        f"/lieux/etage/libre/?start={monday}T11:00&minutes=60",
        f"/lieux/etage/semaine/?date={monday}",
        f"/lieux/etage/jour/?date={monday}",
        f"/lieux/etage/espaces/somme/?date={monday}",
        "/lieux/etage/espaces/somme/?date=nonsense",
        "/a-propos/",
        "/accessibilite/",
        "/mentions-legales/",
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_finding_a_room_keeps_its_address_and_its_place(window: NewPage, place: Hub, width: int) -> None:
    page = window(width=width)
    page.goto("/")
    page.locator("#id_people").fill("6")
    page.locator("form.filters button").click()
    page.wait_for_url("**/trouver/?people=6**")
    expect(page.locator("#results .row-line")).to_have_count(2)  # the room, the hall
    page.locator("details.disclosure summary").click()
    page.locator("input[name=features][value=screen]").check()
    page.locator("#find-button").click()
    expect(page.locator("#results .row-line")).to_have_count(1)
    assert "features=screen" in page.url
    assert page.locator("#results").get_attribute("aria-live") == "polite"
    expect(page.locator("#results-title")).to_be_focused()
    expect(page.locator("#results-title")).to_be_in_viewport()
    swapped = page.locator("#results").inner_text()
    page.reload()
    assert page.locator("#results").inner_text() == swapped
    page.go_back()
    expect(page.locator("#results .row-line")).to_have_count(2)
    page.locator("#id_people").fill("0")
    page.locator("#find-form").evaluate("form => form.noValidate = true")
    page.locator("#find-button").click()
    expect(page.locator("#id_people_error")).to_be_visible()


def test_a_room_is_found_without_javascript(window: NewPage, place: Hub) -> None:
    page = window(width=390, javascript=False)
    page.goto("/trouver/")
    page.locator("#id_people").fill("6")
    page.locator("#id_day").fill(next_monday().isoformat())
    page.locator("#find-button").click()
    page.locator("#results .row-line", has_text="Somme").locator("a.btn-main").click()
    assert "/lieux/etage/espaces/somme/reserver/" in page.url
    page.goto(f"/lieux/etage/semaine/?date={next_monday()}")
    page.locator("#later").click()
    assert str(next_monday() + timedelta(days=7)) in page.url
    page.goto(f"/lieux/etage/espaces/somme/?date={next_monday()}")
    page.locator(".day-picker a").nth(3).click()
    assert str(next_monday() + timedelta(days=3)) in page.url
    expect(page.locator("table.space-week td:visible")).to_have_count(20)


def test_the_week_is_walked_with_the_arrow_keys(window: NewPage, place: Hub) -> None:
    page = window()
    page.goto(f"/lieux/etage/espaces/somme/?date={next_monday()}")
    settled(page)
    focused = "document.activeElement.textContent.trim()"
    page.locator("table.space-week td a").first.focus()
    page.keyboard.press("ArrowDown")
    assert "9" in page.evaluate(focused)
    assert "30" in page.evaluate(focused)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    page.keyboard.press("Tab")  # one tab stop for the whole table
    assert page.evaluate("document.activeElement.closest('table') === null")
    page.locator("table.space-week td a").first.focus()
    page.keyboard.press("PageDown")
    page.wait_for_url(f"**/?date={next_monday() + timedelta(days=7)}")
    expect(page.locator("#week table.space-week td a:focus")).to_have_count(1)  # the next arrow goes on from there
    page.keyboard.press("Enter")


def test_turning_the_week_keeps_the_focus_and_says_which_week_it_is(window: NewPage, place: Hub) -> None:
    page = window()
    page.goto(f"/lieux/etage/semaine/?date={next_monday()}")
    settled(page)
    before = page.locator("#week-name").inner_text()
    page.locator("#later").click()
    page.wait_for_url(f"**/?date={next_monday() + timedelta(days=7)}")
    expect(page.locator("#week-name")).not_to_have_text(before)
    assert page.evaluate("document.activeElement.id") == "later"
    turned = page.locator("main").inner_text()
    page.reload()
    settled(page)
    assert page.locator("main").inner_text() == turned


def test_the_map_shows_the_hubs_of_the_list(window: NewPage, place: Hub) -> None:
    page = window()
    page.goto("/")
    pins = page.locator(".map-pin")
    expect(pins).to_have_count(2)
    assert sorted(pins.all_inner_texts()) == ["La Seine", "L’Étage"]
