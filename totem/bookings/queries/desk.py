"""The bookings of a day at the front desk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from totem.bookings.models import Booking, Status
from totem.bookings.queries.outages import outages_by_booking
from totem.core.periods import Period, local_day
from totem.hubs.models import Hub
from totem.spaces.models import Outage

SOON = timedelta(hours=2)
LISTS = ("pending", "late", "soon", "here", "expected", "held", "done")
LONGEST = timedelta(days=31)  # no booking is longer: what began before that is over


@dataclass(frozen=True)
class DeskRow:
    """A booking at the desk. `is_late`: not in though started, or in though over; `outages`: what affects it."""

    booking: Booking
    is_late: bool = False
    outages: Sequence[Outage] = ()


@dataclass(frozen=True)
class DeskDay:
    """A day at the front desk; each booking stands in one list only, in order of time.

    `pending` and `held` are of any date to come; `late` are not here though their time has begun, `soon` start within
    two hours, `expected` are the others of the day who are not here; `here` have arrived and not left, those who stay
    too long first; `done` have left, are absent or their time is over. `due` is the price of the bookings that begin
    on the day; `broken` is out of order on the day, today from now on.
    """

    day: date
    pending: list[DeskRow]
    late: list[DeskRow]
    soon: list[DeskRow]
    here: list[DeskRow]
    expected: list[DeskRow]
    held: list[DeskRow]
    done: list[DeskRow]
    broken: list[Outage]
    due: Decimal


def desk_day(hub: Hub, now: datetime, day: date) -> DeskDay:
    """The lists of the front desk of `hub` for the local `day` at `now`, in four queries."""
    window = local_day(day, hub.zone)
    is_today = window.starts_at <= now < window.ends_at
    broken = (
        Outage.objects.filter(space__hub=hub, during__overlap=(now if is_today else window.starts_at, window.ends_at))
        .select_related("space", "unit")
        .order_by("space__position", "space__name", "pk")
    )
    confirmed = list(_confirmed_in(hub, window))
    lists: dict[str, list[DeskRow]] = {name: [] for name in LISTS}
    for row in desk_rows(hub, [*_waiting(hub, now), *confirmed], now):
        lists[list_of(row.booking, now, is_today=is_today)].append(row)
    lists["here"].sort(key=lambda row: not row.is_late)
    due = sum((booking.price for booking in confirmed if booking.starts_at >= window.starts_at), Decimal(0))
    return DeskDay(day=day, broken=list(broken), due=due, **lists)


def desk_rows(hub: Hub, bookings: Sequence[Booking], now: datetime) -> list[DeskRow]:
    """The bookings with what the desk has to know of each, in one query."""
    outages = Outage.objects.filter(space__hub=hub)
    affecting = outages_by_booking(outages, now, of=[booking.pk for booking in bookings])
    return [DeskRow(booking, _is_late(booking, now), affecting.get(booking.pk, ())) for booking in bookings]


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


def _is_late(booking: Booking, now: datetime) -> bool:
    if booking.checked_in_at is None:
        return booking.is_awaited and booking.starts_at <= now < booking.ends_at
    return booking.checked_out_at is None and booking.ends_at <= now


def list_of(booking: Booking, now: datetime, *, is_today: bool) -> str:
    """The list of `LISTS` in which a live booking stands, on today's screen or on that of another day."""
    if booking.status != Status.CONFIRMED:
        return str(booking.status)
    if booking.checked_in_at is not None:
        return "here" if is_today and booking.checked_out_at is None else "done"
    if booking.ends_at <= now or booking.no_show_at is not None:
        return "done"
    if not is_today or booking.starts_at > now + SOON:
        return "expected"
    return "late" if booking.starts_at <= now else "soon"
