"""The home page and `/health/live` while forty visitors ask for PDFs: `python -m benchmarks.drawings [--size S|L]`.

Each of the forty asks for the sheet of one drawn area after another, without an account and none of them made before;
what is not drawn yet (202) or refused (503) is asked for again every three seconds, as the page does, until it is made.
The home page and the health check are asked alone, then meanwhile, one request after another over connections of their
own. The register is that of `benchmarks.profiles`, smaller.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

from benchmarks import dataset
from benchmarks.clients import Browser, drive, median, p95
from benchmarks.profiles import _drawn, _timed, import_stock, outlines
from benchmarks.report import Report, main
from benchmarks.stage import Web, staged

VISITORS = 40
LIMIT = 3
AGAIN, AGAIN_SECONDS = {202, 503}, 3
SECONDS = 10.0
ROWS = {"tiny": 20_000, "S": 200_000, "L": 1_000_000}
SEED = 2027
PATHS = {"home": "/", "live": "/health/live"}


def run(size: dataset.Size) -> Report:
    report = Report("drawings", size.name)
    seconds = 1.0 if size.is_for_tests else SECONDS
    with staged(dataset.TINY) as stage:
        import_stock(stage, ROWS[size.name], outlines(stage, size))
        sheets = [path.replace("/?", "/fiche.pdf?") for path in _drawn(random.Random(SEED), 400)]
        with stage.web() as web:
            drive([asking(web, path, 2.0) for path in PATHS.values()])
            alone = dict(zip(PATHS, drive([asking(web, path, seconds) for path in PATHS.values()]), strict=True))
            stage.say("asked alone")
            with_visitors = dict(zip(PATHS, besieged(web, sheets, seconds, report), strict=True))
            stage.say("asked beside forty visitors")
    for name in PATHS:
        report.baselines[name] = {"p95_ms": p95(alone[name]), "median_ms": median(alone[name])}
        report.figures[name] = {"p95_ms": p95(with_visitors[name]), "median_ms": median(with_visitors[name])}
        ratio = p95(with_visitors[name]) / p95(alone[name])
        report.ratios[name] = ratio
        report.at_most(f"{name}: p95 beside forty visitors / alone", ratio, LIMIT)
    return report


def asking(web: Web, path: str, seconds: float) -> Callable[[], list[float]]:
    """A client that asks for a page again and again; returns the milliseconds of each answer."""

    def work() -> list[float]:
        browser = Browser(web.port)

        def ask() -> bool:
            status = browser.get(path).status
            browser.close()
            return status == 200

        return list(_timed(seconds, ask))

    return work


def besieged(web: Web, sheets: list[str], seconds: float, report: Report) -> list[list[float]]:
    """The milliseconds of each page while the visitors ask; what they were answered goes into the report."""
    answers: Counter[int] = Counter()
    over, next_sheet, lock = threading.Event(), iter(sheets * 1000), threading.Lock()

    def visit() -> None:
        browser = Browser(web.port)
        while not over.is_set():
            with lock:
                sheet = next(next_sheet)
            while not over.is_set():
                answers[status := browser.get(sheet).status] += 1
                browser.close()
                if status not in AGAIN:
                    break
                over.wait(AGAIN_SECONDS)

    visitors = [threading.Thread(target=visit) for _ in range(VISITORS)]
    for visitor in visitors:
        visitor.start()
    time.sleep(1)  # all of them have asked
    times = _in_threads([asking(web, path, seconds) for path in PATHS.values()])
    over.set()
    for visitor in visitors:
        visitor.join()
    report.figures["visitors"] = {str(status): count for status, count in answers.items()}
    return list(times)


def _in_threads(work: list[Callable[[], list[float]]]) -> Iterator[list[float]]:
    """In this process: the visitors run here, and a fork would take their locks along."""
    results: list[list[float]] = [[] for _ in work]

    def run_one(place: int) -> None:
        results[place] = work[place]()

    threads = [threading.Thread(target=run_one, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield from results


if __name__ == "__main__":
    main("drawings", run)
