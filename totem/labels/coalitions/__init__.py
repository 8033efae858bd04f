"""Better together: which sets of territories meet a charter's clauses, what each brings, what is still missing.

Plain Python and NumPy: a job asks, nothing here reads the database.
"""

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
    joined,
)
from totem.labels.coalitions.reference import exhaustive, greedy
from totem.labels.coalitions.search import TooManySets, answer, solve

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
