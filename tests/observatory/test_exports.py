"""Open data of a place: what the files hold, and what they never do."""

import csv
import fcntl
import io
import json
import shutil
import zipfile
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest
from django.test import Client

from tests.conftest import ModuleRows
from tests.core.test_rendering import draw_what_waits
from tests.factories.observatory import ActivityPerimeterFactory, ActivityVersionFactory, establishment, make_stock
from tests.factories.territories import (
    CommuneFactory,
    DepartmentFactory,
    EpciFactory,
    FormerRegionFactory,
)
from totem.core import expensive, rendering
from totem.observatory import queries
from totem.observatory.activities import DEFAULT
from totem.observatory.answers import Interval
from totem.observatory.engine import Scope
from totem.observatory.exports import sheet_csv, sheet_parquet, table_csv
from totem.observatory.key_figures import figures_of
from totem.observatory.models import Stock
from totem.observatory.place_tables import tables_of
from totem.observatory.tables import MASKED, Column, Table
from totem.observatory.views.data import sheet_data
from totem.territories.models import Department
from totem.territories.places import place_for

pytestmark = pytest.mark.django_db
EPCI = "/observatoire/epci/248000531/"
HIDDEN, SOLE = "900900900", "911911911"


@pytest.fixture(scope="module")
def stock(module_db: ModuleRows, stock_folder: Path) -> Stock:
    with module_db():
        ActivityVersionFactory(perimeter=ActivityPerimeterFactory(slug=DEFAULT, name="Secteur TIC"))
        epci = EpciFactory()
        CommuneFactory(epci=epci)
        CommuneFactory(code="80001", name="Abbeville", epci=epci)
        rows = [
            *(establishment(name=f"Atelier {n}", band="11") for n in range(7)),
            establishment(siren=HIDDEN, diffusion="P"),
            establishment(siren=SOLE, legal="1000", name="Dessins du Port"),
            establishment(name="=1+1", lon=None, lat=None),
            establishment(name="Abbevilloise", commune="80001", code="58.21Z", code25="58.21Y"),
        ]
        return make_stock(rows, synthetic=True)


def read(answer) -> list[list[str]]:
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig")), delimiter=";"))


def test_a_tables_csv_opens_in_a_french_spreadsheet_with_its_labels_and_total(client: Client, stock):
    answer = client.get(f"{EPCI}tableaux/branches.csv", headers={"accept-language": "fr"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        'filename="totem-synthetique-epci-248000531-2026-11-01-tic-ocde-v1-nafrev2-branches.csv"'
        in answer["Content-Disposition"]
    )
    head, *rows, total = read(answer)
    assert len(head) == 12
    assert [row[0] for row in rows] == ["Édition de logiciels", "Services informatiques"]
    assert [row[1] for row in rows] == ["1", "10"]
    assert total[1] == "11"
    assert rows[0][5] == "0,090909"
    assert rows[1][6:9] == ["70", "133", "0"]


def test_files_of_two_definitions_have_two_names_and_hold_their_definition(client: Client, stock):
    names, definitions = set(), set()
    for query in ("", "?naf=2025"):
        for file in ("tableaux/branches.csv", "donnees/branches.csv", "entreprises.csv", "donnees/datapackage.json"):
            answer = client.get(f"{EPCI}{file}{query}", headers={"accept-language": "fr"})
            names.add(answer["Content-Disposition"])
            if file.endswith(".csv"):
                definitions |= {tuple(row[-3:-1]) for row in read(answer)[1:]}
            else:
                definitions.add(json.loads(answer.content)["name"].rsplit("-", 1)[1])
    lists = ("", "?branche=1", "?branche=2", "?employeurs=1", "?branche=1&employeurs=1")
    maps = ("departement/80/tableaux/carte.csv?par=commune", "departement/80/tableaux/carte.csv?par=epci")
    chosen = [*(f"{EPCI}entreprises.csv{asked}" for asked in lists), *(f"/observatoire/{asked}" for asked in maps)]
    answers = [client.get(url) for url in chosen]
    assert all(map(read, answers))
    assert len({answer["Content-Disposition"] for answer in answers}) == len(chosen)
    assert len(names) == 6  # a table has one name, for spreadsheets and as open data
    assert definitions == {
        ("2026-11-01", f"{DEFAULT}@1 NAFRev2"), ("2026-11-01", f"{DEFAULT}@1 NAF2025"), "nafrev2", "naf2025",
    }  # fmt: skip


def test_the_list_of_establishments_is_a_spreadsheet_without_the_numbers_of_persons(client: Client, stock, settings):
    head, *rows = read(client.get(f"{EPCI}entreprises.csv", headers={"accept-language": "fr"}))
    assert (len(rows), head[:3]) == (10, ["SIRET", "SIREN", "Nom"])
    text = str(rows)
    assert "Dessins du Port" in text
    assert SOLE not in text
    assert HIDDEN not in text
    assert len(read(client.get(f"{EPCI}entreprises.csv?branche=1"))) == 2
    assert b"".join(client.get(f"{EPCI}entreprises.xlsx").streaming_content).startswith(b"PK")
    page = client.get(f"{EPCI}entreprises/?branche=1").content.decode()
    assert "entreprises.csv?stock=2026-11-01" in page
    settings.MASK_COUNTS_BELOW = 5
    assert client.get(f"{EPCI}entreprises.csv").status_code == 404
    assert "entreprises.csv?" not in client.get(f"{EPCI}entreprises/").content.decode()


def test_a_register_of_a_part_of_the_country_gives_no_share_of_it(client: Client, stock):
    Department.objects.update(former_region=FormerRegionFactory(), population=1_000)
    Stock.objects.update(totals={"state": {"A": 25}, "department": {"80": 25}})  # of some 240 for a thousand people
    DepartmentFactory(code="29", population=1_000, former_region=FormerRegionFactory(), name="Finistère")
    page = client.get(EPCI, headers={"accept-language": "en"}).content.decode()
    assert "it holds 25 open establishments, of about 17,000,000" in page
    assert "tableaux/specialisation.csv" not in page
    told = json.loads(client.get(f"{EPCI}donnees/datapackage.json", headers={"accept-language": "en"}).content)
    assert "specialisation" not in {resource["name"] for resource in told["resources"]}
    assert any("not that of the whole country" in note for note in told["notes"])
    region = client.get("/observatoire/region/32/comparer/", headers={"accept-language": "en"}).content.decode()
    assert "not that of the whole country" in region
    assert "The regions" not in region
    assert "Rank</th>" in region
    country = client.get("/observatoire/france/fr/comparer/", headers={"accept-language": "en"}).content.decode()
    assert "The regions of France" in country
    assert "Rank</th>" not in country


@pytest.mark.parametrize(
    "name",
    [
        "activites",
        "tailles",
        "ages",
        "formes",
        "communes",
        "passerelle",
        "qualite",
        "acteurs",
        "domiciliations",
        "carte",
        "membres-commune",
    ],
)
def test_every_table_has_its_csv(client: Client, stock, name: str):
    assert len(read(client.get(f"{EPCI}tableaux/{name}.csv"))) >= 1


def test_a_comparison_has_its_csv(client: Client, stock):
    rows = read(client.get(f"{EPCI}tableaux/comparaison.csv?avec=commune:80001"))
    assert [row[0] for row in rows[1:]] == ["epci:248000531", "commune:80001"]


@pytest.mark.parametrize("path", ["tableaux/autre.csv", "donnees/autre.csv", "graphiques/activites.svg"])
def test_what_there_is_not_is_not_found(client: Client, stock, path: str):
    assert client.get(EPCI + path).status_code == 404


def test_the_package_describes_each_file_and_says_what_was_counted(client: Client, stock):
    told = json.loads(client.get(f"{EPCI}donnees/datapackage.json").content)
    assert told["licenses"][0]["name"] == "etalab-2.0"
    about = told["totem"]
    assert about["stock_date"] == "2026-11-01"
    assert about["synthetic"] is True
    assert about["masking_threshold"] == 0
    assert about["activities"]["address"] == f"{DEFAULT}@1"
    assert about["activities"]["branches"][0]["codes"] == ["58.21Z", "58.29A", "58.29B", "58.29C"]
    assert "stock=2026-11-01" in told["homepage"]
    assert {unit["name"] for unit in told["units"]} == {"establishments", "head_offices", "employers"}
    for resource in told["resources"]:
        head, *rows = read(client.get(f"{EPCI}donnees/{resource['path']}"))
        assert head == [field["name"] for field in resource["schema"]["fields"]]
        assert all(len(row) == len(head) for row in rows)
        for other in resource["alternates"]:
            assert client.get(f"{EPCI}donnees/{other}").status_code == 200, other


def test_parquet_holds_the_same_rows_typed(client: Client, stock, tmp_path):
    file = tmp_path / "communes.parquet"
    file.write_bytes(client.get(f"{EPCI}donnees/communes.parquet").content)
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT commune, establishments, weight FROM read_parquet(?)", [str(file)]).fetchall()
        kept = connection.execute("SELECT value FROM parquet_kv_metadata(?)", [str(file)]).fetchall()
    assert rows == [("80021", 10, 1.0), ("80001", 1, 1.0)]
    assert json.loads(kept[0][0])["synthetic"] is True


def test_no_file_names_or_places_whom_the_register_hides_nor_a_person(client: Client, stock):
    answer = client.get(f"{EPCI}donnees/archive.zip")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert {"datapackage.json", "communes.csv", "etablissements.geojson", "branches.parquet"} <= set(archive.namelist())
    for name in archive.namelist():
        content = archive.read(name)
        for secret in (HIDDEN, SOLE, "Dessins du Port"):
            assert secret.encode() not in content, name
    points = json.loads(archive.read("etablissements.geojson"))
    assert points["metadata"]["synthetic"] is True
    assert len(points["features"]) == 8
    assert points["features"][0]["geometry"]["type"] == "Point"


def test_an_archive_that_waits_for_a_worker_is_given_by_the_page_that_waits(client: Client, stock, monkeypatch):
    address, browser = f"{EPCI}donnees/archive.zip", {"accept": "text/html", "accept-language": "fr"}
    with monkeypatch.context() as process:  # it has as many of them as it may
        process.setattr(expensive._thread, "answers_pages", True, raising=False)
        assert [client.get(address, headers=browser).status_code for _ in range(2)] == [202, 202]
    draw_what_waits()
    monkeypatch.setattr(expensive._thread, "answers_pages", True, raising=False)
    ready = client.get(address, headers={**browser, "hx-request": "true"}).text
    assert "Votre fichier est prêt" in ready
    assert f'href="{address}"' in ready
    file = client.get(address, headers=browser)
    assert "datapackage.json" in zipfile.ZipFile(io.BytesIO(file.content)).namelist()
    assert file["Content-Disposition"].startswith("attachment")


def test_communes_stand_without_shapes_where_no_outline_is_loaded(client: Client, stock):
    found = json.loads(client.get(f"{EPCI}donnees/communes.geojson").content)
    assert [(f["properties"]["commune"], f["geometry"]) for f in found["features"]] == [
        ("80021", None),
        ("80001", None),
    ]


def test_small_counts_are_left_out_of_every_file_and_nobody_is_placed(client: Client, stock, settings):
    settings.MASK_COUNTS_BELOW = 5
    told = json.loads(client.get(f"{EPCI}donnees/datapackage.json").content)
    assert told["totem"]["masking_threshold"] == 5
    assert "etablissements" not in {resource["name"] for resource in told["resources"]}
    assert client.get(f"{EPCI}donnees/etablissements.geojson").status_code == 404
    _head, *rows = read(client.get(f"{EPCI}donnees/communes.csv"))
    assert [row[2] for row in rows] == ["s", "s"]
    shapes = json.loads(client.get(f"{EPCI}donnees/communes.geojson").content)
    assert {feature["properties"]["establishments"] for feature in shapes["features"]} == {"s"}
    assert "11" not in {row[1] for row in read(client.get(f"{EPCI}tableaux/branches.csv"))[:-1]}


def test_an_archived_stock_has_its_figures_and_places_nobody(client: Client, stock, stock_folder, settings, tmp_path):
    settings.OBSERVATORY_DIR = shutil.copytree(stock_folder, tmp_path / "observatory")
    Stock.objects.update(complete=False, state=Stock.State.ARCHIVED)
    for name in ("establishments", "sites"):
        (stock.path / f"{name}.parquet").unlink()
    address = f"{EPCI}donnees/"
    assert client.get(f"{address}?stock=2026-11-01").status_code == 200
    assert client.get(f"{address}communes.csv?stock=2026-11-01").status_code == 200
    assert client.get(f"{address}etablissements.csv?stock=2026-11-01").status_code == 404


@pytest.mark.parametrize("page", ["donnees/", ""])
def test_pages_lead_to_the_files(client: Client, stock, page: str):
    content = client.get(EPCI + page).content.decode()
    assert "donnees/" in content or "fiche.pdf" in content


def test_the_page_of_methods_says_every_note(client: Client):
    content = client.get("/observatoire/methode/").content.decode()
    for anchor in ("note-non-employeurs", "note-naf-2025", "note-zone-dessinee", "note-corrections"):
        assert anchor in content


def test_the_page_of_methods_says_nothing_of_another_edition(client: Client, stock):
    Stock.objects.update(has_history=True, has_links=False, has_coordinates=True)
    content = client.get("/observatoire/methode/").content.decode()
    assert all(f'id="note-{name}"' in content for name in ("serie", "demenagements-non-chaines", "positions"))
    assert not any(f'id="note-{name}"' in content for name in ("serie-approchee", "demenagements", "sans-positions"))


# -- On paper ---------------------------------------------------------------------------------------------------------


def test_the_sheet_of_a_place_is_a_pdf(client: Client, stock):
    answer = client.get(f"{EPCI}fiche.pdf")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_a_sheet_waits_its_turn_while_others_draw(client: Client, stock, settings, monkeypatch, tmp_path):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(rendering, "PATIENCE", 0)
    folder = tmp_path / "rendering"
    folder.mkdir()
    with ExitStack() as held:
        for number in range(rendering.AT_ONCE):
            fcntl.flock(held.enter_context((folder / f"{number}.turn").open("w")), fcntl.LOCK_EX)
        answer = client.get(f"{EPCI}fiche.pdf?naf=2025")
    assert answer.status_code == 202  # a worker draws it, and the page waits
    assert int(answer["Retry-After"]) > 0


def test_the_sheet_says_what_the_page_says(stock):
    scope = Scope(stock, queries.default_activities(), place_for("epci", "248000531"))
    profile = queries.profile(scope)
    tables = tables_of(scope, profile)
    told = sheet_data(scope, profile, tables, {}, with_map=False)
    assert told["notice"]
    assert told["at_iso"] == "2026-11-01"
    assert "stock=2026-11-01" in told["address"]
    assert [figure["label"] for figure in told["figures"]] == [figure.label for figure in figures_of(scope, profile)]
    assert all(figure["definition"] and figure["source"] for figure in told["figures"])
    branches = told["sections"][0]["table"]
    assert branches["rows"] == [*tables["branches"].shown, tables["branches"].shown_total]


# -- Cells ------------------------------------------------------------------------------------------------------------


def test_a_text_that_would_be_a_formula_is_made_one_no_more():
    sheet = Table("x", "X", "", (Column("name", "Nom", "text"), Column("n", "N")),
                  (("=1+1", -3), ("@cmd", 2), (None, MASKED)))  # fmt: skip
    assert sheet_csv(sheet).decode("utf-8-sig").splitlines() == ["name;n", "'=1+1;-3", "'@cmd;2", ";s"]


def test_what_is_left_out_is_null_in_parquet_and_column_names_are_never_sql(tmp_path):
    file = tmp_path / "x.parquet"
    file.write_bytes(sheet_parquet(Table("x", "X", "", (Column("n", "N"),), ((MASKED,), (4,))), "it's said"))
    with duckdb.connect() as connection:
        assert connection.execute("SELECT n FROM read_parquet(?)", [str(file)]).fetchall() == [(None,), (4,)]
    with pytest.raises(ValueError, match="cannot be columns"):
        sheet_parquet(Table("x", "X", "", (Column("n) --", "N"),), ()), "")


def test_an_interval_is_its_bounds_and_how_many_establishments_have_none():
    rows = ((Interval(3, 5, unknown=2),), (Interval(1, 2),))
    table = Table("x", "X", "", (Column("jobs", "Salariés", "interval"),), rows)
    assert [line.split(";") for line in table_csv(table).decode("utf-8-sig").splitlines()[1:]] == [
        ["3", "5", "2"],
        ["1", "2", "0"],
    ]
