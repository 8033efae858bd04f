"""`/design/`: every component with its states, in both densities (`?densite=travail`). Its data are samples."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from totem.core import samples
from totem.core.colour import PAPER, contrast
from totem.core.components import Crumb, Slot, Tab
from totem.core.forms import ColourField, DateInput, MinutesField, TimeInput
from totem.core.templatetags.totem import ICONS, STATES
from totem.core.wording import minutes_words

COLOURS = {
    "paper": "#FBF8F3",
    "sand": "#F1EADF",
    "line": "#E4DDD2",
    "ink": "#1B2333",
    "soft": "#5A6272",
    "sea": "#0B5C73",
    "moss": "#3F6B3A",
    "amber": "#8A5A00",
    "brick": "#B2432F",
    "plum": "#6B3A6E",
}
SIZES = (13, 15, 17, 20, 26, 34, 44)
DAY = datetime(2026, 11, 26, tzinfo=UTC)
PARIS = "Europe/Paris"


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Name"), max_length=80)
    email = forms.EmailField(label=_("E-mail"), help_text=_("The confirmation goes there."))
    day = forms.DateField(label=_("Day"), widget=DateInput)
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
    day = forms.DateField(label=_("Day"), widget=DateInput, required=False)
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


@login_not_required
@require_safe
def design(request: HttpRequest) -> HttpResponse:
    """The components, for those who build and judge the pages."""
    days = [DAY.replace(day=23) + timedelta(days=n) for n in range(7)]
    context = {
        "dense": request.GET.get("densite") == "travail",
        "colours": [(name, value, contrast(value, PAPER)) for name, value in COLOURS.items()],
        "sizes": SIZES,
        "states": STATES,
        "icons": sorted(ICONS),
        "crumb_items": [Crumb(_("Hubs"), "#"), Crumb("La Machinerie", "#")],
        "tab_items": [
            Tab(_("To come"), "#tabs", 12, True),
            Tab(_("To approve"), "#tabs", 3),
            Tab(_("Past"), "#tabs", 1240),
            Tab(_("Rules"), "#tabs"),
        ],
        "slot_items": [
            Slot("14 h 30 – 15 h 30", "#slots"),
            Slot("16 h – 17 h", "#slots"),
            Slot("9 h – 10 h", "#slots", _("tomorrow")),
            Slot("14 h – 15 h", "#slots", _("in another room")),
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
        "days": days,
        "half_hours": _half_hours(),
        "points": [
            {"name": "Amiens", "lat": 49.894, "lng": 2.296, "href": "#map"},
            {"name": "Rouen", "lat": 49.443, "lng": 1.099, "href": "#map"},
            {"name": "Le Havre", "lat": 49.494, "lng": 0.108, "href": "#map"},
            {"name": "Caen", "lat": 49.183, "lng": -0.370, "href": "#map"},
        ],
        "charts": [samples.spec(kind) for kind in samples.KINDS],
        "areas": samples.areas(),
        "legend": samples.legend(),
        "drawing": samples.drawing(),
    }
    return render(request, "core/design.html", context)
