"""Distinct organisations in a role, and houses that do not serve twice."""

from collections.abc import Iterable
from itertools import combinations, product
from typing import Any

import pytest

from tests.factories.labels import requirement
from tests.labels.judging.cases import charter, company, facts, here, measure, of, only, parameter
from totem.labels.judging import judge
from totem.labels.judging.facts import (
    Finding,
    NextStep,
    Result,
    RoleFact,
    State,
)


class TestOrganisations:
    def test_nobody_declared_is_not_known(self) -> None:
        found = only(requirement("o", "organisations", roles=["animates"]))
        assert (found.state, found.note, found.step, found.gap) == (State.UNKNOWN, "nobody", NextStep.ORGANISATION, 1)

    def test_those_who_have_left_are_none_and_not_unknown(self) -> None:
        asked = requirement("o", "organisations", roles=["mentors"], kinds=["startup"])
        found = only(asked, organisations=(company(1),), ended_roles=here(1, kinds=["mentors"]))
        assert (found.state, found.value, found.gap, found.about) == (State.NOT_MET, 0, 1, ("Société 1",))
        other = only(asked, organisations=(company(1),), ended_roles=here(1, kinds=["invests_in"]))
        assert other.state is State.UNKNOWN

    def test_distinct_ones_are_counted(self) -> None:
        asked = requirement("o", "organisations", roles=["large_account_in"], number=3)
        roles = here(1, 1, 2, kinds=["large_account_in"])
        found = only(asked, organisations=(company(1), company(2)), roles=roles)
        assert (found.state, found.value, found.threshold, found.gap) == (State.NOT_MET, 2, 3, 1)

    def test_kinds_and_the_other_side_of_the_role_are_filters(self) -> None:
        asked = requirement("o", "organisations", roles=["simplifies"], partner_kinds=["state_service"])
        state = only(
            asked, organisations=(company(1),), roles=(RoleFact(1, "simplifies", 1, partner_kind="commune"),)
        ).state
        assert state is State.UNKNOWN
        role = RoleFact(1, "simplifies", 1, partner_kind="state_service")
        assert only(asked, organisations=(company(1),), roles=(role,)).state is State.MET

    def test_a_word_of_the_detail_is_a_filter(self) -> None:
        asked = requirement("o", "organisations", roles=["trains_in"], detail="programm")
        for detail, state in (("Programmation web", State.MET), ("Graphisme", State.UNKNOWN)):
            role = RoleFact(1, "trains_in", 1, detail=detail)
            assert only(asked, organisations=(company(1),), roles=(role,)).state is state

    def test_without_roles_those_located_here_count(self) -> None:
        asked = requirement("o", "organisations", kinds=["university"])
        known = {"organisations": (company(1, kind="university"), company(2))}
        assert only(asked, **known, roles=(RoleFact(1), RoleFact(2))).value == 1
        assert only(asked, **known, roles=(RoleFact(1, "trains_in", 1),)).state is State.UNKNOWN

    def test_places_and_the_document_are_of_one_role(self) -> None:
        where = [{"fact": "places", "at_least": 1, "unit": "places"}]
        asked = requirement("o", "organisations", roles=["reciprocal_with"], where=where, with_document=True)

        def state(*roles: RoleFact) -> State:
            return only(asked, organisations=(company(1),), roles=roles).state

        assert state(RoleFact(1, "reciprocal_with", 1, places=2, sha256="a")) is State.MET
        assert state(RoleFact(1, "reciprocal_with", 1, places=2)) is State.UNKNOWN
        assert state(RoleFact(1, "reciprocal_with", 1, places=0, sha256="a")) is State.NOT_MET
        assert state(RoleFact(1, "reciprocal_with", 1, sha256="a")) is State.UNKNOWN
        assert (
            state(RoleFact(1, "reciprocal_with", 1, places=2), RoleFact(1, "reciprocal_with", 2, places=0, sha256="a"))
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
            RoleFact(pk, "invests_in", n, stage=stage, sha256="a" if pk < 90 else "")
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


def test_whoever_is_said_to_be_located_here_is_here() -> None:
    """A drawn place cuts communes: an address alone does not tell."""
    asked = requirement("o", "organisations", kinds=["startup"])
    assert only(asked, organisations=(company(1),), roles=here(1, kinds=["located_in"])).state is State.MET
    assert only(asked, organisations=(company(1),), roles=here(1, kinds=["mentors"])).state is State.UNKNOWN
