"""The lists of a hub's figures as files: all of them, by space, and by hour of the week."""

from collections.abc import Callable, Sequence
from datetime import time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from totem.core import wording
from totem.core.spreadsheets import ListColumn
from totem.website.figures import Report, ReportLine, SpaceFigures

List = tuple[Sequence[ListColumn[Any]], Sequence[Any]]
Hour = tuple[time, list[Decimal]]


def figures_list(report: Report) -> List:
    """A row a figure, with its definition and what it was in the period before."""
    first, last = report.period.days
    columns: list[ListColumn[ReportLine]] = [
        ListColumn(_("Figure"), lambda line: line.figure.label),
        ListColumn(_("From day"), lambda _line: first, "date"),
        ListColumn(_("Until day"), lambda _line: last, "date"),
        ListColumn(_("Value"), lambda line: _rounded(line.value), "number"),
        ListColumn(_("Unit"), lambda line: line.figure.unit),
        ListColumn(report.period.before_words, lambda line: _rounded(line.before), "number"),
        ListColumn(_("What is counted"), lambda line: line.figure.definition),
    ]
    return columns, report.lines


def spaces_list(report: Report) -> List:
    """A row a space, as on the page."""
    columns: list[ListColumn[SpaceFigures]] = [
        ListColumn(_("Space"), lambda row: row.space.name),
        ListColumn(_("Bookings"), lambda row: row.counts.bookings, "number"),
        ListColumn(_("Hours booked"), lambda row: _rounded(row.counts.hours), "number"),
        ListColumn(_("Hours open"), lambda row: _rounded(row.occupancy.opened), "number"),
        ListColumn(_("Occupancy (%)"), lambda row: _rounded(row.occupancy.percent), "number"),
        ListColumn(_("No-shows"), lambda row: row.counts.absent if report.arrivals_noted else None, "number"),
        ListColumn(_("Cancellations"), lambda row: row.counts.cancelled, "number"),
        ListColumn(_("Income booked"), lambda row: row.counts.income, "amount"),
    ]
    return columns, report.spaces


def week_list(report: Report) -> List:
    """A row an hour of the day, a column a weekday, hours booked in the cells."""
    columns: list[ListColumn[Hour]] = [ListColumn(_("Hour"), lambda row: wording.hour(row[0]))]
    for n, weekday in enumerate(wording.weekdays_short()):
        columns.append(ListColumn(weekday, lambda row, n=n: _rounded(row[1][n]), "number"))  # type: ignore[misc]
    return columns, report.week.rows


LISTS: dict[str, Callable[[Report], List]] = {
    "chiffres": figures_list,
    "espaces": spaces_list,
    "semaine": week_list,
}


def _rounded(value: Decimal | int | None) -> Decimal | int | None:
    return round(value, 2) if isinstance(value, Decimal) else value
