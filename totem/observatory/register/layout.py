"""From the published files to the layout that answers: Parquet files of one stock, by DuckDB, in bounded memory.

Each published file is read once, only the columns that are needed, strictly: a line that is not whole stops the import.
What every file holds is said at the head of its SQL (`sql/`); the rules by which rows are read are `RULES`.
"""

from collections.abc import Iterable, Mapping, Set
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from totem.observatory.register.identifiers import LeftOut, leave_out, suspects
from totem.observatory.register.published import FileKind, ImportRefused
from totem.observatory.register.reading import (
    MEMORY,
    VIEWS,
    connect,
    create_view,
    explained,
    followed,
    number,
    quoted,
    sql,
)
from totem.observatory.register.sources import Progress, RegisterFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FIRST_YEAR = 2010
LINK_DAYS = 92  # between a link of succession and the birth or closure that it explains
DOMICILIATION_UNITS = 20  # open units of the chosen activities at one address, none of which employs
ESTABLISHMENTS, SITES, PLACES = "establishments.parquet", "sites.parquet", "places.parquet"
ROW_FILES = (ESTABLISHMENTS, SITES)


@dataclass(frozen=True)
class Estimate:
    """Years within which an open establishment without employees is estimated active; see `sql/establishments.sql`."""

    young_person: int = 3
    young_company: int = 5
    seen_person: int = 3
    seen_company: int = 6


# How a row was read: bit by bit in the column `rules`, counted in `Stock.quality` under these names.
RULES = (
    "non_employer", "band_unknown", "employer_flag_without_band", "band_without_employer_flag", "absurd_date",
    "placeholder_date", "no_date", "partial_diffusion", "masked_coordinates", "random_coordinates", "no_coordinates",
    "impossible_coordinates", "old_nomenclature", "no_activity", "double_coded", "folded_communes", "unknown_commune",
    "abroad", "no_commune", "no_unit", "open_of_closed_unit", "registered_only",
)  # fmt: skip
# The columns of establishments.parquet, in their order; `address` is there for open sites of the chosen activities,
# `rules` holds a bit a rule.
COLUMNS = (
    "siret", "siren", "name", "commune", "code", "nomenclature", "code25", "band", "band_year", "employer", "open",
    "diffusion", "head_office", "born", "closed", "processed", "legal", "unit_band", "category", "unit_open",
    "estimated", "lon", "lat", "created", "address",
)  # fmt: skip


class Projection(NamedTuple):
    """In what the register writes coordinates: Lambert-93, or a zone of UTM with its meridian and false northing."""

    epsg: int
    meridian: int | None = None
    northing: int = 0


# By the first three characters of the commune overseas, "" elsewhere: Guadeloupe, Martinique and the northern islands
# are in zone 20, Guyane in 22, La Réunion in 40 south, Mayotte in 38 south. Others have none that we know to read.
PROJECTIONS = {
    "": Projection(2154),
    "971": Projection(5490, -63),
    "972": Projection(5490, -63),
    "973": Projection(2972, -51),
    "974": Projection(2975, 57, 10_000_000),
    "976": Projection(4471, 45, 10_000_000),
    "977": Projection(5490, -63),
    "978": Projection(5490, -63),
}


class Fold(NamedTuple):
    """A commune code that the register may hold, and the current commune and department that it means."""

    code: str
    commune: str
    department: str


@dataclass
class Converted:
    """What a conversion found.

    `totals` is {state|code|department: {key: rows}}, `quality` {rule: rows}, `left_out` as of `identifiers.leave_out`.
    """

    rows: int
    totals: dict[str, dict[str, int]] = field(default_factory=dict)
    quality: dict[str, int] = field(default_factory=dict)
    left_out: dict[FileKind, LeftOut] = field(default_factory=dict)


def convert(
    sources: Mapping[FileKind, RegisterFile],
    folder: Path,
    *,
    stock_date: date,
    folds: Iterable[Fold],
    digital: Set[str],
    candidates: Set[str] = frozenset(),
    work: Path,
    progress: Progress,
    memory: str = MEMORY,
    estimate: Estimate | None = None,
) -> Converted:
    """Write the layout of one stock into `folder` (there, empty); temporary files go under `work`.

    `digital` are the codes of all activity perimeters, `candidates` those of actor kinds besides; both nomenclatures.
    Raises ImportRefused for a file that cannot be read to its end, and for a full disk.
    """
    with closing(connect(work, memory)) as connection:
        _set_variables(connection, stock_date, estimate or Estimate())
        _load_tables(connection, folds, digital, candidates)
        for kind in VIEWS:
            create_view(connection, kind, sources.get(kind))
        names = {source.path.name: source.name for source in sources.values()}
        with explained(names):
            progress("establishments: reading, joining, sorting")
            left_out = _write_establishments(connection, folder / ESTABLISHMENTS, sources, progress)
            progress("cube and figures of the chosen activities")
            _write_chosen(connection, folder)
            _copy(connection, sql("totals"), folder / "totals.parquet")
            _copy(connection, sql("places"), folder / PLACES)
            found = _found(connection)
            progress("series since " + str(FIRST_YEAR))
            left_out |= _write_series(connection, folder, sources, found.quality)
            found.left_out = left_out
    return found


def rebuild_chosen(
    folder: Path, target: Path, *, folds: Iterable[Fold], digital: Set[str], candidates: Set[str], work: Path
) -> None:
    """Write cube, sites, nation, bridge and addresses for other activities into `target`, from the rows in `folder`."""
    with closing(connect(work, MEMORY)) as connection, explained({}):
        connection.execute(f"SET VARIABLE domiciliation_units = {DOMICILIATION_UNITS}")
        _load_tables(connection, folds, digital, candidates)
        connection.execute(f"CREATE VIEW establishments AS FROM read_parquet({quoted(folder / ESTABLISHMENTS)})")
        _write_chosen(connection, target)


def _set_variables(connection: "DuckDBPyConnection", stock_date: date, estimate: Estimate) -> None:
    connection.execute(f"SET VARIABLE stock_date = DATE '{stock_date:%Y-%m-%d}'")
    limits = {"first_year": FIRST_YEAR, "link_days": LINK_DAYS, "domiciliation_units": DOMICILIATION_UNITS}
    for name, value in {**asdict(estimate), **limits}.items():
        connection.execute(f"SET VARIABLE {name} = {value}")
    connection.execute(sql("macros"))


def _load_tables(
    connection: "DuckDBPyConnection", folds: Iterable[Fold], digital: Set[str], candidates: Set[str]
) -> None:
    """`fold(published, commune, department, epsg, meridian, northing)`, `digital(code)`, `wanted(id, code)`."""
    connection.execute("CREATE TABLE projection (prefix VARCHAR, epsg INTEGER, meridian INTEGER, northing INTEGER)")
    connection.executemany(
        "INSERT INTO projection VALUES (?, ?, ?, ?)", [[prefix, *one] for prefix, one in PROJECTIONS.items()]
    )
    known = {fold.code: fold for fold in folds}.values()
    connection.execute(sql("fold"), [" ".join(column) for column in zip(*known, strict=True)])
    connection.execute("CREATE TABLE digital AS SELECT unnest(CAST($1 AS VARCHAR[])) AS code", [sorted(digital)])
    connection.execute(
        "CREATE TABLE wanted AS SELECT CAST(row_number() OVER () AS SMALLINT) AS id, code "
        "FROM (SELECT unnest(CAST($1 AS VARCHAR[])) AS code)",
        [sorted(digital | candidates)],
    )


# -- Writing ----------------------------------------------------------------------------------------------------------


def _copy(connection: "DuckDBPyConnection", select: str, target: Path) -> None:
    # Measured: level 1 is as small as level 3 here, and columns with many values are not worth a dictionary.
    connection.execute(
        f"COPY (\n{select}\n) TO {quoted(target)} "
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 4000)"
    )


def _write_establishments(
    connection: "DuckDBPyConnection", target: Path, sources: Mapping[FileKind, RegisterFile], progress: Progress
) -> dict[FileKind, LeftOut]:
    """Write the rows, and once more without those that `identifiers` leaves out, where there are any."""
    with followed(connection, "establishments", progress):
        _copy(connection, _establishments(), target)
    connection.execute(f"CREATE VIEW establishments AS FROM read_parquet({quoted(target)})")
    left_out = leave_out(connection, sources, suspects(connection, sources))
    if left_out:
        progress("establishments: once more, without the rows whose identifier is none or stands twice")
        _copy(connection, _establishments(), target)
    return left_out


def _establishments() -> str:
    bits = " + ".join(f"CASE WHEN {rule} THEN {1 << bit} ELSE 0 END" for bit, rule in enumerate(RULES))
    return (
        f"SELECT {', '.join(COLUMNS)}, CAST({bits} AS INTEGER) AS rules\n"
        f"FROM ({sql('establishments')})\nORDER BY code, commune"
    )


def _write_chosen(connection: "DuckDBPyConnection", folder: Path) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE chosen AS {sql('chosen')}")
    for name in ("cube", "sites", "nation", "bridge", "addresses"):
        _copy(connection, sql(name), folder / f"{name}.parquet")


def _found(connection: "DuckDBPyConnection") -> Converted:
    by_rules = connection.execute("SELECT rules, count(*) FROM establishments GROUP BY rules").fetchall()
    found = Converted(rows=sum(count for _rules, count in by_rules))
    if not found.rows:
        raise ImportRefused("The file of establishments holds no row.")
    for bit, rule in enumerate(RULES):
        found.quality[rule] = sum(count for rules, count in by_rules if rules >> bit & 1)
    connection.execute(f"CREATE TEMP TABLE address AS {sql('addresses')}")
    found.quality["domiciliation"] = number(connection, "SELECT coalesce(sum(units), 0) FROM address")
    for kind, key, count in connection.execute(sql("checks")).fetchall():
        found.totals.setdefault(kind, {})[key] = count
    return found


def _write_series(
    connection: "DuckDBPyConnection", folder: Path, sources: Mapping[FileKind, RegisterFile], quality: dict[str, int]
) -> dict[FileKind, LeftOut]:
    left_out: dict[FileKind, LeftOut] = {}
    connection.execute(f"CREATE TEMP TABLE link AS {sql('links')}")
    if number(connection, "SELECT count(*) FROM link WHERE predecessor IS NULL OR successor IS NULL"):
        left_out |= leave_out(connection, sources, {FileKind.LINKS})
    if FileKind.HISTORY in sources:
        _create_runs(connection)
        if number(connection, sql("repeated_periods")):
            left_out |= leave_out(connection, sources, {FileKind.HISTORY})
            _create_runs(connection)
        connection.execute("DROP TABLE period")
    else:
        connection.execute(f"CREATE TEMP TABLE run AS {sql('runs_approximate')}")
    quality["old_nomenclature_periods"] = number(connection, "SELECT count(*) FROM run WHERE old_nomenclature")
    quality["absurd_date_periods"] = number(connection, "SELECT count(*) FROM run WHERE absurd_date")
    _copy(connection, sql("series"), folder / "series.parquet")
    _copy(connection, sql("moves"), folder / "moves.parquet")
    return left_out


def _create_runs(connection: "DuckDBPyConnection") -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE period AS {sql('periods')}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE run AS {sql('runs')}")
