"""The secret key of an installation that was not given one."""

import os
import secrets
from pathlib import Path


def kept_in(data_dir: Path) -> str:
    """The key in `data_dir/secret-key`, readable by its owner only, created at the first call.

    Processes that start at the same time use one key: the file is written under another name and published by a hard
    link, which only the first of them can create.
    """
    path = data_dir / "secret-key"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    data_dir.mkdir(parents=True, exist_ok=True)
    aside = data_dir / f".secret-key.{os.getpid()}"
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64))
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
    return path.read_text(encoding="ascii").strip()
