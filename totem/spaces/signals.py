"""Signals of spaces for the rooms above."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.dispatch import Signal

from totem.hubs.models import Hub
from totem.hubs.signals import AffectedBooking
from totem.spaces.models import Space

# A whole gets parts that it had not, with `hub`, `added` (pairs of the ids of a whole and of its new part) and `now`,
# inside the transaction and under the hub's lock. Receivers take the new parts for what was promised of the whole, or
# return the list of `hubs.signals.AffectedBooking` that stand in the way; then nothing is written.
parts_added = Signal()


def affected_by_added_parts(hub: Hub, added: Sequence[tuple[int, int]], *, now: datetime) -> list[AffectedBooking]:
    """Send the signal; returns the bookings that prevent it, in order of time."""
    answers: list[tuple[Any, Any]] = parts_added.send(sender=Space, hub=hub, added=added, now=now)
    return sorted(
        (booking for _receiver, affected in answers for booking in affected),
        key=lambda booking: (booking.period, booking.label),
    )
