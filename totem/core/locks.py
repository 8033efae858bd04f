"""Advisory locks of PostgreSQL, held until the transaction ends.

Everybody who needs several takes them in this order: the hub's, then the spaces' in id order, then rows. That order is
what keeps contention free of deadlocks; the exclusion constraints behind it are the last wall.
"""

from collections.abc import Iterable
from enum import IntEnum

from django.db import connection


class Kind(IntEnum):
    """What is locked; the upper bits of the 64-bit key."""

    HUB = 1
    SPACE = 2
    PERSON = 3
    BOARDS = 4


def _key(kind: Kind, pk: int) -> int:
    return (kind << 48) | pk


def share(kind: Kind, pk: int) -> None:
    """Wait for nobody but those who hold the key alone (somebody who changes the hub's hours, say)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_key(kind, pk)])


def hold(kind: Kind, pks: Iterable[int]) -> None:
    """Hold these keys alone, taken in id order."""
    keys = [_key(kind, pk) for pk in sorted(set(pks))]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) WITH ORDINALITY AS k(key, n)", [keys]
        )
