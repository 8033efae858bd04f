"""Figures, plans, documents, shapes, judgements and money against what is asked of them."""

import datetime
from decimal import Decimal

import pytest

from tests.factories.labels import requirement, words
from tests.labels.judging.cases import DAY, SEALED, between, measure, of, only, parameter
from totem.core.measures import Figure
from totem.core.periods import months_before
from totem.labels.figures import Evidence, EvidenceKind, FigureState, KnownFigure, PlannedAmount, known_figure
from totem.labels.judging.facts import Bounds, Finding, FundingFact, JudgementFact, NextStep, State


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
        assert (found.step, found.note, found.gap) == (NextStep.SETTLE, "interval", 10)

    @pytest.mark.parametrize(
        ("hold", "state", "step"),
        [
            (FigureState.MISSING, State.UNKNOWN, NextStep.DECLARE),
            (FigureState.UNAVAILABLE, State.UNKNOWN, NextStep.FIND),
            (FigureState.CONTRADICTED, State.UNKNOWN, NextStep.RETAIN),
            (FigureState.STALE, State.STALE, NextStep.RENEW),
        ],
    )
    def test_a_figure_that_cannot_be_used_is_not_counted(self, hold: FigureState, state: State, step: NextStep) -> None:
        found = only(measure(at_least=1), figures={"m": KnownFigure(hold, Decimal(99))})
        assert (found.state, found.step, found.gap) == (state, step, None)

    def test_the_mode_of_travel_has_to_be_the_one_that_is_asked(self) -> None:
        asked = requirement("t", "travel", to="tgv_station", mode="$mode", less_than=30, unit="min")
        figures = {"minutes_to_tgv_station": of(12, mode="car")}
        states = [only(asked, {"mode": parameter(mode)}, figures=figures).state for mode in ("any", "car", "walk")]
        assert states == [State.MET, State.MET, State.UNKNOWN]


def from_zero(high: int | None) -> KnownFigure:
    """As `labels.figures` makes it of what is computed."""
    return known_figure(Figure.between(0, high), on=datetime.date(2026, 11, 1), evidence=())


@pytest.mark.parametrize("high", [None, 560])
def test_from_zero_to_anything_is_no_figure_given(high: int | None) -> None:
    found = only(measure(at_least=0), figures={"m": from_zero(high)})
    assert (found.state, found.step, found.note) == (State.UNKNOWN, NextStep.DECLARE, "from_zero")


def test_a_limit_from_above_still_says_that_a_threshold_is_not_reached_or_not_passed() -> None:
    assert only(measure(at_least=600), figures={"m": from_zero(560)}).state is State.NOT_MET
    assert only(measure(at_most=600), figures={"m": from_zero(560)}).state is State.MET


class TestPlans:
    PLANS = (
        PlannedAmount(datetime.date(2029, 1, 1), Decimal(20_000)),
        PlannedAmount(datetime.date(2027, 1, 1), Decimal(15_000)),
        PlannedAmount(datetime.date(2028, 6, 1), Decimal(25_000)),
    )

    def found(self, area: int, plans: tuple[PlannedAmount, ...] = PLANS) -> Finding:
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
        known = KnownFigure(FigureState.KNOWN, None, Decimal(40_000), Decimal(60_000), plans=self.PLANS)
        found = only(measure(at_least=50_000, unit="m²"), figures={"m": known})
        assert (found.state, found.expected_on) == (State.UNKNOWN, None)

    def test_what_is_met_expects_nothing(self) -> None:
        assert self.found(50_000).expected_on is None


class TestDocuments:
    ASKED = requirement("d", "document", signed=True)

    def test_the_document_has_to_be_there(self) -> None:
        assert only(self.ASKED).step is NextStep.DOCUMENT
        assert only(self.ASKED, figures={"essai.d": of(1, evidence=(SEALED,))}).state is State.MET
        assert only(self.ASKED, figures={"essai.d": of(1)}).state is State.UNKNOWN
        assert only(self.ASKED, figures={"essai.d": of(0, evidence=(SEALED,))}).state is State.NOT_MET

    def test_beyond_its_validity_it_is_stale(self) -> None:
        found = only(self.ASKED, figures={"essai.d": KnownFigure(FigureState.STALE, Decimal(1), evidence=(SEALED,))})
        assert (found.state, found.step) == (State.STALE, NextStep.RENEW)

    @pytest.mark.parametrize(
        ("letters", "state", "gap"), [(0, State.UNKNOWN, None), (2, State.NOT_MET, 1), (3, State.MET, None)]
    )
    def test_so_many_distinct_documents_are_counted(self, letters: int, state: State, gap: int | None) -> None:
        sums = tuple(f"{n:064}" for n in range(letters))
        seen = tuple(Evidence(EvidenceKind.OBSERVATION, "Lettres", sha256=sums) for _twice in range(2))
        found = only(requirement("d", "document", number=3), figures={"essai.d": of(1, evidence=seen)})
        assert (found.state, found.value, found.gap) == (state, letters, gap)

    def test_an_award_says_until_when_it_holds(self) -> None:
        asked = requirement("d", "document", term=True)
        assert only(asked, figures={"essai.d": of(1, evidence=(SEALED,))}).note == "no_term"
        until = datetime.date(2027, 3, 1)
        found = only(asked, figures={"essai.d": of(1, evidence=(SEALED,), until=until)})
        assert (found.state, found.note, found.about) == (State.MET, "holds_until", ("2027-03-01",))


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


@pytest.mark.parametrize(("allowed", "state"), [(True, State.NOT_APPLICABLE), (False, State.NOT_MET)])
def test_what_is_declared_not_to_apply_is_not_asked_where_the_charter_allows_it(allowed: bool, state: State) -> None:
    said = JudgementFact(7, met=False, on=DAY, reason="Pas de littoral", applies=False)
    asked = {**measure(at_least=10), "may_not_apply": allowed}
    found = only(asked, figures={"m": of(0)}, judgements={"m": said})
    assert found.state is state
    assert [item.id for item in found.evidence] == ([7] if allowed else [])


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


@pytest.mark.parametrize("bound", [{"at_least": 1}, {"at_most": 5}, {"less_than": 1}])
def test_what_is_not_computed_is_never_zero(bound: dict[str, int]) -> None:
    found = only(measure(**bound))
    assert (found.state, found.value, found.low, found.gap) == (State.UNKNOWN, None, None, None)
