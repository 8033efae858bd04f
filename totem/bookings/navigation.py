"""One's bookings, the day at a hub's desk, all its bookings, its people, and what of bookings is to be invoiced."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.accounts.navigation import ME
from totem.billing.navigation import BILLING
from totem.billing.permissions import SELL
from totem.core.navigation import Entry, EntryTab, add_entry, add_tab
from totem.hubs.navigation import HUB
from totem.hubs.permissions import MANAGE, SEE_DESK, WORK_DESK

add_entry(Entry(ME, pgettext_lazy("navigation", "Bookings"), "bookings:mine", 10))
TODAY = add_entry(Entry(HUB, pgettext_lazy("navigation", "Today"), "bookings:desk", 10, needs=SEE_DESK))
add_entry(Entry(HUB, pgettext_lazy("navigation", "Bookings"), "bookings:list", 20, needs=SEE_DESK))
PEOPLE = add_entry(Entry(HUB, pgettext_lazy("navigation", "People"), "bookings:people", 30, needs=WORK_DESK))
add_tab(EntryTab(PEOPLE, _("People"), "bookings:people", 10))
add_tab(EntryTab(PEOPLE, _("Agreements"), "memberships:agreements", 12, needs=SELL))
add_tab(EntryTab(PEOPLE, pgettext_lazy("of a hub", "Plans"), "memberships:plans", 13, needs=SELL))
add_tab(EntryTab(PEOPLE, _("Dues"), "memberships:dues", 14, needs=SELL))
add_tab(EntryTab(PEOPLE, _("Requests and invitations"), "memberships:member_add", 20, needs=MANAGE))
add_tab(EntryTab(PEOPLE, _("Team"), "hubs:team", 30, needs=MANAGE))
add_tab(EntryTab(BILLING, _("Bookings to invoice"), "bookings:to_invoice", 15, needs=SELL))
