"""A backup while people book: `python -m benchmarks.backup [--size S|L]`.

Eight signed-in people book over HTTP at free hours of their own, so that each answer has to be a booking: first alone,
then while `totem backup` runs, until it ends. In the same run: pg_dump alone, on the same database, into nothing. The
backup is then checked byte by byte, restored into another database, and has to hold what was booked before it began.
"""

import itertools
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing.synchronize import Event

from benchmarks import clients, contests, dataset
from benchmarks.clients import Browser, drive, median, p95
from benchmarks.contests import ACCEPTED, Attempt
from benchmarks.report import Report, main
from benchmarks.stage import ROOT, Stage, clean_environment, staged
from totem.core import embedded_programs

PEOPLE = 8
ALONE_SECONDS = 10
LIMIT_SECONDS = 60
PHOTOS, PHOTO_BYTES = 500, 200_000

Times = list[tuple[int, float]]  # status and milliseconds of each answer


def run(size: dataset.Size) -> Report:
    report = Report("backup", size.name)
    with staged(size) as stage:
        _write_photos(stage, 5 if size.is_for_tests else PHOTOS)
        people = clients.sessions([f"membre{number}@example.org" for number in range(4, 4 + PEOPLE)])
        stage.copy_database("other", "prepared")
        stage.use("totem")  # no connection of this process is open when it forks
        dump = _seconds(lambda: _pg_dump(stage))
        made = stage.folder / "made.totem-backup"
        work = [(person, _free_hours(number)) for number, person in enumerate(people)]
        with stage.web() as web:
            alone, _took = _while_booking(web.port, work, lambda: time.sleep(1 if size.is_for_tests else ALONE_SECONDS))
            before = _bookings(stage, "totem")
            booked, took = _while_booking(web.port, work, lambda: _totem(stage, "totem", "backup", str(made)))
        stage.say(f"{made.stat().st_size / 2**20:.0f} MB in {took:.1f} s, {len(booked)} bookings meanwhile")
        check = _seconds(lambda: _totem(stage, "totem", "restore", "--check", str(made)))
        restore = _seconds(lambda: _totem(stage, "other", "restore", "--replace", str(made)))
        report.exactly("bookings made before it that a restore lacks", max(0, before - _bookings(stage, "other")), 0)
        report.figures["file"] = {"megabytes": made.stat().st_size / 2**20, "bookings": before}
    report.figures["seconds"] = {"backup": took, "check": check, "restore and migrate": restore}
    report.figures["booking meanwhile"] = _figures(booked)
    report.baselines = {"pg_dump alone, seconds": dump, "booking alone": _figures(alone)}
    report.ratios = {
        "backup / pg_dump alone": took / dump,
        "p95 of a booking, meanwhile / alone": report.figures["booking meanwhile"]["p95_ms"]
        / _figures(alone)["p95_ms"],
    }
    report.exactly("answers that are no booking", sum(status != ACCEPTED for status, _ms in (*alone, *booked)), 0)
    report.at_most("seconds of a backup while 8 people book", took, LIMIT_SECONDS)
    return report


def _write_photos(stage: Stage, number: int) -> None:
    """Files that no compression makes smaller, as photos are."""
    rng = random.Random(dataset.SEED)
    folder = stage.folder / "var" / "media" / "hubs" / "2026"
    folder.mkdir(parents=True)
    for photo in range(number):
        (folder / f"{photo}.webp").write_bytes(rng.randbytes(PHOTO_BYTES))


# -- Bookings ---------------------------------------------------------------------------------------------------------


def _free_hours(client: int) -> Iterator[Attempt]:
    """Hours that nobody else books, beyond the data set: one a day and room for each client."""
    for day in itertools.islice(contests.days_after(datetime.now(UTC), 0), 250):
        start = datetime(day.year, day.month, day.day, dataset.OPENS + client, tzinfo=dataset.ZONE)
        yield from (Attempt("", room, start, 60) for room in (contests.ROOM, contests.WHOLE))


def _while_booking(
    port: int, work: list[tuple[str, Iterator[Attempt]]], action: Callable[[], object]
) -> tuple[Times, float]:
    """The answers that all clients get until the action ends, and the seconds it took."""
    over = multiprocessing.get_context("fork").Event()

    def timed() -> Times:
        try:
            return [(0, _seconds(action) * 1000)]
        finally:
            over.set()

    *answers, ((_status, ms),) = drive([*(_books(port, who, hours, over) for who, hours in work), timed])
    for (_who, hours), times in zip(
        work, answers, strict=True
    ):  # the clients were children: their hours are taken here
        next(itertools.islice(hours, len(times) - 1, None))
    return [answer for times in answers for answer in times], ms / 1000


def _books(port: int, session: str, hours: Iterator[Attempt], over: Event) -> Callable[[], Times]:
    def work() -> Times:
        browser, times = Browser(port, session), Times()
        while not times or not over.is_set():
            attempt, began = next(hours), time.perf_counter()
            status = browser.post(attempt.path, attempt.fields).status
            times.append((status, (time.perf_counter() - began) * 1000))
        return times

    return work


def _bookings(stage: Stage, database: str) -> int:
    with stage.connect(database) as connection:
        return int(connection.execute("SELECT count(*) FROM bookings_booking").fetchone()[0])  # type: ignore[index]


def _figures(times: Times) -> dict[str, float]:
    milliseconds = [ms for _status, ms in times]
    return {"p95_ms": p95(milliseconds), "median_ms": median(milliseconds), "answers": len(times)}


# -- Programs ---------------------------------------------------------------------------------------------------------


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _totem(stage: Stage, database: str, *arguments: str) -> None:
    environment = clean_environment() | stage.environment(database)
    command = [sys.executable, "-m", "config.cli", *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=sys.stderr)


def _pg_dump(stage: Stage) -> None:
    command = [
        str(embedded_programs.programs() / "pg_dump"),
        "--format=custom",
        "--schema=public",
        f"--dbname={stage.url()}",
    ]
    subprocess.run(command, env=os.environ, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main("backup", run)
