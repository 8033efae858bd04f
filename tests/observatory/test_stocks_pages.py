"""Stocks of the register: decided on by those who look after the installation, and nobody else."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.observatory import StockFactory, establishment
from totem.observatory.models import Stock

pytestmark = pytest.mark.django_db
DIFFERENCES = [
    {"kind": "state", "key": "A", "before": 16_715_258, "after": 15_900_000, "allowed": 183_505},
    {"kind": "department", "key": "80", "before": 80_000, "after": 70_000, "allowed": 2_741},
    {"kind": "double_coded", "key": "", "before": 0.97, "after": 0.5, "allowed": 0.0194},
    {"kind": "date", "key": "", "before": 739_921, "after": 739_890, "allowed": 0},
]


def address(name: str, *arguments: object) -> str:
    return reverse(f"observatory:{name}", args=arguments)


@pytest.fixture
def keeper(client: Client) -> Client:
    client.force_login(UserFactory(is_staff=True))
    return client


@pytest.fixture
def serving(made_stock) -> Stock:
    return made_stock(
        [establishment()],
        sources=[
            {
                "file": "StockEtablissement",
                "name": "stock.csv",
                "address": "",
                "sha256": "ab" * 32,
                "bytes": 12,
                "published": "2026-11-01",
                "left_out": {"malformed": {"rows": 1214, "examples": [[7, "4.20821E+13"]]}},
            }
        ],
        quality={"absurd_date": 1149},
    )


@pytest.fixture
def aside(serving, made_stock) -> Stock:
    return made_stock([establishment()], state=Stock.State.ASIDE, differences=DIFFERENCES, date="2026-12-01")


def test_only_those_who_look_after_the_installation_see_stocks(client: Client, aside):
    client.force_login(UserFactory())
    for name, arguments in (("stocks", ()), ("stock", (aside.pk,))):
        assert client.get(address(name, *arguments)).status_code == 404
    for name in ("stock_accept", "stock_refuse"):
        assert client.post(address(name, aside.pk), {"reason": "Parce que."}).status_code == 404
    aside.refresh_from_db()
    assert aside.state == Stock.State.ASIDE


def test_what_waits_stands_first_and_what_is_not_plausible_is_said_in_figures(keeper: Client, aside, serving):
    listed = keeper.get(address("stocks")).content.decode()
    assert listed.index(address("stock", aside.pk)) < listed.index(address("stock", serving.pk))
    page = keeper.get(address("stock", aside.pk)).content.decode().replace("\N{NARROW NO-BREAK SPACE}", " ")
    for words in ("16 715 258", "15 900 000", "-815 258", "-4,9", "183 505", "97,0", "2 741"):
        assert words in page, words


def test_a_stock_says_its_sources_and_how_it_was_read(keeper: Client, serving):
    page = keeper.get(address("stock", serving.pk)).content.decode()
    assert "ab" * 32 in page
    assert "149" in page


def test_rows_left_out_are_shown_with_their_lines(keeper: Client, serving):
    page = keeper.get(address("stock", serving.pk)).content.decode()
    section = page[page.index('id="left-out"') :]
    for words in ("stock.csv", "1\N{NARROW NO-BREAK SPACE}214", "ligne 7\N{NO-BREAK SPACE}: 4.20821E+13"):
        assert words in section, words


def test_a_decision_needs_its_reason(keeper: Client, aside):
    for name in ("stock_accept", "stock_refuse"):
        answer = keeper.post(address(name, aside.pk), {"reason": "  "})
        assert answer.status_code == 422
        assert "id_reason_error" in answer.content.decode()
    aside.refresh_from_db()
    assert aside.state == Stock.State.ASIDE


def test_a_refused_stock_is_remembered_with_the_reason(keeper: Client, aside, serving):
    answer = keeper.post(address("stock_refuse", aside.pk), {"reason": "Incident d’avril."}, follow=True)
    assert "Incident d’avril." in answer.content.decode()
    aside.refresh_from_db()
    serving.refresh_from_db()
    assert (aside.state, serving.state) == (Stock.State.REFUSED, Stock.State.SERVING)
    assert keeper.post(address("stock_accept", aside.pk), {"reason": "Tard."}).status_code == 409


def test_an_accepted_stock_serves_and_the_one_before_stays_as_cubes(keeper: Client, aside, serving):
    assert keeper.post(address("stock_accept", aside.pk), {"reason": "Vérifié."}).status_code == 302
    aside.refresh_from_db()
    serving.refresh_from_db()
    assert (aside.state, serving.state, serving.complete) == (Stock.State.SERVING, Stock.State.ARCHIVED, False)


def test_without_any_stock_the_page_says_what_to_do(keeper: Client):
    assert "totem observatory import" in keeper.get(address("stocks")).content.decode()
    assert keeper.get(address("stock", StockFactory.build().pk or 999)).status_code == 404
