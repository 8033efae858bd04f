"""The import of the published CSV files: `python -m benchmarks.register_import [--size S|L] [--rows 40000000]`.

A synthetic register (1 million establishments at S, 5 at L; kept beside, `--folder`) is converted in a child process:
read, joined, folded, projected, sorted, written as Parquet, cube and series made. The baseline is what DuckDB alone
takes to turn the same files into Parquet: twelve columns of StockEtablissement, of the others those that are needed,
unsorted and unjoined, with its own settings. Both alternate; the ratio is that of the medians. Once with the four files
of a month (establishments, legal units, history, succession links), once with the two that an import cannot do without.
"""

import shutil
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.registers import FOUR, TWO, Job, do, main, say
from benchmarks.report import Report

LIMIT = 2.5
MOST_MIB = 4096
ROUNDS = {20_000: 1, 1_000_000: 5, 5_000_000: 3}


def run(report: Report, rows: int, register: Path) -> None:
    rounds = ROUNDS.get(rows, 1)
    for name, kinds in (("four files", FOUR), ("two files", TWO)):
        ours, bare = [], []
        for _ in range(rounds):
            bare.append(_in_a_folder("baseline", register, kinds))
            ours.append(_in_a_folder("convert", register, kinds))
            say(f"{name}: {ours[-1].seconds:.2f} s, DuckDB alone {bare[-1].seconds:.2f} s")
        report.figures[name] = _figures(ours, rows)
        report.baselines[f"{name}, DuckDB alone"] = _figures(bare, rows)
        ratio = median(job.seconds for job in ours) / median(job.seconds for job in bare)
        report.ratios[name] = ratio
        report.at_most(f"{name}: import / DuckDB's own conversion", ratio, LIMIT)
        report.at_most(f"{name}: memory (MiB)", max(job.rss for job in ours), MOST_MIB)


def _in_a_folder(job: str, register: Path, kinds: tuple[str, ...]) -> Job:
    folder = Path(tempfile.mkdtemp(prefix="totem-bench-", dir=register.parent))
    try:
        return do(job, register, folder / "made", *kinds)
    finally:
        shutil.rmtree(folder)


def _figures(jobs: list[Job], rows: int) -> dict[str, float]:
    seconds = median(job.seconds for job in jobs)
    return {
        "seconds": seconds,
        "cpu_seconds": median(job.cpu for job in jobs),
        "peak_mib": max(job.rss for job in jobs),
        "rows_a_second": round(rows / seconds),
        "runs": len(jobs),
    }


if __name__ == "__main__":
    main("register_import", run)
