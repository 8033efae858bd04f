"""The manager's pages in a real browser: weekly hours, a closure that affects bookings; with and without JavaScript."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
import shapely
from playwright.sync_api import Page, expect

from tests.browsing import accessibility_faults, faults_at, scrolls_sideways
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory
from tests.factories.hubs import HubFactory, MembershipFactory, TeamMemberFactory, ZoneFactory
from tests.factories.spaces import OutageFactory, PriceFactory, SpaceFactory
from tests.serving import Site
from totem.accounts.models import User
from totem.bookings import actions
from totem.bookings.actions import Booker
from totem.core.periods import Period, at_wall_clock
from totem.hubs.models import ExceptionalHours, Hub, OpeningHours
from totem.territories.models import Outline

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]

SCREENS = [
    "",
    "reglages/",
    "visible/",
    "horaires/",
    "fermetures/",
    "zones/",
    "equipe/",
    "membres/",
    "membres/ajouter/",
    "photos/",
    "pannes/",
    "espaces/",
    "nouvel-espace/",
    "espaces/postes/",
    "espaces/postes/quantite/",
    "espaces/somme/composition/",
    "espaces/somme/horaires/",
    "espaces/somme/photos/",
    "espaces/somme/prix/",
    "espaces/somme/service/",
    "../chiffres/?since=2026-01-05&until=2026-01-11",
    "../chiffres/annee/",
]


@pytest.fixture
def manager(server: Site) -> User:
    """The manager of a hub in Amiens with a room, desks and a broken machine."""
    hub = HubFactory(name="L’Étage", slug="etage", accent="#6B3A6E", closed_on_public_holidays=False)
    OpeningHours.objects.filter(hub=hub).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(hub=hub, weekday=day, opens_at=time(9), closes_at=time(19)) for day in range(1, 7)
    )
    ZoneFactory(hub=hub)
    ZoneFactory(hub=hub, name="Toit", opens_on=date(2090, 1, 1))
    PriceFactory(space=SpaceFactory(hub=hub, name="Somme", slug="somme", capacity=8))
    SpaceFactory(hub=hub, name="Postes", slug="postes", pool=True)
    OutageFactory(space=SpaceFactory(hub=hub, name="Laser", machine=True), during=(datetime.now(UTC), None))
    MembershipFactory(hub=hub)
    monday = at_wall_clock(date(2026, 1, 5), time(10), hub.zone)
    BookingFactory(space=hub.spaces.get(slug="somme"), period=Period(monday, monday + timedelta(hours=2)))
    return TeamMemberFactory(hub=hub).person


def booked(hub: Hub) -> date:
    """A day, over a week away, on which somebody has booked the room at ten."""
    today = datetime.now(hub.zone).date()
    day = today + timedelta(days=15 - today.isoweekday())
    start = at_wall_clock(day, time(10), hub.zone)
    actions.book(
        space=hub.spaces.get(slug="somme"),
        period=Period(start, start + timedelta(hours=2)),
        booker=Booker.oneself(UserFactory(name="Camille Exemple")),
        now=datetime.now(UTC),
    )
    return day


def test_every_screen_can_be_read_by_everybody(window: NewPage, manager: User):
    page = window(user=manager)
    assert not faults_at(page, *(f"/lieux/etage/gestion/{screen}" for screen in SCREENS))


def test_a_point_pressed_on_the_map_is_the_position_of_the_hub(window: NewPage, manager: User):
    ring = shapely.box(2.2, 49.8, 2.4, 50)
    box = {"west": 2.2, "east": 2.4, "south": 49.8, "north": 50}
    Outline.objects.create(level="commune", code="80021", shape=shapely.to_wkb(ring), area_km2=50, **box)
    page = window(user=manager)
    page.goto("/lieux/etage/gestion/reglages/")
    shown = page.locator(".position .map")
    expect(shown).to_be_visible()
    shown.locator("canvas").click(position={"x": 60, "y": 80})
    expect(page.locator("[name=latitude]")).not_to_have_value("49,890600")
    page.locator("form.form .btn-main").click()
    expect(page.locator(".notice.is-good")).to_be_visible()
    hub = Hub.objects.get(slug="etage")
    assert hub.latitude > Decimal("49.8906")
    assert hub.longitude < Decimal("2.3082")


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (390, True), (390, False)])
def test_a_manager_sets_the_week_and_closes_a_day_with_its_bookings_in_sight(
    window: NewPage, manager: User, width: int, javascript: bool
):
    hub = Hub.objects.get(slug="etage")
    day = booked(hub)
    page = window(user=manager, width=width, javascript=javascript)

    page.goto("/lieux/etage/gestion/")
    page.locator(".tabs.is-of-entry").get_by_role("link", name="Horaires").click()
    page.locator("[name=d1_0_opens]").fill("08:00")
    page.locator("[name=d1_1_opens]").fill("18:00")
    page.locator("form.form .btn-main").click()
    expect(page.locator("#id_d1_1_closes_error")).to_be_visible()
    page.locator("[name=d1_1_opens]").fill("")
    page.locator("[name=copy]").click()
    expect(page.locator("[name=d5_0_opens]")).to_have_value("08:00")
    page.locator("form.form .btn-main").click()
    expect(page.locator(".notice.is-good")).to_be_visible()
    assert hub.opening_hours.filter(opens_at=time(8)).count() == 5

    page.goto("/lieux/etage/gestion/fermetures/")
    page.locator("[name=first_day]").fill(day.isoformat())
    page.locator("[name=reason]").fill("Travaux")
    page.locator("#add ~ form .btn-main").click()
    expect(page.get_by_text("Camille Exemple")).to_be_visible()
    assert not ExceptionalHours.objects.exists()
    if javascript:
        assert accessibility_faults(page) == []
    assert not scrolls_sideways(page)
    page.locator("#add ~ form .btn-main").click()
    expect(page.locator(".rows").get_by_text("Travaux", exact=True)).to_be_visible()
    expect(page.get_by_text("Camille Exemple")).to_be_visible()
    assert ExceptionalHours.objects.get().reason == "Travaux"
