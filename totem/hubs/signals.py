"""Signals of hubs that receivers in the rooms above answer."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.dispatch import Signal

from totem.accounts.models import User
from totem.core.components import Words
from totem.core.periods import NonexistentTimeError, Period, same_wall_clock, subtract
from totem.hubs.models import Hub, Membership

FAR = datetime(9000, 12, 31, tzinfo=UTC)
"""The end of what has none."""

FORESEEN = timedelta(days=400)
"""How far ahead a change of hours is compared with bookings; those further away still show at the desk in time."""

# Asked before and while a hub or a space closes, with `hub`, `space_id` (None: the whole hub), `periods` (those that
# close) and `now`. Receivers return the list of `AffectedBooking` that these periods touch, and change nothing.
closing = Signal()

# Sent while the time zone of a hub changes, inside the transaction and under the hub's lock, with `hub`, `change` (a
# ZoneChange) and `by`. Receivers move what is ahead to the same wall clock and return the list of
# `AffectedBooking` that moved; they raise ValidationError, at `time_zone`, for what cannot.
zone_changing = Signal()

# Sent while a membership ends, inside the transaction and under the hub's lock, with `membership` (its new end is
# saved), `until` (its last day before, None: it had none), `by`, `now` and `cancel`. Receivers return the list of
# `AffectedBooking` that only a member may make, on the days that are lost; with `cancel` they cancel what can be.
membership_ending = Signal()


@dataclass(frozen=True)
class ZoneChange:
    """Another time zone for what is stored as instants: what has begun by `now` keeps its instant."""

    before: ZoneInfo
    after: ZoneInfo
    now: datetime

    @property
    def is_later(self) -> bool:
        """Whether the same wall clock is a later instant in the new time zone."""
        before, after = (self.now.astimezone(zone).utcoffset() for zone in (self.before, self.after))
        return before is not None and after is not None and after < before

    def moved(self, instant: datetime) -> datetime:
        """The instant at the same wall clock. Raises NonexistentTimeError."""
        return same_wall_clock(instant, self.before, self.after) if instant > self.now else instant

    def moved_ends(self, starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
        """Both ends. Raises NonexistentTimeError, also where no time is left: an hour that comes twice here alone."""
        start, end = self.moved(starts_at), self.moved(ends_at)
        if end <= start and starts_at > self.now:
            raise NonexistentTimeError
        return start, end


@dataclass(frozen=True)
class AffectedBooking:
    """A booking that a change affects: its label, the address of its page, its period and units."""

    label: str
    url: Words
    period: Period
    unit_ids: frozenset[int] = frozenset()


def affected_by_closing(
    hub: Hub, periods: Iterable[Period], *, now: datetime, space_id: int | None = None
) -> list[AffectedBooking]:
    """The bookings that closing the hub, or one space, during `periods` would affect, in order of time."""
    periods = list(periods)
    if not periods:
        return []
    return in_order(closing.send(sender=Hub, hub=hub, space_id=space_id, periods=periods, now=now))


def affected_by_ending(
    membership: Membership, until: date | None, *, by: User, now: datetime, cancel: bool
) -> list[AffectedBooking]:
    """The bookings that are for members alone on the days that a membership no longer covers, in order of time."""
    return in_order(
        membership_ending.send(sender=Hub, membership=membership, until=until, by=by, now=now, cancel=cancel)
    )


def in_order(answers: Iterable[tuple[Any, Any]]) -> list[AffectedBooking]:
    """What the receivers of a signal answered, in order of time."""
    affected = (booking for _receiver, bookings in answers for booking in bookings)
    return sorted(affected, key=lambda booking: (booking.period, booking.label))


def planning_window(now: datetime) -> Period:
    """The window in which a change of hours is compared with what is booked."""
    return Period(now, now + FORESEEN)


def newly_closed(before: Sequence[Period], after: Sequence[Period]) -> list[Period]:
    """The periods that were open and no longer are. Arguments are sorted and disjoint, as from `open_periods`."""
    ends = [period.ends_at for period in after]
    closed = []
    for period in before:
        near = []
        for other in after[bisect_right(ends, period.starts_at) :]:
            if other.starts_at >= period.ends_at:
                break
            near.append(other)
        closed += subtract([period], near)
    return closed
