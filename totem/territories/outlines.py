"""Official outlines of communes, loaded from a file or an https address; larger places are dissolved from them.

Formats: GeoJSON (plain or .gz) of Etalab's contours-administratifs or of IGN's Admin Express, and GeoParquet. A file is
checked before anything is changed, and the outlines in service are replaced in one transaction.
"""

import gzip
import hashlib
import json
import re
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from totem.core import clock
from totem.territories.models import Commune, Edition, Level, Outline
from totem.territories.places import area_km2, folding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

EDITION = "outlines"
CODES = ("code", "INSEE_COM", "insee_com", "code_insee", "codgeo", "CODGEO")
GEOMETRIES = ("geometry", "geom", "wkb_geometry")
LEAST_KNOWN = 0.9  # of the codes of a file; below, it is not a list of communes
LEAST_KEPT = 0.9  # of the communes that have an outline today
LIGHT = 40  # vertices a commune: no need to simplify
FINE, COARSE = 0.001, 0.005  # degrees: communes; all that is larger
DIGITS = 5  # of a degree: about a metre
MOST_BYTES = 800 * 1024 * 1024
CHUNK = 1 << 20
BATCH = 2000
Say = Callable[[str], None]


class OutlinesRefused(Exception):
    """The file is invalid or cannot be fetched; the outlines in service stay. The message is one line."""


def load_outlines(
    source: str, *, timeout: float = 600, force: bool = False, say: Say = lambda _line: None, named: str = ""
) -> int:
    """Replace the outlines by those of a file or of an https address; returns how many communes have one now.

    `timeout` bounds a download, in seconds; `named` is the recorded origin of a file. Without `force` a file that
    covers far fewer communes than the outlines in service is refused. Raises OutlinesRefused.
    """
    with _local(source, timeout, say) as path:
        digest = _digest(path)
        known = folding()
        if not known:
            raise OutlinesRefused("The communes are not loaded: run `totem migrate` first.")
        shapes, unknown = _by_commune(path, known)
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
        fetched = threading.Thread(target=_fetched_quietly, args=(settings.OUTLINES_URL, path, timeout), daemon=True)
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


# -- Files ------------------------------------------------------------------------------------------------------------


@contextmanager
def _local(source: str, timeout: float, say: Say) -> Iterator[Path]:
    """The file, fetched first when the source is an address."""
    if "://" not in source:
        path = Path(source)
        if not path.is_file():
            raise OutlinesRefused(f"There is no file {source}.")
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outlines"
        say(f"Outlines: fetching {source}…")
        _fetch(source, path, timeout)
        yield path


def _fetched_quietly(url: str, path: Path, timeout: float) -> None:
    try:
        _fetch(url, path, timeout)
        path.rename(path.with_suffix(".whole"))
    except (OutlinesRefused, OSError):
        return


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> Any:
        redirected = super().redirect_request(*args, **kwargs)
        if redirected is not None:
            _refuse_unsafe(redirected.full_url)
        return redirected


def _refuse_unsafe(url: str) -> None:
    """Accept https addresses only, and http to localhost."""
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) not in {("http", "127.0.0.1"), ("http", "localhost")}:
        raise OutlinesRefused(f"{url} is not an https address.")


def _fetch(url: str, path: Path, timeout: float) -> None:
    """Download the address to the path, within the time and size limits. Raises OutlinesRefused."""
    _refuse_unsafe(url)
    deadline = time.monotonic() + timeout
    opener = urllib.request.build_opener(_SafeRedirects)
    try:
        with opener.open(url, timeout=min(timeout, 30)) as response, path.open("wb") as file:
            size = 0
            while chunk := response.read(CHUNK):
                size += len(chunk)
                if size > MOST_BYTES or time.monotonic() > deadline:
                    raise OutlinesRefused(f"{url} gives too much, or too slowly: nothing is changed.")
                file.write(chunk)
            if size < int(response.headers.get("Content-Length") or 0):
                raise OutlinesRefused(f"{url} stopped in the middle: nothing is changed.")
    except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError) as error:
        raise OutlinesRefused(f"{url} cannot be fetched: {getattr(error, 'reason', error) or error}.") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# -- Reading ----------------------------------------------------------------------------------------------------------


def _by_commune(path: Path, known: dict[str, str]) -> tuple[dict[str, "BaseGeometry"], int]:
    """One valid polygon for each current commune of the file, and how many codes were unknown."""
    import shapely  # noqa: PLC0415 - only where shapes are

    pieces: defaultdict[str, list[BaseGeometry]] = defaultdict(list)
    read = unknown = 0
    try:
        for code, shape in _rows(path):
            read += 1
            if code in known:
                pieces[known[code]].append(_checked(code, shape))
            else:
                unknown += 1
    except (ValueError, EOFError, OSError, zlib.error, shapely.errors.GEOSException) as error:
        first = str(error).split("\n", 1)[0]
        raise OutlinesRefused(f"The outlines cannot be read after {read} places: {first}") from error
    if not read or unknown > read * (1 - LEAST_KNOWN):
        raise OutlinesRefused(f"{read - unknown} of {read} codes are those of communes: is this a file of communes?")
    return {
        code: shapes[0] if len(shapes) == 1 else shapely.union_all(shapes) for code, shapes in sorted(pieces.items())
    }, unknown


def _checked(code: str, shape: "BaseGeometry") -> "BaseGeometry":
    """The shape made valid, its polygons only. Raises ValueError for what is not an area in degrees."""
    import shapely  # noqa: PLC0415

    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError(f"the outline of {code} is empty or not in degrees (WGS 84).")
    parts = shapely.get_parts(shapely.get_parts(shape if shape.is_valid else shapely.make_valid(shape)))
    areas = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    if not len(areas):
        raise ValueError(f"the outline of {code} is not an area.")
    return areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas)


def _rows(path: Path) -> Iterator[tuple[str, "BaseGeometry"]]:
    """Code and shape of each place of the file, of any supported format."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        yield from _of_parquet(path)
        return
    with (
        gzip.open(path, "rt", encoding="utf-8-sig")
        if magic[:2] == b"\x1f\x8b"
        else path.open(encoding="utf-8-sig") as stream
    ):
        yield from _of_geojson(stream)


def _of_parquet(path: Path) -> Iterator[tuple[str, "BaseGeometry"]]:
    """GeoParquet: geometries are read as plain WKB, since DuckDB's conversion needs an extension."""
    import duckdb  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    with duckdb.connect(config={"autoinstall_known_extensions": "false", "threads": 2}) as con:
        con.execute("SET enable_geoparquet_conversion = false")
        try:
            described = con.execute("DESCRIBE SELECT * FROM read_parquet($1)", [str(path)]).fetchall()
            columns = {row[0]: row[1] for row in described}
            code = next((name for name in CODES if name in columns), None)
            shape = next((name for name in GEOMETRIES if columns.get(name) == "BLOB"), None)
            if code is None or shape is None:
                raise ValueError(f"no column of codes ({', '.join(CODES)}) beside one of geometries in WKB.")
            # The names are ours, out of the lists above.
            con.execute(f'SELECT "{code}", "{shape}" FROM read_parquet($1)', [str(path)])  # noqa: S608
            while rows := con.fetchmany(BATCH):
                yield from zip((str(row[0]) for row in rows), shapely.from_wkb([row[1] for row in rows]), strict=True)
        except duckdb.Error as error:
            raise ValueError(str(error)) from error


def _of_geojson(stream: IO[str]) -> Iterator[tuple[str, "BaseGeometry"]]:
    """One feature at a time: the file of France would not fit in memory as Python objects."""
    import shapely  # noqa: PLC0415

    for feature in _features(stream):
        properties, geometry = feature.get("properties") or {}, feature.get("geometry")
        code = next((properties[name] for name in CODES if properties.get(name)), None)
        if code is None or geometry is None:
            raise ValueError(f"a feature has no code ({', '.join(CODES)}) or no geometry.")
        yield str(code), shapely.from_geojson(json.dumps(geometry))


def _features(stream: IO[str]) -> Iterator[dict[str, Any]]:
    """The features of a collection, streamed. Raises ValueError where the file is truncated."""
    decoder, buffer = json.JSONDecoder(), stream.read(CHUNK)
    start = re.search(r'"features"\s*:\s*\[', buffer)
    if start is None:
        raise ValueError("it is neither a GeoJSON FeatureCollection nor GeoParquet.")
    at = start.end()
    while True:
        skipped = re.compile(r"[\s,]*").match(buffer, at)
        at = skipped.end() if skipped else at
        if buffer[at : at + 1] == "]":
            return
        try:
            feature, at = decoder.raw_decode(buffer, at)
        except json.JSONDecodeError:
            more = stream.read(CHUNK)
            if not more:
                raise ValueError("the file breaks off.") from None
            buffer, at = buffer[at:] + more, 0
            continue
        if not isinstance(feature, dict):
            raise ValueError("a feature is not an object.")
        yield feature


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
    place = {code: n for n, code in enumerate(codes)}
    for level, members in _members(codes).items():
        say(f"Outlines: {level}…")
        united = np.array([_dissolved(drawn[[place[code] for code in group]]) for group in members.values()])
        united = _rounded(_simplified(united, COARSE))
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


def _dissolved(shapes: "NDArray[np.object_]") -> "BaseGeometry":
    """One area without inner borders. The fast union needs a valid coverage, which official files nearly are."""
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
