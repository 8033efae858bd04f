"""The period of a hub's figures: which days are asked for, what of them has passed, and the days to compare with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.forms import DateField
from totem.core.periods import DAY, Period, at_wall_clock
from totem.hubs.models import Hub

LONGEST = timedelta(days=3 * 366)
MONTHS_SHOWN = 12
THIS_WEEK, LAST_WEEK, THIS_MONTH, LAST_MONTH = "semaine", "semaine-derniere", "mois", "mois-dernier"
NAMES = {
    LAST_WEEK: gettext_lazy("Last week"),
    THIS_WEEK: gettext_lazy("This week"),
    LAST_MONTH: gettext_lazy("Last month"),
    THIS_MONTH: gettext_lazy("This month"),
}
BEFORE = {
    LAST_WEEK: gettext_lazy("The week before"),
    LAST_MONTH: gettext_lazy("The month before"),
}
BEFORE_AS_FAR = {
    THIS_WEEK: gettext_lazy("Last week, as far on"),
    THIS_MONTH: gettext_lazy("Last month, as far on"),
}
Days = tuple[date, date]


@dataclass(frozen=True)
class ReportPeriod:
    """Days of a hub, both ends included, and their hours until now; `before`: what they are compared with, if anything.

    `is_running`: they are not over, and `before` is as far on. `begins_late`: earlier days were asked for, before the
    hub's first booking. `name` is that of a usual one, or empty.
    """

    name: str
    days: Days
    hours: Period
    is_running: bool
    begins_late: bool
    days_before: Days
    before: Period | None

    @property
    def query(self) -> str:
        """The parameters of the addresses that ask for it."""
        first, last = self.days
        return f"?period={self.name}" if self.name else f"?since={first}&until={last}"

    @property
    def before_words(self) -> str:
        """What it is compared with, in words."""
        if not self.is_running:
            return str(BEFORE.get(self.name, _("The days before")))
        return str(BEFORE_AS_FAR.get(self.name, _("The days before, as far on")))


def usual_days(name: str, today: date) -> Days:
    """The days of a usual period, its last one still to come in a running one."""
    week, month = today - today.weekday() * DAY, today.replace(day=1)
    if name in (THIS_WEEK, LAST_WEEK):
        monday = week if name == THIS_WEEK else week - 7 * DAY
        return monday, monday + 6 * DAY
    return month_of(month if name == THIS_MONTH else month - DAY)


def month_of(day: date) -> Days:
    """The first and the last day of the month that `day` is in."""
    first = day.replace(day=1)
    return first, (first + 31 * DAY).replace(day=1) - DAY


def days_before(name: str, days: Days) -> Days:
    """The days that those are compared with: the week or month before, or as many days."""
    first, last = days
    if name in (THIS_MONTH, LAST_MONTH):
        return month_of(first - DAY)
    length = last - first + DAY
    return first - length, last - length


def report_period(hub: Hub, name: str, days: Days, *, first_booking: datetime, now: datetime) -> ReportPeriod | None:
    """The period of these days that lies between the hub's first booking and now; None where nothing does."""
    zone, here, opening = hub.zone, now.astimezone(hub.zone), first_booking.astimezone(hub.zone).date()
    first, last = max(days[0], opening), min(days[1], here.date())
    if first > last:
        return None
    earlier = days_before(name, days)
    hours = _hours(first, last, hub)
    is_running = hours.ends_at > now
    before = None
    if earlier[0] >= opening:
        before = _hours(*earlier, hub)
        if is_running:
            as_far = at_wall_clock(earlier[0] + (last - days[0]), here.time(), zone)
            before = Period(before.starts_at, min(before.ends_at, as_far))
            earlier = earlier[0], min(earlier[1], earlier[0] + (last - days[0]))
    hours = Period(hours.starts_at, min(hours.ends_at, now))
    return ReportPeriod(name, (first, last), hours, is_running, first > days[0], earlier, before)


def _hours(first: date, last: date, hub: Hub) -> Period:
    return Period(at_wall_clock(first, time.min, hub.zone), at_wall_clock(last + DAY, time.min, hub.zone))


def months_until(hub: Hub, first_booking: datetime | None, now: datetime) -> list[Period]:
    """The last twelve whole months in the hub's zone, oldest first, none before that of its first booking.

    The running month until now where none of them is whole.
    """
    today = now.astimezone(hub.zone).date()
    opening = min(first_booking or now, now).astimezone(hub.zone).date().replace(day=1)
    months: list[Period] = []
    first, last = month_of(today.replace(day=1) - DAY)
    while first >= opening and len(months) < MONTHS_SHOWN:
        months.append(_hours(first, last, hub))
        first, last = month_of(first - DAY)
    return months[::-1] or [Period(at_wall_clock(today.replace(day=1), time.min, hub.zone), now)]


class ReportForm(forms.Form):
    """The days to count: `since` and `until`, or a usual `period`. Without either the last week, or the running one."""

    hide_optional = True
    since = DateField(label=gettext_lazy("From day"), required=False)
    until = DateField(label=gettext_lazy("Until day"), required=False)

    def __init__(self, data: Mapping[str, Any], hub: Hub, *, first_booking: datetime | None, now: datetime) -> None:
        super().__init__(data)
        self.hub, self.first_booking, self.now = hub, first_booking, now
        self.today = now.astimezone(hub.zone).date()
        self.name = str(data.get("period", ""))
        for field in self.fields.values():
            field.widget.attrs["max"] = self.today.isoformat()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        since, until = values.get("since"), values.get("until")
        if self.errors:
            return values
        if since and since > self.today:
            self.add_error("since", _("This day has not begun."))
        elif since and until and until < since:
            self.add_error("until", _("The end is before the start."))
        elif until and not since:
            self.add_error("since", _("From which day?"))
        elif since and (until or self.today) - since > LONGEST:
            self.add_error("since", _("At most three years."))
        return values

    def usual(self) -> dict[str, ReportPeriod]:
        """The usual periods in which there is something to count, by name."""
        found = {name: self._period(name, usual_days(name, self.today)) for name in NAMES}
        return {name: period for name, period in found.items() if period}

    @property
    def period(self) -> ReportPeriod | None:
        """What is asked for; None where nothing of it can be counted, or where the form has errors."""
        if not self.is_valid():
            return None
        if since := self.cleaned_data["since"]:
            return self._period("", (since, self.cleaned_data["until"] or self.today))
        usual = self.usual()
        return usual.get(self.name) or next(iter(usual.values()), None)

    def _period(self, name: str, days: Days) -> ReportPeriod | None:
        if self.first_booking is None:
            return None
        return report_period(self.hub, name, days, first_booking=self.first_booking, now=self.now)
