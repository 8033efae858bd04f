"""Dues among one's own pages, and in the settings of a hub."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.accounts.navigation import ME
from totem.core.navigation import Entry, EntryTab, add_entry, add_tab
from totem.hubs.navigation import SETTINGS

add_entry(Entry(ME, pgettext_lazy("navigation", "Dues"), "memberships:my_dues", 35))
add_tab(EntryTab(SETTINGS, _("Members and dues"), "memberships:dues_settings", 67))
