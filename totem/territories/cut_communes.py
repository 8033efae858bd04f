"""The question of what counts of the communes that an edge cuts: what each answer counts, and how each is shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.core import clock, measures
from totem.core.periods import Period
from totem.core.wording import number, percent
from totem.territories.models import Commune, CutRule, Level, Outline
from totem.territories.overlaps import LEAST_UNKNOWN, Overlap
from totem.territories.places import Place, place_drawn
from totem.territories.projections import territory_of

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

EFFECT = "digital_establishments"  # the measure that shows what an answer changes, where a room registers it

MOST_NAMED = 12


@dataclass(frozen=True)
class CutQuestion:
    """The communes that an edge cuts with the share of each, and the answers, each with what the area then counts."""

    rows: list[tuple[Commune, str]]
    answers: list[tuple[str, str]]
    unknown: str


def cut_question(polygon: "BaseGeometry", overlap: Overlap) -> CutQuestion:
    """What to ask about the communes that the polygon's edge cuts, those with the largest share first."""
    effects = {rule: _effect(place_drawn(polygon, cut=rule)) for rule in CutRule}
    answers = [
        (str(rule), _("%(rule)s: %(effect)s") % {"rule": rule.label, "effect": words})
        for rule, words in effects.items()
    ]
    return CutQuestion(_largest_share_first(overlap), answers, unknown_words(overlap))


def _effect(place: Place) -> str:
    now = clock.now()
    try:
        taken = measures.take(EFFECT, [place], Period(now - timedelta(days=1), now), now)
    except measures.UnknownMeasureError:
        return _("not known")
    low, high = taken.figure.bounds
    if low is None:
        return _("not known")
    words = number(low) if high == low else _("%(low)s to %(high)s") % {"low": number(low), "high": number(high or 0)}
    return f"{words} {measures.unit_words(taken.measure.unit, high or low)}"


@dataclass(frozen=True)
class CommuneRow:
    """A commune that a place meets: the share of its surface there in words, and whether it counts."""

    commune: Commune
    share: str
    is_whole: bool
    is_counted: bool


def commune_rows(place: Place) -> list[CommuneRow]:
    """The communes of a place and those that its edge cuts, the most populous first."""
    cut = place.overlap.cut if place.overlap else ()
    whole, counted = frozenset(place.whole), frozenset(place.communes)
    rows = _by_population({*counted, *cut})
    return [CommuneRow(row, share_words(place.overlap, row.pk), row.pk in whole, row.pk in counted) for row in rows]


def _largest_share_first(overlap: Overlap) -> list[tuple[Commune, str]]:
    rows = sorted(_by_population(overlap.cut), key=lambda row: -overlap.shares[row.pk])
    return [(row, share_words(overlap, row.pk)) for row in rows]


def _by_population(codes: Iterable[str]) -> Iterable[Commune]:
    return Commune.objects.filter(pk__in=codes).order_by("-population", "sort_key")


def share_words(overlap: Overlap | None, code: str) -> str:
    """The share of a commune's surface in the area: « 43 % », never « 0 % » or « 100 % » of what is cut."""
    share = overlap.shares.get(code, 0.0) if overlap else 1.0
    return percent(share) if share > 0.995 or 0.01 <= share < 0.99 else percent(share, 1)


def cut_words(overlap: Overlap | None) -> str:
    """The communes that an edge cuts, each with its share: « Amiens (80) 43 %, … »; empty without any."""
    rows = _largest_share_first(overlap) if overlap else []
    names = ", ".join(f"{row.label} {share}" for row, share in rows[:MOST_NAMED])
    more = len(rows) - MOST_NAMED
    said = ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", more)
    return said % {"names": names, "count": more} if more > 0 else names


def missing_words(polygon: "BaseGeometry") -> tuple[str, bool]:
    """Why no commune is known where a polygon lies, and whether it is that outlines are not loaded."""
    territory = territory_of(polygon)
    if territory is not None:
        name, (west, south, east, north) = territory
        there = Outline.objects.filter(west__lte=east, east__gte=west, south__lte=north, north__gte=south)
        if not there.filter(level=Level.COMMUNE).exists():
            words = _("The outlines of communes are not loaded there (%(territory)s): this area cannot be counted.")
            return words % {"territory": name}, True
    return _("No commune is there: this area lies at sea or abroad, and nothing can be counted in it."), False


def unknown_words(overlap: Overlap | None) -> str:
    """A sentence on the share of an area that lies in no known commune; empty where that is next to nothing."""
    if overlap is None or overlap.unknown < LEAST_UNKNOWN:
        return ""
    return _(
        "%(share)s of this area lies in no known commune: at sea, abroad, or where outlines are not loaded. "
        "Nothing is counted there."
    ) % {"share": percent(overlap.unknown)}
