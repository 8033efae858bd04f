"""Concurrent bookings of the same spaces: `python -m benchmarks.contention [--size S|L]`.

2, 8 and 32 signed-in people post the booking form over HTTP, each from its own list of attempts, all lists for
the same rooms, desks and machines. Then, by as many clients as the largest number:

- the baseline page: the same posts, answered from memory (the page of a refusal, the redirect of a booking);
- the bare SQL: the same attempts made with the statements of the product's own transaction over psycopg, with the same
  locks, on a copy of the database; where the units are taken it rolls back and asks what the page of a refusal asks.

Then all book and cancel the same few slots repeatedly. All the while the journal is sealed, hundreds of times as often
as by the job: what waits for that shows here. At the end, on another copy, all book with the last credits of one
agreement.
"""

import contextlib
import itertools
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from benchmarks import bare, clients, contests, dataset
from benchmarks.availability import BASELINE
from benchmarks.bare import Statement
from benchmarks.clients import Browser, drive, median, p95
from benchmarks.contests import ACCEPTED, REFUSED, Attempt
from benchmarks.report import Report, main
from benchmarks.stage import Stage, Web, staged

LEVELS = (2, 8, 32)
ROUNDS = {2: 6, 8: 6, 32: 8}
WARM_ROUNDS = 2
CHURN_SECONDS = 4
LIMIT = 3
SEAL_SECONDS = 0.5

Plans = dict[Any, list[list[Attempt]]]  # the attempts of each client, by level
Times = list[tuple[int, float]]  # status and milliseconds of each answer


def run(size: dataset.Size) -> Report:
    report = Report("contention", size.name)
    with staged(size) as stage:
        now = datetime.now(UTC)
        emails = [f"membre{number}@example.org" for number in range(4, 4 + max(LEVELS))]
        people = clients.sessions(emails)
        stage.copy_database("bare")
        stage.copy_database("credits")
        plans = _plans(size, now)
        with stage.web() as web, _sealing(report):
            answers = _over_http(stage, report, size, web, people=people, plans=plans)
            _churn(stage, report, web, people, 0.3 if size.is_for_tests else CHURN_SECONDS)
        since = now + timedelta(days=dataset.AHEAD_DAYS + 1)
        with stage.connect("totem", "postgres") as connection:
            report.exactly("overlaps", contests.overlaps(connection, since), 0)
        report.exactly("deadlocks", _deadlocks(stage, "totem"), 0)
        most = max(LEVELS)
        stage.copy_database("memory")  # has all the bookings: what was refused is refused there too
        baseline = _from_memory(stage, report, people, plans, answers)
        sql = _bare(stage, report, size, plans[most], people)
        _summarise(report, answers[most], baseline, sql)
        _with_credits(stage, report, people, emails, 1 if size.is_for_tests else ROUNDS[most])
    return report


@contextlib.contextmanager
def _sealing(report: Report) -> Iterator[None]:
    """Context manager: the journal is sealed in a thread, every `SEAL_SECONDS`; at the end all of it is."""
    from django.db import connection  # noqa: PLC0415

    from totem.core import seals  # noqa: PLC0415

    over, made = threading.Event(), 0

    def seal() -> None:
        nonlocal made
        while not over.wait(SEAL_SECONDS):
            made += seals.seal_journal() is not None
        connection.close()

    thread = threading.Thread(target=seal)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    seals.seal_journal()
    report.figures["seals made at the same time"] = made
    report.exactly("entries of the journal not sealed", seals.waiting(), 0)
    report.exactly("seals that do not add up", len(list(seals.problems())), 0)
    connection.close()


def _plans(size: dataset.Size, now: datetime) -> Plans:
    """The attempts of each level and of the warm-up before; each has days of its own."""
    starts = itertools.count(0, 20)
    plans: Plans = {
        "warm": contests.attempts(size, max(LEVELS), 1 if size.is_for_tests else WARM_ROUNDS, next(starts), now)
    }
    for level in LEVELS:
        plans[level] = contests.attempts(size, level, 1 if size.is_for_tests else ROUNDS[level], next(starts), now)
    return plans


# -- Over HTTP --------------------------------------------------------------------------------------------------------


def _over_http(
    stage: Stage, report: Report, size: dataset.Size, web: Web, *, people: list[str], plans: Plans
) -> dict[Any, list[Times]]:
    answers: dict[Any, list[Times]] = {}
    total = contests.Verdict()
    for level, lists in plans.items():
        answers[level] = drive([_posts(web.port, *work) for work in zip(people, lists, strict=False)])
        verdict = contests.judge(size, lists, [[status for status, _ms in times] for times in answers[level]])
        total += verdict
        if level != "warm":
            report.figures[f"{level} clients"] = {
                "p95_ms": p95(_all(answers[level])),
                "median_ms": median(_all(answers[level])),
                "accepted": verdict.accepted,
                "fit": verdict.fit,
                "refused": verdict.refused,
                "neither": verdict.neither,
            }
        stage.say(f"{level} clients: {verdict}")
    report.exactly("answers neither success nor clean refusal", total.neither, 0)
    report.exactly("accepted beyond what fits, or fewer", total.accepted - total.fit, 0)
    return answers


def _all(times: list[Times]) -> list[float]:
    return [ms for of_client in times for _status, ms in of_client]


def _posts(port: int, session: str, attempts: list[Attempt]) -> Callable[[], Times]:
    def work() -> Times:
        browser = Browser(port, session)
        times: Times = []
        for attempt in attempts:
            began = time.perf_counter()
            answer = browser.post(attempt.path, attempt.fields)
            times.append((answer.status, (time.perf_counter() - began) * 1000))
        return times

    return work


# -- From memory ------------------------------------------------------------------------------------------------------

NOT_FROM_MEMORY = 0


def _from_memory(
    stage: Stage, report: Report, people: list[str], plans: Plans, answers: dict[Any, list[Times]]
) -> list[Times]:
    """The answers of the largest level, in the same order, by the baseline page."""

    def statuses(level: Any) -> list[list[int]]:
        return [[status for status, _ms in times] for times in answers[level]]

    with stage.web("memory", BASELINE) as web:
        # Once in each web process: a booking that succeeds, then the page of a refusal of each space. Each attempt has
        # a connection of its own, as one stays with the process that accepted it.
        for again in range(4):
            free = [[_own_slot(n, again)] for n in range(len(people))]
            drive([_recalls(web.port, *work) for work in zip(people, free, [[ACCEPTED]] * len(people), strict=True)])
        for level in ("warm", max(LEVELS)):
            work = zip(people, plans[level], statuses(level), strict=True)
            baseline = drive([_recalls(web.port, *mine) for mine in work])
    all_statuses = [status for times in baseline for status, _ms in times]
    elsewhere = all_statuses.count(NOT_FROM_MEMORY)
    stage.say(f"baseline page: {len(all_statuses)} answers, {elsewhere} of them not from memory")
    report.at_most("share of the baseline pages that were not from memory", elsewhere / len(all_statuses), 0.01)
    return baseline


def _own_slot(client: int, again: int) -> Attempt:
    """An attempt at a slot that no other client books."""
    day = next(contests.days_after(datetime.now(UTC), 140 + client))
    return Attempt("", contests.ROOM, datetime(day.year, day.month, day.day, 9 + again, tzinfo=dataset.ZONE), 60)


def _recalls(port: int, session: str, attempts: list[Attempt], expected: list[int]) -> Callable[[], Times]:
    """Post each attempt to the baseline page, which gives the kept answer of the expected status."""

    def work() -> Times:
        browser = Browser(port, session)
        times: Times = []
        for attempt, status in zip(attempts, expected, strict=True):
            began = time.perf_counter()
            answer = browser.post(attempt.path, attempt.fields, f"X-Baseline: {status}\r\n")
            took = (time.perf_counter() - began) * 1000
            times.append((answer.status if "x-queries" in answer.headers else NOT_FROM_MEMORY, took))
        return times

    return work


def _churn(stage: Stage, report: Report, web: Web, people: list[str], seconds: float) -> None:
    """All clients book the same few slots and cancel their bookings, repeatedly."""
    day = next(contests.days_after(datetime.now(UTC), 120))
    slots = [
        Attempt("churn", space, datetime(day.year, day.month, day.day, hour, tzinfo=dataset.ZONE), 60)
        for space in (contests.ROOM, contests.WHOLE, *contests.HALVES)
        for hour in (9, 10)
    ]
    done = drive([_books_and_cancels(web.port, who, slots, n % len(slots), seconds) for n, who in enumerate(people)])
    statuses = [status for of_client in done for status in of_client]
    neither = sum(status != ACCEPTED and status not in REFUSED for status in statuses)
    report.figures["booked and cancelled again"] = {
        "clients": len(people),
        "accepted": statuses.count(ACCEPTED),
        "refused": len(statuses) - statuses.count(ACCEPTED) - neither,
        "neither": neither,
    }
    report.exactly("answers neither success nor clean refusal, when cancelling", neither, 0)
    stage.say(f"booked and cancelled again: {report.figures['booked and cancelled again']}")


def _books_and_cancels(
    port: int, session: str, slots: list[Attempt], first: int, seconds: float
) -> Callable[[], list[int]]:
    def work() -> list[int]:
        browser = Browser(port, session)
        statuses: list[int] = []
        end = time.perf_counter() + seconds
        for attempt in itertools.islice(itertools.cycle(slots), first, None):
            if time.perf_counter() > end:
                return statuses
            answer = browser.post(attempt.path, attempt.fields)
            statuses.append(answer.status)
            if answer.status == ACCEPTED:
                statuses.append(browser.post(f"{answer.headers['location']}annuler/", {}).status)
        raise AssertionError

    return work


def _deadlocks(stage: Stage, database: str) -> int:
    time.sleep(1.5)  # PostgreSQL publishes its statistics at most once a second
    with stage.connect("postgres", "postgres") as connection:
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = %s", [database]).fetchone()
    assert row is not None
    return int(row[0])


# -- With credits -----------------------------------------------------------------------------------------------------


def _with_credits(stage: Stage, report: Report, people: list[str], emails: list[str], rounds: int) -> None:
    """All book at times of their own, with credits of one agreement for half of them."""
    now, hours = datetime.now(UTC), len(people) // 2
    lists = contests.attempts_with_credits(len(people), rounds, now)
    stage.use("credits")
    contests.give_credits(emails, [one.start.date() for one in lists[0]], hours, now)
    stage.use("credits")  # no connection of this process is open when it forks
    with stage.web("credits") as web:
        answers = drive([_posts(web.port, *work) for work in zip(people, lists, strict=True)])
    with stage.connect("credits", "postgres") as connection:
        found = contests.spent(connection, now + timedelta(days=dataset.AHEAD_DAYS + 1))
    report.figures["with credits"] = {"p95_ms": p95(_all(answers)), "median_ms": median(_all(answers)), **vars(found)}
    statuses = [status for times in answers for status, _ms in times]
    report.exactly("with credits: answers other than a booking", len(statuses) - statuses.count(ACCEPTED), 0)
    report.exactly("with credits: lots below zero", found.below_zero, 0)
    report.exactly("with credits: minutes left", found.left, 0)
    report.exactly("with credits: bookings unlike the ledger", found.unlike_ledger, 0)
    report.exactly("with credits: bookings covered beyond the credits, or fewer", found.covered - hours * rounds, 0)
    report.exactly("with credits: the others that are not due", len(statuses) - found.covered - found.due, 0)
    report.exactly("with credits: deadlocks", _deadlocks(stage, "credits"), 0)
    stage.say(f"with credits: {found}")


# -- The same in bare SQL ---------------------------------------------------------------------------------------------

# The only number of that size in the statements: the id of the recorded booking.
RECORDED_ID = 900_000_001
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?\+00:00")
OCCUPIES = re.compile(rf"\({RECORDED_ID}, \d+,")
FINDS_UNITS = "FROM spaces_unit u"


@dataclass(frozen=True)
class Script:
    """The statements of a booking of a space: before its transaction, in it, and those of the page of a refusal.

    In the transaction the free units are looked for twice: before the lock of the space, and under it.
    """

    attempt: Attempt
    reference: str
    before: list[str]
    inside: list[str]
    refused: list[str]

    def ready_for(self, attempt: Attempt, recorded_at: datetime) -> "Script":
        """The same statements for another attempt at this space."""
        # In UTC, as the clocks may change between them.
        shift = attempt.start.astimezone(UTC) - self.attempt.start.astimezone(UTC)
        last = self.attempt.end.astimezone(UTC) + shift

        def moved(match: re.Match[str]) -> str:
            then = datetime.fromisoformat(match[0])
            if abs(then - recorded_at) < timedelta(minutes=2):
                return match[0]
            moment = then + shift
            if last <= moment <= last + contests.MACHINE_BUFFER:  # the end, and the end of what is kept free after it
                moment += attempt.end - last
            return moment.astimezone(UTC).isoformat(match[0][10])

        parts = [[TIMESTAMP.sub(moved, sql) for sql in part] for part in (self.inside, self.refused)]
        return Script(attempt, self.reference, self.before, *parts)


def _bare(
    stage: Stage, report: Report, size: dataset.Size, lists: list[list[Attempt]], people: list[str]
) -> list[Times]:
    stage.use("bare")
    recorded_at = datetime.now(UTC)
    scripts = {attempt.space: _script(people, attempt) for attempt in _one_of_each(lists)}
    work = [
        _plays(stage, [scripts[attempt.space].ready_for(attempt, recorded_at) for attempt in attempts])
        for attempts in lists
    ]
    stage.use("totem")  # no connection of this process is open when it forks
    answers = drive(work)
    verdict = contests.judge(size, lists, [[status for status, _ms in times] for times in answers])
    report.exactly("bare SQL: accepted beyond what fits, or fewer", verdict.accepted - verdict.fit, 0)
    stage.say(f"bare SQL: {verdict}")
    return answers


def _one_of_each(lists: list[list[Attempt]]) -> list[Attempt]:
    """An attempt for each space, each on a day of its own."""
    found = {attempt.space: attempt for attempts in lists for attempt in attempts}
    return [
        Attempt(
            "", attempt.space, attempt.start + timedelta(weeks=8 + number), max(attempt.minutes, 60), attempt.quantity
        )
        for number, attempt in enumerate(found.values())
    ]


def _script(people: list[str], attempt: Attempt) -> Script:
    """Book in this process until it is refused; returns the statements of the first booking and of the refusal."""
    from django.db import connection  # noqa: PLC0415

    from totem.bookings.models import Booking  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('bookings_booking', 'id'), greatest(%s, (SELECT max(id) FROM "
            "bookings_booking) + 1), false)",
            [RECORDED_ID],
        )
    booked, refused, made = None, None, None
    for session in people:
        browser = bare.browser(session)
        with bare.recorded_statements() as statements:
            answer = browser.post(attempt.path, attempt.fields, secure=True)
        if answer.status_code == ACCEPTED and booked is None:
            booked, made = statements, Booking.objects.latest("pk")
        elif answer.status_code in REFUSED:
            refused = statements
            break
    if booked is None or refused is None or made is None:
        raise RuntimeError(f"{attempt} was not accepted, or never refused")
    return _cut(attempt, made.pk, made.reference, booked, refused)


def _cut(attempt: Attempt, pk: int, reference: str, booked: list[Statement], refused: list[Statement]) -> Script:
    choice = next(number for number, statement in enumerate(refused) if FINDS_UNITS in statement.sql)
    # Statements of the template are counted with the baseline page.
    tail = [statement.sql for statement in refused[choice + 1 :] if not statement.of_template]
    inside = [re.sub(rf"\b{pk}\b", str(RECORDED_ID), s.sql) for s in booked if s.in_transaction]
    return Script(attempt, reference, [s.sql for s in booked if not s.in_transaction], inside, tail)


def _plays(stage: Stage, scripts: list[Script]) -> Callable[[], Times]:
    def work() -> Times:
        times: Times = []
        with stage.connect("bare") as connection, psycopg.ClientCursor(connection) as cursor:
            for script in scripts:
                began = time.perf_counter()
                status = _play(cursor, script)
                times.append((status, (time.perf_counter() - began) * 1000))
        return times

    return work


def _play(cursor: psycopg.ClientCursor, script: Script) -> int:
    for sql in script.before:
        _ask(cursor, sql)
    needed = sum(len(OCCUPIES.findall(sql)) for sql in script.inside) // _rows_per_unit(script)
    pk, reference = "", secrets.token_hex(5).upper()
    taken: list[int] = []
    cursor.execute("BEGIN")
    for sql in script.inside:
        text = _with_units(sql, taken).replace(script.reference, reference)
        rows = _ask(cursor, text.replace(str(RECORDED_ID), pk) if pk else text)
        if FINDS_UNITS in sql:
            if len(rows) < needed:
                return _refuse(cursor, script)
            taken = [unit for unit, _has_rows in rows for _ in range(_rows_per_unit(script))]
        elif 'INSERT INTO "bookings_booking"' in sql:
            pk = str(rows[0][0])
    cursor.execute("COMMIT")
    return ACCEPTED


def _with_units(sql: str, units: list[int]) -> str:
    """The statement that inserts occupancy, with the units found now."""
    left = iter(units)
    return OCCUPIES.sub(lambda _match: f"({RECORDED_ID}, {next(left)},", sql)


def _refuse(cursor: psycopg.ClientCursor, script: Script) -> int:
    cursor.execute("ROLLBACK")
    for sql in script.refused:
        _ask(cursor, sql)
    return REFUSED[0]


def _rows_per_unit(script: Script) -> int:
    """The occupancy rows of each unit: the booking, and its buffer where there is one."""
    return 2 if script.attempt.space == contests.MACHINE else 1


def _ask(cursor: psycopg.ClientCursor, sql: str) -> bare.Rows:
    cursor.execute(sql)
    return cursor.fetchall() if cursor.description else []


# -- Summary ----------------------------------------------------------------------------------------------------------


def _summarise(report: Report, page: list[Times], baseline: list[Times], sql: list[Times]) -> None:
    for name, of_status in {"booking": None, "accepted": ACCEPTED, "refused": REFUSED[0]}.items():
        report.figures[name] = _figures(page, of_status)
        report.baselines[f"{name}: page"] = _figures(baseline, of_status)
        report.baselines[f"{name}: SQL"] = _figures(sql, of_status)
        parts = report.baselines[f"{name}: page"]["p95_ms"] + report.baselines[f"{name}: SQL"]["p95_ms"]
        report.ratios[name] = report.figures[name]["p95_ms"] / parts
    report.at_most("p95 of a booking / (baseline page + the transaction in bare SQL)", report.ratios["booking"], LIMIT)


def _figures(answers: list[Times], of_status: int | None) -> dict[str, float]:
    times = [ms for of_client in answers for status, ms in of_client if of_status in (None, status)]
    return {"p95_ms": p95(times), "median_ms": median(times), "answers": len(times)}


if __name__ == "__main__":
    main("contention", run)
