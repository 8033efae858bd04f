"""Every minimal set of partners, by size: all sets are looked at, in blocks, and nothing is skipped by chance.

A block is some prefixes with the same last partner and all partners after it. Its tests answer for all its sets until
few are left, then for those alone. A set is minimal when no set of one partner less contains one that meets everything;
which do is kept by the rank of the set in colexicographic order, also where a further partner can undo a clause.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from math import comb
from operator import itemgetter

import numpy as np

from totem.labels.coalitions.clauses import Array, Shares, compiled, conjuncts
from totem.labels.coalitions.problem import (
    BEST,
    Answer,
    Atom,
    Clause,
    Found,
    Miss,
    Problem,
    TooManySets,
    found,
    joined,
    standing,
)
from totem.labels.coalitions.reference import grows

THREADS = 2
MOST_PREFIXES = 20_000_000
BLOCK = 2**19  # sets in a block
SAMPLE = 2000
SLICE = 2**16  # sets whose gaps are worked out at once

Members = tuple[int, ...]


def solve(problem: Problem) -> Iterator[Answer]:
    """See `totem.labels.coalitions.solve`."""
    if comb(problem.partners, max(problem.most - 1, 0)) > MOST_PREFIXES:
        raise TooManySets(f"Sets of {problem.most} among {problem.partners} are too many.")
    return _solve(problem)


def _solve(problem: Problem) -> Iterator[Answer]:
    if joined(problem, ()).met:
        alone = (1, *[0] * problem.most)
        yield Answer(problem.most, True, alone, (found(problem, ()),), (), ())
        return
    search = _Search(problem)
    for size in range(1, min(problem.most, problem.partners) + 1):
        yield from search.level(size)
    if problem.most > problem.partners or not problem.most:
        yield search.answer(problem.most, whole=True)


class _Search:
    """What is known after some sizes."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.n = problem, problem.partners
        sample = np.random.default_rng(0).integers(0, max(1, self.n), (SAMPLE, max(1, problem.most)))
        tests = [compiled(clause, self.n + 1) for clause in problem.clauses] if self.n else []
        self.tests = conjuncts(tests, sample)
        self.opens = [compiled(clause, self.n + 1) for clause in problem.open_points]
        self.ranks = _Ranks(self.n, problem.most)
        self.covered = np.zeros(1, bool)  # of the sets of the size before: whether they contain one that meets all
        self.by_size = [0] * (problem.most + 1)
        self.best: tuple[Found, ...] = ()
        self.common = np.ones(self.n, bool)
        self.nearest = _Nearest(problem)
        self.only_from = tuple((clause.name, only) for clause in problem.clauses if (only := _only(problem, clause)))
        self.touching = _touching(problem)

    def answer(self, size: int, *, whole: bool) -> Answer:
        is_any = any(self.by_size)
        common = tuple(map(int, np.flatnonzero(self.common) + 1)) if is_any else ()
        nearest = None if is_any else self.nearest.miss
        return Answer(size, whole, tuple(self.by_size), self.best, common, self.only_from, nearest)

    def level(self, size: int) -> Iterator[Answer]:
        """All sets of so many partners; an answer too as soon as the first of all are found."""
        before, nothing = self.best, not any(self.by_size)
        is_last = size == min(self.problem.most, self.n)
        covered = np.zeros(0 if is_last else comb(self.n, size), bool)
        ranking = _Ranking(self, BEST - len(before))
        if not is_last:
            for prefixes, first in _blocks(self.n, size):
                every = _sets(prefixes, first, self.n)
                covered[self.ranks(every)] = self._contain_smaller(every)
        for sets in _worked(self._minimal, _blocks(self.n, size)):
            if not is_last:
                covered[self.ranks(sets)] = True
            if not len(sets):
                continue
            self.by_size[size] += len(sets)
            self.common &= np.bincount(sets.ravel(), minlength=self.n) == len(sets)
            ranking.offer(sets)
            if nothing:
                nothing = False
                self.best = ranking.found()
                yield self.answer(size, whole=False)
        if not any(self.by_size):
            self.nearest.level(size)
        self.best, self.covered = (*before, *ranking.found()), covered
        yield self.answer(size, whole=True)

    def _minimal(self, prefixes: Array, first: int) -> Array:
        """The sets of the block that meet everything, no part of which does."""
        prefixes = prefixes[~self.covered[self.ranks(prefixes)]]
        alive = np.ones((len(prefixes), self.n - first), bool)
        left = deque(self.tests)
        while left and np.count_nonzero(alive) * left[0].sparse >= alive.size:
            alive &= left.popleft().block(prefixes, first)
        sets = _chosen(prefixes, first, alive)
        for test in left:
            sets = sets[test.sets(sets)]
        return sets[~self._contain_smaller(sets)]

    def _contain_smaller(self, sets: Array) -> Array:
        """Whether the set without one of its partners contains a set that meets everything."""
        contain = np.zeros(len(sets), bool)
        for place in range(sets.shape[1]):
            contain |= self.covered[self.ranks(np.delete(sets, place, axis=1))]
        return contain


# -- Sets -------------------------------------------------------------------------------------------------------------


class _Ranks:
    """The place of a set among all of its size, in colexicographic order."""

    def __init__(self, n: int, most: int) -> None:
        self.binomials = np.array([[comb(p, k + 1) for p in range(n)] for k in range(most)], np.int64)

    def __call__(self, sets: Array) -> Array:
        ranks = np.zeros(len(sets), np.int64)
        for place, members in enumerate(sets.T):
            ranks += np.take(self.binomials[place], members, mode="clip")
        return ranks


def _blocks(n: int, size: int) -> Iterator[tuple[Array, int]]:
    """All sets of so many of n partners: prefixes, and the first of the partners that complete them."""
    if size == 1:
        yield np.zeros((1, 0), np.int64), 0
        return
    heads = _subsets(n, size - 2)
    for last in range(size - 2, n - 1):
        count, step = comb(last, size - 2), max(1, BLOCK // (n - 1 - last))
        for at in range(0, count, step):
            some = heads[at : min(count, at + step)]
            yield np.concatenate([some, np.full((len(some), 1), last)], axis=1), last + 1


def _subsets(n: int, size: int) -> Array:
    """All sets of so many of n partners, by rank."""
    if size == 0:
        return np.zeros((1, 0), np.int64)
    heads = _subsets(n, size - 1)
    rows = [
        np.concatenate([heads[: comb(last, size - 1)], np.full((comb(last, size - 1), 1), last)], axis=1)
        for last in range(size - 1, n)
    ]
    return np.concatenate(rows) if rows else np.zeros((0, size), np.int64)


def _sets(prefixes: Array, first: int, n: int) -> Array:
    return _chosen(prefixes, first, np.ones((len(prefixes), n - first), bool))


def _chosen(prefixes: Array, first: int, alive: Array) -> Array:
    """The sets of a block that are marked."""
    row = np.repeat(np.arange(len(alive)), np.count_nonzero(alive, axis=1))
    column = np.flatnonzero(alive) - row * alive.shape[1] + first
    sets = np.empty((len(row), prefixes.shape[1] + 1), np.int64)
    sets[:, :-1], sets[:, -1] = np.take(prefixes, row, axis=0, mode="clip"), column
    return sets


def _worked(work: Callable[[Array, int], Array], blocks: Iterator[tuple[Array, int]]) -> Iterator[Array]:
    """What is made of each block, in order; NumPy leaves the interpreter alone while it works, so two threads do it."""
    with ThreadPoolExecutor(THREADS) as pool:
        ahead: deque[Future[Array]] = deque()
        for prefixes, first in blocks:
            ahead.append(pool.submit(work, prefixes, first))
            if len(ahead) > 2 * THREADS:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


# -- The best ---------------------------------------------------------------------------------------------------------


def _touching(problem: Problem) -> Array | None:
    """Who touches whom, the lead at the end; None when that is not known."""
    if problem.neighbours is None:
        return None
    touching = np.eye(problem.partners + 1, dtype=bool)
    for one, other in problem.neighbours:
        touching[one - 1, other - 1] = touching[other - 1, one - 1] = True
    return touching


class _Ranking:
    """The best sets of one size as rows, the smallest first: pieces, open points not met, partners."""

    def __init__(self, search: _Search, room: int) -> None:
        self.search, self.room = search, room
        self.rows: Array | None = None

    def found(self) -> tuple[Found, ...]:
        sets = [] if self.rows is None else self.rows[:, 2:].tolist()
        return tuple(found(self.search.problem, tuple(one + 1 for one in members)) for members in sets)

    def offer(self, sets: Array) -> None:
        if not self.room:
            return
        pieces = self._pieces(sets)
        if self.rows is not None and len(self.rows) == self.room:
            # Most cannot be among the best, as the first two columns tell.
            worst = self.rows[-1]
            sets, pieces = (some[pieces <= worst[0]] for some in (sets, pieces))
            keep = (pieces < worst[0]) | (self._unmet(sets) < worst[1]) | (sets[:, 0] <= worst[2])
            sets, pieces = sets[keep], pieces[keep]
        rows = np.concatenate([pieces[:, None], self._unmet(sets)[:, None], sets], axis=1)
        if self.rows is not None:
            rows = np.concatenate([self.rows, rows])
        self.rows = rows[np.lexsort(rows.T[::-1])[: self.room]]

    def _unmet(self, sets: Array) -> Array:
        unmet = np.zeros(len(sets), np.int64)
        for test in self.search.opens:
            unmet += ~test.sets(sets)
        return unmet

    def _pieces(self, sets: Array) -> Array:
        """In how many pieces each lies with the lead; 0 when that is not known."""
        touching = self.search.touching
        if touching is None:
            return np.zeros(len(sets), np.int64)
        members = np.concatenate([sets, np.full((len(sets), 1), len(touching) - 1)], axis=1)
        width = members.shape[1]
        touch = touching[members[:, :, None], members[:, None, :]]
        # For each member the place of the first one of its piece.
        labels = np.broadcast_to(np.arange(width), members.shape)
        for _ in range(width - 1):
            labels = np.where(touch, labels[:, None, :], width).min(axis=2)
        pieces: Array = (labels == np.arange(width)).sum(axis=1)
        return pieces


# -- Who is needed ----------------------------------------------------------------------------------------------------


def _only(problem: Problem, clause: Clause) -> Members:
    """Without whom all the others together would not meet the clause; none where more partners can undo it.

    By halves: where all but some meet it, none of those is needed.
    """

    def met_without(some: range) -> bool:
        return standing(clause, tuple(one for one in range(problem.partners + 1) if one not in some)).met

    needed: list[int] = []
    left = [range(1, problem.partners + 1)] if grows(clause) and met_without(range(0)) else []
    while left:
        some = left.pop()
        if some and not met_without(some):
            if len(some) == 1:
                needed.append(some[0])
            else:
                left += [some[: len(some) // 2], some[len(some) // 2 :]]
    return tuple(sorted(needed))


# -- The nearest miss -------------------------------------------------------------------------------------------------


class _Nearest:
    """Of sets none of which meets everything the best so far: (unmet clauses, millionths, partners' number, partners).

    Clauses that no partner changes are left out: all sets lack the same of them.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.n = problem, problem.partners
        self.clauses = [Shares(clause, self.n + 1) for clause in problem.clauses if not _is_fixed(clause)]
        unmet = [standing(shares.clause, (0,)).share for shares in self.clauses]
        self.best: tuple[int, int, int, Members] = (sum(map(bool, unmet)), sum(unmet), 0, ())

    @property
    def miss(self) -> Miss:
        members = tuple(one + 1 for one in self.best[3])
        return Miss(members, joined(self.problem, members).unmet)

    def level(self, size: int) -> None:
        """Look at all sets of so many partners."""
        if not self.best[0]:
            return
        self._measure(self._with_one_more(size))
        for sets in _worked(self._with_fewest_unmet, _blocks(self.n, size)):
            for at in range(0, len(sets), SLICE):
                self._measure(sets[at : at + SLICE])

    def _with_one_more(self, size: int) -> Array:
        """The best so far with each of the others, where that makes so many: a good one to begin with."""
        members = np.array(self.best[3], np.int64)
        others = np.setdiff1d(np.arange(self.n), members) if len(members) == size - 1 else np.zeros(0, np.int64)
        before = np.broadcast_to(members, (len(others), len(members)))
        return np.sort(np.concatenate([before, others[:, None]], axis=1), axis=1)

    def _with_fewest_unmet(self, prefixes: Array, first: int) -> Array:
        most = self.best[0]
        unmet = np.zeros((len(prefixes), self.n - first), np.uint16)
        left = deque(self.clauses)
        while left and np.count_nonzero(unmet <= most) * left[0].test.sparse >= unmet.size:
            unmet += ~left.popleft().test.block(prefixes, first)
        sets, counts = _chosen(prefixes, first, unmet <= most), unmet[unmet <= most]
        for shares in left:
            counts = counts + ~shares.test.sets(sets)
            sets, counts = sets[counts <= most], counts[counts <= most]
        fewest: Array = sets[counts == counts.min(initial=most)]
        return fewest

    def _measure(self, sets: Array) -> None:
        if not len(sets):
            return
        lacking = np.stack([shares.of(sets) for shares in self.clauses])
        counts, missing = (lacking > 0).sum(axis=0), lacking.sum(axis=0)
        fewest = counts.min()
        least = missing[counts == fewest].min()
        first = min(map(tuple, sets[(counts == fewest) & (missing == least)].tolist()))
        self.best = min(self.best, (int(fewest), int(least), sets.shape[1], first), key=itemgetter(0, 1, 2, 3))


def _is_fixed(clause: Clause) -> bool:
    """Whether every set stands where the lead alone does."""
    if not isinstance(clause, Atom):
        return all(map(_is_fixed, clause.clauses))
    lead, *others = clause.values
    adds = clause.combine in {"any", "sum", "union"} and lead is not None
    return all(value is None or (adds and not value) for value in others)
