"""The governance of a territory in a real browser: a SEM recorded without JavaScript, an edit conflict, two widths."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import faults_at
from tests.factories.labels import (
    AppointmentFactory,
    BoardFactory,
    BodyFactory,
    CharterVersionFactory,
    FundingLineFactory,
    MeetingFactory,
    SeatFactory,
    content_of,
    requirement,
)
from tests.factories.territories import CommuneFactory, DocumentFactory, EpciFactory, WorkspaceMemberFactory
from tests.serving import Site
from totem.accounts.models import User
from totem.labels.models import Board, Body
from totem.territories.actions import publish_perimeter_version

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
CONTENT = content_of(
    [requirement("vehicle", "body", body="vehicle", forms=["gip", "sem"], legal_rules=True)],
    [requirement("cdo", "appointment")],
    [requirement("money", "funding", levels=["state"], purposes=["development_operation"], at_most=0, unit="€")],
)


@pytest.fixture
def board(server: Site) -> Board:
    version = CharterVersionFactory(data=CONTENT)
    CommuneFactory(epci=EpciFactory())
    board = BoardFactory(workspace__slug="nous", slug="notre-label")
    publish_perimeter_version(
        perimeter=board.perimeter,
        by=None,
        now=version.published_at,
        valid_from=date(2020, 1, 1),
        parts={"epci": ["248000531"]},
    )
    return board


@pytest.fixture
def agent(board: Board) -> User:
    return WorkspaceMemberFactory(workspace=board.workspace, role="agent").person


HERE = "/territoires/espaces/nous/labels/notre-label/gouvernance/"


def save(page: Page) -> None:
    page.locator(".form-foot .btn-main").click()


def test_a_sem_is_recorded_without_a_script(window: NewPage, agent: User):
    page = window(user=agent, javascript=False)
    page.goto(HERE)
    page.locator("a[href$='nature=vehicle']").click()
    page.locator("[name=name]").fill("SEM d’exemple")
    page.locator("[name=legal_form]").select_option("sem")
    page.locator("[name=since]").fill("2024-01-01")
    save(page)
    expect(page.locator(".field-error")).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value("SEM d’exemple")
    page.locator("[name=has_capital]").check()
    save(page)
    for actor_class, share in (("local_authority", "50"), ("company", "50")):
        page.locator("a[href$='/sieges/nouveau/']").click()
        page.locator("[name=holder]").fill("La présidence")
        page.locator("[name=actor_class]").select_option(actor_class)
        page.locator("[name=capital_share]").fill(share)
        save(page)
    expect(page.locator("h1")).to_contain_text("SEM d’exemple")
    # Exactly half of the capital and of the votes is not more than half.
    rules = page.locator("section[aria-labelledby=law] .row-line")
    expect(rules).to_have_count(4)
    expect(rules.filter(has_text="50")).to_have_count(3)
    assert Body.objects.get().seats.count() == 2


def test_two_who_edit_at_once_see_both_texts(window: NewPage, agent: User, board: Board):
    body = BodyFactory(workspace=board.workspace, perimeter=board.perimeter, name="Avant")
    page = window(user=agent)
    page.goto(f"{HERE}instances/{body.pk}/modifier/")
    page.locator("[name=name]").fill("Le mien")
    Body.objects.get(pk=body.pk).save()
    body.name = "Le leur"
    body.save()
    save(page)
    expect(page.locator(".notice")).to_contain_text("Le leur")
    expect(page.locator("[name=name]")).to_have_value("Le mien")
    save(page)
    expect(page.locator("h1")).to_contain_text("Le mien")


def test_everybody_can_read_the_screens(window: NewPage, agent: User, board: Board):
    about = {"workspace": board.workspace, "perimeter": board.perimeter}
    sem = BodyFactory(**about, sem=True, name="SEM d’exemple", document=DocumentFactory(workspace=board.workspace))
    SeatFactory(body=sem, actor_class="local_authority", votes=3, capital_share=Decimal("48.5"))
    SeatFactory(body=sem, capital_share=31, until=date(2099, 1, 1))
    MeetingFactory(body=sem)
    AppointmentFactory(**about)
    AppointmentFactory(**about)
    FundingLineFactory(**about)
    FundingLineFactory(**about, level="state", purpose="development_operation")
    page = window(user=agent)
    body = f"{HERE}instances/{sem.pk}/"
    assert not faults_at(page, HERE, body, f"{body}sieges/nouveau/", f"{HERE}nominations/nouvelle/")
