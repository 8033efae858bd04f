"""Tables as files: CSV, Parquet and GeoJSON.

Columns of open data (`open_data`) bear stable names; a table's own CSV bears its labels, in the language of the page.
Both are written by `core.spreadsheets`, which French spreadsheets open right. « s », as statistical offices write it,
stands for a count that is left out, nothing for what is not known.
"""

import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.spreadsheets import write_csv
from totem.observatory.tables import MASKED, Column, Table
from totem.territories.models import Level, Outline

LEFT_OUT = "s"
# Of the columns that hold the definition of what was counted (`open_data.definition_of`).
DEFINITION_TITLES = {
    "stock_date": gettext_lazy("Date of the register"),
    "activities": gettext_lazy("Activities counted"),
    "method": gettext_lazy("Method"),
}
TYPES = {"text": "string", "code": "string", "percent": "number", "ratio": "number"}  # others: integer
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
    """A column of a file: its stable name, its label, what it means, and its type as Frictionless calls it."""

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
    """The table as a file: an interval becomes three columns, its bounds and how many have none."""
    fields = tuple(field for column in table.columns for field in _fields(column))
    rows = tuple(tuple(_values(row, table.columns)) for row in table.rows)
    return Sheet(table.name, table.title, table.description, fields, rows)


def defined(sheet: Sheet, definition: Mapping[str, str]) -> Sheet:
    """The file with what was counted on every row, so that rows of two definitions are told apart once put together."""
    fields = tuple(Field(name, str(DEFINITION_TITLES[name]), "", "string") for name in definition)
    values = tuple(definition.values())
    return replace(sheet, fields=(*sheet.fields, *fields), rows=tuple((*row, *values) for row in sheet.rows))


def _fields(column: Column) -> Iterator[Field]:
    if column.kind == "interval":
        yield Field(
            f"{column.name}_low", _("%(label)s, at least") % {"label": column.label}, column.definition, "integer"
        )
        yield Field(
            f"{column.name}_high",
            _("%(label)s, at most") % {"label": column.label},
            column.definition,
            "integer",
        )
        yield Field(
            f"{column.name}_unbounded",
            _("%(label)s: establishments without upper bound") % {"label": column.label},
            _("Establishments of unknown headcount, or of a band without end, that may add to what it is at most."),
            "integer",
        )
        return
    definition = column.definition
    if column.kind == "percent":
        definition = " ".join(text for text in (definition, _("From 0 to 1.")) if text)
    yield Field(column.name, column.label, definition, TYPES.get(column.kind, "integer"))


def _values(row: Sequence[Any], columns: Sequence[Column]) -> Iterator[Any]:
    for value, column in zip(row, columns, strict=True):
        if column.kind != "interval":
            yield str(value) if column.kind == "code" and value is not None and value is not MASKED else value
        elif value is None or value is MASKED:
            yield from (value, value, value)
        else:
            yield from (value.low, value.high, value.unknown + value.endless)


# -- CSV --------------------------------------------------------------------------------------------------------------


def table_csv(table: Table, definition: Mapping[str, str] | None = None) -> bytes:
    """The table as CSV, with labels in the active language and the line of sums last."""
    whole = table if table.total is None else replace(table, rows=(*table.rows, table.total))
    sheet = defined(sheet_of(whole), definition or {})
    return _csv([field.title for field in sheet.fields], sheet.rows)


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
