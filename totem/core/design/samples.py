"""The samples of `/design/`: names, figures, charts and a map, for every component and kind of drawing."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import shapely
from django import forms
from django.core.paginator import Paginator
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from totem.core import wording
from totem.core.components import Crumb, SlotButton, Tab
from totem.core.forms import ColourField, DateField, MinutesField, TimeInput
from totem.core.rendering import ChartSpec
from totem.core.rendering.choropleth import MapShape, choropleth_svg, class_of, class_words, classes
from totem.core.wording import minutes_words

DAY = datetime(2026, 11, 26, tzinfo=UTC)
PARIS = "Europe/Paris"
WIDTHS = (720, 390)
YEARS = range(2016, 2027)
KINDS = ("bars", "stacked", "line", "flows", "dots", "interval", "grid")
AREAS = 24


def components() -> dict[str, Any]:
    """The context of the page's samples."""
    return {
        "crumb_items": [Crumb(_("Hubs"), "#"), Crumb("La Machinerie", "#")],
        "tab_items": [
            Tab(_("To come"), "#tabs", 12, True),
            Tab(_("To approve"), "#tabs", 3),
            Tab(_("Past"), "#tabs", 1240),
            Tab(_("Rules"), "#tabs"),
        ],
        "slot_items": [
            SlotButton("14 h 30 – 15 h 30", "#slots"),
            SlotButton("16 h – 17 h", "#slots"),
            SlotButton("9 h – 10 h", "#slots", _("tomorrow")),
            SlotButton("14 h – 15 h", "#slots", _("in another room")),
        ],
        "traits": [minutes_words(90)],
        "price": Decimal("24"),
        "vat": Decimal("4.80"),
        "total": Decimal("28.80"),
        "floor": Decimal("32.5"),
        "page": Paginator(range(100), 10).page(3),
        "form": SampleForm(prefix="a"),
        "filter": SampleFilter(prefix="c"),
        "refused": SampleForm(
            {"b-name": "", "b-email": "sophie", "b-day": "2026-02-30", "b-accent": "#F5D90A", "b-kind": "x"}, prefix="b"
        ),
        "starts_at": DAY + timedelta(hours=13),
        "ends_at": DAY + timedelta(hours=15),
        "paris": PARIS,
        "day_lines": _day_lines(),
        "hours": [(4 * n, DAY + timedelta(hours=7 + n)) for n in range(12)],
        "days": [DAY.replace(day=23) + timedelta(days=n) for n in range(7)],
        "half_hours": _half_hours(),
        "points": [
            {"name": "Amiens", "lat": 49.894, "lng": 2.296, "href": "#map"},
            {"name": "Rouen", "lat": 49.443, "lng": 1.099, "href": "#map"},
            {"name": "Le Havre", "lat": 49.494, "lng": 0.108, "href": "#map"},
            {"name": "Caen", "lat": 49.183, "lng": -0.370, "href": "#map"},
        ],
        "charts": [spec(kind) for kind in KINDS],
        "areas": areas(),
        "legend": legend(),
        "drawing": drawing(),
    }


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Name"), max_length=80)
    email = forms.EmailField(label=_("E-mail"), help_text=_("The confirmation goes there."))
    day = DateField(label=_("Day"))
    start = forms.TimeField(label=_("From"), widget=TimeInput)
    length = MinutesField(label=_("Length"), minimum=30, maximum=480, step=30, initial=60)
    people = forms.IntegerField(label=_("People"), min_value=1, max_value=40)
    kind = forms.ChoiceField(
        label=_("For whom"),
        widget=forms.RadioSelect,
        choices=[("self", _("For myself")), ("organisation", _("For an organisation"))],
    )
    features = forms.MultipleChoiceField(
        label=_("What you need"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("screen", _("Screen")), ("board", _("Whiteboard")), ("call", _("Video call"))],
    )
    accent = ColourField(label=_("Accent colour"))
    note = forms.CharField(label=_("Note for the desk"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    rules = forms.BooleanField(label=_("I have read the house rules"))


class SampleFilter(forms.Form):
    """Filters on one line: none is marked as optional."""

    hide_optional = True
    day = DateField(label=_("Day"), required=False)
    start = forms.TimeField(label=_("From"), widget=TimeInput, required=False)
    length = MinutesField(label=_("Length"), minimum=30, maximum=480, step=30, initial=60)


@dataclass(frozen=True)
class Segment:
    """A stretch of a time line: quarters of an hour from its start, how many, and what it is."""

    start: int
    length: int
    state: str
    words: str
    href: str = ""


def _time_line(*parts: tuple[int, str, str]) -> list[Segment]:
    """Segments one after the other, each (quarters, state, words)."""
    line, start = [], 0
    for length, state, words in parts:
        line.append(Segment(start, length, state, words, "#grids" if state == "free" else ""))
        start += length
    return line


def _day_lines() -> list[dict[str, Any]]:
    free = str(_("free"))
    return [
        {
            "name": _("Meeting room Somme"),
            "note": _("8 people, screen"),
            "line": _time_line(
                (4, "free", free),
                (8, "busy", str(_("taken"))),
                (12, "free", free),
                (6, "mine", str(_("yours"))),
                (18, "free", free),
            ),
        },
        {
            "name": _("Laser cutter"),
            "note": _("training needed"),
            "line": _time_line(
                (6, "closed", str(_("closed"))),
                (10, "free", free),
                (8, "out", str(_("out of order"))),
                (24, "free", free),
            ),
        },
        {
            "name": _("Event room"),
            "note": _("120 people"),
            "line": _time_line(
                (8, "free", free),
                (8, "held", str(_("held"))),
                (16, "pending", str(_("awaiting approval"))),
                (16, "free", free),
            ),
        },
    ]


def _half_hours() -> list[dict[str, Any]]:
    """Rows of a space's week from 9:00 to 13:00; each cell is a state."""
    rows = []
    for n in range(8):
        starts_at = DAY + timedelta(hours=8, minutes=30 * n)
        cells = ["closed" if d == 6 else "busy" if (n + d) % 5 == 0 else "free" for d in range(7)]
        rows.append({"at": starts_at, "half": n % 2, "cells": cells})
    return rows


# -- Charts and the map -----------------------------------------------------------------------------------------------


def spec(kind: str, width: int = WIDTHS[0]) -> ChartSpec:
    """The sample chart of a kind, in the active language. Raises KeyError for an unknown kind."""
    branches = [gettext("Software"), gettext("Data and hosting"), gettext("Telecommunications"), gettext("Repair")]
    sizes = [gettext("no employee"), gettext("1 to 9"), gettext("10 to 49"), gettext("50 and more")]
    samples: dict[str, dict[str, Any]] = {
        "bars": {
            "title": gettext("Establishments by branch"),
            "rows": [
                *({"label": name, "value": n} for name, n in zip(branches, (310, 1540, 88, 297), strict=True)),
                {"label": gettext("Together"), "value": 2235, "emphasis": True},
            ],
        },
        "stacked": {
            "title": gettext("Establishments by branch and size"),
            "rows": [
                {"label": name, "part": size, "value": round(420 / (n + 1) / (k + 1))}
                for n, name in enumerate(branches)
                for k, size in enumerate(sizes)
            ],
        },
        "line": {
            "title": gettext("Establishments on 31 December"),
            "rows": [
                {"series": name, "year": year, "value": round(base * 1.05 ** (year - YEARS[0])), "emphasis": total}
                for name, base, total in ((branches[0], 900, False), (branches[1], 700, False), (
                    gettext("Together"), 1900, True,
                ))
                for year in YEARS
            ],
        },
        "flows": {
            "title": gettext("Births and closures"),
            "rows": [{"year": y, "births": 180 + 9 * (y - 2016), "closures": 90 + y * 7 % 40} for y in YEARS],
            "names": {"births": gettext("Births"), "closures": gettext("Closures")},
        },
        "dots": {
            "title": gettext("Share of the digital sector"),
            "rows": [
                {"label": "Caen", "value": 0.042},
                {"label": "Rouen", "value": 0.035},
                {"label": "Amiens", "value": 0.031, "emphasis": True},
                {"label": "Le Havre", "value": 0.027},
            ],
            "percent": True,
            "decimals": 1,
            "reference": 0.039,
            "reference_name": "France",
        },
        "interval": {
            "title": gettext("Jobs, from the size bands"),
            "rows": [
                {"label": branches[0], "low": 450, "high": 900},
                {"label": branches[1], "low": 3100, "high": 6200},
                {"label": branches[2], "low": 5400, "high": None},
            ],
            "names": {"at_least": gettext("at least")},
        },
        "grid": {
            "title": gettext("Hours booked, by weekday and hour"),
            "rows": [
                {"label": wording.hour(time(hour)), "column": weekday, "value": (hour * (n + 3)) % 11 if n < 6 else 0}
                for hour in range(9, 13)
                for n, weekday in enumerate(wording.weekdays_short())
            ],
        },
    }  # fmt: skip
    return ChartSpec(kind=kind, width=width, **samples[kind])  # type: ignore[arg-type]


def _hexagon(n: int) -> shapely.Polygon:
    """The n-th cell of a comb in Picardie, in degrees."""
    row, column = divmod(n, 6)
    lon, lat = 2 + 0.18 * (column + row % 2 / 2), 50 - 0.1 * row
    corners = [math.radians(60 * k + 30) for k in range(6)]
    return shapely.Polygon([(lon + 0.104 * math.cos(a), lat + 0.067 * math.sin(a)) for a in corners])


def _values() -> list[int | None]:
    return [None if n in {8, 21} else n**3 % 97 + (n % 5) ** 4 for n in range(AREAS)]


def outlines() -> dict[str, Any]:
    """The comb's cells as GeoJSON."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": str(n), "name": gettext("Area %(n)s") % {"n": n + 1}},
            "geometry": json.loads(shapely.to_geojson(_hexagon(n))),
        }
        for n in range(AREAS)
    ]
    return {"type": "FeatureCollection", "features": features}


def areas() -> list[dict[str, Any]]:
    """The comb's rows: code, name, value and class."""
    values = _values()
    breaks = classes(values)
    return [
        {"code": n, "name": gettext("Area %(n)s") % {"n": n + 1}, "value": v, "level": class_of(v, breaks)}
        for n, v in enumerate(values)
    ]


def legend() -> Sequence[str]:
    """The words of the comb's classes."""
    return class_words(classes(_values()))


def drawing() -> SafeString:
    """The comb as SVG."""
    shapes = [MapShape(str(a["code"]), a["name"], _hexagon(a["code"]).wkb, a["level"]) for a in areas()]
    return mark_safe(choropleth_svg(shapes, title=gettext("A map by area")))  # noqa: S308 - escaped where it is made
