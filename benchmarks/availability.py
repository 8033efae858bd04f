"""The response times of the pages that show free time: `python -m benchmarks.availability [--size S|L]`.

Three pages, requested by eight signed-in people concurrently over HTTP:

- `window`: which of all the hub's spaces are free for an hour, in four days;
- `week`: the week grid of the hub;
- `first`: the first free slot for six people with a screen.

Each is measured in turn as the page, as the baseline page (same template, context and session, from memory) and as the
bare SQL (the page's own statements over psycopg), by the same number of clients, in rounds that alternate. The ratio is
a target at L, a figure at S, where the page is so small that what Django costs a statement weighs as much as its rows.
`growth` compares the bare SQL with L's spaces and L's past bookings to that with L's spaces and S's past bookings.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from benchmarks import bare, clients, dataset
from benchmarks.clients import Browser, drive, for_seconds, median, p95
from benchmarks.report import Report, main
from benchmarks.stage import Stage, Web, fill, staged

CLIENTS = 8
ROUNDS = 16
SECONDS = 0.5
WARM_SECONDS = 1.0
INDICATIVE_MS = {"window": None, "week": 250, "first": 60}
LIMIT, GROWTH_LIMIT = 1.5, 2
BASELINE = "benchmarks.baseline_settings"


@dataclass
class Question:
    """A page, the statements of its view, and the milliseconds measured."""

    name: str
    path: str
    statements: list[str] = field(default_factory=list)
    of_template: int = 0
    page: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    sql: list[float] = field(default_factory=list)


def questions(now: datetime) -> list[Question]:
    """The three pages, for ten o'clock in four days, or the day after where that is a Sunday."""
    day = now.astimezone(dataset.ZONE).date() + timedelta(days=4)
    day += timedelta(days=day.isoweekday() == 7)
    hub = f"/lieux/{dataset.HUB}"
    return [
        Question("window", f"{hub}/libre/?{urlencode({'start': f'{day}T10:00', 'minutes': 60})}"),
        Question("week", f"{hub}/semaine/?{urlencode({'date': day})}"),
        Question("first", f"/trouver/?{urlencode({'people': 6, 'minutes': 60, 'features': 'screen'})}"),
    ]


def run(size: dataset.Size) -> Report:
    report = Report("availability", size.name)
    with staged(size) as stage:
        asked_questions = questions(datetime.now(UTC))
        people = clients.sessions([f"membre{number}@example.org" for number in range(10, 10 + CLIENTS)])
        for question in asked_questions:
            question.statements, question.of_template = bare.statements_of_page(people[0], question.path)
        with stage.web() as web, stage.web(settings=BASELINE) as memory:
            for question in asked_questions:
                check_baseline(question, web, memory, people[0])
                measure(stage, question, web, memory, people=people, rounds=1 if size.is_for_tests else ROUNDS)
                summarise(report, question)
        growth(stage, report, size)
    return report


def check_baseline(question: Question, web: Web, memory: Web, session: str) -> None:
    """Assert that the baseline page is as long as the page and makes the queries of the template only."""
    page = Browser(web.port, session).get(question.path)
    assert page.status == 200, f"{question.path} answers {page.status}"
    browser = Browser(memory.port, session)
    kept = browser.get(question.path)
    for _ in range(200):  # each web process has its own memory: connect until one that has answered before is met
        if "x-queries" in kept.headers:
            break
        browser.close()
        kept = browser.get(question.path)
    assert kept.headers["x-queries"] == str(question.of_template), f"{question.path} is not fed from memory"
    assert len(kept.body) == len(page.body), f"the baseline page of {question.path} is another page"


def measure(stage: Stage, question: Question, web: Web, memory: Web, *, people: list[str], rounds: int) -> None:
    for number in range(rounds + 1):
        seconds = SECONDS if number else WARM_SECONDS
        page = drive([_page(web.port, session, question.path, seconds) for session in people])
        baseline = drive([_page(memory.port, session, question.path, seconds) for session in people])
        sql = drive([_sql(stage, question.statements, seconds) for _ in people])
        if number:
            question.page += [ms for took in page for ms in took]
            question.baseline += [ms for took in baseline for ms in took]
            question.sql += [ms for took in sql for ms in took]
    stage.say(
        f"{question.name}: {len(question.page)} pages, {len(question.baseline)} baselines, {len(question.sql)} SQL"
    )


def _page(port: int, session: str, path: str, seconds: float) -> Callable[[], list[float]]:
    def work() -> list[float]:
        browser = Browser(port, session)

        def ask() -> None:
            answer = browser.get(path)
            if answer.status != 200:
                raise RuntimeError(f"{path} answers {answer.status}")

        return for_seconds(seconds, ask)

    return work


def _sql(stage: Stage, statements: list[str], seconds: float) -> Callable[[], list[float]]:
    def work() -> list[float]:
        with stage.connect() as connection:
            return for_seconds(seconds, lambda: bare.ask(connection, statements))

    return work


def summarise(report: Report, question: Question) -> None:
    name, whole, page, sql = question.name, p95(question.page), p95(question.baseline), p95(question.sql)
    report.figures[name] = {
        "p95_ms": whole,
        "median_ms": median(question.page),
        "answers": len(question.page),
        "clients": CLIENTS,
        "statements": len(question.statements),
        **({"indicative_p95_ms": limit} if (limit := INDICATIVE_MS[name]) else {}),
    }
    report.baselines[name] = {
        "page_p95_ms": page,
        "page_median_ms": median(question.baseline),
        "sql_p95_ms": sql,
        "sql_median_ms": median(question.sql),
    }
    report.ratios[name] = whole / (page + sql)
    if report.size == dataset.L.name:  # where the target is set; at S the ratio is shown
        report.at_most(f"{name}: p95 / (baseline page + bare SQL)", report.ratios[name], LIMIT)


# -- Growth -----------------------------------------------------------------------------------------------------------


def growth(stage: Stage, report: Report, size: dataset.Size) -> None:
    """Compare the bare SQL with L's spaces over L's and over S's number of past bookings: one client, in turns."""
    larger, smaller = (dataset.S, dataset.TINY) if size.is_for_tests else (dataset.L, dataset.S)
    many = "totem" if size == larger else fill(stage, larger, "many")
    few = fill(stage, dataset.with_recent_of(larger, smaller), "few")
    stage.use(many)
    (session,) = clients.sessions(["membre10@example.org"])
    for question in questions(datetime.now(UTC)):
        statements, _of_template = bare.statements_of_page(session, question.path)
        took: dict[str, list[float]] = {many: [], few: []}
        with stage.connect(many) as of_many, stage.connect(few) as of_few:
            for _ in range(40):
                for name, connection in ((many, of_many), (few, of_few)):
                    began = time.perf_counter()
                    bare.ask(connection, statements)
                    took[name].append((time.perf_counter() - began) * 1000)
        many_ms, few_ms = (median(took[name][5:]) for name in (many, few))
        name = f"growth of {question.name}"
        report.figures[name] = {"sql_ms_with_past_of_L": many_ms, "sql_ms_with_past_of_S": few_ms}
        report.ratios[name] = many_ms / few_ms
        report.at_most(f"{name}: SQL L / S at equal spaces", many_ms / few_ms, GROWTH_LIMIT)


if __name__ == "__main__":
    main("availability", run)
