"""`totem charter`: a file is checked and published from the console; what is published stays as it is."""

import json
import tomllib
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator

from tests.factories.accounts import UserFactory
from totem.labels.charters import schema
from totem.labels.management.commands.charter import SHIPPED
from totem.labels.models import CharterVersion

ROOT = Path(__file__).resolve().parents[2]
CANTINE = (SHIPPED / "cantine.toml").read_text(encoding="utf-8")


@pytest.fixture
def file(tmp_path):
    def write(text: str, name: str = "essai.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def run(capsys, *arguments: str | Path) -> tuple[str, str]:
    call_command("charter", *map(str, arguments))
    said = capsys.readouterr()
    return said.out, said.err


def test_check_says_what_a_right_file_holds(capsys, file):
    out, err = run(capsys, "check", file(CANTINE))
    assert err == ""
    assert "5" in out
    assert "actors_share, open_days" in out


def test_check_names_file_line_and_word_and_fails(capsys, file):
    path = file(CANTINE.replace("at_least = 200", "at_leest = 200"))
    with pytest.raises(CommandError, match="1"):
        call_command("charter", "check", str(path))
    err = capsys.readouterr().err.replace("\xa0", " ")
    line = CANTINE[: CANTINE.index("at_least = 200")].count("\n") + 1
    assert f"{path}:{line}:1: « at_leest »" in err


def test_check_of_a_file_that_is_not_there_is_a_line(tmp_path):
    with pytest.raises(CommandError, match=r"nothing\.toml"):
        call_command("charter", "check", str(tmp_path / "nothing.toml"))
    with pytest.raises(CommandError, match="--shipped"):
        call_command("charter", "check")


def test_the_shipped_charters_are_right(capsys):
    out, err = run(capsys, "check", "--shipped")
    assert len(out.splitlines()) == 3
    assert err == ""


@pytest.mark.django_db
def test_load_publishes_once_and_list_shows_it(capsys, file):
    path, by = file(CANTINE), UserFactory()
    assert "cantine 2013" in run(capsys, "load", path, "--by", by.email)[0]
    assert "cantine 2013" in run(capsys, "load", path)[0]
    published = CharterVersion.objects.get()
    assert (published.file, published.published_by) == (CANTINE, by)
    assert published.sha256[:12] in run(capsys, "list")[0]


@pytest.mark.django_db
def test_a_published_version_is_not_loaded_with_another_content(file):
    call_command("charter", "load", str(file(CANTINE)))
    with pytest.raises(CommandError, match="cantine 2013"):
        call_command("charter", "load", str(file(CANTINE.replace("at_least = 200", "at_least = 150"))))
    kept = CharterVersion.objects.get()
    assert "at_least = 200" in kept.file
    newer = CANTINE.replace("at_least = 200", "at_least = 150").replace('version = "2013"', 'version = "2014"')
    call_command("charter", "load", str(file(newer)))
    assert CharterVersion.objects.count() == 2


@pytest.mark.django_db
def test_a_comment_changes_nothing(capsys, file):
    run(capsys, "load", file(CANTINE))
    run(capsys, "load", file(f"# Relu.\n{CANTINE}"))
    assert CharterVersion.objects.count() == 1


@pytest.mark.django_db
def test_one_wrong_file_and_none_is_published(file):
    with pytest.raises(CommandError):
        call_command("charter", "load", str(file(CANTINE)), str(file("format = 1\n", "autre.toml")))
    assert not CharterVersion.objects.exists()


@pytest.mark.django_db
def test_a_figure_that_two_charters_share_is_counted_in_one_way(capsys, file):
    run(capsys, "load", file(CANTINE))
    other = CANTINE.replace('slug = "cantine"', 'slug = "tiers-lieu"')
    run(capsys, "load", file(other))
    clash = other.replace('slug = "tiers-lieu"', 'slug = "autre"').replace('combine = "sum"', 'combine = "max"')
    with pytest.raises(CommandError):
        call_command("charter", "load", str(file(clash)))
    line = clash[: clash.index('combine = "max"')].count("\n") + 1
    err = capsys.readouterr().err
    assert f":{line}:" in err
    assert "events_held" in err
    assert not CharterVersion.objects.filter(slug="autre").exists()


@pytest.mark.django_db
def test_nobody_of_that_address_publishes(file):
    with pytest.raises(CommandError, match="nobody@example"):
        call_command("charter", "load", str(file(CANTINE)), "--by", "nobody@example.org")
    assert not CharterVersion.objects.exists()


@pytest.mark.django_db
def test_list_says_how_to_begin(capsys):
    assert "--shipped" in run(capsys, "list")[0]


def test_the_schema_in_the_docs_is_the_one_of_today(capsys):
    """To renew it: totem charter schema > docs/charter.schema.json."""
    out, _err = run(capsys, "schema")
    assert (ROOT / "docs/charter.schema.json").read_text(encoding="utf-8") == out


def test_the_schema_explains_every_key():
    for table in schema.published()["$defs"].values():
        assert all(key["description"] for key in table.get("properties", {}).values())


def test_the_shipped_charters_are_valid_by_the_published_schema():
    """As an editor checks them; dates are texts in JSON."""
    check = Draft202012Validator(schema.published())
    for path in SHIPPED.glob("*.toml"):
        content = json.loads(json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), default=str))
        assert not [error.message for error in check.iter_errors(content)]
        content["criteria"][0]["requirements"][0]["kind"] = "mesure"
        assert list(check.iter_errors(content))
