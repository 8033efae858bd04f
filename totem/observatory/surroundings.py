"""What stands around a place: what holds it, what it is made of, and its peers, with the communes of each."""

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from totem.territories.models import Commune, Level
from totem.territories.places import FRANCE, Place
from totem.territories.queries import COLUMNS, PLACES

KEPT = 48  # places of an edition whose surroundings a process remembers: a region's are a megabyte
# By which levels the members of a place are shown, the first one first.
MEMBERS: dict[str, tuple[Level, ...]] = {
    FRANCE: (Level.REGION, Level.DEPARTMENT),
    Level.REGION: (Level.DEPARTMENT, Level.EPCI),
    Level.FORMER_REGION: (Level.DEPARTMENT, Level.EPCI),
    Level.DEPARTMENT: (Level.EPCI, Level.COMMUNE),
    Level.EPCI: (Level.COMMUNE,),
    Level.COMMUNE: (),
}
# Of which larger territory the peers of a place are the members.
PEERS_IN: dict[str, Level | None] = {
    Level.COMMUNE: Level.EPCI,
    Level.EPCI: Level.REGION,
    Level.DEPARTMENT: Level.REGION,
    Level.REGION: None,
    Level.FORMER_REGION: None,
}


@dataclass(frozen=True, slots=True)
class Territory:
    """A place as a link names it. `whole` is false where only a part of it is meant."""

    level: str
    code: str
    name: str
    population: int | None = None
    whole: bool = True

    @property
    def key(self) -> str:
        return f"{self.level}:{self.code}"


@dataclass(frozen=True)
class Division:
    """Communes shared out among the territories of one level; `of_commune` says whose each is."""

    level: str
    title: str
    territories: Mapping[str, Territory]
    of_commune: Mapping[str, str]


def above(place: Place) -> list[Territory]:
    """The region, the department and the EPCI that hold the whole place, the largest first; none for a country."""
    find = _above if place.edition else _above.__wrapped__
    return find(place, place.edition)


@lru_cache(maxsize=KEPT)
def _above(place: Place, _edition: str) -> list[Territory]:
    wanted = {
        Level.COMMUNE: (Level.REGION, Level.DEPARTMENT, Level.EPCI),
        Level.EPCI: (Level.REGION, Level.DEPARTMENT),
        Level.DEPARTMENT: (Level.REGION,),
    }.get(place.level, ())  # type: ignore[call-overload]
    if not wanted:
        return []
    columns = [f"{COLUMNS[level]}__{name}" for level in wanted for name in ("code", "name", "population")]
    rows = list(_communes_of(place).values_list(*columns).distinct())
    found = [{row[3 * n : 3 * n + 3] for row in rows} for n in range(len(wanted))]
    return [
        Territory(str(level), *held)
        for level, holders in zip(wanted, found, strict=True)
        if len(holders) == 1 and (held := holders.pop())[0] is not None
    ]


def commune_names(codes: Iterable[str]) -> dict[str, str]:
    """The names of communes by their codes."""
    return dict(Commune.objects.filter(code__in=set(codes)).values_list("code", "name"))


def levels_of(place: Place) -> tuple[Level, ...]:
    """The levels by which the members of a place are shown, the first one first."""
    return MEMBERS.get(place.level, (Level.EPCI, Level.COMMUNE))


def members(place: Place, level: str = "") -> Division | None:
    """The place's communes by the territories of that level, or of the first that suits it; None for a commune.

    A territory that lies only partly in the place is there for that part, with the people of that part.
    """
    find = _members if place.edition else _members.__wrapped__
    return find(place, level, place.edition, get_language())


@lru_cache(maxsize=KEPT)
def _members(place: Place, level: str, _edition: str, _language: str | None) -> Division | None:
    suits = levels_of(place)
    if not suits or (level and level not in suits):
        return None
    return _divided(Level(level or suits[0]), _communes_of(place), place.name)


def peers(place: Place, *, nationwide: bool = True) -> Division | None:
    """The territories of the place's level in the larger one that holds it, whole; None where there is none.

    Those of a region are all regions of the country: only where figures are `nationwide`.
    """
    if place.level not in PEERS_IN or not (nationwide or PEERS_IN[place.level]):
        return None
    around = PEERS_IN[place.level]
    if around is None:
        title = _("The former regions") if place.level == Level.FORMER_REGION else _("The regions")
        return _divided(Level(place.level), _communes(None), "", title)
    own = COLUMNS[place.level]
    holder = _communes_of(place).values_list(COLUMNS[around], flat=True).first()
    if holder is None:
        return None
    inside = Commune.objects.filter(current=True, **{COLUMNS[around]: holder})
    whole = Commune.objects.filter(current=True, **{f"{own}__in": inside.values(own)})
    return _divided(Level(place.level), whole, PLACES[around]._default_manager.get(pk=holder).name)  # type: ignore[attr-defined]


SIMILAR, MOST_TIMES = 10, 2


def similar(place: Place, *, nationwide: bool = True) -> Division | None:
    """The place among those of its level whose population is nearest, from half to double; None without population.

    Those of its region alone where figures are not `nationwide`.
    """
    if place.level not in PLACES or not place.population:
        return None
    around = PLACES[place.level]._default_manager.exclude(pk=place.code)
    if place.level == Level.COMMUNE:
        around = around.filter(current=True)
    if not nationwide:
        region = _communes_of(place).values_list(COLUMNS[Level.REGION], flat=True).first()
        inside = Commune.objects.filter(current=True, **{COLUMNS[Level.REGION]: region})
        around = around.filter(pk__in=inside.values(COLUMNS[place.level]))
    near = around.filter(population__range=(place.population / MOST_TIMES, place.population * MOST_TIMES))
    people = dict(near.values_list("pk", "population"))
    nearest = sorted(people, key=lambda code: (abs(math.log(people[code] / place.population)), code))[:SIMILAR]
    if not nearest:
        return None
    communes = _communes(None).filter(**{f"{COLUMNS[place.level]}__in": [place.code, *nearest]})
    return _divided(Level(place.level), communes, "", _("Places of similar size"))


def place_of(division: Division, place: Place) -> Place:
    """The place made of all the communes of a division, for whoever counts them side by side."""
    communes = tuple(sorted(division.of_commune))
    return replace(place, communes=communes, whole=communes, partial=(), polygon=None)


def _communes_of(place: Place) -> "QuerySet[Commune]":
    """The communes of the place as the database has them: by its own code, where it has one, not by thousands."""
    if place.level in COLUMNS:
        return _communes(None).filter(**{COLUMNS[place.level]: place.code})
    return _communes(None if place.level == FRANCE else place.communes)


def _communes(codes: Iterable[str] | None) -> "QuerySet[Commune]":
    communes = Commune.objects.filter(current=True).order_by()
    return communes if codes is None else communes.filter(code__in=list(codes))


def _divided(level: Level, communes: "QuerySet[Commune]", where: str, title: str = "") -> Division:
    rows = list(communes.order_by().values_list("code", COLUMNS[level], "population"))
    # The same few words in every division that is kept: a region has thousands of communes.
    of_commune = {sys.intern(code): sys.intern(owner) for code, owner, _population in rows if owner}
    people: dict[str, int | None] = {}
    for _code, owner, population in rows:
        if owner:
            known = people.get(owner, 0)
            people[owner] = None if population is None or known is None else known + population
    found = PLACES[level]._default_manager.in_bulk(list(people))
    titles = {
        Level.COMMUNE: _("The communes of %(place)s"),
        Level.EPCI: _("The EPCI of %(place)s"),
        Level.DEPARTMENT: _("The departments of %(place)s"),
        Level.REGION: _("The regions of %(place)s"),
    }
    return Division(
        level,
        title or titles[level] % {"place": where},
        {
            code: replace(_territory(level, found[code]), population=count, whole=_is_whole(found[code], count))
            for code, count in people.items()
        },
        of_commune,
    )


def _is_whole(row: Any, population: int | None) -> bool:
    """Whether the people of the part are those of the whole; taken as so where either is not known."""
    return row.population is None or population is None or population >= row.population


def _territory(level: str, row: Any) -> Territory:
    return Territory(str(level), row.pk, row.name, row.population)
