"""The observatory for everybody, and the stocks of the register for those who look after the installation."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.accounts.navigation import INSTALLATION
from totem.core.navigation import SITE, Entry, add_entry

add_entry(
    Entry(
        SITE,
        pgettext_lazy("navigation", "Observatory"),
        "observatory:home",
        40,
        also=("territories:index", "premises:public"),  # places, their perimeters and buildings, as everybody sees them
    )
)
add_entry(Entry(INSTALLATION, _("Editions of the register"), "observatory:stocks", 90))
