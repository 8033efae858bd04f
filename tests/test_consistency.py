"""Rules that hold for the whole project."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest
from babel.messages import Catalog
from django.apps import apps
from django.core.management import call_command
from django.template import TemplateSyntaxError
from django.template.loader import get_template

from config import messages

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted(path for path in (ROOT / "totem").rglob("templates/**/*") if path.suffix in {".html", ".txt"})
MAILS = "/mail/"


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines()]


def faults_of(paths: Iterable[Path], fault: Callable[[Path], object]) -> dict[str, object]:
    """The fault of each file that has one, by the path of the file in the project."""
    found = ((path.relative_to(ROOT).as_posix(), fault(path)) for path in paths)
    return {path: what for path, what in found if what}


def test_every_template_compiles():
    def fault(path: Path) -> str | None:
        name = path.relative_to(next(p for p in path.parents if p.name == "templates")).as_posix()
        try:
            get_template(name)
        except TemplateSyntaxError as error:
            return str(error)
        return None

    assert TEMPLATES
    assert faults_of(TEMPLATES, fault) == {}


def test_nothing_is_inline_in_a_page():
    inline = re.compile(r"\sstyle=|\son[a-z]+=\"|<style|<script(?![^>]*(\bsrc=|application/(ld\+)?json))")
    pages = [path for path in TEMPLATES if MAILS not in path.as_posix()]
    assert faults_of(pages, lambda path: inline.findall(path.read_text(encoding="utf-8"))) == {}


def test_what_scrolls_is_reached_by_the_keyboard_and_named():
    """axe: scrollable-region-focusable, which shows only on a narrow screen with wide rows."""
    scrolling = re.compile(r'<[^>]*class="(?:table-scroll|charter-text)[^>]*>')
    named = re.compile(r'tabindex="0" role="(?:region|group)" aria-label')

    def fault(path: Path) -> list[str]:
        return [tag for tag in scrolling.findall(path.read_text(encoding="utf-8")) if not named.search(tag)]

    assert faults_of(TEMPLATES, fault) == {}


@pytest.mark.django_db
def test_migrations_say_what_the_models_say():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_french_catalogue_is_complete():
    assert messages.missing(updated()) == []


@cache
def updated() -> Catalog:
    """The French catalogue updated from the source; extracting its strings takes seconds."""
    return messages.updated("fr")


def french() -> list[tuple[list[str], str]]:
    """Each French string with the source strings that it stands for (two where they have a plural)."""
    pairs = []
    for message in updated():
        if message.id and message.string:
            sources = [message.id] if isinstance(message.id, str) else list(message.id)
            strings = [message.string] if isinstance(message.string, str) else message.string
            pairs += [(sources, string) for string in strings]
    return pairs


def placeholders(text: str) -> list[str]:
    """The placeholders and tags of a text, sorted; without number formats (`:02d`), which a translation may change."""
    return sorted(re.findall(r"%\(\w+\)[a-z]|\{\w*(?=[:}])|</?[a-z][^>]*>", text))


def test_french_has_no_straight_apostrophe_and_its_no_break_spaces():
    assert [s for _, s in french() if re.search(r"\w'\w| [:;!?»€]| %(?!\()|« |\d (h|min|m²)\b", s)] == []


def test_french_keeps_the_placeholders_and_tags_of_its_source():
    assert [s for sources, s in french() if placeholders(s) not in [placeholders(source) for source in sources]] == []


def test_french_buttons_say_what_they_do_and_nobody_shouts():
    assert [s for _, s in french() if re.search(r"!|\bvalide[rz]\b|\bsoumet", s, re.IGNORECASE)] == []


def test_no_string_for_people_hides_in_an_f_string():
    """Neither Babel nor xgettext looks into one."""

    def hidden(path: Path) -> list[str]:
        parts = [f for f in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(f, ast.JoinedStr)]
        calls = [call for part in parts for call in ast.walk(part) if isinstance(call, ast.Call)]
        return [ast.unparse(call) for call in calls if ast.unparse(call.func) in {"_", *messages.KEYWORDS}]

    assert faults_of([path for path in messages.sources() if path.suffix == ".py"], hidden) == {}


def test_models_have_names_for_people():
    ours = [model for model in apps.get_models() if model.__module__.startswith("totem.")]
    assert [model._meta.label for model in ours if "verbose_name" not in model._meta.original_attrs] == []


def test_lock_files_carry_no_download_address():
    assert "resolved" not in (ROOT / "package-lock.json").read_text()
    for requirements in (ROOT / "requirements").glob("*.txt"):
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", requirements.read_text())


def test_nothing_generated_or_third_party_is_tracked():
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    foreign = r"(^|/)(node_modules|static/vendor|var|\.venv)/|\.min\.(js|css)$|\.mo$"
    assert not [name for name in names if re.search(foreign, name)]


def test_every_promise_names_proofs_that_exist():
    promises = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    assert "| open |" not in promises
    named = re.findall(r"`((?:\w+/)*test_\w+\.py)((?:::\w+)*)`", promises)
    assert named
    missing = [
        f"{file}{parts}"
        for file, parts in named
        if not (path := ROOT / "tests" / file.removeprefix("tests/")).exists()
        or not all(re.search(rf"(def|class) {part}\b", path.read_text("utf-8")) for part in parts.split("::")[1:])
    ]
    assert missing == []
