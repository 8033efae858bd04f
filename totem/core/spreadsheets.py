"""Lists as spreadsheets: CSV and XLSX, written row by row to a file on the disk, whatever the number of rows.

    columns = (
        ListColumn(_("Booking"), lambda booking: booking.reference),
        ListColumn(_("From"), lambda booking: booking.starts_at, "instant"),
        ListColumn(_("Price"), lambda booking: booking.price, "amount"),
    )
    spreadsheet("xlsx", "reservations", columns, bookings.iterator(), zone=hub.zone)

A CSV file is what French spreadsheets open: fields part by « ; », decimals by a comma, a byte order mark. What somebody
typed is never a formula (OWASP, CSV injection): text in a cell of XLSX, after an apostrophe in CSV.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any, Generic, Literal, TypeVar, cast
from zoneinfo import ZoneInfo

from django.http import FileResponse, Http404
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from totem.core.money import to_cents

Row = TypeVar("Row")
Kind = Literal["text", "number", "amount", "date", "instant"]
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ROWS_OF_A_SHEET = 1_000_000  # a sheet of XLSX ends at 1 048 576
LONGEST_TEXT = 32_767  # of a cell of XLSX
# 14 and 22 are shown as the reader's own spreadsheet writes dates.
NUMBER_FORMATS: dict[Kind, str | int] = {"amount": '#,##0.00\\ "€"', "date": 14, "instant": 22}
WIDTHS: dict[Kind, int] = {"text": 24, "number": 12, "amount": 12, "date": 12, "instant": 17}
FORMULA_SIGNS = "=+-@＝＋－＠"  # spreadsheets of East Asia read the full-width ones too


@dataclass(frozen=True)
class ListColumn(Generic[Row]):
    """A column: its title, the value of a row (None where there is none), and how it is written.

    A `number` and an `amount` (euros) are an int or a Decimal, an `instant` is aware and shown in the list's zone.
    """

    title: str | Promise
    value: Callable[[Row], Any]
    kind: Kind = "text"


def spreadsheet(
    extension: str, name: str, columns: Sequence[ListColumn[Row]], rows: Iterable[Row], *, zone: ZoneInfo
) -> FileResponse:
    """The list as an attachment `NAME.EXTENSION`, with titles in the active language. Raises Http404 for other files.

    All is read before the answer begins: what fails is an error page, never half a file.
    """
    if extension not in MEDIA:
        raise Http404
    with ExitStack() as on_failure:
        target = on_failure.enter_context(tempfile.TemporaryFile())
        values = ([_plain(column, row, zone) for column in columns] for row in rows)
        if extension == "csv":
            write_csv(target, [str(column.title) for column in columns], values)
        else:
            _write_xlsx(target, columns, values)
        target.seek(0)
        on_failure.pop_all()  # the response closes it
    return FileResponse(target, as_attachment=True, filename=f"{name}.{extension}", content_type=MEDIA[extension])


def _plain(column: ListColumn[Row], row: Row, zone: ZoneInfo) -> Any:
    value = column.value(row)
    if value is None:
        return None
    match column.kind:
        case "text":
            return str(value)
        case "amount":
            return to_cents(value)
        case "instant":
            return value.astimezone(zone).replace(tzinfo=None)
    return value


def is_formula(text: str) -> bool:
    """Whether a spreadsheet could run the text instead of showing it."""
    return text.lstrip()[:1] in {*FORMULA_SIGNS} or text[:1] in {"\t", "\r", "\n"}


# -- CSV --------------------------------------------------------------------------------------------------------------


def write_csv(target: IO[bytes], head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a list of text, numbers and dates (None is empty); `target` stays open."""
    text = io.TextIOWrapper(cast("Any", target), "utf-8-sig", newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_written(value) for value in row] for row in rows)
    text.detach()


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.6f}".rstrip("0").rstrip(".").replace(".", ",")
        case Decimal():
            return f"{value:f}".replace(".", ",")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date() | int():
            return str(value)
    text = str(value)
    return f"'{text}" if is_formula(text) else text


# -- XLSX -------------------------------------------------------------------------------------------------------------


def _write_xlsx(target: IO[bytes], columns: Sequence[ListColumn[Row]], rows: Iterable[Sequence[Any]]) -> None:
    import xlsxwriter  # noqa: PLC0415 - 18 MB that pages need not

    title = _("List")
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as workbook:
        head = workbook.add_format({"bold": True, "bottom": 1})
        styles = [workbook.add_format({"num_format": NUMBER_FORMATS.get(column.kind, "General")}) for column in columns]
        # Text that begins as a formula stays text when somebody edits its cell.
        quoted = workbook.add_format({"quote_prefix": True})
        for number, part in enumerate(_parts(iter(rows)), start=1):
            sheet = workbook.add_worksheet(title if number == 1 else f"{title} {number}")
            sheet.freeze_panes(1, 0)
            for place, column in enumerate(columns):
                sheet.set_column(place, place, max(WIDTHS[column.kind], len(str(column.title)) + 2))
                sheet.write_string(0, place, str(column.title), head)
            line = 0
            for line, row in enumerate(part, start=1):
                for place, (value, style) in enumerate(zip(row, styles, strict=True)):
                    is_quoted = isinstance(value, str) and is_formula(value)
                    _write_cell(sheet, (line, place), value, quoted if is_quoted else style)
            sheet.autofilter(0, 0, line, len(columns) - 1)


def _parts(rows: Iterator[Sequence[Any]]) -> Iterator[Iterator[Sequence[Any]]]:
    """The rows of each sheet; one sheet without rows where there are none."""
    yield islice(rows, ROWS_OF_A_SHEET)
    for first in rows:
        yield chain([first], islice(rows, ROWS_OF_A_SHEET - 1))


def _write_cell(sheet: Any, cell: tuple[int, int], value: Any, style: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(*cell, value[:LONGEST_TEXT], style)
    elif isinstance(value, date):
        sheet.write_datetime(*cell, value, style)
    elif value is not None:
        sheet.write_number(*cell, value, style)
