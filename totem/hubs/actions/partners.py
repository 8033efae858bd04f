"""Actions on the partners that a hub shows on its page."""

from django.db import transaction

from totem.accounts.models import User
from totem.core import locks
from totem.hubs.actions.hub import record
from totem.hubs.models import Hub, Partner


@transaction.atomic
def add_partner(*, hub: Hub, name: str, website: str = "", by: User) -> Partner:
    """A partner after the others. Raises ValidationError."""
    locks.lock(locks.LockKind.HUB, [hub.pk])
    partner = Partner(hub=hub, name=name, website=website)
    partner.full_clean()
    partner.save(force_insert=True)
    record("hubs.partner_added", hub, by, partner=partner.pk)
    return partner


@transaction.atomic
def remove_partner(*, partner: Partner, by: User) -> None:
    """Delete a partner."""
    hub, pk = partner.hub, partner.pk
    partner.delete()
    record("hubs.partner_removed", hub, by, partner=pk)
