"""Queries of spaces: opening periods, outages, and the spaces that a booking takes."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import BigIntegerField, Count, Q

from totem.core import periods
from totem.core.compiled_queries import CompiledQuery, QueryParameter
from totem.core.periods import HoursLine, Period
from totem.hubs import queries as hub_queries
from totem.hubs.queries import period_of
from totem.spaces.models import Composition, Price, Space, Unit
from totem.spaces.pricing import Quote, UnpricedError, quote

# Plain SQL, as these three are asked before every availability: building the statement cost more than running it.
_OWN_HOURS = (
    "SELECT space_id, weekday, opens_at, closes_at FROM spaces_spacehours WHERE space_id = ANY(%s) ORDER BY 2, 3"
)
_OUTAGES = """
SELECT n.whole_id, o.during
  FROM (SELECT id AS whole_id, id AS part_id FROM unnest(%(ids)s::bigint[]) AS id
        UNION ALL SELECT whole_id, part_id FROM spaces_composition WHERE whole_id = ANY(%(ids)s)) n
  JOIN spaces_outage o ON o.space_id = n.part_id
  JOIN spaces_space s ON s.id = o.space_id
 WHERE (o.unit_id IS NULL OR s.quantity = 1) AND o.during && tstzrange(%(starts_at)s, %(ends_at)s)
"""
_PRICED = """
SELECT DISTINCT p.space_id, p.starts_on, p.ends_on FROM spaces_price p JOIN spaces_space s ON s.id = p.space_id
 WHERE p.space_id = ANY(%(ids)s) AND p.starts_on <= %(last)s AND (p.ends_on IS NULL OR p.ends_on >= %(first)s)
   AND p.weekdays = 127 AND p.from_minute = 0 AND p.until_minute = 1440
   AND (NOT p.for_members OR s.audience IN ('members', 'team'))
"""


def open_periods(
    spaces: Iterable[Space], window: Period, *, outages: dict[int, list[Period]] | None = None
) -> dict[int, list[Period]]:
    """When each space (by id) can be used within `window`: a constant number of queries.

    The hub's hours, cut to the space's own where it has some, less the outages of the space and of its parts. Outages
    of single units of a pool are not here: they close a unit, not the space. The spaces come with hub, commune and
    department. `outages`: those of `outages_of`, where the caller has asked already.
    """
    spaces = list(spaces)
    hubs = {space.hub_id: space.hub for space in spaces}
    hub_opening = hub_queries.open_periods(hubs.values(), window)
    own_hours = _own_hours(spaces)
    if outages is None:
        outages = outages_of(spaces, window)
    opened: dict[int, list[Period]] = {}
    by_hours: dict[tuple[int, tuple[HoursLine, ...]], list[Period]] = {}  # spaces of the same hours share a list
    for space in spaces:
        key = space.hub_id, tuple(own_hours.get(space.pk, ()))
        if key not in by_hours:
            by_hours[key] = _opening_of(space, key[1], hub_opening[space.hub_id], window)
        opening = by_hours[key]
        if space.pk in outages:
            opening = periods.subtract(opening, outages[space.pk])
        opened[space.pk] = opening
    return opened


def _opening_of(
    space: Space, own_hours: Sequence[HoursLine], hub_opening: list[Period], window: Period
) -> list[Period]:
    """The hub's opening, cut to the space's own hours where it has some."""
    if not own_hours:
        return hub_opening
    return periods.intersect(hub_opening, periods.expand_week(own_hours, window, space.hub.zone))


def open_hours(spaces: Iterable[Space], asked: Sequence[Period]) -> list[dict[int, Decimal]]:
    """For each period the hours that each space (by id) can be used, its units in service today together.

    As `open_periods`: a constant number of queries for any number of spaces and periods.
    """
    spaces = list(spaces)
    if not spaces or not asked:
        return [{} for _ in asked]
    window = Period(min(period.starts_at for period in asked), max(period.ends_at for period in asked))
    opened = open_periods(spaces, window)
    # Spaces of the same hours share a list: it is added up once.
    sums = {id(opening): [_hours(opening, one) for one in asked] for opening in opened.values()}
    active = Unit.objects.filter(space__in=spaces, is_active=True).values_list("space_id")
    units = dict(active.annotate(count=Count("pk")))
    return [
        {space.pk: units.get(space.pk, 0) * sums[id(opened[space.pk])][n] for space in spaces}
        for n in range(len(asked))
    ]


def _hours(opening: Sequence[Period], asked: Period) -> Decimal:
    """The hours of sorted, disjoint periods within another."""
    first = bisect_right(opening, asked.starts_at, key=lambda period: period.ends_at)
    last = bisect_left(opening, asked.ends_at, key=lambda period: period.starts_at)
    within = (min(one.ends_at, asked.ends_at) - max(one.starts_at, asked.starts_at) for one in opening[first:last])
    return Decimal(sum(within, timedelta()) / timedelta(seconds=1)) / 3600


def _own_hours(spaces: Iterable[Space]) -> dict[int, list[HoursLine]]:
    found: defaultdict[int, list[HoursLine]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_OWN_HOURS, [[space.pk for space in spaces]])
        for space_id, *line in cursor.fetchall():
            found[space_id].append(HoursLine(*line))
    return found


def outages_of(spaces: Iterable[Space], window: Period) -> dict[int, list[Period]]:
    """The periods within `window` when the whole of each space, or a part it needs, is out of order."""
    ids = [space.pk for space in spaces]
    closed: defaultdict[int, list[Period]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_OUTAGES, {"ids": ids, "starts_at": window.starts_at, "ends_at": window.ends_at})
        for space_id, during in cursor.fetchall():
            closed[space_id].append(period_of(during))
    return dict(closed)


_PARTS = CompiledQuery(
    lambda: Composition.objects.filter(whole_id=QueryParameter("space", BigIntegerField())).values_list("part_id")
)


def needed_space_ids(space_id: int) -> list[int]:
    """The ids, in order, of the spaces that a booking of this one takes: itself and the parts of a composite."""
    return sorted({space_id, *(part_id for (part_id,) in _PARTS.rows(space=space_id))})


def priced_days(spaces: Sequence[Space], days: Sequence[date]) -> dict[int, set[date]]:
    """On which of the days each space (by id) has a price all day for who may book it; one query at most."""
    if not spaces:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PRICED, {"ids": [space.pk for space in spaces], "first": days[0], "last": days[-1]})
        held = cursor.fetchall()
    found: dict[int, set[date]] = {space.pk: set() for space in spaces}
    for space_id, first, last in held:
        found[space_id].update(day for day in days if first <= day and (last is None or day <= last))
    return found


def quotes_of(wanted: Iterable[tuple[Space, Period, int, bool]]) -> list[Quote | None]:
    """The price as of today of each (space, period, quantity, whether for a member), in one query.

    None where the prices leave a moment out.
    """
    wanted = list(wanted)
    prices: defaultdict[int, list[Price]] = defaultdict(list)
    if wanted:
        for price in Price.objects.filter(space__in={space.pk for space, *_ in wanted}).order_by("per"):
            prices[price.space_id].append(price)
    return [
        quote_or_none(space, prices[space.pk], period, quantity, is_member=is_member)
        for space, period, quantity, is_member in wanted
    ]


def quote_at(space: Space, prices: Sequence[Price], period: Period, quantity: int, *, is_member: bool) -> Quote:
    """The price of a booking, of the prices of the space. Raises UnpricedError where they leave a moment out."""
    zone, is_free = space.hub.zone, space.free_of_charge
    return quote(prices, period, zone, quantity=quantity, is_free=is_free, is_member=is_member)


def quote_or_none(
    space: Space, prices: Sequence[Price], period: Period, quantity: int, *, is_member: bool
) -> Quote | None:
    """As `quote_at`; None where the prices leave a moment out."""
    try:
        return quote_at(space, prices, period, quantity, is_member=is_member)
    except UnpricedError:
        return None


def prices_during(space: Space, window: Period) -> list[Price]:
    """The prices that hold on a local day of `window`."""
    days = list(periods.local_days(window, space.hub.zone))
    return list(
        Price.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=days[0]), space=space, starts_on__lte=days[-1]
        ).order_by("per")
    )
