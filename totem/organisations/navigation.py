"""One's organisations, and the actors of a territory."""

from django.utils.translation import pgettext_lazy

from totem.accounts.navigation import ME
from totem.core.navigation import Entry, add_entry
from totem.territories.navigation import TERRITORY
from totem.territories.permissions import SEE

add_entry(Entry(ME, pgettext_lazy("navigation", "Organisations"), "organisations:list", 70))
add_entry(Entry(TERRITORY, pgettext_lazy("navigation", "Actors"), "organisations:actors", 30, needs=SEE))
