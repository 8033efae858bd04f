"""Every answer of the observatory equals the one computed the plain way from the rows (independent.py)."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPoint, Polygon, box
from shapely.geometry.base import BaseGeometry

from tests.factories.observatory import Row, department_of, establishment, write_layout
from tests.factories.territories import CommuneFactory, DepartmentFactory, RegionFactory
from tests.observatory import independent
from tests.observatory.independent import World
from totem.observatory import queries
from totem.observatory.activities import Activities, actor_kinds
from totem.observatory.engine import RowsGone, Scope
from totem.observatory.models import Nomenclature, Stock
from totem.territories.places import Place

COMMUNES = ("80021", "80382", "76540", "76351", "2A004", "97120")
DEPARTMENTS = {code: department_of(code) or "" for code in COMMUNES}
REV2 = ("62.01Z", "62.02A", "58.29C", "63.11Z", "72.19Z", "94.99Z")
NAF2025 = ("62.10Y", "62.20G", "58.29Y", "63.10Y", "60.39Y", "99.99Y")
ACTOR_CODES = tuple(code for kind in actor_kinds() for code in kind.codes)
DAY = date(2026, 11, 1)
_folders = count(1)


@dataclass(frozen=True)
class Asked:
    """What is asked in one go: a register in rows (told, or drawn as numbers), activities, a place."""

    rev2: Mapping[str, int]
    later: Mapping[str, int]
    rows: Sequence[Row] = ()
    numbers: Sequence[int] = ()
    branches: int = 2
    naf2025: bool = False
    corrections: Mapping[str, int | None] | None = None
    whole: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    polygon: BaseGeometry | None = None
    series: Sequence[Row] = ()
    moves: Sequence[Row] = ()
    addresses: Sequence[Row] = ()

    @cached_property
    def register(self) -> list[Row]:
        """The rows, given one by one or as numbers (`row_of`)."""
        return [*self.rows, *(row_of(place, number) for place, number in enumerate(self.numbers))]

    @property
    def world(self) -> World:
        return World(
            rows=self.register,
            codes=self.later if self.naf2025 else self.rev2,
            branches=self.branches,
            whole=self.whole,
            partial=self.partial,
            polygon=self.polygon,
            corrections=self.corrections or {},
            naf2025=self.naf2025,
            both=(frozenset(self.rev2), frozenset(self.later)),
            year=DAY.year,
            series=self.series,
            moves=self.moves,
            addresses=self.addresses,
        )

    @property
    def activities(self) -> Activities:
        counted = dict(sorted((self.later if self.naf2025 else self.rev2).items()))
        return Activities(
            version_id=1,
            slug="essai",
            name="Essai",
            number=1,
            nomenclature=Nomenclature.NAF2025 if self.naf2025 else Nomenclature.REV2,
            codes=tuple(counted),
            branch_of_code=tuple(counted.values()),
            branches=tuple(f"Branche {number}" for number in range(1, self.branches + 1)),
            rev2=tuple(sorted(self.rev2)),
            naf2025=tuple(sorted(self.later)),
            corrected=self.corrections is not None,
        )

    @property
    def place(self) -> Place:
        communes = tuple(sorted((*self.whole, *self.partial)))
        return Place("dessin", "essai", "Essai", communes, None, None, self.polygon, self.whole, self.partial)


class Ask:
    """Writes the layout of what is asked and gives the scope to ask it of."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, asked: Asked, *, complete: bool = True) -> Scope:
        stock = Stock(folder=f"essai-{next(_folders)}", date=DAY, complete=complete)
        write_layout(
            stock.path,
            asked.register,
            wanted={*asked.rev2, *asked.later, *ACTOR_CODES},
            complete=complete,
            series=asked.series,
            moves=asked.moves,
            addresses=asked.addresses,
            corrections={1: asked.corrections} if asked.corrections is not None else {},
        )
        return Scope(stock, asked.activities, asked.place)

    def clear(self) -> None:
        shutil.rmtree(self.root / "stocks", ignore_errors=True)


@pytest.fixture
def ask(db: None, stock_folder: Path) -> Ask:
    """Makes scopes; the communes of the rows are known to the database."""
    for code in COMMUNES:
        region = RegionFactory(code=f"r{DEPARTMENTS[code]}"[:3], name=DEPARTMENTS[code])
        department = DepartmentFactory(code=DEPARTMENTS[code], name=DEPARTMENTS[code], region=region)
        CommuneFactory(code=code, name=code, department=department)
    return Ask(stock_folder)


# -- Comparing --------------------------------------------------------------------------------------------------------

UNITS = ("key", "head_offices", "establishments", "employers")


def values(rows: Sequence[Any], *names: str) -> list[tuple[Any, ...]]:
    """The named values of frozen rows; `jobs` gives both its bounds."""
    return [
        tuple(
            value
            for name in names
            for value in ((row.jobs.low, row.jobs.high) if name == "jobs" else (getattr(row, name),))
        )
        for row in rows
    ]


def check_cubes(scope: Scope, world: World) -> None:
    """What every stock answers, whether its rows are kept or not."""
    profile = queries.profile(scope)
    assert asdict(profile.totals) == independent.totals(world)
    assert queries.totals(scope) == profile.totals
    assert values(profile.branches, *UNITS, "estimated", "jobs") == independent.branches(world)
    assert values(profile.activities, *UNITS) == independent.activities(world)
    assert values(profile.sizes, "band", "unknown", "establishments") == independent.sizes(world)
    assert values(profile.born, *UNITS[:3]) == independent.ages(world)
    assert values(profile.legal_forms, *UNITS[:3]) == independent.legal_forms(world)
    quotients = [(*row[:3], pytest.approx(row[3])) for row in independent.specialities(world)]
    assert values(profile.specialities, "branch", "here", "country", "quotient") == quotients
    years = ("year", "stock", "births", "closures", "arrivals", "departures", "inside")
    assert values(profile.series, *years) == independent.series(world)
    assert queries.series(scope) == profile.series
    assert values(queries.communes(scope), *UNITS, "everything") == independent.communes(world)
    sides = {code: "nord" if code.startswith("8") else "ailleurs" for code in world.communes}
    ranked = values(queries.ranking(scope, sides), *UNITS, "jobs", "everything")
    assert ranked == independent.ranking(world, sides)
    passages = values(queries.passages(scope), "rev2", "naf2025", "establishments", "share", "official")
    assert passages == independent.passages(world, DEPARTMENTS)
    assert queries.quality(scope) == independent.quality(world)
    found = [(row["commune"], row["address"], row["units"]) for row in queries.domiciliations(scope)]
    assert found == independent.domiciliations(world)[:20]


def check_rows(scope: Scope, world: World) -> None:
    """What only the stock in service answers."""
    listed = queries.companies(scope, limit=1000)
    assert [row.siret for row in listed] == independent.companies(world)
    of_siret = {row["siret"]: row for row in world.rows}
    for company in listed:
        row = of_siret[company.siret]
        assert (company.siren, company.name, company.band) == (row["siren"], row["name"], row["band"])
        assert company.natural_person == (row["legal"] is not None and row["legal"].startswith("1"))
    second = queries.companies(scope, branch=2, employers_only=True, limit=3, offset=1)
    assert [row.siret for row in second] == independent.companies(world, branch=2, employers_only=True)[1:4]
    for category in ("", "GE"):
        assert queries.company_ids(scope, category=category) == independent.company_ids(world, category)
    for found in queries.actors(scope, limit=2):
        plain = independent.actors(world, found.kind.codes, found.kind.legal)
        assert found.total == len(plain)
        assert [row["siret"] for row in found.shown] == independent.actors_shown(plain)[:2]
    for kind in (actor_kinds()[2], actor_kinds()[5]):
        plain = independent.actors(world, kind.codes, kind.legal)
        assert queries.actor_ids(scope, kind.slug) == set(plain["siren"].astype(int))


def check(ask: Ask, asked: Asked) -> None:
    scope = ask(asked)
    check_cubes(scope, asked.world)
    check_rows(scope, asked.world)


# -- Any register, any place, any activities --------------------------------------------------------------------------

# A row is drawn as one number, read in these bases: hypothesis is quick, and shrinks towards the first of each.
CHOICES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("commune", (*COMMUNES, None)),
    ("code", (*REV2, None)),
    ("code25", (*NAF2025, None)),
    ("band", ("NN", "00", "01", "12", "53", None)),
    ("employer", (False, True, None)),
    ("open", (True, True, True, False)),
    ("diffusion", ("O", "O", "P")),
    ("head_office", (True, False)),
    ("born", (2015, 2025, None)),
    ("legal", ("5710", "1000", "9220", "7210", None)),
    ("category", ("PME", "GE", None)),
    ("estimated", (True, False)),
    ("name", ("Une", "Deux", None)),
    ("point", tuple((x + 0.37, y + 0.37) for x in range(6) for y in range(6)) + ((None, None),) * 6),
    ("siren", tuple(f"9{number:08}" for number in range(30))),
)
_SPAN = 1
for _name, _choices in CHOICES:
    _SPAN *= len(_choices)


def row_of(place: int, number: int) -> Row:
    told: Row = {}
    number = number * 0x9E3779B97F4A7C15 % _SPAN  # hypothesis prefers small numbers: scattered over all rows
    for name, choices in CHOICES:
        number, which = divmod(number, len(choices))
        told[name] = choices[which]
    told["lon"], told["lat"] = told.pop("point")
    closed = None if told["open"] else 2020
    return establishment(**told, siret=f"{told['siren']}{place:05}", closed=closed)


def lists(of: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    """Lists as often long as short."""
    return st.integers(0, most).flatmap(lambda size: st.lists(of, min_size=size, max_size=size))


def polygons() -> st.SearchStrategy[BaseGeometry]:
    points = st.lists(st.tuples(st.integers(-1, 7), st.integers(-1, 7)), min_size=3, max_size=7)
    hulls = points.map(lambda them: MultiPoint(them).convex_hull).filter(lambda hull: isinstance(hull, Polygon))
    return st.tuples(hulls, st.booleans()).map(lambda drawn: drawn[0] - box(2, 2, 4, 4) if drawn[1] else drawn[0])


years = st.integers(2010, DAY.year)
some_communes, some_codes = st.sampled_from((*COMMUNES, None)), st.sampled_from((*REV2, None))
few = st.integers(0, 9)


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    side = draw(st.lists(st.sampled_from(["whole", "partial", "out", "whole"]), min_size=6, max_size=6))
    drawn = draw(st.booleans())
    partial = tuple(sorted(c for c, s in zip(COMMUNES, side, strict=True) if s == "partial")) if drawn else ()
    branches = draw(st.integers(1, 3))
    branch = st.integers(1, branches)
    sirens = st.sampled_from([f"9{number:08}" for number in range(30)])
    stocks = draw(lists(st.tuples(some_communes, some_codes, years, few, few, few), 12))
    return Asked(
        numbers=draw(lists(st.integers(0, _SPAN - 1), 200)),
        rev2=draw(st.dictionaries(st.sampled_from(REV2), branch)),
        later=draw(st.dictionaries(st.sampled_from(NAF2025), branch)),
        branches=branches,
        naf2025=draw(st.booleans()),
        corrections=draw(st.none() | st.dictionaries(sirens, st.none() | branch, max_size=8)),
        whole=tuple(sorted(c for c, s in zip(COMMUNES, side, strict=True) if s == "whole")),
        partial=partial,
        polygon=draw(polygons()) if partial else None,
        series=[
            dict(zip(("commune", "code", "year", "stock", "births", "closures"), row, strict=True)) for row in stocks
        ],
        moves=[
            dict(zip(("year", "from_commune", "from_code", "to_commune", "to_code", "n"), row, strict=True))
            for row in draw(lists(st.tuples(years, some_communes, some_codes, some_communes, some_codes, few), 12))
        ],
        addresses=[
            {"commune": commune, "address": f"{number} rue du Port", "units": 20 + units}
            for number, (commune, units) in enumerate(draw(lists(st.tuples(some_communes, few), 6)))
        ],
    )


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(questions())
def test_every_answer_is_that_of_the_plain_computation(ask, asked):
    check(ask, asked)
    ask.clear()


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(questions())
def test_an_archived_stock_answers_the_same_but_for_what_needs_its_rows(ask, asked):
    scope = ask(asked, complete=False)
    if asked.partial:
        with pytest.raises(RowsGone):
            queries.profile(scope)
        return
    check_cubes(scope, asked.world)
    for question in (queries.companies, queries.company_ids, queries.actors):
        with pytest.raises(RowsGone):
            question(scope)
    ask.clear()
