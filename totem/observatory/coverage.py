"""What a stock can answer for: the activities that were known when its cubes and series were made, and the country if
its rows are of all of it.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from totem.observatory.register.plausibility import INHABITANTS, WHOLE
from totem.territories.models import Department

if TYPE_CHECKING:
    from totem.observatory.engine import Scope
    from totem.observatory.models import Stock


LEAST_SHARE = 0.1


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


def is_of_whole_country(stock: "Stock") -> bool:
    """Whether shares of the country mean something in the stock; taken so where it does not tell its departments.

    They do when each department of metropolitan France has a tenth at least of the open establishments that a whole
    register has for its inhabitants. Read once for each row of the database.
    """
    kept: dict[str, bool] = stock.__dict__
    if "_of_whole_country" not in kept:
        rows = stock.totals.get("department")
        metropolitan = Department.objects.exclude(former_region=None).values_list("code", "population") if rows else ()
        least = LEAST_SHARE * WHOLE["A"] / INHABITANTS
        kept["_of_whole_country"] = all(rows.get(code, 0) >= least * (people or 0) for code, people in metropolitan)
    return kept["_of_whole_country"]


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
