"""The guides on charters are enough to write one: their examples are read and judged, every key and word is in them."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from totem.core import measures
from totem.labels import charter as form
from totem.labels.charter import Charter
from totem.labels.facts import Facts, Hold, JudgementFact, Known, Organisation, Role, State
from totem.labels.judge import judge
from totem.labels.reading import read_charter
from totem.labels.vocabulary import SUBJECTS, WORDS, known_here

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ["charters.md", "guide/chartes.md"]
KINDS = msgspec.inspect.type_info(form.Requirement).types


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name: str, mark: str) -> list[str]:
    return re.findall(rf"^```toml {mark}\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)


def example(name: str) -> Charter:
    (text,) = blocks(name, "complete")
    return read_charter(text, known=known_here())


@pytest.mark.parametrize("name", PAGES)
def test_the_complete_example_is_a_charter(name):
    found = example(name)
    assert (found.slug, len(found.criteria), len(list(found.requirements()))) == ("fabrique-ouverte", 2, 4)


def test_the_complete_example_is_judged():
    found = example(PAGES[0])
    day = date(2027, 6, 1)
    nothing = judge(found, Facts("epci:1", "Ici", day))
    assert {finding.id: finding.state for c in nothing.criteria for finding in c.findings} == {
        "surface": State.UNKNOWN,
        "frequentation": State.UNKNOWN,
        "partenaires": State.UNKNOWN,
        "esprit": State.HUMAN,
    }
    figures = {"usable_area": Known(Hold.KNOWN, Decimal(500)), "visitors": Known(Hold.KNOWN, Decimal(999))}
    three = tuple(Organisation(n, f"N° {n}", "startup") for n in (1, 2, 3))
    roles = tuple(Role(one.id, "mobilised_in", id=one.id) for one in three)
    judged = {"esprit": JudgementFact(1, True, day, "Oui.")}
    facts = Facts("epci:1", "Ici", day, figures, organisations=three, roles=roles, judgements=judged)
    result = judge(found, facts)
    assert (result.state, result.finding("frequentation").gap) == (State.NOT_MET, 1)
    assert result.finding("surface").state is result.finding("partenaires").state is State.MET
    figures["visitors"] = Known(Hold.KNOWN, Decimal(1000))
    assert judge(found, msgspec.structs.replace(facts, figures=figures)).state is State.MET


@pytest.mark.parametrize("name", PAGES)
def test_each_fragment_is_right_in_the_complete_example(name):
    (whole,) = blocks(name, "complete")
    at = whole.index('\n[[criteria]]\nid = "acteurs"')
    fragments = blocks(name, "requirement")
    for fragment in fragments:
        assert read_charter(f"{whole[:at]}\n{fragment}{whole[at:]}", known=known_here())
    together = "\n".join(fragments)
    assert read_charter(f"{whole[:at]}\n{together}{whole[at:]}", known=known_here())
    assert {kind.tag for kind in KINDS} == set(re.findall(r'^kind = "(\w+)"', together, re.MULTILINE))


@pytest.mark.parametrize("name", PAGES)
def test_every_key_of_the_format_is_explained(name):
    text = page(name)
    tables = [form.Charter, form.Source, form.Parameter, form.Indicator, form.Criterion, form.Where, form.Seats,
              form.Process, form.Step, form.Outcome, *(kind.cls for kind in KINDS)]  # fmt: skip
    keys = {field for table in tables for field in table.__struct_fields__}
    named = re.sub(r"[^\w]+", " ", " ".join(re.findall(r"`[^`\n]+`", text))).split()
    assert keys - set(named) == set()


@pytest.mark.parametrize("name", PAGES)
def test_every_word_measure_and_state_is_listed(name):
    text = page(name)
    words = {word for words in WORDS.values() for word in words}
    figures = {known.name for subject in SUBJECTS for known in measures.about(subject)}
    codes = words | figures | {state.value for state in State} | {kind.value for kind in form.PeriodKind}
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_guides_do_not_send_anybody_to_the_code(name):
    assert not re.search(r"\.py\b|totem\.labels|def |class ", page(name))
