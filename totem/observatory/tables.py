"""A table of an answer, as pages, files, charts and PDF show it.

    tabulate("branches", title, description, columns, answer_rows, summed=True) -> Table

Values are raw in `rows`: int, share from 0 to 1, Interval, text; None where it cannot be known, MASKED where it is left
out (`masking.masked`). Which tables there are: `place_tables`; the few figures above them: `key_figures`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.utils.translation import gettext as _

from totem.core.rendering import ChartKind, ChartSpec
from totem.core.wording import number, percent
from totem.observatory import words

CellKind = Literal["text", "code", "number", "balance", "percent", "ratio", "interval", "flag"]


class _Masked:
    """A value that is left out because it, or another it would give away, is small."""

    def __repr__(self) -> str:
        return "MASKED"


MASKED: Final = _Masked()


@dataclass(frozen=True)
class Column:
    """A column: its name in files, its label, what its values are, and its definition.

    `of` is the column of counts that a share, ratio or interval is made of: left out where that is. `value` finds the
    value in a row of the answer (its attribute or key of that name by default), `total` that of the line of sums in
    all rows (their sum by default, for counts).
    """

    name: str
    label: str
    kind: CellKind = "number"
    definition: str = ""
    of: str = ""
    value: Callable[[Any], Any] | None = None
    total: Callable[[Sequence[Any]], Any] | None = None

    @property
    def is_number(self) -> bool:
        return self.kind in _WORDS_OF

    def value_in(self, row: Any) -> Any:
        if self.value:
            return self.value(row)
        return row[self.name] if isinstance(row, dict) else getattr(row, self.name)

    def total_of(self, rows: Sequence[Any]) -> Any:
        if self.total:
            return self.total(rows)
        values = [self.value_in(row) for row in rows] if self.kind == "number" else [None]
        return None if None in values else sum(values)


@dataclass(frozen=True)
class Drawing:
    """How a table is drawn: which kind of chart, from which columns (`values`), rows named by column `label`."""

    kind: ChartKind
    label: str
    values: tuple[str, ...]
    decimals: int = 0
    reference: float | None = None
    reference_name: str = ""
    at_most: int = 30


@dataclass(frozen=True)
class Table:
    """Rows of one answer, ready to be shown. `total` is the line of sums, where sums mean something.

    `description` says what was counted and how, in one or two sentences. `flows` are columns that a yearly balance
    links.
    """

    name: str
    title: str
    description: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: tuple[Any, ...] | None = None
    drawing: Drawing | None = None
    flows: tuple[str, ...] = ()

    def index(self, name: str) -> int:
        """Where the column stands. Raises ValueError."""
        return [column.name for column in self.columns].index(name)

    @property
    def shown(self) -> list[list[str]]:
        """The rows in words of the active language."""
        return [self._cells(row) for row in self.rows]

    @property
    def shown_total(self) -> list[str]:
        """The line of sums in words; empty without one."""
        return [] if self.total is None else self._cells(self.total)

    @property
    def lines(self) -> list[list[tuple[Column, str]]]:
        """What a template goes through: each cell with its column, in words."""
        return [list(zip(self.columns, row, strict=True)) for row in self.shown]

    @property
    def total_line(self) -> list[tuple[Column, str]]:
        return list(zip(self.columns, self.shown_total, strict=True)) if self.total is not None else []

    @property
    def chart(self) -> ChartSpec | None:
        """The chart, 720 pixels wide (`dataclasses.replace` for another width); None where there is nothing to draw."""
        drawing = self.drawing
        rows = _ROWS_OF[drawing.kind](self, drawing) if drawing and self.rows else []
        if drawing is None or not rows:
            return None
        return ChartSpec(
            kind=drawing.kind,
            rows=rows,
            title=self.title,
            decimals=drawing.decimals,
            percent=self.columns[self.index(drawing.values[0])].kind == "percent",
            names={n: self.columns[self.index(n)].label for n in drawing.values} if drawing.kind == "flows" else {},
            reference=drawing.reference,
            reference_name=drawing.reference_name,
        )

    def _cells(self, row: Sequence[Any]) -> list[str]:
        return [value_words(value, column.kind) for value, column in zip(row, self.columns, strict=True)]


def tabulate(
    name: str,
    title: str,
    description: str,
    columns: Sequence[Column],
    rows: Iterable[Any],
    *,
    summed: bool = False,
    drawing: Drawing | None = None,
    flows: tuple[str, ...] = (),
) -> Table:
    """The table of an answer's rows; `summed` adds the line of sums, named in the last column before the numbers."""
    found = list(rows)
    total = None
    if summed:
        texts = [column.is_number for column in columns].index(True)
        head = [""] * (texts - 1) + [_("Total")]
        total = (*head, *(column.total_of(found) for column in columns[texts:]))
    values = tuple(tuple(column.value_in(row) for column in columns) for row in found)
    return Table(name, title, description, tuple(columns), values, total, drawing, flows)


def value_words(value: Any, kind: CellKind) -> str:
    """A cell in words: what cannot be known and what is left out say so."""
    if value is MASKED:
        return _("left out")
    if value is None:
        return _("not known") if kind in _WORDS_OF else ""
    return _WORDS_OF.get(kind, str)(value)


_WORDS_OF: Mapping[CellKind, Callable[[Any], str]] = {
    "number": number,
    "balance": lambda value: f"{'+' if value > 0 else ''}{number(value)}",
    "percent": lambda value: percent(value, 1),
    "ratio": lambda value: number(value, 2),
    "interval": words.interval_words,
}


# -- Charts -----------------------------------------------------------------------------------------------------------


def _labelled(table: Table, drawing: Drawing) -> list[dict[str, Any]]:
    label, value = table.index(drawing.label), table.index(drawing.values[0])
    rows = []
    for row in table.rows[: drawing.at_most]:
        plain = _plain(row[value])
        text = {"text": value_words(row[value], "number")} if plain is None else {}
        rows.append({"label": str(row[label]), "value": plain, **text})
    return rows


def _lines(table: Table, drawing: Drawing) -> list[dict[str, Any]]:
    year = table.index(drawing.label)
    return [
        {"series": table.columns[place].label, "year": row[year], "value": _plain(row[place])}
        for place in map(table.index, drawing.values)
        for row in table.rows
    ]


def _flows(table: Table, drawing: Drawing) -> list[dict[str, Any]]:
    names = ("year", *drawing.values)
    places = [table.index(name) for name in (drawing.label, *drawing.values)]
    rows = [dict(zip(names, (_plain(row[place]) for place in places), strict=True)) for row in table.rows]
    return [row for row in rows if None not in row.values()]


def _plain(value: Any) -> float | None:
    return None if value is None or value is MASKED else value


_ROWS_OF: Mapping[str, Callable[[Table, Drawing], list[dict[str, Any]]]] = {
    "bars": _labelled,
    "dots": _labelled,
    "line": _lines,
    "flows": _flows,
}
