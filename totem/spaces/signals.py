"""Signals of spaces for the rooms above."""

from collections.abc import Sequence
from datetime import datetime

from django.dispatch import Signal

from totem.hubs.models import Hub
from totem.hubs.signals import AffectedBooking, in_order
from totem.spaces.models import Outage, Space

# A whole gets parts that it had not, with `hub`, `added` (pairs of the ids of a whole and of its new part) and `now`,
# inside the transaction and under the hub's lock. Receivers take the new parts for what was promised of the whole, or
# return the list of `hubs.signals.AffectedBooking` that stand in the way; then nothing is written.
parts_added = Signal()

# An outage is reported, with `outage` and `now`, inside the transaction. Receivers return the `AffectedBooking`s.
reported = Signal()


def affected_by_added_parts(hub: Hub, added: Sequence[tuple[int, int]], *, now: datetime) -> list[AffectedBooking]:
    """Send the signal; returns the bookings that prevent it, in order of time."""
    return in_order(parts_added.send(sender=Space, hub=hub, added=added, now=now))


def affected_by_outage(outage: Outage, *, now: datetime) -> list[AffectedBooking]:
    """Send the signal; returns the bookings from `now` on that the outage affects, in order of time."""
    return in_order(reported.send(sender=Outage, outage=outage, now=now))
