"""The processes of `totem serve` and `totem worker`: web processes, a worker for each queue, the embedded database."""

import errno
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from totem.core.embedded import Server
from totem.core.queues import QUEUES

# The children read one end of a pipe that only the supervisor can write to: when the supervisor dies, in whatever way,
# they read end-of-file and stop. The file descriptor is passed in this variable.
LIFELINE = "TOTEM_LIFELINE"
# What is freed goes back to the system instead of staying with each thread: one heap of glibc, its large blocks mapped
# apart, and nothing kept aside by DuckDB's allocator. 80 MB less a web process (docs/benchmarks.md).
ALLOCATORS = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "DUCKDB_JE_MALLOC_CONF": "narenas:1,tcache:false,dirty_decay_ms:0,muzzy_decay_ms:0",
}
STOP_SECONDS = 35
PORT_SECONDS = 3
RESTART_SECONDS = (0.5, 1, 2, 5, 10, 30)
DATABASE_CHECK_SECONDS = 5


class PortBusyError(Exception):
    """The port is in use; the message says which, and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, opened before anything else starts. Raises PortBusyError.

    A port in use is tried for PORT_SECONDS: the web processes of a `totem serve` that was killed are ending.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        _bind(listener, host, port)
    except OSError as error:
        listener.close()
        raise PortBusyError(
            f"Port {port} of {host} cannot be used ({os.strerror(error.errno or 0).lower()}): "
            f"stop the program that uses it, or choose another with TOTEM_PORT={port + 1 if port < 65535 else 8000}."
        ) from None
    listener.listen(1024)
    return listener


def _bind(listener: socket.socket, host: str, port: int) -> None:
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        try:
            listener.bind((host, port))
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def follow_supervisor(*, with_group: bool = False) -> None:
    """In a child: end as on SIGTERM when the supervisor has died. Does nothing in a process started by hand.

    `with_group`: at once, with all processes of its group, which hold the port as long as they live.
    """
    number = os.environ.pop(LIFELINE, "")
    if not number:
        return

    def wait() -> None:
        os.read(int(number), 1)
        if with_group:
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="lifeline").start()


def supervised() -> bool:
    """Whether this process was started by `totem serve` or `totem worker`, which look after the database."""
    return LIFELINE in os.environ


def start_workers() -> None:
    """Start a worker for each queue that ends with this process, in whatever way. None is restarted when it dies."""
    read, _write = os.pipe()  # both stay open as long as this process
    for queue in QUEUES:
        subprocess.Popen(
            _worker_command(queue),
            stdin=subprocess.DEVNULL,
            pass_fds=(read,),
            env={**os.environ, LIFELINE: str(read)},
            process_group=0,
        )


def _worker_command(queue: str) -> list[str]:
    return [sys.executable, "-m", "config.cli", "worker", "--queue", queue]


@dataclass
class _Child:
    name: str
    command: list[str]
    restarts: bool
    sockets: tuple[int, ...] = ()  # file descriptors that it inherits
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    due: float = 0.0
    started: float = 0.0


class Supervisor:
    """Starts the children, restarts a dead worker, and stops everything once on SIGTERM or SIGINT.

    `listener` is what the web processes serve; without one there are workers only.
    """

    def __init__(
        self, listener: socket.socket | None, *, web_processes: int = 0, workers: bool, say: Callable[[str], None]
    ) -> None:
        self._listener = listener
        self._say = say
        self._stopping = 0
        self._read, self._write = os.pipe()
        self._children = []
        if listener is not None:
            web = [sys.executable, "-m", "config.web", str(listener.fileno()), str(web_processes)]
            self._children.append(_Child("web", web, restarts=False, sockets=(listener.fileno(),)))
        if workers:
            self._children += [_Child(f"{queue} worker", _worker_command(queue), restarts=True) for queue in QUEUES]

    def run(self, database: Server | None, address: str = "") -> int:
        """Serve at that address, or work, until a signal.

        Returns the exit status: 0 after a signal, 1 when the web processes died.
        """
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for child in self._children:
            self._start(child)
        if self._listener is not None:
            announced = (self._listener, address)
            threading.Thread(target=self._announce, args=announced, daemon=True, name="announce").start()
        check_due = time.monotonic() + DATABASE_CHECK_SECONDS
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(wake_read, selectors.EVENT_READ)
                while not self._stopping:
                    if selector.select(timeout=0.5):
                        os.read(wake_read, 4096)
                    if not self._look_after():
                        return 1
                    if database is not None and time.monotonic() > check_due:
                        if database.ensure_running():
                            self._say("The database had stopped and was started again.")
                        check_due = time.monotonic() + DATABASE_CHECK_SECONDS
            return 0
        finally:
            self._stop_all()
            signal.set_wakeup_fd(-1)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping += 1

    def _start(self, child: _Child) -> None:
        child.started = time.monotonic()
        child.process = subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            pass_fds=(self._read, *child.sockets),
            env={**ALLOCATORS, **os.environ, LIFELINE: str(self._read)},
            process_group=0,  # Ctrl-C reaches only the supervisor, which stops its children in order
        )

    def _look_after(self) -> bool:
        """Restart children that died and may be restarted; False when the web processes have ended."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                code = child.process.returncode
                if not child.restarts:
                    self._say(f"The web processes ended (status {code}): stopping.")
                    return False
                child.process = None
                child.failures = 0 if now - child.started > 60 else child.failures + 1
                delay = RESTART_SECONDS[min(child.failures, len(RESTART_SECONDS) - 1)]
                child.due = now + delay
                self._say(f"The {child.name} ended (status {code}); it starts again in {delay:g} s.")
            if child.process is None and now >= child.due:
                self._start(child)
                self._say(f"The {child.name} runs again.")
        return True

    def _stop_all(self) -> None:
        living = [child.process for child in self._children if child.process is not None]
        for process in living:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        signals = self._stopping
        for process in living:
            while process.poll() is None:
                # A second Ctrl-C kills at once.
                if time.monotonic() > deadline or self._stopping > max(signals, 1):
                    process.kill()
                    process.wait()
                time.sleep(0.02)

    def _announce(self, listener: socket.socket, address: str) -> None:
        host, port = listener.getsockname()[:2]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/health/live"
        while not self._stopping:
            try:
                with urllib.request.urlopen(url, timeout=5):
                    self._say(f"Totem is ready: {address} (Ctrl-C stops it)")
                    return
            except urllib.error.HTTPError:
                self._say(f"Totem answers: {address} (Ctrl-C stops it)")
                return
            except OSError:
                time.sleep(0.1)
