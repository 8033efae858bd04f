"""Lists as CSV and XLSX: typed cells, hours of the hub, nothing that runs."""

import csv
import io
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.http import FileResponse, Http404

from totem.core import spreadsheets
from totem.core.spreadsheets import ListColumn, spreadsheet

COLUMNS = (
    ListColumn[dict[str, Any]]("Name", lambda row: row["name"]),
    ListColumn[dict[str, Any]]("How many", lambda row: row.get("count"), "number"),
    ListColumn[dict[str, Any]]("Price", lambda row: row.get("price"), "amount"),
    ListColumn[dict[str, Any]]("Day", lambda row: row.get("day"), "date"),
    ListColumn[dict[str, Any]]("From", lambda row: row.get("at"), "instant"),
)
ROWS: list[dict[str, Any]] = [
    {
        "name": "Éloïse ; « Dang »",
        "count": -3,
        "price": Decimal("1234.5"),
        "day": date(2026, 11, 26),
        "at": datetime(2026, 11, 26, 23, 30, tzinfo=UTC),
    },
    {"name": "Nobody"},
]
FORMULAS = ["=1+1", "+33 6", "-2", "@SUM(A1)", "\t=1", " =cmd|' /C calc'!A0", "＝1", '=HYPERLINK("http://x")']
GUADELOUPE = ZoneInfo("America/Guadeloupe")


def content(answer: FileResponse) -> bytes:
    with closing(answer.file_to_stream):
        return b"".join(answer)


def workbook(rows: list[dict[str, Any]]) -> openpyxl.Workbook:
    answer = spreadsheet("xlsx", "list", COLUMNS, iter(rows), zone=GUADELOUPE)
    return openpyxl.load_workbook(io.BytesIO(content(answer)))


def test_csv_is_what_a_french_spreadsheet_opens() -> None:
    answer = spreadsheet("csv", "list-été", COLUMNS, iter(ROWS), zone=GUADELOUPE)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment; ")
    text = content(answer).decode("utf-8")
    assert text.startswith("\ufeffName;How many;Price;Day;From\r\n")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))[1:]
    assert rows == [
        ["Éloïse ; « Dang »", "-3", "1234,50", "2026-11-26", "2026-11-26 19:30"],
        ["Nobody", "", "", "", ""],
    ]


def test_xlsx_has_numbers_and_dates_that_can_be_reckoned_with() -> None:
    sheet = workbook(ROWS).active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == ["Name", "How many", "Price", "Day", "From"]
    assert [cell.value for cell in sheet[2]] == [
        "Éloïse ; « Dang »",
        -3,
        1234.5,
        datetime(2026, 11, 26),  # noqa: DTZ001 - cells of a spreadsheet have no zone
        datetime(2026, 11, 26, 19, 30),  # noqa: DTZ001
    ]
    assert sheet["C2"].number_format.endswith('"€"')
    assert [cell.value for cell in sheet[3]] == ["Nobody", None, None, None, None]
    assert sheet.auto_filter.ref == "A1:E3"


@pytest.mark.parametrize("typed", FORMULAS)
def test_what_was_typed_is_never_run(typed: str) -> None:
    written = content(spreadsheet("csv", "list", COLUMNS, [{"name": typed}], zone=GUADELOUPE)).decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(written.split("\r\n", 1)[1]), delimiter=";"))[0] == f"'{typed}"
    cell = workbook([{"name": typed}]).active["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (typed, "s", None)
    assert cell.quotePrefix


def test_an_empty_list_has_its_titles_and_a_long_one_all_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [sheet.max_row for sheet in workbook([])] == [1]
    monkeypatch.setattr(spreadsheets, "ROWS_OF_A_SHEET", 2)
    book = workbook([{"name": n} for n in range(5)])
    assert [sheet.max_row for sheet in book] == [3, 3, 2]
    assert book.worksheets[2]["A2"].value == "4"


def test_there_is_no_other_kind_of_file() -> None:
    with pytest.raises(Http404):
        spreadsheet("pdf", "list", COLUMNS, ROWS, zone=GUADELOUPE)
