"""Files of outlines: fetched, and read as one valid shape for each current commune.

GeoJSON (plain or .gz) and GeoParquet; the names that publishers give to the column of INSEE codes; degrees of WGS 84 or
a projection of `totem.territories.projections`.
"""

import gzip
import hashlib
import json
import math
import re
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from totem.territories.centres import MIDDLE_OF_FRANCE, department_centres
from totem.territories.geojson import CODES, commune_code
from totem.territories.projections import (
    epsg_in,
    has_swapped_axes,
    is_in_degrees,
    matching_projections,
    projection_words,
    reprojected,
    territory_of,
)

if TYPE_CHECKING:
    import duckdb
    from shapely.geometry.base import BaseGeometry

GEOMETRIES = ("geometry", "geom", "wkb_geometry")
LEAST_KNOWN = 0.9  # of the codes of a file; below, it is not a list of communes
MOST_BYTES = 800 * 1024 * 1024
CHUNK = 1 << 20
BATCH = 2000
Say = Callable[[str], None]


class OutlinesRefused(Exception):
    """The file is invalid or cannot be fetched; the outlines in service stay. The message is one line."""


@contextmanager
def local_file(source: str, timeout: float, say: Say) -> Iterator[Path]:
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


def fetched_quietly(url: str, path: Path, timeout: float) -> None:
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


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# -- Reading ----------------------------------------------------------------------------------------------------------


@dataclass
class _Coordinates:
    """What the numbers of a file are: as it declares, or as its first shape shows; the same for all of its shapes."""

    say: Say
    declared: int | None = None
    epsg: int | None = None
    decided: bool = False

    def degrees(self, code: str, shape: "BaseGeometry") -> "BaseGeometry":
        """The shape in degrees. Raises ValueError where no projection fits."""
        if not self.decided and not shape.is_empty:
            self.decided = True
            if not is_in_degrees(shape):
                self.epsg = _nearest(matching_projections(shape, self.declared), code, shape)
                self.say(f"Outlines: the coordinates are read as {projection_words(self.epsg)}.")
        return shape if self.epsg is None else reprojected(shape, self.epsg)


def _nearest(projections: list[int], code: str, shape: "BaseGeometry") -> int:
    """The projection that puts the shape nearest to the middle of the department of its code."""
    if not projections:
        raise ValueError(f"the outline of {code} is not in degrees, and no projection in use in France fits it.")
    department = code[: 3 if code[:2] in ("97", "98") else 2]
    middle = department_centres().get(department, MIDDLE_OF_FRANCE)

    def distance(epsg: int) -> float:
        at = reprojected(shape, epsg).centroid
        return math.dist((at.x, at.y), middle)

    return min(projections, key=distance)


def by_commune(path: Path, known: dict[str, str], say: Say) -> tuple[dict[str, "BaseGeometry"], int]:
    """One valid polygon in degrees for each current commune of the file, and how many codes were unknown.

    `known` gives the current commune of each code. Raises OutlinesRefused.
    """
    import shapely  # noqa: PLC0415 - only where shapes are

    pieces: defaultdict[str, list[BaseGeometry]] = defaultdict(list)
    coordinates = _Coordinates(say)
    read = unknown = 0
    try:
        for code, shape in _rows(path, coordinates):
            read += 1
            if code in known:
                pieces[known[code]].append(_checked(code, coordinates.degrees(code, shape)))
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
    """The shape made valid, its polygons only. Raises ValueError for what is not an area in France."""
    import shapely  # noqa: PLC0415

    parts = shapely.get_parts(shapely.get_parts(shape if shape.is_valid else shapely.make_valid(shape)))
    areas = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    if not len(areas):
        raise ValueError(f"the outline of {code} is empty or not an area.")
    area = areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas)
    if not territory_of(area):
        swapped = has_swapped_axes(area)
        raise ValueError(
            f"in the outline of {code} latitude stands before longitude: longitude is wanted first."
            if swapped
            else f"the outline of {code} lies outside France."
        )
    return area


def _rows(path: Path, coordinates: _Coordinates) -> Iterator[tuple[str, "BaseGeometry"]]:
    """Code and shape of each place of the file, of any supported format."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        yield from _of_parquet(path, coordinates)
        return
    with (
        gzip.open(path, "rt", encoding="utf-8-sig")
        if magic[:2] == b"\x1f\x8b"
        else path.open(encoding="utf-8-sig") as stream
    ):
        yield from _of_geojson(stream, coordinates)


def _of_parquet(path: Path, coordinates: _Coordinates) -> Iterator[tuple[str, "BaseGeometry"]]:
    """GeoParquet: geometries are read as plain WKB, since DuckDB's conversion needs an extension."""
    import duckdb  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    with duckdb.connect(config={"autoinstall_known_extensions": "false", "threads": 2}) as con:
        con.execute("SET enable_geoparquet_conversion = false")
        try:
            described = con.execute("DESCRIBE SELECT * FROM read_parquet($1)", [str(path)]).fetchall()
            columns = {row[0]: row[1] for row in described}
            code = commune_code({name: name for name in columns})
            shape = next((name for name in GEOMETRIES if columns.get(name) == "BLOB"), None)
            if code is None or shape is None:
                raise ValueError(f"no column of codes ({', '.join(CODES)}) beside one of geometries in WKB.")
            coordinates.declared = _declared_in(con, path, shape)
            # The names are of the lists above, in small letters or in capitals.
            con.execute(f'SELECT "{code}", "{shape}" FROM read_parquet($1)', [str(path)])  # noqa: S608
            while rows := con.fetchmany(BATCH):
                yield from zip((str(row[0]) for row in rows), shapely.from_wkb([row[1] for row in rows]), strict=True)
        except duckdb.Error as error:
            raise ValueError(str(error)) from error


def _declared_in(con: "duckdb.DuckDBPyConnection", path: Path, column: str) -> int | None:
    """The EPSG code of the column's projection in the file's metadata (GeoParquet 1.1); None for degrees."""
    found = con.execute("SELECT value FROM parquet_kv_metadata($1) WHERE key = 'geo'", [str(path)]).fetchone()
    columns = json.loads(found[0]).get("columns", {}) if found else {}
    named = ((columns.get(column) or {}).get("crs") or {}).get("id") or {}
    return epsg_in(f"{named.get('authority')}:{named.get('code')}")


def _of_geojson(stream: IO[str], coordinates: _Coordinates) -> Iterator[tuple[str, "BaseGeometry"]]:
    """One feature at a time: the file of France would not fit in memory as Python objects."""
    import shapely  # noqa: PLC0415

    for feature in _features(stream, coordinates):
        code, geometry = commune_code(feature.get("properties")), feature.get("geometry")
        if code is None or geometry is None:
            raise ValueError(f"a feature has no code ({', '.join(CODES)}) or no geometry.")
        yield str(code), shapely.from_geojson(json.dumps(geometry))


def _features(stream: IO[str], coordinates: _Coordinates) -> Iterator[dict[str, Any]]:
    """The features of a collection, streamed. Raises ValueError where the file is truncated."""
    decoder, buffer = json.JSONDecoder(), stream.read(CHUNK)
    start = re.search(r'"features"\s*:\s*\[', buffer)
    if start is None:
        raise ValueError("it is neither a GeoJSON FeatureCollection nor GeoParquet.")
    coordinates.declared = epsg_in(buffer[: start.start()])
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
