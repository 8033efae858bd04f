"""The days that one payment of dues covers: a pure function of the kind's rules and of what was paid before."""

from datetime import date

from dateutil.relativedelta import relativedelta

from totem.memberships.models import DuesKind, DuesPeriod
from totem.memberships.periods import DAY, LAST_DAY, Days

SCHOOL_MONTH = 9


def period_for(kind: DuesKind, day: date, last: Days | None, *, following: bool = False) -> Days:
    """What is paid on `day` by who has paid until the end of `last`; shown before paying.

    - Paid before the end of `last`: the period that follows it.
    - Paid at most `late_days` after it: without a gap, unless that period is over too.
    - Otherwise from the day of payment on. `following` asks for the whole next civil or school year instead, as one
      who joins in December does.
    """
    if last is not None and (day - last.last).days <= kind.late_days:
        first = last.last + DAY
        found = Days(first, _end(kind.period, first))
        if found.last >= day:
            return found
    found = Days(day, _end(kind.period, day))
    if following and kind.period in (DuesPeriod.CIVIL, DuesPeriod.SCHOOL):
        return Days(found.last + DAY, _end(kind.period, found.last + DAY))
    return found


def payable_from(kind: DuesKind, days: Days) -> date:
    """The first day on which that period is paid."""
    return days.first - kind.opens_before_days * DAY


def _end(period: str, first: date) -> date:
    if period == DuesPeriod.LIFE:
        return LAST_DAY
    following: date = first + relativedelta(years=1)
    if period == DuesPeriod.ROLLING:
        return following - DAY
    if period == DuesPeriod.CIVIL:
        return date(first.year, 12, 31)
    return date(first.year + (first.month >= SCHOOL_MONTH), SCHOOL_MONTH, 1) - DAY
