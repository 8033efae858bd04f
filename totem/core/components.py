"""Values that views pass to template components."""

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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


# What MapLibre says on its maps, by its own keys.
MAP_WORDS = {
    "AttributionControl.ToggleAttribution": _("Who made this map"),
    "CooperativeGesturesHandler.MacHelpText": _("Use ⌘ and scroll to zoom the map"),
    "CooperativeGesturesHandler.MobileHelpText": _("Use two fingers to move the map"),
    "CooperativeGesturesHandler.WindowsHelpText": _("Use Ctrl and scroll to zoom the map"),
    "LogoControl.Title": _("MapLibre logo"),
    "Map.Title": _("Map"),
    "Marker.Title": _("Point on the map"),
    "NavigationControl.ZoomIn": _("Zoom in"),
    "NavigationControl.ZoomOut": _("Zoom out"),
    "Popup.Close": _("Close"),
}
