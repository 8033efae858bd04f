"""The real application in processes of its own, as `totem serve` runs it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

READY = "Totem (is ready|answers): "


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Totem:
    """One `totem` command in a process group of its own; its output is read while it runs."""

    def __init__(self, *arguments: str, **environment: str | None) -> None:
        env = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={name: value for name, value in env.items() if value is not None},
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._written = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_for(self, pattern: str) -> None:
        """Wait for a line of output that matches; fails with the output when the command ends, or after two minutes."""
        with self._written:
            self._written.wait_for(lambda: self._ended or self._has_written(pattern), timeout=120)
        if not self._has_written(pattern):
            self.kill()
            raise AssertionError(f"totem did not write {pattern!r}:\n{self.output}")

    def _has_written(self, pattern: str) -> bool:
        return any(re.match(pattern, line) for line in self.lines)

    def wait(self) -> int:
        """The exit status, when it ends by itself."""
        status = self.process.wait(timeout=120)
        self._reader.join()
        self._close()
        return status

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop, and give its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL for the command alone: its children have to notice that it is gone."""
        self.process.kill()
        self.wait()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._written:
                self.lines.append(line)
                self._written.notify_all()
        with self._written:
            self._ended = True
            self._written.notify_all()

    def _close(self) -> None:
        if self.process.stdout is not None:
            self.process.stdout.close()


class Site(Totem):
    """`totem serve` on that port, or a free one, ready to answer."""

    def __init__(
        self,
        *arguments: str,
        data: Path,
        database_url: str | None = None,
        port: int | None = None,
        **environment: str | None,
    ) -> None:
        port = port or free_port()
        self.data = data
        self.url = f"http://127.0.0.1:{port}"
        environment = {"TOTEM_MODE": "test", "TOTEM_URL": self.url, **environment}
        super().__init__(
            "serve",
            "--port",
            str(port),
            *arguments,
            DATABASE_URL=database_url,
            TOTEM_DATA=str(data),
            **environment,
        )
        self.wait_for(READY)
