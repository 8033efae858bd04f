"""What is offered instead of a slot that is taken: the nearest free ones."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from totem.bookings.models import Booking
from totem.bookings.queries.availability import Slot, aligned, free_counts, start_windows
from totem.bookings.rules import broken_rules
from totem.core.periods import Period
from totem.spaces import queries as space_queries
from totem.spaces.models import Space
from totem.spaces.rules import earliest_start, latest_start


@dataclass(frozen=True)
class Alternatives:
    """What to offer when a slot is taken: the nearest times in the same space, and other spaces at the same time."""

    slots: list[Slot]
    spaces: list[Slot]


def alternatives(
    space: Space, period: Period, now: datetime, *, most: int, quantity: int = 1, moved: Booking | None = None
) -> Alternatives:
    """The `most` free slots nearest to `period` within a day before and a week after, and as many like spaces."""
    window = Period(max(now - space.step, period.starts_at - timedelta(days=1)), period.ends_at + timedelta(days=7))
    if window.starts_at >= window.ends_at:
        return Alternatives([], [])
    like = _like(space, period, now, quantity)
    opening = space_queries.open_periods([space, *like], window)
    counts = free_counts(like, period, now, opening=opening, moved=moved) if like else {}
    others = [Slot(other, period) for other in like if counts.get(other.pk, 0) >= quantity][:most]
    stretches = start_windows(
        [space], window, period.length, now, quantity=quantity, most=40, opening=opening, moved=moved
    )
    return Alternatives(_nearest(space, period, now, stretches.get(space.pk, []), most), others)


def _nearest(space: Space, period: Period, now: datetime, stretches: list[Period], most: int) -> list[Slot]:
    not_before = earliest_start(space, now)
    slots = set()
    for stretch in stretches:
        # In each stretch the starts around the one nearest to what was asked for.
        wished = min(max(stretch.starts_at, period.starts_at), stretch.ends_at)
        for steps in range(1 - most, most):
            starts = Period(max(stretch.starts_at, wished + steps * space.step), stretch.ends_at)
            if slot := aligned(space, starts, period.length, not_before):
                slots.add(slot.period)
    latest = latest_start(space, now)
    nearest = sorted((p for p in slots if p.starts_at <= latest), key=lambda p: abs(p.starts_at - period.starts_at))
    return [Slot(space, p) for p in sorted(nearest[:most])]


def _like(space: Space, period: Period, now: datetime, quantity: int) -> list[Space]:
    """The other spaces of the hub that do as well, whose rules allow `period`."""
    like = (
        Space.objects.active()
        .filter(
            hub_id=space.hub_id,
            kind=space.kind,
            capacity__gte=space.capacity,
            quantity__gte=quantity,
            audience=space.audience,
        )
        .exclude(pk=space.pk)
        .select_related("hub__commune__department")
        .order_by("capacity", "position", "name")
    )
    return [other for other in like if _allows(other, period, quantity, now)]


def _allows(space: Space, period: Period, quantity: int, now: datetime) -> bool:
    broken = broken_rules(space, period, quantity=quantity, opening=[period], now=now, by_team=False)
    return next(broken, None) is None
