"""Measures of bookings."""

from decimal import Decimal

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.bookings.models import Booking, Status
from totem.core.measures import Combine, CountedUnit, Figure, measure
from totem.core.periods import Period
from totem.hubs.models import Hub
from totem.hubs.subjects import HUB
from totem.spaces import queries as space_queries
from totem.spaces.models import Space, SpaceKind

WORKPLACES = (
    SpaceKind.HOT_DESKS,
    SpaceKind.FIXED_DESK,
    SpaceKind.OFFICE,
    SpaceKind.MEETING_ROOM,
    SpaceKind.EVENT_ROOM,
    SpaceKind.VISITING_DESKS,
)


@measure(
    "bookings_made",
    subject=HUB,
    label=_("Bookings"),
    unit=CountedUnit(_("booking"), _("bookings")),
    method=_("Confirmed bookings that start within the period; those refused, cancelled or expired do not count."),
    combine=Combine.SUM,
)
def bookings_made(hub: Hub, period: Period) -> Figure:
    starts = Q(starts_at__gte=period.starts_at, starts_at__lt=period.ends_at)
    return Figure.of(Booking.objects.filter(starts, hub=hub, status=Status.CONFIRMED).count())


# Hours that confirmed bookings take of each space's units, buffers left out, cut to the period.
_HOURS_TAKEN = """
SELECT u.space_id, extract(epoch FROM sum(
           least(upper(o.during), %(ends_at)s) - greatest(lower(o.during), %(starts_at)s))) / 3600
  FROM bookings_occupancy o
  JOIN bookings_booking b ON b.id = o.booking_id AND b.status = 'confirmed'
  JOIN spaces_unit u ON u.id = o.unit_id
 WHERE u.space_id = ANY(%(spaces)s) AND NOT o.is_buffer
   AND upper(o.during) > %(starts_at)s AND lower(o.during) < %(ends_at)s
 GROUP BY u.space_id
"""


@measure(
    "occupancy",
    subject=HUB,
    label=_("Occupancy"),
    unit="%",
    method=_(
        "Hours booked and confirmed, of the hours that today's desks, offices and rooms were open during the period. "
        "A room made of others counts through its parts; machines and equipment are left out."
    ),
    combine=Combine.RATIO,
)
def occupancy(hub: Hub, period: Period) -> Figure:
    spaces = list(
        Space.objects.active()
        .filter(hub=hub, kind__in=WORKPLACES, parts__isnull=True)
        .select_related("hub__commune__department")
    )
    with connection.cursor() as cursor:
        ids = [space.pk for space in spaces]
        cursor.execute(_HOURS_TAKEN, {"spaces": ids, "starts_at": period.starts_at, "ends_at": period.ends_at})
        taken = dict(cursor.fetchall())
    (open_hours,) = space_queries.open_hours(spaces, [period])
    return Figure.ratio(sum(taken.values(), Decimal(0)), sum(open_hours.values(), Decimal(0)))
