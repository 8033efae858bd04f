"""Each pitfall of the register, by the row of the hand-written files that has it (their README numbers them)."""

import csv
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyproj
import pytest

from tests.observatory.registers import (
    ESTABLISHMENTS,
    FIXTURES,
    HISTORY,
    LINKS,
    OECD,
    UNITS,
    convert,
    rows,
)
from totem.observatory.register.layout import COLUMNS, RULES, Converted
from totem.observatory.register.published import LAYOUTS, FileKind

Row = dict[str, Any]


class Register:
    """The converted files: rows by their number, which digits 7 and 8 of the SIREN are."""

    def __init__(self, folder: Path, found: Converted) -> None:
        self.folder = folder
        self.found = found

    def all(self, file: str, select: str = "FROM it") -> list[Row]:
        return rows(self.folder / f"{file}.parquet", select)

    def of(self, number: int) -> list[Row]:
        return self.all("establishments", f"FROM it WHERE siren[7:8] = '{number:02}' ORDER BY siret")

    def one(self, number: int) -> Row:
        (row,) = self.of(number)
        return row

    def series(self, commune: str, code: str) -> dict[int, tuple[int, int, int]]:
        """Stock, births and closures by year."""
        found = self.all("series", f"FROM it WHERE commune = '{commune}' AND code = '{code}'")
        return {row["year"]: (row["stock"], row["births"], row["closures"]) for row in found}


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Register:
    folder = tmp_path_factory.mktemp("register")
    return Register(folder, convert(folder, candidates=frozenset({"85.42Z", "64.30Z", "72.19Z"})))


def has(row: Row, rule: str) -> bool:
    return bool(row["rules"] >> RULES.index(rule) & 1)


# -- Columns and order ------------------------------------------------------------------------------------------------


def test_columns_and_types_are_those_that_answers_are_asked_of(register: Register) -> None:
    types = {
        row["column_name"]: row["column_type"]
        for row in register.all("establishments", "SELECT column_name, column_type FROM (DESCRIBE FROM it)")
    }
    assert tuple(types) == (*COLUMNS, "rules")
    others = {
        "employer": "BOOLEAN", "open": "BOOLEAN", "head_office": "BOOLEAN", "unit_open": "BOOLEAN",
        "estimated": "BOOLEAN", "band_year": "SMALLINT", "born": "SMALLINT", "closed": "SMALLINT",
        "processed": "SMALLINT", "lon": "DOUBLE", "lat": "DOUBLE", "created": "DATE", "rules": "INTEGER",
    }  # fmt: skip
    assert types == {name: others.get(name, "VARCHAR") for name in types}


def test_rows_are_sorted_for_reading(register: Register) -> None:
    def key(row: Row, *names: str) -> tuple[str, ...]:
        return tuple("~" if row[name] is None else row[name] for name in names)

    for file, names in (
        ("establishments", ("code", "commune")),
        ("cube", ("commune", "code")),
        ("sites", ("commune", "code")),
    ):
        keys = [key(row, *names) for row in register.all(file)]
        assert keys == sorted(keys), file


def test_the_published_columns_are_known_in_their_order() -> None:
    with ESTABLISHMENTS.open(encoding="utf-8") as file:
        assert tuple(next(csv.reader(file))) == LAYOUTS[FileKind.ESTABLISHMENTS].columns
    with UNITS.open(encoding="utf-8") as file:
        assert tuple(next(csv.reader(file))) == LAYOUTS[FileKind.UNITS].columns
    assert {kind: len(layout.columns) for kind, layout in LAYOUTS.items()} == {
        FileKind.ESTABLISHMENTS: 54, FileKind.UNITS: 35, FileKind.HISTORY: 18, FileKind.LINKS: 6,
        FileKind.GEOLOCATION: 19,
        FileKind.UNIT_HISTORY: 28, FileKind.DUPLICATES: 3,
    }  # fmt: skip


# -- Size and employer ------------------------------------------------------------------------------------------------


def test_no_employee_is_not_an_unknown_number(register: Register) -> None:
    assert register.one(9)["band"] == "NN"
    assert has(register.one(9), "non_employer")
    assert not has(register.one(9), "band_unknown")
    assert (register.one(39)["band"], register.one(39)["employer"]) == (None, None)
    assert has(register.one(39), "band_unknown")
    assert not has(register.one(39), "non_employer")
    assert register.found.quality["non_employer"] == sum(row["band"] == "NN" for row in register.all("establishments"))


def test_a_young_employer_has_no_band_yet(register: Register) -> None:
    row = register.one(2)
    assert (row["band"], row["employer"], row["estimated"]) == ("NN", True, True)
    assert has(row, "employer_flag_without_band")


def test_the_band_of_the_place_is_not_that_of_the_company(register: Register) -> None:
    office, rouen, _closed = register.of(3)
    assert [(row["band"], row["unit_band"], row["head_office"]) for row in (office, rouen)] == [
        ("11", "42", True),
        ("12", "42", False),
    ]
    assert office["category"] == "GE"


# -- Dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "rule"), [(9, "placeholder_date"), (10, "absurd_date"), (11, "absurd_date"), (12, "no_date")]
)
def test_a_date_that_cannot_be_is_not_known(register: Register, number: int, rule: str) -> None:
    row = register.one(number)
    assert (row["born"], row["created"]) == (None, None)
    assert [name for name in ("placeholder_date", "absurd_date", "no_date") if has(row, name)] == [rule]


def test_the_years_of_one_that_closed(register: Register) -> None:
    row = register.one(52)
    assert (row["born"], row["closed"], row["open"], row["unit_open"]) == (2016, 2024, False, False)
    assert row["lon"] is None, "a closed one is on no map"


# -- Diffusion and names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [13, 14])
def test_partial_diffusion_is_counted_neither_named_nor_placed(register: Register, number: int) -> None:
    row = register.one(number)
    assert (row["diffusion"], row["open"]) == ("P", True)
    assert {row[name] for name in ("name", "lon", "lat", "address")} == {None}
    assert row["commune"] in {"80021", "14118"}
    assert "[ND]" not in row.values()


def test_names_are_those_of_companies_and_signs(register: Register) -> None:
    assert register.one(1)["name"] == 'LOGICIELS FICTIFS « UN », "ÉDITIONS" & FILS'
    assert register.one(15)["name"] == "DEPANNAGE FICTIF", "a person: the sign, never the family name"
    assert register.one(17)["name"] is None, "purged"


# -- Activities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "nomenclature"), [(16, "NAFRev1"), (17, "NAF1993"), (18, "NAP")])
def test_a_code_of_an_older_list_is_not_a_code_of_today(register: Register, number: int, nomenclature: str) -> None:
    row = register.one(number)
    assert (row["code"], row["nomenclature"]) == (None, nomenclature)
    assert has(row, "old_nomenclature")


def test_the_bridge_holds_what_the_register_shows(register: Register) -> None:
    found = {(row["code"], row["code25"]) for row in register.all("bridge")}
    assert {("63.11Z", "63.10Y"), ("63.11Z", "60.39Y"), ("62.01Z", "58.29Y")} <= found
    assert register.one(42)["code25"] is None
    assert not has(register.one(42), "double_coded")
    assert sum(row["n"] for row in register.all("bridge")) == sum(
        row["code25"] is not None for row in register.all("sites", "FROM it WHERE code IN (" + quoted(OECD) + ")")
    ) + sum(row["code25"] is not None for row in (register.one(49), register.one(50), register.one(51)))


def test_other_activities_are_in_the_rows_not_in_the_cube(register: Register) -> None:
    assert register.one(48)["code"] == "70.22Z"
    for file in ("cube", "sites", "nation"):
        assert not [row for row in register.all(file) if row["code"] in {"70.22Z", "70.10Z", "64.20Z"}]
        assert [row for row in register.all(file) if row["code"] == "85.42Z"], "candidates are"


# -- Places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "commune"),
    [(19, "75056"), (20, "69123"), (21, "13055"), (22, "60209"), (23, "76476"), (24, "2A004"), (29, None)],
)
def test_communes_are_those_of_today(register: Register, number: int, commune: str | None) -> None:
    assert register.one(number)["commune"] == commune
    assert has(register.one(number), "folded_communes") == (number <= 23)
    assert has(register.one(number), "abroad") == (commune is None)


def test_a_commune_that_nobody_knows_is_said(tmp_path: Path) -> None:
    strange = tmp_path / "strange.csv"
    strange.write_text(ESTABLISHMENTS.read_text(encoding="utf-8").replace(",76476,", ",99999,"), encoding="utf-8")
    strange.write_text(strange.read_text(encoding="utf-8").replace(",2A004,", ",2A999,"), encoding="utf-8")
    found = convert(tmp_path / "layout", (strange, UNITS))
    assert found.quality["unknown_commune"] == 1
    assert register_of(tmp_path / "layout", found).one(24)["commune"] is None


def test_departments_are_not_the_first_characters(register: Register) -> None:
    assert {"2A", "972", "973", "974", "976"} <= register.found.totals["department"].keys()


TERRITORIES = {  # commune, its projection, a box inside it (west, south, east, north)
    "80021": (2154, (-4.9, 42.0, 8.2, 51.0)),
    "2A004": (2154, (8.5, 41.3, 9.6, 43.0)),
    "97105": (5490, (-61.8, 15.8, -61.0, 16.5)),
    "97209": (5490, (-61.3, 14.3, -60.8, 14.9)),
    "97302": (2972, (-54.6, 2.2, -51.6, 5.8)),
    "97411": (2975, (55.2, -21.4, 55.9, -20.8)),
    "97611": (4471, (45.0, -13.0, 45.3, -12.6)),
}


def test_projections_are_those_of_proj_everywhere_in_france(tmp_path: Path) -> None:
    """A grid of points over each territory, projected by PROJ and read back by ours, to a millionth of a degree."""
    columns = LAYOUTS[FileKind.ESTABLISHMENTS].columns
    wanted: dict[str, tuple[float, float]] = {}
    with (tmp_path / "points.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        for number, (commune, lon, lat, x, y) in enumerate(grid()):
            siret = f"{number:014}"
            wanted[siret] = (lon, lat)
            table.writerow({
                "siret": siret, "siren": siret[:9], "codeCommuneEtablissement": commune,
                "statutDiffusionEtablissement": "O", "etatAdministratifEtablissement": "A",
                "coordonneeLambertAbscisseEtablissement": f"{x:.4f}",
                "coordonneeLambertOrdonneeEtablissement": f"{y:.4f}",
            })  # fmt: skip
    convert(tmp_path / "layout", (tmp_path / "points.csv", UNITS))
    found = rows(tmp_path / "layout" / "establishments.parquet")
    assert len(found) == len(wanted)
    for row in found:
        assert (row["lon"], row["lat"]) == pytest.approx(wanted[row["siret"]], abs=1e-6)


def grid() -> Iterator[tuple[str, float, float, float, float]]:
    for commune, (epsg, (west, south, east, north)) in TERRITORIES.items():
        there = pyproj.Transformer.from_crs(
            4171 if epsg == 2154 else pyproj.CRS(epsg).geodetic_crs, epsg, always_xy=True
        )
        for i in range(9):
            for j in range(9):
                lon, lat = west + (east - west) * i / 8, south + (north - south) * j / 8
                yield commune, lon, lat, *there.transform(lon, lat)


@pytest.mark.parametrize(
    ("number", "place"),
    [(25, (55.45, -20.88)), (26, (-61.07, 14.61)), (27, (-52.33, 4.93)), (28, (45.23, -12.78)), (24, (8.74, 41.92))],
)
def test_coordinates_are_read_in_the_projection_of_the_place(
    register: Register, number: int, place: tuple[float, float]
) -> None:
    assert (register.one(number)["lon"], register.one(number)["lat"]) == pytest.approx(place, abs=1e-6)


def test_the_geolocation_file_places_and_a_random_point_is_none(register: Register) -> None:
    assert (register.one(2)["lon"], register.one(2)["lat"]) == (2.30099, 49.90049)
    assert register.one(43)["lon"] == 3.29, "the register masks it, the geolocation file does not"
    assert has(register.one(43), "masked_coordinates")
    assert register.one(44)["lon"] is None
    assert has(register.one(44), "random_coordinates")


def test_a_point_outside_its_territory_is_no_place(tmp_path: Path) -> None:
    strange = tmp_path / "strange.csv"
    text = ESTABLISHMENTS.read_text(encoding="utf-8").replace("1176777.18,6108370.55", "8.74,41.92")
    strange.write_text(text, encoding="utf-8")
    found = convert(tmp_path / "layout", (strange, UNITS))
    row = register_of(tmp_path / "layout", found).one(24)
    assert (row["lon"], row["lat"]) == (None, None)
    assert found.quality["impossible_coordinates"] == 1


# -- Open in law, open in fact ----------------------------------------------------------------------------------------


def test_asleep_for_twenty_years_is_registered_but_not_estimated_active(register: Register) -> None:
    assert (register.one(41)["open"], register.one(41)["estimated"]) == (True, False)
    assert has(register.one(41), "registered_only")


def test_open_in_a_unit_that_ceased(register: Register) -> None:
    assert (register.one(45)["open"], register.one(45)["unit_open"], register.one(45)["estimated"]) == (
        True, False, False,
    )  # fmt: skip
    assert has(register.one(45), "open_of_closed_unit")


# -- Cubes ------------------------------------------------------------------------------------------------------------


def test_the_cube_adds_up_to_the_rows(register: Register) -> None:
    chosen = OECD | {"85.42Z", "64.30Z", "72.19Z"}
    every = [row for row in register.all("establishments") if row["code"] in chosen]
    assert sum(cell["n"] for cell in register.all("cube")) == len(every)
    assert len(register.all("sites")) == sum(row["open"] for row in every)
    assert sum(cell["n"] for cell in register.all("cube") if cell["placed"]) == sum(
        row["lon"] is not None for row in every
    )
    assert sum(row["establishments"] for row in register.all("nation")) == sum(
        row["open"] and row["commune"] is not None for row in every
    ), "abroad is not in the country"


def test_totals_of_all_activities(register: Register) -> None:
    (rouen,) = register.all("totals", "FROM it WHERE commune = '76540'")
    assert (rouen["establishments"], rouen["head_offices"], rouen["employers"]) == (9, 8, 2)
    assert register.found.totals["state"] == {"A": 49, "F": 9}
    assert sum(register.found.totals["department"].values()) == 48


def test_addresses_of_many_units_without_an_employer(register: Register, tmp_path: Path) -> None:
    assert register.all("addresses") == []
    crowded = tmp_path / "crowded.csv"
    lines = ESTABLISHMENTS.read_text(encoding="utf-8").splitlines(keepends=True)
    one = next(line for line in lines if line.startswith("289000358"))
    crowd = [
        one.replace("28900035800019", f"2891{number:05}00019").replace("289000358", f"2891{number:05}")
        for number in range(20)
    ]
    crowded.write_text("".join([*lines, *crowd]), encoding="utf-8")
    found = convert(tmp_path / "layout", (crowded, UNITS))
    assert rows(tmp_path / "layout" / "addresses.parquet") == [
        {"commune": "76540", "address": "1 RUE DE LA DOMICILIATION FICTIVE", "units": 23}
    ]
    assert found.quality["domiciliation"] == 23


# -- Series -----------------------------------------------------------------------------------------------------------


def test_a_death_and_a_birth(register: Register) -> None:
    series = register.series("76351", "58.21Z")
    assert series[2016] == (1, 1, 0)
    assert series[2023] == (1, 0, 0)
    assert series[2024] == (0, 0, 1)
    assert 2025 not in series
    assert 2015 not in series


def test_a_reopening_is_a_birth_and_the_gap_is_seen(register: Register) -> None:
    series = register.series("14118", "62.01Z")
    assert [series.get(year) for year in (2012, 2014, 2015, 2016, 2017, 2026)] == [
        (1, 1, 0), (1, 0, 0), (0, 0, 1), None, (1, 1, 0), (1, 0, 0),
    ]  # fmt: skip


def test_a_move_is_neither_a_birth_nor_a_closure(register: Register) -> None:
    amiens = register.series("80021", "62.01Z")
    assert (amiens[2020], amiens[2021], amiens[2022]) == ((3, 0, 0), (3, 0, 0), (3, 0, 0))
    assert register.series("60057", "62.02A")[2020] == (1, 0, 0)
    assert register.series("75056", "62.02A")[2020] == (1, 0, 0), "unit 40 stays, unit 5 has left"
    assert register.series("02722", "95.11Z")[2018] == (1, 0, 0), "taken over"
    assert [tuple(row.values()) for row in register.all("moves")] == [
        (2018, "02722", "95.11Z", "02722", "95.11Z", 1),
        (2020, "75056", "62.02A", "60057", "62.02A", 1),
        (2021, "80021", "62.01Z", "80021", "62.01Z", 1),
        (2022, "60159", "63.11Z", "76540", "63.11Z", 1),
    ]


def test_without_the_links_moves_look_like_births_and_closures(tmp_path: Path) -> None:
    found = register_of(tmp_path, convert(tmp_path, (ESTABLISHMENTS, UNITS, HISTORY)))
    assert found.series("80021", "62.01Z")[2021] == (3, 1, 1)
    assert found.all("moves") == []


def test_an_older_nomenclature_joins_end_to_end_without_a_birth(register: Register) -> None:
    series = register.series("02691", "61.10Z")
    assert series[2010] == (1, 0, 0)
    assert all(births == 0 for _stock, births, _closures in series.values())
    assert register.found.quality["old_nomenclature_periods"] > 0


def test_the_last_year_stands_on_the_day_of_the_stock(tmp_path: Path) -> None:
    """Unit 52 closed on 31 July 2024: a stock of 1 July has it."""
    early = register_of(tmp_path, convert(tmp_path, stock_date=date(2024, 7, 1)))
    assert early.series("76351", "58.21Z")[2024] == (1, 0, 0)
    assert max(row["year"] for row in early.all("series")) == 2024


def test_without_history_series_are_read_from_the_present(tmp_path: Path) -> None:
    found = register_of(tmp_path, convert(tmp_path, (ESTABLISHMENTS, UNITS, LINKS)))
    assert found.series("76351", "58.21Z")[2024] == (0, 0, 1)
    assert found.series("80021", "62.01Z")[2021] == (3, 0, 0)
    assert found.series("14118", "62.01Z")[2016] == (1, 0, 0), "the gap of the reopening cannot be seen"


# -- Files as they are published --------------------------------------------------------------------------------------


def test_blanks_in_the_header_are_no_harm(tmp_path: Path) -> None:
    found = convert(tmp_path, (FIXTURES / "entete_avec_blancs.csv", UNITS))
    assert found.rows == 20


# The columns of establishments and of legal units since 2019: 48 and 33, then 53 and 34, then 54 and 35.
SINCE_2024 = {
    "dernierNumeroVoieEtablissement", "indiceRepetitionDernierNumeroVoieEtablissement",
    "identifiantAdresseEtablissement", "coordonneeLambertAbscisseEtablissement",
    "coordonneeLambertOrdonneeEtablissement", "societeMissionUniteLegale",
}  # fmt: skip
SINCE_2025 = {"activitePrincipaleNAF25Etablissement", "activitePrincipaleNAF25UniteLegale"}


def without_columns(path: Path, target: Path, left: set[str]) -> int:
    """The file without these columns; how many are left."""
    with path.open(encoding="utf-8", newline="") as source, target.open("w", encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(source)
        kept = [number for number, column in enumerate(header) if column not in left]
        csv.writer(file, lineterminator="\n").writerows([row[number] for number in kept] for row in (header, *lines))
    return len(kept)


@pytest.mark.parametrize(("left", "columns"), [(SINCE_2025, (53, 34)), (SINCE_2024 | SINCE_2025, (48, 33))])
def test_every_layout_since_2019_is_read(
    register: Register, tmp_path: Path, left: set[str], columns: tuple[int, int]
) -> None:
    files = (tmp_path / "establishments.csv", tmp_path / "units.csv")
    assert (
        tuple(without_columns(path, to, left) for path, to in zip((ESTABLISHMENTS, UNITS), files, strict=True))
        == columns
    )
    found = convert(tmp_path / "layout", (*files, HISTORY, LINKS))
    assert (found.rows, found.totals, found.quality["double_coded"]) == (58, register.found.totals, 0)
    made = rows(tmp_path / "layout" / "establishments.parquet")
    assert {row["code25"] for row in made} == {None}
    placed = [row["siret"] for row in made if row["lon"] is not None]
    if left > SINCE_2024:
        # All that are open and in full diffusion: without the column none is masked, and none has a place.
        assert (placed, found.quality["no_coordinates"]) == ([], sum(r["open"] and r["diffusion"] == "O" for r in made))


def test_csv_and_parquet_give_the_same(tmp_path: Path) -> None:
    texts = (
        "siret",
        "siren",
        "nic",
        "nicSiegeUniteLegale",
        "siretEtablissementPredecesseur",
        "siretEtablissementSuccesseur",
    )
    for name in (
        ESTABLISHMENTS,
        UNITS,
        HISTORY,
        LINKS,
    ):  # dates, numbers and booleans are typed, as in the official ones
        with name.open(encoding="utf-8") as file, duckdb.connect() as connection:
            header = next(csv.reader(file))
            types = ", ".join(f"'{text}': 'VARCHAR'" for text in texts if text in header)
            connection.execute(
                f"COPY (FROM read_csv('{name}', types = {{{types}}})) TO '{tmp_path / name.stem}.parquet'"
            )
    found = convert(tmp_path / "layout", sorted(tmp_path.glob("*.parquet")))
    again = convert(tmp_path / "again", (ESTABLISHMENTS, UNITS, HISTORY, LINKS))
    assert found == again
    for file in ("establishments", "cube", "series", "moves"):
        assert rows(tmp_path / "layout" / f"{file}.parquet", "FROM it ORDER BY ALL") == rows(
            tmp_path / "again" / f"{file}.parquet", "FROM it ORDER BY ALL"
        )


def register_of(folder: Path, found: Converted) -> Register:
    return Register(folder, found)


def quoted(codes: frozenset[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


@pytest.mark.parametrize("change", [
    lambda text: "\ufeff" + text,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("DU MODELE", '"DU\nMODELE"', 1),
    lambda text: "\n".join(";".join(row) for row in csv.reader(text.splitlines())) + "\n",
], ids=["byte order mark", "Windows line ends", "line end in a value", "semicolons"])  # fmt: skip
def test_the_same_table_written_otherwise_is_the_same(
    register: Register, tmp_path: Path, change: Callable[[str], str]
) -> None:
    strange = tmp_path / "strange.csv"
    strange.write_bytes(change(ESTABLISHMENTS.read_text(encoding="utf-8")).encode())
    found = convert(tmp_path / "layout", (strange, UNITS))
    assert found.rows == 58
    assert found.totals == register.found.totals
    assert found.quality["double_coded"] == 48
