"""One worker process: `totem worker --queue urgent`."""

import asyncio
import logging
import os
import signal

from asgiref.sync import sync_to_async
from django.db import connections
from procrastinate import App
from procrastinate.contrib.django import DjangoApp, app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.psycopg_connector import PsycopgConnector

# Less than what systemd and `totem serve` wait before they kill.
GRACE_SECONDS = 25
WAITS = (1, 2, 5, 10, 30)
CONCURRENCY = 2

logger = logging.getLogger("totem.worker")


def run(*, queue: str | None, once: bool = False) -> int:
    """Run jobs until SIGTERM or SIGINT (or, `once`, until none is due), also while the database is unavailable.

    Those of one queue, or of all. A job that runs when the signal comes has `GRACE_SECONDS` to end. Jobs of a killed
    worker are retried by `totem.core.jobs.retry_stalled_jobs`. Returns 0, or 1 when `once` met an error.
    """
    return asyncio.run(_until_stopped(queue, once=once))


async def _until_stopped(queue: str | None, *, once: bool) -> int:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    failures = 0
    while True:
        error = await _work(stopping, queue, once=once)
        if once or stopping.is_set():
            return 1 if error else 0
        # Without an error the worker stopped by itself: it does so when one of its connections broke.
        wait = WAITS[min(failures, len(WAITS) - 1)]
        failures += 1
        reason = str(error).split("\n", 1)[0] if error else "a connection was lost"
        logger.error("The worker stopped (%s); it starts again in %s s.", reason, wait)
        try:
            await asyncio.wait_for(stopping.wait(), timeout=wait)
        except TimeoutError:
            # The thread of Django's connection outlives this run: a broken connection must not.
            await sync_to_async(connections.close_all)()


async def _work(stopping: asyncio.Event, queue: str | None, *, once: bool) -> BaseException | None:
    """Run procrastinate's worker once, until `stopping` is set; returns the error it failed with, or None."""
    worker = asyncio.create_task(_run_worker(queue, once=once))
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({worker, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not worker.done():
        worker.cancel()  # the worker then stops and lets running jobs end
    (outcome,) = await asyncio.gather(worker, return_exceptions=True)
    return outcome if isinstance(outcome, Exception) else None


async def _run_worker(queue: str | None, *, once: bool) -> None:
    from totem.core.operations.failures import keep_failure  # noqa: PLC0415 - models: once Django is set up

    worker_app = _app()
    async with worker_app.open_async():
        await worker_app.run_worker_async(
            queues=[queue] if queue else None,  # type: ignore[arg-type]
            name=f"totem-{os.getpid()}",
            wait=not once,
            concurrency=CONCURRENCY,
            shutdown_graceful_timeout=GRACE_SECONDS,
            install_signal_handlers=False,
            worker_middleware=[keep_failure],
        )


def _app() -> App:
    """The app of this worker: the same tasks, on connections of its own that can LISTEN.

    Jobs still queue further jobs through Django's connection, inside their transactions.
    """
    connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=CONCURRENCY + 2)
    worker_app = DjangoApp(connector=connector, import_paths=app.import_paths)
    worker_app.tasks = app.tasks
    worker_app.periodic_registry = app.periodic_registry
    return worker_app
