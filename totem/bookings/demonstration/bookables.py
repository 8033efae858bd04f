"""The spaces of a hub of the demonstration, with all that each of their bookings asks for."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from totem.core.demonstration import Sheet
from totem.core.periods import Period
from totem.hubs.models import Hub
from totem.spaces.models import Outage, Price, Space, Unit


@dataclass
class Bookable:
    """A space; `busy` is the share of it that is asked for where its sheet says one."""

    space: Space
    units: list[Unit]
    prices: list[Price]
    outages: list[Outage]
    busy: float | None
    parts: "list[Bookable]"

    @property
    def is_composite(self) -> bool:
        return bool(self.parts)

    @cached_property
    def lanes(self) -> list[list[int]]:
        """The ways to take it, each as ids of units: one for a room with its parts, one a unit for a pool."""
        if self.space.is_pool:
            return [[unit.pk] for unit in self.units]
        return [[unit.pk for bookable in (self, *self.parts) for unit in bookable.units]]

    def is_broken(self, lane: list[int], period: Period, since: datetime) -> bool:
        """Whether an outage that was known at `since` closes the lane for a part of `period`."""
        return any(
            (outage.unit_id is None or outage.unit_id in lane)
            and outage.during.lower <= since
            and period.starts_at < outage.during.upper
            and outage.during.lower < period.ends_at
            for bookable in (self, *self.parts)
            for outage in bookable.outages
        )


def bookables_of(hub: Hub, sheet: Sheet) -> list[Bookable]:
    """The hub's spaces in their order."""
    busy = {row["name"]: row.get("busy") for row in sheet["spaces"]}
    spaces = list(hub.spaces.order_by("position").prefetch_related("units", "prices", "outages", "parts"))
    known = {
        space.pk: Bookable(
            space=space,
            units=sorted(space.units.all(), key=lambda unit: unit.number),
            prices=list(space.prices.all()),
            outages=list(space.outages.all()),
            busy=busy.get(space.name),
            parts=[],
        )
        for space in spaces
    }
    for space in spaces:
        known[space.pk].parts.extend(known[made_of.part_id] for made_of in space.parts.all())
    return list(known.values())
