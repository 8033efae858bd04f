"""Parsing and validating shapes that people draw or send; a shape that can be corrected is offered corrected.

Input is GeoJSON (RFC 7946): longitude before latitude, in degrees of WGS 84; national projections are converted. The
result is a valid polygon or multi-polygon near France, with at most MOST_VERTICES vertices.

What parsing costs is bounded before it begins: bytes and values are counted in the text, then how often segments come
close to each other (validity and union take quadratic time of that); a process parses one shape at a time.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.expensive import one_at_a_time
from totem.core.wording import number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

MEGABYTE = 1024 * 1024
MOST_VERTICES = 20_000
MARGIN = 2.0  # degrees around a territory: a shape may straddle a border

# West, south, east, north in degrees of where French communes are.
TERRITORIES = {
    "metropolitan France": (-5.2, 41.3, 9.6, 51.1),
    "Guadeloupe, Martinique, Saint-Martin, Saint-Barthélemy": (-63.2, 14.3, -60.8, 18.2),
    "Guyane": (-54.7, 2.1, -51.6, 5.8),
    "La Réunion": (55.2, -21.4, 55.9, -20.8),
    "Mayotte": (44.9, -13.1, 45.4, -12.6),
    "Saint-Pierre-et-Miquelon": (-56.5, 46.7, -56.1, 47.2),
    "Polynésie française": (-154.8, -27.7, -134.4, -7.8),
    "Nouvelle-Calédonie": (158.2, -22.9, 172.1, -19.1),
    "Wallis et Futuna": (-178.2, -14.4, -176.1, -13.1),
    "southern islands": (50.1, -50.1, 77.7, -37.7),
    "Terre Adélie": (136.0, -68.0, 142.1, -65.5),
    "Îles Éparses": (39.6, -22.4, 54.6, -11.5),
    "Clipperton": (-109.3, 10.2, -109.1, 10.4),
}
# The official systems of decree n° 2000-1276 (metropolitan France, Antilles, Guyane, La Réunion, Mayotte) and the one
# of web maps, by their EPSG code, in the order they are tried.
PROJECTIONS = {
    2154: "Lambert-93",
    5490: "RGAF09 / UTM 20N (Antilles)",
    2972: "RGFG95 / UTM 22N (Guyane)",
    2975: "RGR92 / UTM 40S (La Réunion)",
    4471: "RGM04 / UTM 38S (Mayotte)",
    3857: "Web Mercator",
}
# A coarse outline of mainland France: tells sea from land when the coordinates fit two projections.
LAND = (
    (-5.3, 48.7), (-4.8, 47.6), (-2.6, 46.8), (-1.6, 45.6), (-2.0, 43.2), (0.0, 42.5), (3.3, 42.2), (3.3, 43.0),
    (6.2, 42.8), (8.4, 41.2), (9.7, 41.2), (9.7, 43.2), (7.8, 43.6), (7.2, 45.2), (7.1, 47.4), (8.4, 49.1),
    (5.6, 49.8), (2.6, 51.3), (1.3, 50.9), (-0.3, 49.9), (-2.1, 49.9), (-2.3, 48.9),
)  # fmt: skip

SMALL = 16 * 1024  # bytes that are parsed at any time: a shape in an address is smaller
VALUES_A_VERTEX = 4  # a list and three numbers, counted by what opens or separates values
CLOSE_PAIRS = 2_000_000  # of segments whose boxes overlap: an outline of 50,000 vertices has a tenth of it
CROSSINGS = 200  # of an outline that is corrected; correcting takes a second for 1,000 of them, 40 s for 10,000


@dataclass(frozen=True)
class SizeLimit:
    """The largest GeoJSON that is parsed: its bytes, and its vertices."""

    bytes: int
    vertices: int


ANYBODY = SizeLimit(1 * MEGABYTE, 50_000)
SIGNED_IN = SizeLimit(10 * MEGABYTE, 200_000)


@dataclass(frozen=True)
class ShapeProblem:
    """One fault of a shape: a message, and its coordinates as written in the file (None when it has no place)."""

    kind: str
    message: str
    at: tuple[float, float] | None = None


@dataclass(frozen=True)
class ParsedShape:
    """A valid `polygon`, or `problems` and, when the shape can be corrected, the `corrected` one to offer."""

    polygon: "BaseGeometry | None" = None
    problems: tuple[ShapeProblem, ...] = ()
    corrected: "BaseGeometry | None" = None

    @property
    def messages(self) -> list[str]:
        """The messages of a form, one a problem, and one that says a corrected shape is offered."""
        messages = [problem.message for problem in self.problems]
        return (
            [*messages, _("A corrected shape is proposed: look at it, then send it.")] if self.corrected else messages
        )


class _UnusableShape(Exception):
    """The shape cannot be corrected; `problem` says why."""

    def __init__(self, kind: str, words: str, at: tuple[float, float] | None = None) -> None:
        super().__init__(words)
        self.problem = ShapeProblem(kind, words, at)


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
        _refuse_too_large(data, limit)
        parts, declared = _parse_polygons(data)
        draft = _ShapeDraft(shapely.GeometryCollection(parts))
        steps = (_to_degrees(epsg or declared), _swap_axes, _refuse_intricate, _make_valid, _clip_to_france, _simplify)
        for step in steps:
            step(draft)
        if draft.shape.is_empty or draft.shape.area == 0:
            raise _UnusableShape("empty", _("The shape has no area."))
    except _UnusableShape as unreadable:
        return ParsedShape(problems=(unreadable.problem,))
    if draft.problems:
        return ParsedShape(problems=tuple(draft.problems), corrected=shapely.set_precision(draft.shape, 1e-7))
    return ParsedShape(polygon=draft.shape)


def as_geojson(polygon: "BaseGeometry") -> str:
    """The polygon as one line of GeoJSON, as the field of a form holds it."""
    import shapely  # noqa: PLC0415

    return str(shapely.to_geojson(polygon))


# -- GeoJSON ----------------------------------------------------------------------------------------------------------


def _parse_polygons(data: bytes | str) -> "tuple[list[BaseGeometry], int | None]":
    """The polygons as written, valid or not, and the declared projection (EPSG code or None).

    A function of its own so that the parsed document, ten times its size in memory, is freed before geometry begins.
    """
    document = _document(data)
    parts = [_polygon(rings) for rings in _polygons(document)]
    if not parts:
        raise _UnusableShape("empty", _("There is no polygon in it."))
    return parts, _declared_epsg(document)


def _refuse_too_large(data: bytes | str, limit: SizeLimit) -> None:
    if len(data) > limit.bytes:
        words = _("This file is too large: at most %(limit)s MB.") % {"limit": limit.bytes // MEGABYTE}
        raise _UnusableShape("heavy", words)
    openings: Any = (b"[", b"{", b",") if isinstance(data, bytes) else ("[", "{", ",")
    if sum(map(data.count, openings)) > VALUES_A_VERTEX * limit.vertices:
        words = _("This file holds too much: at most %(limit)s vertices.") % {"limit": number(limit.vertices)}
        raise _UnusableShape("heavy", words)


def _document(data: bytes | str) -> dict[str, Any]:
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        words = _("This is not GeoJSON: byte %(byte)s is not text in UTF-8.") % {"byte": error.start + 1}
        raise _UnusableShape("json", words) from None
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        words = _("This is not GeoJSON: line %(line)s, character %(column)s cannot be read.") % {
            "line": error.lineno,
            "column": error.colno,
        }
        raise _UnusableShape("json", words) from None
    except (ValueError, RecursionError):
        raise _UnusableShape("json", _("This is not GeoJSON: it cannot be read.")) from None
    if not isinstance(document, dict) or "type" not in document:
        raise _UnusableShape("json", _("This is JSON but not GeoJSON: it has no type."))
    return document


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


MEMBERS = {"FeatureCollection": "features", "GeometryCollection": "geometries"}


def _polygons(node: Any, depth: int = 0) -> Iterator[Any]:
    """The rings of each polygon, at any depth of features and collections."""
    kind = str(node.get("type")) if isinstance(node, dict) else ""
    if kind in MEMBERS and isinstance(node.get(MEMBERS[kind]), list) and depth < 10:
        for member in node[MEMBERS[kind]]:
            yield from _polygons(member, depth + 1)
    elif kind == "Feature":
        if node.get("geometry") is not None:
            yield from _polygons(node["geometry"], depth + 1)
    elif kind == "Polygon":
        yield node.get("coordinates")
    elif kind == "MultiPolygon" and isinstance(node.get("coordinates"), list):
        yield from node["coordinates"]
    else:
        words = _("A polygon is needed; this has a %(kind)s.") % {"kind": kind[:40] if kind.isalpha() else "?"}
        raise _UnusableShape("kind", words, _first_position(node))


def _first_position(node: Any) -> tuple[float, float] | None:
    """The first coordinates of something that is not a polygon."""
    at = node.get("coordinates") if isinstance(node, dict) else None
    while isinstance(at, list) and at and isinstance(at[0], list):
        at = at[0]
    return (at[0], at[1]) if isinstance(at, list) and _is_position(at) else None


def _is_position(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= 2
        and all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < 1e12 for n in value[:2])
        and not any(math.isnan(n) for n in value[:2])
    )


def _polygon(rings: Any) -> "BaseGeometry":
    import shapely  # noqa: PLC0415

    if not isinstance(rings, list) or not rings:
        raise _UnusableShape("empty", _("There is a polygon without a ring."))
    return shapely.Polygon(_ring(rings[0]), [_ring(hole) for hole in rings[1:]])


def _ring(positions: Any) -> "NDArray[np.float64]":
    import numpy as np  # noqa: PLC0415

    if not isinstance(positions, list) or not all(_is_position(position) for position in positions):
        raise _UnusableShape("position", _("A ring of the polygon has a position that is not two numbers."))
    numbers = (number for position in positions for number in position[:2])
    ring = np.fromiter(numbers, dtype=np.float64, count=2 * len(positions)).reshape(-1, 2)
    others = ring[(ring != ring[:1]).any(axis=1)]
    if not (others != others[:1]).any():
        words = _("A ring of the polygon has fewer than three corners.")
        raise _UnusableShape("ring", words, tuple(ring[0].tolist()) if len(ring) else None)
    return ring


# -- Projection and position ------------------------------------------------------------------------------------------


def _declared_epsg(document: dict[str, Any]) -> int | None:
    """The EPSG code of a `crs` member (GeoJSON of 2008), as some tools still write it."""
    named = re.search(r"EPSG:[\d.]*:?(\d+)", json.dumps(document.get("crs") or {}), re.IGNORECASE)
    code = int(named[1]) if named and len(named[1]) < 7 else None
    return None if code == 4326 else code


def _to_degrees(epsg: int | None) -> "Callable[[_ShapeDraft], None]":
    def step(draft: _ShapeDraft) -> None:
        west, south, east, north = draft.shape.bounds
        in_degrees = max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90
        if in_degrees or (_has_swapped_axes(draft.shape) and epsg is None):
            return
        for code in _matching_projections(draft.shape, epsg):
            words = _("The coordinates are not degrees: they were read as %(name)s (EPSG:%(code)s).")
            message = words % {"name": PROJECTIONS[code], "code": code}
            draft.correct(ShapeProblem("projection", message, (west, south)), _reprojected(draft.shape, code))
            return
        words = _("The coordinates are not degrees, and no projection in use in France fits them.")
        raise _UnusableShape("projection", words, (west, south))

    return step


def _matching_projections(shape: "BaseGeometry", epsg: int | None) -> list[int]:
    """The projections under which the shape lies in France, those that put it on land first."""
    import shapely  # noqa: PLC0415

    if epsg is not None:
        return [epsg] if epsg in PROJECTIONS else []
    fits = [code for code in PROJECTIONS if _territory(_reprojected(shape, code))]
    land = shapely.Polygon(LAND)
    return sorted(fits, key=lambda code: code in (2154, 3857) and not land.contains(_reprojected(shape, code).centroid))


def _reprojected(shape: "BaseGeometry", epsg: int) -> "BaseGeometry":
    import shapely  # noqa: PLC0415
    from pyproj import Transformer  # noqa: PLC0415

    transformer = Transformer.from_crs(epsg, 4326, always_xy=True)

    def degrees(points: "NDArray[np.float64]") -> "NDArray[np.float64]":
        import numpy as np  # noqa: PLC0415

        # Coordinates outside a projection's domain come back infinite: replaced by a point far away.
        there = np.column_stack(transformer.transform(points[:, 0], points[:, 1]))
        found: NDArray[np.float64] = np.nan_to_num(there, posinf=999, neginf=-999)
        return found

    return shapely.transform(shape, degrees)


def _territory(shape: "BaseGeometry", margin: float = 0.5) -> str:
    """The territory that the whole shape lies in; empty when there is none."""
    west, south, east, north = shape.bounds
    return next(
        (
            name
            for name, (w, s, e, n) in TERRITORIES.items()
            if west > w - margin and south > s - margin and east < e + margin and north < n + margin
        ),
        "",
    )


def _with_swapped_axes(shape: "BaseGeometry") -> "BaseGeometry":
    import shapely  # noqa: PLC0415

    return shapely.transform(shape, lambda points: points[:, ::-1])


def _has_swapped_axes(shape: "BaseGeometry") -> bool:
    """Whether the shape is nowhere in France as written, and in one of its territories with its numbers exchanged."""
    return not any(map(_in_a_box, shape.geoms)) and all(_territory(_with_swapped_axes(part)) for part in shape.geoms)


def _in_a_box(part: "BaseGeometry") -> bool:
    import shapely  # noqa: PLC0415

    return bool(shapely.box(*part.bounds).intersects(_boxes()))


@lru_cache(maxsize=1)
def _boxes() -> "BaseGeometry":
    import shapely  # noqa: PLC0415

    boxes = [shapely.box(w - MARGIN, s - MARGIN, e + MARGIN, n + MARGIN) for w, s, e, n in TERRITORIES.values()]
    return shapely.union_all(boxes)


def _swap_axes(draft: _ShapeDraft) -> None:
    if _has_swapped_axes(draft.shape):
        x, y = draft.shape.geoms[0].exterior.coords[0]
        words = _("Latitude stands before longitude: GeoJSON wants longitude first.")
        draft.correct(ShapeProblem("swapped", words, (x, y)), _with_swapped_axes(draft.shape))


# -- What it costs ----------------------------------------------------------------------------------------------------


def _refuse_intricate(draft: _ShapeDraft) -> None:
    """Raise _UnusableShape for an outline whose segments come close to each other, or cross, too often."""
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
            raise _UnusableShape("crossing", words % {"at": f"{x:.5f}, {y:.5f}"}, (x, y))


def _crossings(one: "NDArray[np.float64]", other: "NDArray[np.float64]") -> int:
    """How many pairs of segments cross inside both: the ends of each lie on both sides of the other."""

    def side(of: "NDArray[np.float64]", end: int, seen_from: "NDArray[np.float64]") -> "NDArray[np.float64]":
        along, to = seen_from[:, 1] - seen_from[:, 0], of[:, end] - seen_from[:, 0]
        turn: NDArray[np.float64] = along[:, 0] * to[:, 1] - along[:, 1] * to[:, 0]
        return turn

    apart = side(one, 0, other) * side(one, 1, other) < 0
    return int((apart & (side(other, 0, one) * side(other, 1, one) < 0)).sum())


# -- Validity ---------------------------------------------------------------------------------------------------------

REASONS = {
    "Self-intersection": gettext_lazy("The outline crosses itself near %(at)s."),
    "Ring Self-intersection": gettext_lazy("The outline touches itself near %(at)s."),
    "Hole lies outside shell": gettext_lazy("A hole lies outside its polygon near %(at)s."),
    "Holes are nested": gettext_lazy("A hole lies in another near %(at)s."),
    "Interior is disconnected": gettext_lazy("A hole cuts the polygon in two near %(at)s."),
}
OTHERWISE = gettext_lazy("The outline is not that of an area near %(at)s.")


def _make_valid(draft: _ShapeDraft) -> None:
    """One valid polygon or multi-polygon of all the parts; they may overlap."""
    import shapely  # noqa: PLC0415

    valid = []
    for part in draft.shape.geoms:
        if not part.is_valid:
            reason, x, y = _invalid_reason(part)
            words = str(REASONS.get(reason, OTHERWISE)) % {"at": f"{x:.5f}, {y:.5f}"}
            draft.problems.append(ShapeProblem("crossing", words, (x, y)))
        valid.append(part if part.is_valid else shapely.make_valid(part))
    draft.shape = _areas_of(valid[0] if len(valid) == 1 else shapely.union_all(valid))


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

    boxes = _boxes()
    if draft.shape.is_empty or boxes.covers(shapely.box(*draft.shape.bounds)) or boxes.covers(draft.shape):
        return
    x, y = _point_of(draft.shape.difference(boxes))
    inside = _areas_of(draft.shape.intersection(boxes))
    words = _("The shape lies outside France near %(at)s.") % {"at": f"{x:.5f}, {y:.5f}"}
    if inside.is_empty:
        raise _UnusableShape("outside", words, (x, y))
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
