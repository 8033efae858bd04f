"""The figures of a hub for its team: those of a period with the way they are counted, by space, by hour, by month."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.bookings import queries as booking_queries
from totem.bookings.measures import WORKPLACES
from totem.bookings.models import Status
from totem.bookings.queries import BookingCounts
from totem.core import measures, wording
from totem.core.measures import CountedUnit, Measure, Text, Unit, unit_words
from totem.core.periods import Period
from totem.core.rendering import ChartSpec
from totem.core.wording import NBSP
from totem.hubs import queries as hub_queries
from totem.hubs.models import Hub
from totem.hubs.queries import MemberCounts
from totem.spaces import queries as space_queries
from totem.spaces.models import Composition, Space
from totem.website.report_periods import ReportPeriod


@dataclass(frozen=True)
class OccupancyRate:
    """Hours taken by bookings, of the hours open, in hours of a desk, a copy or a room."""

    taken: Decimal
    opened: Decimal

    @property
    def share(self) -> Decimal | None:
        """From 0 to 1, above where more was booked than is open today; None where nothing was open."""
        return self.taken / self.opened if self.opened else None

    @property
    def percent(self) -> Decimal | None:
        return None if self.share is None else 100 * self.share


@dataclass(frozen=True)
class SpaceFigures:
    """A space in a period: what is counted of its bookings, and its occupancy."""

    space: Space
    counts: BookingCounts
    occupancy: OccupancyRate


@dataclass(frozen=True)
class HubFigures:
    """A hub in a period: what is counted of all its bookings, its occupancy, and the same of each of its spaces."""

    counts: BookingCounts
    occupancy: OccupancyRate
    spaces: list[SpaceFigures]


def hub_figures(hub: Hub, asked: Sequence[Period], now: datetime) -> list[HubFigures]:
    """The figures of each period: as many queries for any number of them. The hub comes with commune and department."""
    spaces = list(Space.objects.filter(hub=hub).order_by("position", "name", "pk"))
    for space in spaces:
        space.hub = hub  # with its commune: nothing is asked again
    wholes: defaultdict[int, list[int]] = defaultdict(list)
    for whole, part in Composition.objects.filter(whole__hub=hub).values_list("whole", "part"):
        wholes[part].append(whole)
    composed = {whole for several in wholes.values() for whole in several}
    opened = space_queries.open_hours([space for space in spaces if space.is_active], asked)
    counted = booking_queries.counts(hub, asked, now)
    found = []
    for counts, hours in zip(counted, opened, strict=True):
        rows = [_of_space(space, counts, hours, wholes[space.pk]) for space in spaces]
        shown = [row for row in rows if row.space.is_active or row.counts != BookingCounts()]
        counting = [r for r in rows if r.space.is_active and r.space.kind in WORKPLACES and r.space.pk not in composed]
        found.append(HubFigures(counts[None], _together([row.occupancy for row in counting]), shown))
    return found


def _of_space(
    space: Space, counts: Mapping[int | None, BookingCounts], hours: Mapping[int, Decimal], wholes: Iterable[int]
) -> SpaceFigures:
    taken = sum((counts[pk].taken for pk in (space.pk, *wholes)), Decimal(0))
    return SpaceFigures(space, counts[space.pk], OccupancyRate(taken, hours.get(space.pk, Decimal(0))))


def _together(several: Sequence[OccupancyRate]) -> OccupancyRate:
    return OccupancyRate(
        sum((one.taken for one in several), Decimal(0)), sum((one.opened for one in several), Decimal(0))
    )


# -- The figures of a period ------------------------------------------------------------------------------------------

_BOOKINGS = CountedUnit(_("booking"), _("bookings"))
_MEMBERSHIPS = CountedUnit(_("membership"), _("memberships"))
_OF_BOOKINGS, _OF_MEMBERS = _("computed by Totem from the bookings"), _("computed by Totem from the memberships")
_OF_BOTH = _("computed by Totem from the bookings and memberships")


@dataclass(frozen=True)
class ReportFigure:
    """A figure of a period: what it is called, in what it is counted, what is counted and from what.

    `state`: that of the bookings it counts in the list of bookings, where there is one.
    """

    label: Text
    unit: Unit
    definition: Text
    source: Text
    compute: Callable[[HubFigures, MemberCounts], Decimal | int | None]
    state: str = ""


FIGURES = (
    ReportFigure(
        _("Bookings"),
        _BOOKINGS,
        _("Confirmed bookings that start within the period."),
        _OF_BOOKINGS,
        lambda figures, _members: figures.counts.bookings,
        Status.CONFIRMED,
    ),
    ReportFigure(
        _("Hours booked"),
        "h",
        _(
            "The part of confirmed bookings that lies within the period, times the desks or copies booked. Of whoever "
            "leaves early, the time that was booked."
        ),
        _OF_BOOKINGS,
        lambda figures, _members: figures.counts.hours,
    ),
    ReportFigure(
        _("Occupancy"),
        "%",
        _(
            "Hours booked, without what was given back by leaving early, of the hours that today's desks, offices and "
            "rooms were open. A room made of others counts through its parts; machines and equipment are left out."
        ),
        _("computed by Totem from the bookings and the opening hours"),
        lambda figures, _members: figures.occupancy.percent,
    ),
    ReportFigure(
        _("Income booked"),
        "€",
        _(
            "Prices, VAT included, of the confirmed bookings that start within the period, as agreed when they were "
            "made."
        ),
        _OF_BOOKINGS,
        lambda figures, _members: figures.counts.income,
    ),
    ReportFigure(
        _("Bookings of members"),
        _BOOKINGS,
        _("Of the bookings, those for a person who was a member of the hub on that day."),
        _OF_BOTH,
        lambda figures, _members: figures.counts.members,
    ),
    ReportFigure(
        _("Bookings of the public"),
        _BOOKINGS,
        _("Of the bookings, all the others: guests, members of other hubs, the team itself."),
        _OF_BOTH,
        lambda figures, _members: figures.counts.public,
    ),
    ReportFigure(
        _("No-shows"),
        _BOOKINGS,
        _(
            "Of the bookings, those that the desk marked as absent, and those whose time has passed without an "
            "arrival. Not known where the desk noted neither arrivals nor absences."
        ),
        _OF_BOOKINGS,
        lambda figures, _members: figures.counts.absent if figures.counts.noted else None,
        booking_queries.NO_SHOW,
    ),
    ReportFigure(
        _("Cancellations"),
        _BOOKINGS,
        _("Bookings and requests that were to start within the period and were cancelled. Refusals do not count."),
        _OF_BOOKINGS,
        lambda figures, _members: figures.counts.cancelled,
        Status.CANCELLED,
    ),
    ReportFigure(
        _("Lead time"),
        CountedUnit(_("day"), _("days")),
        _("Median from making a booking to its start: half of the bookings were made earlier, half later."),
        _OF_BOOKINGS,
        lambda figures, _members: figures.counts.lead_days,
    ),
    ReportFigure(
        _("Members who arrived"),
        _MEMBERSHIPS,
        _("Memberships that began within the period. One that follows another without a day between is a renewal."),
        _OF_MEMBERS,
        lambda _figures, members: members.arrivals,
    ),
    ReportFigure(
        _("Members who left"),
        _MEMBERSHIPS,
        _("Memberships whose last day lies within the period and that were not renewed."),
        _OF_MEMBERS,
        lambda _figures, members: members.departures,
    ),
    ReportFigure(
        _("Members"),
        CountedUnit(_("member"), _("members")),
        _("People whose membership was in force on the last day of the period."),
        _OF_MEMBERS,
        lambda _figures, members: members.members,
    ),
)

OF_DUES_AND_AGREEMENTS = ("members_under_agreement", "dues_paying_members", "recurring_revenue")
"""The measures of `memberships` that the page shows after `FIGURES`, with their own words."""


@dataclass(frozen=True)
class ReportLine:
    """A figure of a period and of the one before; None where it is not known. `list_url`: the bookings it counts."""

    figure: ReportFigure
    list_url: str
    value: Decimal | int | None
    before: Decimal | int | None = None

    @property
    def number(self) -> str:
        return _number_and_unit(self.value, self.figure.unit)[0]

    @property
    def unit(self) -> str:
        return _number_and_unit(self.value, self.figure.unit)[1]

    @property
    def before_words(self) -> str:
        """The value of the period before with its unit; empty where there is none."""
        return NBSP.join(_number_and_unit(self.before, self.figure.unit)).strip()


def _number_and_unit(value: Decimal | int | None, unit: Unit) -> tuple[str, str]:
    """A value as it is written, amounts with their cents; ("", "") where it is not known."""
    if value is None:
        return "", ""
    rounded = round(Decimal(value), 1)
    return wording.number(value, 2) if unit == "€" else wording.number(rounded), unit_words(unit, rounded)


@dataclass(frozen=True)
class Report:
    """All figures of a period of a hub."""

    hub: Hub
    period: ReportPeriod
    lines: list[ReportLine]
    spaces: list[SpaceFigures]
    week: "BookedWeek"

    @property
    def arrivals_noted(self) -> bool:
        """Whether the desk noted any arrival or absence: otherwise nobody knows who did not come."""
        return any(row.counts.noted for row in self.spaces)


def report(hub: Hub, period: ReportPeriod, now: datetime) -> Report:
    """The figures of the period beside those of the one before, where there is one: a constant number of queries."""
    asked, spans = [period.hours], [period.days]
    if period.before:
        asked.append(period.before)
        spans.append(period.days_before)
    found = list(zip(hub_figures(hub, asked, now), hub_queries.member_counts(hub, spans), strict=True))
    lines = [
        ReportLine(figure, _list_url(hub, period, figure), *(figure.compute(*one) for one in found))
        for figure in FIGURES
    ]
    lines += [_measured(hub, measures.get(name), asked) for name in OF_DUES_AND_AGREEMENTS]
    return Report(hub, period, lines, found[0][0].spaces, booked_week(hub, period.hours))


def _measured(hub: Hub, known: Measure, asked: Sequence[Period]) -> ReportLine:
    source = _("computed by Totem from dues and agreements")
    figure = ReportFigure(known.label, known.unit, known.method, source, lambda _figures, _members: None)
    return ReportLine(figure, "", *(known.over([hub], period).value for period in asked))


def _list_url(hub: Hub, period: ReportPeriod, figure: ReportFigure) -> str:
    """The list of the bookings that the figure counts; empty in a running period, of which the list has whole days."""
    if not figure.state or period.is_running:
        return ""
    days = urlencode({"state": figure.state, "first": period.days[0], "last": period.days[1]})
    return f"{reverse('bookings:list', args=[hub.slug])}?{days}"


# -- The week, hour by hour -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BookedWeek:
    """The hours booked by weekday (1 is Monday) and hour of the day, from the first hour with any to the last."""

    cells: dict[tuple[int, int], Decimal]

    @property
    def rows(self) -> list[tuple[time, list[Decimal]]]:
        """Each hour of the day with the hours booked on each weekday, Monday first."""
        hours = [hour for _weekday, hour in self.cells]
        spread = range(min(hours), max(hours) + 1) if hours else ()
        return [(time(hour), [self.cells.get((day, hour), Decimal(0)) for day in range(1, 8)]) for hour in spread]

    @property
    def totals(self) -> list[Decimal]:
        """The hours booked on each weekday."""
        columns = zip(*(values for _hour, values in self.rows), strict=True)
        return [sum(column, Decimal(0)) for column in columns]

    def chart(self, title: str, width: int) -> ChartSpec:
        """The same as a chart, in whole hours. Raises ValueError where nothing was booked."""
        rows = [
            {"label": wording.hour(hour), "column": weekday, **_whole_hours(value)}
            for hour, values in self.rows
            for weekday, value in zip(wording.weekdays_short(), values, strict=True)
        ]
        return ChartSpec(kind="grid", rows=rows, title=title, width=width)


def _whole_hours(hours: Decimal) -> dict[str, Decimal | str]:
    """The value and the text of a cell of the chart: less than half an hour is not nothing."""
    whole = hours.quantize(Decimal(1), ROUND_HALF_UP)
    return {"value": whole or hours, "text": "" if whole or not hours else f"<{NBSP}1"}


def booked_week(hub: Hub, period: Period) -> BookedWeek:
    """The hours booked of all spaces of the hub within the period, on the hub's clocks. One query."""
    return BookedWeek(booking_queries.hours_by_weekday(hub, period))
