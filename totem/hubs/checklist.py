"""What a hub still needs before it opens to the public. A room adds its own in its `checklist.py`:

add_check(20, missing_spaces)  # (hub) -> the words and the address of each thing that is missing
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from totem.hubs.models import Hub
from totem.territories.queries import centre_of


class MissingItem(NamedTuple):
    """Something to complete, and where."""

    words: str
    url: str


Check = Callable[[Hub], Iterator[MissingItem]]
_checks: list[tuple[int, Check]] = []


def add_check(order: int, check: Check) -> None:
    """Register a check; `order` is its place in the list."""
    _checks.append((order, check))


def missing(hub: Hub) -> list[MissingItem]:
    """All that is missing, in order."""
    return [item for _order, check in sorted(_checks, key=lambda one: one[0]) for item in check(hub)]


def _hours(hub: Hub) -> Iterator[MissingItem]:
    if not hub.opening_hours.exists():
        words = _("Say when the hub is open: until then nothing can be booked.")
        yield MissingItem(words, reverse("hubs:hours", args=[hub.slug]))


def _presentation(hub: Hub) -> Iterator[MissingItem]:
    settings = reverse("hubs:settings", args=[hub.slug])
    if not hub.zones.exists():
        yield MissingItem(_("Add the zones and their m²."), reverse("hubs:zones", args=[hub.slug]))
    if not hub.photos.exists():
        words = _("Add a photo: people choose a place with their eyes.")
        yield MissingItem(words, reverse("hubs:photos", args=[hub.slug]))
    if (hub.longitude, hub.latitude) == centre_of(hub.commune):
        yield MissingItem(_("Say where exactly the hub stands: its position is approximate."), settings)
    if not hub.transport:
        yield MissingItem(_("Say how to come."), settings)
    if hub.step_free is None:
        yield MissingItem(_("Say whether one can come in without a step."), settings)
    if not (hub.email or hub.phone):
        yield MissingItem(_("Say how to reach the team: a telephone number or an e-mail address."), settings)


add_check(10, _hours)
add_check(30, _presentation)
