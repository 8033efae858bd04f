"""The small things that views hand to components."""

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.functional import Promise

Words = str | Promise


class Crumb(NamedTuple):
    """One step of the way back; the page itself is not one of them."""

    label: Words
    url: str


@dataclass(frozen=True)
class Tab:
    """One list among several, with how many rows it holds (None: not counted)."""

    label: Words
    url: str
    count: int | None = None
    current: bool = False


class Slot(NamedTuple):
    """A free period offered as a button; `note` says what differs (another space, another day)."""

    label: Words
    url: str
    note: Words = ""
