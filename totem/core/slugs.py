"""Slugs: the part of an address that is made of a name, `Cœur de l’Île` -> `coeur-de-l-ile`."""

from collections.abc import Collection
from hashlib import sha256
from itertools import chain, count
from typing import Any
from unicodedata import normalize
from zlib import crc32

from django.db.models import QuerySet

from totem.core.locks import LockKind, lock
from totem.core.sort_keys import sort_key

SUFFIX_LENGTH = 10
"""What is left of the field for `-2`, `-3` where the name is taken."""


def slug_of(name: str, max_length: int) -> str:
    """The name in letters a to z, digits and hyphens; eight characters of its digest where it has neither."""
    return sort_key(name).replace(" ", "-")[:max_length].strip("-") or _digest(name)


def _digest(name: str) -> str:
    """Eight characters, the same however the name's accents were typed."""
    return sha256(normalize("NFC", name).encode()).hexdigest()[:8]


def free_slug(rows: QuerySet[Any], name: str, reserved: Collection[str] = ()) -> str:
    """A slug made of the name that none of `rows` has: `halle`, or `halle-2` where that is taken or `reserved`.

    `rows` are those among which the slug is unique. Until the transaction ends, no other one is given a slug of the
    model: two that start at the same time do not choose the same.
    """
    # A key for each model: a board's slug is chosen with its workspace's row locked, which a perimeter's waits for.
    lock(LockKind.SLUGS, [crc32(rows.model._meta.label.encode())])
    stem = slug_of(name, rows.model._meta.get_field("slug").max_length - SUFFIX_LENGTH)
    taken = {*rows.filter(slug__startswith=stem).values_list("slug", flat=True), *reserved}
    candidates = chain([stem], (f"{stem}-{number}" for number in count(2)))
    return next(slug for slug in candidates if slug not in taken)
