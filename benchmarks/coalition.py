"""How fast partners are found: `python -m benchmarks.coalition [--size S|M|L]`.

The search of `totem.labels.coalitions` over seeded figures of invented territories: sizes log-normal, actors likelier
in large ones, large companies in several at once, some figures not known; a charter of nine clauses and twelve kinds of
actors. Three charters: `believable`, a `lax` one (millions of minimal sets), a `strict` one that no set meets (the
nearest miss is looked for).

- up to four partners among 150 (S and L), up to three among 1,300 (M and L): each in a process of its own, in seconds
  to the first answer (a set that meets everything; where there is none, the nearest miss of the first size) and in all;
- `exhaustive`: the same answer by looking at every set, where that is possible (60 partners, up to three);
- `greedy`: over many leads, how often it ends without a set where there is one, or with a larger one than needed.
"""

import argparse
import math
import multiprocessing
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.exhaustive import exhaustive, greedy
from benchmarks.report import Report, finish
from totem.labels.coalitions.problem import AtLeast, Atom, Clause, CoalitionAnswer, CoalitionProblem
from totem.labels.coalitions.search import solve

SEED = 2014
FIRST_SECONDS, ALL_SECONDS, MOST_MB = 1, 10, 250  # of the job's process; web processes do not search
LARGE_COMPANIES = 150
ACTORS = {  # how likely one is in a territory of average size
    "champion": 0.05,
    "higher education": 0.1,
    "research of a large group": 0.06,
    "school": 0.4,
    "incubator": 0.25,
    "venture capital": 0.04,
    "seed capital": 0.06,
    "business angels": 0.12,
    "community": 0.35,
    "fab lab": 0.3,
    "simpler procedures": 0.15,
    "monthly agreements": 0.3,
}


@dataclass(frozen=True)
class Charter:
    """The name of a charter and the thresholds of its clauses."""

    name: str
    area: int
    firms: int
    jobs: int
    accounts: int
    international: int
    events: int
    kinds_of_actors: int  # how many of the twelve are needed
    rank: int


BELIEVABLE = Charter("believable", 50_000, 450, 4_000, 8, 22, 150, 12, 60)
LAX = Charter("lax", 20_000, 250, 1_500, 4, 15, 80, 8, 40)
STRICT = Charter("strict", 50_000, 450, 4_000, 8, 22, 150, 12, 101)
CHARTERS = {charter.name: charter for charter in (BELIEVABLE, LAX, STRICT)}


@dataclass(frozen=True)
class Case:
    partners: int
    most: int
    charter: str
    lead: int = 0

    @property
    def name(self) -> str:
        return f"{self.charter}: up to {self.most} among {self.partners:,}"


CASES = {
    "tiny": [(20, 3)],
    "S": [(150, 4)],
    "M": [(1300, 3)],
    "L": [(150, 4), (1300, 3)],
}
REFERENCE = {"tiny": (12, 3), "S": (60, 3), "M": (60, 3), "L": (60, 3)}
LEADS = {"tiny": 3, "S": 40, "M": 40, "L": 40}


def problem_of(case: Case) -> CoalitionProblem:
    """A seeded problem of invented territories, the same for the same case. The lead is of middling size."""
    rng = random.Random(f"{SEED} {case.partners} {case.lead}")
    charter = CHARTERS[case.charter]
    sizes = [3.0, *(rng.lognormvariate(0, 1.1) for _ in range(case.partners))]

    def figures(mean: float) -> tuple[int | None, ...]:
        return tuple(
            None if at and rng.random() < 0.03 else round(mean * size * rng.lognormvariate(0, 0.6))
            for at, size in enumerate(sizes)
        )

    def presence(chance: float) -> tuple[int, ...]:
        return tuple(int(rng.random() < 1 - (1 - chance) ** size) for size in sizes)

    jobs = figures(300)
    abroad = tuple(None if one is None else (round(one * rng.betavariate(2, 7)), one) for one in jobs)
    actors = tuple(Atom(name, "any", presence(chance), 1) for name, chance in ACTORS.items())
    clauses: list[Clause] = [
        AtLeast(charter.kinds_of_actors, actors, "actors"),
        Atom("delivered area", "sum", figures(5_000), charter.area),
        Atom("firms", "sum", figures(50), charter.firms),
        Atom("jobs", "sum", jobs, charter.jobs),
        Atom("events", "sum", figures(15), charter.events),
        Atom("large accounts", "union", tuple(map(frozenset, _sites(rng, sizes))), charter.accounts),
        Atom("international", "ratio", abroad, charter.international),
        Atom("rank", "max", tuple(min(100, rng.randint(1, 40) + round(8 * size)) for size in sizes), charter.rank),
        AtLeast(1, (actors[5], actors[7], Atom("funds", "sum", figures(2), 30)), "capital"),
    ]
    opens = tuple(Atom(f"open point {number}", "any", presence(0.2), 1) for number in range(6))
    names = tuple(map(str, range(case.partners + 1)))
    return CoalitionProblem(names, tuple(clauses), opens, _near(rng, sizes), case.most)


def _sites(rng: random.Random, sizes: list[float]) -> list[set[int]]:
    """The large companies of each territory: one of them is in several, sooner in large ones."""
    there: list[set[int]] = [set() for _ in sizes]
    for company in range(LARGE_COMPANIES):
        for at in rng.choices(range(len(sizes)), sizes, k=max(1, round(rng.paretovariate(1)))):
            there[at].add(company)
    return there


def _near(rng: random.Random, sizes: list[float]) -> frozenset[tuple[int, int]]:
    """Pairs of neighbours on a map one unit wide: those nearer than a distance that gives each about five."""
    places = [(rng.random(), rng.random()) for _ in sizes]
    near = math.sqrt(5 / math.pi / len(sizes))
    return frozenset(
        (one, other)
        for one in range(len(sizes))
        for other in range(one)
        if math.dist(places[one], places[other]) < near
    )


# -- Measuring --------------------------------------------------------------------------------------------------------


def measured(case: Case) -> dict[str, Any]:
    """The seconds, sets and memory of one search; in a process of its own, memory being the most it ever had."""
    problem = problem_of(case)
    before, first, last = _most_mb(), 0.0, None
    began, worked = time.perf_counter(), time.process_time()
    for last in solve(problem):
        if (last.count or last.nearest) and not first:
            first = time.perf_counter() - began
    took = time.perf_counter() - began
    assert isinstance(last, CoalitionAnswer)
    nearest = len(last.nearest.unmet) if last.nearest else 0
    return {
        "first_answer_s": first or took,
        "all_s": took,
        "processor_s": time.process_time() - worked,
        "minimal_sets": last.count,
        "by_partners": list(last.by_size),
        "irreplaceable": len(last.irreplaceable),
        "nearest_lacks": nearest,
        "sets_looked_at": sum(math.comb(case.partners, size) for size in range(case.most + 1)),
        "rss_mb": _most_mb(),
        "rss_before_mb": before,
    }


def _most_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def alone(case: Case) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measured, case).result()


def beside_exhaustive(report: Report, partners: int, most: int) -> None:
    """The same answer, and how much sooner."""
    for charter in CHARTERS:
        case = Case(partners, most, charter)
        problem = problem_of(case)
        began = time.perf_counter()
        *_, last = solve(problem)
        searched = time.perf_counter() - began
        began = time.perf_counter()
        plain = exhaustive(problem)
        looked = time.perf_counter() - began
        report.baselines[f"exhaustive, {case.name}"] = {"all_s": looked, "search_s": searched, "sets": plain.count}
        report.ratios[f"exhaustive / search, {case.name}"] = looked / searched
        report.exactly(f"{case.name}: the same answer as exhaustive search", int(last == plain), 1)


def beside_greedy(report: Report, leads: int) -> None:
    """Over many leads: no set found where there is one, or one with more partners than needed."""
    tried = none = larger = 0
    for lead in range(1, leads + 1):
        problem = problem_of(Case(60, 4, BELIEVABLE.name, lead))
        *_, last = solve(problem)
        if not last.count:
            continue
        tried += 1
        found = greedy(problem)
        none += found is None
        larger += found is not None and len(found) > len(last.best[0].members)
    report.baselines["greedy, up to 4 among 60"] = {"leads": tried, "none_found": none, "larger_than_needed": larger}
    report.ratios["greedy is wrong"] = (none + larger) / max(1, tried)


def run(size: str) -> Report:
    report = Report("coalition", size)
    for partners, most in CASES[size]:
        for charter in CHARTERS:
            case = Case(partners, most, charter)
            figures = report.figures[case.name] = alone(case)
            print(f"{case.name}: {figures}", file=sys.stderr)
            if size != "tiny":
                report.at_most(f"{case.name}: first answer (s)", figures["first_answer_s"], FIRST_SECONDS)
                report.at_most(f"{case.name}: all (s)", figures["all_s"], ALL_SECONDS)
                report.at_most(f"{case.name}: memory (MB)", figures["rss_mb"], MOST_MB)
    beside_exhaustive(report, *REFERENCE[size])
    beside_greedy(report, LEADS[size])
    return report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coalition")
    parser.add_argument("--size", choices=list(CASES), default="S", help="tiny is for the tests: no figures")
    finish(run(parser.parse_args().size))


if __name__ == "__main__":
    main()
