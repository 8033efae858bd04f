"""Judging: the boundary cases of the sources, three-valued logic, and what holds whatever the facts are."""

import datetime
from collections.abc import Iterable
from decimal import Decimal
from itertools import combinations, combinations_with_replacement, product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.factories.labels import content_of, requirement, words
from totem.labels.charter import Charter, canonical, from_content
from totem.labels.facts import (
    FINE,
    RANK,
    STATES,
    AppointmentFact,
    BodyFact,
    Bounds,
    Evidence,
    Facts,
    Finding,
    FundingFact,
    Hold,
    JudgementFact,
    Known,
    Organisation,
    Plan,
    Result,
    Role,
    SeatFact,
    Source,
    State,
    Step,
    Year,
)
from totem.labels.judge import implied, judge, months_before, nth_best

DAY = datetime.date(2026, 11, 1)
SEALED = Evidence(Source.OBSERVATION, "Essai", sha256=("0" * 64,))


def charter(*criteria: list[dict[str, Any]], **fields: Any) -> Charter:
    return from_content(content_of(*criteria, **fields))


def facts(**fields: Any) -> Facts:
    return Facts("perimeter:1", "Essai", DAY, **fields)


def of(value: float | str, **fields: Any) -> Known:
    return Known(Hold.KNOWN, Decimal(str(value)), **fields)


def between(low: int | None, high: int | None) -> Known:
    bounds = (None if bound is None else Decimal(bound) for bound in (low, high))
    return Known(Hold.KNOWN, None, *bounds)


def only(asked: dict[str, Any], parameters: dict[str, Any] | None = None, **known: Any) -> Finding:
    """What is found of one requirement alone."""
    return judge(charter([asked], parameters=parameters or {}), facts(**known)).finding(asked["id"])


def measure(pk: str = "m", **bound: Any) -> dict[str, Any]:
    return requirement(pk, "measure", indicator=pk, **(bound or {"at_least": 1}))


def parameter(value: object) -> dict[str, Any]:
    return {"label": words("?"), "value": value}


# -- Figures against thresholds ---------------------------------------------------------------------------------------


class TestFigures:
    @pytest.mark.parametrize(("minutes", "state"), [(30, State.NOT_MET), ("29.99", State.MET), (29, State.MET)])
    def test_thirty_minutes_fail(self, minutes: object, state: State) -> None:
        asked = requirement("t", "travel", to="airport", less_than=30, unit="min")
        assert only(asked, figures={"minutes_to_airport": of(str(minutes))}).state is state

    @pytest.mark.parametrize(("area", "state", "gap"), [(49_999, State.NOT_MET, 1), (50_000, State.MET, None)])
    def test_49_999_square_metres_fail_and_50_000_pass(self, area: int, state: State, gap: int | None) -> None:
        found = only(measure("usable_area", at_least=50_000, unit="m²"), figures={"usable_area": of(area)})
        assert (found.state, found.gap) == (state, gap)

    def test_seine_innopolis_lacks_40_000_of_50_000(self) -> None:
        found = only(measure("usable_area", at_least=50_000, unit="m²"), figures={"usable_area": of(10_000)})
        assert (found.value, found.threshold, found.gap, found.unit, found.step) == (
            10_000,
            50_000,
            40_000,
            "m²",
            "reach",
        )

    def test_more_than_and_at_most_are_exact(self) -> None:
        assert only(measure(more_than=5), figures={"m": of(5)}).state is State.NOT_MET
        assert only(measure(more_than=5), figures={"m": of("5.01")}).state is State.MET
        assert only(measure(at_most=0), figures={"m": of(0)}).state is State.MET
        assert only(measure(at_most=0), figures={"m": of("0.01")}).gap == Decimal("0.01")

    def test_a_threshold_is_the_decimal_that_was_typed(self) -> None:
        assert only(measure(at_least=0.1), figures={"m": of("0.1")}).state is State.MET

    def test_a_parameter_brings_its_value_and_its_unit(self) -> None:
        parameters = {"speed": {**parameter(100), "unit": "Mbit/s"}}
        found = only(measure(at_least="$speed"), parameters, figures={"m": of(30)})
        assert (found.state, found.threshold, found.unit) == (State.NOT_MET, 100, "Mbit/s")

    @pytest.mark.parametrize(
        ("low", "high", "state"),
        [
            (50, 60, State.MET),
            (40, 49, State.NOT_MET),
            (40, 50, State.UNKNOWN),
            (None, 49, State.NOT_MET),
            (50, None, State.MET),
            (0, None, State.UNKNOWN),
        ],
    )
    def test_an_interval_is_met_only_where_all_of_it_is(self, low: int | None, high: int | None, state: State) -> None:
        found = only(measure(at_least=50), figures={"m": between(low, high)})
        assert (found.state, found.low, found.high, found.value) == (state, low, high, None)

    def test_where_an_interval_is_open_the_next_step_is_to_settle_it(self) -> None:
        found = only(measure(at_least=50), figures={"m": between(40, 60)})
        assert (found.step, found.note, found.gap) == (Step.SETTLE, "interval", 10)

    @pytest.mark.parametrize(
        ("hold", "state", "step"),
        [
            (Hold.MISSING, State.UNKNOWN, Step.DECLARE),
            (Hold.UNAVAILABLE, State.UNKNOWN, Step.FIND),
            (Hold.CONTRADICTED, State.UNKNOWN, Step.RETAIN),
            (Hold.STALE, State.STALE, Step.RENEW),
        ],
    )
    def test_a_figure_that_cannot_be_used_is_not_counted(self, hold: Hold, state: State, step: Step) -> None:
        found = only(measure(at_least=1), figures={"m": Known(hold, Decimal(99))})
        assert (found.state, found.step, found.gap) == (state, step, None)

    def test_the_mode_of_travel_has_to_be_the_one_that_is_asked(self) -> None:
        asked = requirement("t", "travel", to="tgv_station", mode="$mode", less_than=30, unit="min")
        figures = {"minutes_to_tgv_station": of(12, mode="car")}
        states = [only(asked, {"mode": parameter(mode)}, figures=figures).state for mode in ("any", "car", "walk")]
        assert states == [State.MET, State.MET, State.UNKNOWN]


class TestPlans:
    PLANS = (
        Plan(datetime.date(2029, 1, 1), Decimal(20_000)),
        Plan(datetime.date(2027, 1, 1), Decimal(15_000)),
        Plan(datetime.date(2028, 6, 1), Decimal(25_000)),
    )

    def found(self, area: int, plans: tuple[Plan, ...] = PLANS) -> Finding:
        asked = measure("usable_area", at_least=50_000, unit="m²")
        return only(asked, figures={"usable_area": of(area, plans=plans)})

    def test_they_add_up_in_the_order_of_their_days(self) -> None:
        assert self.found(10_000).expected_on == datetime.date(2028, 6, 1)
        assert self.found(10_000, tuple(reversed(self.PLANS))).expected_on == datetime.date(2028, 6, 1)

    def test_what_is_planned_is_never_counted_as_there(self) -> None:
        found = self.found(10_000)
        assert (found.state, found.gap, found.value) == (State.NOT_MET, 40_000, 10_000)

    def test_plans_that_do_not_suffice_promise_nothing(self) -> None:
        assert self.found(10_000, self.PLANS[:2]).expected_on is None

    def test_where_it_is_not_known_what_is_there_plans_promise_nothing(self) -> None:
        known = Known(Hold.KNOWN, None, Decimal(40_000), Decimal(60_000), plans=self.PLANS)
        found = only(measure(at_least=50_000, unit="m²"), figures={"m": known})
        assert (found.state, found.expected_on) == (State.UNKNOWN, None)

    def test_what_is_met_expects_nothing(self) -> None:
        assert self.found(50_000).expected_on is None


# -- The Tech Champion ------------------------------------------------------------------------------------------------


CHAMPION = requirement(
    "champion",
    "organisations",
    roles=["located_in"],
    also_roles=["mentors"],
    where=[
        {"fact": "revenue", "more_than": 5_000_000, "unit": "€"},
        {"fact": "staff", "more_than": 25, "unit": "people"},
        {"fact": "growth", "at_least": 25, "unit": "%"},
        {"fact": "international_share", "at_least": 40, "unit": "%"},
    ],
)
ENOUGH: dict[str, Any] = {"revenue": 6_000_000, "staff": (30, 30), "share": 45}
TOO_LITTLE: dict[str, Any] = {"revenue": 4_000_000, "staff": (10, 10), "share": 5}


def year(
    number: int,
    revenue: str | int | None = None,
    staff: tuple[int | None, int | None] = (None, None),
    share: str | int | None = None,
    **fields: Any,
) -> Year:
    return Year(
        fields.pop("id", number),
        number,
        datetime.date(number, 12, 31),
        None if revenue is None else Decimal(revenue),
        *staff,
        None if share is None else Decimal(share),
        **fields,
    )


def company(pk: int, *years: Year, kind: str = "startup") -> Organisation:
    return Organisation(
        pk, f"Société {pk}", kind, tuple(msgspec.structs.replace(row, organisation_id=pk) for row in years)
    )


def here(*pks: int, kinds: Iterable[str] = ("located_in", "mentors")) -> tuple[Role, ...]:
    return tuple(Role(pk, kind, 10 * pk + n) for pk in pks for n, kind in enumerate(kinds))


def champion(*companies: Organisation, roles: tuple[Role, ...] | None = None, **fields: Any) -> Finding:
    """What is found of the champion among companies that all mentor here."""
    roles = here(*(one.id for one in companies)) if roles is None else roles
    return only({**CHAMPION, **fields}, organisations=companies, roles=roles)


def grown(**last: Any) -> Organisation:
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
            Step.SETTLE,
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
        assert (found.state, found.note, found.step) == (State.STALE, "old_year", Step.RENEW)

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
        assert champion(company(1, *rows), years_running=4).state is State.NOT_MET  # 2023 was too little

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


# -- Organisations ----------------------------------------------------------------------------------------------------


class TestOrganisations:
    def test_nobody_declared_is_not_known(self) -> None:
        found = only(requirement("o", "organisations", roles=["animates"]))
        assert (found.state, found.note, found.step, found.gap) == (State.UNKNOWN, "nobody", Step.ORGANISATION, 1)

    def test_distinct_ones_are_counted(self) -> None:
        asked = requirement("o", "organisations", roles=["large_account_in"], number=3)
        roles = here(1, 1, 2, kinds=["large_account_in"])
        found = only(asked, organisations=(company(1), company(2)), roles=roles)
        assert (found.state, found.value, found.threshold, found.gap) == (State.NOT_MET, 2, 3, 1)

    def test_kinds_and_the_other_side_of_the_role_are_filters(self) -> None:
        asked = requirement("o", "organisations", roles=["simplifies"], partner_kinds=["state_service"])
        state = only(
            asked, organisations=(company(1),), roles=(Role(1, "simplifies", 1, partner_kind="commune"),)
        ).state
        assert state is State.UNKNOWN
        role = Role(1, "simplifies", 1, partner_kind="state_service")
        assert only(asked, organisations=(company(1),), roles=(role,)).state is State.MET

    def test_a_word_of_the_detail_is_a_filter(self) -> None:
        asked = requirement("o", "organisations", roles=["trains_in"], detail="programm")
        for detail, state in (("Programmation web", State.MET), ("Graphisme", State.UNKNOWN)):
            role = Role(1, "trains_in", 1, detail=detail)
            assert only(asked, organisations=(company(1),), roles=(role,)).state is state

    def test_without_roles_those_located_here_count(self) -> None:
        asked = requirement("o", "organisations", kinds=["university"])
        known = {"organisations": (company(1, kind="university"), company(2))}
        assert only(asked, **known, roles=(Role(1), Role(2))).value == 1
        assert only(asked, **known, roles=(Role(1, "trains_in", 1),)).state is State.UNKNOWN

    def test_places_and_the_document_are_of_one_role(self) -> None:
        where = [{"fact": "places", "at_least": 1, "unit": "places"}]
        asked = requirement("o", "organisations", roles=["reciprocal_with"], where=where, with_document=True)

        def state(*roles: Role) -> State:
            return only(asked, organisations=(company(1),), roles=roles).state

        assert state(Role(1, "reciprocal_with", 1, places=2, sha256="a")) is State.MET
        assert state(Role(1, "reciprocal_with", 1, places=2)) is State.UNKNOWN
        assert state(Role(1, "reciprocal_with", 1, places=0, sha256="a")) is State.NOT_MET
        assert state(Role(1, "reciprocal_with", 1, sha256="a")) is State.UNKNOWN
        assert (
            state(Role(1, "reciprocal_with", 1, places=2), Role(1, "reciprocal_with", 2, places=0, sha256="a"))
            is State.UNKNOWN
        )


class TestTwoHouses:
    """Venture and seed capital: by the same house, or by two. Houses from 90 on have shown no document."""

    def found(
        self,
        venture: Iterable[int],
        seed: Iterable[int],
        *,
        numbers: tuple[int, int] = (1, 1),
        differ: bool = True,
        shown: str = "",
        only_if: str = "",
    ) -> Result:
        """The result for these houses; `shown` names the requirement that asks for a document."""
        stages = [("venture", pk) for pk in venture] + [("seed", pk) for pk in seed]
        asked = [
            requirement(
                stage, "organisations", roles=["invests_in"], stage=stage, number=number, with_document=stage == shown
            )
            for stage, number in zip(("venture", "seed"), numbers, strict=True)
        ]
        asked[0] |= {"only_if": only_if}
        asked[1] |= {"distinct_from": "venture", "distinct_if": "$differ"}
        roles = tuple(
            Role(pk, "invests_in", n, stage=stage, sha256="a" if pk < 90 else "")
            for n, (stage, pk) in enumerate(stages, 1)
        )
        organisations = tuple(company(pk) for pk in {pk for _stage, pk in stages})
        known = facts(organisations=organisations, roles=roles, figures={"wanted": of(0)})
        optional = [measure("wanted", mandatory=False, at_least=1)]
        return judge(charter(asked, optional, parameters={"differ": parameter(differ)}), known)

    def seed(self, *args: Iterable[int], **fields: Any) -> Finding:
        return self.found(*args, **fields).finding("seed")

    def test_the_same_house_counts_twice_where_the_parameter_lets_it(self) -> None:
        assert self.found([1], [1], differ=False).state is State.MET

    def test_the_same_house_does_not_count_twice_where_it_does_not(self) -> None:
        found = self.seed([1], [1])
        assert (found.state, found.note, found.about, found.gap) == (
            State.NOT_MET,
            "not_distinct",
            ("Société 1",),
            1,
        )

    @pytest.mark.parametrize(
        ("venture", "seed", "state"),
        [([1], [2], State.MET), ([1, 2], [1], State.MET), ([1], [1, 2], State.MET), ([1, 2], [1, 2], State.MET)],
    )
    def test_two_houses_do(self, venture: list[int], seed: list[int], state: State) -> None:
        assert self.seed(venture, seed).state is state

    def test_it_is_met_exactly_where_both_find_houses_of_their_own(self) -> None:
        houses = [set(some) for size in range(4) for some in combinations((1, 2, 3), size)]
        for venture, seed, ventures, seeds in product(houses, houses[1:], (1, 2), (1, 2)):
            theirs = min(ventures, len(venture))  # seed is not blamed for the ventures that are lacking anyway
            apart = any(
                not set(mine) & set(others)
                for mine in combinations(seed, seeds)
                for others in combinations(venture, theirs)
            )
            found = self.seed(venture, seed, numbers=(ventures, seeds))
            assert (found.state is State.MET) == apart, (venture, seed, ventures, seeds)

    def test_a_venture_that_fails_by_itself_is_not_blamed_on_seed(self) -> None:
        assert self.seed([], [1]).state is State.MET

    def test_a_venture_that_is_not_asked_takes_nobody(self) -> None:
        assert self.seed([1], [1], only_if="wanted").state is State.MET

    def test_a_house_whose_document_is_missing_leaves_it_open(self) -> None:
        assert self.seed([1], [1, 90], shown="seed").state is State.UNKNOWN
        assert self.seed([1], [1], shown="seed").state is State.NOT_MET

    def test_a_house_that_the_other_may_need_leaves_it_open(self) -> None:
        assert self.seed([90], [90], shown="venture").state is State.UNKNOWN
        assert self.seed([90], [90, 91], shown="venture").state is State.MET
        assert self.seed([1, 90], [1], shown="venture").state is State.UNKNOWN


# -- Documents, shapes, judgements ------------------------------------------------------------------------------------


class TestDocuments:
    ASKED = requirement("d", "document", signed=True)

    def test_the_document_has_to_be_there(self) -> None:
        assert only(self.ASKED).step is Step.DOCUMENT
        assert only(self.ASKED, figures={"essai.d": of(1, evidence=(SEALED,))}).state is State.MET
        assert only(self.ASKED, figures={"essai.d": of(1)}).state is State.UNKNOWN
        assert only(self.ASKED, figures={"essai.d": of(0, evidence=(SEALED,))}).state is State.NOT_MET

    def test_beyond_its_validity_it_is_stale(self) -> None:
        found = only(self.ASKED, figures={"essai.d": Known(Hold.STALE, Decimal(1), evidence=(SEALED,))})
        assert (found.state, found.step) == (State.STALE, Step.RENEW)


@pytest.mark.parametrize(
    ("bounds", "state"),
    [
        (None, State.UNKNOWN),
        (Bounds(bounded=False), State.NOT_MET),
        (Bounds(bounded=True, area_km2=12.5), State.NOT_MET),
        (Bounds(bounded=True, drawn=True, area_km2=0.0), State.NOT_MET),
        (Bounds(bounded=True, drawn=True, area_km2=0.4), State.MET),
    ],
)
def test_the_district_is_drawn(bounds: Bounds | None, state: State) -> None:
    assert only(requirement("g", "geometry", drawn=True), bounds=bounds).state is state


@pytest.mark.parametrize(("met", "state"), [(None, State.HUMAN), (True, State.MET), (False, State.NOT_MET)])
def test_a_judgement_is_human_until_somebody_judged(met: bool | None, state: State) -> None:
    said = {} if met is None else {"j": JudgementFact(1, met, DAY, "Vu")}
    assert only(requirement("j", "judgement", guide=words("?")), judgements=said).state is state


# -- Bodies, offices, money -------------------------------------------------------------------------------------------


def seat(actor_class: str, votes: str | int = 1, **fields: Any) -> SeatFact:
    return SeatFact(actor_class, fields.pop("role", "member"), Decimal(votes), **fields)


def body(*seats: SeatFact, **fields: Any) -> BodyFact:
    return BodyFact(fields.pop("id", 1), fields.pop("kind", "governing"), "Comité", seats=seats, **fields)


class TestBodies:
    def found(self, *bodies: BodyFact, organisations: tuple[Organisation, ...] = (), **asked: Any) -> Finding:
        asked = requirement("b", "body", **{"body": "governing", **asked})
        return only(asked, bodies=bodies, organisations=organisations)

    def test_no_body_declared_is_not_known(self) -> None:
        assert (self.found().state, self.found().step) == (State.UNKNOWN, Step.BODY)
        assert self.found(body(kind="vehicle")).state is State.UNKNOWN

    def test_a_body_that_exists_is_enough_where_nothing_else_is_asked(self) -> None:
        assert self.found(body()).state is State.MET

    @pytest.mark.parametrize(
        ("last", "state"),
        [
            (datetime.date(2025, 11, 1), State.MET),
            (datetime.date(2025, 10, 31), State.STALE),
            (None, State.NOT_MET),
        ],
    )
    def test_it_met_in_the_last_twelve_months(self, last: datetime.date | None, state: State) -> None:
        assert self.found(body(last_meeting=last), met_within_months=12).state is state

    def test_every_class_has_a_seat(self) -> None:
        found = self.found(body(seat("company")), classes_represented=["company", "training", "cluster"])
        assert (found.state, found.gap, found.about) == (State.NOT_MET, 2, ("training", "cluster"))
        assert self.found(body(seat("company")), classes_represented=["company"]).state is State.MET

    def test_seats_that_nobody_told_leave_it_open(self) -> None:
        assert self.found(body(), classes_represented=["company"]).state is State.UNKNOWN
        assert self.found(body(), seats=[{"at_least": 1, "unit": "seats"}]).state is State.UNKNOWN

    def test_the_form_is_in_the_list(self) -> None:
        forms = {"forms": ["gip", "sem"]}
        assert self.found(body(legal_form="gip"), **forms).state is State.MET
        assert self.found(body(legal_form="association"), **forms).state is State.NOT_MET
        assert self.found(body(), **forms).state is State.UNKNOWN

    def test_the_rules_of_the_form_are_checked(self) -> None:
        half = body(seat("state"), seat("company"), legal_form="gip")
        assert self.found(half, legal_rules=True).note == "gip_half"
        assert (
            self.found(body(seat("state", 2), seat("company"), legal_form="gip"), legal_rules=True).state is State.MET
        )

    @pytest.mark.parametrize(
        ("companies", "others", "state"), [(1, 1, State.MET), (49, 51, State.NOT_MET), (51, 49, State.MET)]
    )
    def test_a_share_exactly_at_the_threshold_passes(self, companies: int, others: int, state: State) -> None:
        asked = {"of": "votes", "as_share": True, "classes": ["company"], "at_least": 50, "unit": "%"}
        assert self.found(body(seat("company", companies), seat("state", others)), seats=[asked]).state is state

    def test_a_share_of_the_capital_is_told_by_every_member(self) -> None:
        asked = {"of": "capital", "as_share": True, "classes": ["company"], "at_least": 50, "unit": "%"}
        seats = seat("company", capital=Decimal(60)), seat("state")
        found = self.found(body(*seats), seats=[asked])
        assert (found.state, found.note) == (State.UNKNOWN, "no_capital")
        assert self.found(body(seats[0], seat("state", capital=Decimal(40))), seats=[asked]).value == 60

    def test_a_body_in_which_nobody_votes_has_no_share(self) -> None:
        asked = {"of": "votes", "as_share": True, "at_least": 50, "unit": "%"}
        assert self.found(body(seat("company", 0)), seats=[asked]).note == "no_votes"

    def test_a_third_is_not_33_34_percent_and_its_gap_is_told(self) -> None:
        seats = [{"as_share": True, "classes": ["company"], "at_least": 33.34, "unit": "%"}]
        found = self.found(body(seat("company"), seat("state"), seat("state")), seats=seats)
        assert found.state is State.NOT_MET
        assert found.gap is not None
        assert 0 < found.gap < Decimal("0.01")

    def test_the_president_comes_from_a_company(self) -> None:
        asked = {"roles": ["president"], "kinds": ["startup", "company"], "at_least": 1, "unit": "seats"}
        known = company(1), company(2, kind="commune")

        def state(*seats: SeatFact) -> State:
            return self.found(body(*seats), organisations=known, seats=[asked]).state

        assert state(seat("company", role="president", organisation=1), seat("state")) is State.MET
        assert state(seat("state", role="president", organisation=2), seat("company", organisation=1)) is State.NOT_MET
        assert state(seat("company", role="president"), seat("company", organisation=1)) is State.UNKNOWN

    def test_facts_of_the_members_own_organisation_count(self) -> None:
        where = [{"fact": "staff", "more_than": 25, "unit": "people"}]
        asked = {"classes": ["company"], "where": where, "at_least": 1, "unit": "seats"}

        def state(staff: tuple[int, int]) -> State:
            rows = (company(1, year(2025, None, staff)),)
            return self.found(body(seat("company", organisation=1)), organisations=rows, seats=[asked]).state

        assert [state(band) for band in ((26, 49), (20, 49), (10, 25))] == [State.MET, State.UNKNOWN, State.NOT_MET]

    def test_what_is_not_known_of_a_member_makes_the_share_an_interval(self) -> None:
        asked = {"kinds": ["startup"], "as_share": True, "more_than": 50, "unit": "%"}
        seats = seat("company", organisation=1), seat("company"), seat("state", organisation=2)
        known = company(1), company(2, kind="commune")
        found = self.found(body(*seats), organisations=known, seats=[asked])
        assert found.state is State.UNKNOWN
        assert found.value is None

    def test_the_best_of_several_bodies_counts(self) -> None:
        bodies = body(id=1, legal_form="association"), body(id=2, legal_form="gip")
        for order in (bodies, bodies[::-1]):
            found = self.found(*order, forms=["gip"])
            assert (found.state, [item.id for item in found.evidence]) == (State.MET, [2])

    def test_two_bodies_that_have_half_each_make_none(self) -> None:
        bodies = body(id=1, legal_form="gip"), body(id=2, last_meeting=DAY, legal_form="association")
        assert self.found(*bodies, forms=["gip"], met_within_months=12).state is State.NOT_MET

    def test_the_figure_is_told_where_it_is_met_too(self) -> None:
        seats = [{"as_share": True, "classes": ["company"], "at_least": 50, "unit": "%"}]
        found = self.found(body(seat("company"), seat("state")), seats=seats)
        assert (found.state, found.value, found.threshold, found.unit) == (State.MET, 50, 50, "%")


class TestTheOfficer:
    ASKED = requirement("o", "appointment", appointed_by=["metropolis"], entrepreneur=True, with_document=True)

    def named(self, **fields: Any) -> AppointmentFact:
        said = {"by_kind": "metropolis", "entrepreneur": True, "sha256": "a", **fields}
        return AppointmentFact(said.pop("id", 1), "chief_digital_officer", "Délibération 12", DAY, "Métropole", **said)

    @pytest.mark.parametrize(
        ("fields", "state", "note"),
        [
            ({}, State.MET, ""),
            ({"entrepreneur": False}, State.NOT_MET, "not_entrepreneur"),
            ({"by_kind": "digital_association"}, State.NOT_MET, "appointed_by"),
            ({"sha256": ""}, State.UNKNOWN, "not_shown"),
        ],
    )
    def test_named_by_the_authorities_and_an_entrepreneur(self, fields: Any, state: State, note: str) -> None:
        found = only(self.ASKED, appointments=(self.named(**fields),))
        assert (found.state, found.note) == (state, note)

    def test_nobody_named_is_not_known(self) -> None:
        assert only(self.ASKED).step is Step.APPOINT

    def test_one_of_two_is_enough(self) -> None:
        both = self.named(entrepreneur=False), self.named(id=2)
        assert only(self.ASKED, appointments=both).state is State.MET


class TestMoney:
    ASKED = requirement("f", "funding", levels=["state"], purposes=["development_operation"], at_most=0, unit="€")

    def test_a_state_line_for_the_development_operation_fails(self) -> None:
        line = FundingFact(1, "state", "development_operation", Decimal("1.50"))
        found = only(self.ASKED, funding=(line,))
        assert (found.state, found.gap, found.value) == (State.NOT_MET, Decimal("1.50"), Decimal("1.50"))

    def test_other_lines_do_not(self) -> None:
        lines = (
            FundingFact(1, "state", "promotion", Decimal(10)),
            FundingFact(2, "metropolis", "development_operation", Decimal(10)),
        )
        assert only(self.ASKED, funding=lines).state is State.MET

    def test_money_nobody_spoke_of_is_not_known(self) -> None:
        assert only(self.ASKED).state is State.UNKNOWN


# -- Logic ------------------------------------------------------------------------------------------------------------


HOLDS = {
    State.MET: of(1),
    State.NOT_MET: of(0),
    State.STALE: Known(Hold.STALE, Decimal(1)),
    State.UNKNOWN: Known(Hold.MISSING),
}


def in_state(pk: str, state: State, **fields: Any) -> dict[str, Any]:
    """A requirement that is found in that state among `known_for` it."""
    if state is State.HUMAN:
        return requirement(pk, "judgement", guide=words("?"), **fields)
    if state is State.NOT_APPLICABLE:
        fields = {"only_if": "never", **fields}
    return requirement(pk, "measure", indicator=pk, at_least=1, **fields)


def found_in(states: dict[str, State], *criteria: list[dict[str, Any]]) -> Result:
    """The result for requirements made by `in_state`."""
    figures = {pk: HOLDS[state] for pk, state in states.items() if state in HOLDS} | {"never": of(0)}
    never = [in_state("never", State.NOT_MET, mandatory=False)]
    return judge(charter(*criteria, never), facts(figures=figures))


# What « if the condition holds, then this » is: a row for each state of the condition, for each of STATES.
IMPLIED = {
    State.NOT_MET: "not_applicable not_applicable not_applicable not_applicable not_applicable not_applicable",
    State.STALE: "stale stale unknown human met not_applicable",
    State.UNKNOWN: "unknown unknown unknown human met not_applicable",
    State.HUMAN: "human human human human met not_applicable",
    State.MET: "not_met stale unknown human met not_applicable",
    State.NOT_APPLICABLE: "not_applicable not_applicable not_applicable not_applicable not_applicable not_applicable",
}
CONDITIONS = [
    (condition, state, State(said))
    for condition, row in IMPLIED.items()
    for state, said in zip(STATES, row.split(), strict=True)
]


class TestConditions:
    @pytest.mark.parametrize(("condition", "state", "said"), CONDITIONS)
    def test_implied(self, condition: State, state: State, said: State) -> None:
        assert implied(condition, state) is said

    @pytest.mark.parametrize(
        ("condition", "state", "said"), [row for row in CONDITIONS if row[1] is not State.NOT_APPLICABLE]
    )
    def test_if_there_is_a_cluster_then_an_agreement(self, condition: State, state: State, said: State) -> None:
        asked = [in_state("cluster", condition, bonus=True), in_state("agreement", state, only_if="cluster")]
        found = found_in({"cluster": condition, "agreement": state}, asked)
        assert found.finding("agreement").state is said
        assert found.criteria[0].state is said  # the bonus does not count

    def test_one_that_does_not_apply_lacks_nothing_and_waits_for_nothing(self) -> None:
        asked = [measure("cluster", bonus=True, at_least=1), measure("agreement", only_if="cluster", at_least=1)]
        planned = of(0, plans=(Plan(datetime.date(2027, 1, 1), Decimal(1)),))
        result = judge(charter(asked), facts(figures={"cluster": planned, "agreement": planned}))
        cluster, agreement = result.criteria[0].findings
        assert (cluster.state, cluster.expected_on) == (State.NOT_MET, datetime.date(2027, 1, 1))
        assert agreement.state is State.NOT_APPLICABLE
        assert (agreement.gap, agreement.step, agreement.expected_on) == (None, Step.NOTHING, None)

    def test_what_waits_for_its_condition_says_what_settles_that(self) -> None:
        asked = [in_state("cluster", State.HUMAN, bonus=True), in_state("agreement", State.NOT_MET, only_if="cluster")]
        found = found_in({"cluster": State.HUMAN, "agreement": State.NOT_MET}, asked).finding("agreement")
        assert (found.state, found.step, found.note) == (State.HUMAN, Step.JUDGE, "condition")

    def test_a_condition_may_stand_anywhere_and_be_a_group(self) -> None:
        group = requirement(
            "g", "group", rule_of="any", requirements=[in_state("a", State.MET), in_state("b", State.NOT_MET)]
        )
        asked = [in_state("r", State.NOT_MET, only_if="g")], [group]
        assert (
            found_in({"a": State.MET, "b": State.NOT_MET, "r": State.NOT_MET}, *asked).finding("r").state
            is State.NOT_MET
        )
        assert (
            found_in({"a": State.NOT_MET, "b": State.NOT_MET, "r": State.NOT_MET}, *asked).finding("r").state
            is State.NOT_APPLICABLE
        )

    def test_a_condition_that_does_not_apply_passes_that_on(self) -> None:
        chain = [
            in_state("a", State.NOT_MET, bonus=True),
            in_state("b", State.NOT_MET, only_if="a"),
            in_state("c", State.NOT_MET, only_if="b"),
        ]
        assert found_in(dict.fromkeys("abc", State.NOT_MET), chain).state is State.NOT_APPLICABLE


class TestGroups:
    @pytest.mark.parametrize("members", [m for size in (1, 2, 3) for m in combinations_with_replacement(STATES, size)])
    def test_all_any_and_at_least(self, members: tuple[State, ...]) -> None:
        names = dict(zip("abc", members, strict=False))
        for rule, n in (("all", len(members)), ("any", 1), ("at_least", 1), ("at_least", len(members))):
            asked = requirement(
                "g",
                "group",
                rule_of=rule,
                requirements=[in_state(pk, state) for pk, state in names.items()],
                **({"n": n} if rule == "at_least" else {}),
            )
            found = found_in(names, [asked]).finding("g")
            # at least as good as s exactly where n members are
            assert found.state is max(
                (s for s in STATES if sum(RANK[m] >= RANK[s] for m in members) >= n), key=RANK.__getitem__
            )
            assert len(found.members) == len(members)
            fine = sum(m in FINE for m in members)
            assert found.gap == (None if found.state in FINE else n - fine)

    def test_any_is_met_by_one_and_the_rest_may_be_stale(self) -> None:
        assert nth_best([State.STALE, State.MET, State.NOT_MET], 1) is State.MET

    def test_fewer_than_are_asked_are_not_met(self) -> None:
        assert nth_best([State.MET], 2) is State.NOT_MET

    def test_a_member_that_is_a_bonus_or_optional_is_not_counted(self) -> None:
        for fields in ({"bonus": True}, {"mandatory": False}):
            for rule, n in (("all", None), ("any", None), ("at_least", 2)):
                members = [in_state("a", State.MET), in_state("b", State.NOT_MET, **fields)]
                asked = requirement("g", "group", rule_of=rule, requirements=members, **({"n": n} if n else {}))
                found = found_in({"a": State.MET, "b": State.NOT_MET}, [asked])
                assert found.finding("g").state is State.MET, (fields, rule)

    def test_a_group_of_nothing_but_bonuses_asks_nothing(self) -> None:
        members = [in_state("a", State.NOT_MET, bonus=True)]
        asked = requirement("g", "group", rule_of="any", requirements=members)
        assert found_in({"a": State.NOT_MET}, [asked]).state is State.NOT_APPLICABLE

    def test_groups_stand_in_groups(self) -> None:
        inner = requirement(
            "i", "group", rule_of="any", requirements=[in_state("a", State.MET), in_state("b", State.NOT_MET)]
        )
        outer = requirement("o", "group", rule_of="all", requirements=[inner, in_state("c", State.HUMAN)])
        states = {"a": State.MET, "b": State.NOT_MET, "c": State.HUMAN}
        assert found_in(states, [outer]).state is State.HUMAN


class TestTheWhole:
    @pytest.mark.parametrize("states", list(product(STATES, repeat=2)))
    def test_the_worst_of_what_is_mandatory(self, states: tuple[State, State]) -> None:
        first, second = states
        found = found_in({"a": first, "b": second}, [in_state("a", first)], [in_state("b", second)])
        assert [one.state for one in found.criteria[:2]] == [first, second]
        assert found.state is min(states, key=RANK.__getitem__)

    @pytest.mark.parametrize("state", STATES)
    def test_a_bonus_never_worsens(self, state: State) -> None:
        asked = [in_state("a", State.MET), in_state("b", state, bonus=True)]
        assert found_in({"a": State.MET, "b": state}, asked).state is State.MET

    def test_an_optional_criterion_does_not_count(self) -> None:
        content = content_of([in_state("a", State.MET)], [in_state("b", State.NOT_MET)])
        content["criteria"][1]["mandatory"] = False
        found = judge(from_content(content), facts(figures={"a": of(1), "b": of(0)}))
        assert (found.state, found.criteria[1].state) == (State.MET, State.NOT_MET)

    def test_only_what_does_not_apply_is_labelled_too(self) -> None:
        assert found_in({}, [in_state("a", State.NOT_APPLICABLE)]).state in FINE


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-12-31", 1, "2026-11-30"),
        ("2026-01-31", 2, "2025-11-30"),
        ("2026-11-01", 12, "2025-11-01"),
        ("2026-11-01", 600, "1976-11-01"),
    ],
)
def test_months_before(day: str, months: int, before: str) -> None:
    assert months_before(datetime.date.fromisoformat(day), months) == datetime.date.fromisoformat(before)


# -- Whatever the facts -----------------------------------------------------------------------------------------------


SEATS = {"of": "votes", "as_share": True, "kinds": ["startup"], "more_than": 50, "unit": "%"}
EVERYTHING = charter(
    [
        measure("area", at_least=100, unit="m²"),
        measure("minutes", less_than=30, unit="min"),
        requirement("papers", "document", signed=True),
        requirement("said", "judgement", guide=words("?"), only_if="area"),
    ],
    [
        CHAMPION,
        requirement("venture", "organisations", roles=["invests_in"], stage="venture", with_document=True),
        requirement(
            "seed", "organisations", roles=["invests_in"], stage="seed", with_document=True, distinct_from="venture"
        ),
        requirement(
            "group",
            "group",
            rule_of="at_least",
            n=2,
            requirements=[
                measure("clusters", at_least=1, unit="clusters"),
                requirement("agreement", "organisations", roles=["coordinates_with"], only_if="clusters"),
                requirement(
                    "large",
                    "organisations",
                    roles=["located_in"],
                    number=2,
                    where=[{"fact": "staff", "at_least": 250, "unit": "people"}],
                ),
            ],
        ),
    ],
    [
        requirement("board", "body", body="governing", met_within_months=12, seats=[SEATS]),
        requirement("officer", "appointment", entrepreneur=True),
        requirement("money", "funding", levels=["state"], at_most=0, unit="€"),
    ],
)
IDS = [asked.id for asked in EVERYTHING.requirements()]


def unsaid(draw: st.DrawFn, value: Any) -> Any:
    """The value, or None where it is not told."""
    return value if draw(st.booleans()) else None


@st.composite
def companies(draw: st.DrawFn, pk: int) -> tuple[Organisation, Organisation]:
    """A company as somebody knows it, and as it is: bands instead of numbers, years of which not all is told."""
    known, true = [], []
    for number in draw(st.sampled_from([(), (2025,), (2024, 2025), (2021, 2022)])):
        revenue = draw(st.sampled_from([4_000_000, 5_000_000, 6_250_000, 8_000_000]))
        staff = draw(st.sampled_from([10, 25, 26, 250]))
        share = draw(st.sampled_from([39, 40, 41]))
        low, high = staff - draw(st.sampled_from([0, 1, 10])), draw(st.sampled_from([staff, staff + 1, None]))
        true.append(year(number, revenue, (staff, staff), share))
        told = (low, high) if draw(st.booleans()) else (None, None)
        known.append(year(number, unsaid(draw, revenue), told, unsaid(draw, share)))
    kind = draw(st.sampled_from(["startup", "large_group"]))
    return company(pk, *known, kind=kind), company(pk, *true, kind=kind)


@st.composite
def figures(draw: st.DrawFn, name: str) -> tuple[dict[str, Known], dict[str, Known]]:
    """A figure as an interval or not told at all, and as it is."""
    value = draw(st.sampled_from([0, 1, 29, 30, 99, 100]))
    low, high = value - draw(st.sampled_from([0, 1, 100])), value + draw(st.sampled_from([0, 1, 100]))
    told = draw(st.sampled_from([between(low, high), between(low, None), between(None, high), None]))
    return ({name: told} if told else {}), {name: of(value, evidence=(SEALED,))}


@st.composite
def partly_known(draw: st.DrawFn) -> tuple[Facts, Facts]:
    """Facts of which not all is told, and the same ones in full."""
    pairs = [draw(companies(pk)) for pk in range(1, draw(st.integers(1, 4)) + 1)]
    pks = st.integers(1, len(pairs))
    kinds = st.sampled_from(["located_in", "mentors", "coordinates_with", "invests_in"])
    roles, shown = [], []
    for n in range(1, draw(st.integers(0, 7)) + 1):
        role = Role(draw(pks), draw(kinds), n, stage=draw(st.sampled_from(["venture", "seed"])))
        shown_now = draw(st.sampled_from(["", "a"]))
        roles.append(msgspec.structs.replace(role, sha256=shown_now))
        shown.append(msgspec.structs.replace(role, sha256=shown_now or draw(st.sampled_from(["", "b"]))))
    seats = [(draw(pks), Decimal(draw(st.integers(0, 3)))) for _ in range(draw(st.integers(0, 3)))]
    told = [seat("company", votes, organisation=unsaid(draw, pk)) for pk, votes in seats]
    full = [seat("company", votes, organisation=pk) for pk, votes in seats]
    parts = [draw(figures(name)) for name in ("area", "minutes", "clusters")]
    papers = of(1, evidence=draw(st.sampled_from([(), (SEALED,)])))
    lines = draw(st.lists(st.sampled_from(["state", "region"]), max_size=3))
    same = {
        "appointments": tuple(
            AppointmentFact(n, "chief_digital_officer", f"Acte {n}", DAY, entrepreneur=yes)
            for n, yes in enumerate(draw(st.lists(st.booleans(), max_size=2)))
        ),
        "funding": tuple(FundingFact(n, level, "x", Decimal(n)) for n, level in enumerate(lines)) if lines else None,
    }
    verdict = {"said": JudgementFact(1, draw(st.booleans()), DAY)}
    fewer = facts(
        figures={key: value for partly, _full in parts for key, value in partly.items()} | {"essai.papers": papers},
        organisations=tuple(one for one, _full in pairs),
        roles=tuple(roles),
        bodies=(body(*told, last_meeting=DAY),) if seats else (),
        judgements=unsaid(draw, verdict) or {},
        **same,
    )
    more = facts(
        figures={key: value for _partly, full in parts for key, value in full.items()}
        | {"essai.papers": of(1, evidence=(SEALED,))},
        organisations=tuple(one for _partly, one in pairs),
        roles=tuple(shown),
        bodies=(body(*full, last_meeting=DAY),) if seats else (),
        judgements=verdict,
        **same,
    )
    return fewer, more


def shuffled(draw: st.DrawFn, given_facts: Facts) -> Facts:
    """The same facts, their rows in another order."""

    def mixed(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(draw(st.permutations(rows)))

    return msgspec.structs.replace(
        given_facts,
        organisations=tuple(
            msgspec.structs.replace(one, years=mixed(one.years)) for one in mixed(given_facts.organisations)
        ),
        roles=mixed(given_facts.roles),
        bodies=mixed(tuple(msgspec.structs.replace(one, seats=mixed(one.seats)) for one in given_facts.bodies)),
        appointments=mixed(given_facts.appointments),
        funding=given_facts.funding and mixed(given_facts.funding),
        figures=dict(mixed(tuple(given_facts.figures.items()))),
    )


class TestWhateverTheFacts:
    @given(partly_known(), st.data())
    def test_the_order_of_rows_changes_nothing(self, pair: tuple[Facts, Facts], data: st.DataObject) -> None:
        other = shuffled(data.draw, pair[0])
        assert canonical(judge(EVERYTHING, other)) == canonical(judge(EVERYTHING, pair[0]))

    @given(partly_known())
    def test_facts_and_results_come_back_from_json_the_same(self, pair: tuple[Facts, Facts]) -> None:
        for known in pair:
            again = msgspec.json.decode(canonical(known), type=Facts)
            result = judge(EVERYTHING, known)
            assert again == known
            assert canonical(judge(EVERYTHING, again)) == canonical(result)
            assert canonical(msgspec.json.decode(canonical(result), type=Result)) == canonical(result)

    @hypothesis_settings(max_examples=300)
    @given(partly_known())
    def test_knowing_more_changes_nothing_that_was_decided(self, pair: tuple[Facts, Facts]) -> None:
        fewer, more = (judge(EVERYTHING, known) for known in pair)
        decided = {State.MET, State.NOT_MET, State.NOT_APPLICABLE}
        for pk in IDS:
            before, after = fewer.finding(pk).state, more.finding(pk).state
            if before in decided:
                assert (before in FINE, before is State.NOT_MET) == (after in FINE, after is State.NOT_MET), pk

    @given(partly_known(), st.data())
    def test_one_more_organisation_never_worsens(self, pair: tuple[Facts, Facts], data: st.DataObject) -> None:
        known, _more = pair
        extra, _true = data.draw(companies(9))
        more = msgspec.structs.replace(
            known,
            organisations=(*known.organisations, extra),
            roles=known.roles + here(9, kinds=["located_in", "mentors"]),
        )
        for pk in ("champion", "large"):
            before = judge(EVERYTHING, known).finding(pk)
            if before.note != "nobody":  # nothing declared is not known; what is declared may not suffice
                assert RANK[judge(EVERYTHING, more).finding(pk).state] >= RANK[before.state]

    @given(st.lists(st.sampled_from(STATES), min_size=1, max_size=5), st.data())
    def test_a_group_lies_between_its_worst_and_its_best(self, members: list[State], data: st.DataObject) -> None:
        state = nth_best(members, data.draw(st.integers(1, len(members))))
        assert min(RANK[m] for m in members) <= RANK[state] <= max(RANK[m] for m in members)

    @given(st.decimals(-1_000, 1_000, places=3), st.decimals(-1_000, 1_000, places=3))
    def test_the_gap_is_what_is_missing_in_the_unit(self, value: Decimal, threshold: Decimal) -> None:
        parameters = {"t": parameter(str(threshold))}
        for comparator, missing in (("at_least", threshold - value), ("at_most", value - threshold)):
            found = only(measure(**{comparator: "$t"}), parameters, figures={"m": of(value)})
            assert (found.gap is None) == (found.state is State.MET) == (missing <= 0)
            if found.gap is not None:
                assert found.gap == missing

    @given(st.lists(st.tuples(st.dates(DAY), st.integers(0, 60)), max_size=6), st.integers(0, 99))
    def test_plans_give_a_day_and_never_a_state(self, plans: list[tuple[datetime.date, int]], value: int) -> None:
        known = of(value, plans=tuple(Plan(day, Decimal(amount)) for day, amount in plans))
        found = only(measure(at_least=100), figures={"m": known})
        reached = [day for day, _ in plans if value + sum(amount for at, amount in plans if at <= day) >= 100]
        assert found.state is State.NOT_MET
        assert found.expected_on == min(reached, default=None)
