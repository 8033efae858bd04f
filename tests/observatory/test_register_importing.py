"""A stock goes into service whole, or not at all; what is in service stays so until then."""

import csv
import fcntl
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.factories.accounts import UserFactory
from tests.observatory.registers import (
    ESTABLISHMENTS,
    HISTORY,
    LINKS,
    NOW,
    UNITS,
    imported,
    load_places,
    rows,
)
from totem.core.models import JournalEntry
from totem.observatory.models import (
    Activity,
    ActivityCode,
    ActivityPerimeter,
    ActivityVersion,
    Branch,
    Nomenclature,
    Stock,
)
from totem.observatory.register.importing import NotAside, accept, rebuild_cube, refuse
from totem.observatory.register.published import ImportRefused
from totem.territories.models import Commune

LAYOUT = {
    "addresses.parquet", "bridge.parquet", "cube.parquet", "establishments.parquet", "moves.parquet", "nation.parquet",
    "places.parquet", "series.parquet", "sites.parquet", "totals.parquet",
}  # fmt: skip
Files = tuple[Path, ...]


@pytest.fixture
def observatory(settings, tmp_path: Path) -> Path:
    settings.OBSERVATORY_DIR = tmp_path / "observatory"
    return settings.OBSERVATORY_DIR


@pytest.fixture
def register(db: None, observatory: Path) -> Path:
    load_places()
    return observatory


def files_of(stock: Stock) -> set[str]:
    return {file.name for file in stock.path.iterdir()}


def publish(*codes: str) -> None:
    """A perimeter that counts these activities of NAF rev. 2."""
    perimeter = ActivityPerimeter.objects.create(slug=f"p-{codes[0][:2]}", name="A perimeter", public=True)
    version = ActivityVersion.objects.create(perimeter=perimeter, number=1, valid_from=date(2026, 1, 1))
    branch = Branch.objects.create(version=version, name="A branch", position=1)
    for code in codes:
        activity, _new = Activity.objects.get_or_create(
            nomenclature=Nomenclature.REV2, code=code, defaults={"label": "An activity"}
        )
        ActivityCode.objects.create(version=version, branch=branch, activity=activity)
    version.published_at = NOW
    version.save()


# -- Into service -----------------------------------------------------------------------------------------------------


def test_the_first_stock_goes_into_service(register: Path) -> None:
    stock = imported()
    assert (stock.state, Stock.objects.serving()) == (Stock.State.SERVING, stock)
    assert files_of(stock) == LAYOUT
    assert stock.rows == len(rows(stock.path / "establishments.parquet")) == 58
    assert (stock.has_history, stock.has_links, stock.has_coordinates) == (True, True, False)
    assert (stock.quality["folded_communes"], stock.quality["unknown_commune"]) == (7, 0)
    assert [source["file"] for source in stock.sources] == [
        "StockEtablissement", "StockUniteLegale", "StockEtablissementHistorique", "StockEtablissementLiensSuccession",
    ]  # fmt: skip
    assert all(len(source["sha256"]) == 64 for source in stock.sources)
    assert {path.name for path in register.iterdir()} == {"import.lock", "stocks"}
    assert JournalEntry.objects.get(verb="stock_imported").facts["rows"] == 58


def test_the_next_stock_replaces_it_and_only_its_rows_go(register: Path) -> None:
    first = imported()
    second = imported(stock_date=date(2026, 11, 2))
    first.refresh_from_db()
    assert Stock.objects.serving() == second
    assert (first.state, first.complete) == (Stock.State.ARCHIVED, False)
    assert files_of(first) == LAYOUT - {"establishments.parquet", "sites.parquet"}
    assert files_of(second) == LAYOUT


def test_a_zip_is_read_as_its_file(register: Path, tmp_path: Path) -> None:
    for path in (ESTABLISHMENTS, UNITS):
        with zipfile.ZipFile(tmp_path / f"{path.stem}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
    assert imported([tmp_path / f"{path.stem}.zip" for path in (ESTABLISHMENTS, UNITS)]).rows == 58


def test_without_history_or_links_it_is_said(register: Path) -> None:
    stock = imported((ESTABLISHMENTS, UNITS))
    assert (stock.has_history, stock.has_links) == (False, False)


def test_synthetic_figures_never_take_the_place_of_real_ones(register: Path) -> None:
    stock = imported()
    with pytest.raises(ImportRefused, match="A real edition is in service"):
        imported(synthetic=True)
    assert Stock.objects.serving() == stock


def test_real_figures_take_the_place_of_synthetic_ones(register: Path) -> None:
    imported(synthetic=True)
    assert imported().state == Stock.State.SERVING


def test_rows_left_out_are_kept_with_the_stock_and_told(register: Path, tmp_path: Path) -> None:
    told: list[str] = []
    twice = changed(ESTABLISHMENTS, tmp_path / "stock.csv", lambda text: text + text.splitlines()[1])
    stock = imported((twice, UNITS), progress=told.append)
    assert stock.sources[0]["left_out"] == {"repeated": {"rows": 1, "examples": [[60, "28900001000016"]]}}
    assert stock.sources[1]["left_out"] == {}
    assert "stock.csv: rows left out, identifier repeated: 1; line 60 (28900001000016)" in told


# -- Aside ------------------------------------------------------------------------------------------------------------


def many(
    path: Path, target: Path, *, times: int = 60, change: Callable[[int, str], str] = lambda _i, line: line
) -> Path:
    """The same rows under as many other SIREN: enough for a share to mean something."""
    header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    with target.open("w", encoding="utf-8") as file:
        file.write(header)
        for copy in range(times):
            for line in lines:
                file.write(change(copy, line.replace("2890", f"3{copy:03}")))
    return target


@pytest.fixture
def closed_by_mistake(register: Path, tmp_path: Path) -> tuple[Stock, Stock]:
    """The stock in service, and one in which an open establishment in three stands as closed."""
    units = many(UNITS, tmp_path / "units.csv")
    serving = imported([many(ESTABLISHMENTS, tmp_path / "before.csv"), units])
    wrong = many(
        ESTABLISHMENTS,
        tmp_path / "after.csv",
        change=lambda copy, line: line if copy % 3 else line.replace(",A,", ",F,"),
    )
    return serving, imported([wrong, units], stock_date=date(2026, 11, 2))


def test_a_stock_that_is_not_plausible_is_kept_aside(closed_by_mistake: tuple[Stock, Stock]) -> None:
    serving, aside = closed_by_mistake
    assert aside.state == Stock.State.ASIDE
    assert Stock.objects.serving() == serving
    assert files_of(serving) == files_of(aside) == LAYOUT
    assert {"kind": "state", "key": "A", "before": 2940, "after": 1960} in [
        {name: one[name] for name in ("kind", "key", "before", "after")} for one in aside.differences
    ]


def test_a_part_of_the_register_after_a_synthetic_one_is_kept_aside(register: Path) -> None:
    Commune.objects.filter(pk="80021").update(population=136_000)
    synthetic = imported(synthetic=True)
    part = imported()
    assert (part.state, Stock.objects.serving()) == (Stock.State.ASIDE, synthetic)
    assert [(one["kind"], one["key"], one["after"]) for one in part.differences] == [
        ("whole", "F", 9), ("whole", "A", 49),
    ]  # fmt: skip


def test_a_person_accepts_it(closed_by_mistake: tuple[Stock, Stock]) -> None:
    serving, aside = closed_by_mistake
    somebody = UserFactory()
    accept(aside, by=somebody, reason="INSEE says so.", now=NOW)
    serving.refresh_from_db()
    aside.refresh_from_db()
    assert Stock.objects.serving() == aside
    assert (aside.decided_by, aside.reason, aside.decided_at) == (somebody, "INSEE says so.", NOW)
    assert (serving.state, serving.complete) == (Stock.State.ARCHIVED, False)
    assert JournalEntry.objects.get(verb="stock_accepted").actor_id == somebody.pk
    with pytest.raises(NotAside):
        refuse(aside, by=somebody, reason="No.", now=NOW)


def test_a_person_refuses_it(closed_by_mistake: tuple[Stock, Stock]) -> None:
    serving, aside = closed_by_mistake
    refuse(aside, by=None, reason="Faulty file.", now=NOW)
    aside.refresh_from_db()
    assert (aside.state, Stock.objects.serving()) == (Stock.State.REFUSED, serving)
    assert not aside.path.exists()
    with pytest.raises(NotAside):
        accept(aside, by=None, reason="Yes.", now=NOW)


# -- More activities --------------------------------------------------------------------------------------------------


def test_the_cube_is_made_again_for_more_activities(register: Path) -> None:
    publish("62.01Z", "62.02A")
    stock = imported()
    before, cells = (
        stock.path,
        sum(cell["n"] for cell in rows(stock.path / "cube.parquet", "FROM it WHERE code = '70.22Z'")),
    )
    assert cells == 0
    publish("70.22Z", "70.10Z")
    rebuild_cube(stock)
    stock.refresh_from_db()
    assert {cell["code"] for cell in rows(stock.path / "cube.parquet")} >= {"62.01Z", "62.02A", "70.22Z", "70.10Z"}
    assert files_of(stock) == LAYOUT
    assert stock.path != before
    assert (before / "cube.parquet").exists(), "somebody may be reading it"
    imported(stock_date=date(2026, 11, 2))
    assert not before.exists()


def test_a_cube_without_its_rows_stays_as_it_is(register: Path) -> None:
    first = imported()
    imported(stock_date=date(2026, 11, 2))
    with pytest.raises(ImportRefused, match="are gone"):
        rebuild_cube(first)


# -- What is not a stock ----------------------------------------------------------------------------------------------


def changed(path: Path, target: Path, change: Callable[[str], str], encoding: str = "utf-8") -> Path:
    target.write_bytes(change(path.read_text(encoding="utf-8")).encode(encoding))
    return target


def cut_zip(tmp_path: Path) -> Files:
    path = tmp_path / "StockEtablissement_utf8.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(ESTABLISHMENTS, ESTABLISHMENTS.name)
    path.write_bytes(path.read_bytes()[:-400])
    return path, UNITS


def damaged_zip(tmp_path: Path) -> Files:
    path = tmp_path / "StockEtablissement_utf8.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.write(ESTABLISHMENTS, ESTABLISHMENTS.name)
    content = bytearray(path.read_bytes())
    content[4_000] ^= 1
    path.write_bytes(content)
    return path, UNITS


def without_a_column(tmp_path: Path) -> Files:
    rename = lambda text: text.replace("trancheEffectifsEtablissement", "effectifs")  # noqa: E731
    return changed(ESTABLISHMENTS, tmp_path / "stock.csv", rename), UNITS


def with_a_column_twice(tmp_path: Path) -> Files:
    return changed(ESTABLISHMENTS, tmp_path / "stock.csv", lambda text: text.replace("nic,", "Siren,", 1)), UNITS


def with_a_column_without_a_name(tmp_path: Path) -> Files:
    """As a table is written with the numbers of its rows."""
    return changed(ESTABLISHMENTS, tmp_path / "stock.csv", lambda text: text.replace("nic,", ",", 1)), UNITS


def latin_1(tmp_path: Path) -> Files:
    return ESTABLISHMENTS, changed(UNITS, tmp_path / "units.csv", str, "latin-1")


def latin_1_far_away(tmp_path: Path) -> Files:
    """Further than what is looked at before the file is handed over."""
    path = tmp_path / "units.csv"
    many(UNITS, path, times=900)
    content = path.read_bytes()
    assert len(content) > 5 << 20
    path.write_bytes(content + content.splitlines(keepends=True)[1].replace("É".encode(), "É".encode("latin-1")))
    return ESTABLISHMENTS, path


def cut_in_a_line(tmp_path: Path) -> Files:
    return changed(ESTABLISHMENTS, tmp_path / "stock.csv", lambda text: text[:-60]), UNITS


def line_that_is_not_whole(tmp_path: Path) -> Files:
    return changed(ESTABLISHMENTS, tmp_path / "stock.csv", lambda text: text[:-60] + "\n"), UNITS


def web_page(tmp_path: Path) -> Files:
    (tmp_path / "stock.csv").write_text("<!DOCTYPE html>\n<html><body>503</body></html>\n", encoding="utf-8")
    return tmp_path / "stock.csv", UNITS


def another_table(tmp_path: Path) -> Files:
    (tmp_path / "stations.csv").write_text("uic,name,longitude,latitude\n87,Amiens,2.3,49.9\n", encoding="utf-8")
    return tmp_path / "stations.csv", UNITS


def a_picture(tmp_path: Path) -> Files:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe")
    return tmp_path / "picture.png", UNITS


def nothing_in_it(tmp_path: Path) -> Files:
    (tmp_path / "stock.csv").touch()
    return tmp_path / "stock.csv", UNITS


def header_alone(tmp_path: Path) -> Files:
    return changed(ESTABLISHMENTS, tmp_path / "stock.csv", lambda text: text.splitlines(keepends=True)[0]), UNITS


def not_parquet(tmp_path: Path) -> Files:
    (tmp_path / "stock.parquet").write_bytes(b"PAR1" + b"\0" * 100)
    return tmp_path / "stock.parquet", UNITS


def not_there(tmp_path: Path) -> Files:
    return tmp_path / "stock.csv", UNITS


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (cut_zip, r"StockEtablissement_utf8.zip is a cut or damaged zip file"),
        (damaged_zip, r"StockEtablissement_utf8.zip is a cut or damaged zip file"),
        (without_a_column, r"stock.csv: StockEtablissement lacks the column trancheEffectifsEtablissement"),
        (with_a_column_twice, r"stock.csv has two columns Siren"),
        (with_a_column_without_a_name, r"stock.csv has a column without a name \(number 2\)"),
        (latin_1, r"units.csv is not UTF-8 text \(line 2\): it was saved in another encoding"),
        (latin_1_far_away, r"units.csv is not UTF-8 text"),
        (cut_in_a_line, r"stock.csv holds a line that is not whole"),
        (line_that_is_not_whole, r"stock.csv holds a line that is not whole \(line 59\)"),
        (web_page, r"stock.csv is a web page"),
        (another_table, r"stations.csv is not a file of the register"),
        (a_picture, r"picture.png is not a file of the register"),
        (nothing_in_it, r"stock.csv is empty"),
        (header_alone, r"The file of establishments holds no row"),
        (not_parquet, r"stock.parquet is a damaged or cut Parquet file"),
        (not_there, r"stock.csv cannot be read: No such file or directory"),
        (lambda _path: (ESTABLISHMENTS,), r"StockUniteLegale is missing"),
        (lambda _path: (ESTABLISHMENTS, UNITS, UNITS), r"StockUniteLegale was given twice"),
    ],
)
def test_what_is_not_a_stock_is_said_in_one_line_and_changes_nothing(
    register: Path, tmp_path: Path, files: Callable[[Path], Files], message: str
) -> None:
    stock = imported()
    with pytest.raises(ImportRefused, match=message) as refused:
        imported(files(tmp_path), stock_date=date(2026, 11, 2))
    assert "\n" not in str(refused.value)
    assert Stock.objects.get() == stock
    assert files_of(stock) == LAYOUT
    assert [path.name for path in (register / "stocks").iterdir()] == [stock.folder]
    assert not (register / "incoming").exists()


def test_a_stock_of_tomorrow_is_refused(register: Path) -> None:
    with pytest.raises(ImportRefused, match="2026-11-03 is still to come"):
        imported(stock_date=date(2026, 11, 3))


def test_without_communes_nothing_is_imported(db: None, observatory: Path) -> None:
    assert not Commune.objects.exists()
    with pytest.raises(ImportRefused, match="communes are not loaded"):
        imported()


def test_one_import_at_a_time(register: Path) -> None:
    register.mkdir()
    with (register / "import.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ImportRefused, match="Another import is running"):
            imported()
    assert imported().state == Stock.State.SERVING


# -- Killed, or out of room -------------------------------------------------------------------------------------------

IMPORT = """
import resource, sys
from datetime import date
import django
django.setup()
from tests.observatory.registers import imported

def progress(line):
    print(line, flush=True)
    if line.startswith(sys.argv[1]):
        sys.stdin.read()

if sys.argv[2] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
from totem.observatory.register.published import ImportRefused
try:
    imported(stock_date=date(2026, 11, 2), progress=progress)
except ImportRefused as refused:
    print("refused:", refused)
"""


def importer(observatory: Path, stop_at: str, largest_file: int = 0) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", IMPORT, stop_at, str(largest_file)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TOTEM_OBSERVATORY": str(observatory)},
    )  # fmt: skip


@pytest.mark.parametrize("moment", ["establishments", "cube", "series", "comparing"])
def test_killed_at_any_moment_the_old_stock_stays(committed_db: str, observatory: Path, moment: str) -> None:
    load_places()
    stock = imported()
    with importer(observatory, moment) as child:
        assert child.stdout
        assert next((line for line in child.stdout if line.startswith(moment)), None)
        child.kill()
    assert Stock.objects.get() == stock
    assert files_of(stock) == LAYOUT
    assert any((observatory / "incoming").iterdir()), "killed, it left its work"
    after = imported(stock_date=date(2026, 11, 2))
    assert after.state == Stock.State.SERVING
    assert {path.name for path in (observatory / "stocks").iterdir()} == {stock.folder, after.folder}
    assert not (observatory / "incoming").exists()


def test_a_full_disk_is_said_and_changes_nothing(committed_db: str, observatory: Path) -> None:
    """No file may grow over a kilobyte there: the system refuses the rest, as a full disk does."""
    load_places()
    stock = imported()
    with importer(observatory, "never", largest_file=1024) as child:
        said, _errors = child.communicate()
    assert "refused: The disk is full: nothing was changed." in said
    assert Stock.objects.get() == stock
    assert files_of(stock) == LAYOUT
    assert not (observatory / "incoming").exists()


# -- The command ------------------------------------------------------------------------------------------------------


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("observatory", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_imports_and_tells(register: Path) -> None:
    assert "No edition of the register yet" in command("status")
    files = [str(path) for path in (ESTABLISHMENTS, UNITS, HISTORY, LINKS)]
    command("import", *files, "--date", "2026-11-01")
    assert "2026-11-01" in command("status")
    with pytest.raises(CommandError, match="Say the day of the edition"):
        command("import", *files)


def test_the_command_says_why_a_stock_is_aside_and_decides(closed_by_mistake: tuple[Stock, Stock]) -> None:
    serving, aside = closed_by_mistake
    assert "state A: 2940 → 1960" in command("status")
    with pytest.raises(CommandError, match="Nobody has an account"):
        command("accept", str(aside.pk), "--reason", "INSEE says so.", "--by", "nobody@example.org")
    command("accept", str(aside.pk), "--reason", "INSEE says so.", "--by", UserFactory().email)
    assert Stock.objects.serving() == aside
    with pytest.raises(CommandError, match="nothing is to be decided"):
        command("refuse", str(serving.pk), "--reason", "Too late.")
    with pytest.raises(CommandError, match="There is no edition"):
        command("refuse", "0", "--reason", "None.")


def test_the_command_writes_the_national_census(register: Path, tmp_path: Path) -> None:
    publish("62.01Z", "26.11Z")
    with pytest.raises(CommandError, match="No edition is in service"):
        command("census", str(tmp_path / "census.csv"))
    stock = imported()
    command("census", str(tmp_path / "census.csv"))
    command("census", str(tmp_path / "census.parquet"))
    with (tmp_path / "census.csv").open(encoding="utf-8") as file:
        written = [dict(row) for row in csv.DictReader(file)]
    assert {"code": "26.11Z", "band": "22", "department": "80", "born": "2001", "establishments": "1"} in written
    counted = rows(stock.path / "establishments.parquet", "FROM it WHERE open AND code IN ('62.01Z', '26.11Z')")
    assert sum(int(row["establishments"]) for row in written) == len(counted)
    assert len(rows(tmp_path / "census.parquet")) == len(written)
