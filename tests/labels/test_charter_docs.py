"""The guides and the page of the format are enough to write a charter: examples are judged, all keys explained."""

import re
import tomllib
from datetime import date
from decimal import Decimal
from html import unescape
from pathlib import Path

import msgspec
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from totem.labels.charters import format as form
from totem.labels.charters import manual
from totem.labels.charters.format import Charter
from totem.labels.charters.parsing import read_charter
from totem.labels.charters.vocabulary import LABELS, asked_of_areas
from totem.labels.figures import FigureState, KnownFigure
from totem.labels.judging import judge
from totem.labels.judging.facts import Facts, JudgementFact, OrganisationFact, RoleFact, State

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ["charters.md", "guide/chartes.md"]
KINDS = msgspec.inspect.type_info(form.Requirement).types


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def shown(language: str) -> str:
    """The page of the format, as somebody who reads that language has it."""
    response = Client(headers={"accept-language": language}).get(reverse("labels:format"))
    assert response.status_code == 200
    return unescape(response.content.decode())


def codes(html: str) -> set[str]:
    return set(re.findall(r"<code>([^<\n]+)</code>", html))


def fragments() -> list[str]:
    """What the guides and the page of the format show of requirements."""
    texts = {table.example for table in manual.key_tables() if table.example}
    for name in PAGES:
        of_guide = re.findall(r"^```toml requirement\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)
        assert of_guide
        texts |= {text.strip() for text in of_guide}
    return sorted(texts)


def example() -> Charter:
    return read_charter(manual.whole_example())


def with_requirements(*texts: str) -> Charter:
    """The complete example, with more requirements at the end of its first criterion."""
    whole, added = manual.whole_example(), "\n\n".join(texts)
    at = whole.index('\n[[criteria]]\nid = "acteurs"')
    return read_charter(f"{whole[:at]}\n{added}\n{whole[at:]}")


def test_the_complete_example_is_a_charter(capsys):
    found = example()
    assert (found.slug, len(found.criteria), len(list(found.requirements()))) == ("fabrique-ouverte", 2, 4)
    call_command("charter", "example")
    assert tomllib.loads(capsys.readouterr().out) == tomllib.loads(manual.whole_example())


def test_the_complete_example_is_judged():
    found = example()
    day = date(2027, 6, 1)
    nothing = judge(found, Facts("epci:1", "Ici", day))
    assert {finding.id: finding.state for c in nothing.criteria for finding in c.findings} == {
        "surface": State.UNKNOWN,
        "frequentation": State.UNKNOWN,
        "partenaires": State.UNKNOWN,
        "esprit": State.HUMAN,
    }
    figures = {
        "usable_area": KnownFigure(FigureState.KNOWN, Decimal(500)),
        "visitors": KnownFigure(FigureState.KNOWN, Decimal(999)),
    }
    three = tuple(OrganisationFact(n, f"N° {n}", "startup") for n in (1, 2, 3))
    roles = tuple(RoleFact(one.id, "mobilised_in", id=one.id) for one in three)
    judged = {"esprit": JudgementFact(1, True, day, "Oui.")}
    facts = Facts("epci:1", "Ici", day, figures, organisations=three, roles=roles, judgements=judged)
    result = judge(found, facts)
    assert (result.state, result.finding("frequentation").gap) == (State.NOT_MET, 1)
    assert result.finding("surface").state is result.finding("partenaires").state is State.MET
    figures["visitors"] = KnownFigure(FigureState.KNOWN, Decimal(1000))
    assert judge(found, msgspec.structs.replace(facts, figures=figures)).state is State.MET


def test_each_fragment_is_right_in_the_complete_example():
    texts = fragments()
    for text in texts:
        assert with_requirements(text)
    used = {kind.tag for kind in KINDS if re.search(rf'^kind = "{kind.tag}"', "\n".join(texts), re.MULTILINE)}
    assert used == {kind.tag for kind in KINDS}


def test_the_examples_of_the_page_go_together():
    assert with_requirements(*(table.example for table in manual.key_tables() if table.example))


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_key_of_the_format_is_explained(language):
    tables = [form.Charter, form.Source, form.Parameter, form.Indicator, form.Criterion, form.Where, form.Seats,
              form.Process, form.Step, form.Outcome, form.UnitWords, *(kind.cls for kind in KINDS)]  # fmt: skip
    keys = {field for table in tables for field in table.__struct_fields__}
    page = shown(language)
    assert keys - codes(page) == set()
    assert {f'kind = "{kind.tag}"' for kind in KINDS} <= codes(page)
    with override("en"):
        in_english = [key.meaning in page for table in manual.key_tables() for key in table.keys]
    assert not any(in_english) if language == "fr" else all(in_english)


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "guide"), [("fr", "guide/chartes.md"), ("en", "charters.md")])
def test_every_word_measure_and_state_is_listed(language, guide):
    words = {word for labels in LABELS.values() for word in labels}
    figures = asked_of_areas()
    assert (words | figures) - codes(shown(language)) == set()
    assert [state for state in State if f"`{state.value}`" not in page(guide)] == []
    assert [kind.tag for kind in KINDS if f"`{kind.tag}`" not in page(guide)] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_guides_do_not_send_anybody_to_the_code(name):
    assert not re.search(r"\.py\b|totem\.labels|def |class ", page(name))
