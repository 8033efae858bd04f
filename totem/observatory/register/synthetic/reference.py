"""Real places and activities, and the tables of them that rows are drawn from."""

import csv
import unicodedata
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from totem.observatory.nomenclature import DATA, read_bridge
from totem.territories.centres import department_centres

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PLACE_SLOTS = 1 << 18
ACTIVITY_SLOTS = 1 << 16
ABROAD_SHARE = 0.003
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


def reference_from_database() -> Reference:
    """The communes of the database, placed by their outlines where these are loaded, its activities, the bridge."""
    # Here and not above: the rest of this package needs neither Django's models nor a database.
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


def create_table(con: "DuckDBPyConnection", table: str, /, **columns: tuple[str, Collection[Any]]) -> None:
    """A table of these columns, each as (type, values); its name and its columns' are those of this package."""
    select = ", ".join(f"unnest(${column}::{type_}[]) AS {column}" for column, (type_, _values) in columns.items())
    con.execute(
        f"CREATE TABLE {table} AS SELECT {select}",
        {column: list(values) for column, (_type, values) in columns.items()},
    )


def _slots(weights: Sequence[float], count: int) -> NDArray[Any]:
    """Which item each of `count` equally likely slots stands for, in proportion to the weights, in their order."""
    ends = np.cumsum(np.asarray(weights, dtype=float))
    slots: NDArray[Any] = np.searchsorted(ends, (np.arange(count) + 0.5) * (ends[-1] / count), side="right")
    return slots


# -- Places -----------------------------------------------------------------------------------------------------------


def with_districts(communes: Sequence[SyntheticCommune]) -> list[SyntheticCommune]:
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


def create_places(con: "DuckDBPyConnection", communes: list[SyntheticCommune], meant: Collection[str]) -> None:
    """`place`: the slots that chance points at, then one slot a commune for those that are meant by name."""
    people = [max(commune.population, 20) for commune in communes]
    slots = np.concatenate([_slots([*people, sum(people) * ABROAD_SHARE], PLACE_SLOTS), np.arange(len(communes))])
    x, y = _projected(communes)
    create_table(
        con,
        "commune",
        id=("INTEGER", range(len(communes) + 1)),
        code=("VARCHAR", [*(commune.code for commune in communes), None]),
        name=("VARCHAR", [*(_capitals(commune.name) for commune in communes), "BRUXELLES"]),
        postcode=("VARCHAR", [*(commune.postcode for commune in communes), None]),
        abroad=("BOOLEAN", [*(False for _commune in communes), True]),
        reserved=("BOOLEAN", [*(city_of(commune) in meant for commune in communes), False]),
        x=("DOUBLE", [*x, None]),
        y=("DOUBLE", [*y, None]),
        radius=("DOUBLE", [*(300 + 4 * commune.population**0.5 for commune in communes), 0.0]),
    )
    con.register("place_slot", {"slot": np.arange(len(slots), dtype=np.int32), "id": slots.astype(np.int32)})
    con.execute("CREATE TABLE place AS SELECT slot, c.* FROM place_slot JOIN commune c USING (id)")


def city_of(commune: SyntheticCommune) -> str:
    """The code of the commune, for a district that of its city."""
    return CITY_OF.get(commune.code, commune.code)


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


def create_activities(
    con: "DuckDBPyConnection", activities: list[str], bridge: Sequence[tuple[str, str]], reserved: Collection[str]
) -> None:
    """`activity`: slots by weight, then one slot a code; `activity25`: sixty-four slots a code for its later one."""
    digital = {rev2 for rev2, _naf2025 in bridge}
    ids = [*_slots(weights(activities), ACTIVITY_SLOTS).tolist(), *range(len(activities))]
    codes = [activities[index] for index in ids]
    word = {code: _longest(WORDS, code) or "SOCIETE FICTIVE" for code in activities}
    create_table(
        con,
        "activity",
        slot=("INTEGER", range(len(ids))),
        id=("INTEGER", ids),
        code=("VARCHAR", codes),
        word=("VARCHAR", [word[code] for code in codes]),
        digital=("BOOLEAN", [code in digital for code in codes]),
        reserved=("BOOLEAN", [code in reserved for code in codes]),
    )
    later: list[str] = []
    for code in activities:
        shares = _shares(code, bridge)
        ends = list(zip(shares, accumulate(shares.values()), strict=True))
        later += [next(naf2025 for naf2025, end in ends if slot < end) for slot in range(64)]
    create_table(con, "activity25", slot=("INTEGER", range(len(later))), code=("VARCHAR", later))


def _shares(code: str, bridge: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The NAF 2025 codes a NAF rev. 2 code becomes, in sixty-fourths, and at least one beyond the end."""
    if code in SEEN:
        return SEEN[code]
    if known := [naf2025 for rev2, naf2025 in bridge if rev2 == code]:
        return dict.fromkeys(known, -(-64 // len(known)))
    return {code[:-1] + LETTERS.get(code[-1], "Y"): 64}


def weights(activities: Sequence[str]) -> list[float]:
    """How often each code is met: the weight of its longest known prefix, shared by the codes that fall to it.

    The weights (data/synthetic_weights.csv) are believable, not measured; digital codes come to about 4 %.
    """
    with (DATA / "synthetic_weights.csv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        known = {row["prefix"]: float(row["weight"]) for row in rows}
    prefix = [max((p for p in known if code.startswith(p)), key=len, default="") for code in activities]
    # At least one slot of the 65,536 a code, so that every code is met.
    return [max(known.get(p, 8.0) / prefix.count(p), 0.2) for p in prefix]


def _longest(words: dict[str, str], code: str) -> str | None:
    prefix = max((p for p in words if code.startswith(p)), key=len, default=None)
    return words[prefix] if prefix else None
