"""Better together: which sets of territories meet a charter's clauses, what each brings, what is still missing.

A job asks, nothing here reads the database. NumPy is only loaded to search: pages, which join a few territories, do
without.
"""

from collections.abc import Iterator

from totem.labels.coalitions.problem import (
    Answer,
    AtLeast,
    Atom,
    Clause,
    Found,
    Joined,
    Miss,
    Problem,
    Standing,
    TooManySets,
    joined,
)
from totem.labels.coalitions.reference import exhaustive, greedy

__all__ = [
    "Answer",
    "AtLeast",
    "Atom",
    "Clause",
    "Found",
    "Joined",
    "Miss",
    "Problem",
    "Standing",
    "TooManySets",
    "answer",
    "exhaustive",
    "greedy",
    "joined",
    "solve",
]


def solve(problem: Problem) -> Iterator[Answer]:
    """Answers that grow: at least one per number of partners, the last one `whole` and of the largest number.

    Each is exact for all sets smaller than its `size`. Raises TooManySets before it starts.
    """
    from totem.labels.coalitions import search  # noqa: PLC0415 - loads NumPy

    return search.solve(problem)


def answer(problem: Problem) -> Answer:
    """The last answer of `solve`."""
    *_, last = solve(problem)
    return last
