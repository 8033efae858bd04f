"""Measures of hubs."""

from datetime import time, timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta
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


@measure(
    "open_hours_per_week",
    subject=HUB,
    label=_("Opening hours per week"),
    unit=CountedUnit(_("hour"), _("hours")),
    method=_("The hours of an ordinary week during which the hub is open, without closures or public holidays."),
    combine=Combine.MAX,
)
def open_hours_per_week(hub: Hub, period: Period) -> Figure:  # noqa: ARG001 - the timetable of today
    lines = OpeningHours.objects.filter(hub=hub).values_list("opens_at", "closes_at")
    minutes = sum((_minutes(closes) - _minutes(opens) - 1) % DAY + 1 for opens, closes in lines)
    return Figure(Decimal(minutes) / 60)


DAY = 24 * 60


def _minutes(hour: time) -> int:
    return hour.hour * 60 + hour.minute


@measure(
    "hub_age",
    subject=HUB,
    label=_("Age of the place"),
    unit=CountedUnit(_("year"), _("years")),
    method=_(
        "Whole years since the first zone opened, on the last day of the period. Where a zone has no opening day, it "
        "is at least that of the others; where none has one, it is not known."
    ),
    combine=Combine.MAX,
)
def hub_age(hub: Hub, period: Period) -> Figure:
    last_day = (period.ends_at - timedelta.resolution).astimezone(hub.zone).date()
    days = list(Zone.objects.filter(hub=hub).exclude(opens_on__gt=last_day).values_list("opens_on", flat=True))
    known = [day for day in days if day is not None]
    if not known:
        return Figure(None)
    years = relativedelta(last_day, min(known)).years
    return Figure(None, low=Decimal(years)) if None in days else Figure(Decimal(years))
