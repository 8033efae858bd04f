"""A hub's spaces, among its settings, and what is out of order, which the desk looks after too."""

from django.utils.translation import gettext_lazy as _

from totem.core.navigation import Entry, EntryTab, add_entry, add_tab
from totem.hubs.navigation import HUB, SETTINGS
from totem.hubs.permissions import MANAGE_MACHINES

add_tab(EntryTab(SETTINGS, _("Spaces"), "spaces:list", 20, also=("spaces:create",)))
add_entry(Entry(HUB, _("Out of order"), "spaces:outages", 95, needs=MANAGE_MACHINES))
