"""A place: any territory that can be counted, with the communes it is made of.

Every level gives the same dataclass, so that counting does not depend on the level. Codes are those of today: merged
communes and municipal districts are folded into the current commune.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from totem.core import clock
from totem.territories.models import (
    Commune,
    CutRule,
    FormerCommune,
    Level,
    Perimeter,
    PerimeterPart,
    PerimeterVersion,
)
from totem.territories.overlaps import Overlap, overlap_of, shape_code
from totem.territories.queries import PLACES, edition_of_places

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

PERIMETER, DRAWN, FRANCE = "perimetre", "dessin", "france"
FRANCE_CODE = "fr"  # of the country in addresses, not of a language
LEVELS = (*Level.values, PERIMETER, DRAWN, FRANCE)


class PlaceNotFound(Exception):
    """There is no such place, or this person may not see it."""


class ShapesMissing(Exception):
    """The outlines of communes are not loaded, or not for this area; `totem territories outlines` loads them."""


@dataclass(frozen=True)
class Place:
    """A territory and its communes.

    `communes` are the current codes that count, in order: `whole`, or `partial`, of which only what stands in the
    polygon counts. `overlap` says which communes a polygon meets and how far; of any other place all are whole, and
    `polygon` and `overlap` are None. `population` is that of the communes
    (official legal populations), None where one is not known or is cut; `area_km2` is None where an outline is missing.
    `edition` says which lists and outlines it was read from: what is computed of an official place of an edition stays
    true; empty where that may change (perimeters, tests).
    """

    level: str
    code: str
    name: str
    communes: tuple[str, ...]
    population: int | None
    area_km2: float | None
    polygon: "BaseGeometry | None"
    whole: tuple[str, ...]
    partial: tuple[str, ...]
    edition: str = field(default="", compare=False)
    overlap: Overlap | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """Level and code as one key: `epci:248000531`."""
        return f"{self.level}:{self.code}"

    def holds(self, commune: str, longitude: float | None, latitude: float | None) -> bool | None:
        """Whether what stands there is in the place; None: in a commune that its edge cuts, at no known position."""
        if self.polygon is None or commune in self.whole:
            return commune in self.whole
        if self.overlap is not None and commune not in self.partial:
            return False
        if longitude is None or latitude is None:
            return None if self.communes else False
        import shapely  # noqa: PLC0415 - only where shapes are

        return bool(shapely.covers(self.polygon, shapely.Point(longitude, latitude)))


# -- By code ----------------------------------------------------------------------------------------------------------

# The southern lands (984) and Clipperton (989) have no permanent inhabitants: no population is none there, not unknown.
_TOTALS = """
SELECT coalesce(array_agg(c.code ORDER BY c.code), '{}'),
       CASE WHEN bool_and(c.population IS NOT NULL OR c.department_id IN ('984', '989')) THEN sum(c.population) END,
       CASE WHEN count(o.code) = count(*) THEN sum(o.area_km2) END
  FROM (MEMBERS) members
  JOIN territories_commune c ON c.code = members.code AND c.current
  LEFT JOIN territories_outline o ON o.level = 'commune' AND o.code = c.code
"""
# Only the branches that a place needs: the planner then knows how few rows there are.
_MEMBERS = {
    "commune": "SELECT unnest(%(commune)s::varchar[]) AS code",
    "epci": "SELECT code FROM territories_commune WHERE epci_id = ANY(%(epci)s)",
    "department": "SELECT code FROM territories_commune WHERE department_id = ANY(%(department)s)",
    "region": "SELECT m.code FROM territories_commune m JOIN territories_department d ON d.code = m.department_id"
    " WHERE d.region_id = ANY(%(region)s)",
    "former_region": "SELECT m.code FROM territories_commune m JOIN territories_department d"
    " ON d.code = m.department_id WHERE d.former_region_id = ANY(%(former_region)s)",
}
_EVERYWHERE = "SELECT code FROM territories_commune"
_PARTS = {
    Level.COMMUNE: "commune",
    Level.EPCI: "epci",
    Level.DEPARTMENT: "department",
    Level.REGION: "region",
    Level.FORMER_REGION: "former_region",
}
Parts = Mapping[str, Iterable[str]]


class _Totals(NamedTuple):
    communes: tuple[str, ...]
    population: int | None
    area_km2: float | None


def _totals(parts: Parts | None = None) -> _Totals:
    """The communes of these parts (codes by the name of the part; None: all of France), counted once each."""
    codes = {name: list(given) for name, given in (parts or {}).items()}
    if parts is not None and not any(codes.values()):
        return _Totals((), None, None)
    members = _EVERYWHERE if parts is None else " UNION ".join(_MEMBERS[name] for name in codes)
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS.replace("MEMBERS", members), codes)
        communes, population, area = cursor.fetchone()
    return _Totals(tuple(communes), None if population is None else int(population), area)


def _made_of(level: str, code: str, name: str, totals: _Totals) -> Place:
    communes, population, area = totals
    return Place(level, code, name, communes, population, area, None, communes, ())


def place_for(level: str, code: str, *, user: object = None) -> Place:
    """The place at that level and code, for this person (None: the public).

    A former commune answers as the one of today; a perimeter as of today, or `slug@3` as its third version. Raises
    PlaceNotFound, also for a perimeter of others; ShapesMissing for a drawn perimeter without outlines.
    """
    if level == PERIMETER:
        return _perimeter_place(code, user)
    if level != FRANCE and (level not in PLACES or not code.isalnum()):
        raise PlaceNotFound(f"{level}:{code}")
    edition = edition_of_places()
    return _kept_place(level, code, edition) if edition else _official_place(level, code)


@lru_cache(maxsize=64)
def _kept_place(level: str, code: str, edition: str) -> Place:
    place = _official_place(level, code)
    communes = tuple(map(sys.intern, place.communes))  # the same few words in every place that is kept
    return replace(place, communes=communes, whole=communes, edition=edition)


def _official_place(level: str, code: str) -> Place:
    if level == FRANCE:
        return _made_of(FRANCE, code or FRANCE_CODE, _("France"), _totals())
    if level == Level.COMMUNE:
        code = fold(code) or ""
    row = PLACES[level]._default_manager.filter(pk=code).first()
    if row is None:
        raise PlaceNotFound(f"{level}:{code}")
    totals = _totals({_PARTS[Level(level)]: [code]})
    if not totals.communes:  # a grouping that has been dissolved
        raise PlaceNotFound(f"{level}:{code}")
    return _made_of(level, code, row.name, totals)  # type: ignore[attr-defined]


def _perimeter_place(code: str, user: object) -> Place:
    slug, _at, number = code.replace("\x00", "").partition("@")
    perimeter = Perimeter.objects.visible_to(user).filter(slug=slug).first()
    version = (
        version_of(perimeter, int(number) if number.isdecimal() and len(number) < 5 else None) if perimeter else None
    )
    if perimeter is None or version is None or (number and str(version.number) != number):
        raise PlaceNotFound(f"{PERIMETER}:{code}")
    return place_of_version(version, code=code, name=perimeter.name)


def version_of(perimeter: Perimeter, number: int | None = None, *, on: date | None = None) -> PerimeterVersion | None:
    """That version; without a number the one in force on that day (today), or the first when none is yet."""
    versions = PerimeterVersion.objects.filter(perimeter=perimeter)
    if number is not None:
        return versions.filter(number=number).first()
    begun = versions.filter(valid_from__lte=on or clock.today()).order_by("-valid_from", "-number")
    return begun.first() or versions.order_by("number").first()


def place_of_version(version: PerimeterVersion, *, code: str, name: str) -> Place:
    """What a version covers, with the communes of today. Raises ShapesMissing."""
    if version.polygon is not None:
        return place_drawn(shape_from(version.polygon), level=PERIMETER, code=code, name=name, cut=version.cut)
    return _made_of(PERIMETER, code, name, _totals(parts_of(version)))


def parts_of(version: PerimeterVersion) -> dict[str, list[str]]:
    """The codes that a version names, by the name of the part."""
    parts: dict[str, list[str]] = {}
    columns = [f"{name}_id" for name in PerimeterPart.PLACES]
    for row in PerimeterPart.objects.filter(version=version).order_by("pk").values_list(*columns):
        name, code = next((n, c) for n, c in zip(PerimeterPart.PLACES, row, strict=True) if c)
        parts.setdefault(name, []).append(code)
    if "commune" in parts:  # some may have been merged since the version was published
        merged = FormerCommune.objects.filter(code__in=parts["commune"], current__current=True)
        now = dict(merged.exclude(code__in=_current()).values_list("code", "current"))
        parts["commune"] = [now.get(code, code) for code in parts["commune"]]
    return parts


def _current() -> "QuerySet[Commune, str]":
    return Commune.objects.filter(current=True).values_list("code", flat=True)


def part_refs(version: PerimeterVersion) -> list["PlaceRef"]:
    """The places that a version names, the larger ones first."""
    level_of = {name: level for level, name in _PARTS.items()}
    parts = parts_of(version)
    return [
        ref(level_of[name], row)
        for name in PerimeterPart.PLACES
        if name in parts
        for row in PLACES[level_of[name]]._default_manager.filter(pk__in=parts[name])
    ]


def codes_by_part(places: Iterable["PlaceRef"]) -> dict[str, list[str]]:
    """The codes of these places by the name of the part, as actions and `place_of_parts` take them."""
    parts: dict[str, list[str]] = {}
    for named in places:
        parts.setdefault(_PARTS[Level(named.level)], []).append(named.code)
    return parts


def place_of_parts(parts: Parts) -> Place:
    """A place made of these codes, by the name of the part (`region`, `epci`…), not kept anywhere."""
    return _made_of(PERIMETER, "", "", _totals(parts))


def fold(code: str) -> str | None:
    """The current commune of a code: itself, the one it was merged into or is a district of; None when unknown."""
    if not code.isalnum():
        return None
    if Commune.objects.filter(code=code, current=True).exists():
        return code
    return FormerCommune.objects.filter(code=code, current__current=True).values_list("current", flat=True).first()


def folding() -> dict[str, str]:
    """Every known code with its current commune, to fold a whole file at once."""
    codes = {code: code for code in Commune.objects.filter(current=True).values_list("code", flat=True)}
    former = FormerCommune.objects.filter(current__current=True).values_list("code", "current")
    return {**dict(former), **codes}


# -- By shape ---------------------------------------------------------------------------------------------------------


def shape_from(wkb: "bytes | memoryview") -> "BaseGeometry":
    """The geometry in the WKB of a BinaryField."""
    import shapely  # noqa: PLC0415 - only where shapes are

    return shapely.from_wkb(bytes(wkb))


def place_drawn(
    polygon: "BaseGeometry", *, level: str = DRAWN, code: str = "", name: str = "", cut: str = CutRule.INSIDE
) -> Place:
    """The place inside a valid polygon (WGS 84 degrees). Without `code`, sixteen characters of its content's digest.

    `cut` says what counts of the communes that the edge cuts. Raises ShapesMissing when no outline of a commune meets
    the polygon: not loaded, or at sea.
    """
    overlap = overlap_of(polygon)
    if not overlap.shares:
        raise ShapesMissing
    whole, partial = overlap.counted(cut)
    population = None if partial else _totals({"commune": whole}).population
    communes = tuple(sorted((*whole, *partial)))
    code, name, area = code or shape_code(polygon), name or _("Drawn area"), area_km2(polygon)
    return Place(level, code, name, communes, population, area, polygon, whole, partial, overlap=overlap)


LONGEST_EDGE = 0.02  # degrees
AXIS_KM, ECCENTRICITY = 6378.137, 0.0818191910428158  # of GRS 80, the ellipsoid of the French systems


def area_km2(geometry: "BaseGeometry") -> float:
    """The area on the ellipsoid, in km², of a valid polygon in WGS 84 degrees, whose edges are straight in degrees.

    Right in every territory: no one projection keeps areas both in France and overseas, and Lambert-93, conformal,
    gives areas up to 0.6 % wrong. By Green's theorem the area is the integral along the rings (RFC 7946, 3.1.1) of that
    between the equator and the latitude, for a radian of longitude (Snyder 1987, Map Projections, eq. 3-12), by
    Simpson's rule. pyproj gives the same, and takes 10 MB of each web process.
    """
    import numpy as np  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    cut = shapely.segmentize(shapely.orient_polygons(geometry), LONGEST_EDGE)
    rings, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(cut)), return_index=True)
    longitude, latitude = np.radians(rings).T
    east = np.diff(longitude) * (np.diff(ring) == 0)
    middle = (latitude[:-1] + latitude[1:]) / 2
    north = (_north_km2(latitude[:-1]) + 4 * _north_km2(middle) + _north_km2(latitude[1:])) / 6
    return abs(float(np.sum(east * north)))


def _north_km2(latitude: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """From the equator to these latitudes, for a radian of longitude."""
    import numpy as np  # noqa: PLC0415

    e, sine = ECCENTRICITY, np.sin(latitude)
    authalic = sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e
    return np.asarray(AXIS_KM**2 * (1 - e**2) / 2 * authalic)


# -- References -------------------------------------------------------------------------------------------------------

# As people write them between brackets, in every language: « Picardie (ancienne région) ».
WORDS = {
    Level.EPCI: "EPCI",
    Level.DEPARTMENT: "département",
    Level.REGION: "région",
    Level.FORMER_REGION: "ancienne région",
    PERIMETER: "périmètre",
}


@dataclass(frozen=True)
class PlaceRef:
    """A place by level, code and name, as suggestions and perimeters list it. `population` orders suggestions.

    `former` is the commune of before that it was found as, in words: « Vire, aujourd’hui Vire Normandie (14) ».
    """

    level: str
    code: str
    name: str
    department: str = ""
    population: int = 0
    former: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        return f"{self.level}:{self.code}"

    @property
    def label(self) -> str:
        """A label without namesakes, which form fields parse: `Amiens (80)`, `Picardie (ancienne région)`."""
        return f"{self.name} ({self.department or WORDS[self.level]})"

    @property
    def title(self) -> str:
        """The label, or the former commune that it was found as with the label."""
        return self.former or self.label


def ref(level: str, row: Any) -> PlaceRef:
    """The reference of a row of that level."""
    if level == Level.COMMUNE:
        former = row.title if row.found_as else ""
        return PlaceRef(level, row.code, row.name, row.department_id, row.population or 0, former)
    if level == PERIMETER:
        return PlaceRef(level, row.slug, row.name)
    return PlaceRef(str(level), row.code, row.name, population=row.population or 0)
