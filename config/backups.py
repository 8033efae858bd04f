"""`totem backup` and `totem restore`: their options, and what they print. What they do: `totem.core.backups`."""

import argparse
from pathlib import Path

from totem.core import embedded


def add_backup_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target",
        nargs="?",
        type=_absolute,
        metavar="FILE|FOLDER",
        help="a new file, or a folder, in which it is named by the date; left out: as every night, into TOTEM_BACKUPS",
    )
    parser.add_argument(
        "--with-key", action="store_true", help="with the secret key: keep such a file as you keep the key"
    )
    parser.add_argument("--with-stocks", action="store_true", help="with the stocks of the business register")


def add_restore_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=_absolute, metavar="FILE")
    parser.add_argument("--check", action="store_true", help="check every byte, say what it is, and touch nothing")
    parser.add_argument("--replace", action="store_true", help="in the place of what the installation holds")
    parser.add_argument("--with-key", action="store_true", help="the secret key too")
    parser.add_argument("--with-stocks", action="store_true", help="the stocks of the business register too")


def back_up(options: argparse.Namespace) -> None:
    """Make the backup and say where it is. Raises BackupRefused."""
    from totem.core.backups import runs  # noqa: PLC0415

    embedded.stop_on_signals()
    if options.target is None:
        run = runs.run_scheduled_backup()
    else:
        run = runs.run_backup(options.target, with_key=options.with_key, with_stocks=options.with_stocks)
    print(f"{run.path}: {(run.size or 0) / 2**20:.1f} MB, SHA-256 {run.sha256}", flush=True)


def check(options: argparse.Namespace) -> None:
    """Say what the backup is, once all of it is read. Raises BackupRefused for a damaged one."""
    from totem.core.backups import archive  # noqa: PLC0415

    with archive.reading(options.file) as backup:
        backup.verify()
        print(f"{backup.manifest} It is whole.", flush=True)


def restore(options: argparse.Namespace) -> None:
    """Restore the backup. Raises BackupRefused, with nothing changed."""
    from totem.core.backups import restoring  # noqa: PLC0415

    embedded.stop_on_signals()
    restoring.restore(
        options.file, replace=options.replace, with_key=options.with_key, with_stocks=options.with_stocks, say=print
    )


def _absolute(text: str) -> Path:
    return Path(text).absolute()
