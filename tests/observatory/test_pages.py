"""The observatory's public pages, on a stock of a few rows whose figures are counted by hand."""

import pytest
from django.test import Client

from tests.factories.observatory import (
    ActivityPerimeterFactory,
    ActivityVersionFactory,
    establishment,
)
from tests.factories.territories import CommuneFactory, EpciFactory
from tests.observatory.conftest import MadeStock
from totem.observatory.activities import DEFAULT
from totem.observatory.models import ActivityVersion, Stock

pytestmark = pytest.mark.django_db
AMIENS = "/observatoire/commune/80021/"


@pytest.fixture
def version() -> ActivityVersion:
    return ActivityVersionFactory(perimeter=ActivityPerimeterFactory(slug=DEFAULT, name="Secteur TIC"))


@pytest.fixture
def stock(version: ActivityVersion, made_stock: MadeStock) -> Stock:
    """Amiens: four companies (one employs 10 to 19, one has no band, one is under partial diffusion); Rouen: one."""
    CommuneFactory(epci=EpciFactory())
    CommuneFactory(rouen=True, epci=None)
    rows = [
        establishment(name="Grande Ourse", band="11", unit_band="12", code="58.29C", code25="58.29Y", born=2024),
        establishment(name="Petite Ourse", lon=2.31),
        establishment(name="Sans Tranche", band=None, head_office=False),
        establishment(diffusion="P", estimated=False),
        establishment(open=False, closed=2024),
        establishment(code="56.10A", code25="56.11Y", name="Restaurant"),
        establishment(name="Rouennaise", commune="76540"),
    ]
    series = [
        {"commune": "80021", "code": "62.01Z", "year": year, "stock": n, "births": 2, "closures": 1}
        for year, n in ((2023, 4), (2024, 4), (2025, 5), (2026, 4))
    ]
    return made_stock(rows, series=series, synthetic=True)


PAGES = ["", "carte/", "comparer/", "entreprises/", "acteurs/", "passerelle-naf/", "qualite/", "donnees/"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_and_says_that_the_figures_are_synthetic(client: Client, stock: Stock, page: str):
    answer = client.get(AMIENS + page)
    assert answer.status_code == 200
    content = answer.content.decode()
    assert "synthétiques" in content or "synthetic" in content
    assert "stock=2026-11-01" in content
