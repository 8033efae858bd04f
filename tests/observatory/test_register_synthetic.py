"""The synthetic register: the published columns, believable proportions, exact targets, one seed the same bytes."""

import hashlib
import zipfile
from pathlib import Path

import duckdb
import pytest
import shapely

from tests.factories.territories import CommuneFactory
from totem.observatory.models import Activity, Nomenclature
from totem.observatory.nomenclature import read_bands, read_bridge
from totem.observatory.register.published import LAYOUTS, FileKind
from totem.observatory.register.synthetic.files import FILES, Synthesis, synthesise
from totem.observatory.register.synthetic.reference import Reference, SyntheticCommune, reference_from_database
from totem.observatory.register.synthetic.targets import Targets, TargetsWrong, read_targets
from totem.territories.models import Level, Outline

DEMO = Path(__file__).parents[2] / "demo" / "observatory" / "register.toml"
FIXTURES = Path(__file__).parent / "fixtures"
# The activities beside the digital ones: some of the commonest.
COMMON = """
    01.11Z 10.71C 41.20A 43.21A 43.39Z 45.20A 47.11B 47.91B 49.41A 53.20Z 56.10A 56.10C 58.14Z 64.20Z 68.20A 68.20B
    69.10Z 70.10Z 70.22Z 71.12B 72.19Z 74.10Z 77.11A 81.10Z 82.99Z 85.42Z 85.59A 86.21Z 90.03A 93.12Z 94.99Z
    96.02A 96.09Z
"""
PLACES = """
    80021 Amiens 80 248000531 134000|80001 Abbeville 80 200070993 22000|02691 Saint-Quentin 02 200071892 53000
    60057 Beauvais 60 200067999 55000|60159 Compiègne 60 200067965 41000|02722 Soissons 02 246000582 28000
    76540 Rouen 76 200023414 116000|76498 Le-Petit-Quevilly 76 200023414 22000|14118 Caen 14 200065597 109000
    76351 Le-Havre 76 200084952 166000|75056 Paris 75 200054781 2100000|69123 Lyon 69 200046977 519000
    13055 Marseille 13 200054807 886000|31555 Toulouse 31 243100518 510000|59350 Lille 59 200093201 238000
    33063 Bordeaux 33 243300316 265000|2A004 Ajaccio 2A 242010056 76000|97411 Saint-Denis 974 249740119 155000
    97209 Fort-de-France 972 249720061 75000|97302 Cayenne 973 249730045 65000|35238 Rennes 35 243500139 227000
"""


@pytest.fixture(scope="module")
def reference() -> Reference:
    rows = [row.split() for row in PLACES.replace("\n", "|").split("|") if row.strip()]
    bridge = [(pair.rev2, pair.naf2025) for pair in read_bridge()]
    return Reference(
        communes=[
            SyntheticCommune(code, name.replace("-", " "), department, epci, f"{department:0<5}", int(people))
            for code, name, department, epci, people in rows
        ],
        activities=sorted({*COMMON.split(), *(rev2 for rev2, _naf2025 in bridge)}),
        bridge=bridge,
    )


@pytest.fixture(scope="module")
def register(tmp_path_factory, reference) -> Synthesis:
    folder = tmp_path_factory.mktemp("register")
    return synthesise(folder, rows=20_000, seed=1, reference=reference, formats=("csv", "zip", "parquet"))


@pytest.fixture(scope="module")
def con(register) -> duckdb.DuckDBPyConnection:
    return read(register.files[0].parent)


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory, reference) -> tuple[Targets, duckdb.DuckDBPyConnection]:
    """The demonstration's companies, with few others around them."""
    targets = read_targets(DEMO, reference)
    folder = tmp_path_factory.mktemp("demonstration")
    synthesise(folder, rows=12_000, seed=targets.seed, reference=reference, targets=targets, stock=targets.stock)
    return targets, read(folder)


def read(folder: Path) -> duckdb.DuckDBPyConnection:
    """The CSV files of a folder as text, one table each: establishments, units, history, links."""
    con = duckdb.connect()
    for view, name in zip(("establishments", "units", "history", "links"), FILES, strict=True):
        con.execute(f"CREATE TABLE {view} AS FROM read_csv('{folder / name}_utf8.csv', all_varchar = true)")
    return con


def only(con: duckdb.DuckDBPyConnection, query: str, *values):
    [row] = con.execute(query, list(values)).fetchall()
    return row[0] if len(row) == 1 else row


def luhn(digits: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


class TestFiles:
    def test_each_comes_in_each_format_and_nothing_else_stays(self, register):
        folder = register.files[0].parent
        assert {file.name for file in folder.iterdir()} == {
            f"{name}_utf8.{form}" for name in FILES for form in ("csv", "zip", "parquet")
        }
        assert register.rows["StockEtablissement"] == 20_000

    @pytest.mark.parametrize("name", FILES)
    def test_columns_are_the_published_ones_in_their_order(self, register, name):
        folder = register.files[0].parent
        with (folder / f"{name}_utf8.csv").open(encoding="utf-8") as file:
            assert tuple(file.readline().strip().split(",")) == LAYOUTS[FileKind(name)].columns
        parquet = duckdb.sql(f"FROM read_parquet('{folder / name}_utf8.parquet')")
        assert tuple(parquet.columns) == LAYOUTS[FileKind(name)].columns

    @pytest.mark.parametrize("name", FILES)
    def test_the_zip_holds_the_csv_and_only_it(self, register, name):
        folder = register.files[0].parent
        with zipfile.ZipFile(folder / f"{name}_utf8.zip") as archive:
            assert archive.namelist() == [f"{name}_utf8.csv"]
            assert archive.read(f"{name}_utf8.csv") == (folder / f"{name}_utf8.csv").read_bytes()

    def test_parquet_has_the_published_types(self, register):
        table = duckdb.sql(f"FROM read_parquet('{register.files[0].parent}/StockEtablissement_utf8.parquet')")
        types = dict(zip(table.columns, map(str, table.types), strict=True))
        told = {name: type_ for name, type_ in types.items() if type_ != "VARCHAR"}
        assert told == {
            "dateCreationEtablissement": "DATE",
            "anneeEffectifsEtablissement": "BIGINT",
            "dateDernierTraitementEtablissement": "TIMESTAMP",
            "etablissementSiege": "BOOLEAN",
            "nombrePeriodesEtablissement": "BIGINT",
            "dateDebut": "DATE",
        }

    def test_values_are_written_as_published(self, con):
        assert only(
            con,
            """SELECT bool_and(etablissementSiege IN ('true', 'false'))
               AND bool_and(regexp_full_match(dateDebut, '\\d{4}-\\d\\d-\\d\\d'))
               AND bool_and(regexp_full_match(dateDernierTraitementEtablissement,
                                              '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d'))
               AND bool_and(length(siret) = 14) AND bool_and(siren || nic = siret) FROM establishments""",
        )


class TestSeed:
    def test_the_same_seed_gives_the_same_bytes(self, tmp_path, reference):
        for name, seed in (("one", 5), ("same", 5), ("other", 6)):
            synthesise(tmp_path / name, rows=3_000, seed=seed, reference=reference, formats=("csv", "zip"))
        assert digests(tmp_path / "one") == digests(tmp_path / "same")
        one, other = digests(tmp_path / "one"), digests(tmp_path / "other")
        assert all(one[name] != other[name] for name in one)

    @pytest.mark.parametrize("rows", [1, 7, 2_201])
    def test_any_number_of_rows(self, tmp_path, reference, rows):
        made = synthesise(tmp_path, rows=rows, seed=1, reference=reference)
        con = read(tmp_path)
        assert made.rows["StockEtablissement"] == rows
        assert only(con, "SELECT count(*) FROM units") == only(con, "SELECT count(DISTINCT siren) FROM establishments")


class TestRows:
    def test_numbers_pass_luhn_and_no_company_has_them(self, con):
        rows = con.execute("SELECT siren, siret FROM establishments LIMIT 2000").fetchall()
        assert all(luhn(siren) and luhn(siret) for siren, siret in rows)
        assert only(con, "SELECT count(DISTINCT siret) FROM establishments") == 20_000
        assert only(con, "SELECT bool_and(siren[1:2] IN ('28', '29')) FROM establishments")

    @pytest.mark.parametrize(
        ("share", "condition"),
        [
            (0.381, "etatAdministratifEtablissement = 'A'"),
            (0.056, "etatAdministratifEtablissement = 'A' AND caractereEmployeurEtablissement = 'O'"),
            (0.24, "statutDiffusionEtablissement = 'P'"),
            (0.95, "trancheEffectifsEtablissement = 'NN'"),
            (0.68, "etablissementSiege = 'true'"),
            (0.012, "dateCreationEtablissement = '1900-01-01'"),
            (0.003, "codeCommuneEtablissement IS NULL"),
        ],
    )
    def test_proportions_are_the_reported_ones(self, con, share, condition):
        found = only(con, f"SELECT avg(CASE WHEN {condition} THEN 1 ELSE 0 END) FROM establishments")  # noqa: S608
        assert found == pytest.approx(share, rel=0.1, abs=0.003)

    def test_what_is_not_rediffused_is_masked(self, con):
        assert only(
            con,
            """SELECT bool_and(denominationUsuelleEtablissement = '[ND]' AND enseigne1Etablissement = '[ND]')
               AND bool_and(codeCommuneEtablissement IS NULL OR coordonneeLambertAbscisseEtablissement = '[ND]')
               FROM establishments WHERE statutDiffusionEtablissement = 'P'""",
        )

    def test_names_say_that_they_are_made_up(self, con):
        assert only(
            con,
            """SELECT bool_and(coalesce(denominationUniteLegale, nomUniteLegale, 'FICTIF') ~ '.*(FICTI[FV]|\\[ND\\]).*')
               AND bool_and(coalesce(prenom1UniteLegale, 'NUMERO') IN ('NUMERO', '[ND]')) FROM units""",
        )

    def test_each_unit_has_one_head_office_which_says_the_same(self, con):
        wrong = """SELECT count(*) FROM units u
            LEFT JOIN establishments e ON e.siren = u.siren AND e.nic = u.nicSiegeUniteLegale
            WHERE e.etablissementSiege IS DISTINCT FROM 'true'
               OR e.activitePrincipaleEtablissement <> u.activitePrincipaleUniteLegale
               OR (e.etatAdministratifEtablissement = 'A') <> (u.etatAdministratifUniteLegale = 'A')"""
        assert only(con, wrong) == 0
        assert only(con, "SELECT count(*) FROM establishments WHERE etablissementSiege = 'true'") == only(
            con, "SELECT count(*) FROM units"
        )

    def test_old_nomenclatures_are_on_closed_rows_only(self, con):
        rows = con.execute(
            """SELECT nomenclatureActivitePrincipaleEtablissement,
                   count(*) FILTER (etatAdministratifEtablissement = 'A') FROM establishments GROUP BY ALL"""
        ).fetchall()
        open_rows = dict(rows)
        assert set(open_rows) == {"NAFRev2", "NAFRev1", "NAF1993", "NAP"}
        assert sum(count for name, count in open_rows.items() if name != "NAFRev2") == 0

    def test_big_cities_are_coded_by_district(self, con):
        assert (
            only(
                con, "SELECT count(*) FROM establishments WHERE codeCommuneEtablissement IN ('75056', '69123', '13055')"
            )
            == 0
        )
        assert (
            only(
                con,
                """SELECT count(DISTINCT codeCommuneEtablissement) FROM establishments
                   WHERE codeCommuneEtablissement ^@ '751'""",
            )
            == 20
        )

    def test_coordinates_are_in_the_projection_of_the_territory(self, con):
        inside = {
            "80": (620_000, 680_000, 6_900_000, 7_040_000),
            "974": (310_000, 390_000, 7_630_000, 7_710_000),
            "972": (680_000, 740_000, 1_580_000, 1_660_000),
        }
        for department, (west, east, south, north) in inside.items():
            low_x, high_x, low_y, high_y = only(
                con,
                """SELECT min(x), max(x), min(y), max(y) FROM (
                       SELECT coordonneeLambertAbscisseEtablissement::DOUBLE AS x,
                              coordonneeLambertOrdonneeEtablissement::DOUBLE AS y
                       FROM establishments
                       WHERE codeCommuneEtablissement ^@ ? AND coordonneeLambertAbscisseEtablissement <> '[ND]')""",
                department,
            )
            assert west < low_x <= high_x < east
            assert south < low_y <= high_y < north

    def test_later_codes_follow_the_official_bridge_with_its_splits(self, con):
        seen = con.execute(
            """SELECT activitePrincipaleEtablissement, list(DISTINCT activitePrincipaleNAF25Etablissement)
               FROM establishments WHERE nomenclatureActivitePrincipaleEtablissement = 'NAFRev2'
               AND activitePrincipaleNAF25Etablissement IS NOT NULL GROUP BY 1"""
        ).fetchall()
        later = dict(seen)
        assert set(later["63.11Z"]) == {"63.10Y", "60.39Y", "60.20H"}
        assert set(later["62.03Z"]) == {"62.20H"}
        assert set(later["62.01Z"]) > {"62.10Y"}


class TestHistory:
    def test_periods_join_end_to_end_and_the_last_is_the_present(self, con):
        gaps = """SELECT count(*) FROM (SELECT dateFin::DATE AS ends,
                lead(dateDebut::DATE) OVER (PARTITION BY siret ORDER BY dateDebut) AS next FROM history)
            WHERE next IS NOT NULL AND ends IS DISTINCT FROM next - 1"""
        assert only(con, gaps) == 0
        differ = """SELECT count(*) FROM history h JOIN establishments e USING (siret) WHERE h.dateFin IS NULL
            AND (h.dateDebut, h.etatAdministratifEtablissement, h.activitePrincipaleEtablissement)
                IS DISTINCT FROM (e.dateDebut, e.etatAdministratifEtablissement, e.activitePrincipaleEtablissement)"""
        assert only(con, differ) == 0
        counts = """SELECT count(*) FROM establishments JOIN (SELECT siret, count(*) AS n FROM history GROUP BY 1) p
            USING (siret) WHERE nombrePeriodesEtablissement::INTEGER <> n"""
        assert only(con, counts) == 0

    def test_some_closed_and_opened_again(self, con):
        again = """SELECT count(*) FROM history h JOIN establishments e USING (siret)
            WHERE h.etatAdministratifEtablissement = 'F' AND e.etatAdministratifEtablissement = 'A'"""
        assert only(con, again) > 0

    def test_links_go_from_a_closed_site_to_the_next_of_the_unit(self, con):
        links, sound, transfers = only(
            con,
            """SELECT count(*), count(*) FILTER (p.etatAdministratifEtablissement = 'F'
                   AND p.dateDebut = dateLienSuccession AND p.siren = s.siren),
                   count(*) FILTER (transfertSiege = 'true' AND s.etablissementSiege = 'true')
               FROM links JOIN establishments p ON p.siret = siretEtablissementPredecesseur
               JOIN establishments s ON s.siret = siretEtablissementSuccesseur""",
        )
        assert links == only(con, "SELECT count(*) FROM links") == sound > 0
        assert transfers == only(con, "SELECT count(*) FROM links WHERE transfertSiege = 'true'") > 0


def head_offices(con: duckdb.DuckDBPyConnection, communes: tuple[str, ...], codes: tuple[str, ...]) -> int:
    return only(
        con,
        """SELECT count(DISTINCT siren) FROM establishments
           WHERE etatAdministratifEtablissement = 'A' AND etablissementSiege = 'true'
             AND list_contains(?, codeCommuneEtablissement) AND list_contains(?, activitePrincipaleEtablissement)""",
        communes,
        codes,
    )


class TestTargets:
    def test_picardie_has_its_2400_companies_branch_by_branch(self, demonstration):
        targets, con = demonstration
        picardie = targets.territories[0]
        found = {branch: head_offices(con, picardie.communes, codes) for branch, codes in targets.codes.items()}
        assert found == picardie.branches
        assert sum(found.values()) == 2_400
        assert sum(map(len, targets.codes.values())) == 24

    def test_normandy_has_its_1235_firms_and_its_jobs_within_the_bands(self, demonstration):
        targets, con = demonstration
        codes = tuple(code for branch in targets.codes.values() for code in branch)
        communes = tuple(code for territory in targets.territories[1:] for code in territory.communes)
        assert head_offices(con, communes, codes) == 1_235
        rows = con.execute(
            """SELECT trancheEffectifsEtablissement, count(*), count(DISTINCT siren) FROM establishments
               WHERE etatAdministratifEtablissement = 'A' AND list_contains(?, codeCommuneEtablissement)
                 AND list_contains(?, activitePrincipaleEtablissement) GROUP BY 1""",
            [communes, codes],
        ).fetchall()
        bands = {band.code: band for band in read_bands()}
        least = sum(bands[code].least * count for code, count, _units in rows)
        most = sum(bands[code].most * count for code, count, _units in rows)
        assert least <= 10_690 <= most

    def test_no_company_of_elsewhere_counts_there(self, demonstration):
        targets, con = demonstration
        codes = tuple(targets.reserved)
        for territory in targets.territories:
            units = only(
                con,
                """SELECT count(DISTINCT siren) FROM establishments WHERE etatAdministratifEtablissement = 'A'
                   AND list_contains(?, codeCommuneEtablissement)
                   AND list_contains(?, activitePrincipaleEtablissement)""",
                territory.communes,
                codes,
            )
            assert units == territory.companies

    def test_large_accounts_are_at_caen_and_le_havre_and_not_at_rouen(self, demonstration):
        targets, con = demonstration
        codes = tuple(targets.reserved)
        large = {
            territory.name: only(
                con,
                """SELECT count(*) FROM units JOIN establishments USING (siren)
                   WHERE categorieEntreprise IN ('ETI', 'GE') AND etatAdministratifEtablissement = 'A'
                     AND list_contains(?, codeCommuneEtablissement)
                     AND list_contains(?, activitePrincipaleEtablissement)""",
                territory.communes,
                codes,
            )
            for territory in targets.territories[1:]
        }
        assert large["Métropole Rouen Normandie"] == 0
        assert large["Caen la mer"] > 0
        assert large["Le Havre Seine Métropole"] > 0


class TestTargetsWrong:
    def read(self, tmp_path: Path, reference: Reference, old: str, new: str) -> Targets:
        text = DEMO.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "register.toml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return read_targets(path, reference)

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("seed = 2014\n", "", "seed is missing"),
            ('departments = ["02", "60", "80"]', 'departments = ["99"]', "Picardie: no commune"),
            ("electronics = 70", "elsewhere = 70", "no branch elsewhere"),
            ("00 = 30", "04 = 30", "no headcount band 04"),
            ("01 = 320", "01 = 3200", "more employers than companies"),
            ("rows = 120_000", "rows = ", "register.toml"),
        ],
    )
    def test_the_message_names_what(self, tmp_path, reference, old, new, said):
        with pytest.raises(TargetsWrong, match=said):
            self.read(tmp_path, reference, old, new)

    def test_too_few_rows(self, tmp_path, reference):
        targets = read_targets(DEMO, reference)
        with pytest.raises(TargetsWrong, match="more than 100"):
            synthesise(tmp_path, rows=100, seed=1, reference=reference, targets=targets)
        assert list(tmp_path.iterdir()) == []


class TestFixtures:
    @pytest.mark.parametrize("name", FILES)
    def test_have_the_published_columns(self, name):
        with (FIXTURES / f"{name}_utf8.csv").open(encoding="utf-8") as file:
            assert tuple(file.readline().strip().split(",")) == LAYOUTS[FileKind(name)].columns

    def test_hold_valid_numbers_that_agree(self):
        con = read(FIXTURES)
        rows = con.execute("SELECT siren, siret FROM establishments").fetchall()
        assert all(luhn(siren) and luhn(siret) and siren.startswith("289") for siren, siret in rows)
        assert only(con, "SELECT count(*) FROM units u LEFT JOIN establishments e ON e.siren = u.siren"
                         " AND e.nic = u.nicSiegeUniteLegale WHERE e.siret IS NULL") == 0  # fmt: skip
        assert only(con, "SELECT count(DISTINCT siret) FROM history") == len(rows)


class TestReferenceFromDatabase:
    def test_gives_places_with_a_point_inside_them_and_the_activities(self, db):
        square = shapely.box(2.2, 49.8, 2.4, 50.0)
        CommuneFactory(code="80021", population=134_000, postcodes=["80000", "80080"])
        CommuneFactory(code="80001", name="Abbeville", population=None, postcodes=[])
        CommuneFactory(code="80999", name="Ancienne", current=False)
        Outline.objects.create(
            level=Level.COMMUNE,
            code="80021",
            shape=square.wkb,
            west=2.2,
            south=49.8,
            east=2.4,
            north=50.0,
            area_km2=318,
        )
        Activity.objects.create(nomenclature=Nomenclature.REV2, code="62.01Z", label="Programmation informatique")
        Activity.objects.create(nomenclature=Nomenclature.NAF2025, code="62.10Y", label="Programmation informatique")
        reference = reference_from_database()
        abbeville, amiens = reference.communes
        assert (abbeville.postcode, abbeville.population, abbeville.longitude) == (None, 0, None)
        assert (amiens.code, amiens.department, amiens.postcode) == ("80021", "80", "80000")
        assert square.contains(shapely.Point(amiens.longitude, amiens.latitude))
        assert list(reference.activities) == ["62.01Z"]
        assert ("62.01Z", "62.10Y") in reference.bridge

    def test_without_outlines_nothing_is_placed(self, db):
        CommuneFactory()
        [commune] = reference_from_database().communes
        assert commune.longitude is None
