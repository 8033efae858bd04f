"""A made-up business register that looks like the published one: same files, columns, types, value forms and faults.

DuckDB draws every row from hashes of its number and the seed (`synthetic_sql/`), so that a seed always gives the same
bytes, and any size streams through bounded memory. The proportions are those reported of the real files (38 % of
establishments open, 5.6 % open and employers, 24 % of partial diffusion, 95 % of `NN`...).

Nothing here is anybody's: names say that they are fictional, and below 2.9 million rows the SIREN begin with 28 or 29,
in the range that is kept for public bodies, so that no company can be taken for one of these.
"""

import csv
import datetime
import random
import tempfile
import tomllib
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from totem.observatory.nomenclature import DATA, read_bands, read_bridge
from totem.territories.centres import department_centres

SQL = Path(__file__).parent / "synthetic_sql"
FILES = (
    "StockEtablissement",
    "StockUniteLegale",
    "StockEtablissementHistorique",
    "StockEtablissementLiensSuccession",
)
FORMATS = ("csv", "zip", "parquet")
STOCK = datetime.date(2026, 11, 1)
Progress = Callable[[str], None]

# 1,500 units have 2,200 establishments in all, as 29.9 M have 43.9 M: (sites of a unit, number of such units).
SITES_OF_UNITS = ((1, 1237), (2, 170), (3, 55), (4, 20), (6, 10), (12, 5), (40, 2), (178, 1))
UNITS = sum(units for _sites, units in SITES_OF_UNITS)
PLACE_SLOTS = 1 << 18
ACTIVITY_SLOTS = 1 << 16
ABROAD_SHARE = 0.003
# Headcount bands, smallest first; the first employs nobody.
BANDS = tuple(band.code for band in read_bands())
# What an activity becomes where theory leaves a choice or the register differs from it (shares of 64).
SEEN: dict[str, dict[str, int]] = {
    "52.10B": {"52.10H": 62, "63.10Y": 2},
    "61.20Z": {"61.10Y": 50, "61.90Y": 14},
    "61.90Z": {"61.90Y": 44, "61.20Y": 20},
    "62.01Z": {"62.10Y": 62, "58.29Y": 1, "62.20H": 1},
    "62.02A": {"62.20G": 62, "62.10Y": 1, "62.90Y": 1},
    "63.11Z": {"63.10Y": 45, "60.39Y": 15, "60.20H": 4},
    "63.12Z": {"60.39Y": 40, "63.91Y": 24},
}
# Letters that NAF 2025 gives to the divisions of a class; made up where the bridge is silent.
LETTERS = dict(zip("ZABCDEFGH", "YGHJKLMNP", strict=True))
WORDS = {
    "26": "ELECTRONIQUE FICTIVE",
    "46.5": "MATERIELS FICTIFS",
    "58": "EDITIONS FICTIVES",
    "61": "RESEAUX FICTIFS",
    "62": "LOGICIELS FICTIFS",
    "63": "DONNEES FICTIVES",
    "64": "HOLDING FICTIVE",
    "72": "LABORATOIRE FICTIF",
    "85": "ECOLE FICTIVE",
    "95.1": "REPARATIONS FICTIVES",
}
# Cities whose register codes are those of their districts: first district's code, number of districts.
DISTRICTS = {"75056": (75101, 20), "69123": (69381, 9), "13055": (13201, 16)}
CITY_OF = {str(first + n): city for city, (first, count) in DISTRICTS.items() for n in range(count)}
# The projection of coordinates by department; all of the mainland and Corsica are in Lambert-93.
PROJECTIONS = {"971": 5490, "972": 5490, "973": 2972, "974": 2975, "976": 4471, "977": 5490, "978": 5490}
LAMBERT_93 = 2154


class SyntheticCommune(NamedTuple):
    """A commune as the register needs it; longitude and latitude of a point inside it, where outlines are there."""

    code: str
    name: str
    department: str
    epci: str | None
    postcode: str | None
    population: int
    longitude: float | None = None
    latitude: float | None = None


@dataclass(frozen=True)
class Reference:
    """Real places and activities, as plain data. `bridge` has the official (NAF rev. 2, NAF 2025) pairs."""

    communes: Sequence[SyntheticCommune]
    activities: Sequence[str]
    bridge: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class SyntheticTerritory:
    """What a demonstration wants of one territory.

    `branches`: open legal units with their head office there, by branch. `bands`: how many of them are employers of
    each band; the others employ nobody. `undecided`: how many of these others are said to be employers all the same.
    `past`: how many units closed there since 2010.
    """

    name: str
    communes: tuple[str, ...]
    branches: dict[str, int]
    bands: dict[str, int]
    undecided: int = 0
    past: int = 0

    @property
    def companies(self) -> int:
        return sum(self.branches.values())


@dataclass(frozen=True)
class Targets:
    """A demonstration: `codes` by branch, exact territories, the `reserved` codes that chance keeps out of them."""

    rows: int
    seed: int
    stock: datetime.date
    codes: dict[str, tuple[str, ...]]
    territories: tuple[SyntheticTerritory, ...]
    reserved: frozenset[str]


@dataclass(frozen=True)
class Synthesis:
    """The files that were written, in the order of FILES, and the rows of each stock file by its name."""

    files: tuple[Path, ...]
    rows: dict[str, int]


class TargetsWrong(Exception):
    """The file of targets cannot be followed; the message names what and where."""


def synthesise(
    folder: Path,
    *,
    rows: int,
    seed: int,
    reference: Reference,
    targets: Targets | None = None,
    formats: Collection[str] = ("csv",),
    stock: datetime.date = STOCK,
    progress: Progress | None = None,
) -> Synthesis:
    """Write a register of `rows` establishments into `folder`, as `Stock..._utf8.csv`, `.zip` and/or `.parquet`.

    The four files agree with one another. The same seed, rows, reference, targets and stock date give the same bytes.
    A file appears under its name once it is whole. Raises TargetsWrong where the targets alone need more than `rows`.
    """
    say = progress or (lambda _line: None)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".synthesis-") as scratch:
        con = duckdb.connect(str(Path(scratch) / "work.duckdb"), config=_limits(scratch))
        con.execute("SET enable_progress_bar = false")
        try:
            known = _prepare(con, rows=rows, seed=seed, reference=reference, targets=targets, stock=stock)

            def write(name: str) -> tuple[list[Path], int]:
                with con.cursor() as cursor:
                    _set(cursor, known)
                    written = _write(cursor, folder, Path(scratch), name, formats)
                say(f"{name}: {written[1]:,} rows")
                return written

            # DuckDB keeps the order of joined rows in one thread only: each file has its own, and they go side by side.
            with ThreadPoolExecutor(max_workers=len(FILES)) as side_by_side:
                results = dict(zip(FILES, side_by_side.map(write, FILES), strict=True))
        finally:
            con.close()
    return Synthesis(
        files=tuple(file for written, _count in results.values() for file in written),
        rows={name: count for name, (_written, count) in results.items()},
    )


def reference_from_database() -> Reference:
    """The communes of the database, placed by their outlines where these are loaded, its activities, the bridge."""
    # Here and not above: the rest of this module needs neither Django's models nor a database.
    import shapely  # noqa: PLC0415

    from totem.observatory.models import Activity, Nomenclature  # noqa: PLC0415
    from totem.territories.models import Commune as Known  # noqa: PLC0415
    from totem.territories.models import Level, Outline  # noqa: PLC0415

    outlines = Outline.objects.filter(level=Level.COMMUNE).values_list("code", "shape")
    shapes = {code: bytes(shape) for code, shape in outlines.iterator()}
    inside = shapely.get_coordinates(shapely.point_on_surface(shapely.from_wkb(list(shapes.values()))))
    points: dict[str, tuple[float, float]] = dict(zip(shapes, map(tuple, inside.tolist()), strict=True))
    known = Known.objects.filter(current=True).order_by("code")
    fields = known.values_list("code", "name", "department_id", "epci_id", "postcodes", "population")
    return Reference(
        communes=[
            SyntheticCommune(
                code, name, department, epci, next(iter(postcodes), None), people or 0, *points.get(code, ())
            )
            for code, name, department, epci, postcodes, people in fields
        ],
        activities=list(
            Activity.objects.filter(nomenclature=Nomenclature.REV2).order_by("code").values_list("code", flat=True)
        ),
        bridge=[(pair.rev2, pair.naf2025) for pair in read_bridge()],
    )


def read_targets(path: Path, reference: Reference) -> Targets:
    """The demonstration described in a TOML file (see demo/observatory/register.toml). Raises TargetsWrong."""
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
        codes = {name: tuple(branch) for name, branch in data["branches"].items()}
        return Targets(
            rows=data["rows"],
            seed=data["seed"],
            stock=data["stock"],
            codes=codes,
            territories=tuple(_territory(row, codes, reference) for row in data["territories"]),
            reserved=frozenset(code for branch in codes.values() for code in branch) | set(data["reserved"]),
        )
    except KeyError as error:
        raise TargetsWrong(f"{path.name}: {error.args[0]} is missing.") from error
    except (OSError, ValueError) as error:
        raise TargetsWrong(f"{path.name}: {error}") from error


def _territory(row: dict[str, Any], codes: dict[str, tuple[str, ...]], reference: Reference) -> SyntheticTerritory:
    communes = tuple(
        commune.code
        for commune in reference.communes
        if commune.department in row.get("departments", []) or (commune.epci and commune.epci == row.get("epci"))
    )
    territory = SyntheticTerritory(
        name=row["name"],
        communes=communes,
        branches=row["companies"],
        bands=row["bands"],
        undecided=row.get("undecided", 0),
        past=row.get("past", 0),
    )
    if not communes:
        raise TargetsWrong(f"{territory.name}: no commune of the reference is there.")
    if unknown := set(territory.branches) - set(codes):
        raise TargetsWrong(f"{territory.name}: no branch {', '.join(sorted(unknown))}.")
    if unknown := set(territory.bands) - set(BANDS[1:]):
        raise TargetsWrong(f"{territory.name}: no headcount band {', '.join(sorted(unknown))}.")
    if sum(territory.bands.values()) + territory.undecided > territory.companies:
        raise TargetsWrong(f"{territory.name}: more employers than companies.")
    return territory


# -- What the SQL draws from ------------------------------------------------------------------------------------------


def _limits(scratch: str) -> dict[str, Any]:
    """Nothing to install, no network; a bound on memory, the rest spilled beside the files."""
    return {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": "3GB",
        "threads": 1,
        # Joins stay as written: rows stream past small tables and keep their order.
        "disabled_optimizers": "join_order,build_side_probe_side",
        "temp_directory": f"{scratch}/spill",
    }


def _prepare(
    con: duckdb.DuckDBPyConnection,
    *,
    rows: int,
    seed: int,
    reference: Reference,
    targets: Targets | None,
    stock: datetime.date,
) -> dict[str, Any]:
    """Make the tables and the view `site` that the files are read from; returns the variables it needs."""
    communes = _with_districts(reference.communes)
    activities = sorted(reference.activities)
    chosen = _chosen(targets, communes, activities, seed) if targets else []
    sites = [2 if company["sites"] else 1 for company in chosen]
    drawn = rows - sum(sites)
    if drawn < 0:
        raise TargetsWrong(f"The targets need {sum(sites)} rows, more than {rows}.")
    period = np.repeat([k for k, _units in SITES_OF_UNITS], [units for _k, units in SITES_OF_UNITS])
    np.random.default_rng(seed).shuffle(period)
    first = _unit_of(drawn, period)
    known = _variables(seed=seed, stock=stock, places=PLACE_SLOTS + len(communes), units=first + len(chosen))
    _set(con, known)
    _place_table(con, communes, targets)
    _activity_tables(con, activities, reference.bridge, targets)
    _table(
        con,
        "target",
        {
            "u": ("INTEGER", [first + number for number in range(len(chosen))]),
            **{
                name: (type_, [company[name] for company in chosen])
                for name, type_ in (
                    ("place", "INTEGER"),
                    ("activity", "INTEGER"),
                    ("band", "INTEGER"),
                    ("flag", "VARCHAR"),
                    ("category", "VARCHAR"),
                    ("open", "BOOLEAN"),
                )
            },
        },
    )
    _site_rows(con, drawn, period, sites, first)
    for name in ("macros", "units", "sites"):
        con.execute((SQL / f"{name}.sql").read_text(encoding="utf-8"))
    return known


def _unit_of(row: int, period: NDArray[Any]) -> int:
    """The number of units that the first `row` rows belong to."""
    whole, rest = divmod(row, int(period.sum()))
    return whole * len(period) + int(np.searchsorted(np.cumsum(period), rest, side="left") + 1 if rest else 0)


def _variables(*, seed: int, stock: datetime.date, places: int, units: int) -> dict[str, Any]:
    """What the SQL reads by getvariable(). A seed counts by its last 25 bits."""
    few = units < 1_990_000
    start, room = (28_000_000, 2_000_000) if few else (30_000_000, 70_000_000)
    return {
        "seed": seed % (1 << 25),
        "stock": stock,
        "place_mask": PLACE_SLOTS - 1,
        "places": places,
        "activity_mask": ACTIVITY_SLOTS - 1,
        "first_siren": start,
        "siren_step": max(1, room // max(units, 1)),
    }


def _set(con: duckdb.DuckDBPyConnection, known: dict[str, Any]) -> None:
    """Variables belong to a connection, tables and macros to all."""
    for name, value in known.items():
        con.execute(f"SET VARIABLE {name} = ?", [value])


def _site_rows(
    con: duckdb.DuckDBPyConnection, drawn: int, period: NDArray[Any], chosen_sites: list[int], first: int
) -> None:
    """One row an establishment, in order: u, rank among the unit's, sites of the unit."""
    ranks = np.concatenate([np.arange(1, sites + 1) for sites in period])
    _table(
        con,
        "period",
        {
            "position": ("INTEGER", list(range(len(ranks)))),
            "unit": ("INTEGER", np.repeat(np.arange(len(period)), period).tolist()),
            "rank": ("INTEGER", ranks.tolist()),
            "sites": ("INTEGER", np.repeat(period, period).tolist()),
        },
    )
    con.execute(
        """
        CREATE TABLE site_rows AS
        SELECT (i // $length * $units + unit)::INTEGER AS u, rank, sites
        FROM range($drawn) t(i) JOIN period ON position = i % $length
        ORDER BY ALL
        """
        if drawn < len(ranks)
        else """
        CREATE TABLE site_rows AS
        SELECT (i // $length * $units + unit)::INTEGER AS u, rank, sites
        FROM range($drawn) t(i) JOIN period ON position = i % $length
        """,
        {"length": len(ranks), "units": len(period), "drawn": drawn},
    )
    # The last unit drawn may have been cut short.
    con.execute(
        "UPDATE site_rows SET sites = (SELECT max(rank) FROM site_rows WHERE u = $u) WHERE u = $u", {"u": first - 1}
    )
    con.execute(
        """
        INSERT INTO site_rows
        SELECT u, unnest(range(1, sites + 1))::INTEGER, sites
        FROM (SELECT unnest($u::INTEGER[]) AS u, unnest($sites::INTEGER[]) AS sites)
        """,
        {"u": [first + number for number in range(len(chosen_sites))], "sites": chosen_sites},
    )


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, tuple[str, list[Any]]]) -> None:
    """A table from Python lists; its name and its columns' are those of this module."""
    select = ", ".join(f"unnest(${column}::{type_}[]) AS {column}" for column, (type_, _values) in columns.items())
    con.execute(
        f"CREATE TABLE {name} AS SELECT {select}", {column: values for column, (_type, values) in columns.items()}
    )


def _facts(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _slots(weights: Sequence[float], count: int) -> NDArray[Any]:
    """Which item each of `count` equally likely slots stands for, in proportion to the weights, in their order."""
    ends = np.cumsum(np.asarray(weights, dtype=float))
    slots: NDArray[Any] = np.searchsorted(ends, (np.arange(count) + 0.5) * (ends[-1] / count), side="right")
    return slots


# -- Places -----------------------------------------------------------------------------------------------------------


def _with_districts(communes: Sequence[SyntheticCommune]) -> list[SyntheticCommune]:
    """The communes in order of code, Paris, Lyon and Marseille as their districts, of equal weight."""
    rows: list[SyntheticCommune] = []
    for commune in communes:
        if commune.code not in DISTRICTS:
            rows.append(commune)
            continue
        start, count = DISTRICTS[commune.code]
        rows += [
            commune._replace(
                code=str(start + number),
                name=f"{commune.name} {number + 1}{'ER' if number == 0 else 'E'} ARRONDISSEMENT",
                population=commune.population // count,
                postcode=f"{commune.department}{number + 1:03d}",
            )
            for number in range(count)
        ]
    return sorted(rows)


def _capitals(name: str) -> str:
    """As the register spells communes: SAINT-ETIENNE."""
    plain = unicodedata.normalize("NFD", name.upper().replace("Œ", "OE"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _place_table(con: duckdb.DuckDBPyConnection, communes: list[SyntheticCommune], targets: Targets | None) -> None:
    """`place`: the slots that chance points at, then one slot a commune for those that are meant by name."""
    meant = {code for territory in targets.territories for code in territory.communes} if targets else set()
    people = [max(commune.population, 20) for commune in communes]
    drawn = _slots([*people, sum(people) * ABROAD_SHARE], PLACE_SLOTS)
    ids = np.concatenate([drawn, np.arange(len(communes))])
    x, y = _projected(communes)
    abroad = len(communes)
    _table(
        con,
        "commune",
        {
            "id": ("INTEGER", list(range(abroad + 1))),
            "code": ("VARCHAR", [*(commune.code for commune in communes), None]),
            "name": ("VARCHAR", [*(_capitals(commune.name) for commune in communes), "BRUXELLES"]),
            "postcode": ("VARCHAR", [*(commune.postcode for commune in communes), None]),
            "abroad": ("BOOLEAN", [False] * abroad + [True]),
            "reserved": (
                "BOOLEAN",
                [*(CITY_OF.get(commune.code, commune.code) in meant for commune in communes), False],
            ),
            "x": ("DOUBLE", [*x, None]),
            "y": ("DOUBLE", [*y, None]),
            "radius": ("DOUBLE", [*(300 + 4 * commune.population**0.5 for commune in communes), 0.0]),
        },
    )
    place_slot = {"slot": np.arange(len(ids), dtype=np.int32), "id": ids.astype(np.int32)}
    con.register("place_slot", place_slot)
    con.execute("CREATE TABLE place AS SELECT slot, c.* FROM place_slot JOIN commune c USING (id)")


def _projected(communes: list[SyntheticCommune]) -> tuple[list[float | None], list[float | None]]:
    """Eastings and northings in each territory's own projection; None where no centre is known."""
    from pyproj import Transformer  # noqa: PLC0415 (slow to import)

    known = department_centres().items()
    centres = {code: point for code, point in known if code < "97" or code in PROJECTIONS}
    x: list[float | None] = [None] * len(communes)
    y: list[float | None] = [None] * len(communes)
    groups: dict[int, list[tuple[int, float, float]]] = {}
    for index, commune in enumerate(communes):
        if point := _centre(commune, centres):
            groups.setdefault(PROJECTIONS.get(commune.department, LAMBERT_93), []).append((index, *point))
    for projection, rows in groups.items():
        index_, longitudes, latitudes = zip(*rows, strict=True)
        to_metres = Transformer.from_crs(4326, projection, always_xy=True)
        for index, east, north in zip(index_, *to_metres.transform(longitudes, latitudes), strict=True):
            x[index], y[index] = round(east, 1), round(north, 1)
    return x, y


def _centre(commune: SyntheticCommune, centres: dict[str, tuple[float, float]]) -> tuple[float, float] | None:
    """A point of the commune, or without outlines one somewhere about the middle of its department."""
    if commune.longitude is not None and commune.latitude is not None:
        return commune.longitude, commune.latitude
    if commune.department not in centres:
        return None
    longitude, latitude = centres[commune.department]
    chance = zlib.crc32(commune.code.encode())
    reach = 0.05 if len(commune.department) == 3 else 0.25
    return longitude + reach * ((chance & 1023) / 512 - 1), latitude + reach * 0.7 * ((chance >> 10 & 1023) / 512 - 1)


# -- Activities -------------------------------------------------------------------------------------------------------


def _activity_tables(
    con: duckdb.DuckDBPyConnection, activities: list[str], bridge: Sequence[tuple[str, str]], targets: Targets | None
) -> None:
    """`activity`: slots by weight, then one slot a code; `activity25`: sixty-four slots a code for its later one."""
    reserved = targets.reserved if targets else frozenset()
    digital = {rev2 for rev2, _naf2025 in bridge}
    ids = np.concatenate([_slots(_weights(activities), ACTIVITY_SLOTS), np.arange(len(activities))]).tolist()
    code = [activities[index] for index in ids]
    word = [_longest(WORDS, item) or "SOCIETE FICTIVE" for item in activities]
    _table(
        con,
        "activity",
        {
            "slot": ("INTEGER", list(range(len(ids)))),
            "id": ("INTEGER", ids),
            "code": ("VARCHAR", code),
            "word": ("VARCHAR", [word[index] for index in ids]),
            "digital": ("BOOLEAN", [item in digital for item in code]),
            "reserved": ("BOOLEAN", [item in reserved for item in code]),
        },
    )
    next_codes: list[str] = []
    for item in activities:
        ends = list(accumulate(_shares(item, bridge).items(), lambda done, share: (share[0], done[1] + share[1])))
        next_codes += [next(naf2025 for naf2025, end in ends if slot < end) for slot in range(64)]
    _table(
        con,
        "activity25",
        {"slot": ("INTEGER", list(range(len(next_codes)))), "code": ("VARCHAR", next_codes)},
    )


def _shares(code: str, bridge: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The NAF 2025 codes a NAF rev. 2 code becomes, in sixty-fourths, and at least one beyond the end."""
    if code in SEEN:
        return SEEN[code]
    if known := [naf2025 for rev2, naf2025 in bridge if rev2 == code]:
        return dict.fromkeys(known, -(-64 // len(known)))
    return {code[:-1] + LETTERS.get(code[-1], "Y"): 64}


def _weights(activities: Sequence[str]) -> list[float]:
    """How often each code is met: the weight of its longest known prefix, shared by the codes that fall to it.

    The weights (data/synthetic_weights.csv) are believable, not measured; digital codes come to about 4 %.
    """
    known = {row["prefix"]: float(row["weight"]) for row in _facts("synthetic_weights.csv")}
    prefix = [max((p for p in known if code.startswith(p)), key=len, default="") for code in activities]
    # At least one slot of the 65,536 a code, so that every code is met.
    return [max(known.get(p, 8.0) / prefix.count(p), 0.2) for p in prefix]


def _longest(words: dict[str, str], code: str) -> str | None:
    prefix = max((p for p in words if code.startswith(p)), key=len, default=None)
    return words[prefix] if prefix else None


# -- The companies a demonstration wants ------------------------------------------------------------------------------


def _chosen(
    targets: Targets, communes: list[SyntheticCommune], activities: list[str], seed: int
) -> list[dict[str, Any]]:
    """The target units: slots of commune and code, band (index, 0 is NN), state, whether there is a second site."""
    dice = random.Random(seed)  # noqa: S311 (no secret)
    weight = dict(zip(activities, _weights(activities), strict=True))
    number = {code: index for index, code in enumerate(activities)}
    rows: list[dict[str, Any]] = []
    for territory in targets.territories:
        there = set(territory.communes)
        places = [n for n, commune in enumerate(communes) if CITY_OF.get(commune.code, commune.code) in there]
        people = [max(communes[index].population, 1) ** 1.15 for index in places]
        bands = _bands_in_order(territory, dice)
        total = territory.companies + territory.past
        branches = [branch for branch, count in territory.branches.items() for _ in range(count)]
        branches += dice.choices(list(territory.branches), list(territory.branches.values()), k=territory.past)
        for place, branch, (band, flag), nth in zip(
            dice.choices(places, people, k=total), branches, bands, range(total), strict=True
        ):
            codes = [code for code in targets.codes[branch] if code in number]
            if not codes:
                raise TargetsWrong(f"{branch}: none of its codes is in the reference.")
            code = dice.choices(codes, [weight[code] for code in codes])[0]
            rows.append(
                {
                    "place": PLACE_SLOTS + place,
                    "activity": ACTIVITY_SLOTS + number[code],
                    "band": band,
                    "flag": flag,
                    "category": None if band == 0 else "GE" if band >= 11 else "ETI" if band >= 9 else "PME",
                    "open": nth < territory.companies,
                    "sites": nth < territory.companies and dice.random() < 0.12,
                }
            )
    return rows


def _bands_in_order(territory: SyntheticTerritory, dice: random.Random) -> list[tuple[int, str]]:
    """(band, employer flag) of the territory's open units in any order, then of its past ones, which employ nobody."""
    bands = [(BANDS.index(code), "O") for code, count in territory.bands.items() for _ in range(count)]
    bands += [(0, "O")] * territory.undecided
    bands += [(0, "N")] * (territory.companies - len(bands))
    dice.shuffle(bands)
    return bands + [(0, "N")] * territory.past


# -- Writing ----------------------------------------------------------------------------------------------------------


def _write(
    con: duckdb.DuckDBPyConnection, folder: Path, scratch: Path, name: str, formats: Collection[str]
) -> tuple[list[Path], int]:
    """The stock file of that name in each format, and its rows."""
    query = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    files: list[Path] = []
    count = 0
    if "csv" in formats or "zip" in formats:
        table = scratch / f"{name}_utf8.csv"
        count = _copy(con, query, table, "FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S'")
        if "zip" in formats:
            files.append(_zip(table, folder / f"{name}_utf8.zip"))
        if "csv" in formats:
            files.append(table.replace(folder / table.name))
    if "parquet" in formats:
        table = scratch / f"{name}_utf8.parquet"
        count = _copy(con, query, table, "FORMAT parquet, COMPRESSION zstd")
        files.append(table.replace(folder / table.name))
    return files, count


def _copy(con: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> int:
    target = str(path).replace("'", "''")
    rows: int = con.execute(f"COPY ({query}) TO '{target}' ({options})").fetchall()[0][0]
    return rows


def _zip(table: Path, path: Path) -> Path:
    """One member, as published; a fixed time inside, so that the same rows are the same bytes."""
    part = table.with_suffix(".zip")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        entry = zipfile.ZipInfo(table.name, (2026, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.file_size = table.stat().st_size
        with table.open("rb") as source, archive.open(entry, "w", force_zip64=True) as member:
            while block := source.read(1 << 20):
                member.write(block)
    return part.replace(path)
