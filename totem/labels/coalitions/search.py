"""Every minimal set of partners, by size: all sets are looked at, in blocks.

A block is some prefixes with the same last partner, and all partners after it. Clauses are asked of all its sets, in
arrays of prefixes by partners, until few sets are left, then of those alone. A set is minimal when no set of one
partner less contains one that meets everything: what does is kept for each size.
"""

from collections.abc import Iterator
from itertools import combinations
from math import comb, inf

import numpy as np

from totem.labels.coalitions.clauses import Array, over_sets
from totem.labels.coalitions.problem import (
    BEST,
    Coalition,
    CoalitionAnswer,
    CoalitionProblem,
    NearestMiss,
    TooManySets,
    coalition,
    joined,
    only_from,
)

MOST_SETS = 10**9
BLOCK = 2**17  # sets in a block: a few arrays of them stay in a core's own memory
SPARSE = 12  # where fewer than one in so many sets of a block are left, only those are looked at
SAMPLE = 2000


def solve(problem: CoalitionProblem) -> Iterator[CoalitionAnswer]:
    """Answers that grow: at least one per number of partners, the last one `whole` and of the largest number.

    Each is exact for all sets smaller than its `size`. Raises TooManySets before it looks at any.
    """
    most = min(problem.most, problem.partners)
    if sum(comb(problem.partners, size) for size in range(most + 1)) > MOST_SETS:
        raise TooManySets(f"Sets of {problem.most} among {problem.partners} are too many.")
    if joined(problem, ()).met:
        alone = (coalition(problem, (), None if problem.neighbours is None else 1),)
        yield CoalitionAnswer(problem.most, True, (1, *[0] * problem.most), alone, (), ())
        return
    search = _Search(problem, most)
    for size in range(1, most + 1):
        yield from search.look_at_sets_of(size)
    if most < problem.most or not most:
        yield search.answer(problem.most, whole=True)


class _Search:
    """What is known after some sizes."""

    def __init__(self, problem: CoalitionProblem, most: int) -> None:
        self.problem, self.n, self.most = problem, problem.partners, most
        self.clauses = [over_sets(clause, most) for clause in problem.clauses]
        if most:
            sample = np.random.default_rng(0).integers(1, self.n + 1, (most, SAMPLE))
            # First what leaves the fewest sets at the least cost.
            self.clauses.sort(key=lambda clause: clause.cost / (1.001 - clause.met(sample).mean()))
        self.containing = _Containing(self.n, 0)
        self.by_size = [0] * (problem.most + 1)
        self.best: tuple[Coalition, ...] = ()
        self.memberships = np.zeros(self.n + 1, np.int64)  # in how many coalitions each partner is
        self.only_from = only_from(problem)
        # While no set meets everything: unmet clauses, millionths missing, number of partners, partners.
        unmet = joined(problem, ()).unmet
        self.nearest: tuple[int, int, int, tuple[int, ...]] = len(unmet), sum(one.share for one in unmet), 0, ()

    def answer(self, size: int, *, whole: bool) -> CoalitionAnswer:
        count, nearest = sum(self.by_size), self.nearest[3]
        irreplaceable = tuple(np.flatnonzero(self.memberships == count).tolist()) if count else ()
        miss = None if count else NearestMiss(nearest, joined(self.problem, nearest).unmet)
        return CoalitionAnswer(size, whole, tuple(self.by_size), self.best, irreplaceable, self.only_from, miss)

    def look_at_sets_of(self, size: int) -> Iterator[CoalitionAnswer]:
        """All sets of so many partners; an answer too as soon as the first coalition of all is found."""
        before, ranking = self.best, _Ranking(self.problem, BEST - len(self.best))
        smaller, self.containing = self.containing, _Containing(self.n, size if size < self.most else 0)
        for prefixes, partners in _blocks(self.n, size):
            contain = smaller.with_each(prefixes, partners)
            sets, unmet = self._fewest_unmet(prefixes, partners, contain)
            found = sets[:, unmet == 0]
            if size < self.most:
                self.containing.add(prefixes, partners, contain, found)
            if found.shape[1]:
                is_first = not any(self.by_size)
                self.by_size[size] += found.shape[1]
                self.memberships += np.bincount(found.ravel(), minlength=self.n + 1)
                ranking.offer(found)
                if is_first:
                    self.best = ranking.coalitions()
                    yield self.answer(size, whole=False)
            elif sets.shape[1] and not any(self.by_size):
                self._offer_nearest(sets, unmet)
        self.best = (*before, *ranking.coalitions())
        yield self.answer(size, whole=True)

    def _fewest_unmet(self, prefixes: Array, partners: Array, contain: Array) -> tuple[Array, Array]:
        """The sets of a block without those marked, and how many clauses each does not meet.

        None once a coalition is known; before, no more than the nearest miss. Sets have a row a place.
        """
        limit = 0 if any(self.by_size) else self.nearest[0]
        block = [*prefixes[:, :, None], partners]
        unmet = contain * np.min_scalar_type(limit + 1 + len(self.clauses)).type(limit + 1)
        left = list(self.clauses)
        while left and np.count_nonzero(unmet <= limit) * SPARSE >= unmet.size:
            unmet += ~left.pop(0).met(block)
        at = np.flatnonzero(unmet <= limit)
        prefix, partner = np.divmod(at, len(partners))
        sets, unmet = np.vstack([prefixes[:, prefix], partners[partner]]), unmet.ravel()[at]
        for clause in left:
            unmet = unmet + ~clause.met(sets)
            sets, unmet = sets[:, unmet <= limit], unmet[unmet <= limit]
        return sets, unmet

    def _offer_nearest(self, sets: Array, unmet: Array) -> None:
        """Measured clause by clause, as long as they can be nearer."""
        fewest, lacking, size, _members = self.nearest
        sets = sets[:, unmet == unmet.min()]
        most = lacking - (size < len(sets)) if unmet.min() == fewest else inf
        share = np.zeros(sets.shape[1], np.int64)
        for clause in self.clauses:
            share = share + clause.share(sets)
            sets, share = sets[:, share <= most], share[share <= most]
        if sets.shape[1]:
            members = min(zip(*sets[:, share == share.min()].tolist(), strict=True))
            self.nearest = min(self.nearest, (int(unmet.min()), int(share.min()), len(sets), members))


def _blocks(n: int, size: int) -> Iterator[tuple[Array, Array]]:
    """All sets of so many of n partners: (places, prefixes), and the partners that complete each."""
    if size == 1:
        yield np.zeros((0, 1), np.intp), np.arange(1, n + 1)
        return
    # By rank: those before each last partner come first.
    heads = np.array([*combinations(range(n, 0, -1), size - 2)], np.intp).reshape(comb(n, size - 2), size - 2)
    heads = np.ascontiguousarray(heads[::-1, ::-1].T)
    for last in range(size - 1, n):
        count, step = comb(last - 1, size - 2), max(1, BLOCK // (n - last))
        for at in range(0, count, step):
            some = heads[:, at : min(count, at + step)]
            yield np.vstack([some, np.full(some.shape[1], last)]), np.arange(last + 1, n + 1)


class _Containing:
    """Which sets of so many of n partners are or contain a coalition, by the rank of all but the last, and the last.

    The rank is that in colexicographic order: sets of the first few partners come before those of more.
    """

    def __init__(self, n: int, size: int) -> None:
        self.ranks = np.array([[comb(max(0, one - 1), place + 1) for one in range(n + 1)] for place in range(size)])
        self.table = np.zeros((comb(n, size - 1) if size else 1, n + 1), bool)

    def _rank(self, sets: Array) -> Array:
        rank = np.zeros(sets.shape[1], np.intp)
        for of_place, members in zip(self.ranks, sets, strict=False):
            rank += of_place[members]
        return rank

    def with_each(self, prefixes: Array, partners: Array) -> Array:
        """Whether the prefix with the partner, one of them left out, does: (prefixes, partners)."""
        contain = np.zeros((prefixes.shape[1], len(partners)), bool)
        if len(prefixes):
            contain |= self.table[self._rank(prefixes[:-1]), prefixes[-1]][:, None]
        for place in range(len(prefixes)):
            contain |= self.table[self._rank(np.delete(prefixes, place, axis=0)), partners[0] :]
        return contain

    def add(self, prefixes: Array, partners: Array, contain: Array, found: Array) -> None:
        self.table[self._rank(prefixes), partners[0] :] = contain
        self.table[self._rank(found[:-1]), found[-1]] = True


class _Ranking:
    """The best coalitions of one size, as columns: pieces, open points that are not met, partners; the best first."""

    def __init__(self, problem: CoalitionProblem, room: int) -> None:
        self.problem, self.room, self.columns = problem, room, np.zeros((0, 0), np.intp)
        self.open_points = [over_sets(clause, problem.most) for clause in problem.open_points]
        self.touching = np.eye(problem.partners + 1, dtype=bool)
        for one, other in problem.neighbours or ():
            self.touching[one, other] = self.touching[other, one] = True

    def coalitions(self) -> tuple[Coalition, ...]:
        columns = self.columns.T.tolist()
        return tuple(coalition(self.problem, tuple(members), pieces or None) for pieces, _open, *members in columns)

    def offer(self, sets: Array) -> None:
        if not self.room:
            return
        most = self.columns[0, -1] if self.columns.shape[1] == self.room else inf
        pieces = np.zeros(sets.shape[1], np.intp)  # 0 when that is not known
        if self.problem.neighbours is not None:
            # Two that touch make one piece less, or none less.
            least = np.full(sets.shape[1], len(sets) + 1, np.int8)
            for one, other in combinations([np.zeros_like(sets[0]), *sets], 2):
                least -= self.touching[one, other]
            sets = sets[:, least <= most]
            pieces = self._pieces(sets)
        sets, pieces = sets[:, pieces <= most], pieces[pieces <= most]
        unmet = sum((~clause.met(sets) for clause in self.open_points), np.zeros(sets.shape[1], np.intp))
        columns = np.vstack([pieces, unmet, sets])
        columns = np.hstack([self.columns, columns]) if self.columns.size else columns
        self.columns = columns[:, np.lexsort(columns[::-1])[: self.room]]

    def _pieces(self, sets: Array) -> Array:
        """In how many pieces each set lies with the lead."""
        members = np.vstack([np.zeros(sets.shape[1], np.intp), sets])
        touching = self.touching[members[:, None], members]
        # For each member the place of the first one of its piece.
        first = np.broadcast_to(np.arange(len(members))[:, None], members.shape)
        for _ in sets:
            first = np.where(touching, first, len(members)).min(axis=1)
        pieces: Array = (first == np.arange(len(members))[:, None]).sum(axis=0)
        return pieces
