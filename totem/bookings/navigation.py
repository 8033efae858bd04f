"""One's bookings, the day at a hub's desk, and all its bookings."""

from django.utils.translation import pgettext_lazy

from totem.accounts.navigation import ME
from totem.core.navigation import Entry, add_entry
from totem.hubs.navigation import HUB
from totem.hubs.permissions import SEE_DESK

add_entry(Entry(ME, pgettext_lazy("navigation", "Bookings"), "bookings:mine", 10))
TODAY = add_entry(Entry(HUB, pgettext_lazy("navigation", "Today"), "bookings:desk", 10, needs=SEE_DESK))
add_entry(Entry(HUB, pgettext_lazy("navigation", "Bookings"), "bookings:list", 20, needs=SEE_DESK))
