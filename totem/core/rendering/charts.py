"""The charts of Totem, one function a kind: rows in, an Altair chart out. Runs in the child process only.

The look is `docs/design.md`'s: one hue for one series, ink for totals, labels beside marks instead of a legend,
bars from zero, a light grid or none. Positions are pixels of the SVG, so that nothing is cut at 390 and at 1280.
"""

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from typing import Any

import altair as alt
import vl_convert

Row = dict[str, Any]
Spec = dict[str, Any]

PAPER, INK, SOFT, LINE, SEA = "#FBF8F3", "#1B2333", "#5A6272", "#E4DDD2", "#0B5C73"
# The classes of the maps (`choropleth.CLASSES`), for parts that have an order.
SHADES = ("#9ED3D6", "#52A8B5", "#1C7F93", "#005D75", "#093B57", "#1B2333")
# Lines differ in dash and in name too: colour alone never tells them apart.
LINES = ((SEA, [1, 0]), ("#8A5A00", [6, 3]), ("#6B3A6E", [2, 3]), ("#B2432F", [9, 3, 2, 3]), ("#3F6B3A", [4, 2]))
FONT = "Inter, system-ui, sans-serif"
NARROW = 560  # below, names stand above their bars


def svg(spec: Spec) -> bytes:
    """The SVG of a chart, UTF-8; `spec` has the fields of `rendering.ChartSpec` and a `locale`. Text stays text."""
    chart = {**KINDS[spec["kind"]](spec).to_dict(validate=False), "background": None}
    drawn = vl_convert.vegalite_to_svg(chart, format_locale=spec["locale"], allowed_base_urls=[])
    head, rest = drawn.split(">", 1)
    return f'{head} role="img"><title>{escape(spec["title"], quote=False)}</title>{rest}'.encode()


# -- Words and sizes --------------------------------------------------------------------------------------------------


def _size(spec: Spec) -> int:
    return 14 if spec["width"] >= 900 else 13


def _wide(text: str, size: float) -> float:
    """The width of a text in pixels, an upper estimate for any sans-serif."""
    narrow, broad = " .,:;'’il|()\N{NARROW NO-BREAK SPACE}", "%mwMW€"
    return sum(0.34 if c in narrow else 0.95 if c in broad else 0.62 for c in text) * size


def _number(value: float, spec: Spec) -> str:
    """The number as d3 would write it under the spec's locale."""
    locale = spec["locale"]
    text = f"{value * 100 if spec['percent'] else value:,.{spec['decimals']}f}"
    text = text.replace(",", "\0").replace(".", locale["decimal"]).replace("\0", locale["thousands"])
    return text.replace("-", "−") + (locale["percent"] if spec["percent"] else "")


def _d3(spec: Spec) -> str:
    return f",.{spec['decimals']}{'%' if spec['percent'] else 'f'}"


def _text(row: Row, value: float | None, spec: Spec) -> str:
    """The label at the row's mark: its own text when it has one (« fewer than 5 »), else the number."""
    return str(row.get("text") or ("" if value is None else _number(value, spec)))


def _layered(spec: Spec, layers: Sequence[alt.Chart], height: float, margins: Sequence[float]) -> alt.LayerChart:
    """The layers on an SVG of exactly the asked width; margins are left, right, top, bottom."""
    padding = dict(zip(("left", "right", "top", "bottom"), margins, strict=True))
    width, fixed = max(spec["width"] - padding["left"] - padding["right"], 40), alt.AutoSizeParams(type="none")
    chart = alt.layer(*layers).properties(width=width, height=height, padding=padding, autosize=fixed)
    configured: alt.LayerChart = chart.configure(font=FONT, aria=False).configure_view(stroke=None)
    return configured


def _data(rows: Sequence[Row]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows)))


def _words(rows: Sequence[Row], field: str, spec: Spec, **mark: Any) -> alt.Chart:
    style = {"align": "left", "baseline": "middle", "color": INK, "fontSize": _size(spec), **mark}
    texts: alt.Chart = _data(rows).mark_text(**style).encode(text=f"{field}:N")
    return texts


def _note(text: str, spec: Spec, x: float, y: float, **mark: Any) -> alt.Chart:
    """One text at a place in pixels."""
    return _words([{"note": text}], "note", spec, **mark).encode(x=alt.value(x), y=alt.value(y))


# -- Rows with a name each: bars, parts, dots, intervals --------------------------------------------------------------


class _Rows:
    """Rows one under the other, at any width: where names and marks stand; `rows` are what marks are drawn of."""

    def __init__(self, spec: Spec, rows: Sequence[Row], highest: float, top: float = 0) -> None:
        self.spec, self.size, self.rows = spec, _size(spec), [{"row": n, "zero": 0, **r} for n, r in enumerate(rows)]
        self.narrow = spec["width"] < NARROW
        widest = max((_wide(row["name"], self.size) for row in rows), default=0)
        self.left = 2.0 if self.narrow else min(widest + 14, spec["width"] * 0.38)
        self.right = max((_wide(row["text"], self.size) for row in rows), default=0) + 16
        self.margins = (self.left, self.right, top + 2, 2)
        self.height = self.size * (3.4 if self.narrow else 2.2) * len(rows)
        self.shift = self.size * 0.8 if self.narrow else 0.0
        self.bar = self.size * 1.35
        self.highest = highest or 1

    def y(self) -> alt.Y:
        return alt.Y("row:O", axis=None, sort=None, scale=alt.Scale(domain=list(range(len(self.rows))), padding=0))

    def x(self, field: str) -> alt.X:
        return alt.X(f"{field}:Q", axis=None, stack=None, scale=alt.Scale(domain=[0, self.highest], nice=False))

    def mark(self, kind: str, rows: Sequence[Row], x: str, x2: str = "", **style: Any) -> alt.Chart:
        """A mark a row, from the field `x`, to the field `x2` where it has an end; in the row's colour, or `color`."""
        if x2 and kind == "rule":
            style["y2Offset"] = self.shift
        encoding: Row = {"x2": f"{x2}:Q"} if x2 else {}
        if "color" not in style:
            encoding["color"] = alt.Color("colour:N", scale=None)
        drawn: alt.Chart = getattr(_data(rows), f"mark_{kind}")(yOffset=self.shift, **style)
        return drawn.encode(x=self.x(x), y=self.y(), **encoding)

    def names(self) -> alt.Chart:
        above: Row = {"dy": -self.size * 0.75, "limit": self.spec["width"] - 4}
        place = above if self.narrow else {"align": "right", "limit": self.left - 12}
        return _words(self.rows, "name", self.spec, **place).encode(x=alt.value(0 if self.narrow else -10), y=self.y())

    def ends(self, field: str, **mark: Any) -> alt.Chart:
        style = {"dx": 6, "yOffset": self.shift, "fontWeight": 500, **mark}
        return _words(self.rows, "text", self.spec, **style).encode(x=self.x(field), y=self.y())

    def layered(self, *layers: alt.Chart) -> alt.LayerChart:
        return _layered(self.spec, layers, self.height, self.margins)


def _values(spec: Spec, usual: str, emphasised: str) -> list[Row]:
    """The rows of `label`, `value`, `text`?, `emphasis`?, with the colours of those without and with emphasis."""
    return [
        {
            "name": row["label"],
            "known": row["value"] is not None,
            "value": row["value"] or 0,
            "text": _text(row, row["value"], spec),
            "colour": emphasised if row.get("emphasis") else usual,
        }
        for row in spec["rows"]
    ]


def bars(spec: Spec) -> alt.LayerChart:
    """`label`, `value` (None: nothing is drawn), `text`?, `emphasis`? (a total: ink)."""
    rows = _values(spec, SEA, INK)
    place = _Rows(spec, rows, max(row["value"] for row in rows))
    drawn = place.mark("bar", place.rows, "value", size=place.bar, cornerRadiusEnd=2)
    return place.layered(drawn, place.names(), place.ends("value"))


def stacked(spec: Spec) -> alt.LayerChart:
    """`label`, `part`, `value`: the parts of each label, in the order of their first row; the total in ink."""
    names = list(dict.fromkeys(row["label"] for row in spec["rows"]))
    parts = list(dict.fromkeys(row["part"] for row in spec["rows"]))
    shades = _shades(len(parts))
    totals = [0.0] * len(names)
    pieces: list[Row] = []
    for part, (fill, ink) in zip(parts, shades, strict=True):
        for row in (r for r in spec["rows"] if r["part"] == part and r["value"]):
            n, value = names.index(row["label"]), row["value"]
            ends = {"from": totals[n], "middle": totals[n] + value / 2, "to": totals[n] + value}
            pieces.append({"row": n, **ends, "colour": fill, "ink": ink, "text": _number(value, spec), "value": value})
            totals[n] += value
    rows = [{"name": name, "value": n, "text": _number(n, spec)} for name, n in zip(names, totals, strict=True)]
    size = _size(spec)
    keys, top = _keys(parts, shades, spec)
    place = _Rows(spec, rows, max(totals), top + size)
    plot = spec["width"] - place.left - place.right
    roomy = [p for p in pieces if p["value"] / place.highest * plot > _wide(p["text"], size - 1) + 6]
    inside = _words(roomy, "text", spec, align="center", yOffset=place.shift, fontSize=size - 1)
    return place.layered(
        place.mark("bar", pieces, "from", "to", size=place.bar, stroke=PAPER, strokeWidth=1),
        inside.encode(x=place.x("middle"), y=place.y(), color=alt.Color("ink:N", scale=None)),
        place.names(),
        place.ends("value", fontWeight=600),
        *_key(keys, spec, place.left, top + size),
    )


def _shades(count: int) -> list[tuple[str, str]]:
    """As many shades of one hue as there are parts, light to dark, each with the ink that can be read on it."""
    if count == 1:
        return [(SEA, PAPER)]
    last = 4 if count <= 5 else 5
    picked = [round(n * last / (count - 1)) for n in range(count)]
    return [(SHADES[n], INK if n < 2 else "#FFFFFF") for n in picked]


def _keys(parts: Sequence[str], shades: Sequence[tuple[str, str]], spec: Spec) -> tuple[list[Row], float]:
    """The key above the rows, a part each with its place in pixels of the SVG; and its height."""
    size, x, y = _size(spec), 0.0, _size(spec) * 0.8
    keys: list[Row] = []
    for part, (fill, _ink) in zip(parts, shades, strict=True):
        wide = size + 6 + _wide(part, size) + 12
        if x and x + wide > spec["width"]:
            x, y = 0.0, y + size * 1.7
        keys.append({"part": part, "colour": fill, "x": x, "y": y})
        x += wide
    return keys, y + size * 0.8


def _key(keys: Sequence[Row], spec: Spec, left: float, top: float) -> list[alt.Chart]:
    size = _size(spec)
    place: Row = {"x": alt.X("x:Q", scale=None, axis=None), "y": alt.Y("y:Q", scale=None, axis=None)}
    squares = _data(keys).mark_square(size=(size - 1) ** 2, opacity=1, xOffset=size / 2 - left, yOffset=-top)
    names = _words(keys, "part", spec, xOffset=size + 6 - left, yOffset=-top, limit=spec["width"] - size - 8)
    return [squares.encode(color=alt.Color("colour:N", scale=None), **place), names.encode(**place)]


def dots(spec: Spec) -> alt.LayerChart:
    """`label`, `value`, `text`?, `emphasis`? (the place the page is about); `reference` is a line across."""
    rows, reference = _values(spec, SOFT, SEA), spec["reference"]
    highest = max(*(row["value"] for row in rows), reference or 0, 0)
    place = _Rows(spec, rows, highest, 0 if reference is None else _size(spec) * 1.8)
    known = [row for row in place.rows if row["known"]]
    return place.layered(
        place.mark("rule", known, "zero", "value", color=LINE, strokeWidth=2),
        *([] if reference is None else _reference(reference, spec, place)),
        place.mark("circle", known, "value", size=110, opacity=1),
        place.names(),
        place.ends("value", dx=11, stroke=PAPER, strokeWidth=4),
        place.ends("value", dx=11),
    )


def _reference(value: float, spec: Spec, place: _Rows) -> list[alt.Chart]:
    """The line of `reference`, with its name above, on the side where it has room."""
    text = f"{spec['reference_name']} {_number(value, spec)}".strip()
    align = "right" if value > place.highest / 2 else "left"
    line = _data([{"value": value}]).mark_rule(color=INK, strokeDash=[4, 3])
    name = _words([{"value": value, "note": text}], "note", spec, color=INK, align=align)
    return [
        line.encode(x=place.x("value"), y=alt.value(-2), y2=alt.value(place.height)),
        name.encode(x=place.x("value"), y=alt.value(-_size(spec))),
    ]


def interval(spec: Spec) -> alt.LayerChart:
    """`label`, `low`, `high` (None: not bounded above, drawn as an arrow), `text`?, `emphasis`?."""
    highest = max(row["low"] if row["high"] is None else row["high"] for row in spec["rows"])
    highest = highest * (1.15 if any(row["high"] is None for row in spec["rows"]) else 1) or 1
    rows = [
        {
            "name": row["label"],
            "low": row["low"],
            "high": highest if row["high"] is None else row["high"],
            "open": row["high"] is None,
            "text": row.get("text") or _range(row, spec),
            "colour": INK if row.get("emphasis") else SEA,
        }
        for row in spec["rows"]
    ]
    place = _Rows(spec, rows, highest)
    closed, endless = ([r for r in place.rows if r["open"] is side] for side in (False, True))
    ends = [*({**r, "at": r["low"]} for r in place.rows), *({**r, "at": r["high"]} for r in closed)]
    bar: Row = {"size": place.bar * 0.7, "cornerRadius": 2, "stroke": None, "minBandSize": 2}
    return place.layered(
        place.mark("rule", place.rows, "zero", "low", color=LINE, strokeWidth=2),
        place.mark("bar", closed, "low", "high", **bar).encode(opacity=alt.value(0.55)),
        place.mark("rule", endless, "low", "high", strokeWidth=3, strokeDash=[5, 3]),
        place.mark("tick", ends, "at", thickness=2, size=place.bar),
        place.mark("point", endless, "high", shape="triangle-right", filled=True, size=90, opacity=1),
        place.names(),
        place.ends("high", dx=11),
    )


def _range(row: Row, spec: Spec) -> str:
    low, high = _number(row["low"], spec), row["high"]
    if high is None:
        return f"{spec['names']['at_least']}\N{NO-BREAK SPACE}{low}"
    return low if row["low"] == high else f"{low}\N{NO-BREAK SPACE}– {_number(high, spec)}"


# -- Years and hours --------------------------------------------------------------------------------------------------


def _axis(spec: Spec, **own: Any) -> alt.Axis:
    style = {"ticks": False, "domain": False, "gridColor": LINE, "title": None, "labelOverlap": False}
    return alt.Axis(**{**style, "labelColor": SOFT, "labelFontSize": _size(spec), "labelPadding": 8, **own})


def _year_axis(spec: Spec, first: int, last: int, plot: float, **own: Any) -> alt.Axis:
    """The axis of years, the last one among them, as many as have room."""
    step = next((s for s in (1, 2, 5, 10, 20) if (last - first) / s * 52 <= plot), 50)
    shown = sorted(range(last, first - 1, -step))
    return _axis(spec, format="d", grid=False, labelAngle=0, values=shown, **own)


def _apart(places: Sequence[float], gap: float, lowest: float) -> list[float]:
    """The places moved apart so that none is nearer than `gap` to another, all at least `gap / 2` above `lowest`."""
    moved, limit = list(places), lowest
    for n in sorted(range(len(places)), key=lambda n: places[n], reverse=True):
        moved[n] = min(places[n], limit)
        limit = moved[n] - gap
    return moved


def line(spec: Spec) -> alt.LayerChart:
    """`series`, `year`, `value` (None: the line stops), `emphasis`? (a total: ink, thicker)."""
    series: dict[str, list[Row]] = {}
    for row in spec["rows"]:
        series.setdefault(row["series"], []).append(row)
    known = [row for row in spec["rows"] if row["value"] is not None]
    years = [row["year"] for row in spec["rows"]]
    first, last = min(years), max(years)
    highest = max((row["value"] for row in known), default=0) * 1.06 or 1
    size, height = _size(spec), 300 if spec["width"] >= NARROW else 240
    totals = {row["series"] for row in spec["rows"] if row.get("emphasis")}
    ends = {row["series"]: row for row in sorted(known, key=lambda row: row["year"])}
    texts = {name: f"{name} {_text(end, end['value'], spec)}" for name, end in ends.items()}
    left = _wide(_number(highest, spec), size) + 14
    right = min(max((_wide(text, size) for text in texts.values()), default=0) + 14, spec["width"] * 0.42)
    plot = spec["width"] - left - right
    years_axis = _year_axis(spec, first, last, plot, domain=True, domainColor=INK, ticks=True, tickColor=SOFT)
    x = alt.X("year:Q", scale=alt.Scale(domain=[first, max(last, first + 1)], nice=False, zero=False), axis=years_axis)
    axis = _axis(spec, format=_d3(spec), tickCount=4)
    y = alt.Y("value:Q", scale=alt.Scale(domain=[0, highest], nice=False), axis=axis)
    styles = iter(LINES * (len(series) // len(LINES) + 1))
    looks = {name: (INK, [1, 0]) if name in totals else next(styles) for name in series}
    layers = []
    for name, rows in series.items():
        colour, dash = looks[name]
        drawn = _data(rows).mark_line(color=colour, strokeWidth=3 if name in totals else 2.25, strokeDash=dash)
        layers.append(drawn.encode(x=x, y=y))
        if name in ends:
            layers.append(_data([ends[name]]).mark_circle(color=colour, size=36, opacity=1).encode(x=x, y=y))
    named = [name for name in series if name in ends]
    places = _apart([height * (1 - ends[name]["value"] / highest) for name in named], size * 1.35, height)
    for name, at in zip(named, places, strict=True):
        style = {"color": looks[name][0], "limit": right - 12, "fontWeight": 600 if name in totals else 500}
        layers.append(_note(texts[name], spec, plot + 10, at, **style))
    return _layered(spec, layers, height, (left, right, size, size * 2.2))


def flows(spec: Spec) -> alt.LayerChart:
    """`year`, `births`, `closures`: births above the line, closures below; `names` says both words."""
    rows = [{"year": r["year"], "births": r["births"] or 0, "closures": -(r["closures"] or 0)} for r in spec["rows"]]
    size, height = _size(spec), 300 if spec["width"] >= NARROW else 260
    up = max(*(r["births"] for r in rows), 0) * 1.12 or 1
    down = min(*(r["closures"] for r in rows), 0) * 1.12 or -1
    left = _wide(_number(min(down, -up), spec), size) + 14
    plot = spec["width"] - left - 18
    years = [row["year"] for row in rows]
    years_axis = _year_axis(spec, min(years), max(years), plot, orient="bottom", labelExpr="datum.value")
    x = alt.X("year:O", scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1), axis=years_axis)
    axis = _axis(spec, tickCount=4, labelExpr=f"format(abs(datum.value), '{_d3(spec)}')")
    y = partial(alt.Y, scale=alt.Scale(domain=[down, up], nice=False), axis=axis)
    layers = [
        _data(rows).mark_bar(color=SEA).encode(x=x, y=y("births:Q")),
        _data(rows).mark_bar(color=SHADES[1]).encode(x=x, y=y("closures:Q")),
        _data([{"zero": 0}]).mark_rule(color=INK, strokeWidth=1).encode(y=y("zero:Q")),
    ]
    for field, side in (("births", -1), ("closures", 1)):
        texts = [{**r, "text": _number(abs(r[field]), spec)} for r in rows if r[field]]
        if all(_wide(t["text"], size - 1) <= plot / len(rows) * 0.98 for t in texts):
            figures = _words(texts, "text", spec, align="center", dy=side * size * 0.7, fontSize=size - 1)
            layers.append(figures.encode(x=x, y=y(f"{field}:Q")))
    for field, at, colour in (("births", -size, SEA), ("closures", height + size * 2.6, "#1F7387")):
        layers.append(_note(spec["names"][field], spec, 0, at, color=colour, fontWeight=600))
    return _layered(spec, layers, height, (left, 18, size * 2, size * 3.8))


def grid(spec: Spec) -> alt.LayerChart:
    """`label` (a line), `column`, `value`, `text`?: cells in the shades of the maps, empty for 0 and None."""
    size, names = _size(spec), list(dict.fromkeys(row["label"] for row in spec["rows"]))
    columns = list(dict.fromkeys(row["column"] for row in spec["rows"]))
    highest = max((row["value"] or 0 for row in spec["rows"]), default=0) or 1
    cells = []
    for row in (row for row in spec["rows"] if row["value"]):
        shade = min(int(row["value"] / highest * 5), 4)
        ink = INK if shade < 2 else "#FFFFFF"
        cells.append({**row, "text": _text(row, row["value"], spec), "fill": SHADES[shade], "ink": ink})
    x = alt.X("column:N", sort=None, axis=None, scale=alt.Scale(domain=columns, paddingInner=0.06))
    y = alt.Y("label:N", sort=None, axis=None, scale=alt.Scale(domain=names, paddingInner=0.1))
    empty = _data([{"label": name, "column": column} for name in names for column in columns])
    figures = _words(cells, "text", spec, align="center", fontSize=size - 1)
    heads = _words([{"column": column} for column in columns], "column", spec, align="center", color=SOFT)
    layers = [
        empty.mark_rect(fill="none", stroke=LINE).encode(x=x, y=y),
        _data(cells).mark_rect().encode(x=x, y=y, color=alt.Color("fill:N", scale=None)),
        figures.encode(x=x, y=y, color=alt.Color("ink:N", scale=None)),
        _words([{"label": name} for name in names], "label", spec, align="right").encode(x=alt.value(-8), y=y),
        heads.encode(x=x, y=alt.value(-size)),
    ]
    left = max(_wide(name, size) for name in names) + 12
    return _layered(spec, layers, len(names) * size * 2, (left, 2, size * 2, 2))


KINDS: dict[str, Callable[[Spec], alt.LayerChart]] = {
    kind.__name__: kind for kind in (bars, stacked, line, flows, dots, interval, grid)
}
