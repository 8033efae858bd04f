"""Stocks of the register and activity perimeters; a stock's layout written from rows by hand.

`write_layout` is the contract of the served files (docs/architecture.md) in plain Python: tests of what reads a stock
need no import, and hold the import and the answers apart.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from factory import Sequence as Numbered
from factory import SubFactory
from factory.django import DjangoModelFactory
from stdnum import luhn

from totem.observatory.activities import actor_kinds, all_codes
from totem.observatory.models import Activity, ActivityPerimeter, ActivityVersion, Branch, Nomenclature, Stock

Row = dict[str, Any]
PUBLISHED = datetime(2026, 10, 1, 8, tzinfo=UTC)
# Branches as (name, NAF rev. 2, NAF 2025).
Branches = Sequence[tuple[str, Iterable[str], Iterable[str]]]
BRANCHES: Branches = (
    ("Édition de logiciels", ("58.21Z", "58.29A", "58.29B", "58.29C"), ("58.21Y", "58.29Y")),
    ("Services informatiques", ("62.01Z", "62.02A", "62.03Z"), ("62.10Y", "62.20G", "62.20H")),
)


# -- Activity perimeters ----------------------------------------------------------------------------------------------


class ActivityPerimeterFactory(DjangoModelFactory[ActivityPerimeter]):
    """A public perimeter, as those that Totem ships."""

    class Meta:
        model = ActivityPerimeter
        django_get_or_create = ("slug",)

    slug = Numbered(lambda n: f"perimetre-{n}")
    name = Numbered(lambda n: f"Périmètre {n}")
    public = True


class ActivityVersionFactory(DjangoModelFactory[ActivityVersion]):
    """A published version of two branches.

    `branches` says others; `corrections` is {SIREN: number of the branch, from 1, or None for a company left out};
    `published_at=None` leaves a draft.
    """

    class Meta:
        model = ActivityVersion

    perimeter = SubFactory(ActivityPerimeterFactory)
    number = 1
    valid_from = date(2026, 1, 1)
    published_at = PUBLISHED

    @classmethod
    def _create(cls, model_class: type[ActivityVersion], *args: Any, **kwargs: Any) -> ActivityVersion:
        branches: Branches = kwargs.pop("branches", BRANCHES)
        corrections: Mapping[str, int | None] = kwargs.pop("corrections", {})
        published_at = kwargs.pop("published_at")
        version = super()._create(model_class, *args, **kwargs)
        made = [_branch(version, position, *branch) for position, branch in enumerate(branches, start=1)]
        for siren, number in corrections.items():
            version.corrections.create(
                siren=siren, branch=None if number is None else made[number - 1], reason="Vu sur place."
            )
        if published_at:
            version.published_at = published_at
            version.save(update_fields=["published_at"])
        return version


def _branch(version: ActivityVersion, position: int, name: str, rev2: Iterable[str], naf2025: Iterable[str]) -> Branch:
    branch = version.branches.create(position=position, name=name)
    for kind, codes in ((Nomenclature.REV2, rev2), (Nomenclature.NAF2025, naf2025)):
        for code in codes:
            activity, _made = Activity.objects.get_or_create(
                nomenclature=kind, code=code, defaults={"label": f"Activité {code}"}
            )
            version.codes.create(branch=branch, activity=activity)
    return branch


# -- Stocks -----------------------------------------------------------------------------------------------------------


class StockFactory(DjangoModelFactory[Stock]):
    """The stock in service; its files are not made (see `make_stock`)."""

    class Meta:
        model = Stock

    date = date(2026, 11, 1)
    state = Stock.State.SERVING
    folder = Numbered(lambda n: f"stock-{n}")
    rows = 0


_numbers = count(1)


def establishment(**told: Any) -> Row:
    """One row of the register as the import leaves it: an open head office in Amiens without employees, unless told.

    What the layout guarantees follows: a closed one is not active nor placed, one under partial diffusion has neither
    name nor place.
    """
    number = next(_numbers)
    digits = f"{90_000_000 + number}"
    row: Row = {
        "siren": digits + luhn.calc_check_digit(digits), "siret": None, "name": f"Société {number}", "commune": "80021",
        "code": "62.01Z", "nomenclature": "NAFRev2", "code25": "62.10Y", "band": "NN", "band_year": 2024,
        "employer": False, "open": True, "diffusion": "O", "head_office": True, "born": 2015, "closed": None,
        "processed": 2026, "legal": "5710", "unit_band": "NN", "category": "PME", "unit_open": True,
        "estimated": True, "lon": 2.3, "lat": 49.89, "created": None, "address": None,
    }  # fmt: skip
    if unknown := set(told) - set(row):
        raise TypeError(f"No such column: {unknown}")
    row |= told
    row["siret"] = row["siret"] or f"{row['siren']}{number % 100_000:05}"
    if row["nomenclature"] != "NAFRev2":
        row["code"] = None
    if row["diffusion"] == "P":
        row["name"] = None
    if row["diffusion"] == "P" or not row["open"]:
        row["lon"] = row["lat"] = None
    row["estimated"] = row["estimated"] and row["open"]
    return row


def make_stock(
    rows: Iterable[Row],
    *,
    wanted: Iterable[str] = (),
    versions: Iterable[ActivityVersion] = (),
    series: Iterable[Row] = (),
    moves: Iterable[Row] = (),
    addresses: Iterable[Row] = (),
    **fields: Any,
) -> Stock:
    """A stock whose rows are given, with its files: `make_stock([establishment(), …], versions=[version])`.

    `versions` are those whose corrections by hand it applies. Its cubes hold the codes of the versions published so far
    and of actors, or those `wanted`. `series`, `moves`, `addresses` are rows of those files. With `complete=False` it
    is archived: only the cubes are there. Everything else is a field of Stock. It serves unless told otherwise.
    """
    rows = list(rows)
    if not fields.get("complete", True):
        fields.setdefault("state", Stock.State.ARCHIVED)
    stock: Stock = StockFactory(rows=len(rows), **fields)
    write_layout(
        stock.path,
        rows,
        wanted={*wanted} or {*all_codes(), *(code for kind in actor_kinds() for code in kind.codes)},
        complete=stock.complete,
        series=series,
        moves=moves,
        addresses=addresses,
        corrections={version.pk: _corrections_of(version) for version in versions},
    )
    return stock


def _corrections_of(version: ActivityVersion) -> dict[str, int | None]:
    """{SIREN: number of the branch, from 1, or None for a company left out} of a version."""
    number = {branch.pk: place for place, branch in enumerate(version.branches.all(), start=1)}
    return {row.siren: number.get(row.branch_id) for row in version.corrections.all()}


# -- The layout -------------------------------------------------------------------------------------------------------

_SMALL, _WHOLE, _TEXT, _FLAG, _REAL, _DAY = (
    pa.int16(), pa.int32(), pa.string(), pa.bool_(), pa.float64(), pa.date32()
)  # fmt: skip
_TYPES: dict[str, pa.DataType] = {
    **dict.fromkeys(("band_year", "born", "closed", "processed", "year"), _SMALL),
    **dict.fromkeys(("employer", "open", "head_office", "unit_open", "estimated", "placed"), _FLAG),
    **dict.fromkeys(("n", "head_offices", "establishments", "employers", "units", "branch"), _WHOLE),
    **dict.fromkeys(("stock", "births", "closures", "rules"), _WHOLE),
    **dict.fromkeys(("lon", "lat"), _REAL),
    "created": _DAY,
}
_ESTABLISHMENT = (
    "siret", "siren", "name", "commune", "code", "nomenclature", "code25", "band", "band_year", "employer", "open",
    "diffusion", "head_office", "born", "closed", "processed", "legal", "unit_band", "category", "unit_open",
    "estimated", "lon", "lat", "created", "address", "rules",
)  # fmt: skip
_SITE = (
    "siret", "siren", "commune", "code", "code25", "band", "employer", "born", "head_office", "diffusion", "legal",
    "estimated", "category", "lon", "lat",
)  # fmt: skip
_CELL = (
    "commune", "code", "code25", "band", "employer", "born", "closed", "open", "head_office", "diffusion", "legal",
    "estimated", "placed",
)  # fmt: skip
_CORRECTION = (
    "siret", "siren", "name", "commune", "code", "code25", "band", "employer", "unit_band", "category", "born",
    "closed", "open", "head_office", "diffusion", "legal", "estimated", "placed", "lon", "lat", "branch",
)  # fmt: skip
_UNITS = ("establishments", "head_offices", "employers")


def write_layout(
    folder: Path,
    rows: Iterable[Row],
    *,
    wanted: Iterable[str],
    complete: bool = True,
    series: Iterable[Row] = (),
    moves: Iterable[Row] = (),
    addresses: Iterable[Row] = (),
    corrections: Mapping[int, Mapping[str, int | None]] | None = None,
) -> None:
    """Write the served files of a stock into `folder`; `wanted` are the codes of both lists that its cubes hold.

    `series`, `moves` and `addresses` are rows of those files as they stand; `corrections` {version: {SIREN: branch}}.
    """
    folder.mkdir(parents=True, exist_ok=True)
    every, wanted = list(rows), set(wanted)
    slim = [{**row, "legal": row["legal"] and row["legal"][0], "placed": row["lon"] is not None} for row in every]
    chosen = [row for row in slim if row["code"] in wanted or row["code25"] in wanted]
    still = [row for row in chosen if row["open"]]
    if complete:
        _write(folder, "establishments", _ESTABLISHMENT, _sorted(every, "code", "commune"))
        _write(folder, "sites", _SITE, _sorted(still, "commune", "code"))
    _write(folder, "cube", (*_CELL, "n"), _counted(chosen, _CELL))
    located = [row for row in every if row["open"] and row["commune"]]
    _write(folder, "totals", ("commune", *_UNITS), _units(located, ("commune",)))
    _write(
        folder, "nation", ("code", "code25", *_UNITS), _units([r for r in still if r["commune"]], ("code", "code25"))
    )
    double = [{**row, "department": department_of(row["commune"])} for row in still if row["code"] and row["code25"]]
    keys = ("department", "band", "code", "code25")
    _write(folder, "bridge", (*keys, "n"), _counted(double, keys))
    _write(folder, "series", ("commune", "code", "year", "stock", "births", "closures"), series)
    _write(folder, "moves", ("year", "from_commune", "from_code", "to_commune", "to_code", "n"), moves)
    _write(folder, "addresses", ("commune", "address", "units"), addresses)
    for version, branch_of in (corrections or {}).items():
        corrected = [{**row, "branch": branch_of[row["siren"]]} for row in slim if row["siren"] in branch_of]
        _write(folder, f"corrections-{version}", _CORRECTION, corrected)


def department_of(commune: str | None) -> str | None:
    """The department of a commune that no overseas collectivity muddles: those of the tests."""
    return commune and commune[: 3 if commune.startswith("97") else 2]


def _write(folder: Path, name: str, columns: Iterable[str], rows: Iterable[Row]) -> None:
    schema = pa.schema([(column, _TYPES.get(column, _TEXT)) for column in columns])
    table = pa.Table.from_pylist([{column: row.get(column) for column in schema.names} for row in rows], schema=schema)
    pq.write_table(table, folder / f"{name}.parquet", compression="zstd")


def _sorted(rows: Iterable[Row], *columns: str) -> list[Row]:
    return sorted(rows, key=lambda row: [(row[column] is None, row[column] or "") for column in columns])


def _counted(rows: Iterable[Row], keys: Sequence[str]) -> list[Row]:
    cells = Counter(tuple(row[key] for key in keys) for row in rows)
    return _sorted([{**dict(zip(keys, cell, strict=True)), "n": n} for cell, n in cells.items()], *keys[:2])


def _units(rows: Iterable[Row], keys: Sequence[str]) -> list[Row]:
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        cell = found.setdefault(key, {**dict(zip(keys, key, strict=True)), **dict.fromkeys(_UNITS, 0)})
        cell["establishments"] += 1
        cell["head_offices"] += row["head_office"]
        cell["employers"] += row["band"] not in {None, "NN", "00"} or row["employer"] is True
    return list(found.values())
