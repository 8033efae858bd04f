"""Figures about hubs."""

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from totem.core.measures import Combine, Figure, measure
from totem.core.periods import Period
from totem.hubs.models import Hub, OpeningHours, Zone

HUB = "hubs.hub"


@measure(
    "hub_area",
    subject=HUB,
    label=_("Floor area"),
    unit="m²",
    method=_("The floor areas of the hub's zones added up, as they stand today."),
    combine=Combine.SUM,
)
def hub_area(hub: Hub, period: Period) -> Figure:  # noqa: ARG001 - the zones of today, whatever the period
    return Figure.of(Zone.objects.filter(hub=hub).aggregate(total=Sum("area"))["total"])


@measure(
    "open_days_per_week",
    subject=HUB,
    label=_("Open days per week"),
    unit=_("days"),
    method=_("The days of an ordinary week on which the hub opens, without closures or public holidays."),
    combine=Combine.MAX,
)
def open_days_per_week(hub: Hub, period: Period) -> Figure:  # noqa: ARG001 - the timetable of today
    return Figure.of(OpeningHours.objects.filter(hub=hub).values("weekday").distinct().count())
