"""The workplace of a territory's team."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.accounts.navigation import REQUESTS
from totem.core.navigation import ADDING, Entry, EntryTab, Workplace, add_entry, add_tab, add_workplace
from totem.territories.models import Workspace
from totem.territories.permissions import SEE, workspaces_of


def _workspace(slug: str) -> Workspace | None:
    return Workspace.objects.filter(slug=slug).first()


TERRITORY = add_workplace(
    Workplace("territoire", workspaces_of, order=30, landing=20, keyword="workspace", find=_workspace)
)
add_entry(Entry(TERRITORY, _("Documents"), "territories:documents", 80, needs=SEE))
SETTINGS = add_entry(Entry(TERRITORY, pgettext_lazy("navigation", "Settings"), "territories:workspace", 90, needs=SEE))
add_entry(Entry(ADDING, _("Add a territory"), "territories:workspace_create", 10))
add_tab(EntryTab(REQUESTS, _("Territories"), "territories:staff_workspaces", 20))
