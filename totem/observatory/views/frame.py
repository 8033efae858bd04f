"""What every page about a place has: its way back, its tabs, what is counted and how to choose something else."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from totem.core.components import Crumb, Tab
from totem.core.wording import date_with_year
from totem.observatory import surroundings
from totem.observatory.engine import Scope
from totem.observatory.notes import part_of_country
from totem.observatory.views.scopes import Parameters, address, chooser, hidden, kept, kept_elsewhere
from totem.observatory.words import SYNTHETIC, counted_words
from totem.territories.models import Level
from totem.territories.places import DRAWN, FRANCE, PERIMETER, Place

LEVEL_WORDS = {
    Level.COMMUNE: gettext_lazy("Commune"),
    Level.EPCI: gettext_lazy("Group of communes (EPCI)"),
    Level.DEPARTMENT: gettext_lazy("Department"),
    Level.REGION: gettext_lazy("Region"),
    Level.FORMER_REGION: gettext_lazy("Former region (before 2016)"),
    PERIMETER: gettext_lazy("Perimeter"),
    DRAWN: gettext_lazy("Drawn area"),
    FRANCE: gettext_lazy("Whole country"),
}
TABS = (
    ("place", gettext_lazy("Figures")),
    ("place_map", pgettext_lazy("observatory", "Map")),
    ("place_compare", gettext_lazy("Compare")),
    ("place_companies", gettext_lazy("Who is here")),
    ("place_actors", gettext_lazy("Actors")),
    ("place_bridge", gettext_lazy("NAF 2025")),
    ("place_quality", gettext_lazy("Quality")),
    ("place_data", gettext_lazy("Data")),
)


def framed(
    request: HttpRequest,
    scope: Scope,
    current: str,
    *,
    more: Parameters | None = None,
    **context: Any,
) -> dict[str, Any]:
    """The context of a page about a scope; `more` are the parameters that its permanent address keeps besides."""
    place = scope.place
    here = [place.level, place.code]
    suffix = kept(request)
    return {
        "scope": scope,
        "place": place,
        "stock": scope.stock,
        "stock_day": date_with_year(scope.stock.date),
        "level_words": LEVEL_WORDS[place.level],
        "crumb_items": crumbs(place, suffix, current),
        "tabs": [
            Tab(label, reverse(f"observatory:{name}", args=here) + suffix, current=name == current)
            for name, label in TABS
        ],
        "chooser": chooser(request, scope),
        "counted": counted_words(scope),
        "synthetic": SYNTHETIC if scope.stock.synthetic else "",
        "part_of_country": part_of_country(scope.stock),
        "kept": suffix,
        "kept_scope": kept_elsewhere(request),
        "scope_parameters": hidden(request),
        "came_from": hidden(request, ()),
        "permanent": address(current, scope, more=more),
        **context,
    }


def crumbs(place: Place, suffix: str, current: str) -> list[Crumb]:
    """The way back to the observatory, through what holds the place."""
    way = [home_crumb()]
    way += [
        Crumb(held.name, reverse("observatory:place", args=[held.level, held.code]) + suffix)
        for held in surroundings.above(place)
    ]
    if current != "place":
        way.append(Crumb(place.name, reverse("observatory:place", args=[place.level, place.code]) + suffix))
    return way


def home_crumb() -> Crumb:
    """To the observatory."""
    return Crumb(_("Observatory"), reverse("observatory:home"))
