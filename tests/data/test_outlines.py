"""The official outlines of the communes of metropolitan France, simplified: ../shared/data, described in its README."""

from pathlib import Path

import pytest
import shapely
from django.core.management import call_command

from tests.conftest import ModuleRows
from totem.territories.models import Level, Outline
from totem.territories.places import place_drawn, place_for
from totem.territories.queries import outlines_geojson

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "communes_metropole_2026_simplifiees.parquet"
WITHOUT_OUTLINE = {"14666", "15031", "15035", "15047", "15171", "85165", "85212"}

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def france(module_db: ModuleRows) -> None:
    """Load the communes and their outlines, once for the module; rolled back after it."""
    with module_db():
        call_command("load_communes", verbosity=0)
        call_command("territories", "outlines", str(FILE))


def of(level: str) -> dict[str, Outline]:
    return {outline.code: outline for outline in Outline.objects.filter(level=level)}


def test_every_level_has_its_outlines():
    counts = {level: Outline.objects.filter(level=level).count() for level in Level}
    assert counts[Level.COMMUNE] == 34_739
    assert (counts[Level.DEPARTMENT], counts[Level.REGION], counts[Level.FORMER_REGION]) == (96, 13, 22)
    assert 1200 < counts[Level.EPCI] < 1255  # overseas EPCI have no outline in this file
    shapes = shapely.from_wkb([bytes(outline.shape) for outline in Outline.objects.all()])
    assert shapely.is_valid(shapes).all()


def test_areas_and_populations_are_those_of_insee():
    amiens = place_for("commune", "80021")
    assert amiens.area_km2 == pytest.approx(49.5, rel=0.03)  # INSEE: 49.46 km²
    assert place_for("commune", "75056").area_km2 == pytest.approx(105.4, rel=0.03)
    assert place_for("departement", "80").area_km2 == pytest.approx(6170, rel=0.01)
    assert place_for("region", "94").area_km2 == pytest.approx(8680, rel=0.02)
    assert place_for("ancienne-region", "22").population == place_for("departement", "02").population + sum(
        place_for("departement", code).population for code in ("60", "80")
    )


def test_a_place_with_a_missing_outline_has_no_area():
    assert WITHOUT_OUTLINE & set(of(Level.COMMUNE)) == set()
    assert place_for("departement", "14").area_km2 is None
    assert place_for("departement", "971").area_km2 is None


def test_an_area_drawn_around_a_department_contains_its_communes():
    somme = shapely.from_wkb(bytes(of(Level.DEPARTMENT)["80"].shape)).buffer(0.02)
    drawn = place_drawn(somme)
    assert set(place_for("departement", "80").communes) <= set(drawn.whole)
    assert drawn.partial
    assert {code[:2] for code in drawn.communes} <= {"80", "02", "60", "62", "76", "59"}


def test_the_outlines_of_an_epci_are_given_as_geojson():
    text = outlines_geojson(Level.COMMUNE, place_for("epci", "248000531").communes)
    assert text.count('"Feature"') == len(place_for("epci", "248000531").communes)
    assert '"Amiens"' in text
