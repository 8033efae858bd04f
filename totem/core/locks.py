"""Advisory locks of PostgreSQL, held until the transaction ends; that of migrations until its block does.

Everybody who needs several takes them in this order: the hub's, then those of takers (`core.limits`: a person, an
address, a mailbox), then the spaces' in id order, then customers' credits in id order, then a seller's, then documents'
in id order, then rows, then slugs.
That order is what keeps contention free of deadlocks; the exclusion constraints behind it are the last line of defence.
"""

import contextlib
from collections.abc import Iterable, Iterator
from enum import IntEnum

from django.db import DatabaseError, connection

MIGRATION = 7_460_011  # any number, the same for every version


class LockKind(IntEnum):
    """What is locked; the upper 16 bits of the 64-bit key."""

    HUB = 1
    SPACE = 2
    PERSON = 3
    BOARDS = 4
    SLUGS = 5
    TAKER = 6  # the key is the beginning of a digest: two takers with the same one wait for each other, no more
    JOURNAL = 7  # shared by who writes an entry, taken by a trigger of its table; alone by who seals (core.seals)
    SELLER = 8  # shared by who issues or records a payment, taken alone by who closes a month (billing)
    DOCUMENT = 9  # an issued document while something is issued about it, or a payment recorded (billing)
    DRAWINGS = 10  # the order of the drawings that wait (core.rendering.queued)
    CREDITS = 11  # the credits of a customer while they are given, spent or given back (memberships)
    MONTHLY_RUN = 12  # the monthly run of a hub (memberships)


def key_of(kind: LockKind, pk: int) -> int:
    """The 64-bit number that PostgreSQL locks."""
    return (kind << 48) | pk


def lock_shared(kind: LockKind, pk: int) -> None:
    """Take the key together with other sharers; waits for whoever holds it exclusively (a change of opening hours)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [key_of(kind, pk)])


def lock(kind: LockKind, pks: Iterable[int]) -> None:
    """Take these keys exclusively, in id order."""
    keys = [key_of(kind, pk) for pk in sorted(set(pks))]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) WITH ORDINALITY AS k(key, n)", [keys]
        )


@contextlib.contextmanager
def migrating() -> Iterator[None]:
    """Waits until nobody else changes the schema, or makes a backup, and keeps everybody from it in the block."""
    with _session_lock("pg_advisory_lock", "pg_advisory_unlock"):
        yield


@contextlib.contextmanager
def no_migration() -> Iterator[None]:
    """Keeps the schema as it is in the block.

    A migration that waited for a table that pg_dump reads would make everybody else wait behind it.
    """
    with _session_lock("pg_advisory_lock_shared", "pg_advisory_unlock_shared"):
        yield


@contextlib.contextmanager
def _session_lock(take: str, release: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {take}(%s)", [MIGRATION])
    try:
        yield
    finally:
        with contextlib.suppress(DatabaseError), connection.cursor() as cursor:  # a lost connection has released it
            cursor.execute(f"SELECT {release}(%s)", [MIGRATION])
