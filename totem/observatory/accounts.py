"""Filed accounts of companies: the open file « ratios financiers » of INPI and BCE, a line a company and closed year.

Columns are known by their names. Consolidated accounts (type K) come before the company's own (C), these before the
simplified ones (S); accounts that are not public give nothing. Source: the layout of the data set as published.
"""

import csv
import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from pathlib import Path

from django.utils import timezone

from totem.observatory.register.published import ImportRefused
from totem.organisations.actions import FiledYear, ImportCounts, import_figures
from totem.organisations.models import Accounts, Organisation

SOURCE = "Comptes annuels déposés (INPI, ratios financiers BCE)"
NEEDED = ("siren", "date_cloture_exercice", "chiffre_d_affaires", "type_bilan", "confidentiality")
# Not in the file as published: added by whoever joins other columns to it.
STAFF = ("effectif", "staff")
EXPORT, SHARE = "chiffre_d_affaires_export", "part_internationale"
PUBLIC = "public"
BEST = (Accounts.CONSOLIDATED, Accounts.COMPANY, Accounts.SIMPLIFIED)
# A share is cut there, not rounded: it reaches a threshold of that many decimals when the exact one does.
SIX_DECIMALS = Decimal("0.000001")
CENTS = Decimal("0.01")
MOST = 20  # lines that could not be read and are named one by one
LARGEST = Decimal(10) ** 15
Row = Mapping[str, str]


@dataclass
class Read:
    """What stood in the file; `unreadable` tells the first lines that were left out, with the word that is wrong."""

    rows: int = 0
    unknown: int = 0
    confidential: int = 0
    empty: int = 0
    wrong: int = 0
    unreadable: list[str] = field(default_factory=list)


class _WrongWord(Exception):
    """A column of a line holds something else than it should."""


def import_accounts(path: Path, *, now: datetime, progress: Callable[[str], None] = lambda _line: None) -> ImportCounts:
    """The accounts of the companies that are organisations here: CSV (`;`, `,` or tabulation; UTF-8), .gz or Parquet.

    A line that cannot be read gives nothing and is named. Raises ImportRefused, with nothing written, when the file
    cannot be read or a column is missing.
    """
    known = set(Organisation.objects.exclude(siren="").values_list("siren", flat=True).distinct())
    read = Read()
    try:
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        chosen = _chosen(_rows(path), known, timezone.localdate(now), read)
    except (EOFError, zlib.error) as error:
        raise ImportRefused(f"{path.name} is a cut or damaged gzip file: fetch it again.") from error
    except OSError as error:
        raise ImportRefused(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ImportRefused(f"{path.name} is not UTF-8.") from error
    except csv.Error as error:
        raise ImportRefused(f"{path.name} is no CSV file: {error}.") from error
    imported = import_figures(
        filed=chosen.values(), source=SOURCE, imported_from=f"{path.name[-200:]} sha256:{checksum}"
    )
    for line in _told(read, imported):
        progress(line)
    return imported


def _told(read: Read, imported: ImportCounts) -> Iterator[str]:
    yield f"{read.rows} lines; left out: {read.unknown} of companies that are not here, {read.confidential} not public,"
    yield f"  {read.empty} without a figure, {read.wrong} that cannot be read"
    yield from (f"  {words}" for words in read.unreadable)
    if read.wrong > len(read.unreadable):
        yield f"  and {read.wrong - len(read.unreadable)} more"
    yield f"Figures of years: {imported.added} added, {imported.changed} changed, {imported.same} as they were,"
    yield f"  {imported.left} written by hand and left so"


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Each row with its line, by column. What the file is, its first bytes say. Raises ImportRefused."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        yield from _rows_of_parquet(path)
        return
    packed = start[:2] == b"\x1f\x8b"
    with (gzip.open if packed else open)(path, "rt", encoding="utf-8-sig", newline="") as text:
        head = text.readline()
        separator = max(";,\t", key=head.count)
        columns = _columns(next(csv.reader([head], delimiter=separator), []), path.name)
        reader = csv.DictReader(text, fieldnames=columns, delimiter=separator, restval="", restkey="")
        for row in reader:
            yield reader.line_num + 1, row


def _rows_of_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    import duckdb  # noqa: PLC0415 - pages need it not

    with duckdb.connect() as connection:
        try:
            answer = connection.execute("FROM read_parquet($1)", [str(path)])
        except duckdb.Error as error:
            raise ImportRefused(f"{path.name} is a damaged or cut Parquet file.") from error
        columns = _columns([column[0] for column in answer.description or ()], path.name)
        for number, row in enumerate(iter(answer.fetchone, None), 1):
            yield number, {name: "" if value is None else str(value) for name, value in zip(columns, row, strict=True)}


def _columns(header: Iterable[str], name: str) -> list[str]:
    columns = [column.strip().lower() for column in header]
    missing = [column for column in NEEDED if column not in columns]
    if missing:
        raise ImportRefused(f"{name} has no column {', '.join(missing)}.")
    return columns


def _chosen(
    lines: Iterator[tuple[int, Row]], known: set[str], today: date, read: Read
) -> dict[tuple[str, int], FiledYear]:
    """The best accounts of each company and year; of two of one kind the later closing, then the later line."""
    chosen: dict[tuple[str, int], FiledYear] = {}
    for number, row in lines:
        read.rows += 1
        try:
            filed = _filed(row, today) if _is_wanted(row, known, read) else None
        except _WrongWord as wrong:
            read.wrong += 1
            if len(read.unreadable) < MOST:
                read.unreadable.append(f"line {number}, {wrong}")
            continue
        if filed and filed.revenue is None and filed.staff is None and filed.international_share is None:
            read.empty += 1
        elif filed:
            key = (filed.siren, filed.closing_date.year)
            if key not in chosen or _rank(filed) >= _rank(chosen[key]):
                chosen[key] = filed
    return chosen


def _is_wanted(row: Row, known: set[str], read: Read) -> bool:
    """Whether a line is public, of a company known here. Raises _WrongWord: a SIREN that lost a zero is not guessed."""
    siren = row["siren"].strip()
    if not re.fullmatch("[0-9]{9}", siren):
        raise _WrongWord(f"siren: {siren[:40]!r} is no SIREN")
    if siren not in known:
        read.unknown += 1
    elif row["confidentiality"].strip().lower() != PUBLIC:
        read.confidential += 1
    else:
        return True
    return False


def _rank(filed: FiledYear) -> tuple[int, date]:
    return -BEST.index(Accounts(filed.accounts)), filed.closing_date


def _filed(row: Row, today: date) -> FiledYear:
    """One line. Raises _WrongWord."""
    revenue = _amount(row, "chiffre_d_affaires")
    staff = next((_staff(row, column) for column in STAFF if column in row), None)
    return FiledYear(
        siren=row["siren"].strip(),
        closing_date=_closing(row, today),
        accounts=_accounts(row),
        revenue=None if revenue is None else revenue.quantize(CENTS),
        staff=staff,
        international_share=_share(row, revenue),
    )


def _closing(row: Row, today: date) -> date:
    word = row["date_cloture_exercice"].strip()
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.strptime(word[:10], form).date()  # noqa: DTZ007 - a day, without a zone
        except ValueError:
            continue
        if day >= today:
            raise _WrongWord(f"date_cloture_exercice: {word!r} is not over yet")
        return day
    raise _WrongWord(f"date_cloture_exercice: {word[:40]!r} is no day")


def _accounts(row: Row) -> str:
    word = row["type_bilan"].strip().upper()
    if word not in Accounts.values:
        raise _WrongWord(f"type_bilan: {word[:40]!r} is none of {', '.join(BEST)}")
    return word


def _amount(row: Row, column: str) -> Decimal | None:
    """A number as the French write it: 1 234 567,89; None when the column is empty or not there."""
    word = "".join(row.get(column, "").split()).replace(",", ".")
    if not word:
        return None
    try:
        amount = Decimal(word)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) >= LARGEST:
        raise _WrongWord(f"{column}: {row[column][:40]!r} is no number")
    return amount


def _staff(row: Row, column: str) -> int | None:
    count = _amount(row, column)
    if count is None:
        return None
    if count != int(count) or not 0 <= count < 2**31:
        raise _WrongWord(f"{column}: {row[column][:40]!r} is no number of people")
    return int(count)


def _share(row: Row, revenue: Decimal | None) -> Decimal | None:
    """The share of revenue made abroad, in percent: as given, else export over revenue. None when not known."""
    share, export = _amount(row, SHARE), _amount(row, EXPORT)
    column = SHARE
    if share is None:
        if export is None or revenue is None or revenue <= 0:
            return None
        share, column = 100 * export / revenue, EXPORT
    if not 0 <= share <= 100:
        raise _WrongWord(f"{column}: {row[column][:40]!r} is no share of the revenue")
    return share.quantize(SIX_DECIMALS, rounding=ROUND_DOWN)
