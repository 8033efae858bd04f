"""The registry of what `totem verify` recomputes: seals, chains and the digests of what is kept.

A room registers its checks in `integrity.py`, imported automatically like `measures.py`.
"""

from collections.abc import Callable, Iterator

Check = Callable[[], Iterator[str]]

_registry: list[Check] = []


def check(function: Check) -> Check:
    """Register the decorated function: it reads, and yields one sentence in English for each thing that is wrong."""
    _registry.append(function)
    return function


def problems() -> Iterator[str]:
    """What all checks find, room by room; nothing when everything adds up."""
    for function in _registry:
        yield from function()
