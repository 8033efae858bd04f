"""Forms of hours: the week of a hub or of a space, and periods out of the ordinary."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.forms import DateField, HourField
from totem.core.periods import HoursLine, NonexistentTimeError, Period, local_day, parse_wall_clock
from totem.hubs.actions import HoursOverlapError, check_hours
from totem.hubs.models import ExceptionalHours, Hub, WeeklyHoursBase


class HoursFields(NamedTuple):
    """The two fields of a line: from, until."""

    opens: forms.BoundField
    closes: forms.BoundField


class WeekdayFields(NamedTuple):
    """A day of the week with the fields of its lines."""

    number: int
    name: str
    lines: list[HoursFields]


MOST_LINES = 6


class WeekForm(forms.Form):
    """The hours of a week: on each day the existing lines, and one empty line."""

    hide_optional = True

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, lines: Iterable[WeeklyHoursBase | HoursLine] = ()
    ) -> None:
        by_day: dict[int, list[WeeklyHoursBase | HoursLine]] = {day: [] for day in range(1, 8)}
        for given in sorted(lines, key=lambda line: (line.weekday, line.opens_at)):
            by_day[given.weekday].append(given)
        super().__init__(data)
        line: WeeklyHoursBase | HoursLine | None
        for day in WeeklyHoursBase.Weekday:
            known = by_day[day.value]
            for place in range(max(self._sent(data, day.value), min(len(known) + 1, MOST_LINES), 2)):
                line = known[place] if place < len(known) else None
                words = {"day": day.label, "number": place + 1}
                self._add(f"d{day.value}_{place}_opens", _("%(day)s, hours %(number)s, from") % words, line, "opens_at")
                self._add(
                    f"d{day.value}_{place}_closes", _("%(day)s, hours %(number)s, until") % words, line, "closes_at"
                )

    def _add(self, name: str, label: str, line: WeeklyHoursBase | HoursLine | None, field: str) -> None:
        self.fields[name] = HourField(label=label, required=False, initial=getattr(line, field) if line else None)

    @staticmethod
    def _sent(data: Mapping[str, Any] | None, day: int) -> int:
        """How many lines of a day were submitted."""
        return sum(f"d{day}_{place}_opens" in data for place in range(MOST_LINES)) if data else 0

    def _names(self) -> Iterator[tuple[int, int, str, str]]:
        for name in self.fields:
            if name.endswith("_opens"):
                day, place, _end = name[1:].split("_")
                yield int(day), int(place), name, f"d{day}_{place}_closes"

    def days(self) -> list[WeekdayFields]:
        """The seven days with their fields, for the template."""
        days = {day.value: WeekdayFields(day.value, str(day.label), []) for day in WeeklyHoursBase.Weekday}
        for day, _place, opens, closes in self._names():
            days[day].lines.append(HoursFields(self[opens], self[closes]))
        return list(days.values())

    def clean(self) -> dict[str, Any]:
        lines: list[HoursLine] = []
        places: list[tuple[str, str]] = []
        for day, _place, opens, closes in self._names():
            if opens in self.errors or closes in self.errors:
                continue
            start, end = self.cleaned_data[opens], self.cleaned_data[closes]
            if (start is None) != (end is None):
                self.add_error(opens if start is None else closes, _("Both hours are needed."))
            elif start is not None:
                lines.append(HoursLine(day, start, end))
                places.append((opens, closes))
        try:
            check_hours(lines)
        except HoursOverlapError as error:
            for number in error.lines:
                self.add_error(places[number][0], _("These hours overlap others."))
        return {"lines": lines}

    def copied(self) -> "WeekForm":
        """Monday's hours on Tuesday to Friday too, nothing saved. Only of a valid form."""
        return type(self)(lines=self._monday_until_friday())

    def _monday_until_friday(self) -> list[HoursLine]:
        lines: Sequence[HoursLine] = self.cleaned_data["lines"]
        monday = [line for line in lines if line.weekday == 1]
        week = [line._replace(weekday=day) for day in range(1, 6) for line in monday]
        return [*week, *(line for line in lines if line.weekday > 5)]


class HubWeekForm(WeekForm):
    """The hub's week, and whether it closes on public holidays."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        lines: Iterable[WeeklyHoursBase | HoursLine] = (),
        hub: Hub,
    ) -> None:
        super().__init__(data, lines=lines)
        self.hub = hub
        self.fields["closed_on_public_holidays"] = forms.BooleanField(
            label=_("Closed on public holidays"), required=False, initial=hub.closed_on_public_holidays
        )
        customs = hub.commune.department.customary_holidays
        if customs:
            self.fields["customary_holidays"] = forms.MultipleChoiceField(
                label=_("Closed by custom on"),
                help_text=_("The law does not name these days: a hub chooses."),
                choices=[(custom.value, custom.label) for custom in customs],
                widget=forms.CheckboxSelectMultiple,
                required=False,
                initial=hub.customary_holidays,
            )

    def clean(self) -> dict[str, Any]:
        return {
            **super().clean(),
            "closed_on_public_holidays": self.cleaned_data.get("closed_on_public_holidays", False),
            "customary_holidays": self.cleaned_data.get("customary_holidays", []),
        }

    def copied(self) -> "HubWeekForm":
        form = type(self)(lines=self._monday_until_friday(), hub=self.hub)
        form.initial = {name: self.cleaned_data[name] for name in ("closed_on_public_holidays", "customary_holidays")}
        return form


def read_at(form: forms.Form, field: str, day: date, clock: time, zone: ZoneInfo) -> datetime | None:
    """The instant typed; None, and a message at the field, when the clocks jump over it."""
    try:
        return parse_wall_clock(day, clock, zone)
    except NonexistentTimeError:
        form.add_error(field, _("The clocks go forward that night: this time does not exist."))
        return None


class SpanForm(forms.Form):
    """A period from a day and optional hour until a day and optional hour; without hours, whole days.

    Cleans to `period` (in UTC, read in `zone`); a form may let it have no end.
    """

    first_day = DateField(label=gettext_lazy("From"))
    from_time = HourField(label=gettext_lazy("at"), required=False)
    last_day = DateField(label=gettext_lazy("Until"), required=False)
    until_time = HourField(label=gettext_lazy("at"), required=False)

    needs_end = True

    def __init__(self, data: Any = None, *, zone: ZoneInfo, now: datetime, **kwargs: Any) -> None:
        self.zone = zone
        self.now = now
        super().__init__(data, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        if not ({"first_day", "from_time", "last_day", "until_time"} & self.errors.keys()):
            data["starts_at"] = self._start(data)
            data["ends_at"] = self._end(data)
            self._check(data["starts_at"], data["ends_at"])
        return data

    def _start(self, data: dict[str, Any]) -> datetime | None:
        if data["from_time"] is None:
            return local_day(data["first_day"], self.zone).starts_at
        return read_at(self, "from_time", data["first_day"], data["from_time"], self.zone)

    def _end(self, data: dict[str, Any]) -> datetime | None:
        last_day, clock = data["last_day"], data["until_time"]
        if last_day is None and clock is None and not self.needs_end:
            return None
        if clock is None or (last_day is None and clock == time.min):  # « from 18:00 until 00:00 »: of that day
            return local_day(last_day or data["first_day"], self.zone).ends_at
        last_day = last_day or data["first_day"]
        return read_at(self, "until_time", last_day, clock, self.zone)

    def _check(self, starts_at: datetime | None, ends_at: datetime | None) -> None:
        if starts_at is None or ends_at is None:
            return
        if ends_at <= starts_at:
            field = "until_time" if self.cleaned_data["until_time"] else "last_day"
            self.add_error(field, _("The end is before the start."))
        elif ends_at <= self.now:
            self.add_error("last_day" if self.cleaned_data["last_day"] else "first_day", _("This is in the past."))


class ExceptionalForm(SpanForm):
    """A closure or an opening out of the ordinary. Without an end it is the one day; without hours, whole days."""

    kind = forms.ChoiceField(
        label=gettext_lazy("The hub is"),
        choices=ExceptionalHours.Kind.choices,
        initial=ExceptionalHours.Kind.CLOSED,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=gettext_lazy("Reason, shown to the public"), max_length=160)
    field_order = ("kind", "first_day", "from_time", "last_day", "until_time", "reason")

    @property
    def period(self) -> Period:
        """Call it on a valid form."""
        return Period(self.cleaned_data["starts_at"], self.cleaned_data["ends_at"])
