"""Rules that hold for the whole project."""

import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.template.loader import get_template

from config import messages

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted(path for path in (ROOT / "totem").rglob("templates/**/*") if path.suffix in {".html", ".txt"})
MAILS = "/mail/"


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines()]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_template_compiles(path: Path):
    get_template(path.relative_to(next(p for p in path.parents if p.name == "templates")).as_posix())


@pytest.mark.parametrize("path", [p for p in TEMPLATES if MAILS not in p.as_posix()], ids=lambda path: path.name)
def test_nothing_is_inline_in_a_page(path: Path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style|<script(?![^>]*(\bsrc=|application/(ld\+)?json))", text)


@pytest.mark.django_db
def test_migrations_say_what_the_models_say():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_french_catalogue_is_complete():
    assert messages.missing(messages.updated("fr")) == []


def test_french_has_no_straight_apostrophe_and_its_no_break_spaces():
    catalogue = messages.updated("fr")
    strings = [s for m in catalogue if m.id for s in ([m.string] if isinstance(m.string, str) else m.string or [])]
    assert [s for s in strings if re.search(r"\w'\w| [;:!?»]|« ", s)] == []


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
