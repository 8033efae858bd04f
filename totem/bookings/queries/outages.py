"""Which bookings an outage affects: by the units they take, whatever space they were booked as."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db.models import F, Q, QuerySet

from totem.spaces.models import Outage

_TAKEN = "space__units__occupancy"


def outages_by_booking(
    outages: "QuerySet[Outage]", now: datetime, *, of: Collection[int] | None = None
) -> dict[int, list[Outage]]:
    """The `outages`, with space and unit, by the id of each booking that they affect from `now` on, in one query.

    A whole takes the units of its parts, so that the outage of a part affects it; in a pool only the bookings of the
    broken unit are affected. `of`: the ids of the bookings asked about; without it, all that are not over.
    """
    conditions = {
        f"{_TAKEN}__is_buffer": False,
        f"{_TAKEN}__during__overlap": F("during"),
        f"{_TAKEN}__booking__ends_at__gt": now,
    }
    if of is not None:
        conditions[f"{_TAKEN}__booking__in"] = of
    found = (
        outages.filter(Q(during__upper_inf=True) | Q(during__endswith__gt=now))
        .filter(Q(unit=None) | Q(unit=F("space__units")), **conditions)
        .annotate(booking_id=F(f"{_TAKEN}__booking"))
        .select_related("space", "unit")
        .order_by("pk")
    )
    by_booking: defaultdict[int, dict[int, Outage]] = defaultdict(dict)
    for outage in found:
        by_booking[outage.booking_id][outage.pk] = outage
    return {booking_id: list(rows.values()) for booking_id, rows in by_booking.items()}
