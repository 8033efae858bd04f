"""Workplaces of the person alone: oneself, and the installation for those who look after it."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.accounts.models import User
from totem.core.navigation import ACCOUNT, Entry, EntryTab, Workplace, add_entry, add_tab, add_workplace


def _oneself(person: User) -> list[User]:
    return [person]


def _installation(person: User) -> list[User]:
    return [person] if person.is_staff else []


ME = add_workplace(Workplace("moi", _oneself, order=10, landing=30, label=pgettext_lazy("navigation", "Me")))
INSTALLATION = add_workplace(
    Workplace("installation", _installation, order=40, label=pgettext_lazy("navigation", "Installation"))
)
add_entry(Entry(ME, pgettext_lazy("navigation", "Invitations"), "accounts:invitations", 80))
add_entry(Entry(ACCOUNT, _("My account"), "accounts:profile", 10, also=("accounts:landing",)))
INSTALLATION_STATE = add_entry(Entry(INSTALLATION, pgettext_lazy("navigation", "State"), "core:state", 10))
add_tab(EntryTab(INSTALLATION_STATE, pgettext_lazy("tab", "Overview"), "core:state", 10))
add_tab(EntryTab(INSTALLATION_STATE, pgettext_lazy("tab", "Backups"), "core:backups", 20))
REQUESTS = add_entry(Entry(INSTALLATION, pgettext_lazy("navigation", "Requests"), "core:requests", 20))
add_tab(EntryTab(REQUESTS, pgettext_lazy("tab", "Waiting"), "core:requests", 10))
add_entry(Entry(INSTALLATION, pgettext_lazy("navigation", "Jobs"), "core:jobs", 30))
add_entry(Entry(INSTALLATION, pgettext_lazy("navigation", "Mails"), "core:mails", 40))
ACCOUNTS = add_entry(Entry(INSTALLATION, pgettext_lazy("navigation", "Accounts"), "accounts:staff", 50))
add_tab(EntryTab(ACCOUNTS, _("Team"), "accounts:staff", 10))
add_tab(EntryTab(ACCOUNTS, _("Limits"), "accounts:limits", 20))
