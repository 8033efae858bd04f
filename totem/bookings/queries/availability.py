"""Availability: free units and free slots, by multirange arithmetic in PostgreSQL.

When spaces are open is computed in local time (`totem.spaces.queries`) and handed over as multiranges. A *lane* is one
way to take a space: a room has one (with all its parts), a pool of forty desks has forty. A lane is free where the
space is open and neither taken, kept free nor part of an agreement (a fixed desk). Past rows are never read.

`moved`: the booking that would be moved there; what it takes counts as free.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from totem.bookings.models import Booking
from totem.core.periods import MINUTE, Period, ceil_to_step, intersect
from totem.spaces import queries as space_queries
from totem.spaces.models import Space
from totem.spaces.rules import allowed_lengths, earliest_start, latest_start

# The days of an agreement `a` of hub `h`, from midnight to midnight in the hub's zone: its unit is nobody else's.
AGREED_DAYS = """
LATERAL (SELECT tstzrange(a.starts_on::timestamp AT TIME ZONE h.time_zone,
                          (a.ends_on + 1)::timestamp AT TIME ZONE h.time_zone) AS days) agreed
"""

# Parameters: ids, open, before, after (one element a space), starts_at, ends_at, now; moved, the id of a booking;
# reach_from and reach_until, the window widened by the largest buffers: being constants, they let the index of each
# unit begin where the window does.
LANES = (
    """
WITH wanted AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(open)s::tstzmultirange[], %(before)s::interval[], %(after)s::interval[])
               AS w(space_id, open, before, after)
), lane AS (
    SELECT w.space_id, CASE WHEN s.quantity > 1 THEN u.id ELSE 0 END AS lane, u.id AS unit_id, w.before, w.after
      FROM wanted w JOIN spaces_space s ON s.id = w.space_id JOIN spaces_unit u ON u.space_id = s.id AND u.is_active
    UNION ALL
    SELECT w.space_id, 0, u.id, w.before, w.after
      FROM wanted w JOIN spaces_composition c ON c.whole_id = w.space_id
      JOIN spaces_unit u ON u.space_id = c.part_id AND u.is_active
), taken AS (
    SELECT l.space_id, l.lane, range_agg(t.during) AS taken
      FROM lane l LEFT JOIN LATERAL (
          SELECT CASE WHEN o.is_buffer THEN o.during
                      ELSE tstzrange(lower(o.during) - l.after, upper(o.during) + l.before) END AS during
            FROM bookings_occupancy o
           WHERE o.unit_id = l.unit_id AND upper(o.during) > %(reach_from)s AND lower(o.during) < %(reach_until)s
             AND (o.held_until IS NULL OR o.held_until > %(now)s) AND o.booking_id <> %(moved)s
          UNION ALL
          SELECT g.during FROM spaces_outage g
           WHERE g.unit_id = l.unit_id AND g.during && tstzrange(%(starts_at)s, %(ends_at)s)
          UNION ALL
          SELECT days FROM memberships_agreement a JOIN hubs_hub h ON h.id = a.hub_id, """
    + AGREED_DAYS
    + """
           WHERE a.unit_id = l.unit_id AND a.state IN ('to_sign', 'active')
             AND days && tstzrange(%(starts_at)s, %(ends_at)s)
      ) t ON true
     GROUP BY 1, 2
), free AS (
    SELECT t.space_id, t.lane, w.open - coalesce(t.taken, '{}'::tstzmultirange) AS free
      FROM taken t JOIN wanted w USING (space_id)
)
"""
)

_FREE_COUNT = (
    LANES
    + """
SELECT space_id, count(*) FROM free WHERE free @> tstzrange(%(starts_at)s, %(ends_at)s) GROUP BY space_id
"""
)

# A space is free where at least one lane is.
_FREE_TIMES = (
    LANES
    + """
, one AS (SELECT space_id, r FROM free, unnest(free) AS r)
, joined AS (SELECT space_id, range_agg(r) AS free FROM one GROUP BY space_id)
SELECT space_id, array_agg(ceil(extract(epoch FROM lower(r)) / 60)::int ORDER BY r),
       array_agg(floor(extract(epoch FROM upper(r)) / 60)::int ORDER BY r)
  FROM joined, unnest(free) AS r GROUP BY space_id
"""
)

# Until when `quantity` lanes are free from the start of the window on.
_FREE_UNTIL = (
    LANES
    + """
SELECT upper(r) FROM free, unnest(free) AS r
 WHERE r @> %(starts_at)s::timestamptz ORDER BY 1 DESC OFFSET %(quantity)s - 1 LIMIT 1
"""
)

# The earliest and latest start of a booking of `length` in each stretch where `quantity` lanes have it at once, the
# first `most` of them per space: the lanes' own stretches are swept in order of time, counting those begun, not ended.
_STARTS = (
    LANES
    + """
, start AS (
    SELECT space_id, lower(r) AS first, upper(r) - %(length)s::interval AS last
      FROM free, unnest(free) AS r WHERE upper(r) - lower(r) >= %(length)s::interval
), turn AS (
    SELECT space_id, first AS at, 1 AS way FROM start UNION ALL SELECT space_id, last, -1 FROM start
), swept AS (
    SELECT space_id, at, way,
           sum(way) OVER (PARTITION BY space_id ORDER BY at, way DESC ROWS UNBOUNDED PRECEDING) AS lanes
      FROM turn
), stretch AS (
    SELECT space_id, way, at AS first, lead(at) OVER (PARTITION BY space_id ORDER BY at, way DESC) AS last,
           row_number() OVER (PARTITION BY space_id ORDER BY at, way DESC) AS turn
      FROM swept WHERE lanes = %(quantity)s + (way - 1) / 2
)
SELECT space_id, first, last FROM stretch WHERE way = 1 AND turn < 2 * %(most)s ORDER BY space_id, first
"""
)

_FREE_UNITS = (
    """
SELECT u.id,
       EXISTS (SELECT FROM bookings_occupancy o
                WHERE o.unit_id = u.id AND upper(o.during) > %(starts_at)s::timestamptz - %(before)s::interval
                  AND lower(o.during) < %(ends_at)s::timestamptz + %(after)s::interval)
  FROM spaces_unit u
 WHERE u.space_id = ANY(%(space_ids)s) AND u.is_active
   AND NOT EXISTS (
       SELECT FROM bookings_occupancy o
        WHERE o.unit_id = u.id
          AND upper(o.during) > %(starts_at)s::timestamptz - %(before)s::interval
          AND lower(o.during) < %(ends_at)s::timestamptz + %(after)s::interval
          AND (NOT o.is_buffer OR o.during && tstzrange(%(starts_at)s, %(ends_at)s))
          AND (o.held_until IS NULL OR o.held_until > %(now)s) AND o.booking_id <> %(lengthened)s)
   AND NOT EXISTS (
       SELECT FROM spaces_outage g
        WHERE g.unit_id = u.id AND g.during && tstzrange(%(starts_at)s, %(ends_at)s))
   AND NOT EXISTS (
       SELECT FROM memberships_agreement a JOIN hubs_hub h ON h.id = a.hub_id, """
    + AGREED_DAYS
    + """
        WHERE a.unit_id = u.id AND a.state IN ('to_sign', 'active')
          AND days && tstzrange(%(starts_at)s, %(ends_at)s))
 ORDER BY u.id <> ALL(%(own)s::bigint[]), u.space_id, u.number LIMIT %(most)s
"""
)


class FreeUnit(NamedTuple):
    """A unit that is free; `has_rows`: an expired hold, or a buffer that may be shared, still has rows there."""

    pk: int
    has_rows: bool


def free_units(
    space: Space,
    space_ids: Sequence[int],
    period: Period,
    *,
    quantity: int,
    now: datetime,
    lengthened: Booking | None = None,
) -> list[FreeUnit]:
    """The units that a booking would take; empty where not enough are free.

    `space_ids` are the space's and its parts'. Call it under their locks; expired holds count as free. `lengthened`:
    the booking that would go on for `period`, on its own units if it can.
    """
    wanted = quantity if space.is_pool else len(space_ids)
    parameters: dict[str, Any] = {
        "space_ids": list(space_ids),
        "starts_at": period.starts_at,
        "ends_at": period.ends_at,
        "before": space.buffer_before,
        "after": space.buffer_after,
        "now": now,
        "most": wanted,
        "lengthened": _id_of(lengthened),
        "own": list(lengthened.occupancy.values_list("unit_id", flat=True)) if lengthened else [],
    }
    with connection.cursor() as cursor:
        cursor.execute(_FREE_UNITS, parameters)
        units = list(map(FreeUnit._make, cursor.fetchall()))
    return units if len(units) == wanted else []


def _multirange(opening: Iterable[Period]) -> str:
    return "{" + ",".join(f"[{p.starts_at.isoformat()},{p.ends_at.isoformat()})" for p in opening) + "}"


def _multiranges(spaces: Sequence[Space], opening: dict[int, list[Period]]) -> list[str]:
    """One multirange a space; spaces with the hub's hours share one list, which is formatted once."""
    written: dict[int, str] = {}
    for space in spaces:
        shared = opening[space.pk]
        if id(shared) not in written:
            written[id(shared)] = _multirange(shared)
    return [written[id(opening[space.pk])] for space in spaces]


def ask(
    sql: str,
    spaces: Sequence[Space],
    window: Period,
    now: datetime,
    opening: dict[int, list[Period]] | None = None,
    *,
    moved: Booking | None = None,
    **more: Any,
) -> list[tuple[Any, ...]]:
    if opening is None:
        opening = space_queries.open_periods(spaces, window)
    parameters = {
        "ids": [space.pk for space in spaces],
        "open": _multiranges(spaces, opening),
        "before": [space.buffer_before for space in spaces],
        "after": [space.buffer_after for space in spaces],
        "starts_at": window.starts_at,
        "ends_at": window.ends_at,
        "reach_from": window.starts_at - max((space.buffer_before for space in spaces), default=timedelta()),
        "reach_until": window.ends_at + max((space.buffer_after for space in spaces), default=timedelta()),
        "now": now,
        "moved": _id_of(moved),
        **more,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _id_of(moved: Booking | None) -> int:
    return moved.pk if moved is not None else 0


def free_counts(
    spaces: Sequence[Space],
    period: Period,
    now: datetime,
    *,
    opening: dict[int, list[Period]] | None = None,
    moved: Booking | None = None,
) -> dict[int, int]:
    """How many units of each space (by id) are free for all of `period`; spaces with none are left out.

    `opening`: when the spaces are open within `period`, where the caller has asked already.
    """
    return dict(ask(_FREE_COUNT, spaces, period, now, opening, moved=moved))


def free_times(
    spaces: Sequence[Space],
    window: Period,
    now: datetime,
    *,
    opening: dict[int, list[Period]] | None = None,
    moved: Booking | None = None,
) -> dict[int, list[Period]]:
    """When each space (by id) is free within `window`, in whole minutes; of a pool, when one unit is.

    `opening`: when the spaces are open within `window`, where the caller has asked already.
    """
    return {
        pk: [Period(datetime.fromtimestamp(a * 60, UTC), datetime.fromtimestamp(b * 60, UTC)) for a, b in spans]
        for pk, lowers, uppers in ask(_FREE_TIMES, spaces, window, now, opening, moved=moved)
        for spans in [zip(lowers, uppers, strict=True)]
    }


def free_until(
    booking: Booking, latest: datetime, now: datetime, *, opening: dict[int, list[Period]] | None = None
) -> datetime:
    """Until when, `latest` at most, the booking could be lengthened; its end where it cannot.

    `opening`: when its space is open after its end, where that is not to be asked.
    """
    if latest <= booking.ends_at:
        return booking.ends_at
    window = Period(booking.ends_at, latest)
    found = ask(_FREE_UNTIL, [booking.space], window, now, opening, moved=booking, quantity=booking.quantity)
    return found[0][0] if found else booking.ends_at


@dataclass(frozen=True)
class Slot:
    """A period in which a space can be booked."""

    space: Space
    period: Period

    @property
    def starts_at(self) -> datetime:
        return self.period.starts_at

    @property
    def ends_at(self) -> datetime:
        return self.period.ends_at


def start_windows(
    spaces: Sequence[Space],
    window: Period,
    length: timedelta,
    now: datetime,
    *,
    hours: Sequence[Period] | None = None,
    quantity: int = 1,
    most: int = 4,
    opening: dict[int, list[Period]] | None = None,
    moved: Booking | None = None,
) -> dict[int, list[Period]]:
    """For each space (by id), its first windows of possible starts, from the earliest to the latest start.

    `hours` narrows the opening periods (between nine and noon on a day, say); what comes too soon for the notice of a
    space is left out, so that it is not among the first. `opening`: when the spaces are open within `window`, where the
    caller has asked already.
    """
    if opening is None:
        opening = space_queries.open_periods(spaces, window)
    opening = _bookable(spaces, opening, window.ends_at, now, hours)
    found: dict[int, list[Period]] = {}
    wanted = {"length": length, "most": most, "quantity": quantity}
    for pk, first, last in ask(_STARTS, spaces, window, now, opening, moved=moved, **wanted):
        found.setdefault(pk, []).append(Period(first, last))
    return found


def _bookable(
    spaces: Sequence[Space],
    opening: dict[int, list[Period]],
    until: datetime,
    now: datetime,
    hours: Sequence[Period] | None,
) -> dict[int, list[Period]]:
    """The opening of each space within `hours`, after its notice; lists shared by spaces stay shared."""
    cut: dict[tuple[int, datetime], list[Period]] = {}
    bookable = {}
    for space in spaces:
        opened, earliest = opening[space.pk], earliest_start(space, now)
        known = id(opened), earliest
        if known not in cut:
            reached = intersect(opened, [Period(earliest, until)])
            cut[known] = reached if hours is None else intersect(reached, hours)
        bookable[space.pk] = cut[known]
    return bookable


def aligned(space: Space, window: Period, length: timedelta, not_before: datetime) -> Slot | None:
    """The first slot of `length` on a step of the space that starts within `window`, not before an instant."""
    start = ceil_to_step(max(window.starts_at, not_before), space.step, space.hub.zone)
    return Slot(space, Period(start, start + length)) if start <= window.ends_at else None


def first_slots(
    spaces: Sequence[Space],
    window: Period,
    length: timedelta,
    now: datetime,
    *,
    hours: Sequence[Period] | None = None,
    quantity: int = 1,
) -> list[Slot]:
    """The first slot of `length` in each space that the rules for visitors allow, soonest first.

    Spaces come with hub, commune and department. Those that `length` does not suit are left out.
    """
    minutes = length // MINUTE
    fitting = [space for space in spaces if minutes in allowed_lengths(space)]
    if not fitting:
        return []
    slots = []
    stretches = start_windows(fitting, window, length, now, hours=hours, quantity=quantity)
    for space in fitting:
        found = (aligned(space, w, length, earliest_start(space, now)) for w in stretches.get(space.pk, ()))
        first = next((slot for slot in found if slot), None)
        if first and first.starts_at <= latest_start(space, now):
            slots.append(first)
    return sorted(slots, key=lambda slot: (slot.starts_at, slot.space.capacity, slot.space.name))
