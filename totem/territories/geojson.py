"""Polygons out of GeoJSON (RFC 7946) that people send: bounded, checked by position, refused with a message.

Bytes and values are counted in the text before it is parsed.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from totem.core.wording import number
from totem.territories.projections import epsg_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

MEGABYTE = 1024 * 1024
VALUES_A_VERTEX = 4  # a list and three numbers, counted by what opens or separates values


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


class UnusableShape(Exception):
    """The shape cannot be corrected; `problem` says why."""

    def __init__(self, kind: str, words: str, at: tuple[float, float] | None = None) -> None:
        super().__init__(words)
        self.problem = ShapeProblem(kind, words, at)


CODES = ("code", "insee", "insee_com", "code_insee", "codgeo")  # in capitals too


def commune_code(properties: Any) -> Any:
    """The INSEE code among the properties of a feature, by the names that publishers give to it; None without one."""
    named = {str(name).lower(): value for name, value in properties.items()} if isinstance(properties, dict) else {}
    return next((named[name] for name in CODES if named.get(name)), None)


def _commune_codes(document: dict[str, Any]) -> frozenset[str]:
    """The codes of the features, where each has one; else none."""
    features = document.get("features")
    rows = features if isinstance(features, list) else [document]
    codes = {str(commune_code(row.get("properties")) or "") for row in rows if isinstance(row, dict)}
    return frozenset() if "" in codes else frozenset(codes)


def parse_polygons(data: bytes | str) -> "tuple[list[BaseGeometry], int | None, frozenset[str]]":
    """The polygons as written, valid or not, the declared projection (EPSG code or None), and the communes named.

    A function of its own so that the parsed document, ten times its size in memory, is freed before geometry begins.
    """
    document = _document(data)
    parts = [_polygon(rings) for rings in _polygons(document)]
    if not parts:
        raise UnusableShape("empty", _("There is no polygon in it."))
    return parts, epsg_in(json.dumps(document.get("crs") or {})), _commune_codes(document)


def refuse_too_large(data: bytes | str, limit: SizeLimit) -> None:
    if len(data) > limit.bytes:
        words = _("This file is too large: at most %(limit)s MB.") % {"limit": limit.bytes // MEGABYTE}
        raise UnusableShape("heavy", words)
    openings: Any = (b"[", b"{", b",") if isinstance(data, bytes) else ("[", "{", ",")
    if sum(map(data.count, openings)) > VALUES_A_VERTEX * limit.vertices:
        words = _("This file holds too much: at most %(limit)s vertices.") % {"limit": number(limit.vertices)}
        raise UnusableShape("heavy", words)


def _document(data: bytes | str) -> dict[str, Any]:
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        words = _("This is not GeoJSON: byte %(byte)s is not text in UTF-8.") % {"byte": error.start + 1}
        raise UnusableShape("json", words) from None
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        words = _("This is not GeoJSON: line %(line)s, character %(column)s cannot be read.") % {
            "line": error.lineno,
            "column": error.colno,
        }
        raise UnusableShape("json", words) from None
    except (ValueError, RecursionError):
        raise UnusableShape("json", _("This is not GeoJSON: it cannot be read.")) from None
    if not isinstance(document, dict) or "type" not in document:
        raise UnusableShape("json", _("This is JSON but not GeoJSON: it has no type."))
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
        raise UnusableShape("kind", words, _first_position(node))


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
        raise UnusableShape("empty", _("There is a polygon without a ring."))
    return shapely.Polygon(_ring(rings[0]), [_ring(hole) for hole in rings[1:]])


def _ring(positions: Any) -> "NDArray[np.float64]":
    import numpy as np  # noqa: PLC0415

    if not isinstance(positions, list) or not all(_is_position(position) for position in positions):
        raise UnusableShape("position", _("A ring of the polygon has a position that is not two numbers."))
    numbers = (number for position in positions for number in position[:2])
    ring = np.fromiter(numbers, dtype=np.float64, count=2 * len(positions)).reshape(-1, 2)
    others = ring[(ring != ring[:1]).any(axis=1)]
    if not (others != others[:1]).any():
        words = _("A ring of the polygon has fewer than three corners.")
        raise UnusableShape("ring", words, tuple(ring[0].tolist()) if len(ring) else None)
    return ring
