"""A month passes, a fault does not: the figures are of the size of the real register (stock of August 2026)."""

from dataclasses import replace
from datetime import date

import pytest

from totem.observatory.register.plausibility import Picture, differences, missing_of_whole

OPEN, ROWS = 16_715_258, 43_896_818
DEPARTMENTS = {f"{number:02}": share for number, share in enumerate((40, 20, 20, 10, 6, 3, 1), start=1)}  # per cent
CODES = {"68.20A": 60, "70.22Z": 25, "62.01Z": 10, "62.02A": 5}
JULY = Picture(
    date=date(2026, 7, 1),
    rows=ROWS,
    totals={
        "state": {"A": OPEN, "F": ROWS - OPEN},
        "department": {code: OPEN * share // 100 for code, share in DEPARTMENTS.items()},
        "code": {code: OPEN * share // 100 for code, share in CODES.items()},
    },
    double_coded=OPEN * 97 // 100,
)


def grown(picture: Picture, share: float, day: date = date(2026, 8, 1)) -> Picture:
    return Picture(
        date=day,
        rows=round(picture.rows * share),
        totals={
            kind: {key: round(count * share) for key, count in counts.items()}
            for kind, counts in picture.totals.items()
        },
        double_coded=round(picture.double_coded * share),
    )


def with_total(picture: Picture, kind: str, **changes: int) -> Picture:
    totals = {name: dict(counts) for name, counts in picture.totals.items()}
    for key, change in changes.items():
        totals[kind][key] += change
    return replace(picture, totals=totals)


@pytest.mark.parametrize("share", [1.0, 1.003, 1.005, 0.998])
def test_a_normal_month_passes(share: float) -> None:
    assert differences(JULY, grown(JULY, share)) == []


@pytest.mark.parametrize("closed", [220_000, 300_000, 900_000])
def test_the_incident_of_april_2024_is_caught(closed: int) -> None:
    """Open establishments stood as closed in the file: as many rows as ever, hundreds of thousands fewer open ones."""
    found = differences(JULY, with_total(grown(JULY, 1.004), "state", A=-closed, F=closed))
    (fewer,) = (one for one in found if (one["kind"], one["key"]) == ("state", "A"))
    assert fewer["before"] - fewer["after"] > fewer["allowed"]


def test_a_department_that_is_not_there_is_caught() -> None:
    half = JULY.totals["department"]["07"] // 2
    found = differences(JULY, with_total(grown(JULY, 1.0), "department", **{"07": -half}))
    assert [(one["kind"], one["key"]) for one in found] == [("department", "07")]


def test_an_activity_that_vanishes_is_caught() -> None:
    found = differences(JULY, with_total(grown(JULY, 1.0), "code", **{"62.02A": -(OPEN * 5 // 100)}))
    assert [(one["kind"], one["key"], one["after"]) for one in found] == [("code", "62.02A", 0)]


def test_a_file_with_fewer_rows_is_caught() -> None:
    assert "rows" in [one["kind"] for one in differences(JULY, grown(JULY, 0.97))]
    assert "rows" not in [one["kind"] for one in differences(JULY, grown(JULY, 0.981))]


def test_an_older_stock_does_not_replace_a_newer_one() -> None:
    assert [one["kind"] for one in differences(JULY, grown(JULY, 1.0, date(2026, 6, 1)))] == ["date"]


def test_codes_that_disappear_are_caught() -> None:
    after = replace(grown(JULY, 1.0), double_coded=JULY.double_coded // 2)
    assert [one["kind"] for one in differences(JULY, after)] == ["double_coded"]


def test_several_months_apart_more_may_change() -> None:
    assert differences(JULY, grown(JULY, 1.015)) != []
    assert differences(JULY, grown(JULY, 1.015, date(2026, 10, 1))) == []


def test_small_counts_move_by_chance() -> None:
    small = replace(JULY, totals={**JULY.totals, "code": {"01.11Z": 12}})
    assert differences(small, with_total(grown(small, 1.0), "code", **{"01.11Z": 15})) == []


@pytest.mark.parametrize(
    ("day", "share", "kept_aside"),
    [
        (date(2026, 11, 1), 1.01, False),
        (date(2026, 11, 1), 0.9, True),
        (date(2026, 8, 1), 0.5, True),
        (date(2030, 1, 1), 1.2, False),
        (date(2019, 1, 1), 0.65, False),  # what there was then
        (date(2019, 1, 1), 0.1, True),
    ],
)
def test_a_first_real_stock_is_compared_with_a_whole_register_of_these_inhabitants(
    day: date, share: float, kept_aside: bool
) -> None:
    assert bool(missing_of_whole(68_952_941, grown(JULY, share, day))) == kept_aside


def test_a_register_of_a_tenth_of_the_country_is_whole_where_only_that_is_known() -> None:
    assert missing_of_whole(6_895_294, grown(JULY, 0.1, date(2026, 8, 1))) == []
