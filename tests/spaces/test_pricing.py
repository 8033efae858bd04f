"""What a booking costs: the cheapest payments that cover it, over midnight too."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from totem.core.periods import MINUTE, Period
from totem.spaces.models import Price
from totem.spaces.pricing import UnpricedError, quote

PARIS = ZoneInfo("Europe/Paris")
HOUR, HALF_DAY, DAY = Price.Per.HOUR, Price.Per.HALF_DAY, Price.Per.DAY


def price(per: int, amount: int, starts_on: date = date(2026, 1, 1), ends_on: date | None = None) -> Price:
    return Price(per=per, amount=Decimal(amount), vat_rate=Decimal(20), starts_on=starts_on, ends_on=ends_on)


def paris(first: str, last: str) -> Period:
    return Period(
        *(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=PARIS).astimezone(UTC) for text in (first, last))
    )


def payments(prices: list[Price], period: Period) -> dict[int, int]:
    return {line.per: line.count for line in quote(prices, period, PARIS).lines}


@pytest.mark.parametrize(
    ("prices", "period", "paid"),
    [
        ([price(HOUR, 10)], paris("11-30T23:30", "12-01T00:30"), {HOUR: 1}),
        ([price(HOUR, 10)], paris("11-30T22:00", "12-01T02:00"), {HOUR: 4}),
        ([price(HALF_DAY, 30)], paris("11-30T22:00", "12-01T02:00"), {HALF_DAY: 1}),
        ([price(HOUR, 10), price(HALF_DAY, 30)], paris("11-30T22:00", "12-01T02:30"), {HOUR: 1, HALF_DAY: 1}),
        ([price(HOUR, 10), price(DAY, 50)], paris("11-30T09:00", "12-01T18:00"), {DAY: 2}),
        ([price(HOUR, 10), price(DAY, 50)], paris("11-30T09:00", "12-01T01:00"), {HOUR: 1, DAY: 1}),
        ([price(DAY, 50)], paris("11-30T23:30", "12-01T00:30"), {DAY: 2}),
        ([price(HOUR, 10)], paris("10-25T01:30", "10-25T03:30"), {HOUR: 3}),  # the night of 25 hours
        ([price(HOUR, 10), price(HALF_DAY, 40)], paris("11-30T09:00", "11-30T13:00"), {HALF_DAY: 1}),
    ],
)
def test_the_cheapest_payments_cover_the_period(prices: list[Price], period: Period, paid: dict[int, int]):
    assert payments(prices, period) == paid


def test_each_payment_is_at_the_price_of_the_day_it_begins():
    prices = [price(HOUR, 10, ends_on=date(2026, 11, 30)), price(HOUR, 20, starts_on=date(2026, 12, 1))]
    assert quote(prices, paris("11-30T23:30", "12-01T01:30"), PARIS).total == 30


def test_a_day_without_a_price_is_refused():
    with pytest.raises(UnpricedError):
        quote([price(HOUR, 10, ends_on=date(2026, 11, 30))], paris("11-30T23:30", "12-01T00:30"), PARIS)


@given(
    st.lists(
        st.tuples(st.sampled_from([HOUR, HALF_DAY, DAY]), st.integers(0, 60)), min_size=1, unique_by=lambda p: p[0]
    ),
    st.integers(0, 95),
    st.integers(1, 40),
)
def test_a_period_never_costs_more_than_its_parts_nor_less_than_a_shorter_one(rates, start, quarters):
    prices = [price(per, amount) for per, amount in rates]
    begin = datetime(2026, 11, 30, tzinfo=UTC) + start * 15 * MINUTE

    def cost(first: int, last: int) -> Decimal:
        return quote(prices, Period(begin + first * 15 * MINUTE, begin + last * 15 * MINUTE), PARIS).total

    whole, middle = cost(0, quarters), quarters // 2
    assert cost(0, max(1, quarters - 1)) <= whole
    if middle:
        assert whole <= cost(0, middle) + cost(middle, quarters)


def off_peak(per: int, amount: int, weekdays: int = 127, first: int = 0, last: int = 1440) -> Price:
    row = price(per, amount)
    row.weekdays, row.from_minute, row.until_minute = weekdays, first, last
    return row


def members(per: int, amount: int) -> Price:
    row = price(per, amount)
    row.for_members = True
    return row


@pytest.mark.parametrize(
    ("period", "public", "member"),
    [
        (paris("11-30T14:00", "11-30T16:00"), 40, 30),  # a Monday
        (paris("11-30T08:00", "11-30T10:00"), 16, 16),  # off-peak from 8 to 10 o'clock: lower than the members' price
        (paris("11-30T09:30", "11-30T11:00"), 8 + 20, 8 + 15),  # an off-peak hour ends with its hours
        (paris("12-05T08:00", "12-05T10:00"), 10, 10),  # a Saturday: five euros an hour, all day
        (paris("12-05T23:00", "12-06T01:00"), 5 + 20, 5 + 15),  # which ends at midnight
    ],
)
def test_members_and_off_peak_hours_have_their_prices(period: Period, public: int, member: int):
    prices = [
        price(HOUR, 20),
        members(HOUR, 15),
        off_peak(HOUR, 8, weekdays=0b0011111, first=480, last=600),
        off_peak(HOUR, 5, weekdays=0b0100000),
    ]
    assert [quote(prices, period, PARIS, is_member=who).total for who in (False, True)] == [public, member]


def test_what_is_priced_off_peak_or_for_members_only_is_refused_to_others():
    for prices in ([members(HOUR, 15)], [off_peak(HOUR, 8, first=480, last=600)]):
        with pytest.raises(UnpricedError):
            quote(prices, paris("11-30T09:00", "11-30T11:00"), PARIS)


@given(st.integers(1, 60), st.integers(1, 120), st.integers(0, 32), st.integers(1, 40), st.booleans())
def test_two_half_days_never_cost_more_than_a_day_nor_a_member_more_than_the_public(
    half_day, day, start, quarters, is_member
):
    begin = datetime(2026, 11, 30, 6, tzinfo=UTC) + start * 15 * MINUTE
    period = Period(begin, begin + quarters * 15 * MINUTE)
    prices = [price(HALF_DAY, half_day), price(DAY, day), members(HALF_DAY, 20)]
    cost = quote(prices, period, PARIS, is_member=is_member).total
    assert cost <= len({period.starts_at.astimezone(PARIS).date(), period.ends_at.astimezone(PARIS).date()}) * day
    assert cost <= quote(prices, period, PARIS).total
