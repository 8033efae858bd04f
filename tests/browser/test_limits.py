"""Limits in a real browser: the refusal, the desk's page and the hub's settings, on wide and narrow screens."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import faults, faults_at
from tests.factories.accounts import UserFactory
from tests.factories.bookings import from_now
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.spaces import SpaceFactory
from tests.serving import Site
from totem.bookings import actions
from totem.bookings.actions import Booker
from totem.core import clock, limits
from totem.core.limits import LimitReached
from totem.hubs.models import Hub, Role
from totem.spaces.models import Space

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
DESK = "/lieux/etage/accueil/"


@pytest.fixture
def space(server: Site) -> Space:
    hub = HubFactory(name="L’Étage", slug="etage", always_open=True, phone="02 99 00 00 00", email="etage@example.org")
    limits.set_amounts(scope=hub, values={("bookings.hours", "person"): 8}, by=UserFactory())
    return SpaceFactory(hub=hub, name="Somme", slug="somme", max_minutes=600)


def worker(hub: Hub, role: Role):
    return TeamMemberFactory(hub=hub, role=role, person=UserFactory(name="Gaëlle Essai")).person


@pytest.mark.parametrize("width", [1280, 390])
def test_a_refusal_says_who_lifts_it_and_the_desk_does(window: NewPage, space: Space, width: int) -> None:
    person = UserFactory(name="Ada Essai")
    booker, now = Booker.oneself(person), clock.now()
    booking = actions.book(space=space, period=from_now(24, 7.5), booker=booker, now=now)
    with pytest.raises(LimitReached):
        actions.book(space=space, period=from_now(48, 1), booker=booker, now=now)

    page = window(user=person, width=width)
    page.goto("/lieux/etage/espaces/somme/reserver/?minutes=60")
    page.get_by_role("button", name="Réserver").click()
    expect(page.get_by_role("alert")).to_contain_text("L’équipe de L’Étage peut lever cette limite pour vous.")
    assert faults(page) == []

    desk = window(user=worker(space.hub, Role.DESK), width=width)
    desk.goto(DESK)
    desk.get_by_role("link", name="1 limite atteinte depuis hier").click()
    assert faults(desk) == []
    desk.get_by_role("link", name="Voir Ada Essai").click()
    assert faults(desk) == []
    desk.get_by_role("button", name="Lever les limites").click()
    expect(desk.get_by_role("button", name="Rétablir Ada Essai")).to_be_visible()
    assert faults(desk) == []
    assert faults_at(desk, f"/reservations/{booking.reference}/") == {}

    page.get_by_role("button", name="Réserver").click()
    expect(page.get_by_text("Réservé.")).to_be_visible()


def test_the_settings_of_a_hub(window: NewPage, space: Space) -> None:
    page = window(user=worker(space.hub, Role.MANAGER))
    assert faults_at(page, "/lieux/etage/gestion/limites/") == {}


def test_the_limits_of_the_installation(window: NewPage, space: Space) -> None:
    staff = UserFactory(name="Gaëlle Essai", is_staff=True)
    page = window(user=staff)
    assert faults_at(page, f"/installation/comptes/limites/?taker=person:{staff.pk}") == {}
