"""The observatory's public pages without a stock, with old ones, and with more rows than a page holds."""

import re
from datetime import date
from pathlib import Path

import pytest
from django.test import Client

from tests.factories.observatory import ActivityPerimeterFactory, ActivityVersionFactory, establishment
from tests.observatory.conftest import MadeStock
from tests.observatory.test_pages import AMIENS, LANGUAGE, ROWS, series, words
from tests.territories.grid import communes, draw
from totem.observatory.activities import DEFAULT
from totem.observatory.models import ActivityVersion, Stock

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> ActivityVersion:
    return ActivityVersionFactory(perimeter=ActivityPerimeterFactory(slug=DEFAULT, name="Secteur TIC"))


class TestWithout:
    def test_without_a_stock_it_says_what_to_run(self, client: Client, version: ActivityVersion):
        communes()
        assert "totem observatory import" in words(client, AMIENS, 503)

    def test_before_the_activities_are_loaded_too(self, client: Client, stock_folder: Path):
        communes()
        assert "totem observatory import" in words(client, AMIENS, 503)

    def test_without_anything_the_entrance_says_what_to_run(self, client: Client):
        found = words(client, "/observatoire/")
        assert "totem observatory import" in found
        assert "totem territories outlines" in found

    def test_without_outlines_drawing_says_what_to_run(self, client: Client, version: ActivityVersion):
        assert "totem territories outlines" in words(client, "/observatoire/dessin/")


class TestOldStocks:
    @pytest.fixture
    def old(self, version: ActivityVersion, made_stock: MadeStock, tmp_path: Path) -> Stock:
        draw(tmp_path)
        made_stock([establishment(**row) for row in ROWS], date=date(2026, 10, 1), complete=False, series=series())
        return made_stock([establishment()])

    @pytest.mark.parametrize("page", ["", "carte/", "comparer/", "passerelle-naf/", "qualite/"])
    def test_counts_stay(self, client: Client, old: Stock, page: str):
        assert client.get(f"{AMIENS}{page}?stock=2026-10-01").status_code == 200

    @pytest.mark.parametrize("page", ["entreprises/", "acteurs/", "etablissements.geojson"])
    def test_rows_are_gone_and_the_page_says_where_to_go(self, client: Client, old: Stock, page: str):
        answer = client.get(f"{AMIENS}{page}?stock=2026-10-01&naf=rev2", **LANGUAGE)
        assert answer.status_code == 410
        assert f'href="{AMIENS}{page}?naf=rev2"' in answer.content.decode()

    def test_a_stock_kept_aside_does_not_answer(self, client: Client, old: Stock, made_stock: MadeStock):
        made_stock([establishment()], date=date(2026, 12, 1), state=Stock.State.ASIDE, differences=[{"what": "rows"}])
        assert client.get(f"{AMIENS}?stock=2026-12-01").status_code == 404


class TestManyRows:
    def test_pages_follow_each_other_in_one_order(
        self, client: Client, version: ActivityVersion, made_stock: MadeStock
    ):
        communes()
        made_stock([establishment(name=f"Nom {n:03}") for n in range(120)])
        seen = []
        for page in ("1", "2", "3"):
            seen += re.findall(r"Nom \d{3}", words(client, f"{AMIENS}entreprises/", page=page))
        assert seen == [f"Nom {n:03}" for n in range(120)]

    def test_queries_do_not_grow_with_the_rows(
        self, client: Client, version: ActivityVersion, made_stock: MadeStock, django_assert_num_queries
    ):
        communes()
        for day, rows in ((1, 1), (2, 30)):
            Stock.objects.update(state=Stock.State.ARCHIVED)
            made_stock([establishment() for _n in range(rows)], date=date(2026, 11, day))
            client.get(f"{AMIENS}entreprises/")
            with django_assert_num_queries(9):
                client.get(f"{AMIENS}entreprises/")

    def test_actors_are_candidates(self, client: Client, version: ActivityVersion, made_stock: MadeStock):
        communes()
        rows = [establishment(code="85.42Z", name="École"), establishment(code="85.42Z", diffusion="P")]
        made_stock([*rows, establishment()])
        found = words(client, f"{AMIENS}acteurs/")
        assert "Higher education 2" in found
        assert "École" in found
