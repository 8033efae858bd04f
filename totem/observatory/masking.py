"""Small counts left out of a table (setting MASK_COUNTS_BELOW), so that none can be found again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings

from totem.observatory.tables import MASKED, Table

# Under a lower threshold, « left out » would itself give the number.
LEAST_THRESHOLD = 3


def threshold_in_force() -> int:
    """Counts from 1 to below it are left out; 0: none is."""
    below: int = settings.MASK_COUNTS_BELOW
    return max(below, LEAST_THRESHOLD) if below > 0 else 0


def is_too_small(count: Any, threshold: int | None = None) -> bool:
    """Whether a count is left out by the threshold (the setting's)."""
    return isinstance(count, int) and 0 < count < (threshold_in_force() if threshold is None else threshold)


def masked(table: Table, threshold: int | None = None) -> Table:
    """The table without its counts from 1 to below the threshold (the setting's), nor what would give them away.

    In a column with a total, the next smallest counts are left out with the small ones: of one size at least, and as
    many as it takes for what is left out to be worth two a cell; where there are none left, the total is. Without that,
    subtraction, or merely knowing this rule, would give the number. Shares, ratios and intervals go with their count,
    and in a yearly balance all flows of a year go together. Without a total the small counts alone are left out.
    """
    threshold = threshold_in_force() if threshold is None else max(threshold, LEAST_THRESHOLD)
    if threshold <= 0 or not table.rows:
        return table
    rows = [list(row) for row in table.rows]
    total = None if table.total is None else list(table.total)
    for place, column in enumerate(table.columns):
        if column.kind == "number":
            sums = total[place] if total is not None else None
            hidden, hides_total = _hidden([row[place] for row in rows], sums, threshold)
            for number_of_row in hidden:
                rows[number_of_row][place] = MASKED
            if hides_total and total is not None:
                total[place] = MASKED
    for row in rows:
        _mask_flows(table, row)
    for row in [*rows, *([total] if total is not None else [])]:
        _mask_derived(table, row)
    return replace(table, rows=tuple(map(tuple, rows)), total=None if total is None else tuple(total))


def _hidden(counts: Sequence[Any], total: Any, threshold: int) -> tuple[set[int], bool]:
    """Which of the counts to leave out, and whether the total too (None: there is none)."""
    hidden = {place for place, count in enumerate(counts) if is_too_small(count, threshold)}
    if not isinstance(total, int) or not hidden or is_too_small(total, threshold):
        return hidden, is_too_small(total, threshold)
    others = sorted({count for count in counts if isinstance(count, int) and count >= threshold})
    for size in others:  # all of a size: which one was taken would tell where the small one is
        hidden |= {place for place, count in enumerate(counts) if count == size}
        if sum(counts[place] for place in hidden) >= 2 * len(hidden):
            return hidden, False
    return hidden, True


def _mask_flows(table: Table, row: list[Any]) -> None:
    places = [table.index(name) for name in table.flows]
    if any(row[place] is MASKED for place in places):
        for place in places:
            row[place] = MASKED


def _mask_derived(table: Table, row: list[Any]) -> None:
    for place, column in enumerate(table.columns):
        if column.of and row[table.index(column.of)] is MASKED:
            row[place] = MASKED
