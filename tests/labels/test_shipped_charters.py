"""The charters that come with Totem: their numbers are those of the sources, and what no source gives is marked."""

from decimal import Decimal

import msgspec
import pytest

from totem.core.canonical import canonical, digest
from totem.core.measures import Combine
from totem.labels.charters.format import (
    Charter,
    DocumentRequirement,
    GroupRequirement,
    OrganisationsRequirement,
    from_content,
)
from totem.labels.charters.parsing import read_charter
from totem.labels.figures import figures_of
from totem.labels.management.commands.charter import SHIPPED

FILES = sorted(path.stem for path in SHIPPED.glob("*.toml"))


def charter(name: str) -> Charter:
    return read_charter((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))


def asked(name: str) -> dict:
    return {requirement.id: requirement for requirement in charter(name).requirements()}


def bound(name: str, requirement: str):
    found = charter(name)
    asks = asked(name)[requirement]
    comparator, value = asks.bound
    return comparator, found.amount(value), str(found.unit_of(asks))


# What is published never changes: an upgrade that made another digest would leave the charter of before in place.
DIGESTS = {
    "cantine": "fa98981ef6b471941a666e934e58d34cc28d0de37069a5cc8fbcef9a30a6a7e3",
    "metropole-french-tech-2014": "de67a38f157335d37aee1d990eb90a8ce14479b1561edc1c8d83e0d4dfbce605",
    "quartier-numerique-2013": "2fdae240a208c495b79e5e869378c9aab57a9b519c7645d4d8f0ee6850ea7337",
}


def test_the_shipped_charters_are_what_is_published_already():
    assert {name: digest(canonical(charter(name)).decode()) for name in FILES} == DIGESTS


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_charter_reads_back_from_what_is_kept_of_it(name):
    found = charter(name)
    assert from_content(msgspec.json.decode(canonical(found))) == found


@pytest.mark.parametrize("name", FILES)
def test_each_requirement_has_its_source_and_says_what_to_do(name):
    found = charter(name)
    for requirement in found.requirements():
        assert requirement.source in found.sources, requirement.id
        assert requirement.rule.fr != requirement.rule.en
    assert not [source for source in found.sources.values() if not source.title]


@pytest.mark.parametrize("name", FILES)
def test_what_no_source_gives_is_marked_as_an_assumption_with_the_reason(name):
    for parameter in charter(name).parameters.values():
        assert parameter.assumption or parameter.source
        assert not parameter.assumption or (parameter.why and len(parameter.why.fr) > 40)


@pytest.mark.parametrize("name", FILES)
def test_every_figure_that_is_read_has_a_label_a_unit_and_a_way_to_combine(name):
    for figure in figures_of(charter(name)).values():
        assert str(figure.label)
        assert str(figure.unit)
        assert figure.combine in Combine


@pytest.mark.parametrize("name", FILES)
def test_every_parameter_decides_somewhere(name):
    text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    assert [key for key in charter(name).parameters if f'"${key}"' not in text] == []


@pytest.mark.parametrize("name", FILES)
def test_french_is_typeset_and_no_text_is_left_in_the_other_language(name):
    text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    french = [line for line in text.splitlines() if "fr = " in line and not line.startswith("#")]
    assert french
    for line in french:
        words = line.partition('fr = "')[2].partition('"')[0]
        assert "'" not in words
        assert not [mark for mark in (" :", " ;", " ?", " !", " »", "« ", " %", " €") if mark in words], words


QUARTIER = "quartier-numerique-2013"


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("q1b", ("less_than", 30, "min")),
        ("q1c", ("less_than", 30, "min")),
        ("q1d", ("less_than", 30, "min")),
        ("q2a", ("at_least", 50_000, "m²")),
        ("q2b-contrats", ("at_least", 1, "contrats")),
        ("q2b-lots", ("at_least", 1, "lots")),
        ("q5", ("at_least", 1, "fab labs")),
        ("q8d", ("at_most", 0, "€")),
    ],
)
def test_the_thresholds_of_the_digital_district(requirement, expected):
    assert bound(QUARTIER, requirement) == expected


def test_the_digital_district_asks_all_that_its_source_asks():
    assert set(asked(QUARTIER)) >= {
        *("q1a", "q1b", "q1c", "q1d", "q2a", "q2b", "q3a", "q3b"),
        *("q4a", "q4b", "q4c", "q4d", "q4e", "q4f", "q4g", "q4h", "q4i", "q4j"),
        *("q5", "q6", "q7", "q8a", "q8b", "q8c", "q8d", "q9a", "q9b"),
    }
    found = charter(QUARTIER)
    assert sum(not criterion.prior for criterion in found.criteria) == 8
    assert [c.id for c in found.criteria if c.prior] == ["prealables"]
    assert not [r.id for r in found.requirements() if not r.mandatory and not r.bonus]


def test_a_tech_champion_is_one_company_with_four_thresholds_in_one_closed_year():
    champion = asked(QUARTIER)["q4a"]
    assert {where.fact: where.bound for where in champion.where} == {
        "revenue": ("more_than", 5_000_000),
        "staff": ("more_than", 25),
        "growth": ("at_least", 25),
        "international_share": ("at_least", 40),
    }
    assert (champion.roles, champion.number, champion.years_running) == (("mentors",), 1, "$growth_years")
    assert charter(QUARTIER).parameters["growth_years"].value == 1


def test_what_the_digital_district_leaves_open_is_a_parameter():
    assert {name for name, p in charter(QUARTIER).parameters.items() if p.assumption} == {
        *("travel_mode", "fixed_speed", "mobile_generation", "growth_years", "investors_must_differ"),
    }


def test_seed_and_venture_are_two_roles_and_the_house_may_be_the_same():
    venture, seed = asked(QUARTIER)["q4f"], asked(QUARTIER)["q4g"]
    assert (venture.stage, seed.stage, seed.distinct_from) == ("venture", "seed", "q4f")
    assert charter(QUARTIER).parameters["investors_must_differ"].value is False


def test_a_cluster_is_a_bonus_and_then_an_agreement_is_asked():
    requirements = asked(QUARTIER)
    assert requirements["q4i"].bonus
    assert requirements["q4i-accord"].only_if == "q4i"
    assert requirements["q4i-accord"].with_document


def test_every_class_of_actors_sits_in_the_governing_body_which_met_this_year():
    body = asked(QUARTIER)["q8a"]
    assert body.met_within_months == 12
    assert len(body.classes_represented) == 9
    vehicle = asked(QUARTIER)["q8b"]
    assert (vehicle.forms, vehicle.legal_rules, vehicle.after_call) == (("gip", "sem"), True, True)
    officer = asked(QUARTIER)["q8c"]
    assert officer.entrepreneur
    assert "state_service" not in officer.appointed_by


METROPOLE = "metropole-french-tech-2014"


def test_the_five_pillars_and_the_fifteen_indicators():
    found = charter(METROPOLE)
    assert len(found.criteria) == 5
    codes = {indicator.code for indicator in found.indicators}
    by_requirement = {r.id.split("-")[0].upper() for r in found.requirements()}
    assert {f"F{n}" for n in range(1, 16)} <= codes | by_requirement


def test_the_number_of_large_accounts_is_an_assumption_that_decides():
    found = charter(METROPOLE)
    accounts = asked(METROPOLE)["grands-comptes"]
    assert isinstance(accounts, OrganisationsRequirement)
    assert (accounts.roles, accounts.number, accounts.mandatory) == (("large_account_in",), "$large_accounts", True)
    assert found.amount(accounts.number) == Decimal(3)
    assert found.parameters["large_accounts"].assumption


def test_the_metropolis_is_labelled_one_year_then_three_after_rounds_of_dialogue():
    process = charter(METROPOLE).process
    steps = {step.id: step for step in process.steps}
    assert process.validity_months == 12
    assert "trois ans" in process.renewal.fr
    assert "co-construction" in {outcome.to for outcome in steps["comite"].outcomes}
    assert "deux fois par an" in steps["comite"].words.fr
    assert steps["experimentation"].months == 12


CANTINE = "cantine"


def test_a_cantine_holds_two_hundred_events_a_year_which_are_declared():
    assert bound(CANTINE, "evenements")[:2] == ("at_least", 200)
    events = next(i for i in charter(CANTINE).indicators if i.name == "events_held")
    assert not events.measure
    assert events.period == "closed_year"
    assert events.note
    assert charter(CANTINE).subject == "hub"


def test_a_cantine_is_carried_by_the_digital_actors():
    found = charter(CANTINE)
    seats = asked(CANTINE)["acteurs-majoritaires"].seats[0]
    assert (seats.as_share, seats.bound) == (True, ("more_than", "$actors_share"))
    assert found.amount("$actors_share") == 50
    assert "local_authority" not in seats.classes
    assert asked(CANTINE)["president"].seats[0].roles == ("president",)


def test_a_cantine_has_its_three_components_and_one_project_a_territory():
    requirements = asked(CANTINE)
    assert {"evenements", "coworking", "experimentation", "projet-unique", "jours", "entreprises"} <= set(requirements)
    assert isinstance(requirements["experimentation"], GroupRequirement)
    assert isinstance(requirements["engagements"], DocumentRequirement)
