"""DuckDB over the published files: the connection, a view a file, its faults and the disk's in one line."""

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from totem.observatory.register.published import LAYOUTS, FileKind, ImportRefused
from totem.observatory.register.sources import DISK_FULL, Progress, RegisterFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "2GB"
SQL = Path(__file__).parent / "sql"
# The view over each file that is read, under the published names of its columns.
VIEWS = {
    FileKind.ESTABLISHMENTS: "source_establishments",
    FileKind.UNITS: "source_units",
    FileKind.HISTORY: "source_history",
    FileKind.LINKS: "source_links",
    FileKind.GEOLOCATION: "source_geolocation",
}
IDENTIFIERS = ("siren", "siret", "siretEtablissementPredecesseur", "siretEtablissementSuccesseur")


def connect(work: Path | None = None, memory: str = MEMORY) -> "DuckDBPyConnection":
    """DuckDB in this process: nothing to install, a bound on its memory; what does not fit is spilled under `work`."""
    import duckdb  # noqa: PLC0415

    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # The tables that are joined stand in the right order: of a CSV file the optimiser knows no size.
            "disabled_optimizers": "join_order,build_side_probe_side",
            "memory_limit": memory,
            "preserve_insertion_order": "false",
            "temp_directory": str(work / "spill") if work else "",
            "threads": str(os.cpu_count() or 1),
        }
    )
    for setting in ("enable_progress_bar = true", "enable_progress_bar_print = false", "progress_bar_time = 0"):
        connection.execute(f"SET {setting}")  # measured, for `followed`, and not drawn
    return connection


def sql(name: str) -> str:
    """The text of one of the files of `sql/`."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def create_view(
    connection: "DuckDBPyConnection", kind: FileKind, source: RegisterFile | None, *, without: str = ""
) -> None:
    """A view of the published columns; those that are not there are NULL, an absent file is a view without rows.

    `without` is a table of the numbers (`row`, from 1) of the rows that are left out; see `identifiers`.
    """
    wanted = [column for column in LAYOUTS[kind].columns if column in LAYOUTS[kind].needed | LAYOUTS[kind].optional]
    there = {column.strip(): _identifier(column) for column in source.columns} if source else {}
    selected = ", ".join(_selected(column, there.get(column)) for column in wanted)
    rows = _reader(source) if source else "(SELECT 1) WHERE false"
    if without:
        rows = f"(SELECT *, row_number() OVER () AS row FROM {rows}) ANTI JOIN {without} USING (row)"  # noqa: S608
    connection.execute(f"CREATE OR REPLACE VIEW {VIEWS[kind]} AS SELECT {selected} FROM {rows}")  # noqa: S608 - ours


def _selected(column: str, published: str | None) -> str:
    if published is None or column in IDENTIFIERS:  # as text: a number has lost its zeros
        return f"CAST({published or 'NULL'} AS VARCHAR) AS {column}"
    return f"{published} AS {column}"


def _reader(source: RegisterFile) -> str:
    if source.parquet:
        return f"read_parquet({quoted(source.path)})"
    columns = ", ".join(f"{quoted(column)}: 'VARCHAR'" for column in source.columns)
    return (
        f"read_csv({quoted(source.path)}, auto_detect = false, header = true, delim = {quoted(source.separator)}, "
        f"""quote = '"', escape = '"', columns = {{{columns}}})"""
    )


def quoted(value: object) -> str:
    """A path as SQL says it: ours, never a request's."""
    return "'" + str(value).replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def followed(connection: "DuckDBPyConnection", what: str, progress: Progress) -> Iterator[None]:
    """Tells every tenth of a long statement that is done."""
    done = threading.Event()

    def follow() -> None:
        said = 0
        while not done.wait(1):
            tenth = int(connection.query_progress()) // 10 * 10
            if said < tenth < 100:
                said = tenth
                progress(f"{what}: {tenth} %")

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        yield
    finally:
        done.set()
        follower.join()


@contextmanager
def explained(names: Mapping[str, str]) -> Iterator[None]:
    """Turns what DuckDB says of a file or of the disk into one line: ImportRefused. `names` are of files, by path."""
    import duckdb  # noqa: PLC0415

    try:
        yield
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException):  # ours, not the file's
        raise
    except (duckdb.Error, OSError) as error:
        text = str(error)
        name = next((given for path, given in names.items() if path in text), "A file")
        raise ImportRefused(_line(name, text)) from error


def _line(name: str, text: str) -> str:
    at = re.search(r"(?:Line|line):? (\d+)", text)
    where = f" (line {at[1]})" if at else ""
    if re.search("No space left|File too large|out of disk|disk space|Could not write", text, re.IGNORECASE):
        return DISK_FULL
    if "nicode" in text or "utf-8" in text.lower():
        return f"{name} is not UTF-8 text{where}: it was saved in another encoding."
    if "Expected Number of Columns" in text or "unterminated quote" in text.lower() or "CSV Error" in text:
        return f"{name} holds a line that is not whole{where}: it was cut or changed on its way."
    if "Out of Memory" in text:
        return "The import needs more memory than it is allowed (--memory)."
    return f"{name} cannot be read: {text.splitlines()[0]}"


def number(connection: "DuckDBPyConnection", select: str) -> int:
    """The one number that a statement answers."""
    ((found,),) = connection.execute(select).fetchall()
    return int(found)
