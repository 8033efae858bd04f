"""How many units of spaces are free, in slots and as time goes on."""

from collections.abc import Sequence
from datetime import datetime

from totem.bookings.queries.availability import LANES, Slot, ask
from totem.core.periods import Period
from totem.spaces.models import Space

_FREE_IN_SLOTS = f"""{LANES}
SELECT f.space_id, count(*) FROM free f JOIN wanted w USING (space_id) WHERE f.free = w.open GROUP BY f.space_id
"""  # noqa: S608 - constant

# The units free from each whole minute on at which their number changes; what is left of a minute is not free.
_FREE_OVER_TIME = f"""{LANES}
, stretch AS (
    SELECT space_id, ceil(extract(epoch FROM lower(r)) / 60)::int AS first,
           floor(extract(epoch FROM upper(r)) / 60)::int AS last
      FROM free, unnest(free) AS r
), turn AS (
    SELECT space_id, first AS at, 1 AS way FROM stretch WHERE first < last
    UNION ALL SELECT space_id, last, -1 FROM stretch WHERE first < last
), step AS (
    SELECT space_id, at, sum(sum(way)) OVER (PARTITION BY space_id ORDER BY at)::int AS units
      FROM turn GROUP BY space_id, at
)
SELECT space_id, array_agg(at ORDER BY at), array_agg(units ORDER BY at) FROM step GROUP BY space_id
"""  # noqa: S608 - constant


def units_free_in(slots: Sequence[Slot], now: datetime) -> dict[int, int]:
    """How many units of each pool (by id) are free for all of its slot; one slot a pool, one query, or none."""
    if not slots:
        return {}
    window = Period(min(slot.starts_at for slot in slots), max(slot.ends_at for slot in slots))
    opening = {slot.space.pk: [slot.period] for slot in slots}
    return dict(ask(_FREE_IN_SLOTS, [slot.space for slot in slots], window, now, opening))


def units_free_over_time(
    spaces: Sequence[Space], window: Period, now: datetime, *, opening: dict[int, list[Period]]
) -> dict[int, tuple[list[int], list[int]]]:
    """For each space (by id) the minutes since 1970 at which the number of free units changes, and that number.

    A room has one unit. Minutes, because the calendars of a hub read thousands of them.
    """
    return {pk: (minutes, units) for pk, minutes, units in ask(_FREE_OVER_TIME, spaces, window, now, opening)}
