"""Where France is, and the projections in use there: coordinates in metres become degrees of WGS 84.

A projection is the one that a file declares, or the one under which the numbers lie where that projection is used.
Converting is pyproj's.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pyproj import Transformer
    from shapely.geometry.base import BaseGeometry

MARGIN = 2.0  # degrees around a territory: a shape may straddle a border

# West, south, east, north in degrees of where French communes are.
TERRITORIES = {
    _("metropolitan France"): (-5.2, 41.3, 9.6, 51.1),
    _("Guadeloupe, Martinique, Saint-Martin and Saint-Barthélemy"): (-63.2, 14.3, -60.8, 18.2),
    "Guyane": (-54.7, 2.1, -51.6, 5.8),
    "La Réunion": (55.2, -21.4, 55.9, -20.8),
    "Mayotte": (44.9, -13.1, 45.4, -12.6),
    "Saint-Pierre-et-Miquelon": (-56.5, 46.7, -56.1, 47.2),
    "Polynésie française": (-154.8, -27.7, -134.4, -7.8),
    "Nouvelle-Calédonie": (158.2, -22.9, 172.1, -19.1),
    "Wallis-et-Futuna": (-178.2, -14.4, -176.1, -13.1),
    _("the southern and Antarctic lands"): (50.1, -50.1, 77.7, -37.7),
    "Terre Adélie": (136.0, -68.0, 142.1, -65.5),
    "Îles Éparses": (39.6, -22.4, 54.6, -11.5),
    "Clipperton": (-109.3, 10.2, -109.1, 10.4),
}
# The official systems of decree n° 2000-1276 (metropolitan France, Antilles, Guyane, La Réunion, Mayotte), the nine
# conical zones of its amendment n° 2006-272, which town planning uses, and the system of web maps: EPSG codes, in the
# order they are tried.
PROJECTIONS = {
    2154: "Lambert-93",
    **{3900 + zone: f"CC{zone}" for zone in range(42, 51)},
    5490: "RGAF09 / UTM 20N (Antilles)",
    2972: "RGFG95 / UTM 22N (Guyane)",
    2975: "RGR92 / UTM 40S (La Réunion)",
    4471: "RGM04 / UTM 38S (Mayotte)",
    3857: "Web Mercator",
}
# Later realisations of RGF93 (v2, v2b): centimetres away from the first.
SAME_AS = {
    **dict.fromkeys((9793, 9794), 2154),
    **{first + zone: 3942 + zone for first in (9822, 9842) for zone in range(9)},
}
# A coarse outline of mainland France: tells sea from land when the coordinates fit two projections.
LAND = (
    (-5.3, 48.7), (-4.8, 47.6), (-2.6, 46.8), (-1.6, 45.6), (-2.0, 43.2), (0.0, 42.5), (3.3, 42.2), (3.3, 43.0),
    (6.2, 42.8), (8.4, 41.2), (9.7, 41.2), (9.7, 43.2), (7.8, 43.6), (7.2, 45.2), (7.1, 47.4), (8.4, 49.1),
    (5.6, 49.8), (2.6, 51.3), (1.3, 50.9), (-0.3, 49.9), (-2.1, 49.9), (-2.3, 48.9),
)  # fmt: skip
EDGE = 0.5  # degrees around a territory, and around the area where a projection is used
Box = tuple[float, float, float, float]


def epsg_in(crs: str) -> int | None:
    """The EPSG code of a `crs` member (GeoJSON of 2008), as some tools still write it; None for degrees or without."""
    named = re.search(r"EPSG:(?:[\d.]*:)?(\d{1,6})\b", crs, re.IGNORECASE)
    code = int(named[1]) if named else None
    return None if code == 4326 else code


def projection_words(epsg: int) -> str:
    """The name of a projection and its code: Lambert-93 (EPSG:2154)."""
    return f"{PROJECTIONS[epsg]} (EPSG:{epsg})"


def is_in_degrees(shape: "BaseGeometry") -> bool:
    """Whether the numbers can be degrees, in either order."""
    west, south, east, north = shape.bounds
    reach = sorted((max(abs(west), abs(east)), max(abs(south), abs(north))))
    return bool(reach[0] <= 90 and reach[1] <= 180)


def matching_projections(shape: "BaseGeometry", epsg: int | None) -> list[int]:
    """The projections under which the shape lies in France, those that put it on land first; `epsg` if it is known."""
    import shapely  # noqa: PLC0415 - only where shapes are

    if epsg is not None:
        return [code for code in (SAME_AS.get(epsg, epsg),) if code in PROJECTIONS]
    box, land = shapely.box(*shape.bounds), shapely.Polygon(LAND)
    there = {code: reprojected(box, code) for code in PROJECTIONS}
    fits = [code for code, found in there.items() if territory_of(found) and _lies_in(found, _used_in(code))]
    return sorted(fits, key=lambda code: code in (2154, 3857) and not land.contains(there[code].centroid))


@cache
def _used_in(epsg: int) -> Box:
    """Where a projection is used: west, south, east, north."""
    from pyproj import CRS  # noqa: PLC0415

    area = CRS.from_epsg(epsg).area_of_use
    return area.bounds if area else (-180, -90, 180, 90)


@cache
def _transformer(epsg: int) -> "Transformer":
    from pyproj import Transformer  # noqa: PLC0415

    return Transformer.from_crs(epsg, 4326, always_xy=True)


def reprojected(shape: "BaseGeometry", epsg: int) -> "BaseGeometry":
    """The shape in degrees of WGS 84; coordinates outside the projection's domain become a point far away."""
    import shapely  # noqa: PLC0415

    def degrees(points: "NDArray[np.float64]") -> "NDArray[np.float64]":
        import numpy as np  # noqa: PLC0415

        there = np.column_stack(_transformer(epsg).transform(points[:, 0], points[:, 1]))
        found: NDArray[np.float64] = np.nan_to_num(there, posinf=999, neginf=-999)
        return found

    return shapely.transform(shape, degrees)


def _lies_in(shape: "BaseGeometry", box: Box) -> bool:
    west, south, east, north = shape.bounds
    w, s, e, n = box
    return bool(west > w - EDGE and south > s - EDGE and east < e + EDGE and north < n + EDGE)


def territory_of(shape: "BaseGeometry") -> tuple[str, Box] | None:
    """The name and the box of the territory that the whole shape lies in; None when there is none."""
    return next(((str(name), box) for name, box in TERRITORIES.items() if _lies_in(shape, box)), None)


def with_swapped_axes(shape: "BaseGeometry") -> "BaseGeometry":
    """The shape with the two numbers of each position exchanged."""
    import shapely  # noqa: PLC0415

    return shapely.transform(shape, lambda points: points[:, ::-1])


def has_swapped_axes(shape: "BaseGeometry") -> bool:
    """Whether the shape is nowhere in France as written, and in one of its territories with its numbers exchanged."""
    import shapely  # noqa: PLC0415

    parts = shapely.get_parts(shape)
    if any(bool(shapely.box(*part.bounds).intersects(near_france())) for part in parts):
        return False
    return all(territory_of(with_swapped_axes(part)) for part in parts)


@cache
def near_france() -> "BaseGeometry":
    """The boxes around the territories, with their margin."""
    import shapely  # noqa: PLC0415

    boxes = [shapely.box(w - MARGIN, s - MARGIN, e + MARGIN, n + MARGIN) for w, s, e, n in TERRITORIES.values()]
    return shapely.union_all(boxes)
