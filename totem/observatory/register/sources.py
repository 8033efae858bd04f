"""Where the files of the register come from: opened here as they are, or out of a zip, and told apart.

A file of another kind, a web page in the place of a file, a cut zip: ImportRefused, one line each.
"""

import csv
import errno
import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from totem.observatory.register.published import FileKind, ImportRefused, recognise

Progress = Callable[[str], None]
CHUNK = 1 << 20
LOOKED_AT = 4 << 20  # bytes read of a text before it is handed over
MARGIN = 200 << 20  # bytes that are left free on the disk
DISK_FULL = "The disk is full: nothing was changed. Make room (twice the size of the files) and try again."


@dataclass(frozen=True)
class Given:
    """A file that somebody hands over: where it is, and what is known of it already."""

    path: Path
    sha256: str = ""
    address: str = ""
    published: str = ""


@dataclass(frozen=True)
class RegisterFile:
    """A file of the register, ready to be read: its kind, its columns as they stand in it, where it came from."""

    kind: FileKind
    path: Path
    parquet: bool
    columns: tuple[str, ...]
    separator: str
    given: Given

    @property
    def name(self) -> str:
        """The name of the file that was handed over."""
        return self.given.path.name

    def facts(self) -> dict[str, object]:
        """What is kept of it with the stock; reads the file when its sum is not known yet."""
        return {
            "file": self.kind.value,
            "name": self.name,
            "address": self.given.address,
            "bytes": self.given.path.stat().st_size,
            "sha256": self.given.sha256 or sha256_of(self.given.path),
            "published": self.given.published,
        }


def opened(given: Iterable[Given], work: Path, *, progress: Progress) -> dict[FileKind, RegisterFile]:
    """The sources by kind; those in a zip are extracted under `work`, which the caller removes.

    Raises ImportRefused for what cannot be read, for two files of one kind, and when a required one is missing.
    """
    sources: dict[FileKind, RegisterFile] = {}
    for item in given:
        source = _opened(item, work, progress)
        if source.kind in sources:
            raise ImportRefused(f"{source.name}: {source.kind} was given twice ({sources[source.kind].name}).")
        sources[source.kind] = source
    return sources


def _opened(given: Given, work: Path, progress: Progress) -> RegisterFile:
    path, name = given.path, given.path.name
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ImportRefused(f"{name} cannot be read: {error.strerror}.") from error
    if not size:
        raise ImportRefused(f"{name} is empty.")
    if start == b"PK\x03\x04":
        path = _extracted(path, work, progress)
    elif start[:2] == b"\x1f\x8b":
        raise ImportRefused(f"{name} is a gzip file: unpack it first (CSV, CSV in zip and Parquet are read).")
    parquet = start == b"PAR1"
    columns, separator = (_parquet_columns(path, name), ",") if parquet else _csv_columns(path, name)
    return RegisterFile(recognise(name, columns), path, parquet, columns, separator, given)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parquet_columns(path: Path, name: str) -> tuple[str, ...]:
    import duckdb  # noqa: PLC0415

    with duckdb.connect() as connection:
        connection.execute("SET autoinstall_known_extensions = false")
        try:
            rows = connection.execute(
                "SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet($1))", [str(path)]
            ).fetchall()
        except duckdb.Error as error:
            raise ImportRefused(f"{name} is a damaged or cut Parquet file.") from error
    return tuple(row[0] for row in rows)


def _csv_columns(path: Path, name: str) -> tuple[tuple[str, ...], str]:
    """The header and its separator. What can be told from the beginning of the text is told here."""
    with path.open("rb") as file:
        start = file.read(LOOKED_AT)
    try:
        text = start[: start.rfind(b"\n") + 1 or None].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in start:
            raise ImportRefused(f"{name} is not a file of the register: it is no text.") from error
        line = start.count(b"\n", 0, error.start) + 1
        raise ImportRefused(f"{name} is not UTF-8 text (line {line}): it was saved in another encoding.") from error
    if text.lstrip()[:1] == "<":
        raise ImportRefused(f"{name} is a web page, not a file of the register: its address may have changed.")
    header = text.splitlines()[0] if text.strip() else ""
    separator = ";" if header.count(";") > header.count(",") else ","
    return tuple(next(csv.reader([header], delimiter=separator), [])), separator


def _extracted(path: Path, work: Path, progress: Progress) -> Path:
    """The one CSV file of a zip, extracted; zipfile compares its CRC at the end."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if member.filename.lower().endswith(".csv")]
            if len(members) != 1:
                raise ImportRefused(f"{path.name} holds {len(members)} CSV files; one is wanted.")
            (member,) = members
            require_space(work, member.file_size)
            progress(f"{path.name}: extracting {member.file_size >> 20} MiB")
            target = work / f"{path.stem}-{len(list(work.iterdir()))}.csv"
            with archive.open(member) as packed, target.open("wb") as plain:
                shutil.copyfileobj(packed, plain, CHUNK)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ImportRefused(f"{path.name} is a cut or damaged zip file: fetch it again.") from error
    except RuntimeError as error:  # zipfile: encrypted
        raise ImportRefused(f"{path.name} cannot be unpacked: {error}.") from error
    if not target.stat().st_size:
        raise ImportRefused(f"{path.name} holds an empty file.")
    return target


def require_space(folder: Path, wanted: int) -> None:
    """Raises ImportRefused when `wanted` bytes do not fit where `folder` is."""
    with suppress(FileNotFoundError):
        free = shutil.disk_usage(folder).free
        if free < wanted + MARGIN:
            raise ImportRefused(
                f"The disk of {folder} is full: {(wanted + MARGIN) >> 20} MiB are needed, {free >> 20} are free."
            )


def disk_is_full(error: BaseException) -> bool:
    """Whether this error of the system says that there is no room for more."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
