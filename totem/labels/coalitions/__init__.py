"""Coalitions: which sets of territories meet a charter's clauses together, what each brings, what is still missing.

A job asks, nothing here reads the database. NumPy is only loaded to search: pages, which join a few territories, do
without.
"""

from collections.abc import Iterator

from totem.labels.coalitions.problem import (
    AtLeast,
    Atom,
    Clause,
    ClauseStanding,
    Coalition,
    CoalitionAnswer,
    CoalitionProblem,
    JointStanding,
    NearestMiss,
    TooManySets,
    Value,
    joined,
)

__all__ = [
    "AtLeast",
    "Atom",
    "Clause",
    "ClauseStanding",
    "Coalition",
    "CoalitionAnswer",
    "CoalitionProblem",
    "JointStanding",
    "NearestMiss",
    "TooManySets",
    "Value",
    "joined",
    "solve",
]


def solve(problem: CoalitionProblem) -> Iterator[CoalitionAnswer]:
    """Answers that grow: at least one per number of partners, the last one `whole` and of the largest number.

    Each is exact for all sets smaller than its `size`. Raises TooManySets before it starts.
    """
    from totem.labels.coalitions import search  # noqa: PLC0415 - loads NumPy

    return search.solve(problem)
