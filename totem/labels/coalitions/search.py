"""Every minimal set of partners, by bit sets: for each prefix of partners, one word answers for 64 candidates at once.

Level by level: the sets of k partners are the prefixes of k - 1 and the bit sets of the later ones that complete them.
What a smaller set meets already is kept per level and taken out, so that whatever is left is minimal, also where a
further partner can undo a clause. Prefixes come by their last partner (colexicographically): those of a chunk share
the words that still matter. NumPy leaves the interpreter alone while it works, so that two threads do.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from math import comb
from threading import Lock
from typing import NamedTuple

import numpy as np

from totem.labels.coalitions.bits import (
    Array,
    Rows,
    Shares,
    Test,
    Weight,
    compiled,
    conjuncts,
    count_in,
    counted,
    ones_of,
    packed,
    places,
    unpacked,
)
from totem.labels.coalitions.problem import BEST, Answer, Atom, Clause, Found, Miss, Problem, TooManySets, found, joined
from totem.labels.coalitions.reference import grows

THREADS = 2
CHUNK, PREFIXES = 2**15, 2**12  # words and rows of a matrix: a few of them stay in a core's own memory
MOST_PREFIXES = 20_000_000
SLICE = 2**14  # sets whose gaps are worked out at once
CLIMBS, PATTERNS, KEPT_BOUNDS = 10, 60, 256

Members = tuple[int, ...]
_Best = tuple[int, int, int, Members]


def solve(problem: Problem) -> Iterator[Answer]:
    """See the package."""
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
    """What is known after some levels."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.n = problem, problem.partners
        self.tests = conjuncts(map(compiled, problem.clauses))
        self.opens = [compiled(clause) for clause in problem.open_points]
        self.later = _later(self.n)
        self.by_size = [0] * (problem.most + 1)
        self.best: tuple[Found, ...] = ()
        self.common: set[int] | None = None
        self.kept = np.zeros((1, self.later.shape[1]), np.uint64)  # what smaller sets meet, by prefix one shorter
        self.only_from = _only_from(problem)
        self.graph = None if problem.neighbours is None else _touching(problem)
        self.lock = Lock()

    @cached_property
    def nearest(self) -> "_Nearest":
        """Made only when nothing is found at first."""
        return _Nearest(self.problem, self.later)

    def answer(self, size: int, *, whole: bool) -> Answer:
        common = tuple(sorted(one + 1 for one in self.common or ()))
        nearest = None if any(self.by_size) else self.nearest.miss
        return Answer(size, whole, tuple(self.by_size), self.best, common, self.only_from, nearest)

    def level(self, size: int) -> Iterator[Answer]:
        """All sets of so many partners; an answer as soon as the first of all are found."""
        level = _Level(self, size)
        had, nothing = self.best, not sum(self.by_size)
        for _ in _worked(level.look, _chunks(self.n, size - 1)):
            if nothing and level.count:
                nothing = False
                yield self._with(level, had, whole=False)
        if nothing and not level.count:
            self.nearest.level(size)
        yield self._with(level, had, whole=True)
        if not level.last:
            self.kept = level.kept

    def _with(self, level: "_Level", had: tuple[Found, ...], *, whole: bool) -> Answer:
        with self.lock:
            self.by_size[level.size] = level.count
            items = level.ranking.items
        members = [tuple(one + 1 for one in item[2]) for item in items]
        self.best = (*had, *(found(self.problem, one) for one in members))
        return self.answer(level.size, whole=whole)


@dataclass(frozen=True)
class _Chunk:
    """Prefixes one after the other in colexicographic order, from number `first` on."""

    first: int
    prefixes: Array
    word: int  # that of the first partner later than all of them


def _chunks(n: int, size: int) -> Iterator[_Chunk]:
    """All prefixes of so many of n partners."""
    if size == 0:
        yield _Chunk(0, np.zeros((1, 0), np.intp), 0)
        return
    shorter = np.zeros((1, 0), np.intp) if size == 1 else np.concatenate([c.prefixes for c in _chunks(n, size - 1)])
    words, first, last = -(-n // 64), 0, size - 1
    while last < n:
        word = (last + 1) // 64
        limit, start = max(1, min(PREFIXES, CHUNK // max(1, words - word))), last
        while last < n and (comb(last + 1, size) - comb(start, size) <= limit or last == start):
            last += 1
        blocks = [_with_last(shorter[: comb(one, size - 1)], one) for one in range(start, last)]
        block = np.concatenate(blocks)
        for at in range(0, len(block), limit):
            yield _Chunk(first + at, block[at : at + limit], min(word, words - 1))
        first += len(block)


def _with_last(shorter: Array, last: int) -> Array:
    return np.concatenate([shorter, np.full((len(shorter), 1), last, np.intp)], axis=1)


def _worked(work: Callable[[_Chunk], None], chunks: Iterator[_Chunk]) -> Iterator[None]:
    """Do it in threads, few chunks ahead; yields after each, in order."""
    pool = ThreadPoolExecutor(THREADS)
    ahead: deque[Future[None]] = deque()
    try:
        for chunk in chunks:
            ahead.append(pool.submit(work, chunk))
            if len(ahead) > 4 * THREADS:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _later(n: int) -> Rows:
    """Row p: the partners after p - 1 (row 0: all of them)."""
    return packed(np.arange(n)[None, :] >= np.arange(n + 1)[:, None])


class _Sets(NamedTuple):
    """Many sets: prefixes, and for each the bits of the partners that complete it, from one word on."""

    prefixes: Array
    rows: Rows
    word: int

    def where(self, some: Array | slice) -> "_Sets":
        return self._replace(prefixes=self.prefixes[some], rows=self.rows[some])

    def members(self) -> Array:
        """(sets, partners)."""
        row, bit = places(unpacked(self.rows))
        return np.concatenate([self.prefixes[row], (bit + 64 * self.word)[:, None]], axis=1)


class _Level:
    """All sets of so many partners: which meet everything, which of them are minimal."""

    def __init__(self, search: _Search, size: int) -> None:
        self.search, self.size = search, size
        self.last = size == min(search.problem.most, search.n)
        self.count = 0
        self.ranking = _Ranking(search.graph, search.opens, BEST - len(search.best))
        self.binomials = np.array([[comb(p, t + 1) for t in range(size)] for p in range(search.n)], np.intp)
        if not self.last:
            self.kept = np.full((comb(search.n, size - 1), search.later.shape[1]), ~np.uint64(0))

    def look(self, chunk: _Chunk) -> None:
        prefixes, word = chunk.prefixes, chunk.word if self.last else 0
        numbers = np.arange(chunk.first, chunk.first + len(prefixes))
        if self.size > 1:
            fresh = ~self._bit(self._smaller(prefixes, self.size - 2), prefixes[:, -1])
            prefixes, numbers = prefixes[fresh], numbers[fresh]
        smaller = self._covered(prefixes, word)
        later = np.take(self.search.later[:, word:], prefixes[:, -1] + 1 if self.size > 1 else [0], axis=0)
        allowed = ~smaller & (later if self.last else self.search.later[0])
        alive, rows = _meeting(self.search.tests, prefixes, allowed, word)
        if not self.last:
            smaller[alive] |= rows
            self.kept[numbers] = smaller
            rows &= later[alive]
        some = rows.any(axis=1)
        if some.any():
            self._take(prefixes[alive][some], rows[some], word)

    def _smaller(self, prefixes: Array, without: int) -> Array:
        """The numbers of the prefixes without the partner at that place."""
        rest = np.delete(prefixes, without, axis=1)
        return np.sum(self.binomials[rest, np.arange(rest.shape[1])], axis=1)  # type: ignore[no-any-return]

    def _bit(self, numbers: Array, partners: Array) -> Array:
        kept = self.search.kept[numbers, partners // 64]
        bits: Array = (kept >> (partners % 64).astype(np.uint64) & np.uint64(1)).astype(bool)
        return bits

    def _covered(self, prefixes: Array, word: int) -> Rows:
        """Who, together with a part of the prefix, meets everything already."""
        covered = np.zeros((len(prefixes), self.search.kept.shape[1] - word), np.uint64)
        for without in range(self.size - 1):
            covered |= self.search.kept[:, word:][self._smaller(prefixes, without)]
        return covered

    def _take(self, prefixes: Array, rows: Rows, word: int) -> None:
        """Count these sets, see who is in all of them, and keep the best."""
        counts = ones_of(rows)
        with self.search.lock:
            self.count += int(counts.sum())
            common = self.search.common
        if common is None:
            at = int(unpacked(rows[:1]).argmax()) + 64 * word
            common = {*map(int, prefixes[0]), at}
        always = {one for one in common if _is_in_all(one, prefixes, rows, counts, word)}
        with self.search.lock:
            self.search.common = always & (always if self.search.common is None else self.search.common)
        self.ranking.offer(prefixes, rows, word)


def _is_in_all(one: int, prefixes: Array, rows: Rows, counts: Array, word: int) -> bool:
    inside = (prefixes == one).any(axis=1)
    at, bit = one // 64 - word, np.uint64(one % 64)
    alone = (counts == 1) & (rows[:, at] >> bit & np.uint64(1)).astype(bool) if at >= 0 else np.zeros_like(inside)
    return bool((inside | alone).all())


def _meeting(tests: Sequence[Test], prefixes: Array, allowed: Rows, word: int) -> tuple[Array, Rows]:
    """Which prefixes have somebody left, and whom, when all tests are passed one after the other."""
    alive, rows = np.arange(len(prefixes)), allowed
    for test in tests:
        left = rows.any(axis=1)
        if not left.all():
            alive, rows = alive[left], rows[left]
        if not len(alive):
            break
        rows = rows & test.rows(prefixes[alive], rows, word)
    return alive, rows


# -- The best ---------------------------------------------------------------------------------------------------------


def _touching(problem: Problem) -> Array:
    """Who touches whom, the lead at the end."""
    n = problem.partners
    touching = np.zeros((n + 1, n + 1), bool)
    for one, other in problem.neighbours or ():
        touching[one - 1, other - 1] = touching[other - 1, one - 1] = True
    return touching


class _Ranking:
    """The best sets of one size: (pieces, open points, partners), the smallest first."""

    def __init__(self, graph: Array | None, opens: Sequence[Test], room: int) -> None:
        self.graph, self.opens, self.room = graph, opens, room
        self.touched = None if graph is None else packed(graph[:, :-1])
        self.items: list[tuple[int, int, Members]] = []
        self.lock = Lock()

    @property
    def worst(self) -> tuple[int, int, Members] | None:
        return self.items[-1] if len(self.items) == self.room else None

    def offer(self, prefixes: Array, rows: Rows, word: int) -> None:
        """Take what belongs among the best of these sets."""
        if not self.room:
            return
        for pieces, of_pieces in self._by_pieces(prefixes, rows, word):
            worst = self.worst
            if worst and pieces > worst[0]:
                return
            at = np.flatnonzero(of_pieces.any(axis=1))
            if worst and (pieces, 0) == worst[:2]:
                at = at[_not_after(prefixes[at], worst[2])]
            if len(at) and self._offer_open(pieces, prefixes[at], of_pieces[at], word):
                return

    def _offer_open(self, pieces: int, prefixes: Array, rows: Rows, word: int) -> bool:
        """Whether as many as there is room for were there: then the others are worse."""
        worst = self.worst
        most = worst[1] if worst and worst[0] == pieces else len(self.opens)
        unmet = (~test.rows(prefixes, rows, word) for test in self.opens)
        reached = counted(unmet, rows.shape, min(most + 1, len(self.opens)))
        taken = 0
        for number, these in enumerate(reached[: most + 1]):
            exactly = rows & these & ~reached[number + 1] if number + 1 < len(reached) else rows & these
            taken += self._merge(pieces, number, prefixes, exactly, word)
            if taken >= self.room:
                return True
        return False

    def _merge(self, pieces: int, points: int, prefixes: Array, rows: Rows, word: int) -> int:
        with self.lock:
            worst = self.worst
            at = np.flatnonzero(rows.any(axis=1))
            if worst and (pieces, points) == worst[:2]:
                at = at[_not_after(prefixes[at], worst[2])]
            first = _first(_Sets(prefixes[at], rows[at], word), self.room)
            new = [(pieces, points, tuple(map(int, one))) for one in first]
            self.items = sorted([*self.items, *new])[: self.room]
            return len(new)

    def _by_pieces(self, prefixes: Array, rows: Rows, word: int) -> Iterator[tuple[int, Rows]]:
        """The sets by the number of pieces they lie in with the lead, 0 where that is not known."""
        if self.graph is None or self.touched is None:
            yield 0, rows
            return
        members = np.concatenate([prefixes, np.full((len(prefixes), 1), len(self.graph) - 1)], axis=1)
        labels = _labels(self.graph, members)
        width = members.shape[1]
        touches = []
        for label in range(width):
            touch = np.zeros_like(rows)
            for place in range(width):
                mine = labels[:, place] == label
                touch[mine] |= self.touched[members[mine, place], word:]
            touches.append(touch)
        reached = [*counted(touches, rows.shape, width), np.zeros_like(rows)]
        before = (labels == np.arange(width)).sum(axis=1)
        for pieces in range(1, width + 2):
            joined_up = before + 1 - pieces  # so many pieces become one by the last partner
            exactly = np.zeros_like(rows)
            for number, (at_least, more) in enumerate(pairwise(reached)):
                mine = joined_up == number
                exactly[mine] = (rows & at_least & ~more)[mine]
            yield pieces, exactly


def _labels(graph: Array, members: Array) -> Array:
    """Per prefix, for each of its members the place of the first one of its piece."""
    width = members.shape[1]
    touching = graph[members[:, :, None], members[:, None, :]] | np.eye(width, dtype=bool)
    labels = np.broadcast_to(np.arange(width), members.shape)
    for _ in range(width - 1):
        labels = np.where(touching, labels[:, None, :], width).min(axis=2)
    return labels


def _not_after(prefixes: Array, members: Members) -> Array:
    """Whether a set with this prefix can come before these members, or be among the same ones."""
    before, same = np.zeros(len(prefixes), bool), np.ones(len(prefixes), bool)
    for column, member in zip(prefixes.T, members, strict=False):
        before |= same & (column < member)
        same &= column == member
    return before | same


def _first(sets: _Sets, limit: int) -> Array:
    """The first so many sets in the order of the territories."""
    order = np.lexsort(sets.prefixes.T[::-1]) if sets.prefixes.shape[1] else np.arange(len(sets.rows))
    enough = int(np.searchsorted(np.cumsum(ones_of(sets.rows[order])), limit)) + 1
    return sets.where(order[:enough]).members()[:limit]


# -- Who is needed ----------------------------------------------------------------------------------------------------


def _only_from(problem: Problem) -> tuple[tuple[str, Members], ...]:
    """Per clause that more partners never undo: without whom all the others together would not meet it."""
    named = ((clause.name, _needed(clause, problem)) for clause in problem.clauses if grows(clause))
    return tuple((name, members) for name, members in named if members)


def _needed(clause: Clause, problem: Problem) -> Members:
    """By halves: where all but some together meet it, none of those is needed."""
    test, everybody, needed = compiled(clause), np.arange(problem.partners), []
    left = [everybody] if test.met(everybody[None, :])[0] else []
    while left:
        some = left.pop()
        if len(some) and not test.met(np.setdiff1d(everybody, some)[None, :])[0]:
            if len(some) == 1:
                needed.append(int(some[0]) + 1)
            else:
                left.extend(np.array_split(some, 2))
    return tuple(sorted(needed))


# -- The nearest miss -------------------------------------------------------------------------------------------------


class _Nearest:
    """Of sets none of which meets everything, the best so far: (unmet clauses, millionths, partners' number, partners).

    A climb finds a good one; then a set is only looked at for itself when no bound says that it cannot be nearer.
    """

    def __init__(self, problem: Problem, later: Rows) -> None:
        self.problem, self.later, self.lock = problem, later, Lock()
        shares = [Shares(clause, problem.most) for clause in problem.clauses]
        self.clauses = sorted(shares, key=lambda one: not isinstance(one.clause, Atom) or one.clause.combine == "union")
        unmet = joined(problem, ()).unmet
        self.best: _Best = (len(unmet), sum(standing.share for standing in unmet), 0, ())
        self.bounds: dict[tuple[Members, int], list[Test]] = {}

    @property
    def miss(self) -> Miss:
        members = tuple(one + 1 for one in self.best[3])
        return Miss(members, joined(self.problem, members).unmet)

    def level(self, size: int) -> None:
        """Look at all sets of so many partners."""
        self._climb(size)
        for _ in _worked(self._look, _chunks(self.problem.partners, size - 1)):
            pass

    def _climb(self, size: int) -> None:
        """From the best so far, the best partner more, then the best exchanges while they help."""
        members = self.best[3]
        while len(members) < size:
            members = self._best_with(members)
        for _ in range(CLIMBS):
            before = self.best
            for one in members:
                members = self._best_with(tuple(other for other in members if other != one))
            if self.best == before:
                return

    def _best_with(self, members: Members) -> Members:
        others = np.setdiff1d(np.arange(self.problem.partners), members)
        some = np.broadcast_to(np.array(members, np.intp), (len(others), len(members)))
        return self._measure(np.sort(np.concatenate([some, others[:, None]], axis=1), axis=1))

    def _measure(self, sets: Array) -> Members:
        """The best of these sets, kept when it is the best of all."""
        lacking = np.stack([clause.lacking(sets) for clause in self.clauses])
        counts, missing = (lacking > 0).sum(axis=0), lacking.sum(axis=0)
        fewest = int(counts.min())
        smallest = int(missing[counts == fewest].min())
        at = np.flatnonzero((counts == fewest) & (missing == smallest))
        first = min(tuple(map(int, one)) for one in sets[at])
        with self.lock:
            self.best = min(self.best, (fewest, smallest, sets.shape[1], first))
        return first

    def _look(self, chunk: _Chunk) -> None:
        prefixes, word = chunk.prefixes, chunk.word
        allowed = np.take(self.later[:, word:], prefixes[:, -1] + 1 if prefixes.shape[1] else [0], axis=0)
        most = self.best[0]
        reached = counted((), allowed.shape, most + 1)
        unmet = []
        for clause in self.clauses:
            within = allowed & ~reached[most + 1]
            unmet.append(within & ~clause.test.rows(prefixes, within, word))
            count_in(reached, unmet[-1])
        for count in range(1, most + 1):
            exactly = allowed & reached[count] & ~reached[count + 1]
            at = np.flatnonzero(exactly.any(axis=1))
            if len(at):
                self._improve(count, _Sets(prefixes[at], exactly[at], word), [rows[at] for rows in unmet])
                return

    def _improve(self, count: int, sets: _Sets, unmet: list[Rows]) -> None:
        """Look at the sets with that many unmet clauses: for each choice of clauses, as far as they can be nearer."""
        some = [number for number, of_clause in enumerate(unmet) if (of_clause & sets.rows).any()]
        always = [number for number in some if not (sets.rows & ~unmet[number]).any()]
        others = [number for number in some if number not in always]
        if comb(len(others), count - len(always)) > PATTERNS:
            self._narrow(count, tuple(some), sets)
            return
        for further in combinations(others, count - len(always)):
            which = tuple(sorted((*always, *further)))
            these = np.bitwise_and.reduce([sets.rows, *(unmet[number] for number in which)])
            self._narrow(count, which, sets._replace(rows=these))

    def _narrow(self, count: int, which: Members, sets: _Sets) -> None:
        """Measure these sets, which do not meet `count` of those clauses, until none is left that can be nearer."""
        bounded_by = None
        while True:
            best = self.best
            if count > best[0]:
                return
            if count == best[0] and best != bounded_by:
                sets, bounded_by = sets._replace(rows=self._bounded(which, sets, best)), best
            sets = sets.where(np.flatnonzero(sets.rows.any(axis=1)))
            if not len(sets.rows):
                return
            enough = int(np.searchsorted(np.cumsum(ones_of(sets.rows)), SLICE)) + 1
            self._measure(sets.where(slice(enough)).members())
            sets = sets.where(slice(enough, None))

    def _bounded(self, which: Members, sets: _Sets, best: _Best) -> Rows:
        """Of the sets those that may come before the best: with as much missing only when they are earlier."""
        size = sets.prefixes.shape[1] + 1
        earlier = _not_after(sets.prefixes, best[3]) if size == best[2] else np.full(len(sets.rows), size < best[2])
        left = np.zeros_like(sets.rows)
        for some, share in ((earlier, best[1]), (~earlier, best[1] - 1)):
            tests = self._bounds(best[0], which, share) if some.any() else None
            if tests is not None:
                alive, kept = _meeting(tests, sets.prefixes[some], sets.rows[some], sets.word)
                left[np.flatnonzero(some)[alive]] = kept
        return left

    def _bounds(self, count: int, which: Members, share: int) -> list[Test] | None:
        """What a set passes that lacks no more than that, `count` of these clauses unmet; None where none can."""
        clauses = [self.clauses[number] for number in which]
        smallest = sorted(clause.least for clause in clauses)[:count]
        least = sum(smallest)
        if least > share:
            return None
        if (which, share) not in self.bounds:
            if len(self.bounds) > KEPT_BOUNDS:
                self.bounds.clear()
            exact = count == len(which)
            sums = [clause for clause in clauses if exact and clause.weight]
            others = [clause for clause in clauses if clause not in sums]
            tests = [clause.within(share - least + min(clause.least, smallest[-1])) for clause in others]
            if sums:
                values = np.sum([clause.weight.values for clause in sums if clause.weight], axis=0)
                tests.append(Weight.test(values, share - sum(clause.least for clause in others)))
            return self.bounds.setdefault((which, share), tests)
        return self.bounds[which, share]
