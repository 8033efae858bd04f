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
from dataclasses import replace
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
TYPES = {
    "text": "string",
    "code": "string",
    "percent": "number",
    "ratio": "number",
    "flag": "boolean",
}  # others: integer
SQL_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "geojson": "application/geo+json",
    "json": "application/json",
    "zip": "application/zip",
}


def type_of(column: Column) -> str:
    """What the values of a column of a file are, as Frictionless calls it."""
    return TYPES.get(column.kind, "integer")


# -- From a table -----------------------------------------------------------------------------------------------------


def sheet_of(table: Table) -> Table:
    """The table as a file has it: an interval becomes three columns, its bounds and how many have none."""
    columns = tuple(of_file for column in table.columns for of_file in _columns(column))
    rows = tuple(tuple(_values(row, table.columns)) for row in table.rows)
    return Table(table.name, table.title, table.description, columns, rows)


def defined(sheet: Table, definition: Mapping[str, str]) -> Table:
    """The file with what was counted on every row, so that rows of two definitions are told apart once put together."""
    columns = tuple(Column(name, str(DEFINITION_TITLES[name]), "text") for name in definition)
    values = tuple(definition.values())
    return replace(sheet, columns=(*sheet.columns, *columns), rows=tuple((*row, *values) for row in sheet.rows))


def _columns(column: Column) -> Iterator[Column]:
    if column.kind == "interval":
        named = {"label": column.label}
        yield Column(f"{column.name}_low", _("%(label)s, at least") % named, definition=column.definition)
        yield Column(f"{column.name}_high", _("%(label)s, at most") % named, definition=column.definition)
        without = _(
            "Establishments of unknown headcount, or of a band without end, that may add to what it is at most."
        )
        label = _("%(label)s: establishments without upper bound") % named
        yield Column(f"{column.name}_unbounded", label, definition=without)
    elif column.kind == "percent":
        yield replace(column, definition=" ".join(text for text in (column.definition, _("From 0 to 1.")) if text))
    else:
        yield column


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
    return _csv([column.label for column in sheet.columns], sheet.rows)


def sheet_csv(sheet: Table) -> bytes:
    """The file as CSV, with the stable names of its columns."""
    return _csv([column.name for column in sheet.columns], sheet.rows)


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    target = io.BytesIO()
    write_csv(target, head, ([_open_value(value) for value in row] for row in rows))
    return target.getvalue()


def _open_value(value: Any) -> Any:
    if value is MASKED:
        return LEFT_OUT
    return str(value).lower() if isinstance(value, bool) else value


# -- Parquet ----------------------------------------------------------------------------------------------------------


def sheet_parquet(sheet: Table, about: str) -> bytes:
    """The file as Parquet; `about` is kept inside it. What is left out and what is not known are both null there."""
    import duckdb  # noqa: PLC0415 - pages need it not

    columns = ", ".join(
        f"CAST(unnest(${name}) AS {SQL_TYPES[type_of(column)]}) AS {name}"
        for name, column in zip(_names(sheet), sheet.columns, strict=True)
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


def _names(sheet: Table) -> list[str]:
    """Our own names of columns: letters, digits and low lines, so that they may stand in SQL."""
    names = [column.name for column in sheet.columns]
    if not all(name.isidentifier() and name.isascii() for name in names):
        raise ValueError(f"The fields of {sheet.name} cannot be columns: {names}.")
    return names


def _quoted(text: str) -> str:
    return text.replace("'", "''")


# -- GeoJSON ----------------------------------------------------------------------------------------------------------


def communes_geojson(sheet: Table, about: Mapping[str, Any]) -> bytes:
    """The communes with their figures and, where it is loaded, their outline (null where it is not)."""
    shapes = _shapes([row[0] for row in sheet.rows])
    return _collection([(_properties(sheet, row), shapes.get(row[0])) for row in sheet.rows], about)


def points_geojson(sheet: Table, about: Mapping[str, Any]) -> bytes:
    """The establishments that may be placed, as points in WGS 84."""
    lon, lat = map(sheet.index, ("lon", "lat"))
    return _collection(
        [
            (_properties(sheet, row), json.dumps({"type": "Point", "coordinates": [row[lon], row[lat]]}))
            for row in sheet.rows
        ],
        about,
    )


def _properties(sheet: Table, row: Sequence[Any]) -> dict[str, Any]:
    return {
        column.name: LEFT_OUT if value is MASKED else value
        for column, value in zip(sheet.columns, row, strict=True)
        if column.name not in {"lon", "lat"}
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
