"""Series and moves against plain Python that looks at each establishment, day by day, on a made-up register."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.observatory.registers import COMMUNES, FORMER, OECD, STOCK_DATE, convert, rows
from totem.observatory.nomenclature import read_bridge
from totem.observatory.register.synthetic import Reference, SyntheticCommune, synthesise

LONG_AGO = date(1900, 1, 1)
Period = tuple[date, date | None, str | None]  # first day, last day, activity where it is counted
Key = tuple[str | None, str, int]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The published files of three thousand establishments, and their layout."""
    published, layout = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("layout")
    reference = Reference(
        communes=[
            SyntheticCommune(code, code, department, None, "80000", 10_000)
            for department, codes in COMMUNES.items()
            for code in codes
        ],
        activities=[*sorted(OECD), "70.22Z", "68.20A"],
        bridge=[(pair.rev2, pair.naf2025) for pair in read_bridge()],
    )
    synthesis = synthesise(published, rows=3_000, seed=7, reference=reference, stock=STOCK_DATE)
    convert(layout, synthesis.files)
    return published, layout


def published(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with (folder / f"{name}_utf8.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def day(text: str) -> date:
    try:
        read = date.fromisoformat(text)
    except ValueError:
        return LONG_AGO
    return read if date(1800, 1, 1) <= read <= STOCK_DATE.replace(year=STOCK_DATE.year + 1) else LONG_AGO


def open_periods(folder: Path) -> dict[str, list[Period]]:
    found: dict[str, list[Period]] = defaultdict(list)
    for row in published(folder, "StockEtablissementHistorique"):
        if row["etatAdministratifEtablissement"] == "A":
            code = row["activitePrincipaleEtablissement"]
            counted = row["nomenclatureActivitePrincipaleEtablissement"] == "NAFRev2" and code in OECD
            last = date.fromisoformat(row["dateFin"]) if row["dateFin"] else None
            found[row["siret"]].append((day(row["dateDebut"]), last, code if counted else None))
    return found


def is_open(periods: list[Period], on: date) -> bool:
    return any(first <= on and (last is None or on <= last) for first, last, _code in periods)


def links_of(folder: Path, end: str) -> dict[str, list[date]]:
    found: dict[str, list[date]] = defaultdict(list)
    for row in published(folder, "StockEtablissementLiensSuccession"):
        if "true" in {row["transfertSiege"], row["continuiteEconomique"]}:
            found[row[f"siretEtablissement{end}"]].append(date.fromisoformat(row["dateLienSuccession"]))
    return found


def explained(links: list[date], event: date) -> bool:
    return any(link.year == event.year or abs((link - event).days) <= 92 for link in links)


def test_series_are_those_of_looking_at_every_day(made: tuple[Path, Path]) -> None:
    folder, layout = made
    place = {}
    for row in published(folder, "StockEtablissement"):
        code = FORMER.get(row["codeCommuneEtablissement"], row["codeCommuneEtablissement"])
        place[row["siret"]] = code if any(code in codes for codes in COMMUNES.values()) else None
    before, after = links_of(folder, "Successeur"), links_of(folder, "Predecesseur")
    stock: Counter[Key] = Counter()
    births: Counter[Key] = Counter()
    closures: Counter[Key] = Counter()
    one = timedelta(days=1)
    for siret, periods in open_periods(folder).items():
        for first, last, code in periods:
            if code is None:
                continue
            for year in range(2010, STOCK_DATE.year + 1):
                if is_open([(first, last, code)], min(date(year, 12, 31), STOCK_DATE)):
                    stock[place[siret], code, year] += 1
            if first.year >= 2010 and first <= STOCK_DATE and not is_open(periods, first - one):
                births[place[siret], code, first.year] += not explained(before[siret], first)
            if last and (last + one).year >= 2010 and last < STOCK_DATE and not is_open(periods, last + one):
                closures[place[siret], code, (last + one).year] += not explained(after[siret], last + one)
    found = {(row["commune"], row["code"], row["year"]): row for row in rows(layout / "series.parquet")}
    for name, counted in (("stock", stock), ("births", births), ("closures", closures)):
        assert {key: row[name] for key, row in found.items() if row[name]} == {k: n for k, n in counted.items() if n}
        assert sum(counted.values()) > 100, f"too few {name} to mean something"


def test_every_link_with_a_digital_end_is_a_move(made: tuple[Path, Path]) -> None:
    folder, layout = made
    codes = {row["siret"]: row["code"] for row in rows(layout / "establishments.parquet")}
    moves = {
        (row["siretEtablissementPredecesseur"], row["siretEtablissementSuccesseur"], row["dateLienSuccession"])
        for row in published(folder, "StockEtablissementLiensSuccession")
        if "true" in {row["transfertSiege"], row["continuiteEconomique"]}
        and "2010" <= row["dateLienSuccession"][:4] <= "2026"
        and OECD & {codes.get(row["siretEtablissementPredecesseur"]), codes.get(row["siretEtablissementSuccesseur"])}
    }
    assert sum(row["n"] for row in rows(layout / "moves.parquet")) == len(moves) > 10
