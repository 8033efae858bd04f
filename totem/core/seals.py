"""The journal, sealed in batches: each seal holds the digest of the entries since the last one, and that of the last.

Whoever writes an entry holds an advisory lock with the other writers until its transaction ends (a trigger of the
table takes it). Sealing takes it alone for as long as reading the highest id: then no lower id is still to be
committed, whatever the sequence has skipped. No booking waits for a row that another one holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Max
from django.db.utils import OperationalError
from psycopg.errors import LockNotAvailable

from totem.core import mail
from totem.core.canonical import canonical, digest
from totem.core.locks import LockKind, lock
from totem.core.models import JournalEntry, JournalSeal

# Who queues for the lock makes writers queue behind it: well under PostgreSQL's deadlock_timeout of a second.
LOCK_TIMEOUT = "300ms"
# What is sealed of an entry, in this order for ever; personal values are elsewhere, and can be erased.
FIELDS = ("id", "at", "actor_id", "verb", "subject_model", "subject_id", "scope", "facts")


@dataclass(frozen=True)
class Seal:
    """A seal: its number, when it was made, the ids of the first and last entry, how many there are, the digest."""

    number: int
    at: datetime
    first_id: int
    last_id: int
    entries: int
    digest: str


def last() -> Seal | None:
    """The last seal; None where nothing is sealed yet."""
    row = JournalSeal.objects.order_by("-pk").first()
    return _seal(row) if row else None


def find(hexdigest: str) -> Seal | None:
    """The seal with this digest, for who kept it outside the database."""
    row = JournalSeal.objects.filter(digest=hexdigest.strip().lower()).first()
    return _seal(row) if row else None


def waiting() -> int:
    """How many entries are not sealed yet."""
    before = JournalSeal.objects.aggregate(last=Max("last_id"))["last"] or 0
    return JournalEntry.objects.filter(pk__gt=before).count()


def seal_journal() -> Seal | None:
    """Seal the entries since the last seal; None where there are none, or where writers leave no room for it now."""
    highest = _highest_id()
    before = JournalSeal.objects.order_by("-pk").first()
    after, previous = (before.last_id, before.digest) if before else (0, "")
    if highest is None or highest <= after:
        return None
    row = JournalSeal(previous=previous, last_id=highest, **_sealed(after, highest))
    row.digest = _digest(row)
    row.save(force_insert=True)
    return _seal(row)


def queue_mails() -> None:
    """Mail the last seal to the staff, once: a copy out of reach of whoever changes the database."""
    seal = last()
    if seal is None:
        return
    for person in get_user_model().objects.filter(is_staff=True, is_active=True):
        mail.queue(
            key=f"core.seal:{seal.number}:{person.pk}",
            to=person.email,
            language=person.language,
            template="core/mail/seal",
            context={"seal": seal},
        )


def problems() -> Iterator[str]:
    """One sentence for each seal that is not what its entries and the seal before it give."""
    after, previous = 0, ""
    for seal in JournalSeal.objects.order_by("pk").iterator():
        name = f"The journal's seal {seal.pk} (entries {seal.first_id} to {seal.last_id})"
        if seal.previous != previous:
            yield f"{name} does not follow the one before it: a seal is missing, was changed, or there are two heads."
        if seal.digest != _digest(seal):
            yield f"{name} was changed: its digest is not that of what it holds."
        found = _sealed(after, seal.last_id)
        if found["entries"] != seal.entries:
            done = "inserted into" if found["entries"] > seal.entries else "removed from"
            yield f"{name}: {abs(found['entries'] - seal.entries)} entries were {done} what it seals."
        elif found["content"] != seal.content:
            yield f"{name}: an entry was changed since it was sealed."
        after, previous = seal.last_id, seal.digest


def _highest_id() -> int | None:
    """The highest id such that no lower one is still to be committed; None where writers do not make room for it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            lock(LockKind.JOURNAL, [0])
            highest: int | None = JournalEntry.objects.aggregate(highest=Max("pk"))["highest"]
            return highest
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return None
        raise


def _sealed(after: int, last_id: int) -> dict[str, Any]:
    """What a seal holds of the entries from `after`, not included, to `last_id`; the first one, ids below 1 too."""
    since = {"pk__gt": after} if after else {}
    rows = JournalEntry.objects.filter(**since, pk__lte=last_id).order_by("pk").values_list(*FIELDS)
    first, count, content = last_id, 0, sha256()
    for row in rows.iterator(chunk_size=2000):
        first, count = min(first, row[0]), count + 1
        content.update(canonical(row) + b"\n")
    return {"first_id": first, "entries": count, "content": content.hexdigest()}


def _digest(row: JournalSeal) -> str:
    return digest(canonical([row.previous, row.first_id, row.last_id, row.entries, row.content]))


def _seal(row: JournalSeal) -> Seal:
    return Seal(row.pk, row.at, row.first_id, row.last_id, row.entries, row.digest)
