"""States: conditions, groups, bonuses, and the whole as the worst of what is mandatory."""

import datetime
from decimal import Decimal
from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from tests.factories.labels import content_of, requirement, words
from tests.labels.judging.cases import charter, facts, measure, of
from totem.labels.charters.format import from_content
from totem.labels.figures import FigureState, KnownFigure, PlannedAmount
from totem.labels.judging import judge
from totem.labels.judging.facts import FINE, RANK, STATES, NextStep, Result, State
from totem.labels.judging.logic import implied, nth_best

HOLDS = {
    State.MET: of(1),
    State.NOT_MET: of(0),
    State.STALE: KnownFigure(FigureState.STALE, Decimal(1)),
    State.UNKNOWN: KnownFigure(FigureState.MISSING),
}


def in_state(pk: str, state: State, **fields: Any) -> dict[str, Any]:
    """A requirement that `found_in` finds in that state."""
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
        planned = of(0, plans=(PlannedAmount(datetime.date(2027, 1, 1), Decimal(1)),))
        result = judge(charter(asked), facts(figures={"cluster": planned, "agreement": planned}))
        cluster, agreement = result.criteria[0].findings
        assert (cluster.state, cluster.expected_on) == (State.NOT_MET, datetime.date(2027, 1, 1))
        assert agreement.state is State.NOT_APPLICABLE
        assert (agreement.gap, agreement.step, agreement.expected_on) == (None, NextStep.NOTHING, None)

    def test_what_waits_for_its_condition_says_what_settles_that(self) -> None:
        asked = [in_state("cluster", State.HUMAN, bonus=True), in_state("agreement", State.NOT_MET, only_if="cluster")]
        found = found_in({"cluster": State.HUMAN, "agreement": State.NOT_MET}, asked).finding("agreement")
        assert (found.state, found.step, found.note) == (State.HUMAN, NextStep.JUDGE, "condition")

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
