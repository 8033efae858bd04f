"""The embedded PostgreSQL, with real servers, of which some are killed."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from tests.postgres import UNSAFE_AND_FAST
from totem.core import embedded, embedded_programs
from totem.core.embedded import Server
from totem.core.embedded_programs import CannotRunError, DiskFullError, OtherVersionError

HOLD = """
import sys
from pathlib import Path
from totem.core.embedded import Server
with Server(Path(sys.argv[1]), {"fsync": "off"}).running():
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder for a cluster that the server's user can reach; a server that runs there after the test is stopped."""
    folder = Path(tempfile.mkdtemp(prefix="totem-embedded-"))
    folder.chmod(0o711)
    yield folder / "postgresql"
    Server(folder / "postgresql").running().__enter__().stop() if _pid(folder / "postgresql") else None
    shutil.rmtree(folder)


def _pid(base: Path) -> int | None:
    """The process id of the server that runs in `base`."""
    try:
        pid = int((base / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pid


def _ask(server: Server, query: str, *, user: str = "totem") -> object:
    with psycopg.connect(host=str(server.socket), user=user, dbname="totem") as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def _remember(server: Server) -> None:
    with psycopg.connect(host=str(server.socket), user="totem", dbname="totem") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")


def test_the_application_signs_in_without_a_password_or_power_and_nothing_around_it_changes(base: Path) -> None:
    before = {path: (path.stat().st_mode, path.stat().st_uid) for path in base.parents}
    with Server(base, UNSAFE_AND_FAST).running() as server:
        assert server.owned
        assert _ask(server, "SHOW is_superuser") == "off"
        assert _ask(server, "SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user") is True
        assert _ask(server, "SHOW listen_addresses") == ""
        assert _ask(server, "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'totem'") == "UTF8"
        assert server.socket.stat().st_mode & 0o777 == 0o700
    assert _pid(base) is None
    assert not server.answers()
    assert before == {path: (path.stat().st_mode, path.stat().st_uid) for path in base.parents}


def test_a_second_process_uses_the_server_and_leaves_it_running(base: Path) -> None:
    with Server(base, UNSAFE_AND_FAST).running():
        second = Server(base)
        with second.running():
            assert not second.owned
            assert _ask(second, "SELECT 1") == 1
        assert second.answers()
    assert not second.answers()


def test_a_server_whose_owner_was_killed_is_adopted_and_stopped(base: Path) -> None:
    owner = _hold(base)
    owner.kill()
    owner.communicate()
    orphan = _pid(base)
    assert orphan
    with Server(base).running() as server:
        assert server.owned
        assert _pid(base) == orphan
    assert _pid(base) is None


def test_committed_rows_survive_when_everything_is_killed(base: Path) -> None:
    owner = _hold(base)
    _remember(Server(base))
    os.kill(_pid(base) or 0, signal.SIGKILL)
    owner.kill()
    owner.communicate()
    with Server(base, UNSAFE_AND_FAST).running() as server:
        assert _ask(server, "SELECT one FROM kept") == 1


def test_its_keeper_starts_a_server_that_has_gone(base: Path) -> None:
    with Server(base, UNSAFE_AND_FAST).running() as server:
        assert not server.ensure_running()
        os.kill(_pid(base) or 0, signal.SIGKILL)
        while server.answers():
            pass
        assert server.ensure_running()
        assert _ask(server, "SELECT 1") == 1


def test_the_second_process_takes_over_when_the_first_ends(base: Path) -> None:
    first, second = Server(base, UNSAFE_AND_FAST), Server(base, UNSAFE_AND_FAST)
    first.start()
    second.start()
    first.stop()
    assert second.ensure_running()
    assert second.owned
    assert _ask(second, "SELECT 1") == 1
    second.stop()
    assert _pid(base) is None


def test_a_pid_file_left_by_a_crash_does_not_stand_in_the_way(base: Path) -> None:
    with Server(base, UNSAFE_AND_FAST).running():
        left = (base / "data" / "postmaster.pid").read_bytes()
    # The process id now belongs to another program of the same user, as after a restart of a container.
    owner = pwd.getpwuid((base / "data").stat().st_uid)
    bystander = subprocess.Popen(["sleep", "600"], user=owner.pw_uid)
    try:
        (base / "data" / "postmaster.pid").write_bytes(re.sub(rb"^\d+", str(bystander.pid).encode(), left))
        with Server(base, UNSAFE_AND_FAST).running() as server:
            assert _ask(server, "SELECT 1") == 1
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_first_start_that_was_killed_is_done_again(base: Path) -> None:
    (base / "data.new" / "base").mkdir(parents=True)
    (base / "data.new" / "PG_VERSION").write_text("18\n")
    with Server(base, UNSAFE_AND_FAST).running() as server:
        assert _ask(server, "SELECT 1") == 1


def test_data_of_another_version_are_refused_in_one_sentence(base: Path) -> None:
    base.mkdir(mode=0o711)
    (base / "data").mkdir(mode=0o700)
    (base / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(OtherVersionError, match=r"PostgreSQL 16 .* PostgreSQL 18: move that folder away") as refusal:
        Server(base).start()
    assert "\n" not in str(refusal.value)
    assert _pid(base) is None


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_is_reported_in_one_sentence(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(100, 100, 0))
    with pytest.raises(DiskFullError, match="is full: free some space"):
        Server(base).start()
    assert not (base / "data").exists()


def test_a_folder_that_is_not_ours_is_refused(base: Path) -> None:
    base.mkdir()
    base.chmod(0o777)
    with pytest.raises(CannotRunError, match="not a folder of Totem's own"):
        Server(base).start()


def test_a_long_path_gets_a_short_socket(base: Path) -> None:
    deep = base.parent / ("a" * 60) / ("b" * 60) / "postgresql"
    for folder in (deep.parent.parent, deep.parent):
        folder.mkdir()
        folder.chmod(0o711)
    server = Server(deep, UNSAFE_AND_FAST)
    with server.running():
        assert _ask(server, "SELECT 1") == 1
        assert server.socket.stat().st_mode & 0o777 == 0o700
        assert len(os.fsencode(server.socket / ".s.PGSQL.5432")) <= embedded.SOCKET_PATH_LIMIT
    server.socket.rmdir()


def test_somebody_elses_folder_at_the_short_socket_path_is_refused(base: Path) -> None:
    deep = base.parent / ("c" * 60) / ("d" * 60) / "postgresql"
    for folder in (deep.parent.parent, deep.parent):
        folder.mkdir()
        folder.chmod(0o711)
    squatted = Server(deep).socket
    squatted.mkdir()
    squatted.chmod(0o777)
    try:
        with pytest.raises(CannotRunError, match="not a folder of Totem's own"):
            Server(deep, UNSAFE_AND_FAST).start()
    finally:
        squatted.rmdir()


def test_a_folder_of_a_former_version_is_given_the_running_role(base: Path) -> None:
    server = Server(base, UNSAFE_AND_FAST)
    with server.running(), psycopg.connect(host=str(server.socket), user="postgres", dbname="totem") as connection:
        connection.execute("DROP ROLE totem_app")
    with Server(base, UNSAFE_AND_FAST).running() as server:
        assert _ask(server, "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = 'totem_app'") is False
        assert _ask(server, "SELECT pg_has_role('totem', 'MEMBER')", user="totem_app") is False


def test_the_settings_are_computed_without_touching_anything(tmp_path: Path) -> None:
    settings = embedded.connection_settings(tmp_path / "nowhere")
    assert (settings["NAME"], settings["USER"]) == ("totem", "totem_app")
    assert settings["HOST"] == str(embedded.server_for(tmp_path / "nowhere").socket)
    assert list(tmp_path.iterdir()) == []


if os.geteuid() == 0:

    def test_as_root_programs_nobody_else_can_read_are_copied(
        base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = embedded_programs.programs().parent.parent
        hidden = tmp_path / "site-packages" / embedded_programs.PACKAGE
        for name in (original.name, f"{embedded_programs.PACKAGE}.libs"):
            shutil.copytree(original.with_name(name), hidden.with_name(name), symlinks=True)
        tmp_path.chmod(0o700)
        monkeypatch.setattr(embedded_programs, "SYSTEM_FOLDER", base.parent / "system")
        monkeypatch.setattr(embedded_programs, "programs", lambda: hidden / "pginstall18" / "bin")
        with Server(base, UNSAFE_AND_FAST).running() as server:
            assert _ask(server, "SELECT 1") == 1
            program = Path(f"/proc/{_pid(base)}/exe").resolve()
            assert program.is_relative_to(base.parent / "system" / "programs")
            assert Path(f"/proc/{_pid(base)}").stat().st_uid == pwd.getpwnam("totem").pw_uid


def test_a_socket_of_another_program_does_not_answer(base: Path) -> None:
    server = Server(base)
    server.socket.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(server.socket / ".s.PGSQL.5432"))
        assert not server.answers()


def _hold(base: Path) -> subprocess.Popen[str]:
    """A process that owns the server of `base` until its standard input is closed."""
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(base)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    return owner
