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
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from totem.labels.coalitions.problem import MILLION, AtLeast, Atom, Clause, is_unbounded

Array = NDArray[Any]
Sets = Sequence[Array] | Array
WORD = 64
ROUNDING = np.float32(1e-6)
COMPARE = {
    (False, False): np.greater_equal,
    (True, False): np.greater,
    (False, True): np.less_equal,
    (True, True): np.less,
}


class ClauseOverSets(Protocol):
    cost: int  # to be asked of one set, the simplest clause being 1

    def met(self, sets: Sets) -> Array:
        """Whether each set meets the clause."""

    def share(self, sets: Sets) -> Array:
        """What each set lacks, as `ClauseStanding.share`: 0 where it is met."""

    def least_share(self, sets: Sets) -> Array | int:
        """A quick bound: no set lacks less than that, but for a hundred thousandth."""


def over_sets(clause: Clause, most: int) -> ClauseOverSets:
    """The clause for sets of at most so many partners."""
    return GroupOverSets(clause, most) if isinstance(clause, AtLeast) else FigureOverSets(clause, most)


def joined(join: np.ufunc, values: Array, sets: Iterable[Array]) -> Array:
    """The values of each set, the lead's first, joined into one."""
    joint: Array = reduce(join, (values[members] for members in sets), values[0])
    return joint


class GroupOverSets:
    """At least `n` of some clauses."""

    def __init__(self, group: AtLeast, most: int) -> None:
        self.n, self.parts = group.n, [over_sets(part, most) for part in group.clauses]
        self.cost = sum(part.cost for part in self.parts)
        self.counting = np.min_scalar_type(len(self.parts))

    def met(self, sets: Sets) -> Array:
        count = np.zeros(np.broadcast_shapes(*map(np.shape, sets)), self.counting)
        for part in self.parts:
            count += part.met(sets)
        return count >= self.n

    def share(self, sets: Sets) -> Array:
        if not self.n:
            return np.zeros(np.broadcast_shapes(*map(np.shape, sets)), np.int64)
        least: Array = np.sort([part.share(sets) for part in self.parts], axis=0)[: self.n].sum(axis=0)
        return -(-least // self.n)

    def least_share(self, sets: Sets) -> Array | int:  # noqa: ARG002 - nothing quick is known of a group
        return 0


class FigureOverSets:
    """A joined figure against its threshold.

    Of a ratio the figure is 100 part - threshold whole, added up, against 0. Of a union, ids that one territory alone
    has are added up, and the others counted by bits.
    """

    def __init__(self, atom: Atom, most: int) -> None:
        self.combine, self.at_most = atom.combine, atom.at_most
        self.compare = COMPARE[atom.strict, atom.at_most]
        self.join = np.maximum if atom.combine in {"any", "max"} else np.add
        threshold = Fraction(atom.threshold)
        numbers, wholes = _numbers(atom), _wholes(atom)
        if atom.combine == "union":
            numbers, self.words = _own_and_shared(atom)
        else:
            self.words = np.zeros((0, len(numbers)), np.uint64)
        # What is not known is left out: it adds nothing, and the largest of a set is never one that is not known.
        known = [number for number in numbers if number is not None]
        nothing = min(known, default=Fraction(0)) if self.join is np.maximum else Fraction(0)
        self._scale([nothing if n is None else n for n in numbers], wholes, threshold, most)
        # One that is not bounded outweighs all that are known: a set stands where its sum is above 0.
        unbounded = np.array(list(map(is_unbounded, atom.values)))
        marks = np.where(unbounded, -most - 2, np.array(wholes) > 0)
        self.marks = marks.astype(np.min_scalar_type(-((most + 2) ** 2)))
        self.always_defined = marks[0] == 1 and not unbounded.any()
        self.cost = 1 + 4 * len(self.words)

    def _scale(self, numbers: list[Fraction], wholes: list[Fraction], threshold: Fraction, most: int) -> None:
        """Everything as integers of one unit, in the smallest types that hold what is made of them."""
        scale = abs(threshold) or Fraction(1)
        limit = Fraction(0) if self.combine == "ratio" else threshold
        scales = [scale * whole for whole in wholes] if self.combine == "ratio" else [scale]
        unit = self.unit = lcm(*(number.denominator for number in (*numbers, *scales, limit)))
        integers = [int(unit * number) for number in numbers]
        self.limit = int(unit * limit)
        bound = (most + 1) * max(map(abs, integers)) + abs(self.limit) + unit * WORD * len(self.words) + 1
        self.values = np.array(integers, np.min_scalar_type(-bound))
        self.wide = np.result_type(np.int64, np.min_scalar_type(-MILLION * bound))
        self.scales = np.array([int(unit * one) for one in scales], self.wide)

    def met(self, sets: Sets) -> Array:
        if self.join is np.maximum:
            met = joined(np.logical_and if self.at_most else np.logical_or, self.compare(self.values, self.limit), sets)
        elif len(self.words):
            met = self.compare(self._value(sets), self.limit)
        else:  # what the last partner has, against what the others leave to it: one pass over the sets
            *others, last = sets
            met = self.compare(self.values[last], self.limit - joined(np.add, self.values, others))
        return met if self.always_defined else met & self._is_defined(sets)

    def share(self, sets: Sets) -> Array:
        met = self.met(sets)
        if self.combine == "any":
            return np.where(met, 0, MILLION)
        defined, scale = self._is_defined(sets), self.scales[0]
        if self.combine == "ratio":
            scale = np.where(defined, joined(np.add, self.scales, sets), 1)
        gap = abs(self._value(sets).astype(self.wide) - self.limit)
        share = np.where(defined, np.maximum(1, -(-MILLION * gap // scale)), MILLION)
        return np.where(met, 0, share)

    def least_share(self, sets: Sets) -> Array | int:
        if self.at_most or self.combine in {"ratio", "union"}:
            return 0
        if self.join is np.maximum:
            gaps = np.clip(self._millionths(self.limit - self.values), 0, MILLION)
            return joined(np.minimum, gaps, sets)
        *others, last = sets
        left = self._millionths(self.limit - joined(np.add, self.values, others))
        brought = self._millionths(self.values)
        bound: Array = np.maximum(0, left - ROUNDING * abs(left) - (brought + ROUNDING * abs(brought))[last])
        return bound

    def _millionths(self, amounts: Array | int) -> Array:
        """Of the threshold, in floats of 32 bits, which are quick; beyond a million times it nothing is compared."""
        millionths = np.asarray(amounts).astype(float) * float(MILLION / self.scales[0])
        quick: Array = np.clip(millionths, -(MILLION**2), MILLION**2).astype(np.float32)
        return quick

    def _value(self, sets: Sets) -> Array:
        value = joined(self.join, self.values, sets)
        for words in self.words:
            count = np.bitwise_count(joined(np.bitwise_or, words, sets))
            value = value + np.multiply(count, self.unit, dtype=self.values.dtype)
        return value

    def _is_defined(self, sets: Sets) -> Array:
        defined: Array = joined(np.add, self.marks, sets) > 0
        return defined


def _numbers(atom: Atom) -> list[Fraction | None]:
    """The known figures as numbers; of a ratio, its part over what the threshold asks of its whole."""
    number: dict[str, Any] = {
        "any": lambda value: Fraction(bool(value)),
        "ratio": lambda value: 100 * Fraction(value[0]) - Fraction(atom.threshold) * Fraction(value[1]),
        "union": lambda value: Fraction(len(value)),
    }
    convert = number.get(atom.combine, Fraction)
    return [None if value is None or is_unbounded(value) else convert(value) for value in atom.values]


def _wholes(atom: Atom) -> list[Fraction]:
    """Of a ratio what it is a part of; otherwise 1 where the figure is known; 0 where it is not."""
    return [Fraction(v[1] if isinstance(v, tuple) else 0 if v is None or is_unbounded(v) else 1) for v in atom.values]


def _own_and_shared(atom: Atom) -> tuple[list[Fraction | None], Array]:
    """How many ids only each has, those of the lead being its own; the others as bits: (words, territories)."""
    lead, *others = (value if isinstance(value, frozenset) else frozenset() for value in atom.values)
    ids = [lead, *(other - lead for other in others)]
    holders = Counter(number for one in ids for number in one)
    place = {number: at for at, number in enumerate(number for number, times in holders.items() if times > 1)}
    bits = np.zeros((len(ids), -(-len(place) // WORD) * WORD), bool)
    for row, one in enumerate(ids):
        bits[row, [place[number] for number in one if number in place]] = True
    words = np.ascontiguousarray(np.packbits(bits, axis=1).view(np.uint64).T)
    return [Fraction(len(one) - int(has.sum())) for one, has in zip(ids, bits, strict=True)], words
