"""Figures as files: a table as CSV for a spreadsheet; a place as open data, in CSV, Parquet and GeoJSON, with what
describes them.

Open data follow Frictionless Data Package v1: `datapackage.json` says the licence, the sources, what was counted and
each field's type and definition. Their columns bear stable names; a table's own CSV bears its labels, in the language
of the page. Both are written by `core.spreadsheets`, which French spreadsheets open right.
Counts are masked by the setting (`tables.masked`): « s », as statistical offices write it, stands for one that is left
out, nothing for what is not known. Under masking no file places establishments: they could be counted.
"""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _

from totem.core import languages
from totem.core.spreadsheets import write_csv
from totem.core.wording import date_with_year
from totem.observatory import queries, words
from totem.observatory.engine import Row, Scope, opened
from totem.observatory.tables import MASKED, Column, Table, communes_table, tables_of
from totem.territories.models import Commune, Level, Outline
from totem.territories.places import Place

LEFT_OUT = "s"
LICENCE = {
    "name": "etalab-2.0",
    "title": "Licence Ouverte / Open Licence 2.0",
    "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
}
POINTS = "etablissements"
MOST_POINTS = 50_000
MOST_SHAPES = 6_000
TYPES = {"text": "string", "code": "string", "number": "integer", "percent": "number", "ratio": "number"}
SQL_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "geojson": "application/geo+json",
    "json": "application/json",
    "zip": "application/zip",
}


@dataclass(frozen=True)
class Field:
    """A column of a file: its stable name, its label, what it means, and its type in Frictionless' words."""

    name: str
    title: str
    description: str
    type: str


@dataclass(frozen=True)
class Sheet:
    """A file of figures: its fields and rows. A value is MASKED where it is left out, None where it is not known."""

    name: str
    title: str
    description: str
    fields: tuple[Field, ...]
    rows: tuple[tuple[Any, ...], ...]


# -- From a table -----------------------------------------------------------------------------------------------------


def sheet_of(table: Table) -> Sheet:
    """The table as a file: an interval becomes two columns, its lowest and its highest value."""
    fields = tuple(field for column in table.columns for field in _fields(column))
    rows = tuple(tuple(_values(row, table.columns)) for row in table.rows)
    return Sheet(table.name, table.title, table.words, fields, rows)


def _fields(column: Column) -> Iterator[Field]:
    if column.kind == "interval":
        yield Field(
            f"{column.name}_low", _("%(label)s, at least") % {"label": column.label}, column.definition, "integer"
        )
        yield Field(
            f"{column.name}_high",
            _("%(label)s, at most") % {"label": column.label},
            _("%(definition)s Empty where nothing bounds it.") % {"definition": column.definition},
            "integer",
        )
        return
    definition = column.definition
    if column.kind == "percent":
        definition = " ".join(text for text in (definition, _("From 0 to 1.")) if text)
    yield Field(column.name, column.label, definition, TYPES[column.kind])


def _values(row: Sequence[Any], columns: Sequence[Column]) -> Iterator[Any]:
    for value, column in zip(row, columns, strict=True):
        if column.kind != "interval":
            yield str(value) if column.kind == "code" and value is not None and value is not MASKED else value
        elif value is None or value is MASKED:
            yield from (value, value)
        else:
            yield from (value.low, value.high)


# -- CSV --------------------------------------------------------------------------------------------------------------


def table_csv(table: Table) -> bytes:
    """The table as CSV, with labels in the active language and the line of sums last."""
    sheet = sheet_of(table)
    rows = list(sheet.rows)
    if table.total is not None:
        rows.append(tuple(_values(table.total, table.columns)))
    return _csv([field.title for field in sheet.fields], rows)


def sheet_csv(sheet: Sheet) -> bytes:
    """The file as CSV, with the stable names of its fields."""
    return _csv([field.name for field in sheet.fields], sheet.rows)


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    target = io.BytesIO()
    write_csv(target, head, ([_open_value(value) for value in row] for row in rows))
    return target.getvalue()


def _open_value(value: Any) -> Any:
    if value is MASKED:
        return LEFT_OUT
    return str(value).lower() if isinstance(value, bool) else value


# -- Parquet ----------------------------------------------------------------------------------------------------------


def sheet_parquet(sheet: Sheet, about: str) -> bytes:
    """The file as Parquet; `about` is kept inside it. What is left out and what is not known are both null there."""
    import duckdb  # noqa: PLC0415 - pages need it not

    columns = ", ".join(
        f"CAST(unnest(${name}) AS {SQL_TYPES[field.type]}) AS {name}"
        for name, field in zip(_names(sheet), sheet.fields, strict=True)
    )
    values = {
        name: [None if row[place] is MASKED else row[place] for row in sheet.rows]
        for place, name in enumerate(_names(sheet))
    }
    with (
        closing(duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "160MB"})) as connection,
        tempfile.TemporaryDirectory() as folder,
    ):
        connection.execute(f"CREATE TABLE sheet AS SELECT {columns}", values)
        target = Path(folder) / "sheet.parquet"
        connection.execute(
            f"COPY sheet TO '{_quoted(str(target))}' (FORMAT parquet, COMPRESSION zstd,"
            f" KV_METADATA {{totem: '{_quoted(about)}'}})"
        )
        return target.read_bytes()


def _names(sheet: Sheet) -> list[str]:
    """Our own names of columns: letters, digits and low lines, so that they may stand in SQL."""
    names = [field.name for field in sheet.fields]
    if not all(name.isidentifier() and name.isascii() for name in names):
        raise ValueError(f"The fields of {sheet.name} cannot be columns: {names}.")
    return names


def _quoted(text: str) -> str:
    return text.replace("'", "''")


# -- GeoJSON ----------------------------------------------------------------------------------------------------------


def communes_geojson(sheet: Sheet, about: Mapping[str, Any]) -> bytes:
    """The communes with their figures and, where it is loaded, their outline (null where it is not)."""
    shapes = _shapes([row[0] for row in sheet.rows])
    return _collection([(_properties(sheet, row), shapes.get(row[0])) for row in sheet.rows], about)


def points_geojson(sheet: Sheet, about: Mapping[str, Any]) -> bytes:
    """The establishments that may be placed, as points in WGS 84."""
    lon, lat = (next(n for n, field in enumerate(sheet.fields) if field.name == name) for name in ("lon", "lat"))
    return _collection(
        [
            (_properties(sheet, row), json.dumps({"type": "Point", "coordinates": [row[lon], row[lat]]}))
            for row in sheet.rows
        ],
        about,
    )


def _properties(sheet: Sheet, row: Sequence[Any]) -> dict[str, Any]:
    return {
        field.name: LEFT_OUT if value is MASKED else value
        for field, value in zip(sheet.fields, row, strict=True)
        if field.name not in {"lon", "lat"}
    }


def _shapes(codes: Sequence[str]) -> dict[str, str]:
    """The outline of each commune as GeoJSON text, to ten metres."""
    import shapely  # noqa: PLC0415

    rows = list(Outline.objects.filter(level=Level.COMMUNE, code__in=codes).values_list("code", "shape"))
    drawn = shapely.to_geojson(shapely.set_precision(shapely.from_wkb([bytes(shape) for _code, shape in rows]), 0.0001))
    return dict(zip([code for code, _shape in rows], drawn, strict=True))


def _collection(features: Iterable[tuple[Mapping[str, Any], str | None]], about: Mapping[str, Any]) -> bytes:
    lines = ",\n".join(
        f'{{"type":"Feature","properties":{json.dumps(properties, ensure_ascii=False)},"geometry":{shape or "null"}}}'
        for properties, shape in features
    )
    head = json.dumps(about, ensure_ascii=False)
    return f'{{"type":"FeatureCollection","metadata":{head},"features":[\n{lines}\n]}}\n'.encode()


# -- The files of a place ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class File:
    """A file that can be had of a place; `make` gives its bytes."""

    name: str
    title: str
    description: str
    make: Callable[[], bytes]

    @property
    def extension(self) -> str:
        return self.name.rsplit(".", 1)[-1]

    @property
    def media(self) -> str:
        return MEDIA[self.extension]


@dataclass(frozen=True)
class Package:
    """All that can be had of a scope as open data; `address` is that of its figures, for ever.

    `placed` says whether there is a file of establishments, which are only looked up when it is wanted.
    """

    scope: Scope
    address: str
    sheets: tuple[Sheet, ...]
    placed: bool

    @cached_property
    def points(self) -> Sheet:
        """The establishments that may be placed. Raises RowsGone."""
        return points_sheet(self.scope)

    @property
    def _all(self) -> tuple[Sheet, ...]:
        return (*self.sheets, self.points) if self.placed else self.sheets

    @property
    def files(self) -> dict[str, File]:
        """Every file by its name, without the archive."""
        found = [file for sheet in self.sheets for file in self._tabular(sheet.name, sheet.title, sheet.description)]
        communes = self._sheet("communes")
        if len(communes.rows) <= MOST_SHAPES:
            found.append(
                File("communes.geojson", communes.title, communes.description,
                     lambda: communes_geojson(communes, self.about()))
            )  # fmt: skip
        if self.placed:
            title, description = points_words()
            found += self._tabular(POINTS, title, description)
            found.append(
                File(f"{POINTS}.geojson", title, description, lambda: points_geojson(self.points, self.about()))
            )
        found.append(
            File("datapackage.json", _("What describes all files"), _("Frictionless Data Package"), self.described)
        )
        return {file.name: file for file in found}

    def _tabular(self, name: str, title: str, description: str) -> list[File]:
        def parquet() -> bytes:
            return sheet_parquet(self._sheet(name), json.dumps(self.about(), ensure_ascii=False))

        return [
            File(f"{name}.csv", title, description, lambda: sheet_csv(self._sheet(name))),
            File(f"{name}.parquet", title, description, parquet),
        ]

    def _sheet(self, name: str) -> Sheet:
        return self.points if name == POINTS else next(sheet for sheet in self.sheets if sheet.name == name)

    def about(self) -> dict[str, Any]:
        """What every file must carry: what was counted, when, from what, and whether it is real."""
        stock, activities, place = self.scope.stock, self.scope.activities, self.scope.place
        return {
            "place": {"level": place.level, "code": place.code, "name": str(place.name)},
            "stock_date": stock.date.isoformat(),
            "synthetic": stock.synthetic,
            **({"notice": str(words.SYNTHETIC)} if stock.synthetic else {}),
            "activities": {
                "name": activities.name,
                "address": f"{activities.slug}@{activities.number}",
                "nomenclature": activities.nomenclature,
                "branches": [
                    {"name": name, "codes": [c for c, b in zip(activities.codes, activities.branch_of_code, strict=True)
                                             if b == number]}
                    for number, name in enumerate(activities.branches, start=1)
                ],
                "corrected_by_hand": activities.corrected,
            },
            "masking_threshold": settings.MASK_COUNTS_BELOW,
            "address": self.address,
            "licence": LICENCE["name"],
        }  # fmt: skip

    def described(self) -> bytes:
        """`datapackage.json`, in the active language."""
        stock = self.scope.stock
        told = {
            "profile": "data-package",
            "name": f"totem-{self.scope.place.level}-{slug_of(self.scope.place)}-{stock.date.isoformat()}".lower(),
            "title": _("Digital sector of %(place)s, stock of %(date)s")
            % {"place": self.scope.place.name, "date": date_with_year(stock.date)},
            "description": words.counted_words(self.scope),
            "homepage": self.address,
            "version": stock.date.isoformat(),
            "language": languages.active(),
            "licenses": [LICENCE],
            "sources": [
                {"title": str(words.REGISTER)},
                *(_source(source) for source in stock.sources),
            ],
            "totem": self.about(),
            "units": [
                {"name": name, "title": str(said.label), "definition": str(said.definition)}
                for name, said in words.UNITS.items()
            ],
            "notes": [str(note.words) for note in words.notes_for(self.scope)],
            "resources": [self._resource(sheet) for sheet in self._all],
        }  # fmt: skip
        return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()

    def _resource(self, sheet: Sheet) -> dict[str, Any]:
        others = [
            f"{sheet.name}.parquet",
            *([f"{sheet.name}.geojson"] if f"{sheet.name}.geojson" in self.files else []),
        ]
        return {
            "profile": "tabular-data-resource",
            "name": sheet.name,
            "title": sheet.title,
            "description": sheet.description,
            "path": f"{sheet.name}.csv",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "dialect": {"delimiter": ";", "header": True},
            "alternates": others,
            "schema": {
                "fields": [_described(field) for field in sheet.fields],
                "missingValues": ["", LEFT_OUT],
            },
        }

    def archive(self) -> IO[bytes]:
        """All files in one zip, at its beginning; the caller closes it."""
        target = tempfile.TemporaryFile()  # noqa: SIM115 - a response reads it to its end, then closes it
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in self.files.values():
                entry = zipfile.ZipInfo(file.name, (*self.scope.stock.date.timetuple()[:3], 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.make())
        target.seek(0)
        return target


def _source(told: Mapping[str, Any]) -> dict[str, Any]:
    """A file of the register, with its address where it came from the public catalogue, never one of this machine."""
    address = str(told.get("address") or "")
    return {
        "title": str(told.get("file", "")),
        **({"path": address} if address.startswith("https://") else {}),
        "hash": f"sha256:{told.get('sha256', '')}",
    }


def _described(field: Field) -> dict[str, Any]:
    told: dict[str, Any] = {"name": field.name, "title": field.title, "type": field.type}
    if field.description:
        told["description"] = field.description
    if field.type == "number":
        told["decimalChar"] = ","
    return told


def package_of(scope: Scope, address: str) -> Package:
    """The open data of a scope: its tables, and its establishments where the stock still has its rows."""
    tables = {**tables_of(scope, queries.profile(scope)), "communes": communes_table(scope, queries.communes(scope))}
    placed = scope.stock.complete and len(scope.place.communes) <= MOST_SHAPES and settings.MASK_COUNTS_BELOW <= 0
    return Package(scope, address, tuple(sheet_of(table) for table in tables.values()), placed)


def points_words() -> tuple[str, str]:
    """The title of the file of establishments, and what is in it."""
    return (
        _("Establishments with a position"),
        _(
            "Open establishments that the register lets anybody show and place. Without those under partial diffusion,"
            " without sole traders, without random positions: fewer than are counted."
        ),
    )


def points_sheet(scope: Scope) -> Sheet:
    """The establishments that may be placed: open diffusion, a position, no sole trader (their number is a person's).

    At most MOST_POINTS. Raises RowsGone.
    """
    with opened(scope) as question:
        rows = question.ask("open_points", limit=MOST_POINTS)
    names = dict(Commune.objects.filter(code__in={row["commune"] for row in rows}).values_list("code", "name"))
    text = "string"
    fields = (
        Field("siret", "SIRET", _("Number of the establishment."), text),
        Field("name", _("Name"), _("Name of the company, or its trade name; empty where it has none."), text),
        Field("commune", _("Code of the commune"), _("INSEE code of the present commune."), text),
        Field("commune_name", _("Commune"), "", text),
        Field("activity", _("Activity"), scope.activities.label, text),
        Field("branch", _("Branch"), _("Branch of the activity perimeter."), text),
        Field("band", str(words.NOTIONS["band"].label), str(words.NOTIONS["band"].definition), text),
        Field("category", _("Category of the company"), "PME, ETI, GE (INSEE)", text),
        Field("born", _("Born"), _("Year it was opened in."), "integer"),
        Field("head_office", _("Head office"), "", "boolean"),
        Field("lon", _("Longitude"), _("WGS 84, in degrees."), "number"),
        Field("lat", _("Latitude"), _("WGS 84, in degrees."), "number"),
    )
    title, description = points_words()
    return Sheet(POINTS, title, description, fields, tuple(_point(row, names, scope) for row in rows))


def _point(row: Row, names: Mapping[str, str], scope: Scope) -> tuple[Any, ...]:
    return (
        row["siret"], row["name"], row["commune"], names.get(row["commune"], ""), row["activity"],
        scope.activities.branches[row["branch"] - 1], row["band"], row["category"], row["born"], row["head_office"],
        row["lon"], row["lat"],
    )  # fmt: skip


def slug_of(place: Place) -> str:
    """The place's code as the name of a file may hold it."""
    return place.code.replace("@", "-v") or "place"


def file_name(scope: Scope, name: str) -> str:
    """What a file is called once downloaded: it says place and date; `synthetique` where it is."""
    synthetic = "synthetique-" if scope.stock.synthetic else ""
    return f"totem-{synthetic}{scope.place.level}-{slug_of(scope.place)}-{scope.stock.date.isoformat()}-{name}"
