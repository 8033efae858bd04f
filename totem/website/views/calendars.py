"""The week and the day of a hub, and the week of a space."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from totem.bookings.day_parts import DayPart, day_parts
from totem.bookings.rights import BookingRights
from totem.core import clock, wording
from totem.core.components import Tab
from totem.core.pages import render_page
from totem.core.periods import DAY, Period, local_day
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for
from totem.hubs.queries import doors, open_periods
from totem.hubs.wording import closed_words
from totem.spaces.models import Space
from totem.spaces.wording import audience_note, feature_words, price_list, quantity_words, rules_words
from totem.website import calendar, half_hours, queries
from totem.website.breadcrumbs import hub_crumbs
from totem.website.forms import FARTHEST, FARTHEST_BACK, read_day
from totem.website.local_days import CalendarDay, days_from, periods_of
from totem.website.space_times import SpaceTimes, limits_of, times_of

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class WeekColumn:
    """The heading of a day of a week."""

    date: date
    short: str
    url: str
    is_today: bool
    is_chosen: bool
    cols: int = 0
    marks: Sequence[calendar.ScaleMark] = ()


@dataclass(frozen=True)
class RequestedDay:
    """The day that `?date=` asks for; today, with the message in `error`, where it is none or out of range.

    A week that nobody asked for by its date is the one in which the hub is open next: on a Sunday, the week to come.
    """

    day: date
    today: date
    error: Promise | None = None

    @classmethod
    def of(cls, request: HttpRequest, hub: Hub, now: datetime) -> "RequestedDay":
        today = now.astimezone(hub.zone).date()
        try:
            return cls(read_day(request.GET.get("date", ""), today), today)
        except ValueError:
            return cls(today, today, _("This is not a day that can be shown, such as 2026-11-26. Here is today."))

    @classmethod
    def week_of(cls, request: HttpRequest, hub: Hub, now: datetime) -> "RequestedDay":
        asked = cls.of(request, hub, now)
        if "date" in request.GET:
            return asked
        opens_at = doors([hub], now)[hub.pk].opens_at
        return replace(asked, day=opens_at.astimezone(hub.zone).date()) if opens_at else asked

    @property
    def status(self) -> int:
        return 400 if self.error else 200

    @property
    def monday(self) -> date:
        return self.day - timedelta(days=self.day.weekday())

    def turned(self, by: timedelta) -> str:
        """The parameters of the page before or after; empty where nothing is shown any more."""
        day = self.day + by
        return f"?date={day}" if self.today - FARTHEST_BACK <= day <= self.today + FARTHEST else ""


def _columns(asked: RequestedDay, days: Sequence[CalendarDay], base: str, more: str = "") -> list[WeekColumn]:
    return [
        WeekColumn(
            day.date,
            wording.date_short(day.date),
            f"{base}?date={day.date}{more}",
            day.date == asked.today,
            day.date == asked.day,
        )
        for day in days
    ]


def _turning(asked: RequestedDay, by: timedelta, more: str = "") -> dict[str, object]:
    """The pages before and after; `more` are the other parameters of the page."""
    earlier, later = asked.turned(-by), asked.turned(by)
    return {
        "asked": asked,
        "earlier": earlier and earlier + more,
        "later": later and later + more,
        "now_url": f"?{more.lstrip('&')}",
        "group": more.removeprefix("&espaces="),
    }


GROUP_NAMES = {"salles": _("Rooms"), "postes": _("Desks and offices"), "machines": _("Machines and equipment")}


@dataclass(frozen=True)
class ChosenSpaces:
    """The spaces that `?espaces=` asks for, all of them where it names no group, and the tabs of the groups."""

    spaces: list[Space]
    tabs: list[Tab]
    more: str

    @classmethod
    def of(cls, request: HttpRequest, spaces: list[Space], asked: RequestedDay) -> "ChosenSpaces":
        by_group = {name: [s for s in spaces if s.kind in kinds] for name, kinds in queries.GROUPS.items()}
        there = {name: found for name, found in by_group.items() if found}
        name = request.GET.get("espaces", "")
        if name not in there or len(there) == 1:
            name = ""
        tabs = [Tab(_("All"), f"?date={asked.day}", len(spaces), current=not name)]
        for other, found in there.items():
            tabs.append(
                Tab(GROUP_NAMES[other], f"?date={asked.day}&espaces={other}", len(found), current=other == name)
            )
        return cls(there.get(name, spaces), tabs if len(there) > 1 else [], f"&espaces={name}" if name else "")


def _grid(hub: Hub, rows: Sequence[calendar.SpaceDayRow], chosen: ChosenSpaces) -> dict[str, object]:
    """What the week and the day of a hub have in common."""
    return {
        "hub": hub,
        "rows": rows,
        "tab_items": chosen.tabs,
        "crumb_items": hub_crumbs(hub),
        "is_closed": all(bar.is_closed for row in rows for bar in row.bars),
    }


@login_not_required
@require_safe
def hub_week(request: HttpRequest, slug: str) -> HttpResponse:
    """All spaces of a hub in a week: bars of free time, each a link that books it."""
    hub = hub_for(request.user, slug)
    now = clock.now()
    asked = RequestedDay.week_of(request, hub, now)
    days = days_from(asked.monday, 7, hub.zone)
    chosen = ChosenSpaces.of(request, queries.spaces_of(hub, request.user), asked)
    rows, hours = calendar.rows(chosen.spaces, days, now, BookingRights(queries.account_of(request.user)))
    every = 4 if hours[1] - hours[0] <= 14 * 60 else 6
    columns = [
        replace(column, cols=cols, marks=marks)
        for column, day in zip(_columns(asked, days, "", chosen.more), days, strict=True)
        for cols, marks in [calendar.scale(day, hours, every=every)]
    ]
    context = {
        "columns": columns,
        "chosen": asked.day.isoweekday(),
        "day_page": reverse("website:hub_day", kwargs={"slug": slug}),
        **_grid(hub, rows, chosen),
        **_turning(asked, WEEK, chosen.more),
    }
    return render_page(request, "website/hub_week.html", context, partial="week", status=asked.status)


def _closed(hub: Hub, window: Period, chosen: ChosenSpaces) -> dict[str, object]:
    """Why nothing is open on a day, and when the hub opens next."""
    is_open = bool(open_periods([hub], window)[hub.pk])
    opens_at = None if is_open else doors([hub], window.ends_at)[hub.pk].opens_at
    return {
        "closed_words": _("Nothing can be booked on this day.") if is_open else closed_words(hub, window),
        "next_opening": opens_at,
        "next_opening_url": opens_at and f"?date={opens_at.astimezone(hub.zone).date()}{chosen.more}",
    }


@login_not_required
@require_safe
def hub_day(request: HttpRequest, slug: str) -> HttpResponse:
    """All spaces of a hub on a day, on one time line."""
    hub = hub_for(request.user, slug)
    now = clock.now()
    asked = RequestedDay.of(request, hub, now)
    days = days_from(asked.day, 1, hub.zone)
    chosen = ChosenSpaces.of(request, queries.spaces_of(hub, request.user), asked)
    rows, hours = calendar.rows(chosen.spaces, days, now, BookingRights(queries.account_of(request.user)))
    cols, marks = calendar.scale(days[0], hours)
    context = {
        "week_url": f"{reverse('website:hub_week', kwargs={'slug': slug})}?date={asked.day}{chosen.more}",
        "cols": cols,
        "marks": marks,
        **_grid(hub, rows, chosen),
        **_turning(asked, DAY, chosen.more),
    }
    if context["is_closed"]:
        context |= _closed(hub, local_day(asked.day, hub.zone), chosen)
    return render_page(request, "website/hub_day.html", context, partial="day", status=asked.status)


def _day_parts(space: Space, day: date, times: SpaceTimes, now: datetime, **more: Any) -> list[DayPart]:
    return day_parts(space, day, periods_of(times.open), periods_of(times.free), now, **more)


@login_not_required
@require_safe
def space(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    """A space: what it is, its prices and rules, and its week in half-hours."""
    hub = hub_for(request.user, slug)
    now = clock.now()
    asked = RequestedDay.week_of(request, hub, now)
    shown = next((one for one in queries.spaces_of(hub, request.user) if one.slug == space), None)
    if shown is None:
        raise Http404
    days = days_from(asked.monday, 7, hub.zone)
    rights = BookingRights(queries.account_of(request.user))
    times = times_of([shown], days, now, rights)[shown.pk]
    limits = limits_of([shown], days, now, rights)[shown.pk]
    prices = queries.prices_from(shown, asked.today)
    context = {
        "hub": hub,
        "space": shown,
        "parts": []
        if asked.day in limits.refused
        else _day_parts(
            shown,
            asked.day,
            times,
            now,
            prices=prices,
            by_team=rights.is_team(hub, asked.day),
            is_member=rights.is_member(hub, asked.day),
        ),
        "advice": rights.advice(shown, now),
        "way": rights.way(shown, request.get_full_path()),
        "features": feature_words(shown),
        "quantity": quantity_words(shown) if shown.is_pool else "",
        "note": audience_note(shown),
        "rules": list(rules_words(shown)),
        "prices": price_list(prices, asked.today),
        "photos": list(shown.photos.in_order()),
        "half_hours": half_hours.half_hours(shown, days, now, times, limits),
        "columns": _columns(asked, days, ""),
        "chosen": asked.day.isoweekday(),
        "crumb_items": hub_crumbs(hub),
        **_turning(asked, WEEK),
    }
    return render_page(request, "website/space.html", context, partial="week", status=asked.status)
