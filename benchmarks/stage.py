"""The servers of one run: PostgreSQL with the settings of the embedded one, and `totem serve` on free ports.

`python -m benchmarks.stage FOLDER` runs the database until its standard input closes, then stops it and removes the
folder: however a benchmark ends (killed too), no server is left behind.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import dataset
from totem.core.embedded import Server
from totem.core.embedded_programs import EmbeddedError

ROOT = Path(__file__).resolve().parent.parent
HOST = "totem.example.org"
WEB_PROCESSES = 4
# The same as `totem.core.embedded.SETTINGS`, with room for the clients of the bare SQL beside those of the pages.
DATABASE_SETTINGS = {"max_connections": "200"}


@dataclass
class Stage:
    """A cluster with a prepared database named `totem`; other databases are copies of it."""

    folder: Path
    runner: subprocess.Popen[str]
    server: Server
    began: float = field(default_factory=time.monotonic)

    def say(self, line: str) -> None:
        """Progress, on standard error: standard output holds the result."""
        print(f"{time.monotonic() - self.began:6.1f} s  {line}", file=sys.stderr, flush=True)

    def url(self, database: str = "totem") -> str:
        return f"postgresql://totem@{str(self.server.socket).replace('/', '%2F')}/{database}"

    def connect(self, database: str = "totem", user: str = "totem", **more: Any) -> psycopg.Connection:
        """A connection in autocommit mode."""
        return psycopg.connect(host=str(self.server.socket), dbname=database, user=user, autocommit=True, **more)

    def copy_database(self, name: str, source: str = "totem") -> str:
        self.use(source)  # nobody may be connected to what is copied
        with self.connect("postgres", "postgres") as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {source} OWNER totem")
        return name

    def environment(self, database: str = "totem") -> dict[str, str]:
        """The variables of a production installation with this database."""
        return {
            "TOTEM_MODE": "production",
            "TOTEM_DATA": str(self.folder / "var"),
            "TOTEM_SECRET_KEY": (self.folder / "key").read_text(),
            "TOTEM_URL": f"https://{HOST}",
            "TOTEM_HOSTS": HOST,
            "TOTEM_SMTP_HOST": "127.0.0.1",
            "TOTEM_MAIL_FROM": f"Totem <totem@{HOST}>",
            "DATABASE_URL": self.url(database),
        }

    def use(self, database: str) -> None:
        """Make Django in this process use that database."""
        from django.db import connection  # noqa: PLC0415

        connection.close()
        connection.settings_dict["NAME"] = database

    @contextlib.contextmanager
    def web(
        self,
        database: str = "totem",
        settings: str = "config.settings",
        *,
        worker: bool = False,
        until: str = "/health/live",
    ) -> Iterator["Web"]:
        """`totem serve` with four web processes on a free port, once it has answered; its job worker when asked for."""
        environment = clean_environment() | self.environment(database) | {"DJANGO_SETTINGS_MODULE": settings}
        web = Web.start(environment, self.folder / f"{settings}.log", worker=worker)
        try:
            web.answered = web.wait(until)
            yield web
        finally:
            web.stop()


@dataclass
class Web:
    """A running `totem serve`."""

    process: subprocess.Popen[bytes]
    port: int
    began: float
    log: Path
    answered: float = 0.0

    @classmethod
    def start(cls, environment: dict[str, str], log: Path, *, worker: bool) -> "Web":
        port, began = free_port(), time.monotonic()
        command = [sys.executable, "-m", "config.cli", "serve", "--port", str(port), "--workers", str(WEB_PROCESSES)]
        with log.open("ab") as log_file:
            process = subprocess.Popen(
                command if worker else [*command, "--no-worker"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
            )
        return cls(process, port, began, log)

    def wait(self, path: str = "/health/live") -> float:
        """Wait until the page answers; returns the seconds since the start."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Host": HOST, "X-Forwarded-Proto": "https"}
        )
        while self.process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                answer.read()
                return time.monotonic() - self.began
            time.sleep(0.01)
        raise SystemExit(f"totem serve ended before it answered:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """The environment of this process without the variables that configure Totem and PostgreSQL."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("TOTEM_", "PG", "DATABASE_URL"))}


@contextlib.contextmanager
def staged(size: dataset.Size) -> Iterator[Stage]:
    """A database of this size, with Django set up in this process as production has it."""
    folder = Path(tempfile.mkdtemp(prefix="totem-bench-"))
    folder.chmod(0o711)  # the server's user has to reach its data inside
    (folder / "key").write_text(secrets.token_hex(32))
    runner = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stage", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert runner.stdout is not None
    first_line = runner.stdout.readline().strip()
    if first_line != "ready":
        raise SystemExit(f"The database did not start: {first_line}")
    stage = Stage(folder, runner, Server(folder / "postgresql"))
    try:
        stage.say("PostgreSQL runs")
        _set_up(stage, size)
        yield stage
    finally:
        runner.communicate()


def _set_up(stage: Stage, size: dataset.Size) -> None:
    for name in set(os.environ) - set(clean_environment()):
        del os.environ[name]
    os.environ.update(stage.environment(), DJANGO_SETTINGS_MODULE="config.settings", TOTEM_LOG_LEVEL="ERROR")
    subprocess.run([sys.executable, "-m", "config.cli", "migrate"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    stage.say("migrated, static files collected")
    import django  # noqa: PLC0415 - the settings are chosen here

    django.setup()
    stage.copy_database("prepared", "totem")
    _load(stage, size, "totem")


def fill(stage: Stage, size: dataset.Size, database: str) -> str:
    """Create a database and load a data set into it; returns its name."""
    stage.copy_database(database, "prepared")
    _load(stage, size, database)
    return database


def _load(stage: Stage, size: dataset.Size, database: str) -> None:
    with stage.connect(database, "postgres") as connection:
        dataset.load(connection, size, datetime.now(UTC))
    stage.say(f"data set {size.name} loaded into {database}")


def main(folder: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Server(folder / "postgresql", DATABASE_SETTINGS).running():
            print("ready", flush=True)
            sys.stdin.read()
    except EmbeddedError as error:
        print(error, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
