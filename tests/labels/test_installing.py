"""Charters in an installation: the console's `totem charter`, and what `totem migrate` publishes."""

from pathlib import Path

import pytest
from django.core.management import call_command

from config import cli
from tests.factories.labels import CharterVersionFactory, content_of, requirement
from totem.labels.models import CharterVersion

pytestmark = pytest.mark.django_db


def test_the_console_hands_over_to_the_command_and_ends_as_it_does(tmp_path: Path, capsys) -> None:
    assert cli.main(["charter", "check", "--shipped"]) == cli.OK
    assert "cantine.toml" in capsys.readouterr().out
    wrong = tmp_path / "essai.toml"
    wrong.write_text('format = 1\nslug = "essai"\nwrong = 2\n', encoding="utf-8")
    assert cli.main(["charter", "check", str(wrong)]) == cli.FAILED
    assert f"{wrong}:3:" in capsys.readouterr().err


def test_an_upgrade_publishes_what_is_shipped_once() -> None:
    call_command("load_charters")
    published = list(CharterVersion.objects.values_list("pk", "slug", "published_at"))
    assert [slug for _pk, slug, _at in published] == ["cantine", "metropole-french-tech", "quartier-numerique"]
    call_command("load_charters")
    assert list(CharterVersion.objects.values_list("pk", "slug", "published_at")) == published


def test_an_upgrade_leaves_a_version_that_was_published_otherwise_and_goes_on(capsys) -> None:
    data = content_of([requirement("q1", "judgement", guide={"fr": "?", "en": "?"})], slug="cantine", version="2013")
    other = CharterVersionFactory(data=data)
    call_command("load_charters")
    assert "cantine 2013" in capsys.readouterr().err
    assert CharterVersion.objects.get(slug="cantine").sha256 == other.sha256
    assert CharterVersion.objects.count() == 3
