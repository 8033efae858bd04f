"""What a hub sells, in the workplace of its team; one's own invoices."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.accounts.navigation import ME
from totem.billing.permissions import KEEP_BOOKS, SELL
from totem.core.navigation import Entry, EntryTab, add_entry, add_tab
from totem.hubs.navigation import HUB

add_entry(Entry(ME, pgettext_lazy("navigation", "Invoices"), "billing:mine", 34))
BILLING = add_entry(Entry(HUB, pgettext_lazy("navigation", "Billing"), "billing:documents", 40, needs=SELL))
add_tab(EntryTab(BILLING, _("Invoices and quotes"), "billing:documents", 10))
add_tab(EntryTab(BILLING, _("Customers"), "billing:customers", 20))
add_tab(EntryTab(BILLING, _("Cash drawer"), "billing:drawer", 30))
add_tab(EntryTab(BILLING, _("Months"), "billing:months", 40, needs=KEEP_BOOKS))
add_tab(EntryTab(BILLING, _("Who sells"), "billing:seller", 50, needs=KEEP_BOOKS))
