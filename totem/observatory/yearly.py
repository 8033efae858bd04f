"""The yearly series of any place, from what a stock holds of a list of activities by commune.

A process reads that once a list and stock, whose files never change, and then adds up the communes of each place.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from totem.observatory.answers import Year
from totem.observatory.engine import Scope, opened
from totem.observatory.models import Nomenclature
from totem.observatory.register.layout import FIRST_YEAR

if TYPE_CHECKING:
    import numpy as np

KEPT = 2  # lists of activities: ten megabytes each for the whole country
COUNTS = ("stock", "births", "closures")


@dataclass(frozen=True)
class _Past:
    """`counts` by commune and year (stock, births, closures), `moves` as year, origin, destination and their number.

    Communes are places in `communes`, which is sorted; the first, an empty name, stands for any other origin or
    destination.
    """

    communes: "np.ndarray[Any, Any]"
    counts: "np.ndarray[Any, Any]"
    moves: "np.ndarray[Any, Any]"


_kept: OrderedDict[tuple[Path, tuple[str, ...]], _Past] = OrderedDict()
_lock = threading.Lock()


def series(scope: Scope) -> tuple[Year, ...]:
    """Stock, births, closures and moves of each year since 2010, from the first that has any to the stock's.

    A drawn place counts the communes it touches. Empty for NAF 2025: the register does not tell the past in it.
    """
    import numpy as np  # noqa: PLC0415 - 20 MB that few pages need

    if scope.activities.nomenclature != Nomenclature.REV2:
        return ()
    past = _past_of(scope)
    wanted = np.array(sorted(scope.place.communes), dtype=past.communes.dtype)
    found = np.searchsorted(past.communes, wanted).clip(max=len(past.communes) - 1)
    found = found[past.communes[found] == wanted]
    here = np.zeros(len(past.communes), dtype=bool)
    here[found] = True
    year, origin, destination, number = past.moves
    left, came = here[origin], here[destination]
    counts = past.counts[found].sum(axis=0)
    kinds = (came & ~left, left & ~came, left & came)
    flows = [np.bincount(year[kind], weights=number[kind], minlength=len(counts)).astype(int) for kind in kinds]
    rows = np.column_stack([counts, *flows])
    first = next((n for n, row in enumerate(rows) if row.any()), len(rows))
    before = [None, *rows[:-1, 0].tolist()]
    values = [(FIRST_YEAR + n, *row, before[n]) for n, row in enumerate(rows.tolist())]
    return tuple(Year(*of_year) for of_year in values[first:])


def stock_by_commune(scope: Scope, year: int) -> dict[str, int]:
    """The establishments at the end of that year of each commune that ever had one; empty for NAF 2025."""
    if scope.activities.nomenclature != Nomenclature.REV2 or year < FIRST_YEAR:
        return {}
    past = _past_of(scope)
    return dict(zip(past.communes.tolist(), past.counts[:, year - FIRST_YEAR, 0].tolist(), strict=True))


def _past_of(scope: Scope) -> _Past:
    key = (scope.stock.path, scope.activities.codes)
    with _lock:
        if key not in _kept:
            _kept[key] = _read_past(scope)
        _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
        return _kept[key]


def _read_past(scope: Scope) -> _Past:
    import numpy as np  # noqa: PLC0415

    with opened(scope) as question:
        lived, moves = question.arrays("series"), question.arrays("moves")
    names = (lived["commune"], moves["from_commune"], moves["to_commune"], np.array([""]))
    communes, places = np.unique(np.concatenate(names).astype("U5"), return_inverse=True)
    commune, origin, destination, _none = np.split(places, np.cumsum([len(part) for part in names[:3]]))
    counts = np.zeros((len(communes), scope.stock.date.year - FIRST_YEAR + 1, len(COUNTS)), dtype=np.int32)
    counts[commune, lived["year"] - FIRST_YEAR] = np.column_stack([lived[name] for name in COUNTS])
    rows = (moves["year"] - FIRST_YEAR, origin, destination, moves["n"])
    return _Past(communes, counts, np.array(rows, dtype=np.int32))
