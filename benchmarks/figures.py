"""The response times of a hub's figures: `python -m benchmarks.figures [--size S|L]`.

Four pages, requested by two managers concurrently over HTTP: the last week, the last month, a year of days, and the
twelve months for the label. Each is measured as `benchmarks.availability` measures its own: the page, the baseline page
(same template, context and session, from memory) and the bare SQL, in rounds that alternate.
"""

from datetime import UTC, datetime, timedelta

from benchmarks import availability, bare, clients, dataset
from benchmarks.availability import BASELINE, Question, check_baseline
from benchmarks.clients import median, p95
from benchmarks.report import Report, main
from benchmarks.stage import staged

CLIENTS, ROUNDS, LIMIT = 2, 12, 2


def questions(now: datetime) -> list[Question]:
    """The pages of the figures; the custom days are the year until yesterday."""
    base, yesterday = f"/lieux/{dataset.HUB}/chiffres/", now.astimezone(dataset.ZONE).date() - timedelta(days=1)
    return [
        Question("week", f"{base}?period=semaine-derniere"),
        Question("month", f"{base}?period=mois-dernier"),
        Question("year of days", f"{base}?since={yesterday - timedelta(days=364)}&until={yesterday}"),
        Question("twelve months", f"{base}annee/"),
    ]


def run(size: dataset.Size) -> Report:
    report = Report("figures", size.name)
    with staged(size) as stage:
        people = clients.sessions([f"membre{number}@example.org" for number in range(1, 1 + CLIENTS)])
        pages = questions(datetime.now(UTC))
        for page in pages:
            page.statements, page.of_template = bare.statements_of_page(people[0], page.path)
        with stage.web() as web, stage.web(settings=BASELINE) as memory:
            for page in pages:
                check_baseline(page, web, memory, people[0])
                availability.measure(stage, page, web, memory, people=people, rounds=1 if size.is_for_tests else ROUNDS)
                summarise(report, page)
    return report


def summarise(report: Report, page: Question) -> None:
    whole, baseline, sql = p95(page.page), p95(page.baseline), p95(page.sql)
    report.figures[page.name] = {
        "p95_ms": whole,
        "median_ms": median(page.page),
        "answers": len(page.page),
        "clients": CLIENTS,
        "statements": len(page.statements),
    }
    report.baselines[page.name] = {
        "page_p95_ms": baseline,
        "page_median_ms": median(page.baseline),
        "sql_p95_ms": sql,
        "sql_median_ms": median(page.sql),
    }
    report.ratios[page.name] = whole / (baseline + sql)
    if report.size == dataset.L.name:  # where the target is set; at S the ratio is shown
        report.at_most(f"{page.name}: p95 / (baseline page + bare SQL)", report.ratios[page.name], LIMIT)


if __name__ == "__main__":
    main("figures", run)
