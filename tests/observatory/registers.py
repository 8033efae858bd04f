"""The hand-written register of `fixtures/`, opened, converted, imported. Its README says what each row is there for."""

from collections.abc import Iterable, Set
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from tests.factories.territories import DepartmentFactory, RegionFactory
from totem.observatory.models import Stock
from totem.observatory.register import layout
from totem.observatory.register.importing import import_register
from totem.observatory.register.layout import Fold
from totem.observatory.register.sources import Given, opened
from totem.territories.models import Commune, FormerCommune

FIXTURES = Path(__file__).parent / "fixtures"
STOCK_DATE = date(2026, 11, 1)
NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
ESTABLISHMENTS = FIXTURES / "StockEtablissement_utf8.csv"
UNITS = FIXTURES / "StockUniteLegale_utf8.csv"
HISTORY = FIXTURES / "StockEtablissementHistorique_utf8.csv"
LINKS = FIXTURES / "StockEtablissementLiensSuccession_utf8.csv"
GEOLOCATION = FIXTURES / "geolocalisation.csv"
COMMUNES = {
    "02": ("02691", "02722"),
    "13": ("13055",),
    "14": ("14118",),
    "2A": ("2A004",),
    "60": ("60057", "60159", "60209"),
    "69": ("69123",),
    "75": ("75056",),
    "76": ("76351", "76476", "76498", "76540"),
    "80": ("80001", "80021"),
    "971": ("97105",),
    "972": ("97209",),
    "973": ("97302",),
    "974": ("97411",),
    "976": ("97611",),
}
FORMER = {
    "75102": "75056", "75110": "75056", "69386": "69123", "13205": "13055", "60080": "60209", "76031": "76476",
}  # fmt: skip
OECD = frozenset({
    "26.11Z", "26.12Z", "26.20Z", "26.30Z", "26.40Z", "26.80Z", "46.51Z", "46.52Z", "58.21Z", "58.29A", "58.29B",
    "58.29C", "61.10Z", "61.20Z", "61.30Z", "61.90Z", "62.01Z", "62.02A", "62.02B", "62.03Z", "62.09Z", "63.11Z",
    "63.12Z", "95.11Z", "95.12Z",
})  # fmt: skip


def folds() -> list[Fold]:
    current = {code: department for department, codes in COMMUNES.items() for code in codes}
    return [
        *(Fold(code, code, department) for code, department in current.items()),
        *(Fold(code, now, current[now]) for code, now in FORMER.items()),
    ]


def convert(
    folder: Path,
    files: Iterable[Path] = (ESTABLISHMENTS, UNITS, HISTORY, LINKS, GEOLOCATION),
    *,
    digital: Set[str] = OECD,
    candidates: Set[str] = frozenset(),
    stock_date: date = STOCK_DATE,
) -> layout.Converted:
    """The layout of these files in `folder`, without a database."""
    work = folder / "work"
    work.mkdir(parents=True)
    return layout.convert(
        opened([Given(file) for file in files], work, progress=quiet), folder, stock_date=stock_date, folds=folds(),
        digital=digital, candidates=candidates, work=work, progress=quiet,
    )  # fmt: skip


def quiet(_line: str) -> None:
    """Progress that nobody follows."""


def load_places() -> None:
    """The communes of the hand-written register, in the database."""
    region = RegionFactory()
    for department, codes in COMMUNES.items():
        DepartmentFactory(code=department, name=department, region=region)
        Commune.objects.bulk_create(Commune(code=code, name=code, department_id=department) for code in codes)
    FormerCommune.objects.bulk_create(
        FormerCommune(code=code, name=code, kind=FormerCommune.Kind.MERGED, current_id=current)
        for code, current in FORMER.items()
    )


def imported(files: Iterable[Path | Given] = (ESTABLISHMENTS, UNITS, HISTORY, LINKS), **changed: Any) -> Stock:
    """The stock made of these files; needs the database and `load_places`."""
    options: dict[str, Any] = {"stock_date": STOCK_DATE, "now": NOW, "progress": quiet, **changed}
    return import_register(files, **options)


def rows(path: Path, select: str = "FROM it") -> list[dict[str, Any]]:
    """The answer to a statement about a Parquet file, which is called `it`."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW it AS FROM read_parquet('{path}')")
        answer = connection.execute(select)
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
