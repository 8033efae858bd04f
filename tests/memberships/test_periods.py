"""Periods of an agreement and what is due for them: to the day, once, whatever happens between two runs."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from totem.core.money import to_cents
from totem.memberships.models import Cycle
from totem.memberships.periods import Charged, Days, Due, Timeline, anchor_of, periods

VAT = (Decimal(20), "")


@dataclass
class Row:
    starts_on: date
    ends_on: date | None = None
    amount: Decimal = Decimal(180)
    months: int = 1
    vat_rate: Decimal = Decimal(20)
    exemption: str = ""


def timeline(
    starts_on: date, ends_on: date | None = None, *terms: Row, cycle: str = Cycle.CALENDAR, **more
) -> Timeline:  # type: ignore[no-untyped-def]
    return Timeline(anchor_of(cycle, starts_on), starts_on, ends_on, terms or (Row(starts_on),), **more)


def amounts(found: list[Due]) -> list[tuple[str, str, Decimal]]:
    return [(str(due.days.first), str(due.days.last), due.amount) for due in found]


def test_who_joins_on_16_september_owes_15_days_of_30_then_whole_months() -> None:
    assert amounts(timeline(date(2026, 9, 16)).due(date(2026, 10, 1))) == [
        ("2026-09-16", "2026-09-30", Decimal("90.00")),
        ("2026-10-01", "2026-10-31", Decimal("180.00")),
    ]


def test_who_joins_on_the_last_day_owes_one_day_and_leap_years_have_29() -> None:
    one = Row(date(2028, 2, 29), amount=Decimal(29))
    assert amounts(timeline(date(2028, 2, 29), None, one).due(date(2028, 2, 29))) == [
        ("2028-02-29", "2028-02-29", Decimal("1.00"))
    ]


def test_a_month_from_31_january_ends_28_february_then_31_march() -> None:
    found = list(periods(date(2026, 1, 31), Days(date(2026, 1, 31), date(2026, 6, 1))))
    assert [str(one.first) for one in found] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert all(before.last + timedelta(1) == after.first for before, after in pairwise(found))


def test_what_ended_yesterday_is_not_charged_today() -> None:
    assert (
        timeline(date(2026, 1, 1), date(2026, 9, 30)).due(
            date(2026, 10, 1), [charged("2026-01-01", "2026-09-30", 1620)]
        )
        == []
    )


def charged(first: str, last: str, amount: int) -> Charged:
    return Charged(Days(date.fromisoformat(first), date.fromisoformat(last)), {VAT: Decimal(amount)})


def test_leaving_within_a_charged_month_gives_back_its_days() -> None:
    left = timeline(date(2026, 9, 1), date(2026, 9, 10))
    assert amounts(left.due(date(2026, 10, 1), [charged("2026-09-01", "2026-09-30", 180)])) == [
        ("2026-09-01", "2026-09-30", Decimal("-120.00"))
    ]


def test_another_plan_from_a_day_on_and_a_pause_are_counted_by_the_day() -> None:
    terms = (Row(date(2026, 9, 1), date(2026, 9, 9)), Row(date(2026, 9, 10), amount=Decimal(300)))
    pause = Row(date(2026, 9, 21), date(2026, 10, 20))
    assert amounts(timeline(date(2026, 9, 1), None, *terms, pauses=[pause]).due(date(2026, 10, 1))) == [
        ("2026-09-01", "2026-09-09", Decimal("54.00")),
        ("2026-09-10", "2026-09-30", Decimal("110.00")),
        ("2026-10-01", "2026-10-31", Decimal("106.45")),
    ]


def test_a_year_paid_at_once_is_charged_once_and_given_back_by_the_day() -> None:
    yearly = Row(date(2026, 3, 1), amount=Decimal(365), months=12)
    whole = timeline(date(2026, 3, 1), None, yearly)
    assert amounts(whole.due(date(2027, 1, 1))) == [("2026-03-01", "2027-02-28", Decimal("365.00"))]
    ended = timeline(date(2026, 3, 1), date(2026, 3, 31), yearly)
    assert ended.due(date(2026, 4, 1), [charged("2026-03-01", "2027-02-28", 365)])[0].amount == Decimal(-334)


DAY = st.dates(date(2025, 1, 1), date(2028, 12, 31))
PRICE = st.decimals(1, 900, places=2)


@given(
    DAY,
    st.lists(st.integers(0, 400), min_size=3, max_size=3),
    PRICE,
    PRICE,
    st.sampled_from(Cycle.values),
    st.sampled_from([1, 7]),
)
def test_however_often_it_is_charged_and_whatever_changed_between_the_total_is_what_was_held(
    starts_on: date, gaps: list[int], price: Decimal, other: Decimal, cycle: str, runs: int
) -> None:
    change, pause, end = (starts_on + timedelta(sum(gaps[: n + 1]) + n + 1) for n in range(3))
    plain = timeline(starts_on, None, Row(starts_on, amount=price), cycle=cycle)
    terms = (Row(starts_on, change - timedelta(1), price), Row(change, None, other))
    final = timeline(starts_on, end, *terms, cycle=cycle, pauses=[Row(pause, pause + timedelta(9))])
    known: list[Charged] = []
    for number in range(runs):  # first as it was planned, then as it turned out
        through = starts_on + timedelta(40 * (number + 1))
        known = after(known, plain.due(through, known))
        assert plain.due(through, known) == []
    last = end + timedelta(400)
    known = after(known, final.due(last, known))
    assert final.due(last, known) == []
    total = sum((sum(one.totals.values()) for one in known), Decimal(0))
    assert abs(total - sum(due.amount for due in final.due(last))) <= Decimal("0.01") * len(known)
    exact = sum(
        (price if day < change else other) / len(next(periods(anchor_of(cycle, starts_on), Days(day, day))))
        for day in (starts_on + timedelta(n) for n in range((end - starts_on).days + 1))
        if not pause <= day <= pause + timedelta(9)
    )
    assert abs(to_cents(exact) - total) <= Decimal("0.02") * (len(known) + 3)


def after(known: list[Charged], found: list[Due]) -> list[Charged]:
    """The charges once these are too."""
    totals = {one.days: defaultdict(Decimal, one.totals) for one in known}
    for due in found:
        assert (due.days in totals) is due.is_adjustment
        totals.setdefault(due.days, defaultdict(Decimal))[due.vat] += due.amount
    return [Charged(days, dict(by_vat)) for days, by_vat in totals.items()]
