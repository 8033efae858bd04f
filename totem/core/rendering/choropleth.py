"""Choropleth maps: their classes, and the map as SVG. Pure Python, NumPy and shapely; runs in the caller.

    breaks = classes(values)                       where the classes begin, e.g. (1, 5, 20, 100)
    class_of(value, breaks)                        0 (the lightest) to 4, or None
    class_words(breaks, number=wording.number)     the legend: « 0 », « 1 à 4 », …, « 100 et plus »
    choropleth_svg([MapShape(code, title, wkb, level, href)], title=…, legend=…, outlines=…, points=…) -> str

The SVG holds presentation attributes only (no style, no script, no outside reference), so it may stand in the page, in
an `<img>` and in a PDF. `static/js/choropleth.js` paints the same classes on a map one can move.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from totem.core import wording

if TYPE_CHECKING:
    import shapely
    from numpy import float64
    from numpy.typing import NDArray

    Points = NDArray[float64]

CLASSES = ("#9ED3D6", "#52A8B5", "#1C7F93", "#005D75", "#093B57")
"""Five lightnesses of one hue: each has a contrast of at least 1.5 to the next one, and the first to paper, so that
they can be told apart in grey and by the colour-blind."""
PAPER, INK, SOFT, HATCH = "#FBF8F3", "#1B2333", "#5A6272", "#A79F90"
MARGIN, LINE = 6, 24
NICE = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class MapShape:
    """One area: its outline as WKB in degrees, its text, its class (None: not known), its page."""

    code: str
    title: str
    wkb: bytes
    level: int | None
    href: str = ""


# -- Classes ----------------------------------------------------------------------------------------------------------


def classes(values: Iterable[float | None], n: int = 5) -> tuple[float, ...]:
    """Where the classes after the first begin: at most `n` - 1 growing numbers, round where they can be; () for one.

    Natural breaks (Jenks, by Fisher's exact algorithm) of the logarithms of the values above zero: counts of places
    differ by orders of magnitude, and quantiles would colour the town as the village. Where there are zeros the first
    class is theirs alone. Values that are None or not finite are left out.
    """
    known = sorted(v for v in values if v is not None and math.isfinite(v))
    positive = [v for v in known if v > 0]
    if not positive:
        return ()
    whole = all(float(v).is_integer() for v in known)
    zeros = len(positive) < len(known)
    first = [1.0 if whole else _round_down(positive[0])] if zeros else []
    gaps = _natural_gaps(positive, n - 1 if zeros else n)
    return (*first, *(_roundest(low, high, whole) for low, high in gaps))


def _natural_gaps(positive: Sequence[float], n: int) -> list[tuple[float, float]]:
    """Between which neighbouring values the classes change; as many classes as distinct values, `n` at most."""
    import numpy as np  # noqa: PLC0415 - pages without a map need it not

    logs = np.log(positive)
    # Values that are nearer than a fiftieth of an e-fold count as one: as good as exact, and quick for a whole country.
    _steps, starts = np.unique((logs - logs[0]) // 0.02, return_index=True)
    sums = np.add.reduceat(np.column_stack([np.ones_like(logs), logs, logs**2]), starts)
    weight, total, square = np.vstack([np.zeros(3), sums.cumsum(axis=0)]).T
    size = len(starts)
    i, j = np.triu_indices(size)
    spread = np.full((size, size), np.inf)  # of the values of the steps i to j about their mean
    spread[i, j] = square[j + 1] - square[i] - (total[j + 1] - total[i]) ** 2 / (weight[j + 1] - weight[i])
    best, begins = spread[0], []
    for _class in range(1, min(n, size)):
        all_ways = np.concatenate([[np.inf], best[:-1]])[:, None] + spread
        begins.append(all_ways.argmin(axis=0))
        best = all_ways.min(axis=0)
    last, found = size - 1, []
    for begin in reversed(begins):
        found.append(int(starts[begin[last]]))
        last = begin[last] - 1
    return [(positive[place - 1], positive[place]) for place in reversed(found)]


def _roundest(low: float, high: float, whole: bool) -> float:
    """The round number above `low` and up to `high` nearest to their geometric mean; `high` where there is none."""
    middle = (math.log(low) + math.log(high)) / 2
    powers = (10.0**power for power in range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1))
    round_numbers = [float(f"{step * power:.6g}") for power in powers for step in NICE]
    fitting = [r for r in round_numbers if low < r <= high and (not whole or r.is_integer())]
    return min(fitting, key=lambda r: abs(math.log(r) - middle), default=float(high))


def _round_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return float(f"{max(step * power for step in NICE if step * power <= value):.6g}")


def class_of(value: float | None, breaks: Sequence[float]) -> int | None:
    """The class of a value, from 0; None where it is not known. A break belongs to the class it begins."""
    return None if value is None or not math.isfinite(value) else bisect_right(breaks, value)


def class_words(
    breaks: Sequence[float], *, whole: bool = True, number: Callable[[float], str] = wording.number
) -> list[str]:
    """The range of each class in words, in the active language; `whole`: of counts, « 1 to 4 » leaves no gap."""
    if not breaks:
        return [gettext("all values")]
    first = number(0) if whole and breaks[0] == 1 else gettext("under %(high)s") % {"high": number(breaks[0])}
    words = [first]
    for low, high in pairwise(breaks):
        if whole and high - 1 == low:
            words.append(number(low))
        elif whole:
            words.append(gettext("%(low)s to %(high)s") % {"low": number(low), "high": number(high - 1)})
        else:
            words.append(gettext("%(low)s to under %(high)s") % {"low": number(low), "high": number(high)})
    return [*words, gettext("%(low)s and more") % {"low": number(breaks[-1])}]


# -- The map ----------------------------------------------------------------------------------------------------------


def choropleth_svg(
    shapes: Iterable[MapShape],
    *,
    title: str,
    width: int = 720,
    legend: Sequence[str] = (),
    outlines: Iterable[bytes] = (),
    points: Iterable[tuple[float, float]] = (),
) -> str:
    """The map as SVG text, north up, `width` pixels wide and at most 1.3 times as high.

    `legend` is the words of the classes (drawn below, with « no data » where there is some);
    `outlines` are drawn over the areas as lines, `points` as dots (longitude, latitude in degrees). Longitudes are
    shortened by the cosine of the middle latitude: true enough up to a country, and no projection library is needed.
    Raises ValueError when there is nothing to draw, shapely.errors.ShapelyError for what is not WKB.
    """
    import shapely  # noqa: PLC0415 - pages without a map need it not

    areas = [(shape, shapely.from_wkb(shape.wkb)) for shape in shapes]
    lines = [shapely.from_wkb(wkb) for wkb in outlines]
    frame = _Frame.around([geometry for _shape, geometry in areas] or lines, width)
    keys = _legend(legend, any(shape.level is None for shape, _g in areas), frame)
    dots = [frame.place(lon, lat) for lon, lat in points]
    height = frame.height + len(keys) * LINE
    role = "group" if any(shape.href for shape, _geometry in areas) else "img"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:g}" role="{role}"',
        f' viewBox="0 0 {width} {height:g}" font-family="Inter, system-ui, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        '<defs><pattern id="no-data" width="6" height="6" patternUnits="userSpaceOnUse"'
        f' patternTransform="rotate(45)"><rect width="6" height="6" fill="{PAPER}"/>'
        f'<rect width="1.6" height="6" fill="{HATCH}"/></pattern></defs>',
        f'<g stroke="{PAPER}" stroke-width="0.6" stroke-linejoin="round">',
        *(_area(shape, frame.path(geometry)) for shape, geometry in areas),
        "</g>",
        f'<g fill="none" stroke="{INK}" stroke-width="1.4" stroke-linejoin="round">',
        *(f'<path d="{frame.path(line)}"/>' for line in lines),
        "</g>",
        f'<g fill="{INK}" fill-opacity="0.75" stroke="{PAPER}" stroke-width="0.7">' if dots else "",
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in dots),
        "</g>" if dots else "",
        *keys,
        "</svg>",
    ]
    return "".join(parts)


@dataclass(frozen=True)
class _Frame:
    """Where degrees stand in pixels."""

    west: float
    north: float
    across: float
    """Pixels a degree of longitude."""
    down: float
    """Pixels a degree of latitude."""
    left: float
    height: float

    @classmethod
    def around(cls, geometries: "Sequence[shapely.Geometry]", width: int) -> "_Frame":
        """The frame that holds them all, in the middle of the width."""
        import shapely  # noqa: PLC0415

        bounds = [float(b) for b in shapely.total_bounds(geometries)] if geometries else [math.nan]
        if not all(math.isfinite(b) for b in bounds):
            raise ValueError("There is nothing to draw.")
        west, south, east, north = bounds
        shrink = math.cos(math.radians((south + north) / 2))
        wide, high = max((east - west) * shrink, 1e-6), max(north - south, 1e-6)
        inner = width - 2 * MARGIN
        down = min(inner / wide, (1.3 * width - 2 * MARGIN) / high)
        left = MARGIN + (inner - wide * down) / 2
        return cls(west, north, down * shrink, down, left, math.ceil(high * down + 2 * MARGIN))

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        return (lon - self.west) * self.across + self.left, (self.north - lat) * self.down + MARGIN

    def path(self, geometry: "shapely.Geometry") -> str:
        """The `d` of a path: each ring to a tenth of a pixel, without the points that fall on the one before."""
        return "".join(_ring(self._pixels(ring)) for ring in _rings(geometry))

    def _pixels(self, coordinates: "Points") -> "Points":
        import numpy as np  # noqa: PLC0415

        x, y = self.place(0, 0)
        pixels = np.round(coordinates[:, :2] * (self.across, -self.down) + (x, y), 1)
        moved = np.ones(len(pixels), dtype=bool)
        moved[1:] = (pixels[1:] != pixels[:-1]).any(axis=1)
        return pixels[moved]


def _rings(geometry: "shapely.Geometry") -> "Iterator[Points]":
    """The coordinates of each ring or line of a shape."""
    import shapely  # noqa: PLC0415

    for part in shapely.get_parts(geometry):
        for ring in shapely.get_rings(part) if part.geom_type == "Polygon" else [part]:
            yield shapely.get_coordinates(ring)


def _ring(pixels: "Points") -> str:
    closed = len(pixels) > 1 and bool((pixels[0] == pixels[-1]).all())
    corners = pixels[:-1] if closed else pixels
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in corners.tolist()) + ("Z" if closed or len(pixels) == 1 else "")


def _area(shape: MapShape, path: str) -> str:
    fill = "url(#no-data)" if shape.level is None else CLASSES[shape.level]
    drawn = f'<path d="{path}" fill="{fill}" fill-rule="evenodd"><title>{escape(shape.title)}</title></path>'
    if not shape.href:
        return drawn
    return f'<a href="{escape(shape.href)}" aria-label="{escape(shape.title)}">{drawn}</a>'


def _legend(words: Sequence[str], unknown: bool, frame: _Frame) -> list[str]:
    """One line a class, below the map; « no data » where an area has none."""
    if not words:
        return []
    rows = [*zip(CLASSES, words, strict=False), *([("url(#no-data)", gettext("no data"))] if unknown else [])]
    return [
        f'<rect x="{MARGIN}" y="{frame.height + n * LINE + 4:g}" width="26" height="15" fill="{fill}" stroke="{SOFT}"'
        f' stroke-width="0.5"/><text x="{MARGIN + 36}" y="{frame.height + n * LINE + 16:g}" fill="{INK}">'
        f"{escape(text)}</text>"
        for n, (fill, text) in enumerate(rows)
    ]
