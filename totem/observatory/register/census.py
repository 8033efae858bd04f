"""The census of the chosen activities in the whole country, from the rows of a stock."""

from collections.abc import Iterator, Set
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from totem.observatory.register.layout import ESTABLISHMENTS, PLACES
from totem.observatory.register.reading import connect, quoted, sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Cell = tuple[str, str | None, str | None, int | None, int]


@contextmanager
def opened(folder: Path, codes: Set[str]) -> Iterator["DuckDBPyConnection"]:
    """A connection that knows the stock in `folder` and the codes, of NAF rev. 2, that are counted."""
    with closing(connect()) as connection:
        connection.execute("CREATE TABLE digital AS SELECT unnest(CAST($1 AS VARCHAR[])) AS code", [sorted(codes)])
        for name, file in (("establishments", ESTABLISHMENTS), ("places", PLACES)):
            connection.execute(f"CREATE VIEW {name} AS FROM read_parquet({quoted(folder / file)})")
        yield connection


def census(connection: "DuckDBPyConnection") -> list[Cell]:
    """(code, size band, department, year of creation, open establishments), in no order; see `sql/census.sql`."""
    found: list[Cell] = connection.execute(sql("census")).fetchall()
    return found


def write_census(folder: Path, codes: Set[str], target: Path) -> int:
    """Write the census as CSV, or as Parquet where the name of `target` says so; the number of its cells."""
    form = "FORMAT parquet, COMPRESSION zstd" if target.suffix == ".parquet" else "FORMAT csv, HEADER"
    with opened(folder, codes) as connection:
        ((cells,),) = connection.execute(
            f"COPY (FROM ({sql('census')}) ORDER BY ALL) TO {quoted(target)} ({form})"
        ).fetchall()
    return int(cells)
