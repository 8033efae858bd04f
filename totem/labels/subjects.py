"""Who is judged: a perimeter, a hub, or an official place, with the communes it covers."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg

from totem.hubs.models import Hub
from totem.labels.models import Board
from totem.labels.models.evidence import KEY_OF, SUBJECTS
from totem.territories.models import Epci, Perimeter
from totem.territories.places import (
    PERIMETER,
    Place,
    PlaceNotFound,
    ShapesMissing,
    area_km2,
    part_refs,
    place_for,
    place_of_version,
    shape_from,
    version_of,
)

HUB = "hub"


@dataclass(frozen=True)
class Subject:
    """Whatever evidence can be about. `key` is `AboutSubject.subject`; `parts` are the keys of what it is made of."""

    key: str
    name: str
    place: Place
    hub: int | None = None
    perimeter: int | None = None
    parts: tuple[str, ...] = ()

    @property
    def field(self) -> dict[str, int | str]:
        """The foreign key of `AboutSubject` that names it, as a keyword: `{"epci_id": "200023414"}`."""
        kind, _colon, code = self.key.partition(":")
        name = next(name for name in SUBJECTS if KEY_OF[name] == kind)
        return {f"{name}_id": int(code) if name in {"perimeter", "hub"} else code}


def subject_of(board: Board, on: datetime.date) -> Subject:
    """What a board is about, as it is made on that day."""
    if board.hub is not None:
        return hub_subject(board.hub)
    if board.perimeter is None:
        raise PlaceNotFound(board.slug)  # the constraint `board_of_one` lets no such row be
    return perimeter_subject(board.perimeter, on)


def hub_subject(hub: Hub) -> Subject:
    """A hub, in its commune."""
    place = place_for("commune", hub.commune_id)
    return Subject(f"{HUB}:{hub.pk}", hub.name, place, hub=hub.pk)


def perimeter_subject(perimeter: Perimeter, on: datetime.date) -> Subject:
    """A perimeter in the version of that day, with the places it names. Raises PlaceNotFound without a version."""
    version = version_of(perimeter, on=on)
    if version is None:
        raise PlaceNotFound(perimeter.slug)
    code = f"{perimeter.slug}@{version.number}"
    try:
        place = place_of_version(version, code=code, name=perimeter.name)
    except ShapesMissing:  # no outlines here: the shape alone still says what is inside
        shape = shape_from(version.polygon or b"")
        place = Place(PERIMETER, code, perimeter.name, (), None, area_km2(shape), shape, (), ())
    parts = () if version.polygon is not None else tuple(named.key for named in part_refs(version))
    return Subject(f"{PERIMETER}:{perimeter.pk}", perimeter.name, place, perimeter=perimeter.pk, parts=parts)


def subject_at(key: str) -> Subject:
    """The official place of a key: `epci:200023414`. Raises PlaceNotFound."""
    level, _colon, code = key.partition(":")
    if level not in KEY_OF.values() or level in {PERIMETER, HUB}:
        raise PlaceNotFound(key)
    place = place_for(level, code)
    return Subject(place.key, place.name, place)


def epci_subjects(codes: Iterable[str] | None = None) -> list[Subject]:
    """Groupings of communes, all of them or those of these codes, in one query, by name."""
    rows = Epci.objects.filter(communes__current=True).annotate(
        members=ArrayAgg("communes__code", order_by="communes__code")
    )
    if codes is not None:
        rows = rows.filter(pk__in=list(codes))
    return [_epci(row.code, row.name, tuple(row.members)) for row in rows.order_by("sort_key")]


def _epci(code: str, name: str, communes: tuple[str, ...]) -> Subject:
    place = Place("epci", code, name, communes, None, None, None, communes, ())
    return Subject(place.key, name, place)
