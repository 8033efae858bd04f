"""Forms of the public pages."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core import periods
from totem.core.forms import DateField, DateTimeInput, HourField, MinutesField
from totem.hubs.models import Hub
from totem.spaces.models import FARTHEST_DAYS, Feature, SpaceKind
from totem.spaces.rules import USUAL_MINUTES

FARTHEST = timedelta(days=FARTHEST_DAYS)
FARTHEST_BACK = timedelta(days=400)
LONGEST = 12 * 60


class FindForm(forms.Form):
    """The search of a free space. Every field has a default, so that an empty form is a valid search."""

    hide_optional = True
    people = forms.IntegerField(label=gettext_lazy("People"), min_value=1, max_value=1000, initial=1)
    minutes = MinutesField(label=gettext_lazy("Length"), minimum=30, maximum=LONGEST, initial=USUAL_MINUTES)
    day = DateField(label=gettext_lazy("Day"), required=False)
    after = HourField(label=gettext_lazy("Not before"), required=False)
    before = HourField(label=gettext_lazy("Over by"), required=False)
    hub = forms.ChoiceField(label=gettext_lazy("Hub"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind of space"), required=False)
    features = forms.MultipleChoiceField(
        label=gettext_lazy("What you need"),
        choices=Feature.choices,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "is-line"}),
        required=False,
    )

    def __init__(
        self, hubs: Sequence[Hub], data: QueryDict | None = None, *, today: date | None = None, **kwargs: Any
    ) -> None:
        super().__init__(None if data is None else _with_defaults(data), **kwargs)
        self.hubs = hubs
        self.today = today
        hub_choices = [("", _("All hubs")), *((hub.slug, hub.name) for hub in hubs)]
        self.fields["hub"].choices = hub_choices  # type: ignore[attr-defined]
        kind_choices = [("", _("Any place to work or meet")), *SpaceKind.choices]
        self.fields["kind"].choices = kind_choices  # type: ignore[attr-defined]
        if today is not None:
            self.fields["day"].widget.attrs["min"] = today.isoformat()

    def clean_day(self) -> date | None:
        day: date | None = self.cleaned_data["day"]
        if day is None or self.today is None:
            return day
        if day < self.today:
            raise forms.ValidationError(_("This day has passed."))
        if day > self.today + FARTHEST:
            raise forms.ValidationError(_("Nothing can be booked that far ahead."))
        return day

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            self._check_hours(values)
        return values

    def _check_hours(self, values: dict[str, Any]) -> None:
        after, before = values["after"] or time.min, values["before"] or time.min
        # Midnight, or an empty field, is the end of the day; an hour before the first is of the day after.
        latest = before.hour * 60 + before.minute + (24 * 60 if before <= after else 0)
        if latest - (after.hour * 60 + after.minute) < values["minutes"]:
            self.add_error("before", _("The time between these hours is shorter than the length."))


def _with_defaults(asked: QueryDict) -> QueryDict:
    """The submitted data, with one person and one hour as defaults."""
    data = asked.copy()
    for name, default in (("people", "1"), ("minutes", str(USUAL_MINUTES))):
        if not data.get(name):
            data[name] = default
    return data


class FreeForm(forms.Form):
    """The free spaces of a hub from `start`: an instant with its offset, or a local time of the hub."""

    start = forms.CharField(label=gettext_lazy("Start"), widget=DateTimeInput(step_minutes=15))
    minutes = MinutesField(label=gettext_lazy("Length"), minimum=15, maximum=24 * 60, step=15, initial=USUAL_MINUTES)

    def __init__(self, zone: ZoneInfo, now: datetime, data: Any = None) -> None:
        super().__init__(data)
        self.zone = zone
        self.now = now

    def clean_start(self) -> datetime:
        """The instant asked for, in UTC."""
        try:
            start = read_start(self.cleaned_data["start"], self.zone)
        except periods.NonexistentTimeError as error:
            raise forms.ValidationError(_("The clocks jump over this hour that night.")) from error
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(_("A day and an hour, such as 2026-11-26T14:00.")) from error
        if not self.now - FARTHEST_BACK <= start <= self.now + FARTHEST:
            raise forms.ValidationError(_("Too far from today."))
        return start


def read_start(text: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 instant in UTC; without an offset it is read on the clocks of `zone`.

    Raises ValueError where it is none, NonexistentTimeError where the clocks jump over it.
    """
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        return periods.parse_wall_clock(read.date(), read.time(), zone)
    return read.astimezone(UTC)


def read_day(text: str, today: date) -> date:
    """The day of `?date=`; today without one. Raises ValueError where it is not a day, or too far from today."""
    if not text:
        return today
    day = periods.parse_day(text)
    if not today - FARTHEST_BACK <= day <= today + FARTHEST:
        raise ValueError(text)
    return day
