"""Two plain ways of looking for coalitions: one set after the other, which is exact and slow, and the greedy one."""

from collections.abc import Iterable
from itertools import combinations

from totem.labels.coalitions.problem import (
    BEST,
    Clause,
    CoalitionAnswer,
    CoalitionProblem,
    NearestMiss,
    coalition,
    grows,
    joined,
    standing,
)

Members = tuple[int, ...]


def exhaustive(problem: CoalitionProblem) -> CoalitionAnswer:
    """The answer by looking at every set: what the search has to equal. For small problems."""
    partners = range(1, problem.partners + 1)
    sizes = range(min(problem.most, problem.partners) + 1)
    every = [members for size in sizes for members in combinations(partners, size)]
    meeting = [members for members in every if joined(problem, members).met]
    minimal: list[Members] = []
    for members in meeting:
        if not any(set(smaller) < set(members) for smaller in minimal):
            minimal.append(members)
    by_size = tuple(sum(len(members) == size for members in minimal) for size in range(problem.most + 1))
    best = sorted(minimal, key=lambda members: _rank(problem, members))[:BEST]
    return CoalitionAnswer(
        problem.most,
        True,
        by_size,
        tuple(coalition(problem, members, pieces(problem, members)) for members in best),
        tuple(one for one in partners if minimal and all(one in members for members in minimal)),
        tuple((clause.name, only) for clause in problem.clauses if grows(clause) and (only := _only(problem, clause))),
        None if minimal else nearest(problem, every),
    )


def _rank(problem: CoalitionProblem, members: Members) -> tuple[int, int, int, Members]:
    open_points = joined(problem, members).open_points
    return len(members), pieces(problem, members) or 0, sum(not point.met for point in open_points), members


def pieces(problem: CoalitionProblem, members: Iterable[int]) -> int | None:
    """In how many pieces the lead and these partners lie; None when it is not known who touches whom."""
    if problem.neighbours is None:
        return None
    left, count = {0, *members}, 0
    while left:
        count += 1
        edge = {left.pop()}
        while edge:
            one = edge.pop()
            touching = {other for other in left if {(one, other), (other, one)} & problem.neighbours}
            left -= touching
            edge |= touching
    return count


def nearest(problem: CoalitionProblem, candidates: list[Members]) -> NearestMiss:
    """The set with the fewest unmet clauses, then the least missing, then the fewest partners; first in order."""
    misses = [NearestMiss(members, joined(problem, members).unmet) for members in candidates]
    return min(misses, key=lambda miss: (len(miss.unmet), lacks(miss), len(miss.members), miss.members))


def lacks(miss: NearestMiss) -> int:
    """What it lacks, in millionths of the thresholds added up."""
    return sum(standing.share for standing in miss.unmet)


def _only(problem: CoalitionProblem, clause: Clause) -> Members:
    everybody = range(len(problem.territories))
    if not standing(clause, tuple(everybody)).met:
        return ()
    return tuple(
        one for one in everybody[1:] if not standing(clause, tuple(other for other in everybody if other != one)).met
    )


def greedy(problem: CoalitionProblem) -> Members | None:
    """Add the partner that closes most of what is missing until all is met: one set, or None where it ends without.

    Neither a set of the smallest size nor any at all is sure to be found where there is one.
    """
    members: Members = ()
    while not joined(problem, members).met:
        others = [one for one in range(1, problem.partners + 1) if one not in members]
        if len(members) == problem.most or not others:
            return None
        missing = {one: sum(s.share for s in joined(problem, (*members, one)).clauses) for one in others}
        members = (*members, min(others, key=missing.__getitem__))
    return tuple(sorted(members))
