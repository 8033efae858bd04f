"""What is asked and what is answered when territories look for partners; how the figures of a set join, exactly.

Nothing here is a float: figures are integers, decimals or fractions, and joined ones are fractions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Literal

Number = int | Fraction | Decimal
Value = Number | frozenset[int] | tuple[Number, Number] | None
Combine = Literal["sum", "max", "min", "any", "union", "ratio"]

MILLION = 10**6
BEST = 50


@dataclass(frozen=True)
class Atom:
    """A measure against a threshold: `>=`, or `>` (strict), `<=` (at most), `<` (both).

    `values` holds one figure per territory, the lead's first. None is a figure that is not known: it is left out, and
    where all of a set are, or (`complete`) one of them, the joined figure is not known and the set does not pass. A
    union's are sets of ids, a ratio's pairs (part, whole), compared as a percentage.
    """

    name: str
    combine: Combine
    values: tuple[Value, ...]
    threshold: Number
    strict: bool = False
    at_most: bool = False
    complete: bool = False

    def passes(self, value: Fraction) -> bool:
        threshold = Fraction(self.threshold)
        if value == threshold:
            return not self.strict
        return (value < threshold) == self.at_most


@dataclass(frozen=True)
class AtLeast:
    """At least `n` of the clauses: any is 1, all is their number."""

    n: int
    clauses: tuple["Clause", ...]
    name: str = ""


Clause = Atom | AtLeast


@dataclass(frozen=True)
class CoalitionProblem:
    """Which sets of territories, the lead (index 0) and at most `most` partners, meet all the clauses?

    `open_points` are looked at to rank the sets, they are not required. `neighbours` are pairs of indexes of
    territories that touch, None when that is not known.
    """

    territories: tuple[str, ...]
    clauses: tuple[Clause, ...]
    open_points: tuple[Clause, ...] = ()
    neighbours: frozenset[tuple[int, int]] | None = None
    most: int = 3

    @property
    def partners(self) -> int:
        return len(self.territories) - 1


@dataclass(frozen=True)
class ClauseStanding:
    """Where a set of territories stands on one clause.

    `value` is the joined figure, None when it is not known; of a group, how many of its clauses are met. `gap` is what
    is missing in the unit of the figure (what is too much, where at most so much is allowed), 0 when met, None when
    the figure is not known. `share` is the gap in millionths of the threshold, rounded up, at least 1 when not met; the
    whole million when it is not known.
    """

    name: str
    met: bool
    value: Fraction | None
    gap: Fraction | None
    share: int
    parts: tuple["ClauseStanding", ...] = ()


@dataclass(frozen=True)
class JointStanding:
    """Where a set of territories stands on each clause, and on each open point."""

    clauses: tuple[ClauseStanding, ...]
    open_points: tuple[ClauseStanding, ...]

    @property
    def met(self) -> bool:
        return not self.unmet

    @property
    def unmet(self) -> tuple[ClauseStanding, ...]:
        return tuple(standing for standing in self.clauses if not standing.met)


@dataclass(frozen=True)
class Coalition:
    """A minimal set: the indexes of its partners, in how many pieces it lies with the lead (None: not known).

    `brings` names, per partner, the clauses that would not be met without it; `missing` the open points it leaves.
    """

    members: tuple[int, ...]
    pieces: int | None
    missing: tuple[str, ...]
    brings: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class NearestMiss:
    """The set that comes closest when none meets everything, and what it lacks."""

    members: tuple[int, ...]
    unmet: tuple[ClauseStanding, ...]


@dataclass(frozen=True)
class CoalitionAnswer:
    """Every minimal set of at most `size` partners is counted; while not `whole`, some of that size are still to come.

    `by_size[k]` is how many have k partners. `best` are the first of them by number of partners, pieces, open points
    and order of the territories. `irreplaceable` are the partners in every minimal set; `only_from` names, per clause,
    the partners without whom not even all others together would meet it. `nearest`, of the whole sizes, is
    there while nothing was found.
    """

    size: int
    whole: bool
    by_size: tuple[int, ...]
    best: tuple[Coalition, ...]
    irreplaceable: tuple[int, ...]
    only_from: tuple[tuple[str, tuple[int, ...]], ...]
    nearest: NearestMiss | None = None

    @property
    def count(self) -> int:
        return sum(self.by_size)

    @property
    def lead_suffices(self) -> bool:
        return self.by_size[0] == 1


class TooManySets(ValueError):
    """Nobody would wait until all these sets have been looked at."""


def joined(problem: CoalitionProblem, members: Iterable[int]) -> JointStanding:
    """Where the lead and these partners stand together."""
    territories = (0, *members)
    return JointStanding(
        tuple(standing(clause, territories) for clause in problem.clauses),
        tuple(standing(clause, territories) for clause in problem.open_points),
    )


def standing(clause: Clause, territories: tuple[int, ...]) -> ClauseStanding:
    """Where these territories stand on the clause."""
    if isinstance(clause, AtLeast):
        return _standing_of_group(clause, territories)
    value = _joined_value(clause, territories)
    if value is None:
        return ClauseStanding(clause.name, False, None, None, MILLION)
    if clause.passes(value):
        return ClauseStanding(clause.name, True, value, Fraction(0), 0)
    gap, scale = abs(Fraction(clause.threshold) - value), abs(Fraction(clause.threshold)) or Fraction(1)
    share = MILLION if clause.combine == "any" else max(1, ceil(MILLION * gap / scale))
    return ClauseStanding(clause.name, False, value, gap, share)


def _standing_of_group(group: AtLeast, territories: tuple[int, ...]) -> ClauseStanding:
    parts = tuple(standing(clause, territories) for clause in group.clauses)
    count = sum(part.met for part in parts)
    gap, least = max(0, group.n - count), sorted(part.share for part in parts)[: group.n]
    share = -(-sum(least) // group.n) if gap else 0
    return ClauseStanding(group.name, not gap, Fraction(count), Fraction(gap), share, parts)


def _joined_value(atom: Atom, territories: Iterable[int]) -> Fraction | None:
    """The figure of these territories together, None when it is not known."""
    values = [atom.values[index] for index in territories]
    known = [value for value in values if value is not None]
    if not known or (atom.complete and len(known) < len(values)):
        return None
    if atom.combine == "union":
        return Fraction(len(frozenset().union(*known)))  # type: ignore[arg-type]
    if atom.combine == "ratio":
        pairs = [value for value in known if isinstance(value, tuple)]
        part, whole = (sum((Fraction(pair[side]) for pair in pairs), Fraction(0)) for side in (0, 1))
        return 100 * part / whole if whole else None
    numbers = [Fraction(value) for value in known]  # type: ignore[arg-type]
    if atom.combine == "any":
        return Fraction(any(numbers))
    if atom.combine == "sum":
        return sum(numbers, Fraction(0))
    return max(numbers) if atom.combine == "max" else min(numbers)


def coalition(problem: CoalitionProblem, members: tuple[int, ...], pieces: int | None) -> Coalition:
    """What there is to say about a set that meets all clauses, and lies in so many pieces."""
    others = (joined(problem, (other for other in members if other != member)) for member in members)
    brings = tuple(tuple(standing.name for standing in without.unmet) for without in others)
    missing = tuple(standing.name for standing in joined(problem, members).open_points if not standing.met)
    return Coalition(members, pieces, missing, brings)


def only_from(problem: CoalitionProblem) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Per clause that further partners never undo: without whom all the others together would not meet it."""
    named = ((clause.name, _needed(clause, problem.partners)) for clause in problem.clauses if grows(clause))
    return tuple((name, members) for name, members in named if members)


def _needed(clause: Clause, partners: int) -> tuple[int, ...]:
    """By halves: where all but some meet the clause, none of those is needed."""

    def met_without(some: range) -> bool:
        return standing(clause, tuple(one for one in range(partners + 1) if one not in some)).met

    def among(some: range) -> tuple[int, ...]:
        half = len(some) // 2
        if not some or met_without(some):
            return ()
        return (*among(some[:half]), *among(some[half:])) if half else (some[0],)

    return among(range(1, partners + 1)) if met_without(range(0)) else ()


def grows(clause: Clause) -> bool:
    """Whether a further partner never undoes the clause: then everybody together is the most one can have."""
    if isinstance(clause, AtLeast):
        return all(map(grows, clause.clauses))
    if clause.at_most or clause.combine in {"ratio", "min"}:
        return False
    return clause.combine != "sum" or all(value is None or value >= 0 for value in clause.values)  # type: ignore[operator]
