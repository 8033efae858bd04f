"""The navigation bars in a real browser: on one line, at the bottom of a phone, by keyboard, without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import accessibility_faults, scrolls_sideways
from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.territories import WorkspaceFactory, WorkspaceMemberFactory
from tests.serving import Site
from totem.accounts.models import User

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
SETTINGS = "/lieux/etage/gestion/"
ACTORS = "/territoires/espaces/nous/acteurs/"

# The longest bars that are planned; CROWD puts them in the place of the present entries.
SITE = ["Lieux", "Agenda", "Projets", "Observatoire", "Labels"]
TERRITORY = ["Où en est-on ?", "Chiffres", "Acteurs", "Bâtiments", "Instances", "Projets", "Candidature"]
CROWD = """([site, work]) => {
  const fill = (list, labels) => {
    const one = list.querySelector("li");
    list.replaceChildren(...labels.map((label) => {
      const item = one.cloneNode(true);
      item.querySelector("a").textContent = label;
      return item;
    }));
  };
  fill(document.querySelector(".bar-site ul"), site);
  const bar = document.querySelector(".bar-work-line");
  fill(bar.querySelector("ul"), work);
  const more = document.querySelector(".bar-own .drop").cloneNode(true);
  more.querySelector("summary").firstChild.textContent = "Plus";
  bar.append(more);
}"""
LINES = """() => [...document.querySelectorAll(".site-head-line, .bar-work-line")].map((line) => {
  const shown = [...line.querySelectorAll("li > a, summary, .bar-place")].filter((one) => one.checkVisibility());
  return [...new Set(shown.map((one) => Math.round(one.getBoundingClientRect().top)))].length;
})"""


@pytest.fixture
def person(server: Site) -> User:
    """Somebody with a long name who manages a hub and is the officer of a territory with a long one."""
    person = UserFactory(name="Marie-Hélène de La Tour-d’Auvergne")
    TeamMemberFactory(person=person, hub=HubFactory(name="L’Étage", slug="etage"))
    named = "Communauté d’agglomération du Beauvaisis et du pays de Bray"
    WorkspaceMemberFactory(person=person, workspace=WorkspaceFactory(name=named, slug="nous"))
    return person


@pytest.mark.parametrize("width", [1280, 1024, 768])
def test_no_bar_wraps_with_all_that_is_planned(window: NewPage, person: User, width: int):
    page = window(user=person, width=width)
    page.goto(ACTORS)
    assert page.evaluate(LINES) == [1, 1]
    page.evaluate(CROWD, [SITE, TERRITORY])
    assert page.evaluate(LINES) == [1, 1]
    assert not scrolls_sideways(page)
    if width == 1280:  # only the name of the workplace may be cut
        assert page.evaluate(
            "() => (bar => bar.scrollWidth <= bar.clientWidth)(document.querySelector('.bar-work ul'))"
        )
    more = page.locator(".bar-work .drop")
    more.locator("summary").click()
    expect(more.locator("a").first).to_be_in_viewport()


@pytest.mark.parametrize("width", [390, 320])
def test_a_telephone_has_four_entries_at_the_thumb_and_a_menu(window: NewPage, person: User, width: int):
    page = window(user=person, width=width)
    page.goto(SETTINGS)
    for wide in (".bar-site", ".bar-work", ".bar-own", ".bar-account"):
        expect(page.locator(wide)).to_be_hidden()
    thumb = page.locator(".bar-thumb > ul > li > a")
    expect(thumb).to_have_text(["Aujourd’hui", "Réservations", "Personnes", "Facturation"])
    for link in thumb.all():
        box = link.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 844
        assert box["height"] >= 44
    assert accessibility_faults(page) == []
    assert not scrolls_sideways(page)
    page.locator(".bar-thumb summary").tap()
    expect(page.get_by_role("link", name="Hors service")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Se déconnecter")).to_be_in_viewport()
    assert accessibility_faults(page) == []
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Communauté").click()
    page.wait_for_url("**/territoires/espaces/nous/labels/")
    expect(page.locator(".head-place")).to_contain_text("Communauté")


def test_on_a_telephone_the_bar_hides_nothing_that_has_the_focus(window: NewPage, person: User):
    page = window(user=person, width=390)
    page.goto("/lieux/etage/gestion/reglages/")
    bar = page.locator(".bar-thumb").bounding_box()
    assert bar is not None
    page.locator(".bar-thumb summary").focus()
    for _each in range(40):
        page.keyboard.press("Tab")
        bottom = page.evaluate("() => document.activeElement.getBoundingClientRect().bottom")
        assert bottom <= bar["y"] or page.evaluate("() => !!document.activeElement.closest('.bar-thumb')")
    page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
    foot = page.locator(".site-foot").bounding_box()
    assert foot is not None
    assert foot["y"] + foot["height"] <= bar["y"] + 2


@pytest.mark.parametrize("javascript", [True, False])
def test_ones_workplaces_with_the_keyboard(window: NewPage, person: User, javascript: bool):
    page = window(user=person, javascript=javascript)
    page.goto(SETTINGS)
    opener = page.locator(".bar-own summary")
    opener.focus()
    page.keyboard.press("Enter")
    elsewhere = page.locator(".bar-own").get_by_role("link", name="Communauté")
    expect(elsewhere).to_be_visible()
    if javascript:
        assert accessibility_faults(page) == []
        page.keyboard.press("Escape")
        expect(elsewhere).to_be_hidden()
        expect(opener).to_be_focused()
        page.keyboard.press("Enter")
    for _each in range(3):  # the person, the hub, the territory
        page.keyboard.press("Tab")
    expect(elsewhere).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/territoires/espaces/nous/labels/")
    expect(page.locator(".bar-work [aria-current]")).to_have_text("Où en est-on ?")


def test_the_list_of_forty_workplaces_stays_on_the_screen_and_scrolls(window: NewPage, person: User):
    for number in range(40):
        hub = HubFactory(name=f"Lieu {number:02}" if number else "L" * 120, slug=f"lieu-{number}")
        TeamMemberFactory(person=person, hub=hub)
    page = window(user=person, width=1280)
    page.goto(SETTINGS)
    page.locator(".bar-own summary").click()
    panel = page.locator(".bar-own .drop-panel")
    height = page.evaluate("window.innerHeight")
    box = panel.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= height
    assert panel.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    last = panel.get_by_role("link").last
    last.focus()
    expect(last).to_be_in_viewport(ratio=1)
    assert page.evaluate("window.scrollY") == 0


def test_signing_in_leads_where_one_works(window: NewPage, person: User):
    person.set_password("un long mot de passe")
    person.save()
    page = window()
    page.goto("/")
    page.get_by_role("link", name="Se connecter").first.click()
    page.locator("[name=login]").fill(person.email)
    page.locator("[name=password]").fill("un long mot de passe")
    page.locator("main form .btn-main").first.click()
    page.wait_for_url("**/lieux/etage/accueil/")
    page.goto(ACTORS)
    page.locator(".bar-account summary").click()
    page.get_by_role("button", name="Se déconnecter").click()
    page.goto("/compte/connexion/")
    page.locator("[name=login]").fill(person.email)
    page.locator("[name=password]").fill("un long mot de passe")
    page.locator("main form .btn-main").first.click()
    page.wait_for_url("**/territoires/espaces/nous/labels/")


@pytest.mark.parametrize("width", [1280, 390])
def test_on_paper_there_is_no_bar(window: NewPage, person: User, width: int):
    page = window(user=person, width=width)
    page.goto(SETTINGS)
    page.emulate_media(media="print")
    for bar in ("site", "work", "own", "account", "thumb"):
        expect(page.locator(f".bar-{bar}")).to_be_hidden()
    expect(page.locator(".tabs")).to_be_hidden()
    expect(page.locator(".head-place")).to_be_hidden()
