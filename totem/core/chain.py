"""Chains of links, one a key, for what is rare and must stay in order: each link holds the digest of the one before.

For thousands of writes a second a chain is the wrong tool, since all writers of a key wait for its head: the journal
is sealed in batches instead (`core.seals`).
"""

from collections.abc import Iterator

from django.db import transaction

from totem.core.canonical import canonical, digest
from totem.core.models import ChainHead, ChainLink


@transaction.atomic
def append(key: str, content: object) -> ChainLink:
    """Add a link to the chain of that key, in the caller's transaction, and return it.

    `content` is anything that JSON can hold; it is kept as canonical JSON, for ever: no personal values. Until the
    transaction ends, others who append to the same key wait.
    """
    ChainHead.objects.get_or_create(key=key, defaults={"length": 0, "digest": _origin(key)})
    head = ChainHead.objects.select_for_update().get(key=key)
    link = ChainLink(key=key, number=head.length + 1, content=canonical(content).decode(), previous=head.digest)
    link.digest = _digest(link)
    link.save(force_insert=True)
    head.length, head.digest = link.number, link.digest
    head.save(update_fields=["length", "digest"])
    return link


def verify(key: str) -> list[str]:
    """One sentence for each thing of that chain that does not add up; nothing when all does."""
    return list(_problems(key))


def problems() -> Iterator[str]:
    """The same for all chains, by key."""
    links = ChainLink.objects.order_by().values_list("key").union(ChainHead.objects.values_list("key"))
    for (key,) in links.order_by("key"):
        yield from _problems(key)


def _problems(key: str) -> Iterator[str]:
    number, previous = 0, _origin(key)
    for link in ChainLink.objects.filter(key=key).order_by("number", "pk").iterator():
        if (link.number, link.previous) != (number + 1, previous):
            yield f"Link {link.number} of chain {key} does not follow link {number}: one is missing, or two are heads."
        if link.digest != _digest(link):
            yield f"Link {link.number} of chain {key} was changed: its digest is not that of what it holds."
        number, previous = link.number, link.digest
    head = ChainHead.objects.filter(key=key).first()
    if head is None or (head.length, head.digest) != (number, previous):
        yield f"The head of chain {key} is not its last link ({number}): links were removed, or the head was changed."


def _origin(key: str) -> str:
    """What the first link of a key follows: of each key another, so that no two links follow the same."""
    return digest(canonical({"key": key}))


def _digest(link: ChainLink) -> str:
    return digest(canonical([link.key, link.number, link.previous, link.content]))
