"""Rows whose identifier is none, or that stand twice in their file: found, counted, shown, and in no figure."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.observatory.registers import ESTABLISHMENTS, GEOLOCATION, HISTORY, LINKS, UNITS, convert, rows
from totem.observatory.register.layout import Converted
from totem.observatory.register.published import FileKind

FILES = (ESTABLISHMENTS, UNITS, HISTORY, LINKS, GEOLOCATION)
FIGURES = ("establishments", "cube", "sites", "nation", "totals", "series", "moves")
Lines = list[str]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Converted]:
    folder = tmp_path_factory.mktemp("sound")
    return folder, convert(folder, FILES)


def spoiled(tmp_path: Path, **changes: Callable[[Lines], Lines]) -> tuple[Path, Converted]:
    """The hand-written register with the lines of some files changed, converted."""
    files = []
    for path in FILES:
        change = changes.get(path.stem.removesuffix("_utf8"), lambda lines: lines)
        target = tmp_path / path.name
        target.write_text("".join(change(path.read_text(encoding="utf-8").splitlines(keepends=True))), encoding="utf-8")
        files.append(target)
    return tmp_path / "layout", convert(tmp_path / "layout", files)


def figures(folder: Path) -> list[object]:
    return [rows(folder / f"{name}.parquet", "FROM it ORDER BY ALL") for name in FIGURES]


def test_an_establishment_or_a_unit_that_stands_twice_counts_once_in_every_file(
    sound: tuple[Path, Converted], tmp_path: Path
) -> None:
    folder, found = spoiled(
        tmp_path,
        StockEtablissement=lambda lines: [*lines, lines[2], lines[3].replace("2025-06-12T", "2024-01-01T")],
        StockUniteLegale=lambda lines: [*lines, lines[1]],
        StockEtablissementHistorique=lambda lines: [*lines, lines[1], lines[2]],
        StockEtablissementLiensSuccession=lambda lines: [*lines, lines[1]],
        geolocalisation=lambda lines: [*lines, lines[1]],
    )
    assert found.totals == sound[1].totals
    assert figures(folder) == figures(sound[0])
    assert {kind: left["repeated"]["rows"] for kind, left in found.left_out.items()} == {
        FileKind.ESTABLISHMENTS: 2, FileKind.UNITS: 1, FileKind.HISTORY: 2, FileKind.GEOLOCATION: 1,
    }  # fmt: skip
    assert found.left_out[FileKind.ESTABLISHMENTS]["repeated"]["examples"] == [
        [60, "28900002800018"], [61, "28900003600011"],
    ]  # fmt: skip


def test_of_two_rows_the_one_that_was_processed_last_is_kept(tmp_path: Path) -> None:
    later = "2026-10-01T00:00:00"
    folder, _found = spoiled(
        tmp_path,
        StockEtablissement=lambda lines: [
            *lines,
            lines[1].replace("2025-06-12T10:20:30", later).replace(",80021,", ",76540,"),
            lines[2].replace("2025-06-12T10:20:30", "2024-01-01T00:00:00").replace(",80021,", ",76540,"),
        ],
    )
    kept = rows(folder / "establishments.parquet", "FROM it WHERE siren IN ('289000010', '289000028') ORDER BY siret")
    assert [row["commune"] for row in kept] == ["76540", "80021"]


MANGLED = ["2.89000E+13", "2890000280001", "2890000360001A", "289 000 036 00029", ""]


def test_what_a_spreadsheet_made_of_a_siret_is_left_out_and_shown_with_its_line(
    sound: tuple[Path, Converted], tmp_path: Path
) -> None:
    def mangle(lines: Lines) -> Lines:
        first = [line.split(",") for line in lines[1:6]]
        mangled = [",".join([*row[:2], word, *row[3:]]) for row, word in zip(first, MANGLED, strict=True)]
        return [lines[0], *mangled, *lines[6:]]

    folder, found = spoiled(
        tmp_path,
        StockEtablissement=mangle,
        StockUniteLegale=lambda lines: [*lines, lines[1].replace("289000010", "2.9E+08")],
        geolocalisation=lambda lines: [*lines, lines[2].replace("28900002800018", "2890000280001")],
    )
    assert (found.rows, sum(found.totals["state"].values())) == (sound[1].rows - 5,) * 2
    assert found.left_out == {
        FileKind.ESTABLISHMENTS: {
            "malformed": {"rows": 5, "examples": [[n, word] for n, word in enumerate(MANGLED, 2)]}
        },
        FileKind.UNITS: {"malformed": {"rows": 1, "examples": [[55, "2.9E+08"]]}},
        FileKind.GEOLOCATION: {"malformed": {"rows": 1, "examples": [[8, "2890000280001"]]}},
    }
    assert not {"", *MANGLED} & {row["siret"] for row in rows(folder / "establishments.parquet")}


def test_a_zero_that_was_lost_is_not_guessed(tmp_path: Path) -> None:
    """A past under thirteen digits is nobody's, though as a number it is that of an establishment."""
    first = "08900001000016"

    def with_zero(lines: Lines) -> Lines:
        return [line.replace("289000010,", "089000010,").replace("28900001000016", first) for line in lines]

    folder, found = spoiled(
        tmp_path,
        StockEtablissement=with_zero,
        StockUniteLegale=lambda lines: [line.replace("289000010", "89000010") for line in lines],
        StockEtablissementHistorique=lambda lines: [line.replace(first, first[1:]) for line in with_zero(lines)],
    )
    (row,) = rows(folder / "establishments.parquet", f"FROM it WHERE siret = '{first}'")
    assert (row["name"], row["legal"]) == (None, None), "not that of the unit 89000010"
    assert found.left_out[FileKind.UNITS] == {"malformed": {"rows": 1, "examples": [[2, "89000010"]]}}
    assert found.left_out[FileKind.HISTORY]["malformed"]["examples"] == [[2, first[1:]]]


def test_the_last_row_of_a_file_without_its_last_line_end_is_read(
    sound: tuple[Path, Converted], tmp_path: Path
) -> None:
    folder, found = spoiled(
        tmp_path,
        StockEtablissement=lambda lines: [*lines[:-1], lines[-1].rstrip("\n")],
        StockUniteLegale=lambda lines: [*lines[:-1], lines[-1].rstrip("\n")],
    )
    assert found == sound[1]
    assert figures(folder) == figures(sound[0])
