"""The registry of subjects: the kinds of objects that figures are about, and how those of an area are found.

A room registers its kinds in `subjects.py`, imported automatically like `measures.py`; a measure names the kind it is
about (`core.measures.Measure.subject`). Code that evaluates or compares areas (a territory, a hub) gets the objects of
a kind inside each without knowing the kind by name. A kind that no room registers is an error, at the start and
wherever a figure about it is computed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from totem.core.measures import Measure, Text


class AreaKind(StrEnum):
    """The kinds of areas that figures are computed for; the values in a charter's file."""

    TERRITORY = "territory"
    HUB = "hub"


class Area(Protocol):
    """Where objects are looked for: `key` is `hub:3` or that of a place (`epci:200023414`); `place` is where it is."""

    @property
    def key(self) -> str: ...

    @property
    def place(self) -> Any:
        """A `territories.places.Place`."""


Inside = Callable[[Sequence[Area]], Mapping[str, Sequence[Any]]]


@dataclass(frozen=True)
class SubjectKind:
    """A kind of object that figures are about: `hubs.hub`, « a hub », « hubs ».

    `inside` takes areas and returns the objects of this kind in each, by the area's key, in a number of queries that
    does not depend on how many there are; it leaves out an area without figures. Without it, figures of this kind are
    of one object at a time, never of an area. `areas`: the kinds of areas that its figures are computed for.
    """

    key: str
    label: Text
    plural: Text
    inside: Inside | None = None
    areas: frozenset[AreaKind] = frozenset(AreaKind)

    def is_asked_of(self, area: str) -> bool:
        """Whether figures of this kind are computed for such an area (`AreaKind`)."""
        return self.inside is not None and area in self.areas


class UnknownSubjectError(LookupError):
    """No room registers the kind of subject a measure is about, or its figures are not computed for areas.

    `args` are the names of the measure and of the kind.
    """

    def __str__(self) -> str:
        return "The measure {} is about {}, which no room registers as a subject found in an area.".format(*self.args)


_registry: dict[str, SubjectKind] = {}


def register(kind: SubjectKind) -> None:
    """Register a kind. Raises ValueError when its key is taken."""
    if kind.key in _registry:
        raise ValueError(f"Two kinds of subjects are called {kind.key}.")
    _registry[kind.key] = kind


def kinds() -> list[SubjectKind]:
    """All kinds, those of a room after those of the rooms below it."""
    return list(_registry.values())


def kind_of(measure: Measure) -> SubjectKind:
    """The kind of subject that a measure is about. Raises UnknownSubjectError."""
    if measure.subject not in _registry:
        raise UnknownSubjectError(measure.name, measure.subject)
    return _registry[measure.subject]


def things_inside(measure: Measure, areas: Sequence[Area]) -> Mapping[str, Sequence[Any]]:
    """The objects a measure is computed from in each area, by the area's key. Raises UnknownSubjectError."""
    inside = kind_of(measure).inside
    if inside is None:
        raise UnknownSubjectError(measure.name, measure.subject)
    return inside(areas)
