"""Clauses over many sets at once: for a few partners already chosen (a prefix), the bit set of those that complete it.

A prefix is a row of indexes of partners, from 0 (the lead belongs to every set). What a clause answers for prefixes is
a matrix of 64-bit words: bit k of row r says whether prefix r with partner k meets it. Bits of partners that are in the
prefix already mean nothing. All sums are of integers, scaled so that nothing is rounded; Python's own where 64 bits
would not hold them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import ceil, floor, lcm
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from totem.labels.coalitions.problem import MILLION, AtLeast, Atom, Clause, is_unbounded

Rows = NDArray[np.uint64]
Array = NDArray[Any]
SAFE = 2**62
FEW = 3  # words of shared ids: counted as fast as bounded
BLOCK = 2**16  # counts at a time, so that they stay in a core's own memory
DENSE = 8  # of so many bits one undecided: then deciding all of them is faster than picking those out


def packed(bits: Array) -> Rows:
    """Rows of booleans as rows of words."""
    words = -(-bits.shape[1] // 64)
    padded = np.zeros((bits.shape[0], words * 64), bool)
    padded[:, : bits.shape[1]] = bits
    rows: Rows = np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
    return rows


def unpacked(rows: Rows) -> Array:
    """Rows of words as rows of zeros and ones."""
    return np.unpackbits(np.ascontiguousarray(rows).view(np.uint8), axis=1, bitorder="little")


def places(bits: Array) -> tuple[Array, Array]:
    """The rows and the columns of the ones."""
    rows, columns = np.divmod(np.flatnonzero(bits.view(bool)), max(1, bits.shape[1]))
    return rows, columns


def ones_of(rows: Rows) -> Array:
    """How many bits each row has."""
    ones: Array = np.bitwise_count(rows).sum(axis=1, dtype=np.int64)
    return ones


def integers(numbers: Iterable[int]) -> Array:
    """As 64-bit integers where all their sums and small multiples fit, else as Python's."""
    listed = list(numbers)
    return np.array(listed, np.int64 if 4 * sum(map(abs, listed)) < SAFE else object)


@dataclass(frozen=True)
class Table:
    """Bit sets by row; `from_word` gives their words from one on, lying together."""

    rows: Rows
    kept: dict[int, Rows] = field(default_factory=dict)

    def take(self, index: Array, word: int) -> Rows:
        if word not in self.kept:
            self.kept[word] = np.ascontiguousarray(self.rows[:, word:])
        return np.take(self.kept[word], index, axis=0, mode="clip")


class Test(Protocol):
    """What can be asked of sets. `within` are the bits that matter, from word number `word` on."""

    def rows(self, prefixes: Array, within: Rows, word: int, /) -> Rows: ...

    def met(self, sets: Array) -> Array:
        """The same of whole sets, one boolean a row."""


class Presence:
    """Somebody of the set is marked."""

    def __init__(self, marked: Sequence[bool]) -> None:
        self.lead, self.marked = marked[0], np.array(marked[1:], bool)
        row = packed(self.marked[None, :])
        self.table = Table(np.concatenate([row, ~np.zeros_like(row)]))

    def rows(self, prefixes: Array, _within: Rows, word: int) -> Rows:
        return self.table.take(self.met(prefixes).astype(np.intp), word)

    def met(self, sets: Array) -> Array:
        return np.logical_or(self.marked[sets].any(axis=1), self.lead)


class Presences:
    """Up to 64 presences together: of the many prefixes, few differ in what they lack."""

    def __init__(self, presences: Sequence[Presence]) -> None:
        self.has = np.zeros(len(presences[0].marked), np.uint64)
        self.wanted = np.uint64(0)
        self.table = np.concatenate([presence.table.rows[:1] for presence in presences])
        for number, presence in enumerate(presences):
            if not presence.lead:
                self.wanted |= np.uint64(1 << number)
                self.has |= presence.marked.astype(np.uint64) << np.uint64(number)

    def _lacking(self, sets: Array) -> Rows:
        has: Rows = np.bitwise_or.reduce(self.has[sets], axis=1)
        return self.wanted & ~has

    def rows(self, prefixes: Array, _within: Rows, word: int) -> Rows:
        patterns, which = np.unique(self._lacking(prefixes), return_inverse=True)
        answers = np.full((len(patterns), self.table.shape[1] - word), ~np.uint64(0))
        for number, row in enumerate(self.table):
            answers[(patterns >> np.uint64(number) & np.uint64(1)).astype(bool)] &= row[word:]
        return np.take(answers, which.ravel(), axis=0, mode="clip")

    def met(self, sets: Array) -> Array:
        return np.equal(self._lacking(sets), 0)


class Sum:
    """The values of the set add up to the bound or more."""

    def __init__(self, values: Sequence[int], bound: int) -> None:
        numbers = integers([*values, bound])
        self.values, self.bound = numbers[1:-1], numbers[-1] - numbers[0]
        self.steps = np.unique(self.values)
        reached = np.concatenate([self.values[None, :] >= self.steps[:, None], np.zeros((1, len(self.values)), bool)])
        self.table = Table(packed(reached.astype(bool)))

    def rows(self, prefixes: Array, _within: Rows, word: int) -> Rows:
        return self.reaching(self.bound - self._sums(prefixes), word)

    def reaching(self, needs: Array, word: int) -> Rows:
        """Per need, the partners whose value is as large."""
        return self.table.take(np.searchsorted(self.steps, needs), word)

    def met(self, sets: Array) -> Array:
        met: Array = np.greater_equal(self._sums(sets), self.bound)
        return met.astype(bool)

    def _sums(self, sets: Array) -> Array:
        return np.sum(self.values[sets], axis=1, initial=0)  # type: ignore[no-any-return]


class Distinct:
    """The set has so many distinct ids or more, those of the lead left out.

    Ids that only one partner has are a plain sum. The shared ones bound it: with none of a partner's new, with all of
    them new; then by how many it shares with each of the others; who still lies between, the ids themselves decide.
    """

    def __init__(self, ids: Sequence[frozenset[int]], bound: int) -> None:
        of_partners = [one - ids[0] for one in ids[1:]]
        holders = Counter(number for one in of_partners for number in one)
        place = {number: at for at, number in enumerate(sorted(n for n, times in holders.items() if times > 1))}
        marked = np.zeros((len(of_partners), len(place)), bool)
        for row, one in enumerate(of_partners):
            marked[row, [place[number] for number in one if number in place]] = True
        self.bound, self.of_lead = bound - len(ids[0]), len(ids[0])
        self.sizes = np.array([len(one) for one in of_partners], np.int32)
        self.own = self.sizes - marked.sum(axis=1, dtype=np.int32)
        self.shared = packed(marked)
        self.overlap = _overlap(marked) if self.shared.shape[1] > FEW else None
        self.sure, self.possible = (Sum([0, *map(int, sizes)], 0) for sizes in (self.own, self.sizes))

    def at(self, bound: int) -> "Distinct":
        """The same with another bound."""
        other = copy(self)
        other.bound = bound - self.of_lead
        return other

    def rows(self, prefixes: Array, within: Rows, word: int) -> Rows:
        joined = np.bitwise_or.reduce(self.shared[prefixes], axis=1)
        need = self.bound - self.own[prefixes].sum(axis=1) - ones_of(joined)
        sure = self.sure.reaching(need, word)
        left = self.possible.reaching(need, word) & ~sure & within
        at = np.flatnonzero(left.any(axis=1))
        for some in np.array_split(at, 1 + len(at) * len(self.own) // BLOCK):
            if len(some):
                sure[some] |= self._decide(prefixes[some], left[some], ~joined[some], need[some], word)
        return sure

    def _decide(self, prefixes: Array, rows: Rows, unheld: Rows, need: Array, word: int) -> Rows:
        """Which of the bits in `rows` bring `need` ids, of those in `unheld` and their own."""
        if self.overlap is None:
            return self._counted(rows, unheld, need, word)
        shared_with = self.overlap[prefixes, 64 * word :]
        sizes, need_of = self.sizes[None, 64 * word :], need[:, None]
        sure = rows & packed(sizes - shared_with.sum(axis=1, dtype=np.int32) >= need_of)
        left = rows & ~sure & packed(sizes - shared_with.max(axis=1, initial=0) >= need_of)
        return sure | self._counted(left, unheld, need, word)

    def _counted(self, rows: Rows, unheld: Rows, need: Array, word: int) -> Rows:
        first = 64 * word
        if int(ones_of(rows).sum()) * DENSE < rows.size * 64:
            bits = unpacked(rows)
            row, bit = places(bits)
            new = ones_of(self.shared[bit + first] & unheld[row]) + self.own[bit + first]
            bits[row, bit] = new >= need[row]
            return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)
        new = np.zeros((len(rows), len(self.own) - first), np.int32)
        for held, column in zip(self.shared[first:].T, unheld.T, strict=True):
            new += np.bitwise_count(np.ascontiguousarray(held)[None, :] & column[:, None])
        return packed(new >= need[:, None] - self.own[None, first:]) & rows

    def met(self, sets: Array) -> Array:
        return np.greater_equal(self.count(sets), self.bound)

    def count(self, sets: Array) -> Array:
        joined = np.bitwise_or.reduce(self.shared[sets], axis=1)
        counts: Array = self.own[sets].sum(axis=1) + ones_of(joined)
        return counts


def _overlap(marked: Array) -> Array:
    """How many shared ids each two partners have both; exact, as no count is beyond what a 32-bit float holds."""
    overlap = np.zeros((len(marked), len(marked)), np.float32)
    for at in range(0, marked.shape[1], 1024):
        block = marked[:, at : at + 1024].astype(np.float32)
        overlap += block @ block.T
    return overlap.astype(np.int32)


@dataclass(frozen=True)
class Not:
    test: Test

    def rows(self, prefixes: Array, within: Rows, word: int) -> Rows:
        return ~self.test.rows(prefixes, within, word)

    def met(self, sets: Array) -> Array:
        return ~self.test.met(sets)


@dataclass(frozen=True)
class Some:
    """At least `n` of the tests."""

    n: int
    tests: tuple[Test, ...]

    def rows(self, prefixes: Array, within: Rows, word: int) -> Rows:
        if self.n == 0:
            return np.full_like(within, ~np.uint64(0))
        return counted((test.rows(prefixes, within, word) for test in self.tests), within.shape, self.n)[self.n]

    def met(self, sets: Array) -> Array:
        count = np.sum([np.zeros(len(sets), int), *(test.met(sets) for test in self.tests)], axis=0)
        met: Array = count >= self.n
        return met


def counted(many: Iterable[Rows], shape: tuple[int, ...], most: int) -> list[Rows]:
    """Bit by bit how many of the matrices have it: item j says where at least j do, for j up to `most`."""
    reached = [np.full(shape, ~np.uint64(0)), *(np.zeros(shape, np.uint64) for _ in range(most))]
    for rows in many:
        count_in(reached, rows)
    return reached


def count_in(reached: list[Rows], rows: Rows) -> None:
    """One matrix more."""
    for j in range(len(reached) - 1, 1, -1):
        reached[j] |= reached[j - 1] & rows
    if len(reached) > 1:
        reached[1] |= rows


# -- Clauses ----------------------------------------------------------------------------------------------------------


def compiled(clause: Clause, distinct: Distinct | None = None) -> Test:
    """The clause as a test; `distinct` are the ids of a union, where they have been put in order before."""
    if isinstance(clause, AtLeast):
        return Some(clause.n, tuple(compiled(part) for part in clause.clauses))
    test: Test
    match clause.combine:
        case "any":
            test = _any(clause)
        case "max":
            test = _max(clause)
        case "union":
            test = _union(clause, distinct)
        case "sum":
            test = _sum(clause, [0 if v is None or is_unbounded(v) else exact(v) for v in clause.values])
        case "ratio":
            return _ratio(clause)
    return _when_known(clause, test)


def conjuncts(tests: Iterable[Test]) -> list[Test]:
    """The tests with "all of them" taken apart, presences first and together, distinct ids last: the dearest."""
    flat: list[Test] = []
    left = list(tests)
    while left:
        test = left.pop()
        if isinstance(test, Some) and test.n == len(test.tests):
            left.extend(test.tests)
        else:
            flat.append(test)
    presences = [test for test in flat if isinstance(test, Presence)]
    together = [Presences(presences[at : at + 64]) for at in range(0, len(presences), 64)]
    others = [test for test in reversed(flat) if not isinstance(test, Presence)]
    return [*together, *sorted(others, key=lambda test: not isinstance(test, Sum) + 2 * isinstance(test, Distinct))]


def _when_known(atom: Atom, test: Test) -> Test:
    """All of a set unknown is unknown; so is what nothing bounds."""
    tests = [test]
    unbounded = [is_unbounded(value) for value in atom.values]
    if any(unbounded):
        tests.append(Not(Presence(unbounded)))
    if atom.values[0] is None:
        tests.append(Presence([value is not None for value in atom.values]))
    return tests[0] if len(tests) == 1 else Some(len(tests), tuple(tests))


def _any(atom: Atom) -> Test:
    something = Presence([bool(value) for value in atom.values])
    if atom.passes(Fraction(1)):
        return Some(0, ()) if atom.passes(Fraction(0)) else something
    return Not(something) if atom.passes(Fraction(0)) else Not(Some(0, ()))


def _max(atom: Atom) -> Test:
    marked = [_finite(value) and atom.passes(Fraction(value)) is not atom.at_most for value in atom.values]  # type: ignore[arg-type]
    return Not(Presence(marked)) if atom.at_most else Presence(marked)


def _finite(value: Any) -> bool:
    return value is not None and not is_unbounded(value)


def _union(atom: Atom, distinct: Distinct | None) -> Test:
    """At most 5 is not 6 or more; less than 5 is not 5 or more; more than 5 is 6 or more."""
    threshold = Fraction(atom.threshold)
    bound = floor(threshold) + 1 if atom.strict != atom.at_most else ceil(threshold)
    test = distinct.at(bound) if distinct else _distinct(atom, bound)
    return Not(test) if atom.at_most else test


def _distinct(atom: Atom, bound: int) -> Distinct:
    return Distinct([value or frozenset() for value in atom.values], bound)  # type: ignore[misc]


def exact(value: Any) -> int | Fraction:
    """A number one can count with as it is: fractions are exact, and slow."""
    return value if isinstance(value, int) else Fraction(value)


def _sum(atom: Atom, values: Sequence[int | Fraction], threshold: int | None = None) -> Test:
    wanted = exact(atom.threshold) if threshold is None else threshold
    scale = lcm(wanted.denominator, *(value.denominator for value in values))
    sign = -scale if atom.at_most else scale
    return Sum([int(sign * value) for value in values], int(sign * wanted) + atom.strict)


def _ratio(atom: Atom) -> Test:
    """100 part / whole >= t is sum(100 part - t whole) >= 0, where there is a whole."""
    pairs: list[Any] = [value or (0, 0) for value in atom.values]
    threshold = exact(atom.threshold)
    values = [100 * exact(part) - threshold * exact(whole) for part, whole in pairs]
    return Some(2, (Presence([whole > 0 for _part, whole in pairs]), _sum(atom, values, 0)))


# -- What is missing --------------------------------------------------------------------------------------------------


class Shares:
    """What sets lack of a clause, in millionths of the threshold, rounded up: `Standing.share` of many at once.

    Of sets of at most `most` partners, `least` is what any lacks that does not meet the clause, `always` what any at
    all lacks: 0 where it may be met.
    """

    def __init__(self, clause: Clause, most: int) -> None:
        self.clause, self.test = clause, compiled(clause)
        self.parts = [Shares(part, most) for part in clause.clauses] if isinstance(clause, AtLeast) else []
        self.weight = _weight(clause, most) if isinstance(clause, Atom) else None
        self.always = self._always(most)
        self.least = max(1, self.always)
        if isinstance(clause, AtLeast):
            self.least = max(self.least, -(-min((part.least for part in self.parts), default=1) // max(clause.n, 1)))
        elif clause.combine == "any":
            self.least = MILLION

    @cached_property
    def figures(self) -> "_Figures":
        assert isinstance(self.clause, Atom)  # noqa: S101 - groups have parts instead
        return _Figures(self.clause)

    def lacking(self, sets: Array) -> Array:
        """One number per set."""
        if isinstance(self.clause, Atom):
            return np.where(self.test.met(sets), 0, np.maximum(self._short(self.clause, sets), 1))
        if not self.clause.n:
            return np.zeros(len(sets), np.int64)
        # What is met lacks nothing: the n smallest are the smallest of the missing ones.
        parts = np.sort(np.stack([part.lacking(sets) for part in self.parts]), axis=0)
        shares: Array = -(-parts[: self.clause.n].sum(axis=0) // self.clause.n)
        return shares

    def _short(self, atom: Atom, sets: Array) -> Array:
        if atom.combine == "any":
            return np.full(len(sets), MILLION)
        up, down, known = self.figures(sets)
        threshold, scale = Fraction(atom.threshold), scale_of(atom)
        gap = abs(threshold.numerator * down - up * threshold.denominator) * (scale.denominator * MILLION)
        whole = np.where(known, down, 1) * (threshold.denominator * scale.numerator)
        return np.where(known, -(-gap // whole), MILLION)

    def within(self, share: int) -> Test:
        """A test that every set passes which lacks no more than this share (others may, too)."""
        if isinstance(self.clause, AtLeast):
            return self._group_within(self.clause.n, share * self.clause.n)
        if share >= MILLION:
            return Some(0, ())
        if self.clause.combine == "any":
            return self.test
        further = scale_of(self.clause) * Fraction(share, MILLION)
        threshold = Fraction(self.clause.threshold) + (further if self.clause.at_most else -further)
        atom = replace(self.clause, threshold=threshold, strict=False)
        return compiled(atom, self.figures.distinct if atom.combine == "union" else None)

    def _group_within(self, n: int, total: int) -> Test:
        """The n nearest parts lack no more than that together: so each of them, and few of them are unmet."""
        if not n:
            return Some(0, ())
        tests = []
        for number, part in enumerate(self.parts):
            others = sorted(other.always for at, other in enumerate(self.parts) if at != number)
            tests.append(part.within(total - sum(others[: n - 1])))
        unmet = sum(together <= total for together in accumulate(sorted(part.least for part in self.parts)))
        met = Some(max(0, n - unmet), tuple(part.test for part in self.parts))
        return Some(2, (Some(n, tuple(tests)), met))

    def _always(self, most: int) -> int:
        if isinstance(self.clause, AtLeast):
            least = sorted(part.always for part in self.parts)[: self.clause.n]
            return -(-sum(least) // max(self.clause.n, 1))
        atom = self.clause
        if self.weight:
            return max(0, self.weight.least(self.weight.values))
        if atom.at_most or atom.combine in {"sum", "ratio"}:
            return 0
        known: list[Any] = [value for value in atom.values if value is not None]
        if atom.combine == "union":
            sizes = sorted(len(value or ()) for value in atom.values[1:])  # type: ignore[arg-type]
            largest = Fraction(len(atom.values[0] or ()) + sum(sizes[-most:]))  # type: ignore[arg-type]
        else:
            largest = max(map(Fraction, known), default=Fraction(0))
        if atom.combine == "any":
            return 0 if atom.passes(Fraction(any(known))) else MILLION
        return min(MILLION, max(0, ceil(MILLION * (Fraction(atom.threshold) - largest) / scale_of(atom))))


def scale_of(atom: Atom) -> Fraction:
    """What a gap is a share of."""
    return abs(Fraction(atom.threshold)) or Fraction(1)


@dataclass(frozen=True)
class Weight:
    """A sum against a threshold as a number: a set lacks no less than its values together are below zero.

    In billionths of the threshold, rounded so that this stays true; several clauses add up. The lead's are first.
    """

    values: Array
    most: int

    def least(self, values: Array) -> int:
        """What sets of at most so many partners lack at least, in millionths."""
        best = values[0] + sum(sorted(max(0, value) for value in values[1:].tolist())[-self.most :])
        return int(-best // 1000)

    @staticmethod
    def test(values: Array, share: int) -> Test:
        """Passed by every set that lacks no more than this share."""
        return Sum(values.tolist(), -1000 * share)


def _weight(atom: Atom, most: int) -> Weight | None:
    """None where not knowing can be better than a sum: there the share is a million, whatever the threshold."""
    if atom.combine != "sum":
        return None
    certain = atom.values[0] is not None and not any(map(is_unbounded, atom.values))
    if not certain and (atom.at_most or atom.threshold <= 0):
        return None
    unit = (-1 if atom.at_most else 1) * 1000 * MILLION / scale_of(atom)
    values = [unit * exact(0 if is_unbounded(value) else value or 0) for value in atom.values]
    return Weight(np.array([ceil(values[0] - unit * Fraction(atom.threshold)), *map(ceil, values[1:])], object), most)


class _Figures:
    """The joined figures of many sets as (numerators, denominators, whether known)."""

    def __init__(self, atom: Atom) -> None:
        self.atom = atom
        self.known = Presence([value is not None for value in atom.values])
        self.unbounded = Presence([is_unbounded(value) for value in atom.values])
        ups = [_part(atom, value) for value in atom.values]
        downs = [Fraction(value[1]) if isinstance(value, tuple) else Fraction(0) for value in atom.values]
        self.scale = lcm(*(number.denominator for number in (*ups, *downs)))
        self.ups, self.downs = ([int(self.scale * number) for number in numbers] for numbers in (ups, downs))
        threshold = Fraction(atom.threshold)
        largest = max(sum(map(abs, self.ups)), sum(self.downs), self.scale) * MILLION
        largest *= (abs(threshold.numerator) + threshold.denominator) ** 2
        self.dtype: Any = np.int64 if 4 * largest < SAFE else object
        self.distinct = _distinct(atom, 0) if atom.combine == "union" else None

    def __call__(self, sets: Array) -> tuple[Array, Array, Array]:
        known = self.known.met(sets) & ~self.unbounded.met(sets)
        down = np.full(len(sets), self.scale, self.dtype)
        if self.distinct:
            return (self.distinct.count(sets) + len(self.atom.values[0] or ())).astype(self.dtype), down, known  # type: ignore[arg-type]
        if self.atom.combine == "ratio":
            down = self._of_sets(self.downs, sets).sum(axis=1)
            known = known & (down > 0).astype(bool)
        if self.atom.combine == "max":
            return self._of_sets(self.ups, sets).max(axis=1), down, known
        return self._of_sets(self.ups, sets).sum(axis=1), down, known

    def _of_sets(self, numbers: list[int], sets: Array) -> Array:
        """(sets, territories): the numbers of the lead and the partners."""
        values = np.array(numbers, self.dtype)
        return np.concatenate([np.full((len(sets), 1), values[0], self.dtype), values[1:][sets]], axis=1)


def _part(atom: Atom, value: Any) -> Fraction:
    """What a territory's figure counts for; one that is not known never is the largest."""
    if isinstance(value, tuple):
        return 100 * Fraction(value[0])
    if isinstance(value, frozenset) or not _finite(value):
        known = [Fraction(v) for v in atom.values if _finite(v)] if atom.combine == "max" else []  # type: ignore[arg-type]
        return min(known, default=Fraction(0))
    return Fraction(value)
