"""PostgreSQL's own programs (pg_dump, pg_restore, psql), those of the server's major version, and how they connect.

A newer pg_dump reads an older server, but writes what that server then does not understand; an older one refuses.
"""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection
from psycopg.pq import Conninfo

from totem.core import embedded_programs
from totem.core.backups import BackupRefused

NEEDED = ("pg_dump", "pg_restore", "psql")


def server_major() -> int:
    """The major version of the database's server: 15."""
    connection.ensure_connection()
    return int(connection.connection.info.server_version) // 10000


def programs_folder() -> Path:
    """The folder of the programs of the server's major version. Raises BackupRefused where there is none."""
    major = server_major()
    found = {folder: _major(folder) for folder in _candidates(major)}
    for folder, version in found.items():
        if version == major:
            return folder
    others = ", ".join(sorted({str(version) for version in found.values() if version}))
    raise BackupRefused(
        f"The database is PostgreSQL {major} and its programs ({', '.join(NEEDED)}) are not on this machine"
        f"{f' (only those of {others})' if others else ''}: install postgresql-client-{major} (Debian), "
        "or name their folder in TOTEM_PG_BIN."
    )


def _candidates(major: int) -> Iterator[Path]:
    if settings.PG_BIN:
        yield settings.PG_BIN
        return
    yield Path(f"/usr/lib/postgresql/{major}/bin")  # Debian
    yield Path(f"/usr/pgsql-{major}/bin")  # the RPM packages of postgresql.org
    if in_path := shutil.which("pg_dump"):
        yield Path(in_path).parent
    with contextlib.suppress(embedded_programs.ProgramsMissingError):
        yield embedded_programs.programs()


def _major(folder: Path) -> int | None:
    """The major version of the programs in that folder; None where one is missing."""
    if not all((folder / name).exists() for name in NEEDED):
        return None
    said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    number = re.search(r"\) (\d+)", said)
    return int(number[1]) if number else None


def program_environment() -> dict[str, str]:
    """The environment with which they connect as Django does: nothing secret stands among their arguments."""
    parameters = connection.get_connection_params()
    variables = {option.keyword.decode(): (option.envvar or b"").decode() for option in Conninfo.get_defaults()}
    ours = {variables.get(name): str(value) for name, value in parameters.items() if value not in {None, ""}}
    return {**os.environ, "LC_ALL": "C", **{name: value for name, value in ours.items() if name}}


def first_error(output: str) -> str:
    """The first error of what a program wrote, without the place it stands at."""
    lines = output.strip().splitlines()
    line = next((line for line in lines if re.search(r"\b(error|ERROR|FATAL):", line)), lines[-1] if lines else "")
    return re.sub(r"^.*?(error|ERROR|FATAL):\s*", "", line).rstrip(".") or "no reason was given"
