"""What an installation relies on: rights of what is written, the environment file."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from config import doctor, environment_file
from config.environment_file import parse
from tests.serving import Totem


@pytest.fixture
def closed_umask() -> Iterator[None]:
    """The umask of the units of deploy/."""
    former = os.umask(0o077)
    yield
    os.umask(former)


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_photos_can_be_read_by_the_proxy_whatever_the_umask(
    closed_umask: None, settings: LazySettings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT, settings.SECURE = tmp_path / "media", True
    name = storages.create_storage(settings.STORAGES["default"]).save("hubs/2026/photo.webp", ContentFile(b"photo"))
    photo = tmp_path / "media" / name
    assert rights(photo) == 0o644
    assert [rights(folder) for folder in photo.parents[:3]] == [0o755] * 3

    settings.DATA_DIR = tmp_path
    tmp_path.chmod(0o711)
    assert not [found.text for found in doctor._folders() if found.level != "ok"]
    photo.parent.chmod(0o750)
    assert [str(photo.parent) in found.text for found in doctor._folders() if found.level != "ok"] == [True]


# As systemd 252 reads them: `make test-deploy` compares with it.
LINES = [
    ("A=b c", "b c"),
    ("A=Totem <totem@example.org>", "Totem <totem@example.org>"),
    ("A=1 rue de l'Exemple, 80000 Amiens  ", "1 rue de l'Exemple, 80000 Amiens"),
    ("A = 'a b' \"c\" d", "a bcd"),
    ('A="two\nlines"', "two\nlines"),
    ("A=one \\\n  line", "one   line"),
    (r'A="\"\$\x"', r'"$\x'),
    (r"A=a\ b\$", "a b$"),
    ("A=value # no comment", "value # no comment"),
    ("A=$HOME ${B}", "$HOME ${B}"),
    ("# A=1\n; A=2\nA=3", "3"),
    ("A=1\nA=2", "2"),
    ("A=", ""),
    ("export A=1", None),
    ("A", None),
]


@pytest.mark.parametrize(("text", "value"), LINES)
def test_the_environment_file_is_read_as_systemd_reads_it(text: str, value: str | None) -> None:
    assert parse(text) == ({} if value is None else {"A": value})


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment file in the place of /etc/totem/totem.env; the process has no variable of Totem."""
    for name in [name for name in os.environ if name.startswith(("TOTEM_", "DATABASE_URL"))]:
        monkeypatch.delenv(name)
    file = tmp_path / "totem.env"
    file.write_text(
        "TOTEM_MODE=production\nTOTEM_SECRET_KEY=file\nDATABASE_URL=postgresql://totem:hush@127.0.0.1:1/cantine\n"
    )
    monkeypatch.setattr(environment_file, "PATH", file)
    monkeypatch.setattr(os, "environ", {**os.environ})
    return file


def test_the_file_is_read_by_itself_and_the_environment_wins(env_file: Path) -> None:
    os.environ["TOTEM_SECRET_KEY_FILE"] = "/run/credentials/secret-key"
    environment_file.load()
    assert os.environ["TOTEM_MODE"] == "production"
    assert "TOTEM_SECRET_KEY" not in os.environ


def test_a_process_that_was_configured_otherwise_leaves_the_file_alone(env_file: Path) -> None:
    os.environ["TOTEM_DATA"] = "/srv/other"
    environment_file.load()
    assert "DATABASE_URL" not in os.environ
    environment_file.load(str(env_file))
    assert os.environ["DATABASE_URL"]


OUTSIDE: dict[str, Any] = dict.fromkeys(("TOTEM_MODE", "DATABASE_URL", "TOTEM_DATA", "TOTEM_SECRET_KEY"))


def test_a_command_says_first_which_database_it_opens_and_no_password(env_file: Path) -> None:
    command = Totem("--env", str(env_file), "migrate", **{**OUTSIDE, "TOTEM_DATA": str(env_file.parent)})
    assert command.wait() == 1
    assert command.lines[0] == "totem: mode production, database cantine at 127.0.0.1\n"
    assert "cannot be reached" in command.lines[1]
    assert "hush" not in command.output


def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "nul.env").write_bytes(b"TOTEM_MODE=production\0\n")
    for name in ("missing.env", ".", "nul.env"):
        command = Totem("--env", str(tmp_path / name), "migrate", **OUTSIDE)
        assert (command.wait(), command.output.count("\n")) == (1, 1), command.output
        assert "cannot be read" in command.output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another user")
@pytest.mark.parametrize("name", ["migrate", "doctor"])
def test_root_makes_no_second_database_for_the_services_folder(env_file: Path, name: str) -> None:
    os.chown(env_file.parent, 65534, 65534)
    variables = {**OUTSIDE, "TOTEM_MODE": "production", "TOTEM_DATA": str(env_file.parent)}
    command = Totem(name, **variables)
    assert command.wait() == 1
    assert f"{env_file.parent} belongs to nobody: run this as that user" in command.output
