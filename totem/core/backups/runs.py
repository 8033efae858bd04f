"""Making a backup and writing down how it went, for `totem doctor` and whoever looks after the installation."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min

from totem.core import clock
from totem.core.backups import BackupRefused, making, rotation
from totem.core.models import BackupRun

# A night may be missed, by an upgrade or a machine that was off; two may not.
OLDEST: Final = timedelta(hours=49)


@dataclass(frozen=True, kw_only=True)
class LastBackups:
    """The newest backup that was made; the newest run, where it failed; whether a scheduled one is overdue."""

    made: BackupRun | None
    failed: BackupRun | None
    is_overdue: bool


def last_backups(now: datetime) -> LastBackups:
    """What the runs say of this installation, as of `now`. Nothing is overdue where no folder is named."""
    newest_first = BackupRun.objects.order_by("-ended_at")
    made, newest = newest_first.filter(error="").first(), newest_first.first()
    since = made.ended_at if made else MigrationRecorder.Migration.objects.aggregate(first=Min("applied"))["first"]
    return LastBackups(
        made=made,
        failed=newest if newest and newest.error else None,
        is_overdue=settings.BACKUPS_DIR is not None and now - since > OLDEST,
    )


def run_backup(path: Path, *, with_key: bool = False, with_stocks: bool = False) -> BackupRun:
    """Make a backup, in that file or in a file of that folder, and record the run. Raises BackupRefused."""
    started = clock.now()
    path = rotation.path_in(path, started) if path.is_dir() else path
    run = BackupRun(started_at=started, path=str(path))
    try:
        made = making.back_up(path, now=started, with_key=with_key, with_stocks=with_stocks)
        run.size, run.sha256, run.seal = made.size, made.sha256, made.seal
    except BackupRefused as refused:
        run.error = str(refused)
        raise
    finally:
        if run.error or run.sha256:
            run.ended_at = clock.now()
            run.save()
    return run


def run_scheduled_backup() -> BackupRun:
    """Make a backup in TOTEM_BACKUPS, then remove those that are no longer kept. Raises BackupRefused."""
    folder = settings.BACKUPS_DIR
    if folder is None:
        raise BackupRefused("TOTEM_BACKUPS names no folder on this machine.")
    # Not made here: a disk that is not mounted has no such folder.
    path = rotation.path_in(folder, clock.now())
    run = run_backup(path, with_key=settings.BACKUPS_WITH_KEY, with_stocks=settings.BACKUPS_WITH_STOCKS)
    rotation.rotate(folder, settings.BACKUPS_KEPT)
    return run
