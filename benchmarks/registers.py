"""The business register of the benchmarks: made up once a size, kept in a folder, converted and asked in child processes.

The folder is that of `--folder`, of TOTEM_BENCH_REGISTER, or one beside the system's temporary files. Everything is made
from the packages at hand and Totem's own files: no database is needed. `python -m benchmarks.registers JOB ...` does one
job and prints its seconds: what a child weighs is then only that job's.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.report import Report
from totem.observatory import nomenclature
from totem.observatory.register import layout, sources
from totem.observatory.register.published import LAYOUTS, Kind
from totem.observatory.synthetic import Commune, Reference, synthesise

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
STOCK_DATE = date(2026, 11, 1)
SIZES = {"tiny": 20_000, "S": 1_000_000, "L": 5_000_000}
TWO = (Kind.ESTABLISHMENTS, Kind.UNITS)
FOUR = (*TWO, Kind.HISTORY, Kind.LINKS)
# The twelve columns of StockEtablissement that a first study keeps.
TWELVE = (
    "siren, siret, statutDiffusionEtablissement, dateCreationEtablissement, trancheEffectifsEtablissement, "
    "anneeEffectifsEtablissement, etablissementSiege, codeCommuneEtablissement, dateDebut, "
    "etatAdministratifEtablissement, activitePrincipaleEtablissement, caractereEmployeurEtablissement"
)


@dataclass(frozen=True)
class Job:
    """What a child took: seconds of its work (not of starting Python), of processor, and its largest memory in MiB."""

    seconds: float
    cpu: float
    rss: float
    answer: Any


def main(name: str, run: Callable[[Report, int, Path], None]) -> None:
    """Read the command line, run, print one line of JSON; exit 0 only if every target holds."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--size", choices=list(SIZES), default="S", help="tiny is for the tests: no figures")
    parser.add_argument("--rows", type=int, help="establishments, instead of a size: 40000000 is the real register")
    parser.add_argument("--folder", type=Path, default=os.environ.get("TOTEM_BENCH_REGISTER"), help="where files stay")
    options = parser.parse_args()
    rows = options.rows or SIZES[options.size]
    report = Report(name, f"{rows} rows" if options.rows else options.size)
    run(report, rows, register_of(rows, options.folder or Path(tempfile.gettempdir()) / "totem-bench-register"))
    for target, held in report.targets.items():
        if not held["ok"]:
            say(f"missed: {target} {held}")
    print(report.line(), flush=True)
    sys.exit(0 if report.ok else 1)


def say(line: str) -> None:
    """Progress, on standard error: standard output holds the result."""
    print(line, file=sys.stderr, flush=True)


# -- The register -----------------------------------------------------------------------------------------------------


def register_of(rows: int, folder: Path) -> Path:
    """The folder with the four CSV files of that many establishments, made the first time."""
    target = Path(folder) / f"{rows}"
    if not (target / "made").exists():
        say(f"{rows} rows: made once, in {target}")
        synthesise(target, rows=rows, seed=1, reference=reference(), stock=STOCK_DATE, progress=say)
        (target / "made").touch()
    return target


def reference() -> Reference:
    communes = [row for row in _communes() if row["type"] == "commune-actuelle"]
    return Reference(
        communes=[
            Commune(
                row["code"], row["nom"], row["departement"], None, next(iter(row.get("codesPostaux", ())), None),
                row.get("population", 0),
            )
            for row in communes
        ],
        activities=[code for code, _label in nomenclature.read_naf_rev2(MODULES / nomenclature.PACKAGE)],
        bridge=[(pair.rev2, pair.naf2025) for pair in nomenclature.read_bridge()],
    )  # fmt: skip


def folds() -> list[layout.Fold]:
    departments = {row["code"]: row["departement"] for row in _communes() if row["type"] == "commune-actuelle"}
    former = {row["code"]: row["chefLieu"] for row in _communes() if row.get("chefLieu") in departments}
    former |= {row["code"]: row["commune"] for row in _communes() if row.get("commune") in departments}
    return [layout.Fold(code, now, departments[now]) for code, now in ({c: c for c in departments} | former).items()]


def codes() -> frozenset[str]:
    """Those of every activity perimeter that Totem ships, in both nomenclatures."""
    found: set[str] = set()
    for file in nomenclature.DATA.glob("perimeters/*.toml"):
        for branch in tomllib.loads(file.read_text(encoding="utf-8"))["branches"]:
            found.update(branch["rev2"], branch["naf2025"])
    return frozenset(found)


def _communes() -> list[dict[str, Any]]:
    path = MODULES / "@etalab" / "decoupage-administratif" / "data" / "communes.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


# -- Jobs -------------------------------------------------------------------------------------------------------------


def do(job: str, *arguments: str | Path) -> Job:
    """Run a job of this module in a child of its own."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.registers", job, *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout
    said = child.stdout.read()
    if child.wait():
        raise SystemExit(f"{job} failed: {child.returncode}")
    return Job(**json.loads(said.splitlines()[-1]))


def convert(folder: Path, target: Path, *kinds: str) -> None:
    """The import, up to the files in their places; the row in the database is not in it."""
    (target / "work").mkdir(parents=True)
    given = [sources.Given(folder / f"{kind}_utf8.csv") for kind in kinds]
    known, codes_of_all = folds(), codes()
    with _timed(), ThreadPoolExecutor(max_workers=1) as beside:
        opened = sources.opened(given, target / "work", progress=say)
        beside.submit(lambda: [source.facts() for source in opened.values()])
        layout.convert(
            opened, target, stock_date=STOCK_DATE, folds=known, digital=codes_of_all, work=target / "work", progress=say
        )


def baseline(folder: Path, target: Path, *kinds: str) -> None:
    """DuckDB's own conversion to Parquet: twelve columns of the establishments, of other files those that are needed."""
    import duckdb  # noqa: PLC0415

    target.mkdir(parents=True)
    with _timed(), duckdb.connect() as connection:
        for kind in kinds:
            columns = TWELVE if kind == Kind.ESTABLISHMENTS else ", ".join(sorted(LAYOUTS[Kind(kind)].needed))
            connection.execute(
                f"COPY (SELECT {columns} FROM read_csv('{folder}/{kind}_utf8.csv')) TO '{target}/{kind}.parquet' "
                "(FORMAT parquet, COMPRESSION zstd)"
            )


class _timed:  # noqa: N801 - a context manager, read as a word
    """Prints what went by inside."""

    def __enter__(self) -> "_timed":
        self.began, self.cpu, self.answer = time.perf_counter(), time.process_time(), None
        return self

    def __exit__(self, *_error: object) -> None:
        seconds, cpu = time.perf_counter() - self.began, time.process_time() - self.cpu
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
        print(json.dumps({"seconds": seconds, "cpu": cpu, "rss": int(peak) / 1024, "answer": self.answer}), flush=True)


JOBS: dict[str, Callable[..., None]] = {"convert": convert, "baseline": baseline}

if __name__ == "__main__":
    job, folder_of_job, *others = sys.argv[1:]
    JOBS[job](Path(folder_of_job), Path(others[0]), *others[1:])
