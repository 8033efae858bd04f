"""Every answer of the observatory equals the one computed the plain way from the rows (independent.py)."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
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

from tests.factories.observatory import ActivityVersionFactory, Row, department_of, establishment, write_layout
from tests.factories.territories import CommuneFactory, DepartmentFactory, RegionFactory
from tests.observatory import independent, registers
from tests.observatory.independent import World
from totem.observatory import answers, corrections, queries, yearly
from totem.observatory.activities import Activities, activities_of, actor_kinds
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
    """The named values of frozen rows; `jobs` gives its bounds and how many have none."""
    return [
        tuple(value for name in names for value in (astuple(row.jobs) if name == "jobs" else (getattr(row, name),)))
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
    assert yearly.series(scope) == profile.series
    assert values(queries.communes(scope), *UNITS, "everything") == independent.communes(world)
    sides = {code: "nord" if code.startswith("8") else "ailleurs" for code in world.communes}
    ranked = values(queries.ranking(scope, sides), *UNITS, "jobs", "everything")
    assert ranked == independent.ranking(world, sides)
    passages = values(queries.passages(scope), "rev2", "naf2025", "establishments", "share", "official")
    assert passages == independent.passages(world, department_of)
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
    points = queries.points(scope, limit=1000)
    assert [row.siret for row in points] == independent.points(world)
    for point in points:
        row = of_siret[point.siret]
        assert (point.lon, point.lat) == pytest.approx((row["lon"], row["lat"]), abs=2e-6)
    for category in ("", "GE"):
        assert queries.company_ids(scope, category=category) == independent.company_ids(world, category)
    active = independent.company_ids(world, active=True)
    assert queries.company_ids(scope, active=True) == active <= independent.company_ids(world)
    for found in queries.actors(scope, limit=2):
        plain = independent.actors(world, found.kind.codes, found.kind.legal)
        assert found.total == len(plain)
        assert [row["siret"] for row in found.shown] == independent.actors_shown(plain)[:2]
    for kind in (actor_kinds()[2], actor_kinds()[5]):
        plain = independent.actors(world, kind.codes, kind.legal)
        assert queries.actor_ids(scope, kind.slug) == set(plain["siren"].astype(int))


def check(ask: Ask, asked: Asked) -> Scope:
    """The scope, once every answer about it has been found to be the plain one."""
    scope = ask(asked)
    check_cubes(scope, asked.world)
    check_rows(scope, asked.world)
    return scope


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


@settings(max_examples=settings.default.max_examples // 4, suppress_health_check=list(HealthCheck))
@given(questions())
def test_every_answer_is_that_of_the_plain_computation(ask, asked):
    check(ask, asked)
    ask.clear()


@settings(max_examples=settings.default.max_examples // 12, suppress_health_check=list(HealthCheck))
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


# -- Pitfalls, one by one ---------------------------------------------------------------------------------------------

PROGRAMMING = {"62.01Z": 1, "62.02A": 1, "58.29C": 2}
SQUARE = box(2, 49, 3, 50)
INSIDE, OUTSIDE = {"lon": 2.5, "lat": 49.5}, {"lon": 3.5, "lat": 49.5}


def amiens(*rows: Row, **asked: Any) -> Asked:
    """Those establishments, asked of Amiens by NAF rev. 2."""
    given: dict[str, Any] = {"whole": ("80021",), "rev2": PROGRAMMING, "later": {"62.10Y": 1, "58.29Y": 2}}
    return Asked(**{**given, **asked, "rows": rows})


def drawn(*rows: Row, **asked: Any) -> Asked:
    """Those establishments, asked of a square that cuts Amiens."""
    return amiens(*rows, **{"whole": (), "partial": ("80021",), "polygon": SQUARE, **asked})


def totals(ask: Ask, asked: Asked) -> answers.Totals:
    """The figures that matter, once every answer has been found to be the plain one."""
    return queries.totals(check(ask, asked))


def test_nothing_is_counted_where_there_is_nothing(ask):
    found = totals(ask, amiens())
    assert (found.establishments, found.jobs, found.share_undecided()) == (0, answers.Interval(0, 0), None)
    assert totals(ask, amiens(establishment(), whole=())).establishments == 0
    assert totals(ask, amiens(establishment(), rev2={})).establishments == 0


def test_the_three_units_are_told_apart(ask):
    head = establishment(siren="900000001", band="12")
    branch = establishment(siren="900000001", band="NN", head_office=False)
    found = totals(ask, amiens(head, branch, establishment(open=False)))
    assert (found.head_offices, found.establishments, found.employers) == (1, 2, 1)


@pytest.mark.parametrize(
    ("band", "employer", "employers", "unknown", "jobs"),
    [
        ("NN", False, 0, 0, (0, 0)),  # a non-employer, not a headcount that nobody knows
        ("NN", None, 0, 0, (0, 0)),
        ("NN", True, 1, 1, (0, None)),  # employs since; born after the year of the band, or not counted yet
        ("00", True, 1, 0, (0, 0)),
        ("00", False, 0, 0, (0, 0)),
        (None, False, 0, 1, (0, None)),
        (None, True, 1, 1, (0, None)),
        ("01", False, 1, 0, (1, 2)),
        ("12", True, 1, 0, (20, 49)),
        ("53", True, 1, 0, (10000, None)),  # no end, and yet a band
    ],
)
def test_a_headcount_is_an_interval_of_three_valued_bands(ask, band, employer, employers, unknown, jobs):
    found = totals(ask, amiens(establishment(band=band, employer=employer)))
    assert (found.employers, found.headcount_unknown, (found.jobs.low, found.jobs.most)) == (employers, unknown, jobs)


def test_a_headcount_without_end_stands_beside_the_bounds_of_the_others(ask):
    rows = [establishment(band=band) for band in ("12", "03", "53", None)]
    found = totals(ask, amiens(*rows)).jobs
    assert (found, found.most) == (answers.Interval(10_026, 10_058, unknown=1, endless=1), None)
    assert totals(ask, amiens(*rows[:2])).jobs == answers.Interval(26, 58)


def test_the_headcount_is_the_establishments_and_the_companys_stands_beside_it(ask):
    asked = amiens(establishment(band="NN", unit_band="53"))
    assert totals(ask, asked).jobs == answers.Interval(0, 0)
    (company,) = queries.companies(ask(asked))
    assert (company.band, company.unit_band) == ("NN", "53")


def test_partial_diffusion_is_counted_and_neither_named_nor_placed(ask):
    asked = amiens(establishment(diffusion="P", code="72.19Z"), rev2={"72.19Z": 1})
    found = totals(ask, asked)
    assert (found.establishments, found.partial_diffusion, found.not_placed) == (1, 1, 1)
    scope = ask(asked)
    assert queries.companies(scope) == queries.points(scope, limit=10) == ()
    research = next(actors for actors in queries.actors(scope) if actors.kind.slug == "recherche")
    assert (research.total, research.shown) == (1, ())


def test_what_closed_or_is_perhaps_asleep_stands_apart(ask):
    found = totals(ask, amiens(establishment(), establishment(estimated=False), establishment(open=False, closed=2021)))
    assert (found.establishments, found.establishments_estimated) == (2, 1)


def test_a_birth_nobody_knows_is_a_class_of_its_own(ask):
    asked = amiens(establishment(born=None), establishment(born=2020))
    assert totals(ask, asked).birth_unknown == 1
    assert [row.key for row in queries.profile(ask(asked)).born] == [2020, None]


def test_an_old_nomenclature_counts_nothing_but_what_its_naf_2025_code_counts(ask):
    row = establishment(nomenclature="NAF1993", code25="62.10Y")
    assert totals(ask, amiens(row)).establishments == 0
    assert totals(ask, amiens(row, naf2025=True)).establishments == 1


def test_each_nomenclature_counts_by_its_own_codes(ask):
    rows = [establishment(code="62.01Z", code25="58.29Y"), establishment(code="62.02A", code25=None)]
    for asked, branches in ((amiens(*rows), [2, 0]), (amiens(*rows, naf2025=True), [0, 1])):
        assert [branch.establishments for branch in queries.profile(check(ask, asked)).branches] == branches


def test_an_establishment_without_a_commune_is_in_no_place_and_not_in_the_country(ask):
    asked = amiens(establishment(), establishment(commune=None))
    assert totals(ask, asked).establishments == 1
    speciality = queries.profile(ask(asked)).specialities[0]
    assert (speciality.here, speciality.country, speciality.quotient) == (1, 1, 1)


def test_a_drawn_place_counts_what_stands_inside_and_says_what_cannot_be_decided(ask):
    rows = [
        establishment(**INSIDE), establishment(**OUTSIDE), establishment(lon=None, lat=None, band="12"),
        establishment(diffusion="P", head_office=False),
    ]  # fmt: skip
    found = totals(ask, drawn(*rows))
    assert (found.establishments, found.undecided) == (
        1, {"establishments": 2, "head_offices": 1, "employers": 1},
    )  # fmt: skip
    assert found.share_undecided() == pytest.approx(2 / 3)
    assert queries.profile(ask(drawn(*rows))).specialities == ()


def test_a_drawn_place_finds_candidates_inside_it(ask):
    rows = [establishment(code="72.19Z", **INSIDE), establishment(code="72.19Z", **OUTSIDE)]
    found = {actors.kind.slug: actors.total for actors in queries.actors(check(ask, drawn(*rows)))}
    assert found["recherche"] == 1


MINE = "900000009"


@pytest.mark.parametrize("where", [amiens, drawn])
@pytest.mark.parametrize(
    ("code", "correction", "branches"),
    [
        ("62.01Z", None, [0, 0]),  # its code counts it, a person does not
        ("62.01Z", 2, [0, 1]),  # counted already, in another branch: once
        ("62.01Z", 1, [1, 0]),
        ("86.10Z", 2, [0, 1]),  # health by its code, digital by what it does
        ("86.10Z", None, [0, 0]),
    ],
)
def test_a_company_counted_or_left_out_by_hand(ask, where, code, correction, branches):
    row = establishment(siren=MINE, code=code, code25=None, **INSIDE)
    asked = where(row, establishment(siren=MINE, code=code, open=False), corrections={MINE: correction})
    scope = check(ask, asked)
    assert [branch.establishments for branch in queries.profile(scope).branches] == branches
    assert len(queries.company_ids(scope)) == sum(branches)


@pytest.mark.parametrize(("correction", "undecided"), [(None, 0), (1, 1)])
def test_what_cannot_be_decided_follows_the_corrections_by_hand(ask, correction, undecided):
    row = establishment(siren=MINE, lon=None, lat=None)
    found = totals(ask, drawn(row, corrections={MINE: correction}))
    assert (found.establishments, found.undecided["establishments"]) == (0, undecided)


def test_a_company_counted_by_hand_outside_the_drawn_place_is_not_there(ask):
    row = establishment(siren=MINE, code="86.10Z", **OUTSIDE)
    assert totals(ask, drawn(row, corrections={MINE: 1})).establishments == 0


def test_moves_are_neither_births_nor_closures(ask):
    moves = [
        {"year": 2025, "from_commune": a, "from_code": code, "to_commune": b, "to_code": "62.01Z", "n": n}
        for a, code, b, n in [
            ("80021", "62.01Z", "76540", 5),  # left
            ("76540", "62.01Z", "80021", 3),  # came
            ("80021", "62.02A", "80021", 2),  # stayed
            ("80021", "86.10Z", "80021", 1),  # came by a change of activity
            (None, None, "80021", 7),  # from nobody knows where
            ("76540", "62.01Z", "76351", 11),
        ]
    ]
    lived = [{"commune": "80021", "code": "62.01Z", "year": 2023, "stock": 9, "births": 2, "closures": 1}]
    asked = amiens(moves=moves, series=lived)
    years = yearly.series(check(ask, asked))
    assert [year.year for year in years] == [2023, 2024, 2025, 2026]
    assert (years[2].arrivals, years[2].departures, years[2].inside, years[2].others) == (11, 5, 2, -6)
    assert (years[0].stock, years[0].others, years[3].stock) == (9, 8, 0)


def test_the_past_is_not_told_in_naf_2025(ask):
    lived = [{"commune": "80021", "code": "62.01Z", "year": 2023, "stock": 9, "births": 2, "closures": 1}]
    assert yearly.series(ask(amiens(series=lived, naf2025=True))) == ()


def test_the_passage_to_naf_2025_is_what_is_seen_in_the_departments_of_the_place(ask):
    rows = [
        establishment(commune="80382"),  # another commune of the Somme
        establishment(code25="62.20G"), establishment(), establishment(),
        establishment(code="46.66Z", code25="62.10Y"), establishment(commune="76540"), establishment(code25=None),
    ]  # fmt: skip
    asked = amiens(*rows)
    scope = check(ask, asked)
    seen = [(p.rev2, p.naf2025, p.establishments, p.share, p.official) for p in queries.passages(scope)]
    assert seen == [
        ("46.66Z", "62.10Y", 1, None, ""), ("62.01Z", "62.10Y", 3, 0.75, "Unique"), ("62.01Z", "62.20G", 1, 0.25, ""),
    ]  # fmt: skip


def test_a_natural_person_without_a_trade_name_has_no_name(ask):
    (company,) = queries.companies(ask(amiens(establishment(legal="1000", name=None))))
    assert (company.name, company.natural_person) == (None, True)


def test_crowded_addresses_of_the_place_stand_without_names(ask):
    addresses = [
        {"commune": "80021", "address": "1 rue du Port", "units": 25},
        {"commune": "80021", "address": "2 quai du Port", "units": 40},
        {"commune": "76540", "address": "3 rue du Port", "units": 90},
    ]
    asked = amiens(addresses=addresses)
    assert [row["units"] for row in queries.domiciliations(check(ask, asked), limit=1)] == [40]


# -- From the published files to the answers --------------------------------------------------------------------------

OECD = {code: 1 + (code > "60") for code in registers.OECD}
LATER = {"62.10Y": 2, "62.20G": 2, "62.20H": 2, "62.90Y": 2, "58.29Y": 1, "63.10Y": 2, "61.10Y": 2, "26.11Y": 1}
CURRENT = {fold.code: fold.commune for fold in registers.folds()}
NOW_THERE = tuple(sorted(set(CURRENT.values())))


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hand-written register of `fixtures/`, as the import converts it."""
    folder = tmp_path_factory.mktemp("register") / "stocks" / "converted"
    registers.convert(folder, digital=frozenset(OECD) | frozenset(LATER), candidates=frozenset(ACTOR_CODES))
    return folder


@pytest.fixture(scope="module")
def read_plainly() -> list[Row]:
    """The rows of these files, read the plain way."""
    return independent.read_published(
        registers.ESTABLISHMENTS, registers.UNITS, registers.GEOLOCATION, current=CURRENT, day=registers.STOCK_DATE
    )


@pytest.fixture
def published(db: None, settings: Any, converted: Path, read_plainly: list[Row]) -> list[Row]:
    """Those rows; the stock that was made of them can be asked."""
    registers.load_places()
    settings.OBSERVATORY_DIR = converted.parent.parent
    return read_plainly


def of_files(converted: Path, rows: Sequence[Row], **asked: Any) -> tuple[Scope, World]:
    """The scope and the rows; series, moves and addresses are those that the import derived."""
    derived = {name: registers.rows(converted / f"{name}.parquet") for name in ("series", "moves", "addresses")}
    told = Asked(**{"rows": rows, "rev2": OECD, "later": LATER, **derived, **asked})
    return Scope(Stock(folder=converted.name, date=registers.STOCK_DATE), told.activities, told.place), told.world


@pytest.mark.parametrize(
    ("whole", "naf2025"),
    [
        (NOW_THERE, False),
        (NOW_THERE, True),
        (("80021",), False),
        (("80001", "80021", "60057", "02691"), True),
        (("75056", "2A004"), False),
    ],
)
def test_what_is_answered_of_the_published_files_is_what_they_hold(converted, published, whole, naf2025):
    scope, world = of_files(converted, published, whole=whole, naf2025=naf2025)
    check_cubes(scope, world)
    check_rows(scope, world)


@pytest.mark.parametrize("polygon", [box(2.29, 49.885, 2.305, 49.9), box(0, 48, 3, 51)])
def test_what_is_answered_of_the_published_files_inside_a_polygon(converted, published, polygon):
    scope, world = of_files(converted, published, whole=("60057",), partial=("76540", "80021"), polygon=polygon)
    assert world.here.shape[0] > 0
    check_cubes(scope, world)
    check_rows(scope, world)


def test_corrections_by_hand_reach_the_published_files(converted, published, settings, tmp_path):
    settings.OBSERVATORY_DIR = tmp_path
    shutil.copytree(converted, tmp_path / "stocks" / "mine")
    left_out, health = published[0]["siren"], next(row["siren"] for row in published if row["code"] == "70.22Z")
    version = ActivityVersionFactory(
        branches=[("Une", ["58.29C"], ["58.29Y"]), ("Deux", ["62.01Z"], ["62.10Y"])],
        corrections={left_out: None, health: 1},
    )
    scope, world = of_files(
        tmp_path / "stocks" / "mine", published, whole=NOW_THERE, corrections={left_out: None, health: 1},
        rev2={"58.29C": 1, "62.01Z": 2}, later={"58.29Y": 1, "62.10Y": 2},
    )  # fmt: skip
    corrections.write_corrections(scope.stock, version)
    scope = replace(scope, activities=activities_of(version))
    assert left_out not in {str(siren) for siren in queries.company_ids(scope)}
    assert int(health) in queries.company_ids(scope)
    check_cubes(scope, world)
    check_rows(scope, world)
