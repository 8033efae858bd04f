"""The establishments of the digital sector of France: `python -m benchmarks.census [--size S|L] [--rows 40000000]`.

Activity x size band x department x year of creation, over every open establishment of the activities of all perimeters.
Totem's own statement on the sorted layout beside one written by hand for DuckDB on the same file (the
target), and beside DuckDB, Polars and pandas on the file as INSEE publishes it (for scale). Each in a process of its
own; the first two alternate, each time the median of nine. Every engine has to count the same establishments.
"""

import shutil
from pathlib import Path
from statistics import median

from benchmarks.registers import TWO, Job, do, main, say
from benchmarks.report import Report

LIMIT = 1.2
ROUNDS = 5
PUBLISHED = {
    "DuckDB, published CSV": "census_of_duckdb_on_csv",
    "Polars, published CSV": "census_of_polars",
    "pandas, published CSV": "census_of_pandas",
}


def run(report: Report, rows: int, register: Path) -> None:
    made = register / "layout"
    if not (made / "made").exists():
        shutil.rmtree(made, ignore_errors=True)
        do("convert", register, made, *TWO)
        (made / "made").touch()
    ours, bare = [], []
    for _ in range(1 if rows < 1_000_000 else ROUNDS):
        bare.append(do("census_of_duckdb", register, made))
        ours.append(do("census_of_totem", register, made))
        say(f"{ours[-1].seconds * 1000:.0f} ms, by hand {bare[-1].seconds * 1000:.0f} ms")
    report.figures["census"] = _figures(ours)
    report.baselines["DuckDB by hand, same layout"] = _figures(bare)
    report.ratios["census"] = median(job.seconds for job in ours) / median(job.seconds for job in bare)
    establishments, _cells = ours[0].answer
    others = 0
    for name, job in PUBLISHED.items():
        took = do(job, register, made)
        report.baselines[name] = _figures([took])
        report.ratios[f"{name} / census"] = took.seconds / median(job.seconds for job in ours)
        others += took.answer[0] != establishments
    report.at_most("census / DuckDB by hand", report.ratios["census"], LIMIT)
    report.exactly("engines that count other establishments", others + (bare[0].answer[0] != establishments), 0)


def _figures(jobs: list[Job]) -> dict[str, float]:
    establishments, cells = jobs[0].answer
    return {
        "ms": median(job.seconds for job in jobs) * 1000,
        "peak_mib": max(job.rss for job in jobs),
        "establishments": establishments,
        "cells": cells,
    }


if __name__ == "__main__":
    main("census", run)
