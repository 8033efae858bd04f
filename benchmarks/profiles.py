"""The response times of the pages of a place's figures: `python -m benchmarks.profiles [--size S|L] [--rows N]`.

Pages of communes, EPCI, departments, regions, drawn areas, and a yearly series as CSV, asked by eight visitors at
once over HTTP, without charts. Each kind is asked for many places, every client in an order of its own, so that what is
remembered of one place does not flatter. The register is synthetic (S: 1 M establishments, L: 5 M), made once and kept
beside the system's temporary files (TOTEM_BENCH_REGISTER), imported in each run like a real one.

Each page is asked over a connection of its own, as the reverse proxy of deploy/nginx.conf.example does: with
connections kept, chance would tie four clients to one web process and none to another.

Each is measured in turn as the page, as the baseline page (same template and context, from memory) and as DuckDB alone:
the same questions asked of the same Parquet files, the cube and its neighbours, with views and no table made between
them, in as many processes as the server has, by as many clients. A stricter figure stands beside it, without target:
the statements of the page, with the table of the place's establishments that the product creates once for all of them.
What the page does in PostgreSQL and with the rows is counted on its own side only. Communes of an official place are
cached from one request to the next.

A yearly series is added up from what the process keeps of a list of activities by commune (`observatory.yearly`): each
is asked anew, and DuckDB alone runs the two statements that give the series of one place (BARE_SERIES).
"""

import argparse
import functools
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks import dataset
from benchmarks.clients import Browser, drive, median, p95
from benchmarks.report import Report, finish
from benchmarks.stage import HOST, ROOT, Stage, Web, clean_environment, staged
from benchmarks.startup import MOST_MB, memory_mb, web_processes

CLIENTS = 8
ROUNDS = 4
SECONDS = 1.5  # some answers a client, however busy the machine
WARM_SECONDS = 2.0
LIMIT = 1.5
BASELINE = "benchmarks.baseline_settings"
ROWS = {"tiny": 20_000, "S": 1_000_000, "L": 5_000_000}
SEED = 2026
ELSEWHERE = "/observatoire/commune/80021/"
PLACES = 24  # of each kind
LEVELS = ("commune", "epci", "departement", "region")
SERIES = "yearly series"
# Stock, births and closures, then moves, of the communes of `place` and the codes of `activity`, from Parquet.
BARE_SERIES = (
    """
    SELECT s.year, SUM(s.stock) AS stock, SUM(s.births) AS births, SUM(s.closures) AS closures
    FROM series AS s
    JOIN place AS p ON p.commune = s.commune
    JOIN activity AS a ON a.code = s.code
    GROUP BY s.year
    ORDER BY s.year
    """,
    """
    SELECT m.year,
           SUM(CASE WHEN f.commune IS NULL OR fa.code IS NULL THEN m.n ELSE 0 END) AS arrivals,
           SUM(CASE WHEN t.commune IS NULL OR ta.code IS NULL THEN m.n ELSE 0 END) AS departures
    FROM moves AS m
    LEFT JOIN place AS f ON f.commune = m.from_commune
    LEFT JOIN activity AS fa ON fa.code = m.from_code
    LEFT JOIN place AS t ON t.commune = m.to_commune
    LEFT JOIN activity AS ta ON ta.code = m.to_code
    WHERE (f.commune IS NOT NULL AND fa.code IS NOT NULL) OR (t.commune IS NOT NULL AND ta.code IS NOT NULL)
    GROUP BY m.year
    ORDER BY m.year
    """,
)
# Beside the registers of `benchmarks.registers`; in these establishments stand inside the outlines.
KEPT = Path(os.environ.get("TOTEM_BENCH_REGISTER") or Path(tempfile.gettempdir()) / "totem-bench-register")
REAL_OUTLINES = ROOT.parent / "shared/data/communes_metropole_2026_simplifiees.parquet"


@dataclass(frozen=True)
class Statement:
    """A statement a page runs in DuckDB: its text, values, and the method that fetched its rows (None: not fetched)."""

    sql: str
    values: Any
    taken: str | None


@dataclass
class PlaceKind:
    """The addresses of one kind of place, what each asks DuckDB, and the milliseconds measured."""

    name: str
    paths: list[str]
    statements: list[list[Statement]] = field(default_factory=list)
    page: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    replayed: list[float] = field(default_factory=list)


def run(size: dataset.Size, rows: int) -> Report:
    report = Report("profiles", size.name)
    with staged(dataset.TINY) as stage:
        shapes = outlines(stage, size)
        import_stock(stage, rows, shapes)
        report.figures["register"] = {"rows": rows, "outlines": shapes, "load_average": os.getloadavg()[0]}
        kinds = place_kinds(3 if size.is_for_tests else PLACES)
        statements = in_child(lambda: [[statements_of(kind, path) for path in kind.paths] for kind in kinds])
        for kind, of_kind in zip(kinds, statements, strict=True):
            kind.statements = of_kind
        with stage.web() as web, stage.web(settings=BASELINE) as memory:
            for kind in kinds:
                check_baseline(kind, web, memory)
                measure(
                    kind, web, memory, rounds=1 if size.is_for_tests else ROUNDS, scale=0.25 if size.is_for_tests else 1
                )
                stage.say(
                    f"{kind.name}: {len(kind.page)} pages, {len(kind.baseline)} baselines, {len(kind.alone)} alone"
                )
                summarise(report, kind, size)
            weights = [memory_mb(pid) for pid in web_processes(web)]
    report.figures["memory of one web process"] = {
        "rss_mb": max(rss for rss, _pss in weights),
        "pss_mb": max((pss for _rss, pss in weights if pss is not None), default=None),
        "after_pages": sum(len(kind.page) for kind in kinds),
    }
    report.at_most("memory of one web process (RSS, MB)", max(rss for rss, _pss in weights), MOST_MB)
    return report


# -- The register -----------------------------------------------------------------------------------------------------


def outlines(stage: Stage, size: dataset.Size) -> str:
    """Load the outlines of communes, official and simplified, or a grid where that file is missing; returns which."""
    from totem.territories.outlines import load_outlines  # noqa: PLC0415 - the settings are chosen by the stage

    real = REAL_OUTLINES.exists() and not size.is_for_tests
    source = REAL_OUTLINES if real else grid(stage.folder / "grid.geojson")
    load_outlines(str(source))
    stage.say("outlines loaded")
    return "official, simplified" if real else "made-up grid"


def grid(path: Path) -> Path:
    """Every commune as a square of a twentieth of a degree, in order of code, in a square about the country's size."""
    from totem.territories.models import Commune  # noqa: PLC0415

    codes = list(Commune.objects.filter(current=True).order_by("code").values_list("code", flat=True))
    wide, side = int(len(codes) ** 0.5) + 1, 0.05
    features = []
    for number, code in enumerate(codes):
        west, south = round(-3 + number % wide * side, 2), round(42 + number // wide * side, 2)
        east, north = round(west + side, 2), round(south + side, 2)
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"code": code}, "geometry": geometry})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def import_stock(stage: Stage, rows: int, shapes: str) -> None:
    """Import a synthetic register of that many establishments, generated unless its files are kept already."""
    from totem.observatory.register.synthetic.files import synthesise  # noqa: PLC0415
    from totem.observatory.register.synthetic.reference import reference_from_database  # noqa: PLC0415

    folder = KEPT / f"placed-{rows}-{shapes.split(maxsplit=1)[0].strip(',')}"
    if not (folder / "whole").exists():
        made = synthesise(folder, rows=rows, seed=SEED, reference=reference_from_database(), formats=("parquet",))
        (folder / "whole").write_text("\n".join(file.name for file in made.files))
        stage.say(f"a register of {rows:,} establishments made")
    files = [str(folder / name) for name in (folder / "whole").read_text().split()]
    command = [
        sys.executable,
        "-m",
        "config.cli",
        "observatory",
        "import",
        *files,
        "--date",
        "2026-11-01",
        "--synthetic",
    ]
    environment = clean_environment() | stage.environment()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    stage.say("imported")


# -- The pages --------------------------------------------------------------------------------------------------------


def place_kinds(count: int) -> list[PlaceKind]:
    """`count` seeded places of each kind: half of them among the largest, which have the most figures."""
    rng = random.Random(SEED)
    codes = {level: _codes(level, rng, count) for level in LEVELS}
    kinds = [PlaceKind(level, [f"/observatoire/{level}/{code}/" for code in codes[level]]) for level in LEVELS]
    kinds.append(PlaceKind("drawn polygon", _drawn(rng, count)))
    series = [
        f"/observatoire/{level}/{code}/tableaux/serie.csv" for level in LEVELS for code in codes[level][: count // 2]
    ]
    kinds.append(PlaceKind(SERIES, series))
    return kinds


def _codes(level: str, rng: random.Random, count: int) -> list[str]:
    from totem.territories import queries  # noqa: PLC0415

    places = queries.PLACES[level].objects.filter(population__gt=0).order_by("-population")
    if level == "commune":
        places = places.filter(current=True)
    known = list(places.values_list("pk", flat=True))
    largest = rng.sample(known[: 4 * count], min(count // 2, len(known)))
    rest = [code for code in known if code not in largest]
    return [*largest, *rng.sample(rest, min(count - len(largest), len(rest)))]


def _drawn(rng: random.Random, count: int) -> list[str]:
    """Areas of twelve corners about communes, 3 to 30 km wide."""
    import shapely  # noqa: PLC0415

    from totem.observatory.views.scopes import read_drawn, text_of  # noqa: PLC0415
    from totem.territories.models import Level, Outline  # noqa: PLC0415
    from totem.territories.places import place_drawn  # noqa: PLC0415

    centres = list(
        Outline.objects.filter(level=Level.COMMUNE, south__gt=42, west__gt=-4)
        .order_by("code")
        .values_list("west", "south")
    )
    paths = []
    for west, south in rng.sample(centres, count):
        width = rng.uniform(0.03, 0.3)
        text = text_of(shapely.Point(west, south).buffer(width / 2, quad_segs=3))
        place = place_drawn(read_drawn(text).polygon)
        paths.append(f"/observatoire/dessin/{place.code}/?forme={text}")
    return paths


# -- DuckDB alone -----------------------------------------------------------------------------------------------------


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` returns in a process of its own: this one never opens DuckDB's engine, so that it can be forked."""
    from django.db import connection  # noqa: PLC0415

    connection.close()
    return drive([work])[0]


def statements_of(kind: PlaceKind, path: str) -> list[Statement]:
    """What DuckDB alone runs for a page: the page's own statements, or those of a yearly series."""
    from totem.observatory import engine  # noqa: PLC0415
    from totem.territories.places import place_for  # noqa: PLC0415

    if kind.name != SERIES:
        return recorded_statements(path)
    _empty, _observatory, level, code, *_rest = path.split("/")
    values = {"commune": list(place_for(level, code).communes)}
    queries = [Statement(sql, None, "fetchall") for sql in BARE_SERIES]
    return [Statement(engine._filling("place"), values, None), *queries]


def recorded_statements(path: str) -> list[Statement]:
    """The statements a page runs in DuckDB when the views of its stock exist already."""
    from django.test import Client  # noqa: PLC0415

    from totem.observatory import engine  # noqa: PLC0415

    engine.MOST_SCOPES = sys.maxsize  # in this process the connection that is recorded is not closed
    client = Client(SERVER_NAME=HOST)
    answer = client.get(path, secure=True)
    assert answer.status_code == 200, f"{path} answers {answer.status_code}"
    client.get(ELSEWHERE, secure=True)  # makes the page fill the tables of its place again
    recorded: list[dict[str, Any]] = []
    taken_next = engine._free[-1]
    connection, taken_next.duckdb = taken_next.duckdb, Recorder(taken_next.duckdb, recorded)  # type: ignore[assignment]
    try:
        client.get(path, secure=True)
    finally:
        taken_next.duckdb = connection
    return [Statement(**one) for one in recorded]


class Recorder:
    """A connection of DuckDB that appends each statement to `recorded`."""

    def __init__(self, connection: Any, recorded: list[dict[str, Any]]) -> None:
        self._connection, self._recorded = connection, recorded

    def execute(self, sql: str, values: Any = None) -> "Recorder":
        self._connection.execute(sql, values)
        self._recorded.append({"sql": sql, "values": values, "taken": None})
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("fetch"):
            self._recorded[-1]["taken"] = name
        return getattr(self._connection, name)


_lock = threading.Lock()


CREATE = "CREATE OR REPLACE TEMP TABLE open_here AS"


def alone(kind: PlaceKind, seconds: float, *, replayed: bool = False) -> Callable[[], list[float]]:
    """A client of DuckDB alone: the statements of one place after another, on a connection like that of a page.

    The place's establishments are a view that each statement reads; `replayed` creates the page's table instead.
    """

    def work() -> list[float]:
        from totem.observatory import engine, queries  # noqa: PLC0415

        with _lock:
            engine._free.append(engine._new_connection())
            with engine.opened(_any_scope(queries.serving_stock())):
                pass  # its views and its activities stay
            connection = engine._free.pop().duckdb
        statements_by_place = kind.statements if replayed else [_with_views(of_place) for of_place in kind.statements]
        order = _turns(statements_by_place)
        _replay(connection, next(order))
        return list(_timed(seconds, lambda: _replay(connection, next(order))))

    return work


@functools.cache
def _any_scope(stock: Any) -> Any:
    from totem.observatory.engine import Scope  # noqa: PLC0415
    from totem.observatory.queries import default_activities  # noqa: PLC0415
    from totem.territories.places import place_for  # noqa: PLC0415

    return Scope(stock, default_activities(), place_for("region", "32"))


def _with_views(statements: Sequence[Statement]) -> list[Statement]:
    return [replace(one, sql=one.sql.replace(CREATE, CREATE.replace("TABLE", "VIEW"))) for one in statements]


def _replay(connection: Any, statements: Sequence[Statement]) -> bool:
    for statement in statements:
        connection.execute(statement.sql, statement.values)
        if statement.taken:
            getattr(connection, statement.taken)()
    return True


# -- Measuring --------------------------------------------------------------------------------------------------------


def check_baseline(kind: PlaceKind, web: Web, memory: Web) -> None:
    """Wait until every web process keeps every page; assert that baseline pages are as long as the pages."""
    for _ in range(60):
        if all(_is_remembered(memory, path) for path in kind.paths):
            break
    for path in kind.paths[:3]:
        page, kept = Browser(web.port).get(path), Browser(memory.port).get(path)
        assert (page.status, kept.status) == (200, 200), f"{path} answers {page.status}, {kept.status}"
        assert len(page.body) == len(kept.body), f"the baseline page of {path} is another page"


def _is_remembered(memory: Web, path: str) -> bool:
    browser = Browser(memory.port)
    try:
        return "x-queries" in browser.get(path).headers
    finally:
        browser.close()


def measure(kind: PlaceKind, web: Web, memory: Web, *, rounds: int, scale: float = 1) -> None:
    from django.db import connection  # noqa: PLC0415

    for number in range(rounds + 1):
        connection.close()  # clients are forked
        seconds = scale * (SECONDS if number else WARM_SECONDS)
        page = drive([_page(web.port, kind.paths, seconds) for _ in range(CLIENTS)])
        baseline = drive([_page(memory.port, kind.paths, seconds, remembered=True) for _ in range(CLIENTS)])
        bare = drive([alone(kind, seconds) for _ in range(CLIENTS)])
        strict = drive([alone(kind, seconds, replayed=True) for _ in range(CLIENTS)])
        if number:
            kind.page += [ms for took in page for ms in took]
            kind.baseline += [ms for took in baseline for ms in took]
            kind.alone += [ms for took in bare for ms in took]
            kind.replayed += [ms for took in strict for ms in took]


def _page(port: int, paths: list[str], seconds: float, *, remembered: bool = False) -> Callable[[], list[float]]:
    """A client of the pages; `remembered` leaves out those that the baseline had to ask the product for."""

    def work() -> list[float]:
        browser, order = Browser(port), _turns(paths)

        def ask() -> bool:
            path = next(order)
            answer = browser.get(path)
            browser.close()
            if answer.status != 200:
                raise RuntimeError(f"{path} answers {answer.status}")
            return not remembered or "x-queries" in answer.headers

        return list(_timed(seconds, ask))

    return work


def _turns(items: Sequence[Any]) -> Iterator[Any]:
    """The items, repeated without end, in an order of this client."""
    order = random.Random(f"{os.getpid()} {threading.get_ident()}").sample(items, len(items))
    while True:
        yield from order


def _timed(seconds: float, ask: Callable[[], bool]) -> Iterator[float]:
    """Call `ask` until the time is over; yields the milliseconds of each call that returned true."""
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        if ask():
            yield (time.perf_counter() - began) * 1000


def summarise(report: Report, kind: PlaceKind, size: dataset.Size) -> None:
    if not (kind.page and kind.baseline and kind.alone):
        raise SystemExit(f"{kind.name}: too few answers to say anything")
    whole, page, bare = p95(kind.page), p95(kind.baseline), p95(kind.alone)
    report.figures[kind.name] = {
        "p95_ms": whole,
        "median_ms": median(kind.page),
        "answers": len(kind.page),
        "answers_per_second": 1000 * CLIENTS * len(kind.page) / sum(kind.page),
        "places": len(kind.paths),
        "statements": max(map(len, kind.statements)),
        "clients": CLIENTS,
    }
    report.baselines[kind.name] = {
        "page_p95_ms": page,
        "page_median_ms": median(kind.baseline),
        "duckdb_p95_ms": bare,
        "duckdb_median_ms": median(kind.alone),
        "replayed_p95_ms": p95(kind.replayed),
    }
    report.ratios[kind.name] = whole / (page + bare)
    report.ratios[f"{kind.name}, statements replayed"] = whole / (page + p95(kind.replayed))
    if not size.is_for_tests:
        report.at_most(f"{kind.name}: p95 / (baseline page + DuckDB alone)", report.ratios[kind.name], LIMIT)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profiles")
    parser.add_argument("--size", choices=list(ROWS), default="S", help="tiny is for the tests: no figures")
    parser.add_argument("--rows", type=int, help="establishments of the register (those of the size)")
    options = parser.parse_args()
    finish(run(dataset.SIZES[options.size], options.rows or ROWS[options.size]))


if __name__ == "__main__":
    main()
