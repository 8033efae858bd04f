"""The hubs for everybody, and a hub's figures for its team."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.core.navigation import SITE, Entry, EntryTab, add_entry, add_tab
from totem.hubs.navigation import HUB
from totem.hubs.permissions import SEE_DESK

add_entry(Entry(SITE, pgettext_lazy("navigation", "Hubs"), "website:home", 10, also=("website:find", "website:hub")))
FIGURES = add_entry(Entry(HUB, pgettext_lazy("navigation", "Figures"), "website:figures", 60, needs=SEE_DESK))
add_tab(EntryTab(FIGURES, _("Activity"), "website:figures", 10))
add_tab(EntryTab(FIGURES, _("For the label and funders"), "website:figures_year", 20))
