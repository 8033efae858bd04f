"""The bookings of a day at the front desk."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from totem.bookings.models import Booking, Status
from totem.core.periods import Period, local_day
from totem.hubs.models import Hub
from totem.hubs.queries import period_of
from totem.spaces.models import Outage

SOON = timedelta(hours=2)
LONGEST = timedelta(days=31)  # no booking is longer: what began before that is over


@dataclass(frozen=True)
class DeskRow:
    """A booking at the desk. `is_late`: not in though started, or in though over; `is_hit`: outage."""

    booking: Booking
    is_late: bool = False
    is_hit: bool = False


@dataclass(frozen=True)
class DeskDay:
    """A day at the front desk; each booking stands in one list only, in order of time.

    `pending` and `held` are of any date to come; `soon` are not here yet and start within two hours, `expected` the
    others of the day who are not here, those who are late first; `here` have arrived and not left; `done` have left or
    their time is over. `broken` is out of order now.
    """

    day: date
    pending: list[DeskRow]
    soon: list[DeskRow]
    expected: list[DeskRow]
    here: list[DeskRow]
    held: list[DeskRow]
    done: list[DeskRow]
    broken: list[Outage]


def desk_day(hub: Hub, now: datetime, day: date) -> DeskDay:
    """The lists of the front desk of `hub` for the local `day` at `now`, in three queries."""
    window = local_day(day, hub.zone)
    outages = list(
        Outage.objects.filter(space__hub=hub, during__contains=now)
        .select_related("space", "unit")
        .order_by("space__position", "space__name", "pk")
    )
    lists: dict[str, list[DeskRow]] = {name: [] for name in ("pending", "held", "soon", "expected", "here", "done")}
    for booking in _waiting(hub, now):
        lists[str(booking.status)].append(_desk_row(booking, outages, now))
    for booking in _confirmed_in(hub, window):
        row = _desk_row(booking, outages, now)
        lists[_place_of(booking, now, is_today=window.starts_at <= now < window.ends_at)].append(row)
    lists["expected"].sort(key=lambda row: not row.is_late)
    return DeskDay(day=day, broken=outages, **lists)


def _waiting(hub: Hub, now: datetime) -> Iterable[Booking]:
    return (
        Booking.objects.with_place()
        .filter(
            Q(hold_expires_at__isnull=True) | Q(hold_expires_at__gt=now),
            hub=hub,
            status__in=(Status.PENDING, Status.HELD),
            starts_at__gt=now - LONGEST,
            ends_at__gt=now,
        )
        .order_by("starts_at", "pk")
    )


def _confirmed_in(hub: Hub, window: Period) -> Iterable[Booking]:
    return (
        Booking.objects.with_place()
        .touching(window)
        .filter(hub=hub, status=Status.CONFIRMED, starts_at__gt=window.starts_at - LONGEST)
        .order_by("starts_at", "space__position", "pk")
    )


def _desk_row(booking: Booking, outages: Iterable[Outage], now: datetime) -> DeskRow:
    if booking.checked_in_at is None:
        is_late = booking.status == Status.CONFIRMED and booking.starts_at <= now < booking.ends_at
    else:
        is_late = booking.checked_out_at is None and booking.ends_at <= now
    return DeskRow(booking, is_late, booking.ends_at > now and any(_hits(outage, booking) for outage in outages))


def _hits(outage: Outage, booking: Booking) -> bool:
    closes_all = outage.unit_id is None or not booking.space.is_pool
    return outage.space_id == booking.space_id and closes_all and period_of(outage.during).overlaps(booking.period)


def _place_of(booking: Booking, now: datetime, *, is_today: bool) -> str:
    if booking.checked_in_at is not None:
        return "here" if is_today and booking.checked_out_at is None else "done"
    if booking.ends_at <= now:
        return "done"
    return "soon" if is_today and now < booking.starts_at <= now + SOON else "expected"
