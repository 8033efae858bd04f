"""The Tech Champion: four thresholds on one company and one closed year."""

from typing import Any

import pytest

from tests.labels.judging.cases import CHAMPION, company, here, only, parameter, year
from totem.labels.judging.facts import (
    Finding,
    NextStep,
    OrganisationFact,
    RoleFact,
    State,
)

ENOUGH: dict[str, Any] = {"revenue": 6_000_000, "staff": (30, 30), "share": 45}
TOO_LITTLE: dict[str, Any] = {"revenue": 4_000_000, "staff": (10, 10), "share": 5}


def champion(*companies: OrganisationFact, roles: tuple[RoleFact, ...] | None = None, **fields: Any) -> Finding:
    """What is found of the champion among companies that all mentor here."""
    roles = here(*(one.id for one in companies)) if roles is None else roles
    return only({**CHAMPION, **fields}, organisations=companies, roles=roles)


def grown(**last: Any) -> OrganisationFact:
    """A company that grew by half last year; what that year's figures are, unless they are enough."""
    return company(1, year(2024, 4_000_000), year(2025, **{**ENOUGH, **last}))


class TestTheChampion:
    def test_the_four_thresholds_on_one_company_and_one_year(self) -> None:
        found = champion(grown())
        assert (found.state, found.value, found.gap) == (State.MET, 1, None)

    @pytest.mark.parametrize(("revenue", "state"), [("5000000", State.NOT_MET), ("5000000.01", State.MET)])
    def test_five_million_euros_fail(self, revenue: str, state: State) -> None:
        assert champion(company(1, year(2024, 3_000_000), year(2025, **{**ENOUGH, "revenue": revenue}))).state is state

    @pytest.mark.parametrize(("staff", "state"), [(25, State.NOT_MET), (26, State.MET)])
    def test_25_staff_fail_and_26_pass(self, staff: int, state: State) -> None:
        assert champion(grown(staff=(staff, staff))).state is state

    @pytest.mark.parametrize(
        ("before", "revenue", "state"),
        [
            ("4800000", "6000000", State.MET),  # 25.0 %
            ("4800000.01", "6000000", State.NOT_MET),  # 24.9999997… %
            ("4800000", "5999999.99", State.NOT_MET),
            ("4500000", "5625000", State.MET),
        ],
    )
    def test_25_percent_of_growth_pass_exactly(self, before: str, revenue: str, state: State) -> None:
        found = champion(company(1, year(2024, before), year(2025, **{**ENOUGH, "revenue": revenue})))
        assert found.state is state

    def test_growth_of_thirds_is_compared_as_fractions(self) -> None:
        third = [{"fact": "growth", "more_than": "$third", "unit": "%"}]
        asked = {**CHAMPION, "where": third}
        rows = company(1, year(2024, 3), year(2025, 4))
        parameters = {"third": parameter("33.3333333333333333333333333333")}
        found = only(asked, parameters, organisations=(rows,), roles=here(1))
        assert found.state is State.MET

    @pytest.mark.parametrize(("share", "state"), [("40", State.MET), ("40.0", State.MET), ("39.999999", State.NOT_MET)])
    def test_40_percent_abroad_pass(self, share: str, state: State) -> None:
        assert champion(grown(share=share)).state is state

    def test_four_thresholds_reached_by_four_companies_make_no_champion(self) -> None:
        others = [
            company(1, year(2024, 6_000_000), year(2025, **{**TOO_LITTLE, "revenue": 6_000_000})),
            company(2, year(2024, 4_000_000), year(2025, **{**TOO_LITTLE, "staff": (30, 30)})),
            company(3, year(2024, 2_000_000), year(2025, **TOO_LITTLE)),
            company(4, year(2024, 4_000_000), year(2025, **{**TOO_LITTLE, "share": 45})),
        ]
        found = champion(*others)
        assert (found.state, found.value, found.gap) == (State.NOT_MET, 0, 1)

    def test_thresholds_reached_in_different_years_make_no_champion(self) -> None:
        found = champion(
            company(
                1,
                year(2023, 3_000_000),
                year(2024, 6_000_000, (20, 20), 45),  # grown, sold abroad, too few people
                year(2025, 6_100_000, (30, 30), 45),  # enough people, no longer growing
            )
        )
        assert found.state is State.NOT_MET

    def test_only_the_last_closed_year_counts(self) -> None:
        rows = year(2023, 4_000_000), year(2024, **ENOUGH), year(2025, 6_100_000, (30, 30), 45)
        assert champion(company(1, *rows)).state is State.NOT_MET
        assert champion(company(1, *rows[:2])).state is State.MET

    def test_a_year_that_is_not_closed_yet_does_not_count(self) -> None:
        rows = year(2024, 4_000_000), year(2025, **ENOUGH), year(2026, **TOO_LITTLE)
        assert champion(company(1, *rows)).state is State.MET

    @pytest.mark.parametrize(
        ("band", "state"),
        [((20, 49), State.UNKNOWN), ((26, 49), State.MET), ((10, 25), State.NOT_MET), ((20, None), State.UNKNOWN)],
    )
    def test_a_band_of_staff_across_the_threshold_leaves_it_open(self, band: tuple[int, int], state: State) -> None:
        assert champion(grown(staff=band)).state is state

    def test_what_would_settle_it_is_named(self) -> None:
        found = champion(grown(staff=(20, 49)))
        assert (found.step, found.note, found.about, found.facts) == (
            NextStep.SETTLE,
            "facts_missing",
            ("Société 1",),
            ("staff",),
        )

    def test_what_fails_is_named(self) -> None:
        found = champion(grown(staff=(10, 10), share=None))
        assert (found.state, found.note, found.about, found.facts) == (
            State.NOT_MET,
            "facts",
            ("Société 1",),
            ("staff",),
        )

    def test_a_confidential_revenue_leaves_it_open(self) -> None:
        found = champion(grown(revenue=None))
        assert (found.state, found.facts) == (State.UNKNOWN, ("revenue", "growth"))
        assert champion(company(1, year(2024), year(2025, **ENOUGH))).facts == ("growth",)

    def test_a_company_without_a_year_leaves_it_open(self) -> None:
        found = champion(company(1))
        assert (found.state, found.note) == (State.UNKNOWN, "no_year")

    def test_a_champion_that_does_not_mentor_is_none(self) -> None:
        found = champion(grown(), roles=here(1, kinds=["located_in"]))
        assert (found.state, found.note, found.about) == (State.NOT_MET, "also_role", ("Société 1",))

    def test_a_champion_who_is_elsewhere_is_none(self) -> None:
        assert champion(grown(), roles=here(1, kinds=["mentors"])).state is State.UNKNOWN

    def test_figures_older_than_two_years_are_stale(self) -> None:
        found = champion(company(1, year(2022, 4_000_000), year(2023, **ENOUGH)))
        assert (found.state, found.note, found.step) == (State.STALE, "old_year", NextStep.RENEW)

    def test_figures_that_failed_are_not_met_however_old(self) -> None:
        assert champion(company(1, year(2022, 4_000_000), year(2023, **TOO_LITTLE))).state is State.NOT_MET

    def test_the_strict_reading_asks_each_of_the_last_three_years(self) -> None:
        rows = [year(n, r, (40, 40), 50) for n, r in ((2022, 6_000_000), (2023, 8_000_000), (2024, 10_000_000))]
        three = {"years_running": 3}
        assert champion(company(1, *rows, year(2025, 12_500_000, (40, 40), 50)), **three).state is State.MET
        assert champion(company(1, *rows, year(2025, 12_499_999, (40, 40), 50)), **three).state is State.NOT_MET
        slow = [year(n, r, (40, 40), 50) for n, r in ((2022, 7_000_000), (2023, 8_000_000), (2024, 10_000_000))]
        last = year(2025, 12_500_000, (40, 40), 50)
        assert champion(company(1, *slow, last), **three).state is State.NOT_MET
        assert champion(company(1, *slow, last)).state is State.MET

    def test_a_year_that_is_not_told_leaves_the_strict_reading_open(self) -> None:
        rows = year(2023, 4_000_000), year(2024, **ENOUGH), year(2025, **{**ENOUGH, "revenue": 8_000_000})
        assert champion(company(1, *rows), years_running=2).state is State.MET
        assert champion(company(1, *rows[1:]), years_running=2).state is State.UNKNOWN
        assert champion(company(1, *rows), years_running=4).state is State.UNKNOWN  # nobody tells what 2022 was
        # Only growth is asked of the years before: 4 millions in 2023 were too little, and do not matter.
        slower = year(2023, 5_500_000), *rows[1:]
        assert champion(company(1, *slower), years_running=2).state is State.NOT_MET

    def test_what_two_declarers_say_of_a_year_is_put_together(self) -> None:
        filed = [year(2024, 4_000_000, id=1), year(2025, 6_000_000, id=2)]
        declared = year(2025, None, (30, 30), 45, id=3, workspace_id=7)
        assert champion(company(1, *filed, declared)).state is State.MET

    def test_declarers_who_disagree_on_a_threshold_leave_it_open(self) -> None:
        rows = [year(2024, 4_000_000, id=1), year(2025, **ENOUGH, id=2)]
        other = year(2025, None, (12, 12), id=3, workspace_id=7)
        found = champion(company(1, *rows, other))
        assert (found.state, found.facts) == (State.UNKNOWN, ("staff",))

    def test_declarers_who_differ_on_the_same_side_agree(self) -> None:
        rows = [year(2024, 4_000_000, id=1), year(2025, **ENOUGH, id=2)]
        other = year(2025, None, (200, 249), id=3, workspace_id=7)
        assert champion(company(1, *rows, other)).state is State.MET
