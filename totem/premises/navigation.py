"""The buildings of a territory."""

from django.utils.translation import pgettext_lazy

from totem.core.navigation import Entry, add_entry
from totem.territories.navigation import TERRITORY
from totem.territories.permissions import SEE

add_entry(Entry(TERRITORY, pgettext_lazy("navigation", "Buildings"), "premises:buildings", 40, needs=SEE))
