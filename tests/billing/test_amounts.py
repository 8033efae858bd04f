"""Sums of lines, of rates and the total agree for any lines, and what was shown is what is due."""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from totem.billing.amounts import totals
from totem.core.money import to_cents

RATES = [Decimal(rate) for rate in ("20", "10", "8.5", "5.5", "2.1", "0")]


@dataclass(frozen=True)
class Line:
    gross: Decimal
    vat_rate: Decimal
    exemption: str = ""


amounts = st.integers(-500_000, 5_000_000).map(lambda cents: Decimal(cents) / 100)
lines = st.lists(
    st.builds(Line, amounts, st.sampled_from(RATES), st.sampled_from(["", "VATEX-FR-FRANCHISE"])), min_size=1
)


@given(lines)
def test_sums_of_lines_rates_and_total_agree(given_lines: list[Line]) -> None:
    found = totals(given_lines)
    assert found.gross == sum(line.gross for line in given_lines)
    assert found.net + found.vat + found.rounding == found.gross
    for rate in found.rates:
        members = [
            n
            for n, line in enumerate(given_lines)
            if (line.vat_rate, line.exemption) == (rate.vat_rate, rate.exemption)
        ]
        assert sum(found.nets[n] for n in members) == rate.net
        assert rate.vat == to_cents(rate.net * rate.vat_rate / 100), "EN 16931, BR-CO-17"
        assert abs(rate.rounding) <= Decimal("0.01")
        for n in members:
            assert found.nets[n].as_tuple().exponent == -2


@given(st.lists(st.builds(Line, amounts.filter(lambda a: a >= 0), st.just(Decimal("5.5"))), min_size=1))
def test_no_line_is_more_than_a_cent_from_its_own_net(given_lines: list[Line]) -> None:
    for line, net in zip(given_lines, totals(given_lines).nets, strict=True):
        assert abs(net - line.gross / Decimal("1.055")) <= Decimal("0.02")


def test_one_total_in_six_has_a_missing_cent_at_twenty_percent() -> None:
    found = [totals([Line(Decimal(cents) / 100, Decimal(20))]).rounding for cents in range(600)]
    assert sum(rounding != 0 for rounding in found) == 100


def test_an_hour_at_twelve_euros() -> None:
    found = totals([Line(Decimal("12.00"), Decimal(20))])
    assert (found.net, found.vat, found.rounding) == (Decimal("10.00"), Decimal("2.00"), 0)


def test_five_and_a_half_percent_is_not_rounded_to_six() -> None:
    found = totals([Line(Decimal("10.55"), Decimal("5.5"))])
    assert (found.net, found.vat) == (Decimal("10.00"), Decimal("0.55"))
