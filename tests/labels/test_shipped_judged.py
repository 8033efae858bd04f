"""The shipped charters judged: a district that has everything, one figure away from it, and the cases of the notes."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from totem.labels.charters.format import Charter
from totem.labels.charters.parsing import read_charter
from totem.labels.figures import Evidence, EvidenceKind, FigureState, KnownFigure
from totem.labels.judging import judge
from totem.labels.judging.facts import (
    AppointmentFact,
    BodyFact,
    Bounds,
    Facts,
    Finding,
    FundingFact,
    JudgementFact,
    OrganisationFact,
    RoleFact,
    SeatFact,
    State,
    YearFact,
)
from totem.labels.management.commands.charter import SHIPPED

DAY = date(2026, 11, 1)
SUM = "0" * 64


def shipped(name: str) -> Charter:
    return read_charter((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))


QUARTIER, METROPOLE, CANTINE = (
    shipped(name) for name in ("quartier-numerique-2013", "metropole-french-tech-2014", "cantine")
)


def of(value: float | str, **fields: Any) -> KnownFigure:
    return KnownFigure(FigureState.KNOWN, Decimal(str(value)), **fields)


def sealed() -> KnownFigure:
    return of(1, evidence=(Evidence(EvidenceKind.OBSERVATION, "Essai", sha256=(SUM,)),))


def champion(pk: int = 1, before: int = 5_000_000, **last: Any) -> OrganisationFact:
    figures = {"revenue": Decimal(6_250_000), "staff_low": 26, "staff_high": 26, "international_share": Decimal(40)}
    first = YearFact(1, 2024, date(2024, 12, 31), Decimal(before), organisation_id=pk)
    closed = YearFact(2, 2025, date(2025, 12, 31), **{**figures, **last}, organisation_id=pk)
    return OrganisationFact(pk, f"Championne {pk}", "scaleup", (first, closed))


ACTORS = {
    2: ("university", ""), 3: ("large_group", "has_rnd_in"), 4: ("coding_school", "trains_in"),
    5: ("incubator", "incubates_in"), 6: ("vc_fund", "invests_in"), 7: ("business_angels", ""),
    8: ("digital_association", "animates"), 9: ("epci", "simplifies"),
}  # fmt: skip
ROLES = (
    RoleFact(1, "mentors", 1),
    *(
        RoleFact(pk, role, pk)
        for pk, (_kind, role) in ACTORS.items()
        if role not in {"trains_in", "invests_in", "simplifies"}
    ),
    RoleFact(4, "trains_in", 4, detail="Programmation web"),
    RoleFact(6, "invests_in", 6, stage="venture"),
    RoleFact(6, "invests_in", 60, stage="seed"),
    RoleFact(9, "simplifies", 9, partner_kind="state_service"),
)
CLASSES = ("tech_champion", "higher_education", "large_group", "training", "incubator", "venture_capital",
           "seed_capital", "business_angels", "community")  # fmt: skip
GIP = (SeatFact("local_authority", "president", Decimal(6)), SeatFact("company", "member", Decimal(4)))
FIGURES = {
    "usable_area": of(50_000), "hub_monthly_agreements": of(1), "fixed_speed_everywhere": of(1000),
    "mobile_generation_everywhere": of(5), "open_fab_labs": of(1), "visiting_desks": of(0),
    "competitiveness_clusters": of(0), "minutes_to_centre": of("29.9", mode="transit"),
    "minutes_to_airport": of(29, mode="car"), "minutes_to_tgv_station": of(10, mode="walk"),
    "quartier-numerique.q9a": sealed(), "quartier-numerique.q9b": sealed(),
}  # fmt: skip


def district(**changed: Any) -> Facts:
    """A district that has everything, or all but what is changed."""
    facts = Facts(
        "perimeter:1",
        "Essai",
        DAY,
        FIGURES,
        (champion(), *(OrganisationFact(pk, f"N° {pk}", kind) for pk, (kind, _role) in ACTORS.items())),
        (*ROLES, RoleFact(8, "reciprocal_with", 80)),
        (
            BodyFact(1, "governing", "Comité", seats=tuple(SeatFact(c, "member", Decimal(1)) for c in CLASSES),
                     last_meeting=date(2026, 1, 15)),
            BodyFact(2, "vehicle", "GIP", "gip", after_call=True, seats=GIP),
        ),
        (AppointmentFact(1, "chief_digital_officer", "Délibération 12", date(2026, 1, 1), "", "epci", True),),
        (FundingFact(1, "state", "companies", Decimal(100)),),
        {"q4b-premier-plan": JudgementFact(1, True, DAY, "Oui.")},
        Bounds(True, True, 1.5),
    )  # fmt: skip
    return msgspec.structs.replace(facts, **changed)


def found(requirement: str, **changed: Any) -> Finding:
    return judge(QUARTIER, district(**changed)).finding(requirement)


def figures(**known: KnownFigure) -> dict[str, KnownFigure]:
    return {**FIGURES, **known}


def test_a_district_that_has_everything_is_labelled():
    result = judge(QUARTIER, district())
    assert {f.id: f.state for c in result.criteria for f in c.findings if f.state is not State.MET} == {
        "q4i": State.NOT_MET, "q4i-accord": State.NOT_APPLICABLE,
    }  # fmt: skip
    assert result.state is State.MET


def test_nothing_declared_is_not_known_and_never_met():
    result = judge(QUARTIER, Facts("perimeter:1", "Essai", DAY))
    assert {f.state for c in result.criteria for f in c.findings} <= {State.UNKNOWN, State.HUMAN}


@pytest.mark.parametrize(
    ("name", "requirement"),
    [("minutes_to_centre", "q1b"), ("minutes_to_airport", "q1c"), ("minutes_to_tgv_station", "q1d")],
)
def test_thirty_minutes_fail(name, requirement):
    assert found(requirement, figures=figures(**{name: of(30, mode="car")})).state is State.NOT_MET


@pytest.mark.parametrize(
    ("area", "state", "gap"),
    [
        (49_999, State.NOT_MET, 1),
        (50_000, State.MET, None),
        (10_000, State.NOT_MET, 40_000),
    ],  # the last: Seine Innopolis
)
def test_the_district_needs_fifty_thousand_square_metres(area, state, gap):
    said = found("q2a", figures=figures(usable_area=of(area)))
    assert (said.state, said.gap, said.unit) == (state, gap, "m²")


@pytest.mark.parametrize(
    "short",
    [{"revenue": Decimal(5_000_000)}, {"staff_low": 25, "staff_high": 25}, {"revenue": Decimal("6249999.99")},
     {"international_share": Decimal("39.99")}],
)  # fmt: skip
def test_the_champion_fails_by_one_threshold_alone(short):
    """25.0 % of growth and 40.0 % abroad pass: the champion of the district has just these."""
    others = district().organisations[1:]
    assert found("q4a", organisations=(champion(**short), *others)).state is State.NOT_MET


def test_four_companies_with_one_threshold_each_make_no_champion():
    least = {"revenue": Decimal(4_000_000), "staff_low": 5, "staff_high": 5, "international_share": Decimal(0)}
    bests = (
        {"revenue": Decimal(5_000_001)},
        {"staff_low": 90, "staff_high": 90},
        {"before": 1_000_000, "revenue": Decimal(2_000_000)},
        {"international_share": Decimal(90)},
    )
    four = tuple(champion(n, **{**least, **best}) for n, best in enumerate(bests, 20))
    roles = tuple(RoleFact(one.id, "mentors", one.id) for one in four)
    assert (
        found("q4a", organisations=(*district().organisations, *four), roles=(*ROLES[1:], *roles)).state
        is State.NOT_MET
    )


def test_one_house_with_two_teams_is_both_unless_they_must_differ():
    assert found("q4g").state is State.MET
    strict = msgspec.structs.replace(QUARTIER.parameters["investors_must_differ"], value=True)
    charter = msgspec.structs.replace(QUARTIER, parameters={**QUARTIER.parameters, "investors_must_differ": strict})
    assert judge(charter, district()).finding("q4g").state is State.NOT_MET


def test_where_there_is_a_cluster_an_agreement_with_it_is_asked():
    one = figures(competitiveness_clusters=of(1))
    assert found("q4i-accord", figures=one).state is State.UNKNOWN
    cluster = OrganisationFact(30, "Pôle", "cluster")
    with_it = {"organisations": (*district().organisations, cluster), "figures": one}
    signed = RoleFact(30, "coordinates_with", 30, sha256=SUM)
    assert found("q4i-accord", roles=(*ROLES, signed), **with_it).state is State.MET
    assert (
        found("q4i-accord", roles=(*ROLES, msgspec.structs.replace(signed, sha256="")), **with_it).state
        is State.UNKNOWN
    )


def test_a_scheme_without_the_state_does_not_count():
    roles = (
        *(role for role in ROLES if role.kind != "simplifies"),
        RoleFact(9, "simplifies", 9, partner_kind="chamber"),
    )
    assert found("q7", roles=roles).state is not State.MET


def test_state_money_in_the_development_fails():
    line = FundingFact(2, "state", "development_operation", Decimal(1))
    assert (found("q8d", funding=(line,)).state, found("q8d", funding=(line,)).gap) == (State.NOT_MET, 1)


def test_the_officer_is_named_by_the_authorities_and_an_entrepreneur():
    (named,) = district().appointments
    by_state = msgspec.structs.replace(named, by_kind="state_service")
    assert found("q8c", appointments=(by_state,)).state is State.NOT_MET
    civil_servant = msgspec.structs.replace(named, entrepreneur=False)
    assert found("q8c", appointments=(civil_servant,)).state is State.NOT_MET


def accounts(*names: str) -> Finding:
    firms = tuple(OrganisationFact(n, name, "scaleup") for n, name in enumerate(names))
    roles = tuple(RoleFact(firm.id, "large_account_in", firm.id) for firm in firms)
    return judge(METROPOLE, Facts("epci:1", "Essai", DAY, organisations=firms, roles=roles)).finding("grands-comptes")


def test_rouen_alone_lacks_large_accounts_and_with_caen_and_le_havre_does_not():
    alone = accounts("Creative Data")
    assert (alone.state, alone.value, alone.threshold, alone.gap) == (State.NOT_MET, 1, 3, 2)
    assert accounts("Creative Data", "Soyhuce", "Soget").state is State.MET


def test_a_figure_that_is_only_asked_for_is_met_once_given_and_open_until_then():
    asked = {
        "funds_raised": of(49),
        "professional_events": KnownFigure(FigureState.UNAVAILABLE, reason="Personne ne compte."),
    }
    result = judge(METROPOLE, Facts("epci:1", "Essai", DAY, asked))
    assert [result.finding(pk).state for pk in ("f5", "f11", "f15")] == [State.MET, State.UNKNOWN, State.UNKNOWN]


def test_the_file_of_normandy_has_its_large_accounts_and_still_waits_for_judgement():
    known = {"digital_companies": of(1235), "digital_jobs": of(10_690), "funds_raised": of(49),
             "professional_events": of(156), "digital_courses": of(95)}  # fmt: skip
    result = judge(METROPOLE, Facts("perimeter:1", "Normandie", DAY, known))
    assert {result.finding(pk).state for pk in ("f1", "f2", "f5", "f11", "f15")} == {State.MET}
    assert result.finding("ecosysteme-remarquable").state is State.HUMAN


@pytest.mark.parametrize(("events", "state"), [(199, State.NOT_MET), (200, State.MET)])
def test_a_cantine_needs_two_hundred_events(events, state):
    result = judge(CANTINE, Facts("hub:1", "Amiens", DAY, {"events_held": of(events)}))
    assert result.finding("evenements").state is state


@pytest.mark.parametrize(("companies", "state"), [(2, State.NOT_MET), (3, State.MET)])
def test_digital_actors_hold_more_than_half_of_the_seats(companies, state):
    seats = [SeatFact("company", "member", Decimal(1))] * companies + [
        SeatFact("local_authority", "member", Decimal(1))
    ] * 2
    board = BodyFact(1, "governing", "Conseil", seats=tuple(seats))
    said = judge(CANTINE, Facts("hub:1", "Amiens", DAY, bodies=(board,))).finding("acteurs-majoritaires")
    assert said.state is state
