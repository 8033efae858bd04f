"""What the law asks of a GIP and of a SEM: more than half is more than half."""

from decimal import Decimal

import pytest

from totem.labels.judging.facts import BodyFact, SeatFact, State
from totem.labels.judging.legal import legal_state


def body(form: str, *seats: tuple[str, str | int, str | None], has_capital: bool = False) -> BodyFact:
    """A body of that form; each seat is its class, its votes and its share of the capital (%)."""
    rows = (
        SeatFact(actor_class, "member", Decimal(votes), None if capital is None else Decimal(capital))
        for actor_class, votes, capital in seats
    )
    return BodyFact(1, "vehicle", "Essai", form, has_capital, seats=tuple(rows))


def sem(local: str, private: str, votes: tuple[int, int] = (6, 4)) -> BodyFact:
    return body("sem", ("local_authority", votes[0], local), ("company", votes[1], private), has_capital=True)


class TestGip:
    @pytest.mark.parametrize(
        ("public", "private", "state"), [(1, 1, State.NOT_MET), (51, 49, State.MET), (49, 51, State.NOT_MET)]
    )
    def test_public_bodies_have_more_than_half_of_the_votes(self, public: int, private: int, state: State) -> None:
        assert legal_state(body("gip", ("state", public, None), ("company", private, None)))[0] is state

    def test_half_and_a_hundredth_of_a_vote_is_more_than_half(self) -> None:
        assert legal_state(body("gip", ("state", "10.01", None), ("company", 10, None)))[0] is State.MET

    def test_a_private_body_with_a_public_service_task_counts_with_them(self) -> None:
        seats = ("local_authority", 1, None), ("public_service", 1, None), ("company", 1, None)
        assert legal_state(body("gip", *seats)) == (State.MET, "")
        assert legal_state(body("gip", *seats[1:])) == (State.NOT_MET, "gip_half")

    def test_more_than_half_of_the_capital_does_too_where_there_is_one(self) -> None:
        seats = ("local_authority", 1, "60"), ("company", 2, "40")
        assert legal_state(body("gip", *seats, has_capital=True))[0] is State.MET
        assert legal_state(body("gip", *seats))[0] is State.NOT_MET

    def test_without_seats_or_capital_told_nobody_knows(self) -> None:
        assert legal_state(body("gip"))[0] is State.UNKNOWN
        seats = ("local_authority", 1, None), ("company", 2, "40")
        assert legal_state(body("gip", *seats, has_capital=True))[0] is State.UNKNOWN


class TestSem:
    @pytest.mark.parametrize(
        ("local", "private", "said"),
        [
            ("85", "15", (State.MET, "")),
            ("84.9", "15.1", (State.MET, "")),
            ("85.001", "14.999", (State.NOT_MET, "sem_others")),
            ("50", "50", (State.NOT_MET, "sem_half")),
            ("50.001", "49.999", (State.MET, "")),
        ],
    )
    def test_local_authorities_have_over_half_and_the_others_at_least_15_percent(
        self, local: str, private: str, said: tuple[State, str]
    ) -> None:
        assert legal_state(sem(local, private)) == said

    def test_half_of_the_votes_is_not_enough(self) -> None:
        assert legal_state(sem("60", "40", votes=(5, 5))) == (State.NOT_MET, "sem_half")

    def test_the_state_is_no_local_authority(self) -> None:
        seats = ("local_authority", 4, "40"), ("state", 4, "40"), ("company", 2, "20")
        assert legal_state(body("sem", *seats)) == (State.NOT_MET, "sem_half")

    def test_one_of_the_others_is_private(self) -> None:
        public = body("sem", ("local_authority", 6, "60"), ("public_body", 4, "40"))
        assert legal_state(public) == (State.NOT_MET, "sem_private")

    def test_a_private_body_with_a_public_service_task_is_private(self) -> None:
        assert legal_state(body("sem", ("local_authority", 6, "60"), ("public_service", 4, "40")))[0] is State.MET

    def test_capital_that_is_not_told_leaves_it_open_unless_the_votes_settle_it(self) -> None:
        assert legal_state(body("sem", ("local_authority", 6, "60"), ("company", 4, None))) == (
            State.UNKNOWN,
            "no_capital",
        )
        seats = ("local_authority", 5, "60"), ("company", 5, None)
        assert legal_state(body("sem", *seats)) == (State.NOT_MET, "sem_half")

    def test_without_a_seat_nobody_knows(self) -> None:
        assert legal_state(body("sem")) == (State.UNKNOWN, "no_seats")

    @pytest.mark.parametrize(
        ("local", "private", "state"),
        [
            ("60", "14", State.UNKNOWN),
            ("60", "15", State.MET),
            ("50", "20", State.UNKNOWN),
            ("40", "50", State.NOT_MET),
        ],
    )
    def test_capital_that_nobody_declared_may_be_anybodys(self, local: str, private: str, state: State) -> None:
        assert legal_state(sem(local, private))[0] is state


def test_other_forms_have_no_rule_here_and_a_form_that_is_not_told_is_not_known() -> None:
    assert legal_state(body("association", ("company", 1, None))) == (State.MET, "")
    assert legal_state(body("", ("company", 1, None))) == (State.UNKNOWN, "form")
