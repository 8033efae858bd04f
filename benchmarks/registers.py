"""The synthetic business register of the benchmarks: generated once for each size; its jobs run in child processes.

The folder is that of `--folder`, of TOTEM_BENCH_REGISTER, or one beside the system's temporary files. Everything is
made from the packages at hand and Totem's own files: no database is needed. `python -m benchmarks.registers JOB ...`
does one job and prints its seconds: the memory of a child is then only that job's.
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
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.report import Report
from totem.observatory import nomenclature
from totem.observatory.register import census, layout, sources
from totem.observatory.register.published import LAYOUTS, FileKind
from totem.observatory.register.synthetic.files import synthesise
from totem.observatory.register.synthetic.reference import Reference, SyntheticCommune

if TYPE_CHECKING:
    import duckdb

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
STOCK_DATE = date(2026, 11, 1)
SIZES = {"tiny": 20_000, "S": 1_000_000, "L": 5_000_000}
TWO = (FileKind.ESTABLISHMENTS, FileKind.UNITS)
FOUR = (*TWO, FileKind.HISTORY, FileKind.LINKS)
# The twelve columns of StockEtablissement that a first study keeps.
TWELVE = (
    "siren, siret, statutDiffusionEtablissement, dateCreationEtablissement, trancheEffectifsEtablissement, "
    "anneeEffectifsEtablissement, etablissementSiege, codeCommuneEtablissement, dateDebut, "
    "etatAdministratifEtablissement, activitePrincipaleEtablissement, caractereEmployeurEtablissement"
)


@dataclass(frozen=True)
class Job:
    """The figures of a child: seconds of its work (without starting Python), of processor, and peak memory in MiB."""

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
    """The folder with the four CSV files of that many establishments, generated at the first call."""
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
            SyntheticCommune(
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
    output = child.stdout.read()
    if child.wait():
        raise SystemExit(f"{job} failed: {child.returncode}")
    return Job(**json.loads(output.splitlines()[-1]))


def convert(folder: Path, target: Path, *kinds: str) -> None:
    """The import up to the files of the stock; without the row in the database."""
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
    """DuckDB's own conversion to Parquet: twelve columns of the establishments, of the others those that are needed."""
    target.mkdir(parents=True)
    with _timed(), _plain_duckdb() as connection:
        for kind in kinds:
            columns = TWELVE if kind == FileKind.ESTABLISHMENTS else ", ".join(sorted(LAYOUTS[FileKind(kind)].needed))
            read = f"SELECT {columns} FROM read_csv('{folder}/{kind}_utf8.csv')"  # noqa: S608
            connection.execute(f"COPY ({read}) TO '{target}/{kind}.parquet' (FORMAT parquet, COMPRESSION zstd)")


# -- The census -------------------------------------------------------------------------------------------------------

TIMES = 9
DEPARTMENT = "CASE WHEN {0} LIKE '97%' OR {0} LIKE '98%' THEN substr({0}, 1, 3) ELSE substr({0}, 1, 2) END"
CENSUS_COLUMNS = [
    "etatAdministratifEtablissement", "activitePrincipaleEtablissement", "nomenclatureActivitePrincipaleEtablissement",
    "trancheEffectifsEtablissement", "codeCommuneEtablissement", "dateCreationEtablissement",
]  # fmt: skip


def counted() -> list[str]:
    """The codes of the census: NAF rev. 2."""
    return sorted(codes())


def census_of_totem(_register: Path, made: Path) -> None:
    with census.opened(made, codes()) as connection:
        _repeat(TIMES, lambda: [cell[-1] for cell in census.census(connection)])


def census_of_duckdb(_register: Path, made: Path) -> None:
    """The same file with a statement written by hand."""
    chosen = ", ".join(f"'{code}'" for code in counted())
    statement = f"""
        SELECT code, band, {DEPARTMENT.format("commune")} AS department, born, count(*)
        FROM '{made}/establishments.parquet' WHERE open AND code IN ({chosen}) GROUP BY ALL
    """  # noqa: S608
    with _plain_duckdb() as connection:
        _repeat(TIMES, lambda: [cell[-1] for cell in connection.execute(statement).fetchall()])


def census_of_duckdb_on_csv(register: Path, _made: Path) -> None:
    chosen = ", ".join(f"'{code}'" for code in counted())
    statement = f"""
        SELECT activitePrincipaleEtablissement, trancheEffectifsEtablissement,
               {DEPARTMENT.format("codeCommuneEtablissement")} AS department,
               substr(dateCreationEtablissement, 1, 4), count(*)
        FROM read_csv('{register}/StockEtablissement_utf8.csv', all_varchar = true)
        WHERE etatAdministratifEtablissement = 'A' AND nomenclatureActivitePrincipaleEtablissement = 'NAFRev2'
          AND activitePrincipaleEtablissement IN ({chosen}) GROUP BY ALL
    """  # noqa: S608
    with _plain_duckdb() as connection:
        _repeat(1, lambda: [cell[-1] for cell in connection.execute(statement).fetchall()])


def census_of_polars(register: Path, _made: Path) -> None:
    import polars as pl  # noqa: PLC0415

    state, code, nomenclature_of, band, commune, created = (pl.col(name) for name in CENSUS_COLUMNS)
    overseas = commune.str.starts_with("97") | commune.str.starts_with("98")
    department = pl.when(overseas).then(commune.str.slice(0, 3)).otherwise(commune.str.slice(0, 2))
    query = (
        pl.scan_csv(register / "StockEtablissement_utf8.csv", infer_schema=False)
        .filter((state == "A") & (nomenclature_of == "NAFRev2") & code.is_in(counted()))
        .group_by(code, band, department.alias("department"), created.str.slice(0, 4).alias("born"))
        .len()
    )
    _repeat(1, lambda: [int(n) for n in query.collect(engine="streaming")["len"]])


def census_of_pandas(register: Path, _made: Path) -> None:
    import pandas as pd  # noqa: PLC0415

    def count() -> list[int]:
        read = pd.read_csv(register / "StockEtablissement_utf8.csv", usecols=CENSUS_COLUMNS, dtype=str)
        state, code, nomenclature_of, band, commune, created = (read[name] for name in CENSUS_COLUMNS)
        chosen = (state == "A") & (nomenclature_of == "NAFRev2") & code.isin(counted())
        overseas = commune.str[:2].isin(["97", "98"])
        department = commune.str[:3].where(overseas, commune.str[:2])
        groups = [code[chosen], band[chosen], department[chosen], created[chosen].str[:4]]
        return [int(n) for n in read[chosen].groupby(groups, dropna=False).size()]

    _repeat(1, count)


def _repeat(times: int, count: Callable[[], list[int]]) -> None:
    """Count `times` times and keep the median seconds; the answer is [establishments, cells]."""
    took = []
    with _timed() as clock:
        for _ in range(times):
            began = time.perf_counter()
            cells = count()
            took.append(time.perf_counter() - began)
        clock.median = median(took)
        clock.answer = [sum(cells), len(cells)]


def _plain_duckdb() -> "duckdb.DuckDBPyConnection":
    """With its own settings, but for the progress bar."""
    import duckdb  # noqa: PLC0415

    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    return connection


class _timed:  # noqa: N801 - a context manager, read as a word
    """Prints the seconds, processor time and peak memory of its block as JSON."""

    def __enter__(self) -> "_timed":
        self.began, self.cpu = time.perf_counter(), time.process_time()
        self.median: float | None = None
        self.answer: list[int] | None = None
        return self

    def __exit__(self, *_error: object) -> None:
        seconds, cpu = time.perf_counter() - self.began, time.process_time() - self.cpu
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
        seconds = seconds if self.median is None else self.median
        print(json.dumps({"seconds": seconds, "cpu": cpu, "rss": int(peak) / 1024, "answer": self.answer}), flush=True)


JOBS: dict[str, Callable[..., None]] = {
    job.__name__: job
    for job in (
        convert, baseline, census_of_totem, census_of_duckdb, census_of_duckdb_on_csv, census_of_polars,
        census_of_pandas,
    )
}  # fmt: skip

if __name__ == "__main__":
    job, folder_of_job, *others = sys.argv[1:]
    JOBS[job](Path(folder_of_job), Path(others[0]), *others[1:])
