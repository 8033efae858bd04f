"""The threads of a web process, in pools: pages, what is drawn, and health checks, none of which waits for another.

| pool | threads | what |
|---|---|---|
| pages | `web.THREADS` | everything else |
| drawings | 1 | views that are `totem.core.expensive.apart`: each accepts so many requests, others get 503 |
| /health/live | 1 | asks nothing of anything |
| /health/… | 1 | may wait for the database |

Which pool is decided from the address, in the main loop: a request that waits there takes no thread.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from django.urls import Resolver404, resolve

from config.receiving import WholeRequestWorker
from totem.core import expensive

LIVE, HEALTH = "/health/live", "/health/"


class PooledWorker(WholeRequestWorker):
    """gunicorn's threaded worker with a pool for each kind of request."""

    def init_process(self) -> None:
        self._drawings = ThreadPoolExecutor(1, "drawings")
        self._live, self._health = ThreadPoolExecutor(1, "live"), ThreadPoolExecutor(1, "health")
        self._accepted: Counter[Callable[..., Any]] = Counter()
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.cfg.threads, "pages", initializer=expensive.answer_pages_only)

    def enqueue_req(self, conn: Any) -> None:
        path = conn.incoming.take_path()
        if path.startswith(HEALTH):
            self._submit(self._live if path == LIVE else self._health, conn)
            return
        view = _view_at(path)
        if self._accepted[view] < getattr(view, "most_at_once", 0):
            self._accepted[view] += 1
            self._submit(self._drawings, conn, view)
        else:
            self._submit(self.tpool, conn)

    def _submit(self, pool: ThreadPoolExecutor, conn: Any, view: Callable[..., Any] | None = None) -> None:
        future = pool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self._finish, conn, done, view))

    def _finish(self, conn: Any, done: "Future[Any]", view: Callable[..., Any] | None) -> None:
        if view is not None:
            self._accepted[view] -= 1
        self.finish_request(conn, done)


@lru_cache(maxsize=4096)
def _view_at(path: str) -> Callable[..., Any]:
    try:
        return resolve(unquote(path)).func
    except Resolver404:
        return _nothing


def _nothing() -> None:
    """Stands for the view of an address that has none."""
