"""The front desk in a real browser: arrivals without leaving the page, focus kept, and without JavaScript."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import faults
from tests.factories.accounts import UserFactory
from tests.factories.bookings import THIS_HALF_HOUR, BookingFactory, from_now
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.organisations import AffiliationFactory
from tests.factories.spaces import OutageFactory, SpaceFactory
from tests.serving import Site
from totem.bookings import actions
from totem.bookings.models import Booking, Status
from totem.hubs.models import Hub, Role

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
WIDTHS = [1280, 390]
DESK = "/lieux/etage/accueil/"


@pytest.fixture
def hub(server: Site) -> Hub:
    """A hub with a row in every list of the day."""
    hub = HubFactory(name="L’Étage", slug="etage", always_open=True)
    rooms = [SpaceFactory(hub=hub, name=name, slug=name.lower()) for name in ("Somme", "Selle", "Avre", "Noye")]
    asking = SpaceFactory(hub=hub, name="Halle", slug="halle", needs_approval=True)
    laser = SpaceFactory(hub=hub, name="Laser", slug="laser", machine=True, audience="signed_in")
    names = iter(("Awa Essai", "Bruno Essai", "Chloé Essai", "Denis Essai", "Eva Essai", "Farid Essai"))
    late, here, over = (
        BookingFactory(space=room, period=period, person=UserFactory(name=next(names)))
        for room, period in zip(rooms, (from_now(-0.5, 2), from_now(-1, 4), from_now(-3, 1)), strict=False)
    )
    affiliation = AffiliationFactory(person=late.person)
    Booking.objects.filter(pk=late.pk).update(organisation=affiliation.organisation, purpose="Atelier du jeudi")
    by = UserFactory()
    actions.check_in(booking=here, by=by, now=here.starts_at)
    actions.check_out(booking=actions.check_in(booking=over, by=by, now=over.starts_at), by=by, now=over.ends_at)
    BookingFactory(space=rooms[3], period=from_now(1), person=UserFactory(name=next(names)))
    BookingFactory(space=asking, person=UserFactory(name=next(names)))
    BookingFactory(space=rooms[3], person=UserFactory(name=next(names)), hold_for=timedelta(days=6), now=THIS_HALF_HOUR)
    OutageFactory(space=laser, during=(THIS_HALF_HOUR, None), reason="Lentille à remplacer")
    return hub


def worker(hub: Hub, role: str = Role.DESK):
    return TeamMemberFactory(hub=hub, role=role, person=UserFactory(name="Gaëlle Essai")).person


@pytest.mark.parametrize("width", WIDTHS)
def test_the_day_is_on_one_screen_and_arrivals_are_taken_in_place(window: NewPage, hub: Hub, width: int) -> None:
    page = window(user=worker(hub), width=width)
    page.set_viewport_size({"width": width, "height": 400})
    page.emulate_media(reduced_motion="reduce")  # focusing scrolls at once
    page.goto(DESK)
    assert faults(page) == []
    late = Booking.objects.get(purpose="Atelier du jeudi")
    page.locator(f"#check_in-{late.reference}").focus()
    before = page.evaluate("scrollY")
    page.keyboard.press("Enter")
    toast = page.locator("#messages .is-good")
    expect(toast).to_contain_text("Awa Essai")
    # A second Enter does nothing: the focus is on what says so, and the page has not moved.
    expect(toast).to_be_focused()
    assert page.evaluate("scrollY") == before > 0
    page.keyboard.press("Enter")
    late.refresh_from_db()
    assert late.checked_in_at is not None
    assert late.checked_out_at is None
    assert page.url.endswith(DESK)
    expect(page.locator("section[aria-labelledby=here] .row-line")).to_have_count(2)
    assert faults(page) == []
    # What happens elsewhere comes by itself, and takes neither the focus nor what is being typed.
    row = page.locator(f"#row-{late.reference} a.row-title")
    row.focus()
    page.locator("#id_date").evaluate("field => { field.value = '2030-01-02' }")
    Booking.objects.filter(pk=late.pk).update(purpose="Atelier du soir")
    page.locator("#day").dispatch_event("refresh")
    expect(page.locator(f"#row-{late.reference}")).to_contain_text("Atelier du soir")
    expect(row).to_be_focused()
    assert page.locator("#id_date").input_value() == "2030-01-02"
    toast.get_by_role("button", name="Annuler").click()
    expect(page.locator(f"section[aria-labelledby=late] #row-{late.reference}")).to_have_count(1)
    swapped = page.locator("#day .rows").all_inner_texts()
    page.reload()
    assert page.locator("#day .rows").all_inner_texts() == swapped


def test_two_people_at_the_desk_do_not_take_the_same_arrival_twice(window: NewPage, hub: Hub) -> None:
    first, second = window(user=worker(hub)), window(user=worker(hub))
    late = Booking.objects.get(purpose="Atelier du jeudi")
    for page in (first, second):
        page.goto(DESK)
    first.locator(f"#check_in-{late.reference}").click()
    expect(first.locator("#messages .is-good")).to_be_visible()
    second.locator(f"#check_in-{late.reference}").click()
    expect(second.locator("#messages .is-warn")).to_contain_text("Awa Essai")
    expect(second.locator(f"#here ~ ul #row-{late.reference}")).to_have_count(1)


@pytest.mark.parametrize("javascript", [True, False])
def test_requests_options_and_machines_have_their_one_next_action(window: NewPage, hub: Hub, javascript: bool) -> None:
    page = window(user=worker(hub, Role.MANAGER), javascript=javascript, width=390)
    page.goto(DESK)
    for key, word in (("pending", Status.PENDING), ("held", Status.HELD)):
        booking = Booking.objects.get(status=word)
        page.locator(f"#row-{booking.reference} .row-action .btn-main").click()
        expect(page.locator("#messages .is-good")).to_contain_text(booking.who)
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        expect(page.locator(f"section[aria-labelledby={key}] .row-line")).to_have_count(0)
    page.locator("section[aria-labelledby=broken] .row-line button").click()
    expect(page.locator("section[aria-labelledby=broken] .row-line")).to_have_count(0)


def test_the_other_actions_open_beside_the_row(window: NewPage, hub: Hub) -> None:
    page = window(user=worker(hub))
    page.goto(DESK)
    requested = Booking.objects.get(status=Status.PENDING)
    row = page.locator(f"#row-{requested.reference}")
    row.locator("details.more > summary").click()
    assert faults(page) == []
    row.get_by_role("link", name="Refuser").click()
    page.wait_for_url("**/refus/")


def test_somebody_who_walks_in_is_booked_for_now(window: NewPage, hub: Hub) -> None:
    page = window(user=worker(hub))
    page.goto(DESK)
    page.locator("#walk-in").select_option("noye")
    page.locator(".walk-in button").click()
    page.wait_for_url("**/reserver/**")
    page.locator("#id_minutes").select_option("30")
    page.locator("#id_guest_name").fill("Hugo Essai")
    page.locator("#id_guest_email").fill("hugo@example.org")
    page.locator("#book .btn-main").click()
    page.wait_for_url("**/reservations/**")
    assert Booking.objects.get(guest_name="Hugo Essai").status == Status.CONFIRMED


@pytest.mark.parametrize("width", WIDTHS)
def test_another_day_and_a_reader(window: NewPage, hub: Hub, width: int) -> None:
    page = window(user=worker(hub, Role.READER), width=width)
    page.goto(f"{DESK}?date={from_now(48).starts_at:%Y-%m-%d}")
    assert faults(page) == []
    assert page.locator("#day button").count() == 0
