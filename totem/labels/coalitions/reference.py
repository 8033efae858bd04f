"""The two plain ways of looking for partners: one set after the other, which is exact and slow, and the greedy one."""

from itertools import combinations

from totem.labels.coalitions.problem import (
    BEST,
    Answer,
    AtLeast,
    Clause,
    Miss,
    Problem,
    found,
    joined,
    pieces,
    standing,
)

Members = tuple[int, ...]


def exhaustive(problem: Problem) -> Answer:
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
    return Answer(
        problem.most,
        True,
        by_size,
        tuple(found(problem, members) for members in best),
        tuple(one for one in partners if minimal and all(one in members for members in minimal)),
        tuple((clause.name, only) for clause in problem.clauses if grows(clause) and (only := _only(problem, clause))),
        None if minimal else nearest(problem, every),
    )


def _rank(problem: Problem, members: Members) -> tuple[int, int, int, Members]:
    open_points = joined(problem, members).open_points
    return len(members), pieces(problem, members) or 0, sum(not point.met for point in open_points), members


def nearest(problem: Problem, candidates: list[Members]) -> Miss:
    """The set with the fewest unmet clauses, then the least missing, then the fewest partners; first in order."""
    misses = [Miss(members, joined(problem, members).unmet) for members in candidates]
    return min(misses, key=lambda miss: (len(miss.unmet), miss.share, len(miss.members), miss.members))


def grows(clause: Clause) -> bool:
    """Whether a further partner never undoes the clause: then everybody together is the most one can have."""
    if isinstance(clause, AtLeast):
        return all(map(grows, clause.clauses))
    if clause.at_most or clause.combine == "ratio":
        return False
    return clause.combine != "sum" or all(value is None or value >= 0 for value in clause.values)  # type: ignore[operator]


def _only(problem: Problem, clause: Clause) -> Members:
    everybody = range(len(problem.territories))
    if not standing(clause, tuple(everybody)).met:
        return ()
    return tuple(
        one for one in everybody[1:] if not standing(clause, tuple(other for other in everybody if other != one)).met
    )


def greedy(problem: Problem) -> Members | None:
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
