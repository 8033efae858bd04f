"""Which of the backups of a folder stay: the last one of each of the last days, weeks and months that have one."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

NAME: Final = "totem-%Y%m%dT%H%M%SZ.totem-backup"
PERIODS: Final = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}


def path_in(folder: Path, now: datetime) -> Path:
    """The file of a backup of that moment, whose name says when; such files are what rotation removes."""
    return folder / now.astimezone(UTC).strftime(NAME)


def rotate(folder: Path, kept: Mapping[str, int]) -> None:
    """Remove the backups of this folder that are no longer kept; other files are left alone."""
    for path in to_remove(folder.iterdir(), kept):
        path.unlink(missing_ok=True)


def to_remove(paths: Iterable[Path], kept: Mapping[str, int]) -> set[Path]:
    """Those that none of the kept periods needs: `{"day": 7, "week": 4, "month": 12}`."""
    made = {path: at for path in paths if (at := _made_at(path))}
    newest_first = sorted(made, key=lambda path: made[path], reverse=True)
    needed: set[Path] = set()
    for period, number in kept.items():
        last_of = {made[path].strftime(PERIODS[period]): path for path in reversed(newest_first)}
        needed |= set(sorted(last_of.values(), key=lambda path: made[path], reverse=True)[:number])
    return set(made) - needed


def _made_at(path: Path) -> datetime | None:
    try:
        return datetime.strptime(path.name, NAME).replace(tzinfo=UTC)
    except ValueError:
        return None
