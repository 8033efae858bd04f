"""Many people book the same places at the same time: `python -m benchmarks.contention [--size S|L]`.

2, 8 and 32 signed-in people post the booking form over HTTP, each through its own list of wishes, all lists meeting in
the same rooms, desks and machines. Then, by as many clients as the largest number:

- the baseline page: the same posts, answered from memory (the page of a refusal, the redirect of a booking);
- the bare SQL: the same wishes played with the statements of the product's own transaction over psycopg, with the same
  locks, on a copy of the database; where the units are taken it rolls back and asks what the page of a refusal asks.

In the end some book and cancel the same slots again and again.
"""

import itertools
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from benchmarks import bare, clients, contests, dataset
from benchmarks.availability import BASELINE
from benchmarks.bare import Statement
from benchmarks.clients import Browser, drive, median, p95
from benchmarks.contests import ACCEPTED, REFUSED, Wish
from benchmarks.report import Report, main
from benchmarks.stage import Stage, Web, stage

LEVELS = (2, 8, 32)
ROUNDS = {2: 6, 8: 6, 32: 8}
WARM_ROUNDS = 2
CHURN_SECONDS = 4
LIMIT = 3

Times = list[tuple[int, float]]  # status and milliseconds of each answer


def run(size: dataset.Size) -> Report:
    report = Report("contention", size.name)
    with stage(size) as world:
        now = datetime.now(UTC)
        people = clients.sessions([f"membre{number}@example.org" for number in range(4, 4 + max(LEVELS))])
        world.copy_database("bare")
        plans = _plans(size, now)
        with world.web() as web:
            answers = _over_http(world, report, size, web, people=people, plans=plans)
            _churn(world, report, web, people, 0.3 if size.is_for_tests else CHURN_SECONDS)
        _check(world, report, now)
        most = max(LEVELS)
        world.copy_database("memory")  # where everything has been booked: what is refused is refused there too
        baseline = _from_memory(world, report, people, plans, answers)
        sql = _bare(world, report, size, plans[most], people)
        _summarise(report, answers[most], baseline, sql)
    return report


def _plans(size: dataset.Size, now: datetime) -> dict[Any, list[list[Wish]]]:
    """The wishes of each level, and of the time before when everything warms up; each has days of its own."""
    starts = itertools.count(0, 20)
    plans: dict[Any, list[list[Wish]]] = {
        "warm": contests.wishes(size, max(LEVELS), 1 if size.is_for_tests else WARM_ROUNDS, next(starts), now)
    }
    for level in LEVELS:
        plans[level] = contests.wishes(size, level, 1 if size.is_for_tests else ROUNDS[level], next(starts), now)
    return plans


# -- Over HTTP --------------------------------------------------------------------------------------------------------


def _over_http(
    world: Stage, report: Report, size: dataset.Size, web: Web, *, people: list[str], plans: dict[Any, list[list[Wish]]]
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
        world.say(f"{level} clients: {verdict}")
    report.exactly("answers neither success nor clean refusal", total.neither, 0)
    report.exactly("accepted beyond what fits, or fewer", total.accepted - total.fit, 0)
    return answers


def _all(times: list[Times]) -> list[float]:
    return [ms for of_client in times for _status, ms in of_client]


def _posts(port: int, session: str, wanted: list[Wish]) -> Callable[[], Times]:
    def work() -> Times:
        browser = Browser(port, session)
        times: Times = []
        for wish in wanted:
            began = time.perf_counter()
            answer = browser.post(wish.path, wish.fields)
            times.append((answer.status, (time.perf_counter() - began) * 1000))
        return times

    return work


# -- From memory ------------------------------------------------------------------------------------------------------

NOT_FROM_MEMORY = 0


def _from_memory(
    world: Stage, report: Report, people: list[str], plans: dict[Any, list[list[Wish]]], answers: dict[Any, list[Times]]
) -> list[Times]:
    """The answers of the largest level, in the same order, by the baseline page."""

    def statuses(level: Any) -> list[list[int]]:
        return [[status for status, _ms in times] for times in answers[level]]

    with world.web("memory", BASELINE) as web:
        # Once in each web process: a booking that succeeds, then the page of a refusal of each space.
        free = [[_own_slot(n, again) for again in range(4)] for n in range(len(people))]
        drive([_recalls(web.port, *work) for work in zip(people, free, [[ACCEPTED] * 4] * len(people), strict=True)])
        for level in ("warm", max(LEVELS)):
            work = zip(people, plans[level], statuses(level), strict=True)
            baseline = drive([_recalls(web.port, *mine) for mine in work])
    all_statuses = [status for times in baseline for status, _ms in times]
    elsewhere = all_statuses.count(NOT_FROM_MEMORY)
    world.say(f"baseline page: {len(all_statuses)} answers, {elsewhere} of them not from memory")
    report.at_most("share of the baseline pages that were not from memory", elsewhere / len(all_statuses), 0.01)
    return baseline


def _own_slot(client: int, again: int) -> Wish:
    """A slot that nobody else asks for."""
    day = next(contests.days_after(datetime.now(UTC), 140 + client))
    return Wish("", contests.ROOM, datetime(day.year, day.month, day.day, 9 + again, tzinfo=dataset.ZONE), 60)


def _recalls(port: int, session: str, wanted: list[Wish], expected: list[int]) -> Callable[[], Times]:
    """Post each wish to the baseline page, which answers what the page has answered."""

    def work() -> Times:
        browser = Browser(port, session)
        times: Times = []
        for wish, status in zip(wanted, expected, strict=True):
            began = time.perf_counter()
            answer = browser.post(wish.path, wish.fields, f"X-Baseline: {status}\r\n")
            took = (time.perf_counter() - began) * 1000
            times.append((answer.status if "x-queries" in answer.headers else NOT_FROM_MEMORY, took))
        return times

    return work


def _churn(world: Stage, report: Report, web: Web, people: list[str], seconds: float) -> None:
    """Everybody books the same few slots, and cancels what they got, again and again."""
    day = next(contests.days_after(datetime.now(UTC), 120))
    slots = [
        Wish("churn", space, datetime(day.year, day.month, day.day, hour, tzinfo=dataset.ZONE), 60)
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
    world.say(f"booked and cancelled again: {report.figures['booked and cancelled again']}")


def _books_and_cancels(
    port: int, session: str, slots: list[Wish], first: int, seconds: float
) -> Callable[[], list[int]]:
    def work() -> list[int]:
        browser = Browser(port, session)
        statuses: list[int] = []
        end = time.perf_counter() + seconds
        for wish in itertools.islice(itertools.cycle(slots), first, None):
            if time.perf_counter() > end:
                return statuses
            answer = browser.post(wish.path, wish.fields)
            statuses.append(answer.status)
            if answer.status == ACCEPTED:
                statuses.append(browser.post(f"{answer.headers['location']}annuler/", {}).status)
        raise AssertionError

    return work


def _check(world: Stage, report: Report, now: datetime) -> None:
    """What the database says, asked without the product."""
    since = now + timedelta(days=dataset.AHEAD_DAYS + 1)
    with world.connect("totem", "postgres") as connection:
        report.exactly("overlaps", contests.overlaps(connection, since), 0)
    time.sleep(1.5)  # servers hand over their statistics at most once a second
    with world.connect("totem", "postgres") as connection:
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = 'totem'").fetchone()
    assert row is not None
    report.exactly("deadlocks", row[0], 0)


# -- The same in bare SQL ---------------------------------------------------------------------------------------------

# The only number of that size in the statements: the id of the booking that was caught.
CAUGHT_ID = 900_000_001
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?\+00:00")
OCCUPIES = re.compile(rf"\({CAUGHT_ID}, \d+,")
FINDS_UNITS = "SELECT u.id FROM spaces_unit u"


@dataclass(frozen=True)
class Script:
    """The statements of one booking of a space: before the transaction, in it, and those of the page of a refusal.

    In the transaction the free units are looked for twice: before the lock of the space, and under it.
    """

    wish: Wish
    reference: str
    before: list[str]
    inside: list[str]
    refused: list[str]

    def ready_for(self, wish: Wish, caught_at: datetime) -> "Script":
        """The same for another time."""
        shift = wish.start.astimezone(UTC) - self.wish.start.astimezone(UTC)  # in UTC: the clocks change between them
        last = self.wish.end.astimezone(UTC) + shift

        def moved(match: re.Match[str]) -> str:
            then = datetime.fromisoformat(match[0])
            if abs(then - caught_at) < timedelta(minutes=2):
                return match[0]
            moment = then + shift
            if last <= moment <= last + contests.MACHINE_BUFFER:  # the end, and the end of what is kept free after it
                moment += wish.end - last
            return moment.astimezone(UTC).isoformat(match[0][10])

        parts = [[TIMESTAMP.sub(moved, sql) for sql in part] for part in (self.inside, self.refused)]
        return Script(wish, self.reference, self.before, *parts)


def _bare(world: Stage, report: Report, size: dataset.Size, lists: list[list[Wish]], people: list[str]) -> list[Times]:
    world.use("bare")
    caught_at = datetime.now(UTC)
    scripts = {wish.space: _script(people, wish) for wish in _one_of_each(lists)}
    work = [_plays(world, [scripts[wish.space].ready_for(wish, caught_at) for wish in wanted]) for wanted in lists]
    world.use("totem")  # nobody of this process is connected when it splits
    answers = drive(work)
    verdict = contests.judge(size, lists, [[status for status, _ms in times] for times in answers])
    report.exactly("bare SQL: accepted beyond what fits, or fewer", verdict.accepted - verdict.fit, 0)
    world.say(f"bare SQL: {verdict}")
    return answers


def _one_of_each(lists: list[list[Wish]]) -> list[Wish]:
    """A wish for each space, each on a day that nobody else has."""
    found = {wish.space: wish for wanted in lists for wish in wanted}
    return [
        Wish("", wish.space, wish.start + timedelta(weeks=8 + number), max(wish.minutes, 60), wish.quantity)
        for number, wish in enumerate(found.values())
    ]


def _script(people: list[str], wish: Wish) -> Script:
    """Book the wish in this process until it is refused, and keep the statements of the first and of the last time."""
    from django.db import connection  # noqa: PLC0415

    from totem.bookings.models import Booking  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('bookings_booking', 'id'), greatest(%s, (SELECT max(id) FROM "
            "bookings_booking) + 1), false)",
            [CAUGHT_ID],
        )
    booked, refused, made = None, None, None
    for session in people:
        browser = bare.browser(session)
        with bare.caught() as statements:
            answer = browser.post(wish.path, wish.fields, secure=True)
        if answer.status_code == ACCEPTED and booked is None:
            booked, made = statements, Booking.objects.latest("pk")
        elif answer.status_code in REFUSED:
            refused = statements
            break
    if booked is None or refused is None or made is None:
        raise RuntimeError(f"{wish} was not accepted, or never refused")
    return _cut(wish, made.pk, made.reference, booked, refused)


def _cut(wish: Wish, pk: int, reference: str, booked: list[Statement], refused: list[Statement]) -> Script:
    choice = next(number for number, statement in enumerate(refused) if FINDS_UNITS in statement.sql)
    # What the template asks is asked by the baseline page too.
    tail = [statement.sql for statement in refused[choice + 1 :] if not statement.of_template]
    inside = [re.sub(rf"\b{pk}\b", str(CAUGHT_ID), s.sql) for s in booked if s.in_transaction]
    return Script(wish, reference, [s.sql for s in booked if not s.in_transaction], inside, tail)


def _plays(world: Stage, scripts: list[Script]) -> Callable[[], Times]:
    def work() -> Times:
        times: Times = []
        with world.connect("bare") as connection, psycopg.ClientCursor(connection) as cursor:
            for script in scripts:
                began = time.perf_counter()
                status = _play(cursor, script)
                times.append((status, (time.perf_counter() - began) * 1000))
        return times

    return work


def _play(cursor: psycopg.ClientCursor, script: Script) -> int:
    for sql in script.before:
        _ask(cursor, sql)
    wanted = sum(len(OCCUPIES.findall(sql)) for sql in script.inside) // _spans(script)
    pk, reference = "", secrets.token_hex(5).upper()
    taken: list[int] = []
    cursor.execute("BEGIN")
    for sql in script.inside:
        text = _with_units(sql, taken).replace(script.reference, reference)
        rows = _ask(cursor, text.replace(str(CAUGHT_ID), pk) if pk else text)
        if FINDS_UNITS in sql:
            if len(rows) < wanted:
                return _refuse(cursor, script)
            taken = [unit for (unit,) in rows for _ in range(_spans(script))]
        elif 'INSERT INTO "bookings_booking"' in sql:
            pk = str(rows[0][0])
    cursor.execute("COMMIT")
    return ACCEPTED


def _with_units(sql: str, units: list[int]) -> str:
    """The statement that takes units, with those found now."""
    left = iter(units)
    return OCCUPIES.sub(lambda _match: f"({CAUGHT_ID}, {next(left)},", sql)


def _refuse(cursor: psycopg.ClientCursor, script: Script) -> int:
    cursor.execute("ROLLBACK")
    for sql in script.refused:
        _ask(cursor, sql)
    return REFUSED[0]


def _spans(script: Script) -> int:
    """Rows that each unit takes: the time itself, and what is kept free around it."""
    return 2 if script.wish.space == contests.MACHINE else 1


def _ask(cursor: psycopg.ClientCursor, sql: str) -> bare.Rows:
    cursor.execute(sql)
    return cursor.fetchall() if cursor.description else []


# -- Together ---------------------------------------------------------------------------------------------------------


def _summarise(report: Report, page: list[Times], baseline: list[Times], sql: list[Times]) -> None:
    for name, wanted in {"booking": None, "accepted": ACCEPTED, "refused": REFUSED[0]}.items():
        report.figures[name] = _figures(page, wanted)
        report.baselines[f"{name}: page"] = _figures(baseline, wanted)
        report.baselines[f"{name}: SQL"] = _figures(sql, wanted)
        parts = report.baselines[f"{name}: page"]["p95_ms"] + report.baselines[f"{name}: SQL"]["p95_ms"]
        report.ratios[name] = report.figures[name]["p95_ms"] / parts
    report.at_most("p95 of a booking / (baseline page + the transaction in bare SQL)", report.ratios["booking"], LIMIT)


def _figures(answers: list[Times], wanted: int | None) -> dict[str, float]:
    times = [ms for of_client in answers for status, ms in of_client if wanted in (None, status)]
    return {"p95_ms": p95(times), "median_ms": median(times), "answers": len(times)}


if __name__ == "__main__":
    main("contention", run)
