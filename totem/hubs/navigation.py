"""The workplace of a hub's team: who belongs to the hub, and what it is."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.accounts.navigation import ME
from totem.core.navigation import ADDING, Entry, EntryTab, Workplace, add_entry, add_tab, add_workplace
from totem.hubs.models import Hub
from totem.hubs.permissions import MANAGE, hubs_of


def _hub(slug: str) -> Hub | None:
    return Hub.objects.filter(slug=slug).first()


HUB = add_workplace(Workplace("lieu", hubs_of, order=20, landing=10, keyword="slug", find=_hub, front="website:hub"))
SETTINGS = add_entry(Entry(HUB, pgettext_lazy("navigation", "Settings"), "hubs:manage", 70, needs=MANAGE))
add_tab(EntryTab(SETTINGS, _("Overview"), "hubs:manage", 10))
add_tab(EntryTab(SETTINGS, _("Opening hours"), "hubs:hours", 30))
add_tab(EntryTab(SETTINGS, _("Closures"), "hubs:closures", 40))
add_tab(EntryTab(SETTINGS, _("Zones"), "hubs:zones", 50))
add_tab(EntryTab(SETTINGS, _("Photos"), "hubs:photos", 60))
add_tab(EntryTab(SETTINGS, _("Partners"), "hubs:partners", 62))
add_tab(EntryTab(SETTINGS, _("Limits"), "hubs:limits", 65))
add_tab(EntryTab(SETTINGS, _("About the hub"), "hubs:settings", 70))
add_entry(Entry(ME, pgettext_lazy("navigation", "Hubs"), "hubs:mine", 30))
add_tab(EntryTab(SETTINGS, _("Visible to the public"), "hubs:publish", 90))
add_entry(Entry(ADDING, _("Add a hub"), "hubs:create", 20))
