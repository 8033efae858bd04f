"""What is wrong in a charter's file is said, all of it, by line and word."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.utils.translation import gettext as _
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from totem.core import measures
from totem.labels.charters.parsing import CharterErrors, decoded, read_charter
from totem.labels.charters.parsing.positions import Positions
from totem.labels.charters.vocabulary import LABELS
from totem.labels.figures import FigureState, KnownFigure, figures_of, together

TEXTS = """title = { fr = "Titre", en = "Title" }
rule = { fr = "Règle", en = "Rule" }
"""
HEAD = """format = 1
slug = "essai"
version = "1"
valid_from = 2020-01-01
title = { fr = "Essai", en = "Trial" }
summary = { fr = "Un essai.", en = "A trial." }

[sources.texte]
title = "Le texte"

[parameters.floor]
label = { fr = "Plancher", en = "Floor" }
value = 10
unit = "m²"
source = "texte"

[[indicators]]
name = "visits"
label = { fr = "Visites", en = "Visits" }
unit = { fr = "visites", en = "visits" }
combine = "sum"

[[criteria]]
id = "premier"
title = { fr = "Premier", en = "First" }
"""


def asked(fields: str, name: str = "r", *, within: str = "") -> str:
    return f'\n[[criteria.requirements{within}]]\nid = "{name}"\n{TEXTS}{fields}\n'


AREA = asked('kind = "measure"\nindicator = "usable_area"\nat_least = 10\nunit = "m²"', "area")
VALID = HEAD + AREA


def problems(text: str):
    with pytest.raises(CharterErrors) as refused:
        read_charter(text)
    return refused.value.problems


def the_problem(text: str):
    found = problems(text)
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


def plain(message: str) -> str:
    """The message in whatever language, with plain spaces."""
    return message.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


def test_a_right_file_is_a_charter():
    charter = read_charter(VALID)
    assert (charter.slug, charter.version, charter.criteria[0].requirements[0].bound) == (
        "essai", "1", ("at_least", 10),
    )  # fmt: skip


# Each: what is put in place of the requirement, the word that is named, and what stands where it is pointed at.
REQUIREMENTS = {
    "unknown key": ('kind = "measure"\nindicator = "visits"\nat_leest = 1\nat_least = 1\nunit = "visites"', "at_leest"),
    "missing key": ('kind = "measure"\nat_least = 1\nunit = "m²"', "indicator"),
    "wrong type": ('kind = "measure"\nindicator = "visits"\nat_least = true\nunit = "visites"', "true"),
    "not a number": ('kind = "measure"\nindicator = "visits"\nat_least = nan\nunit = "visites"', "nan"),
    "endless": ('kind = "measure"\nindicator = "visits"\nat_least = inf\nunit = "visites"', "inf"),
    "a number as a text": ('kind = "measure"\nindicator = "visits"\nat_least = "50 000"\nunit = "visites"', "50 000"),
    "unknown kind": ('kind = "mesure"', "mesure"),
    "no kind": ("", "kind"),
    "threshold without unit": ('kind = "measure"\nindicator = "visits"\nat_least = 1', "at_least"),
    "no threshold": ('kind = "measure"\nindicator = "visits"\nunit = "visites"', "visits"),
    "two thresholds": ('kind = "measure"\nindicator = "visits"\nat_least = 1\nmore_than = 1\nunit = "visites"',
                       "more_than"),
    "another unit": ('kind = "measure"\nindicator = "visits"\nat_least = 1\nunit = "m²"', "m²"),
    "another unit than the measure's": ('kind = "measure"\nindicator = "usable_area"\nat_least = 1\nunit = "ha"', "ha"),
    "another unit than the parameter's": ('kind = "measure"\nindicator = "usable_area"\nat_least = "$floor"\n'
                                          'unit = "ha"', "ha"),
    "unknown parameter": ('kind = "measure"\nindicator = "usable_area"\nat_least = "$flor"', "$flor"),
    "unknown indicator": ('kind = "measure"\nindicator = "visit"\nat_least = 1\nunit = "visites"', "visit"),
    "a travel time as a measure": ('kind = "measure"\nindicator = "minutes_to_centre"\nless_than = 30\nunit = "min"',
                                   "minutes_to_centre"),
    "travel in hours": ('kind = "travel"\nto = "centre"\nless_than = 1\nunit = "h"', "h"),
    "unknown place to go": ('kind = "travel"\nto = "port"\nless_than = 1\nunit = "min"', "port"),
    "unknown mode": ('kind = "travel"\nto = "centre"\nmode = "boat"\nless_than = 1\nunit = "min"', "boat"),
    "a mode that is a number": ('kind = "travel"\nto = "centre"\nmode = "$floor"\nless_than = 1\nunit = "min"',
                                "$floor"),
    "unknown role": ('kind = "organisations"\nroles = ["mentor"]', "mentor"),
    "unknown kind of organisation": ('kind = "organisations"\nkinds = ["starup"]', "starup"),
    "unknown kind of partner": ('kind = "organisations"\nroles = ["simplifies"]\npartner_kinds = ["state"]', "state"),
    "neither roles nor kinds": ('kind = "organisations"\nnumber = 2', "r"),
    "unknown stage": ('kind = "organisations"\nroles = ["invests_in"]\nstage = "late"', "late"),
    "a stage of nobody": ('kind = "organisations"\nroles = ["mentors"]\nstage = "seed"', "seed"),
    "none of them": ('kind = "organisations"\nroles = ["mentors"]\nnumber = 0', "0"),
    "revenue in millions": ('kind = "organisations"\nroles = ["mentors"]\n'
                            'where = [{ fact = "revenue", more_than = 5, unit = "M€" }]', "M€"),
    "unknown fact": ('kind = "organisations"\nroles = ["mentors"]\n'
                     'where = [{ fact = "turnover", more_than = 5, unit = "€" }]', "turnover"),
    "a filter without threshold": ('kind = "organisations"\nroles = ["mentors"]\nwhere = [{ fact = "staff" }]',
                                   "staff"),
    "yes or no that is a number": ('kind = "organisations"\nroles = ["mentors"]\ndistinct_if = "$floor"', "$floor"),
    "distinct from nothing": ('kind = "organisations"\nroles = ["mentors"]\ndistinct_from = "rr"', "rr"),
    "distinct from a measure": ('kind = "organisations"\nroles = ["mentors"]\ndistinct_from = "area"', "area"),
    "unknown form": ('kind = "body"\nbody = "vehicle"\nforms = ["semop"]', "semop"),
    "unknown class": ('kind = "body"\nbody = "governing"\nclasses_represented = ["startups"]', "startups"),
    "unknown role in a body": ('kind = "body"\nbody = "governing"\n'
                               'seats = [{ roles = ["chair"], at_least = 1, unit = "seats" }]', "chair"),
    "a share that is no percentage": ('kind = "body"\nbody = "governing"\n'
                                      'seats = [{ as_share = true, at_least = 1, unit = "seats" }]', "seats"),
    "unknown office": ('kind = "appointment"\noffice = "cto"', "cto"),
    "unknown level": ('kind = "funding"\nlevels = ["country"]\nat_most = 0\nunit = "€"', "country"),
    "unknown purpose": ('kind = "funding"\npurposes = ["fun"]\nat_most = 0\nunit = "€"', "fun"),
    "an empty group": ('kind = "group"\nrequirements = []', "r"),
    "unknown condition": ('kind = "document"\nonly_if = "aera"', "aera"),
    "its own condition": ('kind = "document"\nonly_if = "r"', "r"),
    "unknown source": ('kind = "document"\nsource = "tekst"', "tekst"),
    "a parameter where none is read": ('kind = "document"\nsource = "$floor"', "$floor"),
    "a judgement without a guide": ('kind = "judgement"', "guide"),
}  # fmt: skip


@pytest.mark.parametrize("case", REQUIREMENTS)
def test_what_is_wrong_in_a_requirement_is_said_with_its_word_and_line(case):
    fields, word = REQUIREMENTS[case]
    text = VALID + asked(fields)
    said = [problem for problem in problems(text) if problem.word == word]
    assert said, [str(problem) for problem in problems(text)]
    line = text.splitlines()[said[0].line - 1]
    assert said[0].line >= line_of(text, 'id = "r"') - 1
    assert word in said[0].message
    assert word in line or line.strip() == "[[criteria.requirements]]" or line in fields


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('slug = "essai"', 'slug = "Essai 1"', "Essai 1"),
        ("format = 1", "format = 2", "2"),
        ("2020-01-01", '"2020-01-01"', "2020-01-01"),
        ("2020-01-01", "2020-01-01T10:00:00", "2020-01-01 10:00:00"),
        ("2020-01-01", "2020-01-01\nvalid_until = 2020-01-01", "2020-01-01"),
        ('en = "Trial" }', '"English" = "Trial" }', "English"),
        (', en = "A trial."', "", "en"),
        ('"A trial."', '" "', "en"),
        ('"A trial."', '"From $floor on."', "$floor"),
        ('title = "Le texte"', 'title = "Le texte"\nurl = "javascript:alert(1)"', "javascript:alert(1)"),
        ("[sources.texte]", '[sources."Mon texte"]', "Mon texte"),
        ('source = "texte"', "", "floor"),
        ('source = "texte"', "assumption = true", "floor"),
        ('unit = "m²"\nsource', 'unit = 5\nsource', "5"),
        ("value = 10", "value = [10]", "[ … ]"),
        ('name = "visits"', 'name = "usable_area"', "usable_area"),
        ('combine = "sum"', "", "combine"),
        ('combine = "sum"', 'combine = "union"', "union"),
        ('combine = "sum"', 'combine = "average"', "average"),
        ('combine = "sum"', 'combine = "sum"\nperiod = "month"', "month"),
        ('combine = "sum"', 'combine = "sum"\nvalidity_months = 0', "0"),
        ('label = { fr = "Visites"', 'measure = "usable_are"\nlabel = { fr = "Visites"', "usable_are"),
        ('label = { fr = "Visites"', 'measure = "usable_area"\nlabel = { fr = "Visites"', "visites"),
        ("[[criteria]]", '[[indicators]]\nname = "visits"\nmeasure = "hub_area"\n\n[[criteria]]', "visits"),
        ("[[criteria]]", '[[criteria]]\nid = "vide"\ntitle = { fr = "a", en = "b" }\nrequirements = []\n\n[[criteria]]',
         "vide"),
        ('id = "area"', 'id = "area"\nrequirement = 1', "requirement"),
    ],
)  # fmt: skip
def test_what_is_wrong_elsewhere_is_said_with_its_word_and_line(old, new, word):
    text = VALID.replace(old, new, 1)
    assert text != VALID
    with override("fr"):
        found = problems(text)
    said = [problem for problem in found if problem.word == word]
    assert said, [str(problem) for problem in found]
    first = line_of(VALID, old)
    assert first - 4 <= said[0].line <= first + 4


def test_all_mistakes_come_out_at_once_in_the_order_of_the_file():
    text = VALID.replace('version = "1"', 'version = "Un"').replace('at_least = 10\nunit = "m²"', "at_least = 10")
    text += asked('kind = "document"\nonly_if = "aera"\nsource = "tekst"') + asked('kind = "mesure"', "s")
    found = problems(text)
    assert [problem.word for problem in found] == ["Un", "at_least", "aera", "tekst", "mesure"]
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)
    assert found[0].line == 3
    assert found[2].line == line_of(text, 'only_if = "aera"')


def test_a_word_that_is_nearly_right_is_suggested():
    text = VALID + asked('kind = "measure"\nindicator = "visits"\nat_leest = 1\nunit = "visites"')
    assert "« at_least »" in plain(next(p.message for p in problems(text) if p.word == "at_leest"))
    assert "« visits »" in plain(the_problem(VALID.replace('indicator = "usable_area"', 'indicator = "visit"')).message)


@pytest.mark.parametrize(
    ("broken", "line", "word"),
    [
        ("format = 1\nslug = \n", 2, "slug ="),
        ('format = 1\nslug = "a\nversion = "1"\n', 2, "slug"),
        ("format = 1\nformat = 1\n", 2, "format"),
        ("[sources.a\n", 1, "sources"),
        ('format = 1\n[a]\nb = 1\n[a]\nc = 1\n', 4, "a"),
    ],
)  # fmt: skip
def test_what_is_not_toml_is_said_with_its_line_and_word(broken, line, word):
    problem = the_problem(broken)
    assert problem.line == line
    assert word in problem.message


def test_a_file_that_is_not_text_is_refused_with_its_line():
    with pytest.raises(CharterErrors) as refused:
        decoded(b"format = 1\nslug = \xff\n")
    assert (refused.value.problems[0].line, refused.value.problems[0].column) == (2, 8)


def test_a_file_that_is_too_long_or_too_deep_is_refused():
    assert "long" in the_problem("# " + "x" * 600_000).message.lower()
    assert the_problem("a = " + "[" * 3000 + "]" * 3000)
    for depth in (50, 150, 250, 400):
        assert problems(VALID + "requirements = [{ kind = 'group', " * depth + "}]" * depth)
        assert problems(f"{VALID}[[criteria.requirements]]\nkind = 'group'\n" + _nested(depth))


def _nested(depth: int) -> str:
    return "requirements = " + "[{ kind = 'group', requirements = " * depth + "[]" + "}]" * depth


def test_a_file_may_begin_as_some_editors_begin_it():
    assert read_charter(decoded(b"\xef\xbb\xbf" + VALID.encode()))


GROUP = asked('kind = "group"\nrule_of = "at_least"\nn = 2', "g")
MEMBER = 'kind = "measure"\nindicator = "visits"\nat_least = 1\nunit = "visites"'


def test_a_group_of_at_least_n_has_n_members():
    one = asked(MEMBER, "m", within=".requirements")
    assert the_problem(VALID + GROUP + one).word == "2"
    assert read_charter(VALID + GROUP + one + asked(MEMBER, "o", within=".requirements"))
    optional = asked(f"{MEMBER}\nmandatory = false", "o", within=".requirements")
    assert the_problem(VALID + GROUP + one + optional).word == "2"
    without = GROUP.replace("\nn = 2", "")
    assert the_problem(VALID + without + one).word == "n"
    any_of = GROUP.replace("at_least", "any")
    assert the_problem(VALID + any_of + one).line == line_of(VALID + any_of, "n = 2")


def test_conditions_in_a_ring_are_named():
    ring = asked('kind = "document"\nonly_if = "b"', "a") + asked('kind = "document"\nonly_if = "c"', "b")
    problem = the_problem(VALID + ring + asked('kind = "document"\nonly_if = "a"', "c"))
    assert "a -> b -> c -> a" in problem.message
    assert problem.line == line_of(VALID + ring, 'only_if = "b"')


def test_distinct_organisations_and_conditions_can_make_a_ring_too():
    roles = 'kind = "organisations"\nroles = ["mentors"]\n'
    ring = asked(roles + 'distinct_from = "b"', "a") + asked(roles + 'only_if = "a"', "b")
    assert "a -> b -> a" in the_problem(VALID + ring).message


def test_a_requirement_cannot_wait_for_the_group_it_is_in():
    text = VALID + GROUP.replace("n = 2", "n = 1") + asked(MEMBER + '\nonly_if = "g"', "m", within=".requirements")
    problem = the_problem(text)
    assert "g -> m -> g" in problem.message
    assert problem.line == line_of(text, 'only_if = "g"')


def test_a_condition_on_another_group_or_on_ones_own_member_is_no_ring():
    text = VALID + GROUP.replace("n = 2", 'n = 1\nonly_if = "area"') + asked(MEMBER, "m", within=".requirements")
    assert read_charter(text + asked('kind = "document"\nonly_if = "g"'))


def test_the_same_id_twice_is_said_where_the_second_stands():
    problem = the_problem(VALID + asked(MEMBER, "area"))
    assert (problem.word, problem.line) == ("area", line_of(VALID, 'id = "area"') + 9)
    assert str(line_of(VALID, 'id = "area"')) in problem.message


def test_a_charter_about_hubs_reads_no_figure_of_a_territory():
    problem = the_problem(VALID.replace("format = 1", 'format = 1\nsubject = "hub"'))
    assert problem.word == "usable_area"
    assert read_charter(VALID.replace("format = 1", 'format = 1\nsubject = "hub"').replace("usable_area", "hub_area"))


@pytest.mark.parametrize("name", ["revenue", "staff", "revenue_growth", "international_share"])
@pytest.mark.parametrize("subject", ["territory", "hub"])
def test_a_figure_of_one_organisation_is_asked_of_no_territory_and_of_no_hub(name, subject):
    head = HEAD.replace("format = 1", f'format = 1\nsubject = "{subject}"')
    asks = 'kind = "measure"\nindicator = "%s"\nat_least = 5\nunit = "€"'
    problem = the_problem(head + asked(asks % name))
    assert (problem.word, "« where »" in plain(problem.message)) == (name, True)
    declared = head.replace("[[criteria]]", f'[[indicators]]\nname = "ours"\nmeasure = "{name}"\n\n[[criteria]]')
    problem = the_problem(declared + asked(asks % "ours"))
    assert (problem.word, problem.line) == (name, line_of(declared, f'measure = "{name}"'))
    own = declared.replace(f'measure = "{name}"', 'unit = "€"\ncombine = "sum"\nlabel = { fr = "Nous", en = "We" }')
    assert read_charter(own.replace('"ours"', f'"{name}"') + asked(asks % name))


def test_a_unit_is_read_in_either_language():
    for unit in ('"visites"', '"visits"', '{ fr = "visites", en = "visits" }'):
        text = VALID + asked(f'kind = "measure"\nindicator = "visits"\nat_least = 1\nunit = {unit}')
        assert read_charter(text)


STEP = '\n[[process.steps]]\nid = "depot"\ntitle = { fr = "Dépôt", en = "Deposit" }\n'


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ("months = -1\n", "-1"),
        ("months = nan\n", "nan"),
        ('outcomes = [{ id = "ok", title = { fr = "a", en = "b" }, to = "comite" }]\n', "comite"),
        ('source = "tekst"\n', "tekst"),
        (STEP, "depot"),
    ],
)
def test_what_is_wrong_in_the_process_is_said(more, word):
    assert the_problem(VALID + STEP + more).word == word


def test_lines_end_as_they_end():
    text = decoded(VALID.replace("\n", "\r\n").replace('version = "1"', 'version = "Un"').encode())
    assert the_problem(text).line == 3


def test_columns_count_characters():
    text = VALID.replace('{ fr = "Essai", en = "Trial" }', '{ fr = "Éssâï « é »", en = 5 }')
    problem = the_problem(text)
    line = text.splitlines()[problem.line - 1]
    assert line[problem.column - 1] == "5"


def test_positions_of_keys_that_are_quoted_dotted_inline_and_in_lists():
    found = Positions('[[a]]\n"b c".d = 1\n[[a]]\ne = [1, # one\n { f = 2 }]\n[[a.g]]\nh = 3\n')
    assert found.key(("a", 0, "b c", "d")) == (2, 7)
    assert found.value(("a", 1, "e", 1, "f")) == (5, 8)
    assert found.value(("a", 1, "g", 0, "h")) == (7, 5)
    assert found.key(("a", 1, "nothing", "here")) == (3, 3)


@given(st.data())
def test_a_file_with_lines_lost_is_refused_in_words_never_with_a_crash(data):
    """Whatever line is taken out or doubled, what comes back is a charter or a list of problems with real lines."""
    lines = (VALID + asked('kind = "organisations"\nroles = ["mentors"]\nnumber = 2') + STEP).split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    changed = (
        lines[:at] + data.draw(st.sampled_from([[], [lines[at]] * 2, ["x = 1"], [lines[at][:-2]]])) + lines[at + 1 :]
    )
    try:
        found = [] if read_charter("\n".join(changed)) else ["nothing"]
    except CharterErrors as errors:
        found = errors.problems
    assert all(1 <= problem.line <= len(changed) and problem.message for problem in found)


@pytest.mark.parametrize("of", LABELS)
def test_no_list_of_words_is_empty_and_all_are_codes(of):
    assert LABELS[of]
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", word) for word in LABELS[of])


@pytest.mark.parametrize("combine", ["any", "all"])
def test_a_figure_that_says_yes_or_no_needs_no_unit(combine):
    service = '[[indicators]]\nname = "fibre"\nlabel = { fr = "Fibre", en = "Fibre" }\ncombine = "any"\n\n[[criteria]]'
    service = service.replace('"any"', f'"{combine}"')
    fibre = asked('kind = "measure"\nindicator = "fibre"\nat_least = 1', "fibre")
    assert read_charter(VALID.replace("[[criteria]]", service, 1) + fibre)
    counted = VALID.replace("[[criteria]]", service.replace(f'"{combine}"', '"sum"'), 1) + fibre
    assert "« unit »" in problems(counted)[0].message


def test_a_declared_figure_that_all_have_to_reach_is_the_lowest_of_several_territories():
    speed = VALID.replace('combine = "sum"', 'combine = "all"')
    (definition,) = (one for one in figures_of(read_charter(speed)).values() if one.name == "visits")
    parts = [KnownFigure(FigureState.KNOWN, Decimal(value)) for value in (1000, 30)]
    assert together(definition, parts, date(2026, 11, 1)).value == 30
    service = speed.replace('unit = { fr = "visites", en = "visits" }\n', "", 1)
    (definition,) = (one for one in figures_of(read_charter(service)).values() if one.name == "visits")
    assert (definition.limits, str(definition.unit_label)) == ((0, 1), _("yes or no"))


def test_a_charter_says_whether_the_registered_or_the_active_companies_count():
    for name in ("digital_companies", "digital_companies_active"):
        fields = f'kind = "measure"\nindicator = "{name}"\nat_least = 1\nunit = "entreprises"'
        assert name in figures_of(read_charter(HEAD + asked(fields)))
    with override("en"):
        assert "estimated active" in str(figures_of(read_charter(HEAD + asked(fields)))[name].label)
        assert "registered" in str(measures.get("digital_companies").method)
