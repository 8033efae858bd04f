"""Official outlines of communes, loaded from a file or an https address; larger places are dissolved from them.

Formats: GeoJSON (plain or .gz) of Etalab's contours-administratifs or of IGN's Admin Express, and GeoParquet. A file is
checked before anything is changed, and the outlines in service are replaced in one transaction.
"""

import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction

from totem.core import clock
from totem.territories.models import Commune, Edition, Level, Outline
from totem.territories.outline_files import OutlinesRefused, Say, by_commune, digest_of, fetched_quietly, local_file
from totem.territories.places import area_km2, folding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

EDITION = "outlines"
LEAST_KEPT = 0.9  # of the communes that have an outline today
LIGHT = 40  # vertices a commune: no need to simplify
FINE, COARSE = 0.001, 0.005  # degrees: communes; all that is larger
SLIVER = 1e-6  # square degrees, a quarter of the smallest commune
DIGITS = 5  # of a degree: about a metre


def load_outlines(
    source: str, *, timeout: float = 600, force: bool = False, say: Say = lambda _line: None, named: str = ""
) -> int:
    """Replace the outlines by those of a file or of an https address; returns how many communes have one now.

    `timeout` bounds a download, in seconds; `named` is the recorded origin of a file. Without `force` a file that
    covers far fewer communes than the outlines in service is refused. Raises OutlinesRefused.
    """
    with local_file(source, timeout, say) as path:
        digest = digest_of(path)
        known = folding()
        if not known:
            raise OutlinesRefused("The communes are not loaded: run `totem migrate` first.")
        shapes, unknown = by_commune(path, known, say)
        say(f"Outlines: {len(shapes)} communes read, {unknown} codes unknown.")
        _refuse_poorer(len(shapes), force)
        outlines = list(_levels(shapes, say))
        facts = {"communes": len(shapes), "unknown": unknown}
        _replace(outlines, version=digest[:20], source=(named or source)[:300], facts=facts)
    missing = Commune.objects.filter(current=True).count() - len(shapes)
    say(f"Outlines: {len(outlines)} in service; {missing} communes have none.")
    return len(shapes)


def try_outlines(timeout: float = 3.0) -> str:
    """Try the official address once, for the demonstration; returns the line to show and never raises.

    No request when outlines are loaded. `timeout` bounds the download in seconds, name resolution included.
    """
    if Edition.objects.filter(package=EDITION).exists():
        return "Outlines: already there."
    if "://" not in settings.OUTLINES_URL:
        return _loaded_line(settings.OUTLINES_URL)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outlines"
        fetched = threading.Thread(target=fetched_quietly, args=(settings.OUTLINES_URL, path, timeout), daemon=True)
        fetched.start()
        fetched.join(timeout)
        if fetched.is_alive() or not (whole := path.with_suffix(".whole")).exists():
            return "Outlines: the official address does not answer; going on without (totem territories outlines)."
        return _loaded_line(str(whole), named=settings.OUTLINES_URL)


def _loaded_line(source: str, named: str = "") -> str:
    try:
        return f"Outlines: {load_outlines(source, named=named)} communes."
    except OutlinesRefused as refused:
        return f"Outlines: going on without. {refused}"


def edition() -> Edition | None:
    """Which outlines are in service; None without."""
    return Edition.objects.filter(package=EDITION).first()


def _refuse_poorer(count: int, force: bool) -> None:
    before = Outline.objects.filter(level=Level.COMMUNE).count()
    if not force and count < before * LEAST_KEPT:
        raise OutlinesRefused(
            f"{count} communes in the file, {before} in service: nothing is changed (--force takes it all the same)."
        )


# -- Levels -----------------------------------------------------------------------------------------------------------


def _levels(shapes: dict[str, "BaseGeometry"], say: Say) -> Iterator[Outline]:
    """The outlines of communes, then of the larger places dissolved from them."""
    import numpy as np  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    codes = list(shapes)
    areas = dict(zip(codes, map(area_km2, shapes.values()), strict=True))
    drawn = np.array(list(shapes.values()), dtype=object)
    if shapely.get_num_coordinates(drawn).mean() > LIGHT:
        say("Outlines: simplifying…")
        drawn = _simplified(drawn, FINE)
    drawn = _rounded(drawn)
    yield from _outlines(Level.COMMUNE, codes, drawn, areas.values())
    # One simplification for all that is larger: the lines of an EPCI and of its department coincide.
    coarse = _rounded(_simplified(drawn, COARSE))
    place = {code: n for n, code in enumerate(codes)}
    for level, members in _members(codes).items():
        say(f"Outlines: {level}…")
        united = np.array([dissolved(coarse[[place[code] for code in group]]) for group in members.values()])
        yield from _outlines(level, list(members), united, [sum(areas[code] for code in g) for g in members.values()])


def _members(codes: Sequence[str]) -> dict[Level, dict[str, list[str]]]:
    """The communes (of those given) of each larger place, by level and code."""
    members: dict[Level, dict[str, list[str]]] = {
        level: {} for level in (Level.EPCI, Level.DEPARTMENT, Level.REGION, Level.FORMER_REGION)
    }
    drawn = set(codes)
    fields = ("code", "epci", "department", "department__region", "department__former_region")
    for code, *larger in Commune.objects.filter(current=True).order_by("code").values_list(*fields):
        for level, place in zip(members, larger, strict=True):
            if code in drawn and place:
                members[level].setdefault(place, []).append(code)
    return members


def _simplified(shapes: "NDArray[np.object_]", tolerance: float) -> "NDArray[np.object_]":
    """Fewer vertices, with shared borders still shared: a coverage is simplified as a whole."""
    import shapely  # noqa: PLC0415

    fewer: NDArray[np.object_] = shapely.coverage_simplify(shapes, tolerance)
    return fewer


def _rounded(shapes: "NDArray[np.object_]") -> "NDArray[np.object_]":
    """Coordinates rounded to DIGITS digits; shared vertices stay shared, and invalid results are made valid."""
    import numpy as np  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    rounded: NDArray[np.object_] = shapely.transform(shapes, lambda points: np.round(points, DIGITS))
    for n in np.flatnonzero(~shapely.is_valid(rounded) | shapely.is_empty(rounded)):
        mended = shapely.buffer(rounded[n], 0)
        rounded[n] = shapes[n] if mended.is_empty else mended
    return rounded


def dissolved(shapes: "NDArray[np.object_]") -> "BaseGeometry":
    """One area without inner borders; enclaves are kept, gaps between neighbours that nearly touch are not."""
    import shapely  # noqa: PLC0415

    whole = []
    for part in shapely.get_parts(_united(shapes)):
        outer, *holes = shapely.get_rings(part)
        whole.append(shapely.Polygon(outer, [hole for hole in holes if shapely.Polygon(hole).area > SLIVER]))
    return whole[0] if len(whole) == 1 else shapely.multipolygons(whole)


def _united(shapes: "NDArray[np.object_]") -> "BaseGeometry":
    """The fast union needs a valid coverage, which official files nearly are."""
    import shapely  # noqa: PLC0415

    try:
        united = shapely.coverage_union_all(shapes)
        if united.is_valid:
            return united
    except shapely.errors.GEOSException:
        pass
    return shapely.union_all(shapes)


def _outlines(
    level: Level, codes: Sequence[str], shapes: "NDArray[np.object_]", areas: Iterable[float]
) -> Iterator[Outline]:
    import shapely  # noqa: PLC0415

    boxes = shapely.bounds(shapes).tolist()
    for code, shape, (west, south, east, north), area in zip(codes, shapely.to_wkb(shapes), boxes, areas, strict=True):
        yield Outline(
            level=level, code=code, shape=shape, west=west, south=south, east=east, north=north, area_km2=area
        )


# Twice as fast as rows in statements.
_COPY = "COPY territories_outline (level, code, shape, west, south, east, north, area_km2) FROM STDIN"


@transaction.atomic
def _replace(outlines: list[Outline], *, version: str, source: str, facts: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE territories_edition IN SHARE ROW EXCLUSIVE MODE")
    Outline.objects.all().delete()
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for o in outlines:
            copy.write_row((str(o.level), o.code, o.shape, o.west, o.south, o.east, o.north, o.area_km2))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE territories_outline")
    Edition.objects.update_or_create(
        package=EDITION,
        defaults={"version": version, "source": source, "facts": facts, "loaded_at": clock.now()},
    )
