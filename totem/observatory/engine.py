"""Asks the named queries of a stock, by DuckDB inside the process.

A query is one file of `sql/`, with its words in its head. It reads tables registered here by name: those of the stock
(cells, sites, establishments, totals, nation, series, moves, bridge, addresses) and those of the question (place,
touched, edge, inside, department, activity, branch, territory, corrections, pasted). Nothing of a request becomes SQL:
values are parameters, tables are chosen from a closed list. The files keep to a list of functions that other engines
share (`FUNCTIONS`, held by a test), so that a cluster can run them later.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from totem.observatory.activities import Activities
from totem.observatory.models import Nomenclature, Stock
from totem.observatory.nomenclature import read_bands
from totem.territories.places import Place

if TYPE_CHECKING:
    import numpy as np

SQL = Path(__file__).parent / "sql"
FUNCTIONS = frozenset({"CASE", "CAST", "COALESCE", "COUNT", "MAX", "MIN", "NULLIF", "SUBSTRING", "SUM"})
# A question needs some ten megabytes; one that would swell a web process fails instead.
LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,  # many people ask at once: a second core for one of them is taken from another
    "memory_limit": "160MB",
    "temp_directory": "",  # nothing is put by on the disk
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
BOUND = {"cells": "cube", "sites": "sites", "establishments": "establishments", "nation": "nation"}  # carry both codes
PLAIN = ("totals", "series", "moves", "bridge", "addresses")
VIEWS = ("touched", "companies_here", "sites_here")
ROWS = frozenset({"sites", "establishments"})  # gone from the stocks that are no longer in service
CODE_COLUMN: dict[str, str] = {Nomenclature.REV2: "code", Nomenclature.NAF2025: "code25"}

# As `corrections-VERSION.parquet` of a stock (written by `totem.observatory.corrections`), without a row.
NO_CORRECTIONS = """
CREATE TABLE no_corrections (
    siret VARCHAR, siren VARCHAR, name VARCHAR, commune VARCHAR, code VARCHAR, code25 VARCHAR, band VARCHAR,
    employer BOOLEAN, unit_band VARCHAR, category VARCHAR, born SMALLINT, closed SMALLINT, open BOOLEAN,
    head_office BOOLEAN, diffusion VARCHAR, legal VARCHAR, estimated BOOLEAN, placed BOOLEAN, lon DOUBLE, lat DOUBLE,
    branch INTEGER
)
"""

Row = dict[str, Any]


class NoStock(Exception):
    """No stock of the register is in service: there is nothing to count. `missing` is what pages say of it."""

    missing = "stock"


class StockFilesMissing(NoStock):
    """The stock is in service, and its files are not there: restored from a backup without them, or not shared."""

    missing = "files"


class RowsGone(Exception):
    """The question needs the rows of a stock of which only the cubes are kept."""


@dataclass(frozen=True)
class Scope:
    """What a figure speaks of: which stock, which activities in which nomenclature, which place."""

    stock: Stock
    activities: Activities
    place: Place


class Question:
    """A scope whose tables are registered: named queries can be asked of it. Made by `opened`."""

    def __init__(self, connection: "Connection", scope: Scope) -> None:
        self._connection = connection
        self._made: set[str] = set()
        self.scope = scope

    def ask(self, name: str, **parameters: object) -> list[Row]:
        """The rows of `sql/NAME.sql`, in its order. Raises RowsGone."""
        found = self._execute(name, parameters)
        columns = [column[0] for column in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def one(self, name: str, **parameters: object) -> Row:
        """The only row of a query that always gives one."""
        return self.ask(name, **parameters)[0]

    def arrays(self, name: str) -> "dict[str, np.ndarray[Any, Any]]":
        """The same by column, for many rows."""
        return self._execute(name, {}).fetchnumpy()

    def register(self, table: str, **columns: Iterable[object]) -> None:
        """Make one of the question's tables, known by its columns' values. Raises KeyError for another name."""
        self._connection.fill(table, columns)

    def _execute(self, name: str, parameters: Mapping[str, object]) -> duckdb.DuckDBPyConnection:
        if not self.scope.stock.complete and _needs_rows(name):
            raise RowsGone(name)
        self._make_what_is_read_by(name)
        return self._connection.duckdb.execute(text_of(name), parameters or None)

    def _make_what_is_read_by(self, name: str) -> None:
        """Make those of the question's tables that take time, once, when a query is the first to read them."""
        for table in _DERIVED:
            if table in _reached(name) and table not in self._made:
                self._made.add(table)
                _DERIVED[table](self._connection, self.scope)


@contextmanager
def opened(scope: Scope) -> Iterator[Question]:
    """The scope, ready to be asked, by a connection whose views of a stock stay for the next.

    Raises RowsGone, StockFilesMissing.
    """
    place, activities = scope.place, scope.activities
    if not scope.stock.path.is_dir():
        raise StockFilesMissing(scope.stock.path)
    if place.partial and not scope.stock.complete:
        raise RowsGone("inside")
    with _connected() as connection:
        _register_stock(connection, scope.stock, activities)
        connection.fill("place", {"commune": place.whole})
        connection.fill("edge", {"commune": place.partial})
        connection.fill("activity", {"code": activities.codes, "branch": activities.branch_of_code})
        connection.fill("branch", {"branch": range(1, len(activities.branches) + 1)})
        yield Question(connection, scope)


@cache
def text_of(name: str) -> str:
    """The SQL of a named query."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


@cache
def tables_of(name: str) -> frozenset[str]:
    """The tables and views that a named query reads."""
    return frozenset(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", re.sub(r"--.*", "", text_of(name))))


@cache
def _reached(name: str) -> frozenset[str]:
    """What a named query reads, through views and the question's own tables too."""
    tables = tables_of(name)
    return tables.union(*(_reached(step) for table in tables for step in _STEPS.get(table, ())))


# The named queries that a view or a table of the question is made by.
_STEPS = {
    **{view: (view,) for view in VIEWS},
    "here": ("here", "here_inside", "here_corrected"),
    "open_here": ("open_here",),
}


@cache
def _needs_rows(name: str) -> bool:
    tables = tables_of(name)
    return bool(tables & ROWS) or any(_needs_rows(view) for view in tables.intersection(VIEWS))


# -- Connections ------------------------------------------------------------------------------------------------------

# At most in a process: more people wait for one another, since a database takes some megabytes and a second one would
# not answer sooner where processes are as many as processors.
CONNECTIONS = 1
# A database keeps about 20 kB of each page, which its memory_limit does not count, until it is closed: another follows.
MOST_SCOPES = 100


@dataclass(eq=False)
class Connection:
    """A database in memory with its temporary tables: what they hold, and the views of which stock."""

    duckdb: duckdb.DuckDBPyConnection
    scopes: int = 0  # opened in it
    filled: dict[str, dict[str, list[object]]] = field(default_factory=dict)
    registered: tuple[object, ...] | None = None

    def fill(self, table: str, columns: Mapping[str, Iterable[object]]) -> None:
        values = {name: list(columns.get(name, ())) for name in _TABLES[table]}
        if self.filled.get(table) == values:  # most often the same activities, and no edge
            return
        self.duckdb.execute(_filling(table), values)
        self.filled[table] = values


_threads = threading.local()  # a question inside another has its connection
_free: list[Connection] = []  # the last one given back is taken first: its views are most often those that are asked
_turns = threading.BoundedSemaphore(CONNECTIONS)


@contextmanager
def _connected() -> Iterator[Connection]:
    """One of the process's connections. It is closed after MOST_SCOPES, and when it fails: it may be in any state."""
    inside: Connection | None = getattr(_threads, "connection", None)
    if inside is not None:
        yield inside
        return
    with _turns:
        connection = _free.pop() if _free else _new_connection()
        connection.scopes += 1
        _threads.connection = connection
        broken = False
        try:
            yield connection
        except duckdb.Error:
            broken = True
            raise
        finally:
            _threads.connection = None
            if broken or connection.scopes >= MOST_SCOPES:
                connection.duckdb.close()
            else:
                _free.append(connection)


def _new_connection() -> Connection:
    database = duckdb.connect(":memory:", config=LIMITS)
    database.execute("CREATE TABLE bands (band VARCHAR, low INTEGER, high INTEGER, employs BOOLEAN)")
    database.execute(NO_CORRECTIONS)
    database.executemany(
        "INSERT INTO bands VALUES (?, ?, ?, ?)",
        [[band.code, band.least, band.most, band.least > 0] for band in read_bands()],
    )
    connection = Connection(database)
    for table in _TABLES:
        connection.fill(table, {})
    return connection


def _register_stock(connection: Connection, stock: Stock, activities: Activities) -> None:
    corrections = stock.path / f"corrections-{activities.version_id}.parquet"
    corrected = activities.corrected and corrections.exists()
    key = (stock.path, stock.complete, activities.nomenclature, activities.version_id if corrected else 0)
    if connection.registered == key:
        return
    connection.registered = None  # until all of it is: a stock that cannot be read leaves nothing half registered
    code = CODE_COLUMN[activities.nomenclature]
    for name, file in BOUND.items():
        if stock.complete or name not in ROWS:
            _view(connection.duckdb, name, stock.path / f"{file}.parquet", f"*, {code} AS activity")
    for name in PLAIN:
        _view(connection.duckdb, name, stock.path / f"{name}.parquet", "*")
    if corrected:
        _view(connection.duckdb, "corrections", corrections, f"*, {code} AS activity")
    else:
        connection.duckdb.execute(
            f"CREATE OR REPLACE TEMP VIEW corrections AS SELECT *, {code} AS activity FROM no_corrections"  # noqa: S608
        )
    for view in VIEWS:
        if stock.complete or not _needs_rows(view):
            connection.duckdb.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {text_of(view)}")
    connection.registered = key


def _view(connection: duckdb.DuckDBPyConnection, name: str, file: Path, columns: str) -> None:
    # A view takes no parameter: the address is one of ours, quoted for the folder somebody chose at installation.
    address = str(file).replace("'", "''")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {columns} FROM read_parquet('{address}')")  # noqa: S608


# -- The question's tables --------------------------------------------------------------------------------------------

_TABLES: Mapping[str, Mapping[str, str]] = {
    "place": {"commune": "VARCHAR"},
    "edge": {"commune": "VARCHAR"},
    "inside": {"siret": "VARCHAR"},
    "department": {"department": "VARCHAR"},
    "activity": {"code": "VARCHAR", "branch": "INTEGER"},
    "activity_rev2": {"code": "VARCHAR"},
    "activity_2025": {"code": "VARCHAR"},
    "branch": {"branch": "INTEGER"},
    "territory": {"commune": "VARCHAR", "territory": "VARCHAR"},
    "actor_code": {"code": "VARCHAR"},
    "actor_legal": {"legal": "VARCHAR"},
    "pasted": {"number": "VARCHAR", "siren": "VARCHAR", "siret": "VARCHAR"},
}


@cache
def _filling(table: str) -> str:
    columns = ", ".join(f"CAST(unnest(${name}) AS {kind}) AS {name}" for name, kind in _TABLES[table].items())
    return f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {columns}"


def _make_inside(connection: Connection, scope: Scope) -> None:
    connection.fill("inside", {"siret": _inside(connection, scope) if scope.place.partial else ()})


def _make_open_here(connection: Connection, scope: Scope) -> None:
    parts = ["here"]
    if scope.place.partial:
        parts.append("here_inside")
    if scope.activities.corrected:
        parts.append("here_corrected")
    here = "\nUNION ALL\n".join(map(text_of, parts))
    made = f"CREATE OR REPLACE TEMP TABLE open_here AS WITH here AS (\n{here}) {text_of('open_here')}"
    connection.duckdb.execute(made)


# Each may read those before it.
_DERIVED: Mapping[str, Callable[[Connection, Scope], None]] = {
    "inside": _make_inside,
    "open_here": _make_open_here,
}


def _inside(connection: Connection, scope: Scope) -> list[str]:
    """The SIRET of the sites of the communes cut by the edge whose position is inside the polygon."""
    import shapely  # noqa: PLC0415 - only drawn places need it

    polygon = scope.place.polygon
    west, south, east, north = shapely.bounds(polygon)
    found: dict[str, np.ndarray[Any, Any]] = connection.duckdb.execute(
        text_of("sites_of_edge"), {"west": west, "south": south, "east": east, "north": north}
    ).fetchnumpy()
    shapely.prepare(polygon)
    within = shapely.contains_xy(polygon, found["lon"], found["lat"])
    sirets: list[str] = found["siret"][within].tolist()
    return sirets
