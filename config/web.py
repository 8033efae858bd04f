"""The web processes: `python -m config.web FD PROCESSES` serves on the listening socket of that file descriptor."""

import ctypes
import gc
import os
import sys
import threading
import time
from typing import Any

from gunicorn.app.base import BaseApplication

from config.supervisor import follow_supervisor

THREADS = 4
TRIM_SECONDS = 3


def trim_memory(_worker: object) -> None:
    """In a web process: every few seconds, what malloc holds free in the middle of its heap goes back to the system.

    By itself glibc gives back only the end of the heap, and a page of many rows leaves holes below what is kept.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):  # of glibc alone
        return

    def work() -> None:
        while True:
            time.sleep(TRIM_SECONDS)
            libc.malloc_trim(0)

    threading.Thread(target=work, daemon=True, name="trim memory").start()


OPTIONS = {
    "worker_class": "config.pools.PooledWorker",
    "threads": THREADS,
    "preload_app": True,  # the code is loaded once and shared; no connection is open by then
    "timeout": 60,
    "graceful_timeout": 25,
    "keepalive": 5,
    "max_requests": 10_000,
    "max_requests_jitter": 1_000,
    "loglevel": "warning",
    "control_socket_disable": True,
    "post_worker_init": trim_memory,
    "proc_name": "totem",
    # In memory where that can be written (not in each container); a disk may stall the heartbeat of workers.
    **({"worker_tmp_dir": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}),  # noqa: S108
}


class Web(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our options and our application, without a configuration file or command line."""

    def __init__(self, fd: int, processes: int) -> None:
        self._options: dict[str, Any] = {**OPTIONS, "bind": f"fd://{fd}", "workers": processes}
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        from django.urls import get_resolver  # noqa: PLC0415 - loading it reads the settings

        from config.wsgi import application  # noqa: PLC0415

        _ = get_resolver().url_patterns  # the views are loaded before the processes are forked
        # What is loaded stays: the collector leaves it out, and comes sooner for what requests leave.
        gc.collect()
        gc.freeze()
        return application


if __name__ == "__main__":
    follow_supervisor(with_group=True)
    Web(int(sys.argv[1]), int(sys.argv[2])).run()
