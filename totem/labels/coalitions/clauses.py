"""Clauses over many sets of partners at once, in NumPy.

A set is a row of indexes of partners, from 0 (the lead belongs to every set). A test answers for whole sets, or for a
block: all sets made of one of some prefixes (rows) and one of the partners from `first` on (columns). Everything is
counted in integers, scaled so that nothing is rounded; in Python's own where 64 bits would not hold them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from totem.labels.coalitions.problem import MILLION, AtLeast, Atom, Clause, is_unbounded

Array = NDArray[Any]
WORD = 64


class Test(Protocol):
    """What is asked of sets. Where fewer than one of `sparse` are left of a block, those alone are sooner asked."""

    sparse: int

    def block(self, prefixes: Array, first: int, /) -> Array:
        """One boolean per prefix and further partner."""

    def sets(self, sets: Array, /) -> Array:
        """One boolean per set."""


def folded(join: np.ufunc, lead: Any, values: Array, sets: Array) -> Array:
    """The lead's value joined with those of the members, per set: by column, as NumPy is slow on short rows."""
    joined = np.empty((len(sets), *values.shape[1:]), values.dtype)
    joined[:] = lead
    for members in sets.T:
        join(joined, np.take(values, members, axis=0, mode="clip"), out=joined)
    return joined


class Sum:
    """The values of the set, the lead's first, add up to the bound or more."""

    sparse = 12

    def __init__(self, values: Iterable[int], bound: int) -> None:
        numbers = integers([*values, bound])
        self.lead, self.values, self.bound = numbers[0], numbers[1:-1], numbers[-1]

    def block(self, prefixes: Array, first: int) -> Array:
        need = self.bound - folded(np.add, self.lead, self.values, prefixes)
        met: Array = np.greater_equal(self.values[first:], need[:, None])
        return met.astype(bool, copy=False)

    def sets(self, sets: Array) -> Array:
        met: Array = np.greater_equal(folded(np.add, self.lead, self.values, sets), self.bound)
        return met.astype(bool, copy=False)


class Presences:
    """At least `n` of some marks (64 at most) are on somebody of the set. `marks` has a row a mark, the lead first."""

    sparse = 12

    def __init__(self, n: int, marks: Sequence[Sequence[bool]]) -> None:
        words = np.zeros(len(marks[0]), np.uint64)
        for number, marked in enumerate(marks):
            words |= np.array(marked, np.uint64) << np.uint64(number)
        size = next(size for size in (8, 16, 32, WORD) if size >= len(marks))
        self.n, self.words = n, words.astype(f"u{size // 8}")

    def block(self, prefixes: Array, first: int) -> Array:
        joined: Array = self._held(prefixes)[:, None] | self.words[1 + first :]
        return np.greater_equal(np.bitwise_count(joined), self.n)

    def sets(self, sets: Array) -> Array:
        return np.greater_equal(np.bitwise_count(self._held(sets)), self.n)

    def _held(self, sets: Array) -> Array:
        return folded(np.bitwise_or, self.words[0], self.words[1:], sets)


class Distinct:
    """The set has so many distinct ids or more.

    Ids that only one partner has are a plain sum. Of the others a block counts those that are new by a product of
    matrices: exact, as no count is beyond what a 32-bit float holds.
    """

    sparse = 3

    def __init__(self, ids: Sequence[frozenset[int]], bound: int) -> None:
        of_partners = [one - ids[0] for one in ids[1:]]
        holders = Counter(number for one in of_partners for number in one)
        place = {number: at for at, number in enumerate(n for n, times in holders.items() if times > 1)}
        self.marked = np.zeros((len(of_partners), -(-max(1, len(place)) // WORD) * WORD), np.float32)
        for row, one in enumerate(of_partners):
            self.marked[row, [place[number] for number in one if number in place]] = 1
        self.words = np.packbits(self.marked.astype(bool), axis=1).view(np.uint64)
        self.sizes = np.array([len(one) for one in of_partners], np.int64)
        self.own = self.sizes - np.bitwise_count(self.words).sum(axis=1, dtype=np.int64)
        self.of_lead, self.bound = len(ids[0]), bound

    def block(self, prefixes: Array, first: int) -> Array:
        need = self.bound - self.count(prefixes)
        met = np.repeat(need[:, None] <= 0, len(self.sizes) - first, axis=1)
        # What nobody brings, or everybody has already, needs no looking at.
        open_ = np.flatnonzero((need > 0) & (need <= self.sizes[first:].max(initial=0)))
        held = self.marked[prefixes[open_]].max(axis=1, initial=0)
        new = self.sizes[first:].astype(np.float32) - held @ self.marked[first:].T
        met[open_] = new >= need[open_, None].astype(np.float32)
        return met

    def sets(self, sets: Array) -> Array:
        return np.greater_equal(self.count(sets), self.bound)

    def count(self, sets: Array) -> Array:
        """How many distinct ids each set has."""
        held = folded(np.bitwise_or, 0, self.words, sets)
        shared: Array = np.bitwise_count(held).sum(axis=1, dtype=np.int64)
        return folded(np.add, self.of_lead, self.own, sets) + shared


class Not:
    def __init__(self, test: Test) -> None:
        self.test, self.sparse = test, test.sparse

    def block(self, prefixes: Array, first: int) -> Array:
        return ~self.test.block(prefixes, first)

    def sets(self, sets: Array) -> Array:
        return ~self.test.sets(sets)


class Group:
    """At least `n` of the tests."""

    def __init__(self, n: int, tests: Sequence[Test], territories: int) -> None:
        self.n, self.tests, self.partners = n, tests, territories - 1
        self.sparse = min((test.sparse for test in tests), default=1)

    def block(self, prefixes: Array, first: int) -> Array:
        count = np.zeros((len(prefixes), self.partners - first), np.uint16)
        for test in self.tests:
            count += test.block(prefixes, first)
        return count >= self.n

    def sets(self, sets: Array) -> Array:
        count = np.zeros(len(sets), np.uint16)
        for test in self.tests:
            count += test.sets(sets)
        return count >= self.n


def integers(numbers: Sequence[int]) -> Array:
    """In the smallest type that holds all their sums."""
    total = sum(map(abs, numbers))
    return np.array(numbers, np.int32 if total < 2**30 else np.int64 if total < 2**62 else object)


def compiled(clause: Clause, territories: int) -> Test:
    """The clause as a test."""
    if isinstance(clause, AtLeast):
        tests = [compiled(part, territories) for part in clause.clauses]
        marks = [list(map(bool, test.words)) for test in tests if isinstance(test, Presences) and test.n == 1]
        if 0 < len(tests) == len(marks) <= WORD:
            return Presences(clause.n, marks)
        return Group(clause.n, tests, territories)
    match clause.combine:
        case "any":
            test = _any(clause)
        case "max":
            passing = [_is_finite(v) and clause.passes(Fraction(v)) is not clause.at_most for v in clause.values]  # type: ignore[arg-type]
            test = _not_if(clause.at_most, Presences(1, [passing]))
        case "union":
            # At most 5 is not 6 or more; less than 5 is not 5 or more; more than 5 is 6 or more.
            threshold = Fraction(clause.threshold)
            bound = floor(threshold) + 1 if clause.strict != clause.at_most else ceil(threshold)
            test = _not_if(clause.at_most, Distinct(ids_of(clause), bound))
        case "sum":
            test = _sum(clause, [Fraction(v) if _is_finite(v) else Fraction(0) for v in clause.values])  # type: ignore[arg-type]
        case "ratio":
            return _ratio(clause)
    tests = [test]
    if any(map(is_unbounded, clause.values)):
        tests.append(Not(Presences(1, [list(map(is_unbounded, clause.values))])))
    if clause.values[0] is None:
        tests.append(Presences(1, [[value is not None for value in clause.values]]))
    return tests[0] if len(tests) == 1 else Group(len(tests), tests, territories)


def ids_of(atom: Atom) -> list[frozenset[int]]:
    """The ids of a union, none where they are not known."""
    return [value if isinstance(value, frozenset) else frozenset() for value in atom.values]


def conjuncts(tests: Iterable[Test], sample: Array) -> list[Test]:
    """The tests with "all of them" taken apart, in the order to try them: what fewest of the sample pass first."""
    flat: list[Test] = []
    for test in tests:
        is_all = isinstance(test, Group) and test.n == len(test.tests)
        flat.extend(conjuncts(test.tests, sample) if is_all else [test])  # type: ignore[attr-defined]
    return sorted(flat, key=lambda test: (isinstance(test, Distinct), test.sets(sample).sum()))


def _any(atom: Atom) -> Test:
    something = Presences(1, [[bool(value) for value in atom.values]])
    if atom.passes(Fraction(1)) is atom.passes(Fraction(0)):
        return Group(0 if atom.passes(Fraction(0)) else 1, (), len(atom.values))
    return _not_if(atom.passes(Fraction(0)), something)


def _sum(atom: Atom, values: Sequence[Fraction], threshold: Fraction | None = None) -> Test:
    wanted = Fraction(atom.threshold) if threshold is None else threshold
    scale = lcm(wanted.denominator, *(value.denominator for value in values)) * (-1 if atom.at_most else 1)
    return Sum([int(scale * value) for value in values], int(scale * wanted) + atom.strict)


def _ratio(atom: Atom) -> Test:
    """100 part / whole >= t is sum(100 part - t whole) >= 0, where there is a whole."""
    surplus, wholes = surplus_of(atom)
    return Group(2, (Presences(1, [[whole > 0 for whole in wholes]]), _sum(atom, surplus, Fraction(0))), len(wholes))


def surplus_of(atom: Atom) -> tuple[list[Fraction], list[Fraction]]:
    """Of a ratio, per territory: 100 part - threshold whole, and the whole."""
    pairs = [value if isinstance(value, tuple) else (0, 0) for value in atom.values]
    threshold = Fraction(atom.threshold)
    return [100 * Fraction(part) - threshold * Fraction(whole) for part, whole in pairs], [
        Fraction(w) for _, w in pairs
    ]


def _not_if(negated: bool, test: Test) -> Test:
    return Not(test) if negated else test


def _is_finite(value: Any) -> bool:
    return value is not None and not is_unbounded(value)


class Shares:
    """What sets lack of a clause, in millionths of the threshold, rounded up: `Standing.share` of many at once."""

    def __init__(self, clause: Clause, territories: int) -> None:
        self.clause, self.test = clause, compiled(clause, territories)
        self.parts: list[Shares] = []
        if isinstance(clause, AtLeast):
            self.parts = [Shares(part, territories) for part in clause.clauses]
        elif clause.combine != "any":
            self._prepare(clause)

    def _prepare(self, atom: Atom) -> None:
        """The surplus over the threshold and what it is a share of, as integers of one scale."""
        threshold = Fraction(atom.threshold)
        self.known = Presences(1, [[value is not None for value in atom.values]])
        self.unbounded = Presences(1, [list(map(is_unbounded, atom.values))])
        surplus, wholes, scale = [Fraction(0)], [Fraction(0)], abs(threshold) or Fraction(1)
        if atom.combine == "ratio":
            surplus, wholes = surplus_of(atom)
            wholes = [scale * whole for whole in wholes]
        elif atom.combine == "union":
            self.distinct = Distinct(ids_of(atom), 0)
        else:
            finite = [Fraction(value) for value in atom.values if _is_finite(value)]  # type: ignore[arg-type]
            # The largest of a set is never one that is not known.
            least = min(finite, default=Fraction(0)) if atom.combine == "max" else Fraction(0)
            surplus = [Fraction(value) if _is_finite(value) else least for value in atom.values]  # type: ignore[arg-type]
        unit = lcm(threshold.denominator, *(number.denominator for number in (*surplus, *wholes)))
        largest = sum(map(abs, surplus)) + sum(wholes) + scale + len(atom.values) + 10**6
        kind: Any = np.int64 if unit * largest * MILLION < 2**61 else object
        self.surplus, self.wholes = (np.array([int(unit * n) for n in ns], kind) for ns in (surplus, wholes))
        self.unit, self.threshold, self.scale = unit, int(unit * threshold), int(unit * scale)

    def of(self, sets: Array) -> Array:
        """One number per set, 0 where the clause is met."""
        if not isinstance(self.clause, AtLeast):
            return np.where(self.test.sets(sets), 0, np.maximum(1, self._short(self.clause, sets)))
        if not self.clause.n:
            return np.zeros(len(sets), np.int64)
        # What is met lacks nothing: the n smallest are the smallest of the missing ones.
        parts = np.sort(np.stack([part.of(sets) for part in self.parts]), axis=0)
        shares: Array = -(-parts[: self.clause.n].sum(axis=0) // self.clause.n)
        return shares

    def _short(self, atom: Atom, sets: Array) -> Any:
        if atom.combine == "any":
            return MILLION
        known, scale = self.known.sets(sets) & ~self.unbounded.sets(sets), np.asarray(self.scale)
        if atom.combine == "union":
            surplus = self.unit * self.distinct.count(sets) - self.threshold
        elif atom.combine == "ratio":
            surplus = folded(np.add, self.surplus[0], self.surplus[1:], sets)
            scale = folded(np.add, self.wholes[0], self.wholes[1:], sets)
            known = known & np.greater(scale, 0).astype(bool)
            scale = np.where(known, scale, 1)
        else:
            join = np.maximum if atom.combine == "max" else np.add
            surplus = folded(join, self.surplus[0], self.surplus[1:], sets) - self.threshold
        return np.where(known, -(-abs(surplus) * MILLION // scale), MILLION)
