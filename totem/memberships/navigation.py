"""Agreements, credits and dues among one's own pages and in a hub's settings; beside its invoices, what is sold."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.accounts.navigation import ME
from totem.billing.navigation import BILLING
from totem.billing.permissions import SELL
from totem.core.navigation import Entry, EntryTab, add_entry, add_tab
from totem.hubs.navigation import SETTINGS

MY_DUES = add_entry(Entry(ME, pgettext_lazy("navigation", "Dues"), "memberships:my_dues", 35))
add_tab(EntryTab(MY_DUES, _("Dues"), "memberships:my_dues", 10))
AGREEMENTS = add_entry(Entry(ME, pgettext_lazy("navigation", "Contracts"), "memberships:my_agreements", 32))
add_tab(EntryTab(AGREEMENTS, _("My contracts"), "memberships:my_agreements", 10))
add_tab(EntryTab(AGREEMENTS, _("My credits"), "memberships:my_credits", 20))
add_tab(EntryTab(SETTINGS, _("Members and dues"), "memberships:dues_settings", 67))
add_tab(EntryTab(BILLING, _("Passes and credits"), "memberships:credits", 13, needs=SELL))
add_tab(EntryTab(BILLING, _("First of the month"), "memberships:monthly_run", 12, needs=SELL))
