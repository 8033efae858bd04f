"""The figures of a hub, as its team, its funders and its label file read them."""

from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from totem.core import clock, measures, periods
from totem.core.measures import Measurement
from totem.core.periods import Period
from totem.hubs.models import Hub
from totem.hubs.permissions import SEE_DESK, hub_for
from totem.hubs.subjects import HUB

MONTHS_SHOWN = 12
BY_MONTH = ("bookings_made", "occupancy")


@dataclass(frozen=True)
class Month:
    """One calendar month of the table: its first day, and a figure for each column."""

    first_day: date
    measurements: list[Measurement]


def months_until(now: datetime, hub: Hub) -> list[Period]:
    """The last twelve whole calendar months in the hub's zone, oldest first."""
    today = now.astimezone(hub.zone)
    firsts = [divmod(today.year * 12 + today.month - 1 - back, 12) for back in range(MONTHS_SHOWN, -1, -1)]
    starts = [periods.at_wall_clock(date(y, m + 1, 1), time.min, hub.zone) for y, m in firsts]
    return [Period(start, end) for start, end in pairwise(starts)]


def _month(hub: Hub, month: Period, now: datetime) -> Month:
    measurements = [measures.take(name, [hub], month, now) for name in BY_MONTH]
    return Month(month.starts_at.astimezone(hub.zone).date(), measurements)


@require_safe
def figures(request: HttpRequest, slug: str) -> HttpResponse:
    """Every measure about the hub over the last twelve whole months, each with its method; the moving ones by month."""
    hub = hub_for(request.user, slug, SEE_DESK)
    now = clock.now()
    months = months_until(now, hub)
    year = Period(months[0].starts_at, months[-1].ends_at)
    context = {
        "hub": hub,
        "year": year,
        "measurements": [measures.take(known.name, [hub], year, now) for known in measures.about(HUB)],
        "columns": [measures.get(name) for name in BY_MONTH],
        "months": [_month(hub, month, now) for month in months],
    }
    return render(request, "website/figures.html", context)
