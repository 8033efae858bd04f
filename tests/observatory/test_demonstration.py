"""The demonstration's territories, with all communes of France, asked as a page asks."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from tests.conftest import ModuleRows
from totem.core.demonstration import InventedWorld, load
from totem.observatory import queries
from totem.observatory.activities import activities_of
from totem.observatory.engine import Scope
from totem.observatory.models import ActivityVersion, Stock
from totem.territories.models import Perimeter, Workspace
from totem.territories.places import Place, place_for

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
DEMO = Path(settings.BASE_DIR) / "demo"


@pytest.fixture(scope="module", autouse=True)
def demonstration(module_db: ModuleRows, stock_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that was loaded: people, territories and a register."""
    folder = tmp_path_factory.mktemp("territories") / "demo"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("organisations", "hubs", "bookings", "labels"))
    with module_db():
        call_command("load_communes", verbosity=0)
        call_command("load_activities")
        load(InventedWorld(folder=folder, now=NOW))
    return folder


def counted(slug: str, place: Place) -> queries.Profile:
    version = ActivityVersion.objects.get(perimeter__slug=slug)
    return queries.profile(Scope(queries.serving_stock(), activities_of(version), place))


@pytest.mark.django_db
def test_picardie_has_2400_companies_under_24_codes_in_six_branches_that_add_up():
    picardie = counted("picardie-24", place_for("ancienne-region", "22"))
    assert picardie.totals.head_offices == 2400
    assert [branch.head_offices for branch in picardie.branches] == [70, 420, 170, 210, 1330, 200]
    assert len(activities_of(ActivityVersion.objects.get(perimeter__slug="picardie-24")).codes) == 24
    assert queries.serving_stock().synthetic


@pytest.mark.django_db
def test_the_three_agglomerations_are_one_perimeter_with_the_firms_of_the_joint_file():
    normandy = Perimeter.objects.get()
    together = counted("tic-ocde", place_for("perimetre", normandy.slug))
    assert normandy.public
    assert together.totals.head_offices == 1235
    assert together.totals.jobs.low <= 10_690
    alone = [counted("tic-ocde", place_for("epci", code)) for code in ("200023414", "200065597", "200084952")]
    assert [place.totals.head_offices for place in alone] == [560, 430, 245]


@pytest.mark.django_db
def test_the_territory_counts_its_own_activities_without_the_company_it_left_out():
    place = place_for("perimetre", Perimeter.objects.get().slug)
    assert counted("numerique-normand-demonstration", place).totals.head_offices == 1234


@pytest.mark.django_db
def test_what_is_there_stays(demonstration: Path):
    assert not load(InventedWorld(folder=demonstration, now=NOW)).is_new
    assert (Stock.objects.count(), Workspace.objects.count()) == (1, 1)
