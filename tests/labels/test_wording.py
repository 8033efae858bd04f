"""What is found and what is asked, as sentences; French typography by the language."""

import datetime
import re
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.utils.translation import override

from tests.factories.labels import content_of, requirement, words
from totem.core.measures import CountedUnit
from totem.labels.charters.format import Charter, UnitWords, from_content
from totem.labels.charters.wording import amount_words, asked_words
from totem.labels.figures import Evidence, EvidenceKind, FigureState, KnownFigure
from totem.labels.judging import judge
from totem.labels.judging.facts import CriterionFinding, Facts, Finding, NextStep, Result, State
from totem.labels.judging.wording import (
    evidence_kind,
    finding_words,
    gap_words,
    next_words,
    nobody_words,
    note_words,
    short_words,
    state_word,
    whole_words,
    word_of,
)
from totem.labels.models import Seat
from totem.organisations.models import RelationKind

CHARTER: Charter = from_content(
    content_of(
        [
            requirement("area", "measure", indicator="area", at_least=50_000, unit="m²", next_step=words("Livrer.")),
            requirement("near", "travel", to="airport", less_than=30, unit="min"),
            requirement("staff", "measure", indicator="staff", more_than=25, unit="employees"),
            requirement("accounts", "organisations", roles=["large_account_in"], number="$number"),
            requirement("fund", "organisations", roles=["invests_in"], number=2),
            requirement("startups", "organisations", kinds=["startup", "sme"], number=1),
            requirement("body", "body", body="governing"),
            requirement("seen", "judgement", guide=words("?")),
        ],
        [requirement("first", "document")],
        [requirement("last", "judgement", guide=words("?"))],
        parameters={"number": {"label": words("n"), "value": 3, "unit": words("large accounts")}},
        indicators=[{"name": name, "label": words(name), "unit": "m²", "combine": "sum"} for name in ("area", "staff")],
    )
)
ASKED = {one.id: one for one in CHARTER.requirements()}


def found(pk: str, state: State, **values: Any) -> Finding:
    return Finding(pk, state, **{name: Decimal(v) if isinstance(v, int) else v for name, v in values.items()})


def said(pk: str, state: State, language: str = "en", **values: Any) -> str:
    with override(language):
        return finding_words(found(pk, state, **values), ASKED[pk], CHARTER).replace("\xa0", " ")


AREA = {"comparator": "at_least", "threshold": 50_000, "unit": "m²"}
NEAR = {"comparator": "less_than", "threshold": 30, "unit": "min"}


@pytest.mark.parametrize(
    ("pk", "state", "values", "words_said"),
    [
        ("area", State.NOT_MET, AREA | {"value": 10_000, "gap": 40_000}, "10,000 m² of 50,000: 40,000 m² missing."),
        ("area", State.NOT_MET, AREA | {"value": 49_999, "gap": 1}, "49,999 m² of 50,000: 1 m² missing."),
        ("area", State.MET, AREA | {"value": 52_000}, "52,000 m²; asked: at least 50,000 m²."),
        (
            "area",
            State.STALE,
            AREA | {"value": 60_000, "note": "stale"},
            "60,000 m², out of date; asked: at least 50,000 m². The figure is no longer valid.",
        ),
        ("area", State.UNKNOWN, AREA | {"note": "missing"}, "Asked: at least 50,000 m². No figure is known yet."),
        (
            "area",
            State.UNKNOWN,
            AREA | {"low": 40_000, "high": 60_000, "note": "interval"},
            "Between 40,000 and 60,000 m²; asked: at least 50,000 m². The figure is only known between two bounds.",
        ),
        (
            "area",
            State.UNKNOWN,
            AREA | {"low": 40_000, "note": "interval"},
            "At least 40,000 m²; asked: at least 50,000 m². The figure is only known between two bounds.",
        ),
        (
            "area",
            State.STALE,
            AREA | {"low": 40_000, "high": 60_000, "note": "stale"},
            "Between 40,000 and 60,000 m², out of date; asked: at least 50,000 m². The figure is no longer valid.",
        ),
        (
            "area",
            State.UNKNOWN,
            AREA | {"note": "unavailable", "about": ("Secret statistique",)},
            "Asked: at least 50,000 m². Declared as not available: Secret statistique.",
        ),
        (
            "area",
            State.UNKNOWN,
            {"comparator": "at_least", "threshold": 0, "unit": "m²", "note": "missing"},
            "Asked: the figure, whatever it is (no threshold is known). No figure is known yet.",
        ),
        ("near", State.NOT_MET, NEAR | {"value": 45, "gap": 15}, "45 min: 15 min too many; asked: less than 30 min."),
        ("near", State.NOT_MET, NEAR | {"value": 30, "gap": 0}, "30 min; asked: less than 30 min."),
        (
            "staff",
            State.NOT_MET,
            {"comparator": "more_than", "threshold": 25, "unit": "employees", "value": 25, "gap": 0},
            "25 employees; asked: more than 25 employees.",
        ),
        (
            "accounts",
            State.NOT_MET,
            {"comparator": "at_least", "threshold": 3, "value": 1, "gap": 2, "note": "too_few"},
            "1 of 3 large accounts: 2 missing. There are not enough of them.",
        ),
        (
            "fund",
            State.NOT_MET,
            {"comparator": "at_least", "threshold": 2, "value": 1, "gap": 1, "note": "facts", "about": ("A", "B")},
            "1 of 2 organisations: 1 missing. What is known of them does not reach the thresholds together: A, B.",
        ),
        (
            "body",
            State.NOT_MET,
            {"note": "classes", "about": ("company", "local_authority"), "gap": 2},
            "Some of those who have to sit in it are not there: Company, Local authority.",
        ),
        ("body", State.UNKNOWN, {"note": "form"}, "Its legal form is not recorded."),
        ("body", State.UNKNOWN, {"note": "seats"}, "What is known of the members does not settle it."),
        ("startups", State.UNKNOWN, {"note": "facts", "about": ("A",)}, "Too little is known of them: A."),
        ("seen", State.HUMAN, {"note": "no_judgement"}, "Nobody has judged it yet."),
        ("seen", State.NOT_APPLICABLE, {"note": "not_applicable"}, "The condition does not hold: it is not asked."),
    ],
)
def test_what_was_found(pk, state, values, words_said):
    assert said(pk, state, **values) == words_said


def test_numbers_are_written_in_the_language():
    with override("fr"):
        assert amount_words(Decimal("50000"), "m²") == "50\u202f000\xa0m²"
        assert amount_words(Decimal("25.5"), "%") == "25,5\xa0%"
    with override("en"):
        assert amount_words(Decimal("25.5"), "%") == "25.5%"
        assert amount_words(3) == "3"
        assert amount_words(1, CountedUnit("fab lab", "fab labs")) == "1\xa0fab lab"


@pytest.mark.django_db
def test_a_day_and_a_code_become_words():
    with override("en"):
        assert "2015" in word_of("2015-03-31")
        assert word_of("gip") == "GIP (public interest group)"
        assert word_of("2015-99-99") == "2015-99-99"


@pytest.mark.parametrize(
    ("state", "step", "words_said"),
    [
        (State.NOT_MET, NextStep.REACH, "Livrer."),
        (State.UNKNOWN, NextStep.DECLARE, "Livrer."),
        (State.UNKNOWN, NextStep.RETAIN, "Choose which of the figures counts, and say why."),
        (State.STALE, NextStep.RENEW, "Give the figure of a later date."),
        (State.MET, NextStep.NOTHING, ""),
    ],
)
def test_what_to_do_next(state, step, words_said):
    with override("en"):
        assert next_words(Finding("area", state, step), ASKED["area"]) == words_said


@pytest.mark.parametrize(
    ("state", "values", "words_said"),
    [
        (State.MET, {"value": 52_000}, "52,000 m²"),
        (State.NOT_MET, {"value": 10_000, "gap": 40_000}, "10,000 m² of 50,000: 40,000 m² missing."),
        (State.UNKNOWN, {"low": 40_000, "high": 60_000, "note": "interval"}, "Between 40,000 and 60,000 m²"),
        (State.UNKNOWN, {"note": "missing"}, "No figure is known yet."),
    ],
)
def test_what_was_found_beside_what_was_found_before(state, values, words_said):
    with override("en"):
        said = short_words(found("area", state, **AREA, **values), ASKED["area"], CHARTER)
    assert said.replace("\xa0", " ") == words_said


@pytest.mark.django_db
def test_a_judgement_says_when_and_why():
    seen = Evidence(EvidenceKind.JUDGEMENT, "Trop peu. " * 40, 1, "", datetime.date(2015, 3, 31))
    finding = Finding("seen", State.NOT_MET, note="judged", evidence=(seen,))
    with override("en"):
        said = finding_words(finding, ASKED["seen"], CHARTER)
    assert said.startswith("Judged on 31 March 2015: Trop peu.")
    assert len(said) < 240


def test_of_organisations_it_is_their_years_that_are_completed():
    with override("en"):
        said = next_words(Finding("fund", State.UNKNOWN, NextStep.SETTLE), ASKED["fund"])
    assert said == "Complete what is known of these organisations: closed years, documents."


def test_every_step_and_every_reason_has_words():
    """Those that `judge` gives: a requirement that is not met never stands without a word."""
    with override("en"):
        for step in NextStep:
            assert next_words(Finding("near", State.NOT_MET, step), ASKED["near"])


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ([State.MET, State.NOT_APPLICABLE, State.MET], "All criteria are met."),
        ([State.MET, State.NOT_MET, State.HUMAN], "1 criterion of 3 is met; 1 is not, 1 has to be judged."),
        ([State.STALE, State.STALE, State.UNKNOWN], "0 criteria of 3 are met; 2 are out of date, 1 is not known yet."),
    ],
)
def test_the_whole_in_a_sentence(states, sentence):
    criteria = tuple(CriterionFinding(f"q{n}", state, ()) for n, state in enumerate(states, 1))
    with override("en"):
        assert whole_words(Result(min(states), criteria), CHARTER) == sentence


def test_what_comes_before_all_is_told_apart():
    content = content_of(
        [requirement("a", "judgement", guide=words("?"))], [requirement("b", "judgement", guide=words("?"))]
    )
    content["criteria"][0] |= {"prior": True, "title": words("Charte signée")}
    result = Result(State.UNKNOWN, (CriterionFinding("q1", State.UNKNOWN, ()), CriterionFinding("q2", State.MET, ())))
    with override("en"):
        said = whole_words(result, from_content(content))
    assert said == "All criteria are met. What has to be settled first: not known."


def test_a_plan_is_a_day():
    finding = found("area", State.NOT_MET, **AREA, value=1, gap=49_999, expected_on=datetime.date(2027, 6, 1))
    assert gap_words(finding, ASKED["area"], CHARTER).endswith("m²")


def test_what_would_settle_it_is_named() -> None:
    finding = Finding("o", State.UNKNOWN, note="facts_missing", about=("Société 1",), facts=("staff",))
    with override("en"):
        assert note_words(finding) == "Too little is known of them: Société 1 (staff)."


def test_a_single_one_is_called_so() -> None:
    unit = UnitWords(fr="grands comptes", en="large accounts", fr_one="grand compte", en_one="large account")
    for language, said in (
        ("fr", ["0 grand compte", "1 grand compte", "2 grands comptes"]),
        ("en", ["0 large accounts", "1 large account", "2 large accounts"]),
    ):
        with override(language):
            assert [amount_words(n, unit).replace("\N{NO-BREAK SPACE}", " ") for n in range(3)] == said


def test_a_figure_that_says_yes_or_no_is_written_so() -> None:
    service = {"name": "fibre", "label": words("Fibre"), "combine": "any"}
    charter = from_content(
        content_of([requirement("s", "measure", indicator="fibre", at_least=1)], indicators=[service])
    )
    (asked,) = charter.requirements()
    known = {"fibre": KnownFigure(FigureState.KNOWN, Decimal(0))}
    finding = judge(charter, Facts("perimeter:1", "Essai", datetime.date(2026, 11, 1), figures=known)).finding("s")
    with override("en"):
        assert asked_words(asked, charter) == ["Fibre: yes"]
        assert finding_words(finding, asked, charter) == "no; asked: yes."
        assert gap_words(finding, asked, charter) == ""


def test_a_figure_of_totem_has_the_words_of_its_own_unit():
    """The charter of 2014, published with « unités légales », says companies as the figure's own page does."""
    units = {"fr": "unités légales", "en": "legal units", "fr_one": "unité légale", "en_one": "legal unit"}
    charter = from_content(
        content_of([requirement("f1", "measure", indicator="digital_companies", at_least=5, unit=units)])
    )
    (asked,) = charter.requirements()
    amounts = {"comparator": "at_least", "threshold": Decimal(5), "unit": charter.unit_of(asked)}
    with override("fr"):
        said = finding_words(Finding("f1", State.MET, **amounts, value=Decimal(560)), asked, charter)
    assert said == "560\xa0entreprises\u202f; demandé\xa0: au moins 5\xa0entreprises."


def test_the_gap_of_a_share_is_in_points_and_in_seats():
    charter = from_content(
        content_of(
            [
                requirement("share", "measure", indicator="x", at_least=50, unit="%"),
                requirement("board", "body", body="governing",
                            seats=[{"as_share": True, "at_least": 50, "unit": "%"}]),
            ],
            indicators=[{"name": "x", "label": words("Part"), "unit": "%", "combine": "sum"}],
        )
    )  # fmt: skip
    asked = {one.id: one for one in charter.requirements()}
    short = {"comparator": "at_least", "threshold": Decimal(50), "unit": "%", "value": Decimal(47), "gap": Decimal(3)}
    found = Finding("share", State.NOT_MET, **short)
    assert finding_words(found, asked["share"], charter).endswith("il manque 3\u00a0points.")
    assert gap_words(found, asked["share"], charter) == "3\u00a0points"
    computed = short | {"value": Decimal("33.333"), "gap": Decimal("16.667")}
    said = finding_words(Finding("share", State.NOT_MET, **computed), asked["share"], charter)
    assert said.endswith("33,3\u00a0% sur 50\u00a0: il manque 16,7\u00a0points.")  # rounded as on the page of a body
    seats = Finding("board", State.NOT_MET, **short, note="seats", seats_missing=1)
    assert "Il faudrait encore un siège." in finding_words(seats, asked["board"], charter)
    assert gap_words(seats, asked["board"], charter).endswith("siège")


@pytest.mark.parametrize(
    ("on", "said"), [(None, "instance"), (datetime.date(2026, 1, 1), "instance, dernière réunion")]
)
def test_a_body_that_never_met_has_no_last_meeting(on, said):
    assert evidence_kind(Evidence(EvidenceKind.BODY, "Comité", 1, on=on)) == said


def test_a_council_reads_french_that_it_understands():
    """What stood there before spoke as the program does."""
    former = (
        "gelé",
        "Geler",
        "érimé",
        "JSON canonique",
        "d’autres yeux",
        "faits gardés",
        "en sait peut-être plus",
        "unités légales",
        "numérique (Chief",
        "tranche de ce bâtiment",
        "familles de membres",
    )
    catalogue = (settings.BASE_DIR / "locale/fr/LC_MESSAGES/django.po").read_text(encoding="utf-8")
    told = re.findall(r'^(?:msgstr(?:\[\d\])? )?"(.*)"$', catalogue, re.MULTILINE)
    assert [line for line in told for word in former if word in line] == []
    with override("fr"):
        assert str(nobody_words(ASKED["startups"])) == "Aucune startup implantée ici n’est enregistrée."
        assert str(RelationKind.MENTORS.label) == "Parraine de jeunes entreprises"
        assert str(Seat._meta.get_field("actor_class").verbose_name) == "collège"
        assert str(state_word("stale")) == "À actualiser"
