"""Parsing and validating shapes that people draw or send; a shape that can be corrected is offered corrected.

Input is GeoJSON (RFC 7946): longitude before latitude, in degrees of WGS 84; national projections are converted. The
result is a valid polygon or multi-polygon near France, with at most MOST_VERTICES vertices.

What parsing costs is bounded before it begins: bytes and values are counted in the text, then how often segments come
close to each other (validity and union take quadratic time of that); a process parses one shape at a time.
"""

import math
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.expensive import one_at_a_time
from totem.territories.geojson import (
    ANYBODY,
    ShapeProblem,
    SizeLimit,
    UnusableShape,
    parse_polygons,
    refuse_too_large,
)
from totem.territories.projections import (
    has_swapped_axes,
    is_in_degrees,
    matching_projections,
    near_france,
    projection_words,
    reprojected,
    with_swapped_axes,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

MOST_VERTICES = 20_000
SMALL = 16 * 1024  # bytes that are parsed at any time: a shape in an address is smaller
CLOSE_PAIRS = 2_000_000  # of segments whose boxes overlap: an outline of 50,000 vertices has a tenth of it
CROSSINGS = 200  # of an outline that is corrected; correcting takes a second for 1,000 of them, 40 s for 10,000


@dataclass(frozen=True)
class ParsedShape:
    """A valid `polygon`, or `problems` and, when the shape can be corrected, the `corrected` one to offer.

    `codes` are the INSEE codes that the features of the file bear, where each has one.
    """

    polygon: "BaseGeometry | None" = None
    problems: tuple[ShapeProblem, ...] = ()
    corrected: "BaseGeometry | None" = None
    codes: frozenset[str] = frozenset()

    @property
    def messages(self) -> list[str]:
        """The messages of a form, one a problem, and one that says a corrected shape is offered."""
        messages = [problem.message for problem in self.problems]
        return (
            [*messages, _("A corrected shape is proposed: look at it, then send it.")] if self.corrected else messages
        )


@dataclass
class _ShapeDraft:
    """The shape as corrected so far, with the problems found."""

    shape: "BaseGeometry"
    problems: list[ShapeProblem] = field(default_factory=list)

    def correct(self, problem: ShapeProblem, shape: "BaseGeometry") -> None:
        self.problems.append(problem)
        self.shape = shape


def parse_shape(data: "bytes | str", *, epsg: int | None = None, limit: SizeLimit = ANYBODY) -> ParsedShape:
    """The shape in these bytes of GeoJSON. `epsg` is the projection when the sender states it.

    Never raises for invalid input: the result lists the problems. Raises BusyError while others parse.
    """
    with one_at_a_time() if len(data) > SMALL else nullcontext():
        return _parsed(data, epsg, limit)


def _parsed(data: "bytes | str", epsg: int | None, limit: SizeLimit) -> ParsedShape:
    import shapely  # noqa: PLC0415 - only where shapes are

    try:
        refuse_too_large(data, limit)
        parts, declared, codes = parse_polygons(data)
        draft = _ShapeDraft(shapely.GeometryCollection(parts))
        steps = (_to_degrees(epsg or declared), _swap_axes, _refuse_intricate, _make_valid, _clip_to_france, _simplify)
        for step in steps:
            step(draft)
        if draft.shape.is_empty or draft.shape.area == 0:
            raise UnusableShape("empty", _("The shape has no area."))
    except UnusableShape as unreadable:
        return ParsedShape(problems=(unreadable.problem,))
    if draft.problems:
        return ParsedShape(problems=tuple(draft.problems), corrected=shapely.set_precision(draft.shape, 1e-7))
    return ParsedShape(polygon=draft.shape, codes=codes)


def as_geojson(polygon: "BaseGeometry") -> str:
    """The polygon as one line of GeoJSON, as the field of a form holds it."""
    import shapely  # noqa: PLC0415

    return str(shapely.to_geojson(polygon))


# -- Degrees ----------------------------------------------------------------------------------------------------------


def _to_degrees(epsg: int | None) -> "Callable[[_ShapeDraft], None]":
    def step(draft: _ShapeDraft) -> None:
        if is_in_degrees(draft.shape):
            return
        west, south, _east, _north = draft.shape.bounds
        codes = matching_projections(draft.shape, epsg)
        if not codes:
            words = _("The coordinates are not degrees, and no projection in use in France fits them.")
            raise UnusableShape("projection", words, (west, south))
        words = _("The coordinates are not degrees: they were read as %(name)s.") % {"name": projection_words(codes[0])}
        draft.correct(ShapeProblem("projection", words, (west, south)), reprojected(draft.shape, codes[0]))

    return step


def _swap_axes(draft: _ShapeDraft) -> None:
    if has_swapped_axes(draft.shape):
        x, y = draft.shape.geoms[0].exterior.coords[0]
        words = _("Latitude stands before longitude: GeoJSON wants longitude first.")
        draft.correct(ShapeProblem("swapped", words, (x, y)), with_swapped_axes(draft.shape))


# -- What it costs ----------------------------------------------------------------------------------------------------


def _refuse_intricate(draft: _ShapeDraft) -> None:
    """Raise UnusableShape for an outline whose segments come close to each other, or cross, too often."""
    import numpy as np  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(draft.shape.geoms)]
    segments = np.concatenate([np.empty((0, 2, 2)), *(np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings)])
    lines = shapely.linestrings(segments)
    tree = shapely.STRtree(lines)
    close = crossings = 0
    for first in range(0, len(lines), 16):  # few at a time: each may be close to all
        asked, found = tree.query(lines[first : first + 16])
        close += len(asked)
        crossings += _crossings(segments[first + asked], segments[found])
        if close > 2 * CLOSE_PAIRS or crossings > 2 * CROSSINGS:  # each pair is found twice
            x, y = segments[first][0].tolist()
            words = _("The outline is too intricate to be read near %(at)s: it crosses or nears itself too often.")
            raise UnusableShape("crossing", words % {"at": f"{x:.5f}, {y:.5f}"}, (x, y))


def _crossings(one: "NDArray[np.float64]", other: "NDArray[np.float64]") -> int:
    """How many pairs of segments cross inside both: the ends of each lie on both sides of the other."""

    def side(of: "NDArray[np.float64]", end: int, seen_from: "NDArray[np.float64]") -> "NDArray[np.float64]":
        along, to = seen_from[:, 1] - seen_from[:, 0], of[:, end] - seen_from[:, 0]
        turn: NDArray[np.float64] = along[:, 0] * to[:, 1] - along[:, 1] * to[:, 0]
        return turn

    apart = side(one, 0, other) * side(one, 1, other) < 0
    return int((apart & (side(other, 0, one) * side(other, 1, one) < 0)).sum())


# -- Validity ---------------------------------------------------------------------------------------------------------

CROSSES = gettext_lazy("The outline crosses itself near %(at)s.")
TOUCHES = "Ring Self-intersection"
REASONS = {
    "Self-intersection": CROSSES,
    TOUCHES: CROSSES,
    "Hole lies outside shell": gettext_lazy("A hole lies outside its polygon near %(at)s."),
    "Holes are nested": gettext_lazy("A hole lies in another near %(at)s."),
    "Interior is disconnected": gettext_lazy("A hole cuts the polygon in two near %(at)s."),
}
OTHERWISE = gettext_lazy("The outline is not that of an area near %(at)s.")


def _make_valid(draft: _ShapeDraft) -> None:
    """One valid polygon or multi-polygon of all the parts; they may overlap."""
    import shapely  # noqa: PLC0415

    parts = list(draft.shape.geoms)
    valid = [part if part.is_valid else shapely.make_valid(part) for part in parts]
    for part, mended in zip(parts, valid, strict=True):
        if mended is part:
            continue
        reason, x, y = _invalid_reason(part)
        # Rounding leaves borders that touch themselves in a point: the area is plain, and nothing has to be asked.
        if reason != TOUCHES or not math.isclose(part.area, mended.area, rel_tol=1e-9):
            words = str(REASONS.get(reason, OTHERWISE)) % {"at": f"{x:.5f}, {y:.5f}"}
            draft.problems.append(ShapeProblem("crossing", words, (x, y)))
    draft.shape = _areas_of(valid[0] if len(valid) == 1 else shapely.disjoint_subset_union_all(valid))


def _invalid_reason(part: "BaseGeometry") -> tuple[str, float, float]:
    import shapely  # noqa: PLC0415

    match = re.fullmatch(r"(.*)\[(\S+) (\S+)\]", str(shapely.is_valid_reason(part)))
    if match:
        return match[1], float(match[2]), float(match[3])
    x, y = part.exterior.coords[0]
    return "", x, y


def _areas_of(shape: "BaseGeometry") -> "BaseGeometry":
    """Its polygons only: make_valid can leave lines and points."""
    import shapely  # noqa: PLC0415

    areas = [part for part in shapely.get_parts(shapely.get_parts(shape)) if part.geom_type == "Polygon"]
    return areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas)


def _clip_to_france(draft: _ShapeDraft) -> None:
    """Cut away what lies far from France."""
    import shapely  # noqa: PLC0415

    boxes = near_france()
    if draft.shape.is_empty or boxes.covers(shapely.box(*draft.shape.bounds)) or boxes.covers(draft.shape):
        return
    x, y = _point_of(draft.shape.difference(boxes))
    inside = _areas_of(draft.shape.intersection(boxes))
    words = _("The shape lies outside France near %(at)s.") % {"at": f"{x:.5f}, {y:.5f}"}
    if inside.is_empty:
        raise UnusableShape("outside", words, (x, y))
    draft.correct(ShapeProblem("outside", words, (x, y)), inside)


def _point_of(shape: "BaseGeometry") -> tuple[float, float]:
    point = shape.representative_point()
    return point.x, point.y


def _simplify(draft: _ShapeDraft) -> None:
    """Simplify to half of MOST_VERTICES a shape that has more than MOST_VERTICES."""
    import shapely  # noqa: PLC0415

    count = int(shapely.get_num_coordinates(draft.shape))
    if count <= MOST_VERTICES:
        return
    simple, tolerance = draft.shape, 0.00005
    while shapely.get_num_coordinates(simple) > MOST_VERTICES // 2 and tolerance < 1:
        tolerance *= 2
        simple = draft.shape.simplify(tolerance, preserve_topology=False)  # valid again below, and light
    words = _("The outline has %(count)s vertices, and %(limit)s are enough.") % {
        "count": count,
        "limit": MOST_VERTICES,
    }
    _refuse_intricate(_ShapeDraft(shapely.GeometryCollection(shapely.get_parts(simple).tolist())))
    draft.correct(ShapeProblem("vertices", words), _areas_of(shapely.make_valid(simple)))
