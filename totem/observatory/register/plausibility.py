"""Whether a new stock can follow the one in service: nobody has to see that a month's file is faulty, it is compared.

In April 2024, after a migration, hundreds of thousands of open establishments stood as closed in the published file.
The State's own directory asks for 98 % of the last file's rows (search-infra); that alone would have let it pass. A
normal month adds about 0.5 % of rows (43,700,154 to 43,896,818 from July to August 2026).

A first real stock has nothing before it: it is compared with a whole register of the communes that are known here.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

Totals = Mapping[str, Mapping[str, int]]

ROWS_AT_LEAST = 0.98
# Largest change of open establishments that passes for one month; so many months apart, so many times as much.
TOLERANCES = {"state": 0.007, "department": 0.02, "code": 0.05}
# Small counts move by chance: this many square roots of the count are always let pass (and SMALL more).
DEVIATIONS, SMALL = 4, 10
# The whole register on 1 August 2026, open and closed, and the inhabitants of the communes of 2026 (COG).
WHOLE_DAY, WHOLE, INHABITANTS = date(2026, 8, 1), {"A": 16_715_258, "F": 27_181_560}, 68_952_941
DOUBLE_CODED_AT_LEAST = 0.98  # of the share of open rows with both codes: it fell silently in a faulty publication


@dataclass(frozen=True)
class PictureDifference:
    """A figure that moved further than allowed; `allowed` is the largest change that would have passed.

    In rows; a share for `double_coded`; days from 1 January of year 1 (`date.fromordinal`) for `date`.
    """

    kind: str
    key: str
    before: float
    after: float
    allowed: float


@dataclass(frozen=True)
class Picture:
    """What of a stock is compared."""

    date: date
    rows: int
    totals: Totals
    double_coded: int


def differences(before: Picture, after: Picture) -> list[dict[str, Any]]:
    """What is not plausible in `after` beside `before`, the gravest kind first; an empty list when all is.

    Of states A and F, of codes and departments the rows are compared (codes and departments: open rows), every key that
    stands in either. Each difference is {kind, key, before, after, allowed}.
    """
    found: list[PictureDifference] = []
    if after.date < before.date:
        found.append(PictureDifference("date", "", before.date.toordinal(), after.date.toordinal(), 0))
    if after.rows < before.rows * ROWS_AT_LEAST:
        found.append(PictureDifference("rows", "", before.rows, after.rows, round(before.rows * (1 - ROWS_AT_LEAST))))
    months = _months(before.date, after.date)
    for kind, tolerance in TOLERANCES.items():
        found += _moved(kind, before.totals.get(kind, {}), after.totals.get(kind, {}), tolerance * months)
    was, now = _share(before), _share(after)
    if now < was * DOUBLE_CODED_AT_LEAST:
        found.append(PictureDifference("double_coded", "", round(was, 4), round(now, 4), round(was * 0.02, 4)))
    return [asdict(difference) for difference in found]


def missing_of_whole(inhabitants: int, after: Picture) -> list[dict[str, Any]]:
    """The same for a first real stock: what it lacks of a whole register of so many inhabitants, as kind `whole`."""
    whole = {state: round(count * inhabitants / INHABITANTS) for state, count in WHOLE.items()}
    moved = _moved("whole", whole, after.totals["state"], TOLERANCES["state"] * _months(WHOLE_DAY, after.date))
    return [asdict(difference) for difference in moved if difference.after < difference.before]


def _months(first: date, second: date) -> int:
    return max(1, math.ceil(abs((second - first).days) / 31))


def _moved(kind: str, before: Mapping[str, int], after: Mapping[str, int], tolerance: float) -> list[PictureDifference]:
    moved = []
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key, 0), after.get(key, 0)
        allowed = was * tolerance + DEVIATIONS * math.sqrt(was) + SMALL
        if abs(now - was) > allowed:
            moved.append(PictureDifference(kind, key, was, now, round(allowed)))
    return sorted(moved, key=lambda difference: abs(difference.after - difference.before), reverse=True)


def _share(picture: Picture) -> float:
    return picture.double_coded / max(1, picture.totals.get("state", {}).get("A", 0))
