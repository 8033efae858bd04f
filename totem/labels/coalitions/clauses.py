"""Clauses over many sets of territories at once, in NumPy.

Sets are given by place: for each of their partners an array of indexes, all of one shape or of shapes that broadcast
(prefixes by further partners); the lead (index 0) belongs to every set. Figures are integers of one unit, in Python's
own where 64 bits would not hold them: nothing is rounded.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from totem.labels.coalitions.problem import MILLION, AtLeast, Atom, Clause, Value

Array = NDArray[Any]
Sets = Sequence[Array] | Array
WORD = 64
JOIN: dict[str, np.ufunc] = {"any": np.maximum, "max": np.maximum, "min": np.minimum}
COMPARE = {
    (False, False): np.greater_equal,
    (True, False): np.greater,
    (False, True): np.less_equal,
    (True, True): np.less,
}


def joined(join: np.ufunc, values: Array, sets: Iterable[Array]) -> Array:
    """The values of each set, the lead's first, joined into one."""
    joint: Array = reduce(join, (values[members] for members in sets), values[0])
    return joint


class GroupOverSets:
    """At least `n` of some clauses. `cost` is that of asking it of one set, the simplest clause being 1."""

    def __init__(self, group: AtLeast, most: int) -> None:
        self.n, self.parts = group.n, [over_sets(part, most) for part in group.clauses]
        self.cost: int = sum(part.cost for part in self.parts)
        self.counting = np.min_scalar_type(len(self.parts))

    def met(self, sets: Sets) -> Array:
        """Whether each set meets the clause."""
        count = np.zeros(np.broadcast_shapes(*map(np.shape, sets)), self.counting)
        for part in self.parts:
            count += part.met(sets)
        return count >= self.n

    def share(self, sets: Sets) -> Array:
        """What each set lacks, as `ClauseStanding.share`: 0 where it is met."""
        shares = np.sort([np.zeros_like(sets[0]), *(part.share(sets) for part in self.parts)], axis=0)
        least: Array = shares[1 : self.n + 1].sum(axis=0)
        return -(-least // max(1, self.n))


class FigureOverSets:
    """A joined figure against its threshold.

    Of a ratio the figure is 100 part - threshold whole, added up, against 0. Of a union, ids that one territory alone
    has are added up, and the others counted by bits.
    """

    def __init__(self, atom: Atom, most: int) -> None:
        self.combine, self.compare = atom.combine, COMPARE[atom.strict, atom.at_most]
        self.at_most = atom.at_most
        self.join: np.ufunc = JOIN.get(atom.combine, np.add)
        values: Sequence[Any]
        self.words: Array | tuple[()]
        values, self.words = _own_and_shared(atom.values) if atom.combine == "union" else (atom.values, ())
        numbers = [None if value is None else _number(atom, value) for value in values]
        wholes = [Fraction(v[1] if isinstance(v, tuple) else atom.combine != "ratio") for v in values]
        # What is not known is left out: it adds nothing, and is never the largest or the lowest of a set.
        known = [number for number in numbers if number is not None] or [Fraction(0)]
        nothing = {"any": min(known), "max": min(known), "min": max(known)}.get(atom.combine, Fraction(0))
        self._scale([nothing if number is None else number for number in numbers], wholes, atom, most)
        # A set has a figure where the sum is above 0: where all have to be known, one that is not outweighs the others.
        unknown = -most - 2 if atom.complete else 0
        self.marks = np.array([unknown if v is None else w > 0 for v, w in zip(values, wholes, strict=True)])
        self.marks = self.marks.astype(np.min_scalar_type(-((most + 2) ** 2)))
        self.always_defined = self.marks[0] == 1 and self.marks.min() >= 0
        self.cost: int = 1 + 4 * len(self.words)

    def _scale(self, numbers: list[Fraction], wholes: list[Fraction], atom: Atom, most: int) -> None:
        """Everything as integers of one unit, in the smallest types that hold what is made of them."""
        threshold = Fraction(atom.threshold)
        limit = Fraction(0) if atom.combine == "ratio" else threshold
        scales = [(abs(threshold) or Fraction(1)) * whole for whole in wholes]
        self.unit = lcm(*(number.denominator for number in (*numbers, *scales, limit)))
        integers, self.limit = [int(self.unit * number) for number in numbers], int(self.unit * limit)
        bound = (most + 1) * max(map(abs, integers)) + abs(self.limit) + self.unit * WORD * len(self.words) + 1
        self.values = np.array(integers, np.min_scalar_type(-bound))
        self.wide = np.result_type(np.int64, np.min_scalar_type(-MILLION * bound))
        # What is missing is a share of the threshold; of a ratio, of what it asks of the whole of the set.
        self.scales = np.array([int(self.unit * one) for one in scales], self.wide)

    def met(self, sets: Sets) -> Array:
        """Whether each set meets the clause."""
        if self.join is not np.add:
            every = self.at_most == (self.join is np.maximum)  # each one has to reach it, or one of them
            met = joined(np.logical_and if every else np.logical_or, self.compare(self.values, self.limit), sets)
        elif not len(self.words):
            # What the last partner has, against what the others leave to it: one pass over the sets.
            *others, last = sets
            met = self.compare(self.values[last], self.limit - joined(np.add, self.values, others))
        else:
            met = self.compare(self._value(sets), self.limit)
        return met if self.always_defined else met & self._is_defined(sets)

    def share(self, sets: Sets) -> Array:
        """What each set lacks, as `ClauseStanding.share`: 0 where it is met."""
        met = self.met(sets)
        if self.combine == "any":
            return np.where(met, 0, MILLION)
        defined, scale = self._is_defined(sets), self.scales[0]
        if self.combine == "ratio":
            scale = np.where(defined, joined(np.add, self.scales, sets), 1)
        gap = abs(self._value(sets).astype(self.wide) - self.limit)
        return np.where(met, 0, np.where(defined, np.maximum(1, -(-MILLION * gap // scale)), MILLION))

    def _value(self, sets: Sets) -> Array:
        value = joined(self.join, self.values, sets)
        for words in self.words:
            count = np.bitwise_count(joined(np.bitwise_or, words, sets))
            value = value + np.multiply(count, self.unit, dtype=self.values.dtype)
        return value

    def _is_defined(self, sets: Sets) -> Array:
        defined: Array = joined(np.add, self.marks, sets) > 0
        return defined


ClauseOverSets = GroupOverSets | FigureOverSets


def over_sets(clause: Clause, most: int) -> ClauseOverSets:
    """The clause for sets of at most so many partners."""
    return GroupOverSets(clause, most) if isinstance(clause, AtLeast) else FigureOverSets(clause, most)


def _number(atom: Atom, value: Any) -> Fraction:
    """A known figure as a number; of a ratio, its part over what the threshold asks of its whole."""
    if isinstance(value, tuple):
        return 100 * Fraction(value[0]) - Fraction(atom.threshold) * Fraction(value[1])
    return Fraction(bool(value)) if atom.combine == "any" else Fraction(value)


def _own_and_shared(values: Sequence[Value]) -> tuple[list[int | None], Array]:
    """How many ids only each has, those of the lead being its own; the others as bits: (words, territories)."""
    lead, *others = (value if isinstance(value, frozenset) else frozenset() for value in values)
    ids = [lead, *(other - lead for other in others)]
    holders = Counter(number for one in ids for number in one)
    place = {number: at for at, number in enumerate(number for number, times in holders.items() if times > 1)}
    bits = np.zeros((len(ids), -(-len(place) // WORD) * WORD), bool)
    for row, one in enumerate(ids):
        bits[row, [place[number] for number in one if number in place]] = True
    words = np.ascontiguousarray(np.packbits(bits, axis=1).view(np.uint64).T)
    own = [len(one) - int(has.sum()) for one, has in zip(ids, bits, strict=True)]
    return [None if value is None else number for value, number in zip(values, own, strict=True)], words
