"""The navigation bars: the current entry of every page, the entries of each role, queries, where signing in leads."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.labels import BoardFactory, CharterVersionFactory
from tests.factories.territories import CommuneFactory, EpciFactory, WorkspaceFactory, WorkspaceMemberFactory
from tests.test_access import ADDRESSES, CLOSED, World
from totem.accounts.models import User
from totem.core import navigation
from totem.core.navigation import COOKIE, MOST_SHOWN, SITE, Entry, add_entry, entry_at, patterns
from totem.hubs.models import Role
from totem.hubs.navigation import HUB
from totem.labels.boards.actions import freeze
from totem.labels.judging.evaluations import evaluate
from totem.organisations.models import Affiliation
from totem.territories.actions import publish_perimeter_version
from totem.territories.models import Epci, Perimeter

pytestmark = pytest.mark.django_db

LANDING = reverse("accounts:landing")
# Pages that no bar leads to: those of the foot of the page, what serves a field or a form, the demonstration's, and the
# link of the first person.
NOWHERE = {
    "website:about", "website:accessibility", "website:legal", "territories:communes", "core:design",
    "core:site_address",
    "core:design_chart", "core:design_outlines", "health_live", "health_ready", "health_metrics", "jsi18n",
    "accounts:demo_login", "accounts:outbox", "accounts:claim", "core:sign", "core:sign_code", "core:sign_decline",
    "core:sign_file", "core:sign_certificate", "core:signing_check", "core:signing_shown", "core:signing_file",
    "core:signing_certificate", "core:signing_remind", "core:signing_withdraw",
}  # fmt: skip
BAR = re.compile(r'<nav class="bar-(\w+)"[^>]*>(.*?)</nav>', re.DOTALL)
LINK = re.compile(r'<a href="([^"]*)"(?: aria-current="(page|true)")?>([^<]*)</a>')


def bars(client: Client, url: str) -> dict[str, list[tuple[str, str, str]]]:
    """The links of each bar of the page as (label, address, current)."""
    page = client.get(url, headers={"accept-language": "en"}).content.decode()
    return {
        name: [(label.replace("&#x27;", "'"), href, current) for href, current, label in LINK.findall(source)]
        for name, source in BAR.findall(page)
    }


def labels(client: Client, url: str, bar: str = "work") -> list[str]:
    return [label for label, _href, _current in bars(client, url).get(bar, [])]


def signed_in(person: User) -> Client:
    client = Client()
    User.objects.filter(pk=person.pk).update(language="en")
    client.force_login(person)
    return client


def publish(perimeter: Perimeter) -> None:
    """Publish its first version: boards of a perimeter without one have no pages of figures."""
    if not Epci.objects.filter(pk="248000531").exists():
        CommuneFactory(epci=EpciFactory())
    parts = {"epci": ["248000531"]}
    publish_perimeter_version(
        perimeter=perimeter, by=None, now=timezone.now(), valid_from=date(2015, 1, 1), parts=parts
    )


def everything() -> tuple[World, User]:
    """The rows of test_access, and somebody with all roles in them: manager, officer, representative, staff."""
    world = World()
    person = world.manager
    publish(world.perimeter)
    evaluated = evaluate(world.board, day=timezone.localdate(), workspace=world.perimeter.workspace)
    world.pks["evaluation"] = freeze(evaluated=evaluated, note="", by=person, now=timezone.now()).pk
    WorkspaceMemberFactory(workspace=world.perimeter.workspace, person=person)
    Affiliation.objects.filter(pk=world.affiliation.pk).update(person=person)
    User.objects.filter(pk=person.pk).update(is_staff=True)
    return world, person


# -- Every page belongs to one entry ----------------------------------------------------------------------------------


def test_every_address_belongs_to_an_entry():
    known = {name for name in ADDRESSES if ":" in name} | {name for name in patterns() if name.startswith("account_")}
    assert {name for name in known if entry_at(patterns()[name]) is None} == NOWHERE & known
    assert entry_at(patterns()["website:find"]).bar is SITE
    assert entry_at("nowhere/") is None


def test_every_signed_in_page_says_which_entry_it_belongs_to():
    world, person = everything()
    client, seen = signed_in(person), set()
    for name in CLOSED:
        response = client.get(reverse(name, kwargs=world.arguments(name, ADDRESSES[name])))
        list(response)  # to its end: a file is closed then
        if response.status_code != 200 or not response["Content-Type"].startswith("text/html"):
            continue
        found = {
            bar: [current for _href, current, _label in LINK.findall(source) if current]
            for bar, source in BAR.findall(response.content.decode())
        }
        place = 1 if "work" in found else 0  # the list of workplaces marks the current one too
        marked = {bar: len(current) for bar, current in found.items()}
        assert marked["site"] + marked.get("work", 0) + marked["account"] + marked["own"] - place == 1, (name, found)
        if "work" in found:
            assert marked["own"] == 1, name
            assert marked["thumb"] >= 1, name
        seen.add(name)
    assert len(seen) > 60
    assert {"bookings:desk", "spaces:prices", "labels:figures", "hubs:create", "territories:workspace_create"} <= seen


def test_aria_current_is_page_for_the_page_of_an_entry_and_true_below_it():
    hub = HubFactory()
    client = signed_in(TeamMemberFactory(hub=hub).person)
    at = lambda route: next(one for one in bars(client, reverse(route, args=[hub.slug]))["work"] if one[2])  # noqa: E731
    assert at("hubs:manage") == ("Settings", reverse("hubs:manage", args=[hub.slug]), "page")
    assert at("hubs:zones") == ("Settings", reverse("hubs:manage", args=[hub.slug]), "true")


def test_a_booking_stands_where_the_reader_works():
    world = World()
    url = reverse("bookings:detail", args=[world.booking.reference])
    own, desk = bars(signed_in(world.person), url)["work"], bars(signed_in(world.manager), url)["work"]
    assert ("Bookings", reverse("bookings:mine"), "true") in own
    assert ("Today", reverse("bookings:desk", args=[world.hub.slug]), "true") in desk


# -- Who sees what ----------------------------------------------------------------------------------------------------

HUB_BARS = {
    Role.MANAGER: ["Today", "Bookings", "People", "Billing", "Figures", "Settings", "Out of order"],
    Role.DESK: ["Today", "Bookings", "People", "Billing", "Figures", "Out of order"],
    Role.FACILITATOR: ["Today", "Bookings", "People", "Figures"],
    Role.MACHINES: ["Today", "Bookings", "Figures", "Out of order"],
    Role.READER: ["Today", "Bookings", "Figures"],
}


@pytest.mark.parametrize("role", Role)
def test_the_bar_of_a_hub_is_what_the_role_may_open(role: Role):
    member = TeamMemberFactory(role=role)
    client = signed_in(member.person)
    found = bars(client, reverse("bookings:desk", args=[member.hub.slug]))["work"]
    assert [label for label, _href, _current in found] == HUB_BARS[role]
    assert {client.get(href).status_code for _label, href, _current in found} == {200}


@pytest.mark.parametrize("role", ["officer", "agent", "reader"])
def test_the_bar_of_a_territory(role: str):
    CharterVersionFactory()
    workspace = WorkspaceFactory()
    client = signed_in(WorkspaceMemberFactory(workspace=workspace, role=role).person)
    url = reverse("organisations:actors", args=[workspace.slug])
    assert labels(client, url) == ["Where do we stand?", "Actors", "Buildings", "Documents", "Settings"]
    publish(BoardFactory(workspace=workspace).perimeter)
    found = bars(client, url)["work"]
    assert [label for label, _href, _current in found] == [
        "Where do we stand?", "Figures", "Actors", "Buildings", "Bodies", "Documents", "Settings",
    ]  # fmt: skip
    assert {client.get(href).status_code for _label, href, _current in found} == {200}


def test_ones_own_bar_and_the_installations():
    assert labels(signed_in(UserFactory()), reverse("bookings:mine")) == [
        "Bookings",
        "Hubs",
        "Contracts",
        "Invoices",
        "Dues",
        "Organisations",
        "Invitations",
    ]
    keeper = signed_in(UserFactory(is_staff=True))
    assert labels(keeper, reverse("observatory:stocks")) == [
        "State", "Requests", "Jobs", "Mails", "Accounts", "Editions of the register",
    ]  # fmt: skip


def test_who_may_open_everything_has_the_bars_of_what_is_not_theirs():
    world = World()
    publish(world.perimeter)
    client, slug = signed_in(UserFactory(is_superuser=True)), world.perimeter.workspace.slug
    assert labels(client, reverse("hubs:zones", args=[world.hub.slug])) == HUB_BARS[Role.MANAGER]
    found = bars(client, reverse("labels:figures", args=[slug, world.board.slug]))
    assert ("Figures", reverse("labels:figures", args=[slug, world.board.slug]), "page") in found["work"]
    assert [label for label, _href, _current in found["own"]] == ["Me", "Add a territory", "Add a hub"]


def test_strangers_see_the_site_alone():
    found = bars(Client(), reverse("website:home"))
    assert [label for label, _href, _current in found["site"]] == ["Hubs", "Observatory", "Labels"]
    assert set(found) == {"site", "thumb"}


def test_everybody_has_a_list_of_their_own_workplaces():
    world, person = everything()
    other = HubFactory(name="Elsewhere")
    found = bars(signed_in(person), reverse("website:home"))["own"]
    own = [(label, href) for label, href, _current in found]
    assert own == [
        ("Me", reverse("bookings:mine")),
        (world.hub.name, reverse("bookings:desk", args=[world.hub.slug])),
        (
            world.perimeter.workspace.name,
            reverse("labels:board", args=[world.perimeter.workspace.slug, world.board.slug]),
        ),
        ("Installation", reverse("core:state")),
        ("Add a territory", reverse("territories:workspace_create")),
        ("Add a hub", reverse("hubs:create")),
    ]
    assert other.name not in [label for label, _href in own]


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries of the planned rooms: a hub's manager has more of them than a bar holds."""
    monkeypatch.setattr(navigation, "_entries", list(navigation._entries))
    for n, label in enumerate(("Bookings", "Programme", "Members", "Sell", "Machines")):
        add_entry(Entry(HUB, label, "bookings:desk", 11 + n))


@pytest.mark.usefixtures("crowded")
def test_a_bar_shows_seven_entries_and_keeps_the_others_at_hand():
    member = TeamMemberFactory()
    url = reverse("bookings:desk", args=[member.hub.slug])
    page = signed_in(member.person).get(url).content.decode()
    bar = dict(BAR.findall(page))["work"]
    shown, more = bar.split("<details", 1)
    assert len(LINK.findall(shown)) == MOST_SHOWN == 7
    assert [label for _href, _current, label in LINK.findall(more)] == [
        "People", "Billing", "Figures", "Settings", "Out of order",
    ]  # fmt: skip
    thumb, menu = dict(BAR.findall(page))["thumb"].split("<details", 1)
    assert len(LINK.findall(thumb)) == 4
    assert len([label for _href, _current, label in LINK.findall(menu) if label == "Out of order"]) == 1


def test_an_order_is_given_once():
    with pytest.raises(ValueError, match="lieu have the order 10"):
        add_entry(Entry(HUB, "Twice", "bookings:desk", 10))


def test_the_pages_of_an_entry_are_its_tabs():
    hub = HubFactory()
    client = signed_in(TeamMemberFactory(hub=hub).person)
    page = client.get(reverse("spaces:create", args=[hub.slug])).content.decode()
    source = re.search(r'<nav class="tabs is-of-entry" aria-label="Settings">(.*?)</nav>', page, re.DOTALL)
    found = LINK.findall(source[1])
    assert [label for _href, _current, label in found] == [
        "Overview", "Spaces", "Opening hours", "Closures", "Zones", "Photos", "Partners", "Limits",
        "Members and dues", "About the hub", "Visible to the public",
    ]  # fmt: skip
    assert [label for _href, current, label in found if current] == ["Spaces"]
    assert {client.get(href).status_code for href, _current, _label in found} == {200}


def test_breadcrumbs_end_at_their_last_link():
    page = Client().get(reverse("website:find")).content.decode()
    crumbs = re.search(r'<nav class="crumbs".*?</nav>', page, re.DOTALL)[0]
    assert crumbs.count("<li>") == 1
    assert "chevron-right" not in crumbs


@pytest.mark.django_db
def test_a_page_below_another_leads_back_to_it():
    booking = BookingFactory()
    client = signed_in(booking.person)

    def crumbs(name: str, *args: object) -> list[str]:
        page = client.get(reverse(name, args=args)).content.decode()
        found = re.search(r'<nav class="crumbs".*?</nav>', page, re.DOTALL)
        return re.findall(r'<a href="([^"]*)"', found[0]) if found else []

    hub, space, own = booking.hub, booking.space, reverse("bookings:detail", args=[booking.reference])
    space_page = reverse("website:space", args=[hub.slug, space.slug])
    assert crumbs("bookings:book", hub.slug, space.slug) == ["/", reverse("website:hub", args=[hub.slug]), space_page]
    assert crumbs("bookings:cancel", booking.reference) == crumbs("bookings:move", booking.reference) == [own]
    assert crumbs("accounts:erase") == crumbs("account_email") == [reverse("accounts:profile")]
    assert crumbs("website:about") == []


# -- What the bars cost -----------------------------------------------------------------------------------------------


def queries(client: Client, url: str) -> int:
    client.get(url)  # the caches of the process are filled
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


ABOUT = reverse("website:about")  # a page without queries of its own


def test_the_bars_cost_nothing_to_strangers():
    assert queries(Client(), ABOUT) == 0


@pytest.mark.parametrize("many", [1, 3])
def test_the_bars_cost_as_much_with_one_workplace_as_with_three(many: int):
    person = UserFactory()
    client = signed_in(person)
    assert queries(client, ABOUT) == 4  # the session, the person, their hubs, their territories
    for _each in range(many):
        BoardFactory(workspace=WorkspaceMemberFactory(person=person).workspace)
        hub = TeamMemberFactory(person=person).hub
        TeamMemberFactory(person=person, hub=hub, role=Role.DESK)
    assert queries(client, ABOUT) == 5  # and the boards of the territories


@pytest.mark.parametrize("many", [1, 3])
def test_the_bar_of_a_workplace_costs_nothing_more(many: int):
    person = UserFactory()
    hubs = [TeamMemberFactory(person=person).hub for _each in range(many)]
    # The session, the person, twice the hub, the commune of the form; for the bars their hubs and their territories.
    assert queries(signed_in(person), reverse("hubs:settings", args=[hubs[-1].slug])) == 7


# -- Where signing in leads -------------------------------------------------------------------------------------------


def lands(client: Client) -> str:
    return client.get(LANDING).url


def test_signing_in_leads_to_a_hub_else_a_territory_else_to_oneself():
    person = UserFactory(is_staff=True)
    assert lands(signed_in(person)) == reverse("bookings:mine")
    workspace = WorkspaceMemberFactory(person=person).workspace
    assert lands(signed_in(person)) == reverse("labels:boards", args=[workspace.slug])
    hub = TeamMemberFactory(person=person).hub
    assert lands(signed_in(person)) == reverse("bookings:desk", args=[hub.slug])


def test_signing_in_leads_to_the_workplace_used_last_which_survives_signing_out():
    person = UserFactory(password="un long mot de passe")
    TeamMemberFactory(person=person)
    workspace = WorkspaceMemberFactory(person=person).workspace
    client = signed_in(person)
    client.get(reverse("premises:buildings", args=[workspace.slug]))
    client.get(reverse("website:home"))
    client.post(reverse("account_logout"))
    answer = client.post(reverse("account_login"), {"login": person.email, "password": "un long mot de passe"})
    assert answer.url == LANDING
    assert lands(client) == reverse("labels:boards", args=[workspace.slug])
    answer = client.post(reverse("account_logout"))
    sign_in = f"{reverse('account_login')}?next={ABOUT}"
    answer = client.post(sign_in, {"login": person.email, "password": "un long mot de passe", "next": ABOUT})
    assert answer.url == ABOUT


def test_what_a_browser_remembers_is_neither_readable_nor_anybody_elses():
    first, second = UserFactory(), UserFactory()
    workspace = WorkspaceMemberFactory(person=first).workspace
    WorkspaceMemberFactory(person=second, workspace=workspace)
    hub = TeamMemberFactory(person=second).hub
    client = signed_in(first)
    client.get(reverse("premises:buildings", args=[workspace.slug]))
    kept = client.cookies[COOKIE]
    assert workspace.slug not in kept.value
    assert kept["httponly"]
    assert kept["samesite"] == "Lax"
    client.force_login(second)
    assert lands(client) == reverse("bookings:desk", args=[hub.slug])


def test_a_workplace_that_is_no_longer_ones_own_is_forgotten():
    member = TeamMemberFactory()
    client = signed_in(member.person)
    client.get(reverse("bookings:desk", args=[member.hub.slug]))
    member.delete()
    assert lands(client) == reverse("bookings:mine")
    client.cookies[COOKIE] = "nonsense"
    assert lands(client) == reverse("bookings:mine")


def test_the_bar_leads_to_the_board_looked_at_last():
    CharterVersionFactory()
    workspace = WorkspaceFactory()
    boards = [BoardFactory(workspace=workspace) for _each in range(3)]
    client = signed_in(WorkspaceMemberFactory(workspace=workspace).person)
    actors = reverse("organisations:actors", args=[workspace.slug])
    figures = lambda board: reverse("labels:figures", args=[workspace.slug, board.slug])  # noqa: E731
    leads = lambda url: {label: href for label, href, _current in bars(client, url)["work"]}["Figures"]  # noqa: E731
    assert leads(actors) == figures(boards[0])
    at = reverse("labels:governance", args=[workspace.slug, boards[1].slug])
    assert leads(at) == figures(boards[1])
    assert leads(actors) == figures(boards[1])
    assert leads(reverse("premises:buildings", args=[workspace.slug])) == figures(boards[1])


# -- A page of the site reached from a workplace ----------------------------------------------------------------------


def test_a_page_of_the_site_keeps_the_bar_of_where_one_came_from():
    workspace = WorkspaceMemberFactory().workspace
    client = signed_in(workspace.members.get().person)
    url = f"{reverse('observatory:home')}?depuis=territoire/{workspace.slug}"
    found = bars(client, url)
    assert [label for label, _href, _current in found["work"]][:1] == ["Where do we stand?"]
    assert [label for label, _href, current in [*found["site"], *found["work"]] if current] == ["Observatory"]


@pytest.mark.parametrize("origin", ["territoire/{}", "lieu/{}", "//elsewhere.example", "territoire", "", "/", "moi/x"])
def test_a_workplace_of_others_or_unknown_gives_no_bar(origin: str):
    other = WorkspaceMemberFactory().workspace
    client = signed_in(UserFactory())
    url = reverse("observatory:home")
    page = client.get(f"{url}?depuis={origin.format(other.slug)}")
    assert page.status_code == 200
    assert "bar-work" not in page.content.decode()
    assert other.name not in page.content.decode()
    assert 'href="//' not in page.content.decode()
