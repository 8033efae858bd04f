"""The lists for the tax office and the URSSAF: of which days, what is in them, when they are due (R123-168, 4°)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.periods import DAY, months_before
from totem.core.spreadsheets import ListColumn
from totem.memberships.models import AuthoritiesList

Kind = AuthoritiesList.Kind
ListedRow = dict[str, Any]
"""A line as JSON's types: `company`, `siren`, `event` ("arrival", "departure", "present"), `on` (ISO 8601)."""
EVENTS = {
    "arrival": gettext_lazy("arrival"),
    "departure": gettext_lazy("departure"),
    "present": gettext_lazy("domiciled since"),
}


@dataclass(frozen=True)
class Stay:
    """A company is domiciled from its first day to its last one, both included; `last` is `date.max` without an end."""

    agreement: int
    company: str
    siren: str
    first: date
    last: date

    def is_held(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class ListPeriod:
    """A quarter, or the first of January; its list is made after `ends_on`, and due until `due_on` included.

    The law has a date for the yearly list alone (before 15 January); of a quarter Totem takes the month that follows.
    """

    kind: Kind
    starts_on: date

    @property
    def ends_on(self) -> date:
        return self.starts_on - DAY if self.kind == Kind.YEAR else months_before(self.starts_on, -3) - DAY

    @property
    def due_on(self) -> date:
        return self.starts_on.replace(day=14) if self.kind == Kind.YEAR else months_before(self.starts_on, -4) - DAY


def quarter_of(day: date) -> date:
    """The first day of its quarter."""
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def periods_over(day: date) -> list[ListPeriod]:
    """The quarters that ended within a year before that day, the latest first, and the first of January."""
    quarters = [ListPeriod(Kind.QUARTER, months_before(quarter_of(day), 3 * number)) for number in range(1, 5)]
    return [ListPeriod(Kind.YEAR, day.replace(month=1, day=1)), *quarters]


def expected_lists(held: Sequence[Stay], day: date) -> list[ListPeriod]:
    """Those of `periods_over` that are asked for: since the first company came, until nobody was left before."""
    if not held:
        return []
    first, last = min(one.first for one in held), max(one.last for one in held)
    over = periods_over(day)
    return [one for one in over if first <= max(one.starts_on, one.ends_on) and one.starts_on <= last]


def list_rows(held: Sequence[Stay], kind: str, starts_on: date) -> list[ListedRow]:
    """The lines of the list, by day: arrivals and departures of the quarter, or who is domiciled on that day."""
    found = _yearly(held, starts_on) if kind == Kind.YEAR else _quarterly(held, ListPeriod(Kind.QUARTER, starts_on))
    return sorted(found, key=lambda row: (row["on"], row["company"], row["event"]))


def _yearly(held: Sequence[Stay], day: date) -> Iterator[ListedRow]:
    return (_row(one, "present", one.first) for one in held if one.is_held(day))


def _quarterly(held: Sequence[Stay], quarter: ListPeriod) -> Iterator[ListedRow]:
    for one in held:
        for event, on in (("arrival", one.first), ("departure", one.last)):
            if quarter.starts_on <= on <= quarter.ends_on:
                yield _row(one, event, on)


def _row(stay: Stay, event: str, on: date) -> ListedRow:
    return {"company": stay.company, "siren": stay.siren, "event": event, "on": on.isoformat()}


def rows_of(made: AuthoritiesList) -> list[ListedRow]:
    """The lines as they were frozen."""
    found: list[ListedRow] = json.loads(made.content)
    return found


def list_words(kind: str, starts_on: date) -> str:
    """« arrivées et départs, 4e trimestre 2026 »."""
    if kind == Kind.YEAR:
        return _("companies domiciled on 1 January %(year)s") % {"year": starts_on.year}
    return _("arrivals and departures, quarter %(quarter)s of %(year)s") % {
        "quarter": (starts_on.month + 2) // 3, "year": starts_on.year,
    }  # fmt: skip


COLUMNS: tuple[ListColumn[ListedRow], ...] = (
    ListColumn(gettext_lazy("Company"), lambda row: row["company"]),
    ListColumn("SIREN", lambda row: row["siren"]),
    ListColumn(gettext_lazy("What"), lambda row: EVENTS[row["event"]]),
    ListColumn(gettext_lazy("On"), lambda row: date.fromisoformat(row["on"]), "date"),
)
