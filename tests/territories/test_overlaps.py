"""Which communes belong to an area: shares of a partition, holes, islands, thresholds, and what an answer counts."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tests.territories.grid import CELLS, cell, draw
from totem.territories.models import CutRule
from totem.territories.overlaps import Overlap, overlap_with
from totem.territories.places import place_drawn

CODES = sorted(CELLS)
OUTLINES = np.array([cell(code) for code in CODES], dtype=object)
ALL = shapely.box(2.0, 49.0, 2.3, 49.2)


def overlap(polygon: shapely.Geometry, outlines: Any = OUTLINES) -> Overlap:
    return overlap_with(polygon, CODES[: len(outlines)], outlines)


def strip(share: float, width: float = 0.1) -> shapely.Geometry:
    """A rectangle over that share of 80021, and over three further cells to the left of it that are in no commune."""
    return shapely.box(2.0 - 3 * width, 49.1, 2.0 + share * 0.1, 49.2)


corners = st.lists(st.tuples(st.floats(1.9, 2.4), st.floats(48.9, 49.3)), min_size=3, max_size=9)


@given(corners, corners)
def test_the_shares_of_a_partition_sum_to_one(one, other):
    """Whatever cuts the country in two (holes, islands, pieces), what a commune has here and there is all of it."""
    shape = shapely.MultiPoint(one).convex_hull.symmetric_difference(shapely.MultiPoint(other).convex_hull)
    here, there = shapely.make_valid(ALL.intersection(shape)), shapely.make_valid(ALL.difference(shape))
    if min(here.area, there.area) < 1e-9:
        return
    shares, rest = overlap(here).shares, overlap(there).shares
    for code in CODES:
        assert shares.get(code, 0) + rest.get(code, 0) == pytest.approx(1, abs=1e-6)


@given(corners)
def test_each_commune_met_is_whole_cut_or_beside_and_only_once(points):
    polygon = shapely.MultiPoint(points).convex_hull
    if polygon.area < 1e-9:
        return
    found = overlap(polygon)
    assert sorted((*found.whole, *found.cut, *found.beside)) == sorted(found.shares)
    assert all(found.shares[code] >= 0.9 for code in found.whole)
    assert not found.shares or found.whole or found.cut
    covered = sum(share * cell(code).area for code, share in found.shares.items())
    assert found.unknown * polygon.area + covered == pytest.approx(polygon.area)


@pytest.mark.parametrize(
    ("share", "where"), [(0.04, "beside"), (0.099, "beside"), (0.101, "cut"), (0.899, "cut"), (0.901, "whole")]
)
def test_a_commune_belongs_by_its_share(share, where):
    large = strip(share).union(shapely.box(2.1, 49.0, 2.3, 49.2)).union(shapely.box(1.0, 49.1, 2.0, 49.2))
    assert "80021" in getattr(overlap(large), where)


def test_a_small_area_counts_what_it_meets():
    """A tenth of a thousandth of a commune is all of this area."""
    assert overlap(shapely.box(2.05, 49.15, 2.051, 49.151)).cut == ("80021",)


def test_a_hole_and_an_island_are_seen():
    with_hole = ALL.difference(shapely.box(2.005, 49.105, 2.095, 49.195))
    assert (overlap(with_hole).cut, len(overlap(with_hole).whole)) == (("80021",), 5)
    island = shapely.MultiPolygon([shapely.box(2.0, 49.0, 2.1, 49.1), shapely.box(2.5, 49.0, 2.52, 49.02)])
    of_island = overlap(shapely.box(2.4, 48.9, 2.6, 49.1), np.array([island], dtype=object))
    assert of_island.shares == {CODES[0]: pytest.approx(0.0004 / 0.0104)}
    both = shapely.MultiPolygon([shapely.box(1.9, 48.9, 2.11, 49.1), shapely.box(2.4, 48.9, 2.6, 49.1)])
    assert overlap(both, np.array([island], dtype=object)).whole == (CODES[0],)


def test_what_touches_is_not_met_and_an_area_is_not_beside_itself():
    found = overlap(cell("80021"))
    assert (found.whole, found.cut, found.beside) == (("80021",), (), ())


@pytest.mark.parametrize(("polygon", "unknown"), [
    (ALL, 0), (strip(1.0), 0.75), (shapely.box(2.25, 49.0, 2.35, 49.2), 0.5), (shapely.box(5, 44, 6, 45), 1),
])  # fmt: skip
def test_what_lies_in_no_commune_is_known(polygon, unknown):
    assert overlap(polygon).unknown == pytest.approx(unknown, abs=1e-6)


@pytest.mark.django_db
def test_each_answer_counts_whole_what_it_says(tmp_path):
    draw(tmp_path)
    shape = shapely.box(2.0, 49.0, 2.16, 49.13)  # 80001 whole, 80003 60 %, 80021 30 %, 80016 18 %
    place = place_drawn(shape)
    assert (place.whole, place.partial) == (("80001",), ("80003", "80016", "80021"))
    majority = place_drawn(shape, cut=CutRule.MAJORITY)
    assert (majority.whole, majority.partial, majority.population) == (("80001", "80003"), (), 2000)
    assert place_drawn(shape, cut=CutRule.WHOLE).communes == ("80001", "80003", "80016", "80021")
    assert place_drawn(shape, cut=CutRule.NONE).communes == ("80001",)
    assert [place.holds("80021", 2.05, 49.12), place.holds("80021", 2.05, 49.19), place.holds("80021", None, None)] == [
        True, False, None,
    ]  # fmt: skip
    assert majority.holds("80003", 2.19, 49.05)  # outside the shape, in a commune that counts whole
    assert majority.holds("80021", 2.05, 49.12) is False
