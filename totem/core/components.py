"""Values that views pass to template components."""

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.functional import Promise

Words = str | Promise


class Crumb(NamedTuple):
    """One link of a breadcrumb; the page itself is not one of them."""

    label: Words
    url: str


@dataclass(frozen=True)
class Tab:
    """One link of a row of tabs, with the number of rows of its list (None: not counted)."""

    label: Words
    url: str
    count: int | None = None
    current: bool = False


class SlotButton(NamedTuple):
    """A free period offered as a button; `note` says what differs (another space, another day)."""

    label: Words
    url: str
    note: Words = ""
