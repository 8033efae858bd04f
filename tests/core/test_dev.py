"""`totem dev`: the development server restarts when a file changes, and runs on a developer's machine only."""

import urllib.request
from pathlib import Path
from threading import Event

import psutil
import pytest
from django.conf import LazySettings
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from config import cli
from tests.postgres import owner_url_of
from tests.serving import Totem, free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mode", ["production", "demo", "test"])
def test_it_refuses_to_run_outside_development(
    mode: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOTEM_DEMO", "yes")
    monkeypatch.setenv("DJANGO_RUNSERVER_HIDE_WARNING", "true")
    settings.MODE = mode
    assert cli.main(["dev"]) == 1
    message = capsys.readouterr().err
    assert f"TOTEM_MODE is {mode}" in message
    assert message.count("\n") == 1


def test_pages_and_jobs_end_when_a_file_changes_so_that_they_start_again(committed_db: str, tmp_path: Path) -> None:
    """Started as by Django's reloader: by exit status 3 the process asks to be started again, with the new code."""
    port, ours = free_port(), {"TOTEM_MODE": "development", "TOTEM_DATA": str(tmp_path), DJANGO_AUTORELOAD_ENV: "true"}
    urls = {"DATABASE_URL": committed_db, "DATABASE_OWNER_URL": owner_url_of(committed_db)}
    dev = Totem("dev", "--port", str(port), **urls, **ours)
    dev.wait_for("Starting development server")
    workers = psutil.Process(dev.process.pid).children()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=60) as answer:
        assert answer.read() == b"ready\n"
    for _ in range(120):  # the reloader looks once a second, and forgives what changed before its first look
        (ROOT / "config/settings.py").touch()
        if dev.process.poll() is not None:
            break
        Event().wait(0.5)
    else:
        dev.kill()
    assert dev.wait() == 3, dev.output
    assert len(workers) == 2
    _gone, alive = psutil.wait_procs(workers, timeout=60)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
