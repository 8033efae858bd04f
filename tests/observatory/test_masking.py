"""Small counts: what is left out cannot be found again, by subtraction or by knowing the rule."""

from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from totem.observatory.answers import Interval
from totem.observatory.masking import masked
from totem.observatory.tables import MASKED, Column, Table, value_words

Seen = tuple[object, ...]


def table_of(counts: tuple[int, ...], *, total: bool = True) -> Table:
    whole = sum(counts)
    return Table(
        name="branches", title="", description="",
        columns=(
            Column("branch", "Branche", "text"),
            Column("establishments", "Établissements"),
            Column("share", "Part", "percent", of="establishments"),
            Column("jobs", "Salariés", "interval", of="establishments"),
        ),
        rows=tuple((f"b{n}", c, c / whole if whole else None, Interval(c, 3 * c)) for n, c in enumerate(counts)),
        total=("Total", whole, 1.0, Interval(whole, 3 * whole)) if total else None,
    )  # fmt: skip


def seen(counts: tuple[int, ...], threshold: int) -> Seen:
    """What is published of these counts: each or None, then the total or None."""
    shown = masked(table_of(counts), threshold)
    assert shown.total is not None
    return tuple(None if row[1] is MASKED else row[1] for row in (*shown.rows, shown.total))


@cache
def worlds(threshold: int, cells: int, most: int) -> dict[Seen, list[tuple[int, ...]]]:
    """All counts that look the same once published: all that somebody who knows the rule can find out."""
    found: dict[Seen, list[tuple[int, ...]]] = {}
    for counts in product(range(most + 1), repeat=cells):
        found.setdefault(seen(counts, threshold), []).append(counts)
    return found


@pytest.mark.parametrize(("threshold", "cells", "most"), [(3, 2, 12), (3, 4, 7), (4, 3, 12), (5, 3, 14), (5, 4, 8)])
def test_whoever_knows_the_rule_and_the_total_does_not_find_a_count_that_is_left_out(threshold, cells, most):
    for published, possible in worlds(threshold, cells, most).items():
        for place in range(cells):
            if published[place] is None and max(sum(counts) for counts in possible) < most:
                assert len({counts[place] for counts in possible}) > 1, (published, possible)


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=30).map(tuple),
    st.integers(3, 12),
)
def test_no_small_count_is_shown_and_none_follows_by_subtraction(counts, threshold):
    shown = masked(table_of(counts), threshold)
    assert shown.total is not None
    small = [place for place, count in enumerate(counts) if 0 < count < threshold]
    hidden = [place for place, row in enumerate(shown.rows) if row[1] is MASKED]
    assert set(small) <= set(hidden)
    assert all(row[1] == count for row, count in zip(shown.rows, counts, strict=True) if row[1] is not MASKED)
    total = shown.total[1]
    if not small:
        assert not hidden
    if hidden and total is not MASKED:
        rest = total - sum(row[1] for row in shown.rows if row[1] is not MASKED)
        # Two at least, and their sum is too large for each of them to be the least that it can be.
        assert len(hidden) > 1
        assert rest >= 2 * len(hidden)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=8).map(tuple), st.integers(1, 6), st.booleans())
def test_what_is_made_of_a_count_goes_with_it(counts, threshold, total):
    for row in masked(table_of(counts, total=total), threshold).rows:
        assert (row[1] is MASKED) == (row[2] is MASKED) == (row[3] is MASKED)


def test_nothing_is_left_out_by_default(settings):
    settings.MASK_COUNTS_BELOW = 0
    assert masked(table_of((1, 2, 30))) == table_of((1, 2, 30))


def test_the_smallest_that_is_not_small_goes_with_a_single_small_one():
    assert seen((3, 40, 7, 12), 5) == (None, 40, None, 12, 62)


def test_a_small_total_is_left_out_and_zeros_stay():
    assert seen((0, 3, 0), 5) == (0, None, 0, None)


def test_flows_of_a_year_go_together_as_the_stocks_give_their_balance():
    flows = ("births", "closures")
    table = Table(
        name="flux", title="", description="",
        columns=(Column("year", "Année", "code"), Column("births", "Naissances"), Column("closures", "Fermetures")),
        rows=((2024, 30, 2), (2025, 31, 12)), flows=flows,
    )  # fmt: skip
    assert masked(table, 5).rows == ((2024, MASKED, MASKED), (2025, 31, 12))


def test_what_is_left_out_says_so():
    assert value_words(MASKED, "number")
    assert value_words(MASKED, "number") != value_words(None, "number")
