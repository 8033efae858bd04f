"""What was booked in a hub during periods: counts, hours and amounts, by space and by hour of the week.

One statement for all periods: nothing is kept beside the bookings, so that a correction shows at once. Hours count
within the period, times the units booked.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Min

from totem.bookings.models import Booking
from totem.bookings.queries.desk import LONGEST
from totem.core.periods import Period
from totem.hubs.models import Hub


@dataclass(frozen=True)
class BookingCounts:
    """Bookings that start in a period and are confirmed, except `cancelled` and what says otherwise.

    `hours`: of all confirmed ones, cut to the period, as they were booked; `taken` without what was given back by
    leaving early. `over`: those whose time has passed, who arrived or were marked as absent; of them `arrived` were
    checked in, `absent` were not, and `noted` are those of which the desk said either. `lead_days`: the median from
    making to start, None without bookings.
    """

    bookings: int = 0
    hours: Decimal = Decimal(0)
    taken: Decimal = Decimal(0)
    members: int = 0
    cancelled: int = 0
    over: int = 0
    arrived: int = 0
    noted: int = 0
    lead_days: Decimal | None = None
    income: Decimal = Decimal(0)

    @property
    def public(self) -> int:
        """Those for people who were not members of the hub on the day."""
        return self.bookings - self.members

    @property
    def absent(self) -> int:
        return self.over - self.arrived


# The bounds on starts_at are what the index on hub and start needs; no booking is longer than LONGEST.
_TOUCHING = """
    b.hub_id = %(hub)s AND b.starts_at > asked.starts_at - %(longest)s AND b.starts_at < asked.ends_at
    AND greatest(b.ends_at, b.priced_until) > asked.starts_at
"""
_COUNTS = f"""
WITH found AS (
    SELECT asked.n, b.space_id, b.price, b.checked_in_at IS NOT NULL AS arrived, m.id IS NOT NULL AS of_member,
           b.status = 'confirmed' AS confirmed, b.status = 'cancelled' AND b.starts_at >= asked.starts_at AS cancelled,
           b.status = 'confirmed' AND b.starts_at >= asked.starts_at AS counts,
           b.checked_in_at IS NOT NULL OR b.no_show_at IS NOT NULL AS noted, b.ends_at <= %(now)s AS past,
           b.quantity * extract(epoch FROM least(greatest(b.ends_at, b.priced_until), asked.ends_at)
                                           - greatest(b.starts_at, asked.starts_at)) / 3600 AS hours,
           b.quantity * greatest(extract(epoch FROM least(b.ends_at, asked.ends_at)
                                                    - greatest(b.starts_at, asked.starts_at)), 0) / 3600 AS taken,
           greatest(extract(epoch FROM b.starts_at - b.created_at), 0) AS lead
      FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS asked (starts_at, ends_at, n)
      JOIN bookings_booking b ON {_TOUCHING}
      LEFT JOIN hubs_membership m ON m.hub_id = b.hub_id AND m.person_id = b.person_id
           AND (b.starts_at AT TIME ZONE %(zone)s)::date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')
)
SELECT n, space_id, count(*) FILTER (WHERE counts), coalesce(sum(hours) FILTER (WHERE confirmed), 0),
       coalesce(sum(taken) FILTER (WHERE confirmed), 0),
       count(*) FILTER (WHERE counts AND of_member), count(*) FILTER (WHERE cancelled),
       count(*) FILTER (WHERE counts AND (noted OR past)), count(*) FILTER (WHERE counts AND arrived),
       count(*) FILTER (WHERE counts AND noted),
       (percentile_cont(0.5) WITHIN GROUP (ORDER BY lead) FILTER (WHERE counts) / 86400)::numeric,
       coalesce(sum(price) FILTER (WHERE counts), 0)
  FROM found GROUP BY GROUPING SETS ((n, space_id), (n))
"""  # noqa: S608 - constants of this module
_BY_HOUR = f"""
SELECT extract(isodow FROM hour AT TIME ZONE %(zone)s)::int, extract(hour FROM hour AT TIME ZONE %(zone)s)::int,
       sum(quantity * extract(epoch FROM least(ends_at, hour + interval '1 hour') - greatest(starts_at, hour))) / 3600
  FROM (SELECT greatest(b.starts_at, asked.starts_at) AS starts_at,
               least(greatest(b.ends_at, b.priced_until), asked.ends_at) AS ends_at, sum(b.quantity) AS quantity
          FROM (SELECT %(starts_at)s::timestamptz AS starts_at, %(ends_at)s::timestamptz AS ends_at) asked
          JOIN bookings_booking b ON {_TOUCHING} AND b.status = 'confirmed'
         GROUP BY 1, 2) booked,
       generate_series(date_trunc('hour', starts_at, %(zone)s), ends_at - interval '1 microsecond', '1 hour') AS hour
 GROUP BY 1, 2
"""  # noqa: S608 - constants of this module


def counts(hub: Hub, asked: Sequence[Period], now: datetime) -> list[dict[int | None, BookingCounts]]:
    """For each period the counts by space (by id), and those of the whole hub under None; what has none is left out.

    One statement for any number of periods and spaces.
    """
    found: list[dict[int | None, BookingCounts]] = [defaultdict(BookingCounts) for _ in asked]
    starts, ends = [period.starts_at for period in asked], [period.ends_at for period in asked]
    for n, space_id, *values in _rows(_COUNTS, hub, starts=starts, ends=ends, now=now):
        found[n - 1][space_id] = BookingCounts(*values)
    return found


def hours_by_weekday(hub: Hub, period: Period) -> dict[tuple[int, int], Decimal]:
    """The hours booked by (ISO weekday, hour of the day) on the hub's clocks, all of its spaces together.

    An hour that a night repeats counts twice in its cell. One statement.
    """
    rows = _rows(_BY_HOUR, hub, starts_at=period.starts_at, ends_at=period.ends_at)
    return {(weekday, hour): hours for weekday, hour, hours in rows}


def first_booking_at(hub: Hub) -> datetime | None:
    """When the first booking of the hub starts, whatever became of it."""
    first: datetime | None = Booking.objects.filter(hub=hub).aggregate(first=Min("starts_at"))["first"]
    return first


def _rows(statement: str, hub: Hub, **values: Any) -> list[tuple[Any, ...]]:
    parameters: Any = {"hub": hub.pk, "zone": hub.time_zone, "longest": LONGEST, **values}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
