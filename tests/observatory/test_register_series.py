"""Series and moves against plain Python that looks at each establishment, day by day, on a made-up register."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.observatory.registers import COMMUNES, FORMER, OECD, STOCK_DATE, convert, rows
from totem.observatory import yearly
from totem.observatory.activities import Activities
from totem.observatory.engine import Scope
from totem.observatory.models import Nomenclature
from totem.observatory.nomenclature import read_bridge
from totem.observatory.register.synthetic.files import synthesise
from totem.observatory.register.synthetic.reference import Reference, SyntheticCommune
from totem.territories.places import Place

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


@pytest.fixture(scope="module")
def lives(made: tuple[Path, Path]) -> list[tuple[str, list[tuple[int, str | None, str | None, bool]]]]:
    """Of each establishment its commune, and by date: year, activity before and after, and if a link explains it."""
    folder, layout = made
    place = {row["siret"]: row["commune"] for row in rows(layout / "establishments.parquet")}
    before, after = links_of(folder, "Successeur"), links_of(folder, "Predecesseur")
    one, found = timedelta(days=1), []
    for siret, periods in open_periods(folder).items():
        events: list[Any] = []
        ordered = sorted(periods, key=lambda period: period[0])
        for (first, last, code), former, later in zip(
            ordered, [None, *ordered], [*(first for first, _last, _code in ordered[1:]), None], strict=False
        ):
            opens = former is None or (former[1] or STOCK_DATE) + one < first
            events.append(
                (first, None if opens or former is None else former[2], code, explained(before[siret], first))
            )
            if last and last < STOCK_DATE and (later is None or last + one < later):
                events.append((last + one, code, None, explained(after[siret], last + one)))
        found.append((place[siret], [(day.year, *rest) for day, *rest in events if day <= STOCK_DATE]))
    return found


CODES = sorted(OECD)
EVERYWHERE = [code for codes in COMMUNES.values() for code in codes]


@settings(max_examples=20)
@given(communes=st.sets(st.sampled_from(EVERYWHERE), min_size=1), codes=st.sets(st.sampled_from(CODES), min_size=1))
def test_what_entered_and_left_is_the_change_of_the_stock_of_every_place_and_year(made, lives, communes, codes):
    """What opens, closes and moves leaves is what takes up or gives up the activities, or is linked in another year."""
    stock: Any = SimpleNamespace(path=made[1], date=STOCK_DATE, complete=True)
    counted, whole = tuple(sorted(codes)), tuple(sorted(communes))
    branches = tuple(1 for _code in counted)
    activities = Activities(1, "essai", "Essai", 1, Nomenclature.REV2, counted, branches, ("Une",), counted, (), False)
    place = Place("dessin", "essai", "Essai", whole, None, None, None, whole, ())
    others: Counter[int] = Counter()
    for commune, events in lives:
        for year, former, code, linked in events if commune in communes else ():
            if linked or (former is not None and code is not None):
                others[year] += (code in codes) - (former in codes)
    found = yearly.series(Scope(stock, activities, place))
    for year in found:
        if year.before is not None:
            entered, left = year.births + year.arrivals, year.closures + year.departures
            assert year.stock == year.before + entered - left + year.others
            assert year.others == others[year.year] - year.arrivals + year.departures
