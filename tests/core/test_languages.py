"""A language is a line of the settings and a folder; no other module names one. To test it, Breton is added."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from config.assets import compile_catalogues
from totem.core import languages, wording

ROOT = Path(__file__).resolve().parents[2]
NBSP = wording.NBSP
CODE = re.compile(r"(fr|en)([_-][A-Za-z]{2})?")
# Where « fr » and « en » may stand: the registry, its line of the settings, and what is no language of the site.
MAY_NAME_LANGUAGES = {
    "totem/core/languages.py",
    "config/settings.py",
    "totem/hubs/models/hub.py",  # languages spoken at the desk
    "totem/territories/places.py",  # the code of France
}
CATALOGUE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

msgid "Skip to the content"
msgstr "Mont d’ar pezh a zo er bajenn"

msgid "Legal notice"
msgstr "Titouroù lezennel"

msgctxt "first day of the month"
msgid "1"
msgstr "1añ"

msgctxt "hour"
msgid "{hour:02d}:{minute:02d}"
msgstr "{hour}e{minute:02d}"
"""


def named_languages(source: str) -> Iterator[int]:
    """The lines of a module where a language is named by its code, as a text, a key or a field of a text."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
        field = isinstance(node, ast.Attribute) and node.attr in languages.FALLBACKS
        if text or field:
            yield node.lineno


def test_no_other_module_names_a_language():
    modules = [path for folder in ("totem", "config") for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [
        f"{name}:{line}"
        for path in modules
        if path.parent.name != "migrations" and (name := path.relative_to(ROOT).as_posix()) not in MAY_NAME_LANGUAGES
        for line in named_languages(path.read_text(encoding="utf-8"))
    ]
    pages = [
        *(ROOT / "totem").rglob("*.html"),
        *(ROOT / "totem").rglob("*.txt"),
        *(ROOT / "static" / "js").rglob("*.js"),
    ]
    for path in pages:
        text = path.read_text(encoding="utf-8").replace("'france' 'fr'", "")
        found += [f"{path.relative_to(ROOT)}: {code[0]}" for code in re.finditer(r"[\"'](fr|en)[\"']", text)]
    assert found == []


def test_a_language_is_found_where_it_is_named():
    source = 'a = "fr"\nb = code.startswith("en")\nc = words.fr\nd = "frites"\ne = {"fr-FR": 1}'
    assert sorted(named_languages(source)) == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("reader", "texts", "read"),
    [
        ("fr", {"fr": "oui", "en": "yes"}, ("fr", "oui")),
        ("en", {"fr": "oui", "en": "yes"}, ("en", "yes")),
        ("en-gb", {"fr": "oui", "en": "yes"}, ("en", "yes")),
        ("en", {"fr": "oui", "en": ""}, ("fr", "oui")),
        ("br", {"fr": "oui", "en": "yes", "br": "ya"}, ("br", "ya")),
        ("br", {"fr": "oui", "en": "yes"}, ("fr", "oui")),
        ("br", {"fr": "", "en": "yes"}, ("en", "yes")),
        ("br", {}, ("en", "")),
    ],
)
def test_its_own_words_then_french_then_english(reader, texts, read):
    with translation.override(reader):
        assert languages.first_written(texts) == read


@pytest.mark.parametrize(
    ("code", "number", "single"),
    [("fr", 0, True), ("fr", 1, True), ("fr", 2, False), ("en", 0, False), ("en", 1, True), ("en", 2, False)],
)
def test_each_language_has_its_singular(code, number, single):
    assert languages.is_single(code, number) == single


def test_a_third_language_is_a_line_and_a_folder(committed_db, tmp_path):
    """Every kind of thing that is shown, in Breton: its own words, else those of the CLDR, else French."""
    catalogue = tmp_path / "locale" / "br" / "LC_MESSAGES" / "django.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(CATALOGUE, encoding="utf-8")
    compile_catalogues(tmp_path)
    child = subprocess.run(
        [sys.executable, "-m", "tests.core.in_breton", str(tmp_path / "locale")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    output = json.loads(child.stdout)

    for name in ("home", "hub", "charter", "format", "profile"):
        assert '<html lang="br">' in output[name]
        assert "Mont d’ar pezh a zo er bajenn" in output[name]
        assert re.search(r'value="br" lang="br" aria-current="true">Brezhoneg<', output[name])
    assert "Titl" in output["charter"]
    assert "Une charte d’essai" in output["charter"]
    assert f"1{NBSP}200,00{NBSP}€" in output["hub"]
    assert '<option value="br" selected>' in output["profile"]

    assert output["date"] == "Yaou 1añ Here 2026"
    assert "Votre réservation est confirmée – Salle Somme, Yaou 4 Du" in output["mail"]["subject"]
    assert f"3{NBSP}600,00{NBSP}€" in output["mail"]["text"]
    assert output["period"] == f"Yaou 4 Du, de 14{NBSP}h à 16e30"
    assert output["table"] == [["Services", f"42,5{NBSP}%"], ["Conseil", f"57,5{NBSP}%"]]
    assert output["csv"].splitlines()[1] == "Services;0,425"
    assert "42,5" in output["chart"]
    assert "/Lang(br)" in output["pdf"]
    assert output["length"] == f"1{NBSP}h{NBSP}30"
    assert output["days"] == [f"1{NBSP}jour", f"2{NBSP}jours"]
    assert output["units"] == ["post", "postoù"]
    assert output["typed"] == "2026-03-05"
