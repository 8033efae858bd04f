"""Receivers of the signals about people. What an erased person's customer had stays, without their name."""

from typing import Any

from django.dispatch import receiver

from totem.accounts.models import User
from totem.accounts.signals import personal_data_requested
from totem.memberships.models import CreditEntry


@receiver(personal_data_requested, dispatch_uid="memberships.credits")
def give_credits(person: User, **_kwargs: object) -> dict[str, Any]:
    """Each entry of the person's credits; what was spent names its booking by its number ("booking:42")."""
    entries = CreditEntry.objects.filter(lot__customer__person=person).select_related("lot__hub").order_by("pk")
    return {
        "credits": [
            {
                "hub": entry.lot.hub.name,
                "unit": entry.lot.unit,
                "lot": entry.lot.source,
                "kind": entry.kind,
                "quantity": entry.quantity,
                "at": entry.at.isoformat(),
                "source": entry.source,
                "reason": entry.reason,
            }
            for entry in entries
        ]
    }
