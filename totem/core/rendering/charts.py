"""The charts of Totem, one function a kind: rows in, an Altair chart out. Runs in the child process only.

The look is `docs/design.md`'s: one hue for one series, ink for totals, labels beside marks instead of a legend,
bars from zero, a light grid or none. Positions are pixels of the SVG, so that nothing is cut at 390 and at 1280.
"""

from collections.abc import Callable, Sequence
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
NARROW_NBSP = "\N{NARROW NO-BREAK SPACE}"
NARROW = 560  # below, names stand above their bars


def svg(spec: Spec) -> bytes:
    """The SVG of a chart, UTF-8; `spec` has the fields of `rendering.ChartSpec` and a `locale`. Text stays text."""
    chart = {**KINDS[spec["kind"]](spec).to_dict(validate=False), "background": None}
    drawn = vl_convert.vegalite_to_svg(chart, format_locale=spec["locale"], allowed_base_urls=[])
    return _named(drawn, spec["title"]).encode()


def _named(drawn: str, title: str) -> str:
    escaped = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    head, rest = drawn.split(">", 1)
    return f'{head} role="img"><title>{escaped}</title>{rest}'


# -- Words and sizes --------------------------------------------------------------------------------------------------


def _size(spec: Spec) -> int:
    return 14 if spec["width"] >= 900 else 13


def _wide(text: str, size: float) -> float:
    """The width of a text in pixels, an upper estimate for any sans-serif."""
    narrow, broad = f" .,:;'’il|(){NARROW_NBSP}", "%mwMW€"
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
    if row.get("text"):
        return str(row["text"])
    return "" if value is None else _number(value, spec)


def _layered(spec: Spec, layers: Sequence[alt.Chart], height: float, margins: Sequence[float]) -> alt.LayerChart:
    """The layers on an SVG of exactly the asked width; margins are left, right, top, bottom."""
    left, right, top, bottom = margins
    chart: alt.LayerChart = (
        alt.layer(*layers)
        .properties(
            width=max(spec["width"] - left - right, 40),
            height=height,
            padding={"left": left, "right": right, "top": top, "bottom": bottom},
            autosize=alt.AutoSizeParams(type="none"),
        )
        .configure(font=FONT, aria=False)
        .configure_view(stroke=None)
    )
    return chart


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
    """Rows one under the other: where their names and marks stand, whatever the width."""

    def __init__(self, spec: Spec, names: Sequence[str], ends: Sequence[str], highest: float, top: float = 0) -> None:
        self.spec, self.size = spec, _size(spec)
        self.narrow = spec["width"] < NARROW
        self.step = self.size * (3.4 if self.narrow else 2.2)
        widest = max((_wide(name, self.size) for name in names), default=0)
        self.left = 2.0 if self.narrow else min(widest + 14, spec["width"] * 0.38)
        self.right = max((_wide(end, self.size) for end in ends), default=0) + 16
        self.margins = (self.left, self.right, top + 2, 2)
        self.height = self.step * len(names)
        self.rows = [{"row": n, "name": name} for n, name in enumerate(names)]
        self.shift = self.size * 0.8 if self.narrow else 0.0
        self.bar = self.size * 1.35
        self.highest = highest or 1

    def y(self) -> alt.Y:
        return alt.Y("row:O", axis=None, sort=None, scale=alt.Scale(domain=list(range(len(self.rows))), padding=0))

    def x(self, field: str) -> alt.X:
        return alt.X(f"{field}:Q", axis=None, stack=None, scale=alt.Scale(domain=[0, self.highest], nice=False))

    def names(self) -> alt.Chart:
        if self.narrow:
            place: dict[str, Any] = {"dy": -self.size * 0.75, "limit": self.spec["width"] - 4}
            x = 0.0
        else:
            place, x = {"align": "right", "limit": self.left - 12}, -10.0
        return _words(self.rows, "name", self.spec, **place).encode(x=alt.value(x), y=self.y())

    def ends(self, rows: Sequence[Row], field: str, **mark: Any) -> alt.Chart:
        style = {"dx": 6, "yOffset": self.shift, "fontWeight": 500, **mark}
        return _words(rows, "text", self.spec, **style).encode(x=self.x(field), y=self.y())

    def layered(self, layers: Sequence[alt.Chart]) -> alt.LayerChart:
        return _layered(self.spec, layers, self.height, self.margins)


def bars(spec: Spec) -> alt.LayerChart:
    """`label`, `value` (None: nothing is drawn), `text`?, `emphasis`? (a total: ink)."""
    rows: list[Row] = [
        {
            "row": n,
            "zero": 0,
            "value": row["value"] or 0,
            "text": _text(row, row["value"], spec),
            "colour": INK if row.get("emphasis") else SEA,
        }
        for n, row in enumerate(spec["rows"])
    ]
    place = _Rows(
        spec, [row["label"] for row in spec["rows"]], [r["text"] for r in rows], max(r["value"] for r in rows)
    )
    drawn = _data(rows).mark_bar(size=place.bar, yOffset=place.shift, cornerRadiusEnd=2)
    return place.layered(
        [
            drawn.encode(x=place.x("value"), y=place.y(), color=alt.Color("colour:N", scale=None)),
            place.names(),
            place.ends(rows, "value"),
        ]
    )


def stacked(spec: Spec) -> alt.LayerChart:
    """`label`, `part`, `value`: the parts of each label, in the order of their first row; the total in ink."""
    names = list(dict.fromkeys(row["label"] for row in spec["rows"]))
    parts = list(dict.fromkeys(row["part"] for row in spec["rows"]))
    shades = _shades(len(parts))
    totals = [0.0] * len(names)
    pieces: list[Row] = []
    for part, (fill, ink) in zip(parts, shades, strict=True):
        for row in (r for r in spec["rows"] if r["part"] == part and r["value"]):
            n, start = names.index(row["label"]), totals[names.index(row["label"])]
            totals[n] = start + row["value"]
            text = _number(row["value"], spec)
            pieces.append({"row": n, "from": start, "to": totals[n], "fill": fill, "ink": ink, "text": text})
    ends: list[Row] = [{"row": n, "value": total, "text": _number(total, spec)} for n, total in enumerate(totals)]
    size = _size(spec)
    keys, top = _keys(parts, shades, spec)
    place = _Rows(spec, names, [end["text"] for end in ends], max(totals), top + size)
    plot = spec["width"] - place.left - place.right
    for piece in pieces:
        piece["middle"] = (piece["from"] + piece["to"]) / 2
    roomy = [p for p in pieces if (p["to"] - p["from"]) / place.highest * plot > _wide(p["text"], size - 1) + 6]
    drawn = _data(pieces).mark_bar(size=place.bar, yOffset=place.shift, stroke=PAPER, strokeWidth=1)
    inside = _words(roomy, "text", spec, align="center", yOffset=place.shift, fontSize=size - 1)
    return place.layered(
        [
            drawn.encode(x=place.x("from"), x2="to:Q", y=place.y(), color=alt.Color("fill:N", scale=None)),
            inside.encode(x=place.x("middle"), y=place.y(), color=alt.Color("ink:N", scale=None)),
            place.names(),
            place.ends(ends, "value", fontWeight=600),
            *(key(place.left, top + size) for key in keys),
        ]
    )


def _shades(count: int) -> list[tuple[str, str]]:
    """As many shades of one hue as there are parts, light to dark, each with the ink that can be read on it."""
    if count == 1:
        return [(SEA, PAPER)]
    last = 4 if count <= 5 else 5
    picked = [round(n * last / (count - 1)) for n in range(count)]
    return [(SHADES[n], INK if n < 2 else "#FFFFFF") for n in picked]


def _keys(
    parts: Sequence[str], shades: Sequence[tuple[str, str]], spec: Spec
) -> tuple[list[Callable[[float, float], alt.Chart]], float]:
    """The layers of the key above the rows, from the plot's left margin and its height; and the key's height."""
    size = _size(spec)
    keys: list[Callable[[float, float], alt.Chart]] = []
    x, y = 0.0, size * 0.8
    for part, (fill, _ink) in zip(parts, shades, strict=True):
        wide = size + 6 + _wide(part, size) + 12
        if x and x + wide > spec["width"]:
            x, y = 0.0, y + size * 1.7
        at = (x, y)
        keys.append(
            lambda left, top, at=at, fill=fill: (
                _data([{}])  # type: ignore[misc]
                .mark_square(size=(size - 1) ** 2, color=fill, opacity=1)
                .encode(x=alt.value(at[0] - left + size / 2), y=alt.value(at[1] - top))
            )
        )
        keys.append(
            lambda left, top, at=at, part=part: _note(  # type: ignore[misc]
                part, spec, at[0] - left + size + 6, at[1] - top, limit=spec["width"] - size - 8
            )
        )
        x += wide
    return keys, y + size * 0.8


def dots(spec: Spec) -> alt.LayerChart:
    """`label`, `value`, `text`?, `emphasis`? (the place the page is about); `reference` is a line across."""
    rows: list[Row] = [
        {
            "row": n,
            "zero": 0,
            "value": row["value"] or 0,
            "text": _text(row, row["value"], spec),
            "colour": SEA if row.get("emphasis") else SOFT,
        }
        for n, row in enumerate(spec["rows"])
    ]
    reference = spec["reference"]
    highest = max(*(r["value"] for r in rows), reference or 0, 0)
    size = _size(spec)
    place = _Rows(
        spec,
        [row["label"] for row in spec["rows"]],
        [r["text"] for r in rows],
        highest,
        size * 1.8 if reference is not None else 0,
    )
    shown = [row for row, given in zip(rows, spec["rows"], strict=True) if given["value"] is not None]
    rule = _data(shown).mark_rule(color=LINE, strokeWidth=2, yOffset=place.shift, y2Offset=place.shift)
    dot = _data(shown).mark_circle(size=110, opacity=1, yOffset=place.shift)
    layers = [
        rule.encode(x=place.x("zero"), x2="value:Q", y=place.y()),
        *_reference(spec, place),
        dot.encode(x=place.x("value"), y=place.y(), color=alt.Color("colour:N", scale=None)),
        place.names(),
        place.ends(rows, "value", dx=11, stroke=PAPER, strokeWidth=4),
        place.ends(rows, "value", dx=11),
    ]
    return place.layered(layers)


def _reference(spec: Spec, place: _Rows) -> list[alt.Chart]:
    """The line of `reference`, with its name above, on the side where it has room."""
    value = spec["reference"]
    if value is None:
        return []
    text = f"{spec['reference_name']} {_number(value, spec)}".strip()
    late = value > place.highest / 2
    line = _data([{"value": value}]).mark_rule(color=INK, strokeDash=[4, 3])
    name = _words([{"value": value, "note": text}], "note", spec, color=INK, align="right" if late else "left")
    return [
        line.encode(x=place.x("value"), y=alt.value(-2), y2=alt.value(place.height)),
        name.encode(x=place.x("value"), y=alt.value(-_size(spec))),
    ]


def interval(spec: Spec) -> alt.LayerChart:
    """`label`, `low`, `high` (None: not bounded above, drawn as an arrow), `text`?, `emphasis`?."""
    highest = max(row["low"] if row["high"] is None else row["high"] for row in spec["rows"])
    if any(row["high"] is None for row in spec["rows"]):
        highest *= 1.15
    highest = highest or 1
    rows: list[Row] = [
        {
            "row": n,
            "zero": 0,
            "low": row["low"],
            "high": highest if row["high"] is None else row["high"],
            "open": row["high"] is None,
            "text": _range(row, spec),
            "colour": INK if row.get("emphasis") else SEA,
        }
        for n, row in enumerate(spec["rows"])
    ]
    place = _Rows(spec, [row["label"] for row in spec["rows"]], [r["text"] for r in rows], highest)
    closed, unbounded = ([r for r in rows if r["open"] is side] for side in (False, True))
    colour = alt.Color("colour:N", scale=None)
    track = _data(rows).mark_rule(color=LINE, strokeWidth=2, yOffset=place.shift, y2Offset=place.shift)
    bar = _data(closed).mark_bar(size=place.bar * 0.7, yOffset=place.shift, cornerRadius=2, stroke=None, minBandSize=2)
    dashed = _data(unbounded).mark_rule(strokeWidth=3, strokeDash=[5, 3], yOffset=place.shift, y2Offset=place.shift)
    ends = _data([*({**r, "at": r["low"]} for r in rows), *({**r, "at": r["high"]} for r in closed)])
    tick = ends.mark_tick(thickness=2, size=place.bar, yOffset=place.shift)
    arrow = _data(unbounded).mark_point(shape="triangle-right", filled=True, size=90, opacity=1, yOffset=place.shift)
    return place.layered(
        [
            track.encode(x=place.x("zero"), x2="low:Q", y=place.y()),
            bar.encode(x=place.x("low"), x2="high:Q", y=place.y(), color=colour, opacity=alt.value(0.55)),
            dashed.encode(x=place.x("low"), x2="high:Q", y=place.y(), color=colour),
            tick.encode(x=place.x("at"), y=place.y(), color=colour),
            arrow.encode(x=place.x("high"), y=place.y(), color=colour),
            place.names(),
            place.ends(rows, "high", dx=11),
        ]
    )


def _range(row: Row, spec: Spec) -> str:
    if row.get("text"):
        return str(row["text"])
    low = _number(row["low"], spec)
    if row["high"] is None:
        return f"{spec['names']['at_least']}\N{NO-BREAK SPACE}{low}"
    return low if row["low"] == row["high"] else f"{low}\N{NO-BREAK SPACE}– {_number(row['high'], spec)}"


# -- Years ------------------------------------------------------------------------------------------------------------


def _years(first: int, last: int, plot: float) -> list[int]:
    """The years written under the axis, the last one among them, as many as have room."""
    step = next((s for s in (1, 2, 5, 10, 20) if (last - first) / s * 52 <= plot), 50)
    return sorted(range(last, first - 1, -step))


def _axis(spec: Spec, **own: Any) -> alt.Axis:
    style = {"ticks": False, "domain": False, "gridColor": LINE, "title": None, "labelOverlap": False}
    return alt.Axis(**{**style, "labelColor": SOFT, "labelFontSize": _size(spec), "labelPadding": 8, **own})


def _year_axis(spec: Spec, years: Sequence[int], plot: float, **own: Any) -> alt.Axis:
    return _axis(spec, format="d", grid=False, labelAngle=0, values=_years(min(years), max(years), plot), **own)


def _apart(places: Sequence[float], gap: float, lowest: float) -> list[float]:
    """The places moved apart so that none is nearer than `gap` to another, all at least `gap / 2` above `lowest`."""
    order = sorted(range(len(places)), key=lambda n: places[n], reverse=True)
    moved, limit = list(places), lowest
    for n in order:
        moved[n] = min(places[n], limit)
        limit = moved[n] - gap
    return moved


def line(spec: Spec) -> alt.LayerChart:
    """`series`, `year`, `value` (None: the line stops), `emphasis`? (a total: ink, thicker)."""
    names = list(dict.fromkeys(row["series"] for row in spec["rows"]))
    known = [row for row in spec["rows"] if row["value"] is not None]
    years = [row["year"] for row in spec["rows"]]
    first, last = min(years), max(years)
    highest = max((row["value"] for row in known), default=0) * 1.06 or 1
    size, height = _size(spec), 300 if spec["width"] >= NARROW else 240
    totals = {row["series"] for row in spec["rows"] if row.get("emphasis")}
    ends = [max((r for r in known if r["series"] == name), key=lambda r: r["year"], default=None) for name in names]
    texts = [f"{name} {_text(end, end['value'], spec)}" if end else "" for name, end in zip(names, ends, strict=True)]
    left = _wide(_number(highest, spec), size) + 14
    right = min(max(_wide(text, size) for text in texts) + 14, spec["width"] * 0.42)
    plot = spec["width"] - left - right
    x = alt.X(
        "year:Q",
        scale=alt.Scale(domain=[first, last if last > first else first + 1], nice=False, zero=False),
        axis=_year_axis(spec, years, plot, domain=True, domainColor=INK, ticks=True, tickColor=SOFT),
    )
    y = alt.Y(
        "value:Q",
        scale=alt.Scale(domain=[0, highest], nice=False),
        axis=_axis(spec, format=_d3(spec), tickCount=4),
    )
    layers, labels = [], []
    styles = iter(LINES * (len(names) // len(LINES) + 1))
    for name, end, text in zip(names, ends, texts, strict=True):
        colour, dash = (INK, [1, 0]) if name in totals else next(styles)
        rows = [row for row in spec["rows"] if row["series"] == name]
        drawn = _data(rows).mark_line(color=colour, strokeWidth=3 if name in totals else 2.25, strokeDash=dash)
        layers.append(drawn.encode(x=x, y=y))
        if end:
            layers.append(_data([end]).mark_circle(color=colour, size=36, opacity=1).encode(x=x, y=y))
            labels.append((height * (1 - end["value"] / highest), text, colour, name in totals))
    for (_y, text, colour, total), at in zip(
        labels, _apart([label[0] for label in labels], size * 1.35, height), strict=True
    ):
        layers.append(
            _note(text, spec, plot + 10, at, color=colour, limit=right - 12, fontWeight=600 if total else 500)
        )
    return _layered(spec, layers, height, (left, right, size, size * 2.2))


def flows(spec: Spec) -> alt.LayerChart:
    """`year`, `births`, `closures`: births above the line, closures below; `names` says both words."""
    rows = [{"year": r["year"], "births": r["births"] or 0, "closures": -(r["closures"] or 0)} for r in spec["rows"]]
    size, height = _size(spec), 300 if spec["width"] >= NARROW else 260
    up = max(*(r["births"] for r in rows), 0) * 1.12 or 1
    down = min(*(r["closures"] for r in rows), 0) * 1.12 or -1
    left = _wide(_number(min(down, -up), spec), size) + 14
    plot = spec["width"] - left - 18
    band = plot / len(rows)
    years = [row["year"] for row in rows]
    x = alt.X(
        "year:O",
        scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1),
        axis=_year_axis(spec, years, plot, orient="bottom", labelExpr="datum.value"),
    )

    def y(field: str) -> alt.Y:
        axis = _axis(spec, tickCount=4, labelExpr=f"format(abs(datum.value), '{_d3(spec)}')")
        return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[down, up], nice=False), axis=axis)

    layers = [
        _data(rows).mark_bar(color=SEA).encode(x=x, y=y("births")),
        _data(rows).mark_bar(color=SHADES[1]).encode(x=x, y=y("closures")),
        _data([{"zero": 0}]).mark_rule(color=INK, strokeWidth=1).encode(y=y("zero")),
    ]
    for field, side in (("births", -1), ("closures", 1)):
        texts = [{**r, "text": _number(abs(r[field]), spec)} for r in rows if r[field]]
        if all(_wide(t["text"], size - 1) <= band * 0.98 for t in texts):
            layers.append(
                _words(texts, "text", spec, align="center", dy=side * size * 0.7, fontSize=size - 1).encode(
                    x=x, y=y(field)
                )
            )
    names = spec["names"]
    layers.append(_note(names["births"], spec, 0, -size, color=SEA, fontWeight=600))
    layers.append(_note(names["closures"], spec, 0, height + size * 2.6, color="#1F7387", fontWeight=600))
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
    left = max(_wide(name, size) for name in names) + 12
    x = alt.X("column:N", sort=None, axis=None, scale=alt.Scale(domain=columns, paddingInner=0.06))
    y = alt.Y("label:N", sort=None, axis=None, scale=alt.Scale(domain=names, paddingInner=0.1))
    heads = [{"column": column} for column in columns]
    empty = [{"label": name, "column": column} for name in names for column in columns]
    layers = [
        _data(empty).mark_rect(fill="none", stroke=LINE).encode(x=x, y=y),
        _data(cells).mark_rect().encode(x=x, y=y, color=alt.Color("fill:N", scale=None)),
        _words(cells, "text", spec, align="center", fontSize=size - 1).encode(
            x=x, y=y, color=alt.Color("ink:N", scale=None)
        ),
        _words([{"label": name} for name in names], "label", spec, align="right").encode(x=alt.value(-8), y=y),
        _words(heads, "column", spec, align="center", color=SOFT).encode(x=x, y=alt.value(-size)),
    ]
    return _layered(spec, layers, len(names) * size * 2, (left, 2, size * 2, 2))


KINDS: dict[str, Callable[[Spec], alt.LayerChart]] = {
    "bars": bars,
    "stacked": stacked,
    "line": line,
    "flows": flows,
    "dots": dots,
    "interval": interval,
    "grid": grid,
}
