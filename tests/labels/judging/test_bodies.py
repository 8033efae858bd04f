"""Bodies, their seats and meetings, and the officer."""

import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.factories.labels import requirement
from tests.labels.judging.cases import DAY, body, company, only, seat, year
from totem.labels.judging.facts import (
    RULES,
    AppointmentFact,
    BodyFact,
    Finding,
    NextStep,
    OrganisationFact,
    RoleFact,
    SeatFact,
    State,
)


class TestBodies:
    def found(self, *bodies: BodyFact, organisations: tuple[OrganisationFact, ...] = (), **asked: Any) -> Finding:
        asked = requirement("b", "body", **{"body": "governing", **asked})
        return only(asked, bodies=bodies, organisations=organisations)

    def test_no_body_declared_is_not_known(self) -> None:
        assert (self.found().state, self.found().step) == (State.UNKNOWN, NextStep.BODY)
        assert self.found(body(kind="vehicle")).state is State.UNKNOWN

    def test_a_body_that_exists_is_enough_where_nothing_else_is_asked(self) -> None:
        assert self.found(body()).state is State.MET

    @pytest.mark.parametrize(
        ("last", "state"),
        [
            (datetime.date(2025, 11, 1), State.MET),
            (datetime.date(2025, 10, 31), State.STALE),
            (None, State.UNKNOWN),  # nobody has told of any
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
        assert self.found(*bodies, forms=["gip"], met_within_months=12).state is State.UNKNOWN

    def test_the_figure_is_told_where_it_is_met_too(self) -> None:
        seats = [{"as_share": True, "classes": ["company"], "at_least": 50, "unit": "%"}]
        found = self.found(body(seat("company"), seat("state")), seats=seats)
        assert (found.state, found.value, found.threshold, found.unit) == (State.MET, 50, 50, "%")

    @pytest.mark.parametrize(("observers", "value"), [(False, 50), (True, 25)])
    def test_observers_do_not_count_in_a_share_unless_the_charter_says_so(self, observers: bool, value: int) -> None:
        asked = {"as_share": True, "classes": ["company"], "more_than": 50, "unit": "%", "observers": observers}
        watching = (seat("state", 0, role="observer"), seat("state", 0, role="observer"))
        seats = (seat("company"), seat("local_authority"), *watching)
        required = requirement("b", "body", body="governing", seats=[asked])
        found = only(required, bodies=(body(*seats),), rules=RULES)
        assert (found.value, found.seats_missing) == (value, 3 if observers else 1)
        assert only(required, bodies=(body(*seats),)).value == 25  # what was kept by the former rules stays so

    def test_what_has_ended_is_none_and_not_unknown(self) -> None:
        found = only(requirement("b", "body", body="governing"), ended=("governing",))
        assert (found.state, found.note) == (State.NOT_MET, "body_ended")
        left = self.found(body(had_seats=True), seats=[{"at_least": 1, "unit": "seats"}])
        assert (left.state, left.note) == (State.NOT_MET, "seats_ended")
        office = only(requirement("o", "appointment"), ended=("chief_digital_officer",))
        assert (office.state, office.note) == (State.NOT_MET, "appointment_ended")

    @pytest.mark.parametrize(
        ("roles", "state"),
        [
            ((RoleFact(1, "animates", 1, detail="Deux communautés"),), State.MET),
            ((RoleFact(1, "animates", 1, detail="Un marché"),), State.NOT_MET),
            ((RoleFact(1, "mentors", 1, detail="communautés"),), State.NOT_MET),
            ((), State.UNKNOWN),  # nobody has said what it does
        ],
    )
    def test_a_seat_is_asked_of_a_company_by_what_it_does_here(self, roles: tuple[RoleFact, ...], state: State) -> None:
        seats = [{"member_roles": ["animates"], "detail": "COMMUNAUTÉS", "at_least": 1, "unit": "seats"}]
        asked = requirement("b", "body", body="governing", seats=seats)
        found = only(asked, bodies=(body(seat("company", organisation=1)),), organisations=(company(1),), roles=roles)
        assert found.state is state


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
        assert only(self.ASKED).step is NextStep.APPOINT

    def test_one_of_two_is_enough(self) -> None:
        both = self.named(entrepreneur=False), self.named(id=2)
        assert only(self.ASKED, appointments=both).state is State.MET

    @pytest.mark.parametrize(
        ("held", "state", "value", "gap"), [(1, State.NOT_MET, 1, 2), (3, State.MET, 3, None), (4, State.MET, 4, None)]
    )
    def test_so_many_posts_of_a_team_are_counted(self, held: int, state: State, value: int, gap: int | None) -> None:
        asked = requirement("t", "appointment", office="team_post", number=3)
        posts = tuple(AppointmentFact(pk, "team_post", "Contrat", DAY) for pk in range(held))
        found = only(asked, appointments=(*posts, AppointmentFact(9, "chief_digital_officer", "Arrêté", DAY)))
        assert (found.state, found.value, found.gap) == (state, value, gap)
