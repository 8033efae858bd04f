"""Which activities a stock can answer for: its cubes and series hold those that were known when they were made."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb

if TYPE_CHECKING:
    from totem.observatory.engine import Scope


class Missing(NamedTuple):
    """Codes of NAF rev. 2 that are counted, have open establishments, and are not in the cube, or not in the series."""

    cube: tuple[str, ...]
    series: tuple[str, ...]


def missing(scope: "Scope") -> Missing:
    """What of the scope's activities its stock leaves out; nothing for one imported since they were published."""
    there = scope.stock.totals.get("code", {})
    wanted = [code for code in scope.activities.rev2 if there.get(code)]
    if not wanted:
        return Missing((), ())
    path = str(scope.stock.path)
    return Missing(_left_out(wanted, _codes(path, "nation")), _left_out(wanted, _codes(path, "series")))


def _left_out(wanted: list[str], held: frozenset[str]) -> tuple[str, ...]:
    return tuple(code for code in wanted if code not in held)


@lru_cache(maxsize=64)
def _codes(folder: str, name: str) -> frozenset[str]:
    """The codes of a file of a stock, which never changes: a cube made again stands in a new folder."""
    with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "160MB"}) as connection:
        found = connection.execute(
            "SELECT DISTINCT code FROM read_parquet($file)", {"file": str(Path(folder) / f"{name}.parquet")}
        ).fetchall()
    return frozenset(row[0] for row in found if row[0])
