"""The four files of a made-up register, written: `StockEtablissement` and those beside it."""

import datetime
import tempfile
import zipfile
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from totem.observatory.register.published import FileKind
from totem.observatory.register.sources import Progress
from totem.observatory.register.synthetic.reference import (
    ACTIVITY_SLOTS,
    PLACE_SLOTS,
    Reference,
    create_activities,
    create_places,
    create_table,
    with_districts,
)
from totem.observatory.register.synthetic.targets import Targets, TargetsWrong, chosen_units

SQL = Path(__file__).parent / "sql"
FILES = (FileKind.ESTABLISHMENTS, FileKind.UNITS, FileKind.HISTORY, FileKind.LINKS)
STOCK = datetime.date(2026, 11, 1)
# Columns of the units that targets want, and their types.
OF_TARGETS = {
    "place": "INTEGER", "activity": "INTEGER", "band": "INTEGER", "flag": "VARCHAR", "category": "VARCHAR",
    "open": "BOOLEAN",
}  # fmt: skip
# 1,500 units have 2,200 establishments in all, as 29.9 M have 43.9 M: (sites of a unit, number of such units).
SITES_OF_UNITS = ((1, 1237), (2, 170), (3, 55), (4, 20), (6, 10), (12, 5), (40, 2), (178, 1))


@dataclass(frozen=True)
class Synthesis:
    """The files that were written, in the order of FILES, and the rows of each stock file by its name."""

    files: tuple[Path, ...]
    rows: dict[str, int]


def synthesise(
    folder: Path,
    *,
    rows: int,
    seed: int,
    reference: Reference,
    targets: Targets | None = None,
    formats: Collection[str] = ("csv",),
    stock: datetime.date = STOCK,
    progress: Progress = lambda _line: None,
) -> Synthesis:
    """Write a register of `rows` establishments into `folder`, as `Stock..._utf8.csv`, `.zip` and/or `.parquet`.

    The four files agree with one another. The same seed, rows, reference, targets and stock date give the same bytes.
    A file appears under its name once it is whole. Raises TargetsWrong where the targets alone need more than `rows`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".synthesis-") as scratch:
        con = duckdb.connect(str(Path(scratch) / "work.duckdb"), config=_limits(scratch))
        con.execute("SET enable_progress_bar = false")
        try:
            known = _prepare(con, rows=rows, seed=seed, reference=reference, targets=targets, stock=stock)

            def write(name: str) -> tuple[list[Path], int]:
                with con.cursor() as cursor:
                    _set(cursor, known)
                    written = _write(cursor, folder, Path(scratch), name, formats)
                progress(f"{name}: {written[1]:,} rows")
                return written

            # DuckDB keeps the order of joined rows in one thread only: each file has its own, and they go side by side.
            with ThreadPoolExecutor(max_workers=len(FILES)) as side_by_side:
                results = dict(zip(FILES, side_by_side.map(write, FILES), strict=True))
        finally:
            con.close()
    return Synthesis(
        files=tuple(file for written, _count in results.values() for file in written),
        rows={name: count for name, (_written, count) in results.items()},
    )


def _limits(scratch: str) -> dict[str, Any]:
    """Nothing to install, no network; a bound on memory, the rest spilled beside the files."""
    return {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": "3GB",
        "threads": 1,
        # Joins stay as written: rows stream past small tables and keep their order.
        "disabled_optimizers": "join_order,build_side_probe_side",
        "temp_directory": f"{scratch}/spill",
    }


def _prepare(
    con: duckdb.DuckDBPyConnection,
    *,
    rows: int,
    seed: int,
    reference: Reference,
    targets: Targets | None,
    stock: datetime.date,
) -> dict[str, Any]:
    """Make the tables and the view `site` that the files are read from; returns the variables it needs."""
    communes = with_districts(reference.communes)
    activities = sorted(reference.activities)
    chosen = chosen_units(targets, communes, activities, seed) if targets else []
    sites = [2 if company["sites"] else 1 for company in chosen]
    drawn = rows - sum(sites)
    if drawn < 0:
        raise TargetsWrong(f"The targets need {sum(sites)} rows, more than {rows}.")
    period = np.repeat([k for k, _units in SITES_OF_UNITS], [units for _k, units in SITES_OF_UNITS])
    np.random.default_rng(seed).shuffle(period)
    first = _unit_of(drawn, period)
    known = _variables(seed=seed, stock=stock, places=PLACE_SLOTS + len(communes), units=first + len(chosen))
    _set(con, known)
    create_places(con, communes, targets.communes if targets else ())
    create_activities(con, activities, reference.bridge, targets.reserved if targets else ())
    wanted = {name: (kind, [unit[name] for unit in chosen]) for name, kind in OF_TARGETS.items()}
    create_table(con, "target", u=("INTEGER", range(first, first + len(chosen))), **wanted)
    _site_rows(con, drawn, period, sites, first)
    for name in ("macros", "units", "sites"):
        con.execute((SQL / f"{name}.sql").read_text(encoding="utf-8"))
    return known


def _unit_of(row: int, period: NDArray[Any]) -> int:
    """The number of units that the first `row` rows belong to."""
    whole, rest = divmod(row, int(period.sum()))
    return whole * len(period) + int(np.searchsorted(np.cumsum(period), rest, side="left") + 1 if rest else 0)


def _variables(*, seed: int, stock: datetime.date, places: int, units: int) -> dict[str, Any]:
    """What the SQL reads by getvariable(). A seed counts by its last 25 bits."""
    few = units < 1_990_000
    start, room = (28_000_000, 2_000_000) if few else (30_000_000, 70_000_000)
    return {
        "seed": seed % (1 << 25),
        "stock": stock,
        "place_mask": PLACE_SLOTS - 1,
        "places": places,
        "activity_mask": ACTIVITY_SLOTS - 1,
        "first_siren": start,
        "siren_step": max(1, room // max(units, 1)),
    }


def _set(con: duckdb.DuckDBPyConnection, known: dict[str, Any]) -> None:
    """Variables belong to a connection, tables and macros to all."""
    for name, value in known.items():
        con.execute(f"SET VARIABLE {name} = ?", [value])


def _site_rows(
    con: duckdb.DuckDBPyConnection, drawn: int, period: NDArray[Any], chosen_sites: list[int], first: int
) -> None:
    """One row an establishment, in order: u, rank among the unit's, sites of the unit."""
    ranks = np.concatenate([np.arange(1, sites + 1) for sites in period])
    create_table(
        con,
        "period",
        position=("INTEGER", range(len(ranks))),
        unit=("INTEGER", np.repeat(np.arange(len(period)), period).tolist()),
        rank=("INTEGER", ranks.tolist()),
        sites=("INTEGER", np.repeat(period, period).tolist()),
    )
    con.execute(
        "CREATE TABLE site_rows AS SELECT (i // $length * $units + unit)::INTEGER AS u, rank, sites "
        "FROM range($drawn) t(i) JOIN period ON position = i % $length"
        + (" ORDER BY ALL" if drawn < len(ranks) else ""),
        {"length": len(ranks), "units": len(period), "drawn": drawn},
    )
    # The last unit drawn may have been cut short.
    con.execute(
        "UPDATE site_rows SET sites = (SELECT max(rank) FROM site_rows WHERE u = $u) WHERE u = $u", {"u": first - 1}
    )
    con.execute(
        """
        INSERT INTO site_rows
        SELECT u, unnest(range(1, sites + 1))::INTEGER, sites
        FROM (SELECT unnest($u::INTEGER[]) AS u, unnest($sites::INTEGER[]) AS sites)
        """,
        {"u": [first + number for number in range(len(chosen_sites))], "sites": chosen_sites},
    )


def _write(
    con: duckdb.DuckDBPyConnection, folder: Path, scratch: Path, name: str, formats: Collection[str]
) -> tuple[list[Path], int]:
    """The stock file of that name in each format, and its rows."""
    query = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    files: list[Path] = []
    count = 0
    if "csv" in formats or "zip" in formats:
        table = scratch / f"{name}_utf8.csv"
        count = _copy(con, query, table, "FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S'")
        if "zip" in formats:
            files.append(_zip(table, folder / f"{name}_utf8.zip"))
        if "csv" in formats:
            files.append(table.replace(folder / table.name))
    if "parquet" in formats:
        table = scratch / f"{name}_utf8.parquet"
        count = _copy(con, query, table, "FORMAT parquet, COMPRESSION zstd")
        files.append(table.replace(folder / table.name))
    return files, count


def _copy(con: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> int:
    target = str(path).replace("'", "''")
    rows: int = con.execute(f"COPY ({query}) TO '{target}' ({options})").fetchall()[0][0]
    return rows


def _zip(table: Path, path: Path) -> Path:
    """One member, as published; a fixed time inside, so that the same rows are the same bytes."""
    part = table.with_suffix(".zip")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        entry = zipfile.ZipInfo(table.name, (2026, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.file_size = table.stat().st_size
        with table.open("rb") as source, archive.open(entry, "w", force_zip64=True) as member:
            while block := source.read(1 << 20):
                member.write(block)
    return part.replace(path)
