"""Receivers of the signals of the rooms below."""

from typing import Any

from django.dispatch import receiver

from totem.hubs.models import Hub
from totem.hubs.moving import move_ranges
from totem.hubs.signals import ZoneChange, zone_changing
from totem.spaces.models import Outage


@receiver(zone_changing)
def move_outages(hub: Hub, change: ZoneChange, **_: Any) -> None:
    """Move what is ahead of the outages to the same wall clock."""
    move_ranges(Outage.objects.filter(space__hub=hub), change)
