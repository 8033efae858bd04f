"""The observatory's answers computed the plain way, by pandas, from establishments row by row.

Nothing here is shared with the product: neither SQL nor cubes, and its own constants. The answers are tuples or dicts
of plain values, in the order in which the product gives its rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from pyproj import Transformer
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

# Headcount bands of the register (INSEE): from, to; no end for the last. NN is a non-employer: nobody.
BOUNDS = {
    "NN": (0, 0), "00": (0, 0), "01": (1, 2), "02": (3, 5), "03": (6, 9), "11": (10, 19), "12": (20, 49),
    "21": (50, 99), "22": (100, 199), "31": (200, 249), "32": (250, 499), "41": (500, 999), "42": (1000, 1999),
    "51": (2000, 4999), "52": (5000, 9999), "53": (10000, None),
}  # fmt: skip
# Pairs of INSEE's correspondence table, edition of January 2026, that the tests' rows hold.
OFFICIAL = {
    ("26.11Z", "26.11Y"): "Unique",
    ("26.80Z", "26.70Y"): "Unique",
    ("46.51Z", "46.50Y"): "cible citée par une source secondaire, ligne non relue",  # not read in the table itself
    ("58.21Z", "58.21Y"): "Unique",
    ("58.29C", "58.29Y"): "Unique",
    ("61.10Z", "61.10Y"): "Unique",
    ("62.01Z", "62.10Y"): "Unique",
    ("62.02A", "62.20G"): "Unique",
    ("62.02B", "62.20H"): "Unique",
    ("62.09Z", "62.90Y"): "Unique",
    ("95.11Z", "95.10Y"): "Unique",
    ("63.11Z", "63.10Y"): "Multiple",
    ("63.11Z", "60.39Y"): "Multiple",
}
COLUMNS = (
    "siret", "siren", "name", "commune", "code", "code25", "band", "employer", "open", "diffusion", "head_office",
    "born", "legal", "unit_band", "category", "estimated", "lon", "lat",
)  # fmt: skip
Row = Mapping[str, Any]


@dataclass
class World:
    """A register in rows and what is asked of it: `codes` {code: branch} of one nomenclature, a place, corrections."""

    rows: Sequence[Row]
    codes: Mapping[str, int]
    branches: int
    whole: Sequence[str] = ()
    partial: Sequence[str] = ()
    polygon: BaseGeometry | None = None
    corrections: Mapping[str, int | None] = field(default_factory=dict)
    naf2025: bool = False
    both: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    year: int = 2026
    series: Sequence[Row] = ()
    moves: Sequence[Row] = ()
    addresses: Sequence[Row] = ()

    @property
    def communes(self) -> list[str]:
        return sorted((*self.whole, *self.partial))

    @cached_property
    def open(self) -> pd.DataFrame:
        """Every open establishment, with its branch, if it is in the place, its headcount and whether it employs."""
        frame = pd.DataFrame(
            [{name: row[name] for name in COLUMNS} for row in self.rows], columns=COLUMNS, dtype=object
        )
        frame = frame[frame["open"].eq(True)].copy()
        frame["activity"] = frame["code25" if self.naf2025 else "code"]
        frame["branch"] = _column(frame, self._branch)
        frame["here"] = _column(frame, self._is_here)
        frame["employs"] = _column(
            frame, lambda row: BOUNDS.get(row["band"], (0, 0))[0] > 0 or row["employer"] is True
        ).astype(bool)
        young = frame["band"].eq("NN") & frame["employer"].eq(True)
        frame["unknown"] = frame["band"].isna() | young
        frame["low"] = _column(frame, lambda row: BOUNDS.get(row["band"], (0, 0))[0])
        frame["high"] = _column(frame, lambda row: BOUNDS.get(row["band"], (0, None))[1])
        frame.loc[young, "high"] = None
        return frame

    @cached_property
    def here(self) -> pd.DataFrame:
        """The open establishments that count: in the place, of a branch."""
        frame = self.open
        return frame[frame["here"].eq(True) & frame["branch"].notna()]

    def _branch(self, row: Row) -> int | None:
        if row["siren"] in self.corrections:
            return self.corrections[row["siren"]]
        return self.codes.get(row["activity"])

    def _is_here(self, row: Row) -> bool:
        if row["commune"] in self.partial:
            placed = row["lon"] is not None and self.polygon is not None
            return placed and bool(self.polygon.contains(Point(row["lon"], row["lat"])))
        return row["commune"] in self.whole


def _column(frame: pd.DataFrame, of: Any) -> pd.Series:
    return pd.Series([of(row) for row in frame.to_dict("records")], index=frame.index, dtype=object)


def _count(mask: Any) -> int:
    return int(mask.eq(True).sum())


def _units(frame: pd.DataFrame) -> tuple[int, int, int]:
    """Head offices, establishments, employers."""
    return _count(frame["head_office"]), len(frame), _count(frame["employs"])


def _jobs(frame: pd.DataFrame) -> tuple[int, int, int, int]:
    """Low, high, establishments of unknown headcount, establishments of a band without end (there for its least)."""
    endless = frame["band"].eq("53")
    unbounded = frame["high"].isna()
    bounded = int(frame.loc[~unbounded, "high"].sum()) + int(frame.loc[endless, "low"].sum())
    return int(frame["low"].sum()), bounded, _count(unbounded & ~endless), _count(endless)


def _groups(frame: pd.DataFrame, column: str) -> list[tuple[Any, pd.DataFrame]]:
    return [(None if pd.isna(key) else key, part) for key, part in frame.groupby(column, dropna=False)]


def _last(key: Any) -> tuple[bool, Any]:
    """Orders what is not known last."""
    return (key is None, 0 if key is None else key)


# -- Answers ----------------------------------------------------------------------------------------------------------


def totals(world: World) -> dict[str, Any]:
    here = world.here
    active = here[here["estimated"].eq(True)]
    offices, establishments, employers = _units(here)
    offices_estimated, establishments_estimated, employers_estimated = _units(active)
    return {
        "head_offices": offices,
        "establishments": establishments,
        "employers": employers,
        "head_offices_estimated": offices_estimated,
        "establishments_estimated": establishments_estimated,
        "employers_estimated": employers_estimated,
        "partial_diffusion": _count(here["diffusion"].eq("P")),
        "headcount_unknown": _count(here["unknown"]),
        "birth_unknown": _count(here["born"].isna()),
        "not_placed": _count(here["lon"].isna()),
        "jobs": dict(zip(("low", "high", "unknown", "endless"), _jobs(here), strict=True)),
        "undecided": undecided(world),
    }


def undecided(world: World) -> dict[str, int]:
    if not world.partial:
        return {}
    frame = world.open
    unsure = frame[frame["commune"].isin(world.partial) & frame["lon"].isna() & frame["branch"].notna()]
    return dict(zip(("head_offices", "establishments", "employers"), _units(unsure), strict=True))


def branches(world: World) -> list[tuple[Any, ...]]:
    """(branch, the three units, estimated active, jobs low, jobs high), every branch."""
    here = world.here
    parts = [(number, here[here["branch"].eq(number)]) for number in range(1, world.branches + 1)]
    return [(number, *_units(part), _count(part["estimated"]), *_jobs(part)) for number, part in parts]


def activities(world: World) -> list[tuple[Any, ...]]:
    """(activity, the three units)."""
    found = [(key, *_units(part)) for key, part in _groups(world.here, "activity")]
    return sorted(found, key=lambda row: (-row[2], _last(row[0])))


def sizes(world: World) -> list[tuple[str | None, bool, int]]:
    """(band, headcount not known, establishments)."""
    found = [
        (band, bool(unknown), len(part))
        for band, of_band in _groups(world.here, "band")
        for unknown, part in of_band.groupby("unknown")
    ]
    return sorted(found, key=lambda row: (_last(row[0]), row[1]))


def ages(world: World) -> list[tuple[int | None, int, int]]:
    """(year of birth, head offices, establishments)."""
    found = [(key, *_units(part)[:2]) for key, part in _groups(world.here, "born")]
    return sorted(found, key=lambda row: _last(row[0]))


def legal_forms(world: World) -> list[tuple[str | None, int, int]]:
    """(first digit of the legal category, head offices, establishments)."""
    here = world.here
    here = here.assign(form=here["legal"].map(lambda legal: legal and legal[0]))
    found = [(key, *_units(part)[:2]) for key, part in _groups(here, "form")]
    return sorted(found, key=lambda row: (-row[2], _last(row[0])))


def specialities(world: World) -> list[tuple[int, int, int, float | None]]:
    """(branch, establishments here, in the country, location quotient)."""
    if world.partial:
        return []
    everywhere = world.open
    everywhere = everywhere[everywhere["commune"].notna()]
    all_here, all_country = everywhere["commune"].isin(world.whole).sum(), len(everywhere)
    found = []
    for number in range(1, world.branches + 1):
        of_branch = everywhere[everywhere["branch"].eq(number)]
        here, country = int(of_branch["commune"].isin(world.whole).sum()), len(of_branch)
        quotient = (here / all_here) / (country / all_country) if all_here and country else None
        found.append((number, here, country, quotient))
    return found


def series(world: World) -> list[tuple[int, ...]]:
    """(year, stock, births, closures, arrivals, departures, inside), from the first year with any to the stock's."""
    if world.naf2025:
        return []
    stocks = pd.DataFrame(world.series, columns=["commune", "code", "year", "stock", "births", "closures"])
    stocks = stocks[stocks["commune"].isin(world.communes) & stocks["code"].isin(list(world.codes))]
    moved = {"arrivals": {}, "departures": {}, "inside": {}}  # type: dict[str, dict[int, int]]
    for move in world.moves:
        left = move["from_commune"] in world.communes and move["from_code"] in world.codes
        came = move["to_commune"] in world.communes and move["to_code"] in world.codes
        if left or came:
            kind = "inside" if left and came else "departures" if left else "arrivals"
            moved[kind][move["year"]] = moved[kind].get(move["year"], 0) + move["n"]
    lived = stocks[stocks[["stock", "births", "closures"]].any(axis=1)]
    years = {*lived["year"], *(year for found in moved.values() for year, n in found.items() if n)}
    return [
        (
            year,
            *(int(stocks.loc[stocks["year"].eq(year), name].sum()) for name in ("stock", "births", "closures")),
            *(moved[kind].get(year, 0) for kind in ("arrivals", "departures", "inside")),
        )
        for year in (range(min(years), world.year + 1) if years else ())
    ]


def communes(world: World) -> list[tuple[Any, ...]]:
    """(commune, the three units, all open establishments of any activity)."""
    here, every = world.here, world.open
    found = [
        (code, *_units(here[here["commune"].eq(code)]), _count(every["commune"].eq(code))) for code in world.communes
    ]
    return sorted(found, key=lambda row: (-row[2], row[0]))


def ranking(world: World, territory_of: Mapping[str, str]) -> list[tuple[Any, ...]]:
    """(territory, the three units, jobs low, jobs high, all open establishments of any activity)."""
    here, every = world.here, world.open
    found = []
    for territory in set(territory_of.values()):
        members = [code for code, of in territory_of.items() if of == territory]
        part = here[here["commune"].isin(members)]
        found.append((territory, *_units(part), *_jobs(part), _count(every["commune"].isin(members))))
    return sorted(found, key=lambda row: (-row[2], row[0]))


def companies(world: World, *, branch: int = 0, employers_only: bool = False) -> list[str]:
    """The SIRET of those that may be shown, the largest first."""
    here = world.here
    here = here[here["diffusion"].eq("O")]
    if branch:
        here = here[here["branch"].eq(branch)]
    if employers_only:
        here = here[here["employs"]]
    return [row["siret"] for row in sorted(here.to_dict("records"), key=_by_size)]


def _by_size(row: Row) -> tuple[Any, ...]:
    low = -1 if row["band"] is None else row["low"]
    return (-low, not row["head_office"], row["name"] is None, row["name"] or "", row["siret"])


def points(world: World) -> list[str]:
    """The SIRET of those that may stand on a map, the largest first."""
    here = world.here
    here = here[here["diffusion"].eq("O") & here["lon"].notna()]
    return [row["siret"] for row in sorted(here.to_dict("records"), key=lambda row: (_by_size(row)[0], row["siret"]))]


def company_ids(world: World, category: str = "", *, active: bool = False) -> set[int]:
    here = world.here[world.here["estimated"].eq(True)] if active else world.here
    return set(here.loc[here["category"].eq(category) | (category == ""), "siren"].astype(int))


def actors(world: World, codes: Iterable[str], legal: Iterable[str] = ()) -> pd.DataFrame:
    """Open establishments of the kind in the place, whatever the activity perimeter counts."""
    every = world.open
    found = every[every["here"].eq(True) & every["code"].isin(list(codes))]
    if legal := list(legal):
        found = found[found["legal"].map(lambda form: form is not None and form[:2] in legal).astype(bool)]
    return found


def actors_shown(found: pd.DataFrame) -> list[str]:
    """The SIRET of those that may be named, the largest first."""
    rows = found[found["diffusion"].eq("O")].to_dict("records")
    return [row["siret"] for row in sorted(rows, key=lambda row: (_by_size(row)[0], *_by_size(row)[2:]))]


def passages(world: World, department_of: Callable[[str], str]) -> list[tuple[Any, ...]]:
    """(NAF rev. 2, NAF 2025, establishments, share, the official table's word).

    The share is not known where the perimeter does not hold the rev. 2 code: its other successors are not counted.
    """
    rev2, naf2025 = world.both
    frame = world.open
    departments = {department_of(code) for code in world.communes}
    near = frame["commune"].map(lambda code: code is not None and department_of(code) in departments).astype(bool)
    double = frame[near & frame["code"].notna() & frame["code25"].notna()]
    double = double[double["code"].isin(rev2) | double["code25"].isin(naf2025)]
    found = []
    for code, of_code in double.groupby("code"):
        for code25, part in of_code.groupby("code25"):
            share = len(part) / len(of_code) if code in rev2 else None
            found.append((code, code25, len(part), share, OFFICIAL.get((code, code25), "")))
    return sorted(found, key=lambda row: (row[0], -row[2], row[1]))


def quality(world: World) -> dict[str, int]:
    here = world.here
    return {
        "establishments": len(here),
        "non_employer": _count(here["band"].eq("NN")),
        "band_missing": _count(here["band"].isna()),
        "employer_without_band": _count(here["band"].eq("NN") & here["employer"].eq(True)),
        "partial_diffusion": _count(here["diffusion"].eq("P")),
        "not_placed": _count(here["lon"].isna()),
        "birth_unknown": _count(here["born"].isna()),
        "perhaps_inactive": _count(here["estimated"].eq(False)),
    }


def domiciliations(world: World) -> list[tuple[str, str, int]]:
    """(commune, address, units), the most crowded first."""
    found = [row for row in world.addresses if row["commune"] in world.communes]
    found.sort(key=lambda row: (-row["units"], row["commune"], row["address"]))
    return [(row["commune"], row["address"], row["units"]) for row in found]


# -- From the published files -----------------------------------------------------------------------------------------

PROJECTIONS = {"971": 5490, "972": 5490, "973": 2972, "974": 2975, "976": 4471}
# Years within which an establishment without employees is estimated active: since its birth, since it was last seen.
ACTIVE_PERSON, ACTIVE_COMPANY = (3, 3), (5, 6)


def read_published(
    establishments: Path, units: Path, geolocation: Path, *, current: Mapping[str, str], day: date
) -> list[dict[str, Any]]:
    """The rows of the register from INSEE's files, one by one; `current` gives the commune of today of each code."""
    unit_of = {row["siren"]: row for row in _read(units)}
    place_of = {row["siret"]: row for row in _read(geolocation, ";")}
    return [
        _published(row, unit_of.get(row["siren"]), place_of.get(row["siret"]), current, day)
        for row in _read(establishments)
    ]


def _read(file: Path, separator: str = ",") -> list[dict[str, str]]:
    return pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False).to_dict("records")


def _told(*values: str) -> str | None:
    return next((value for value in values if value not in {"", "[ND]"}), None)


def _year(text: str, day: date) -> int | None:
    """The year of a day that can be believed: from 1800 to a year from now, and not the placeholder."""
    latest = day.replace(year=day.year + 1).isoformat()
    return int(text[:4]) if "1800-01-01" <= text[:10] <= latest and text[:10] != "1900-01-01" else None


def _published(
    row: Mapping[str, str],
    unit: Mapping[str, str] | None,
    place: Mapping[str, str] | None,
    current: Mapping[str, str],
    day: date,
) -> dict[str, Any]:
    known = unit or {}
    is_open = row["etatAdministratifEtablissement"] == "A"
    hidden = row["statutDiffusionEtablissement"] != "O" or known.get("statutDiffusionUniteLegale", "O") != "O"
    rev2 = row["nomenclatureActivitePrincipaleEtablissement"] == "NAFRev2"
    band = row["trancheEffectifsEtablissement"]
    legal = known.get("categorieJuridiqueUniteLegale", "")
    lon, lat = _position(row, place) if is_open and not hidden else (None, None)
    read = {
        "siret": row["siret"],
        "siren": row["siren"],
        "name": None if hidden else _told(
            known.get("denominationUniteLegale", ""), row["denominationUsuelleEtablissement"],
            row["enseigne1Etablissement"],
        ),
        "commune": current.get(row["codeCommuneEtablissement"]),
        "code": _told(row["activitePrincipaleEtablissement"]) if rev2 else None,
        "code25": _told(row["activitePrincipaleNAF25Etablissement"]),
        "band": band if band in BOUNDS else None,
        "employer": {"O": True, "N": False}.get(row["caractereEmployeurEtablissement"]),
        "open": is_open,
        "diffusion": "P" if hidden else "O",
        "head_office": row["etablissementSiege"] == "true",
        "born": _year(row["dateCreationEtablissement"], day),
        "legal": legal if len(legal) == 4 else None,
        "unit_band": _told(known.get("trancheEffectifsUniteLegale", "")),
        "category": _told(known.get("categorieEntreprise", "")),
        "lon": lon,
        "lat": lat,
    }  # fmt: skip
    seen = int(row["dateDernierTraitementEtablissement"][:4] or 0)
    ceased = known.get("etatAdministratifUniteLegale", "A") != "A"
    return {**read, "estimated": is_open and not ceased and _active(read, seen, day.year)}


def _active(read: Row, seen: int, year: int) -> bool:
    young, lately = ACTIVE_PERSON if (read["legal"] or "").startswith("1") else ACTIVE_COMPANY
    employs = read["employer"] is True or (read["band"] or "NN") not in {"NN", "00"}
    return employs or (read["born"] is not None and year - read["born"] <= young) or year - seen <= lately


def _position(row: Row, place: Row | None) -> tuple[float, float] | tuple[None, None]:
    if place and place["qualite_xy"] == "33":  # a random point of the commune
        return None, None
    if place and place["x_longitude"]:
        return float(place["x_longitude"]), float(place["y_latitude"])
    x, y = row["coordonneeLambertAbscisseEtablissement"], row["coordonneeLambertOrdonneeEtablissement"]
    if _told(x) is None or _told(y) is None:
        return None, None
    projection = PROJECTIONS.get(row["codeCommuneEtablissement"][:3], 2154)
    lon, lat = Transformer.from_crs(projection, 4326, always_xy=True).transform(float(x), float(y))
    return round(lon, 6), round(lat, 6)
