"""The backups of every night: made by a job, recorded, rotated, and missed by `totem doctor` when there is none."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client, override_settings
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.contrib.django import app

from config import cli
from totem.core import clock, jobs
from totem.core.backups import BackupRefused, rotation, runs
from totem.core.models import BackupRun

KEPT = {"day": 3, "week": 2, "month": 2}
MIDNIGHT = datetime(2026, 11, 30, 2, 7, tzinfo=UTC)


@pytest.fixture
def folder(committed_db: str, tmp_path: Path) -> Iterator[Path]:
    """TOTEM_BACKUPS, there and empty."""
    backups = tmp_path / "backups"
    backups.mkdir()
    with override_settings(BACKUPS_DIR=backups, BACKUPS_KEPT=KEPT, MEDIA_ROOT=tmp_path / "media"):
        yield backups


def of_nights(folder: Path, *ago: int) -> set[Path]:
    return {rotation.path_in(folder, MIDNIGHT - timedelta(days=days)) for days in ago}


# -- Rotation ---------------------------------------------------------------------------------------------------------


def test_the_last_of_each_day_week_and_month_is_kept() -> None:
    """30 November 2026 is a Monday: the last night of the week before is the 29th, of October the 31st."""
    nights = of_nights(Path("/b"), *range(100))
    morning = rotation.path_in(Path("/b"), MIDNIGHT - timedelta(hours=1))
    kept = (nights | {morning}) - rotation.to_remove([*nights, morning], KEPT)
    assert kept == of_nights(Path("/b"), 0, 1, 2, 30)


def test_what_rotation_did_not_name_is_left_alone() -> None:
    others = {
        Path("/b/before-the-upgrade.totem-backup"),
        Path("/b/notes.txt"),
        Path("/b/totem-20261399T000000Z.totem-backup"),
    }
    assert rotation.to_remove([*others, *of_nights(Path("/b"), 0, 400)], {"day": 1}) == of_nights(Path("/b"), 400)


@given(
    st.sets(st.integers(0, 800), min_size=1),
    st.fixed_dictionaries({"day": st.integers(1, 9), "week": st.integers(0, 9), "month": st.integers(0, 9)}),
)
def test_the_newest_are_kept_and_removing_again_removes_nothing(ago: set[int], kept: dict[str, int]) -> None:
    paths = of_nights(Path("/b"), *ago)
    left = paths - rotation.to_remove(paths, kept)
    assert of_nights(Path("/b"), *sorted(ago)[: kept["day"]]) <= left
    assert len(left) <= sum(kept.values())
    assert rotation.to_remove(left, kept) == set()


# -- Every night ------------------------------------------------------------------------------------------------------


def test_the_job_makes_one_records_it_and_removes_those_of_former_nights(folder: Path) -> None:
    old = rotation.path_in(folder, clock.now() - timedelta(days=400))
    older = rotation.path_in(folder, clock.now() - timedelta(days=410))
    for path in (old, older):
        path.touch()
    with override_settings(BACKUPS_KEPT={"day": 2}):
        jobs.back_up(timestamp=0)
    run = BackupRun.objects.get()
    assert sorted(path.name for path in folder.iterdir()) == [old.name, Path(run.path).name]
    assert (run.size, run.error) == (Path(run.path).stat().st_size, "")
    assert len(run.sha256) == 64


def test_a_run_that_fails_is_recorded_and_removes_nothing(folder: Path) -> None:
    """As where the disk of the backups is not mounted."""
    with override_settings(BACKUPS_DIR=folder / "none"), pytest.raises(BackupRefused):
        jobs.back_up(timestamp=0)
    run = BackupRun.objects.get()
    assert "cannot be written" in run.error
    assert (run.size, run.sha256) == (None, "")
    assert runs.last_backups(clock.now()).failed == run


def test_without_a_folder_nothing_is_scheduled() -> None:
    assert "core.back_up" not in {task for task, _id in app.periodic_registry.periodic_tasks}


# -- What the operator reads ------------------------------------------------------------------------------------------


def doctors(capsys: pytest.CaptureFixture[str]) -> list[str]:
    cli.main(["doctor"])
    return [line for line in capsys.readouterr().out.splitlines() if "Backups:" in line]


def test_doctor_says_how_old_the_last_one_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctors(capsys) == ["ok     Backups: none was made yet"]
    made = {"started_at": clock.now(), "path": "/b/x", "size": 1, "sha256": "a" * 64}
    last = BackupRun.objects.create(ended_at=clock.now() - timedelta(hours=30), **made)
    assert doctors(capsys) == ["ok     Backups: the last one is 30 hours old (/b/x)"]
    BackupRun.objects.update(ended_at=clock.now() - timedelta(hours=50))
    assert doctors(capsys)[0].startswith("WRONG  Backups: the last one is 50 hours old")
    with override_settings(BACKUPS_DIR=None):
        assert doctors(capsys)[0].startswith("note   Backups: none is scheduled (TOTEM_BACKUPS); the last one is 50")
    BackupRun.objects.create(started_at=last.started_at, ended_at=clock.now(), path="/b/y", error="The disk is full.")
    assert doctors(capsys)[0].startswith("WRONG  Backups: the last run failed (The disk is full); the last one is 50")


def test_the_command_makes_one_and_checks_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backup"]) == 0
    (made,) = folder.iterdir()
    assert re.search(rf"{re.escape(str(made))}: \d\.\d MB", capsys.readouterr().out)
    assert cli.main(["restore", "--check", str(made)]) == 0
    assert "It is whole." in capsys.readouterr().out
    assert cli.main(["backup", str(made)]) == 1
    assert f"totem: {made} exists: name another file, or a folder." in capsys.readouterr().err


def test_its_age_is_a_metric(folder: Path, client: Client) -> None:
    with override_settings(METRICS_TOKEN="a-long-token"):
        asked = {"headers": {"Authorization": "Bearer a-long-token"}}
        assert "totem_backup" not in client.get("/health/metrics", **asked).content.decode()
        runs.run_scheduled_backup()
        assert re.search(
            r"^totem_backup_age_seconds \d+$", client.get("/health/metrics", **asked).content.decode(), re.M
        )
