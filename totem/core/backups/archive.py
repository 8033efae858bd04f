"""The file of a backup: a plain zip without compression, whose last member is a manifest with the digest of each other.

It is written under another name and renamed when it is complete and on the disk, so that a file with the name of a
backup is a whole one. `unzip` opens it where there is no Totem (docs/decisions/0010-backups.md).
"""

import contextlib
import fcntl
import hashlib
import os
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol, cast

import msgspec

from totem.core.backups import BackupRefused
from totem.core.files import ARCHIVE_ERRORS

MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
KEY: Final = "secret-key"
MEDIA: Final = "media/"
STOCKS: Final = "observatory/stocks/"
FORMAT: Final = 1
BLOCK: Final = 1024 * 1024
PART: Final = ".totem-part"


class Member(msgspec.Struct, frozen=True):
    """One file of a backup: its name in it, its size in bytes, its SHA-256 digest in hexadecimal."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds and where it comes from.

    `migrations`: the last one of each app in its database; `seal`: the digest of the journal's last seal, or empty.
    """

    format: int = FORMAT
    totem: str
    postgresql: int
    made_at: datetime
    seal: str
    migrations: dict[str, str]
    members: list[Member] = []

    def __str__(self) -> str:
        size = sum(member.size for member in self.members) / 2**20
        where = f"Totem {self.totem}, PostgreSQL {self.postgresql}"
        return f"Backup of {self.made_at:%Y-%m-%d %H:%M} UTC, {where}: {len(self.members)} files, {size:.1f} MB."


def files_below(folder: Path) -> Iterator[Path]:
    """The files of a folder and of those in it, in order; what begins with a dot is not ours."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Writer:
    """A backup that is being written; `size` and `sha256` are those of the whole file once it is finished."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest, self.size = file, hashlib.sha256(), 0
        # This object cannot seek: the zip is written from its first byte to its last, as the digest needs it.
        self._zip = zipfile.ZipFile(self, "w")  # type: ignore[call-overload]
        self.members: dict[str, Member] = {}

    def add(self, name: str, source: Readable) -> None:
        """Copy all that `source` gives into a member of that name."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
            while block := source.read(BLOCK):
                digest.update(block)
                size += member.write(block)
        self.members[name] = Member(name, size, digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, with the members that were added, and the end of the zip."""
        manifest = msgspec.structs.replace(manifest, members=list(self.members.values()))
        self._zip.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        self._zip.close()

    def abandon(self) -> None:
        """Keep the zip from writing its end, which it would do when it is collected."""
        self._zip.fp = None

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A writer whose file, readable by its owner only, gets its name after the block, and goes away when that fails.

    Raises BackupRefused where the path is taken, or the disk full.
    """
    if path.exists():
        raise BackupRefused(f"{path} exists: name another file, or a folder.")
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        _remove_leftovers(path.parent)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            writer = Writer(file)
            try:
                _lock(file)
                yield writer
                file.flush()
                os.fsync(file.fileno())
                part.rename(path)
            except BaseException:
                writer.abandon()
                part.unlink(missing_ok=True)
                raise
        _sync(path.parent)
    except OSError as error:
        why = error.strerror if error.filename in {None, str(part)} else f"{error.filename}: {error.strerror}"
        raise BackupRefused(f"{path} cannot be written ({why}): nothing is left of it.") from error


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed backups left here: the files that nobody locks any more."""
    for left in folder.glob(f".*{PART}"):
        with contextlib.suppress(OSError), left.open("ab") as file:
            _lock(file)
            left.unlink()


def _lock(file: IO[bytes]) -> None:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Reader:
    """A backup that is being read. Raises BackupRefused for one that is damaged."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        with self._refusing():
            self._zip = zipfile.ZipFile(file)
            self.manifest = msgspec.json.decode(self._zip.read(MANIFEST), type=Manifest)
        if self.manifest.format > FORMAT:
            raise BackupRefused(
                f"{path} was made by a newer Totem ({self.manifest.totem}): restore it with that version."
            )

    def verify(self) -> None:
        """Read all of it. Raises BackupRefused unless its members are those of the manifest, byte by byte."""
        members = {member.name: member for member in self.manifest.members}
        if sorted(self._zip.namelist()) != sorted([*members, MANIFEST]) or not all(map(_is_inside, members)):
            raise self._damaged("its list of files")
        for member in members.values():
            with self.open(member.name) as file, self._refusing(member.name):
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != member.sha256:
                raise self._damaged(member.name)

    def names(self, prefix: str) -> list[str]:
        """The names of the members that begin so."""
        return [member.name for member in self.manifest.members if member.name.startswith(prefix)]

    def open(self, name: str) -> zipfile.ZipExtFile:
        """The content of a member."""
        with self._refusing(name):
            return cast(zipfile.ZipExtFile, self._zip.open(name))

    @contextlib.contextmanager
    def _refusing(self, what: str = "its list of files") -> Iterator[None]:
        try:
            yield
        except (*ARCHIVE_ERRORS, msgspec.MsgspecError) as error:
            raise self._damaged(what) from error

    def _damaged(self, what: str) -> BackupRefused:
        return BackupRefused(f"{self._path} is damaged, or is no backup of Totem ({what}): nothing was changed.")


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    is_plain = str(path) == name and not any(part.startswith(".") for part in path.parts)
    return is_plain and (name in {DUMP, KEY} or name.startswith((MEDIA, STOCKS)))


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """A reader of that file. Raises BackupRefused where there is none, or a damaged one."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupRefused(f"{path} cannot be read ({error.strerror}).") from error
    with file:
        yield Reader(path, file)
