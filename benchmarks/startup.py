"""The time to the first page and the memory of a web process: `python -m benchmarks.startup [--size S|L]`.

`totem serve` as a hub runs it (four web processes and the job worker) is started five times on a loaded database that
answers; the clock stops when the list of hubs has been read. Then eight people look at its pages for a while, and the
memory of each web process is read: RSS counts what processes share in each of them, PSS shares it out.
The baseline is the same server with a page of one line: no Django, no database.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import clients, dataset
from benchmarks.availability import questions
from benchmarks.clients import Browser, drive, for_seconds, median
from benchmarks.report import Report, main
from benchmarks.stage import ROOT, Stage, Web, free_port, staged

TIMES = 5
BUSY_SECONDS = 8
CLIENTS = 8
MOST_MB = 180
MB = 1_000_000


def run(size: dataset.Size) -> Report:
    report = Report("startup", size.name)
    with staged(size) as stage:
        times = 1 if size.is_for_tests else TIMES
        took = [_first_page(stage) for _ in range(times)]
        stage.say(f"first page after {took} s")
        report.figures["first page"] = {"median_s": median(took), "fastest_s": min(took), "slowest_s": max(took)}
        bare = [_one_line(stage) for _ in range(times)]
        report.baselines["one line of WSGI"] = {"median_s": median([seconds for seconds, _ in bare])}
        report.baselines["memory of one web process"] = {"rss_mb": max(rss for _, rss in bare)}
        report.ratios["first page"] = median(took) / median([seconds for seconds, _ in bare])
        memory = _memory_when_busy(stage, 1 if size.is_for_tests else BUSY_SECONDS)
        report.figures["memory of one web process"] = memory
        report.at_most("memory of one web process (RSS, MB)", memory["rss_mb"], MOST_MB)
    return report


def _first_page(stage: Stage) -> float:
    with stage.web(worker=True, until="/") as web:
        return web.answered


def _memory_when_busy(stage: Stage, seconds: float) -> dict[str, Any]:
    people = clients.sessions([f"membre{number}@example.org" for number in range(10, 10 + CLIENTS)])
    pages = ["/", f"/lieux/{dataset.HUB}/", "/reservations/", *(q.path for q in questions(datetime.now(UTC)))]
    with stage.web() as web:
        times_of_clients = drive([_looks_around(web, session, pages, seconds) for session in people])
        weights = [memory_mb(pid) for pid in web_processes(web)]
    assert len(weights) == 4, f"{len(weights)} web processes"
    return {
        "rss_mb": max(rss for rss, _pss in weights),
        "pss_mb": max((pss for _rss, pss in weights if pss is not None), default=None),
        "processes": len(weights),
        "after_pages": sum(len(times) for times in times_of_clients),
    }


def _looks_around(web: Web, session: str, pages: list[str], seconds: float) -> Callable[[], list[float]]:
    def work() -> list[float]:
        browser = Browser(web.port, session)
        paths = _round(pages)
        return for_seconds(seconds, lambda: _look(browser, next(paths)))

    return work


def _round(pages: list[str]) -> Iterator[str]:
    while True:
        yield from pages


def _look(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    if answer.status != 200:
        raise RuntimeError(f"{path} answers {answer.status}")


# -- Processes --------------------------------------------------------------------------------------------------------


def web_processes(web: Web) -> list[int]:
    """`totem serve` runs gunicorn, which runs the web processes."""
    return [pid for gunicorn in _children(web.process.pid) for pid in _children(gunicorn)]


def _children(parent: int) -> list[int]:
    output = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = (line.split() for line in output.splitlines())
    return [int(pid) for pid, ppid in pairs if int(ppid) == parent]


def memory_mb(pid: int) -> tuple[float, float | None]:
    """RSS and, on Linux, PSS of a process in MB."""
    with contextlib.suppress(OSError):
        lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
        found = {line[0]: int(line[1]) * 1024 / MB for line in lines if len(line) >= 3}
        return found["Rss:"], found["Pss:"]
    output = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout
    return int(output) * 1024 / MB, None


# -- The baseline -----------------------------------------------------------------------------------------------------


def one_line(_environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    """A WSGI application whose page is one line."""
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]


def _one_line(stage: Stage) -> tuple[float, float]:
    """Seconds to its first answer, and RSS of one of its processes in MB."""
    port, began = free_port(), time.monotonic()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "benchmarks.startup:one_line", "--bind", f"127.0.0.1:{port}"),
            *("--workers", "4", "--worker-class", "gthread", "--threads", "4", "--no-control-socket"),
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    web = Web(process, port, began, stage.folder / "one_line.log")
    try:
        return web.wait("/"), max(memory_mb(pid)[0] for pid in _children(process.pid))
    finally:
        web.stop()


if __name__ == "__main__":
    main("startup", run)
