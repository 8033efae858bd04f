"""When a hub is open: its week, and what is out of the ordinary."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.core.constraints import EqualAsRange, MinutesOfWeek
from totem.core.models import Dated
from totem.hubs.models.hub import Hub


class WeeklyHoursBase(models.Model):
    """A line of a weekly timetable. `closes_at` not after `opens_at` is on the next day; 00:00 closes at midnight."""

    class Weekday(models.IntegerChoices):
        MONDAY = 1, _("Monday")
        TUESDAY = 2, _("Tuesday")
        WEDNESDAY = 3, _("Wednesday")
        THURSDAY = 4, _("Thursday")
        FRIDAY = 5, _("Friday")
        SATURDAY = 6, _("Saturday")
        SUNDAY = 7, _("Sunday")

    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    opens_at = models.TimeField(_("from"))
    closes_at = models.TimeField(_("until"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}-{self.closes_at:%H:%M}"


class OpeningHours(WeeklyHoursBase):
    """A line of the hub's weekly opening hours."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="opening_hours")

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="hub_hours_weekday_is_iso"),
            ExclusionConstraint(
                name="hub_hours_never_overlap",
                expressions=[EqualAsRange.on("hub_id"), MinutesOfWeek.overlap()],
                violation_error_message=_("These hours overlap others of the same day."),
            ),
        ]


class ExceptionalHours(Dated):
    """An exceptional closure or opening. An opening overrides closures, public holidays and the week."""

    class Kind(models.TextChoices):
        CLOSED = "closed", _("Closed")
        OPEN = "open", _("Open")

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="exceptional_hours")
    kind = models.CharField(_("the hub is"), max_length=6, choices=Kind)
    during = DateTimeRangeField(_("when"))
    reason = models.CharField(_("reason, shown to the public"), max_length=160)

    class Meta:
        verbose_name = _("exceptional hours")
        verbose_name_plural = _("exceptional hours")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__lower_inf=False, during__upper_inf=False),
                name="exceptional_hours_bounded",
            ),
            ExclusionConstraint(
                name="closures_never_overlap",
                expressions=[EqualAsRange.on("hub_id"), ("during", RangeOperators.OVERLAPS)],
                condition=Q(kind="closed"),
                violation_error_message=_("Another closure already covers part of this time."),
            ),
            ExclusionConstraint(
                name="openings_never_overlap",
                expressions=[EqualAsRange.on("hub_id"), ("during", RangeOperators.OVERLAPS)],
                condition=Q(kind="open"),
                violation_error_message=_("Another exceptional opening already covers part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return self.reason
