"""The days that one payment of dues covers: a pure function of the kind's rules and of what was paid before."""

from collections.abc import Sequence
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


def free_period(kind: DuesKind, day: date, held: Sequence[Days], *, following: bool = False) -> Days | None:
    """What is paid on `day` besides the periods that are `held`: never a day of theirs; None where all is paid.

    It follows what holds on that day without a gap, and ends before a period that was paid ahead.
    """
    last: Days | None = None
    for one in sorted(held):
        if one.first <= day or (last is not None and last.last >= day and one.first == last.last + DAY):
            last = one
    if last is not None and last.last == LAST_DAY:
        return None
    found = period_for(kind, day, last, following=following)
    if any(one.first <= found.first <= one.last for one in held):
        return None
    ahead = [one.first for one in held if one.first > found.first]
    return Days(found.first, min([found.last, *(first - DAY for first in ahead)]))


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
