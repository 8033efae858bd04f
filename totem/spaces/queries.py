"""When spaces are open, and what booking one takes with it."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from totem.core import periods
from totem.core.periods import Period
from totem.hubs import queries as hub_queries
from totem.hubs.queries import period_of
from totem.spaces.models import Composition, Outage, Price, Space, SpaceHours


def open_periods(spaces: Iterable[Space], window: Period) -> dict[int, list[Period]]:
    """When each space (by id) can be used within `window`: a constant number of queries.

    The hub's hours, cut to the space's own where it has some, less the outages of the space and of its parts. Outages
    of single units of a pool are not here: they close a unit, not the space. The spaces come with hub, commune and
    department.
    """
    spaces = list(spaces)
    hubs = {space.hub_id: space.hub for space in spaces}
    hub_opening = hub_queries.open_periods(hubs.values(), window)
    own_hours: defaultdict[int, list[SpaceHours]] = defaultdict(list)
    for line in SpaceHours.objects.filter(space__in=spaces):
        own_hours[line.space_id].append(line)
    outages = outages_of(spaces, window)
    opened = {}
    for space in spaces:
        opening = hub_opening[space.hub_id]
        if space.pk in own_hours:
            opening = periods.intersect(opening, periods.expand_week(own_hours[space.pk], window, space.hub.zone))
        if space.pk in outages:
            opening = periods.subtract(opening, outages[space.pk])
        opened[space.pk] = opening
    return opened


def outages_of(spaces: Iterable[Space], window: Period) -> dict[int, list[Period]]:
    """The periods within `window` when the whole of each space, or a part it needs, is out of order."""
    spaces = list(spaces)
    parts = Composition.objects.filter(whole__in=spaces).values_list("whole_id", "part_id")
    wholes: defaultdict[int, set[int]] = defaultdict(set)
    for space in spaces:
        wholes[space.pk].add(space.pk)
    for whole_id, part_id in parts:
        wholes[part_id].add(whole_id)
    closes_all = Q(unit__isnull=True) | Q(space__quantity=1)
    rows = Outage.objects.filter(closes_all, space__in=wholes.keys(), during__overlap=window)
    closed: defaultdict[int, list[Period]] = defaultdict(list)
    for row in rows:
        for whole_id in wholes[row.space_id]:
            closed[whole_id].append(period_of(row.during))
    return dict(closed)


def needed_space_ids(space_id: int) -> list[int]:
    """The ids, in order, of the spaces that a booking of this one takes: itself and the parts of a composite."""
    parts = Composition.objects.filter(whole_id=space_id).values_list("part_id", flat=True)
    return sorted({space_id, *parts})


def prices_during(space: Space, window: Period) -> list[Price]:
    """The prices that hold on a local day of `window`."""
    days = list(periods.local_days(window, space.hub.zone))
    return list(
        Price.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=days[0]), space=space, starts_on__lte=days[-1]
        ).order_by("per")
    )
