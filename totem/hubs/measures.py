"""Measures of hubs."""

from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from totem.core.measures import Combine, CountedUnit, Figure, measure
from totem.core.periods import Period
from totem.hubs.models import Hub, OpeningHours, Zone
from totem.hubs.subjects import HUB


@measure(
    "hub_area",
    subject=HUB,
    label=_("Floor area"),
    unit="m²",
    method=_(
        "The floor areas of the zones that are open on the last day of the period, added up. What is planned is not "
        "in it. A zone without an opening day counts whatever the day, as it stands today."
    ),
    combine=Combine.SUM,
)
def hub_area(hub: Hub, period: Period) -> Figure:
    return _area(hub, period, planned=False)


@measure(
    "hub_area_planned",
    subject=HUB,
    label=_("Floor area planned"),
    unit="m²",
    method=_("The floor areas of the zones that open after the last day of the period, as plans are known today."),
    combine=Combine.SUM,
)
def hub_area_planned(hub: Hub, period: Period) -> Figure:
    return _area(hub, period, planned=True)


def _area(hub: Hub, period: Period, *, planned: bool) -> Figure:
    """m² of the zones that are, or are not, planned on the last day of the period; unknown where there is no zone."""
    zones = list(Zone.objects.filter(hub=hub))
    last_day = (period.ends_at - timedelta.resolution).astimezone(hub.zone).date()
    areas = (zone.area for zone in zones if zone.is_planned(last_day) is planned)
    return Figure(sum(areas, Decimal(0)) if zones else None)


@measure(
    "open_days_per_week",
    subject=HUB,
    label=_("Open days per week"),
    unit=CountedUnit(_("day"), _("days")),
    method=_("The days of an ordinary week on which the hub opens, without closures or public holidays."),
    combine=Combine.MAX,
)
def open_days_per_week(hub: Hub, period: Period) -> Figure:  # noqa: ARG001 - the timetable of today
    return Figure.of(OpeningHours.objects.filter(hub=hub).values("weekday").distinct().count())
