"""The registry of measures: named, typed, dated, sourced figures of rooms for charters, reports and dashboards.

A room registers its measures in `measures.py`; nobody else computes them. A measure says how the figures of several
subjects combine, so that a charter can use it for one hub, for all hubs of a territory, or for several territories.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

from totem.core import languages
from totem.core.periods import Period

Text = str | Promise
INFINITE = Decimal("Infinity")


@dataclass(frozen=True)
class CountedUnit:
    """A unit in words: what one is called, and several, which is also its name.

    `former` are the names that it had: charters that are published keep them.
    """

    one: Text
    many: Text
    former: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(self.many)

    def counted(self, value: Decimal | int) -> str:
        """The word for that many in the active language."""
        return str(self.one if languages.is_single(languages.active(), value) else self.many)


Unit = Text | CountedUnit


def unit_words(unit: Unit, value: Decimal | int) -> str:
    """« fab lab » or « fab labs » as the value has it, « m² » whatever it is."""
    return unit.counted(value) if isinstance(unit, CountedUnit) else str(unit)


class Combine(StrEnum):
    """How the figures of several subjects become one."""

    SUM = "sum"
    MAX = "max"
    ANY = "any"
    ALL = "all"  # all have to reach it: the lowest counts
    UNION = "union"  # values are sets of ids; the figure is how many distinct ones there are
    RATIO = "ratio"  # parts and wholes are added up, then divided


@dataclass(frozen=True)
class Basis:
    """On which data a figure stands: their day, and what is counted as parameters (`stock=2026-11-01&activites=x@1`).

    The parameters are those of the address of the page that shows the same figure.
    """

    day: date
    parameters: str = ""


@dataclass(frozen=True)
class Figure:
    """The value of a measure: `value` in the measure's unit, or None where it cannot be known.

    A value that is not known exactly is between `low` and `high` (None: not bounded above). A ratio
    carries its `part` and `whole`; a union its `ids`.
    """

    value: Decimal | None
    part: Decimal | None = None
    whole: Decimal | None = None
    ids: frozenset[int] = frozenset()
    low: Decimal | None = None
    high: Decimal | None = None
    basis: Basis | None = None  # None: it is of the day on which it is computed

    @property
    def bounds(self) -> tuple[Decimal | None, Decimal | None]:
        """The bounds of the value: (low, high), equal when it is known; (None, None) when nothing is."""
        return (self.low, self.high) if self.value is None else (self.value, self.value)

    @property
    def rounded(self) -> Decimal | None:
        """The value to one decimal, for people; the rest of the program reads `value`."""
        return None if self.value is None else round(self.value, 1)

    @classmethod
    def of(cls, value: Decimal | float | None) -> "Figure":
        return cls(None if value is None else Decimal(str(value)))

    @classmethod
    def between(cls, low: Decimal | int, high: Decimal | int | None) -> "Figure":
        """A value from `low` to `high`, both included; known where they are equal."""
        low, high = Decimal(low), None if high is None else Decimal(high)
        return cls(low) if low == high else cls(None, low=low, high=high)

    @classmethod
    def ratio(cls, part: Decimal, whole: Decimal) -> "Figure":
        """`part` of `whole` as a percentage; unknown where the whole is zero."""
        return cls(100 * part / whole if whole else None, part, whole)

    @classmethod
    def distinct(cls, ids: Iterable[int], *, beyond: int = 0) -> "Figure":
        """The number of distinct ids; up to `beyond` more where that many may be missing."""
        known = frozenset(ids)
        count = Decimal(len(known))
        return cls(None, ids=known, low=count, high=count + beyond) if beyond else cls(count, ids=known)


Computation = Callable[..., Figure]  # (subject, period), and (…, parameters) for one that `takes_parameters`


@dataclass(frozen=True)
class Measure:
    """A figure that is computed by its name. `subject` is the model it is about (hubs.hub)."""

    name: str
    subject: str
    label: Text
    unit: Unit
    method: Text
    combine: Combine
    compute: Computation
    takes_parameters: bool = False

    def over(self, subjects: Iterable[Any], period: Period, parameters: str = "") -> Figure:
        """The figure of several subjects together; unknown ones are left out; unknown when all are.

        `parameters` choose the data where the measure takes any (`Basis.parameters`); others leave them out.
        """
        asked = (period, parameters) if self.takes_parameters else (period,)
        return combined(self.combine, (self.compute(subject, *asked) for subject in subjects))


def combined(combine: Combine, figures: Iterable[Figure]) -> Figure:
    """Several figures combined into one; unknown ones are left out; unknown when all are."""
    known = [figure for figure in figures if figure.bounds[0] is not None]
    if not known:
        return Figure(None)
    bases = {figure.basis for figure in known}
    return replace(_COMBINED[combine](known), basis=bases.pop() if len(bases) == 1 else None)


def _bounded(join: Callable[[list[Decimal]], Decimal], figures: list[Figure]) -> Figure:
    """The figures joined, bound by bound: the lowest of several is at most any of them, also of one without bound."""
    low = join([figure.bounds[0] for figure in figures if figure.bounds[0] is not None])
    high = join([INFINITE if figure.bounds[1] is None else figure.bounds[1] for figure in figures])
    return Figure.between(low, high if high.is_finite() else None)


def _any(figures: list[Figure]) -> Figure:
    """1 where one is certainly above zero, 0 where all are certainly zero."""
    bounds = [figure.bounds for figure in figures]
    return Figure.between(any(low for low, _high in bounds), any(high is None or high for _low, high in bounds))


def _union(figures: list[Figure]) -> Figure:
    missed = (figure.high - figure.low for figure in figures if figure.low is not None and figure.high is not None)
    return Figure.distinct((pk for figure in figures for pk in figure.ids), beyond=int(sum(missed)))


def _ratio(figures: list[Figure]) -> Figure:
    """The ratio of the figures whose part and whole are known; a single figure is returned unchanged."""
    if len(figures) == 1:
        return figures[0]
    return Figure.ratio(_sum(figure.part for figure in figures), _sum(figure.whole for figure in figures))


def _sum(values: Iterable[Decimal | None]) -> Decimal:
    return sum((value for value in values if value is not None), Decimal(0))


_COMBINED: dict[Combine, Callable[[list[Figure]], Figure]] = {
    Combine.SUM: lambda known: _bounded(_sum, known),
    Combine.MAX: lambda known: _bounded(max, known),
    Combine.ANY: _any,
    Combine.ALL: lambda known: _bounded(min, known),
    Combine.UNION: _union,
    Combine.RATIO: _ratio,
}

_registry: dict[str, Measure] = {}


class UnknownMeasureError(KeyError):
    """No room publishes a measure of this name."""


def measure(
    name: str,
    *,
    subject: str,
    label: Text,
    unit: Unit,
    method: Text,
    combine: Combine,
    takes_parameters: bool = False,
) -> Callable[[Computation], Computation]:
    """Register the decorated `(subject, period[, parameters]) -> Figure`. Raises ValueError when the name is taken."""

    def register(compute: Computation) -> Computation:
        if name in _registry:
            raise ValueError(f"Two measures are called {name}.")
        _registry[name] = Measure(name, subject, label, unit, method, combine, compute, takes_parameters)
        return compute

    return register


def get(name: str) -> Measure:
    """The measure of that name; raises UnknownMeasureError."""
    try:
        return _registry[name]
    except KeyError:
        raise UnknownMeasureError(name) from None


def everything() -> list[Measure]:
    """All measures, in the order in which they were registered."""
    return list(_registry.values())


def about(subject: str) -> list[Measure]:
    """All measures about a kind of subject, in the order in which they were registered."""
    return [known for known in _registry.values() if known.subject == subject]


@dataclass(frozen=True)
class Measurement:
    """A computed measure: which, for what period, when it was computed, and its figure."""

    measure: Measure
    period: Period
    at: datetime
    figure: Figure

    @property
    def unit(self) -> str:
        """The unit of the figure as it is shown, singular or plural."""
        return "" if self.figure.rounded is None else unit_words(self.measure.unit, self.figure.rounded)


def take(name: str, subjects: Iterable[Any], period: Period, now: datetime) -> Measurement:
    """The measurement of `subjects` together over `period`, computed at `now`. Raises UnknownMeasureError."""
    known = get(name)
    return Measurement(known, period, now, known.over(subjects, period))
