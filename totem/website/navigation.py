"""The hubs for everybody, and a hub's figures for its team."""

from django.utils.translation import pgettext_lazy

from totem.core.navigation import SITE, Entry, add_entry
from totem.hubs.navigation import HUB
from totem.hubs.permissions import SEE_DESK

add_entry(Entry(SITE, pgettext_lazy("navigation", "Hubs"), "website:home", 10, also=("website:find", "website:hub")))
add_entry(Entry(HUB, pgettext_lazy("navigation", "Figures"), "website:figures", 60, needs=SEE_DESK))
