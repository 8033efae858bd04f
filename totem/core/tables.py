"""A list given as a table, pasted or as a CSV file: each line is checked and shown, then all are saved or none."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from totem.core.components import Words
from totem.core.edit_conflicts import submitted
from totem.core.files import CONTROLS, CheckedFile, DocumentField, DocumentInput, decode_text
from totem.core.pages import CONFIRMED
from totem.core.sort_keys import sort_key

MOST_LINES = 500
LONGEST = 200_000  # characters
NOT_SHOWN = {CONFIRMED, "csrfmiddlewaretoken", "table"}  # of the table, its cells are
Columns = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class TableLine:
    """A line that is not empty: its number in the list, from 1, and its cells by the name of their column."""

    number: int
    cells: Mapping[str, str]

    def get(self, column: str, otherwise: Any = "") -> Any:
        """The cell, or what holds for lines that do not say."""
        return self.cells.get(column) or otherwise


@dataclass(frozen=True)
class LineOutcome:
    """What becomes of a line: whose it is, what is made, whether the organisation is new; or why it is refused."""

    line: TableLine
    name: str
    made: str = ""
    new: bool = False
    errors: Sequence[tuple[Words, str]] = ()


def parse_table(text: str, columns: Columns) -> list[TableLine]:
    """The lines of a table, parted by « ; », a tab or « , ». Raises ValidationError, with the number of the line.

    `columns` gives the headings of each column, as sort keys; without a line of headings, they stand in that order.
    """
    rows = _rows(text)
    names, has_head = _head(rows[0][1], columns) if rows else ([], False)
    lines = [_line(number, row, names) for number, row in rows[has_head:]]
    if not lines:
        raise ValidationError(_("There is no line in this list."), code="empty")
    if len(lines) > MOST_LINES:
        words = _("At most %(most)s lines: this list has %(count)s.")
        raise ValidationError(words, code="many", params={"most": MOST_LINES, "count": len(lines)})
    return lines


def _rows(text: str) -> list[tuple[int, list[str]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((sign for sign in ";\t" if sign in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, [" ".join(cell.split()) for cell in row]) for row in reader]
    except csv.Error as error:
        words = _("Line %(line)s cannot be read: a quotation mark is not closed, or stands inside a cell.")
        raise ValidationError(words, code="unreadable", params={"line": reader.line_num}) from error
    return [(number, row) for number, row in rows if any(row)]


def _head(row: Sequence[str], columns: Columns) -> tuple[list[str], bool]:
    """The column of each cell, and whether this row is the headings."""
    known = {heading: name for name, headings in columns.items() for heading in headings}
    found = [known.get(sort_key(cell), "") for cell in row]
    named = [name for name in found if name]
    if len(named) < min(2, len(row)):
        return list(columns), False
    unknown = [cell for cell, name in zip(row, found, strict=True) if cell and not name]
    if unknown:
        words = _("No column is called “%(heading)s” here: take it out, or name it as below.")
        raise ValidationError(words, code="heading", params={"heading": unknown[0][:60]})
    if len(set(named)) < len(named):
        raise ValidationError(_("Two columns say the same thing: keep one of them."), code="heading")
    return found, True


def _line(number: int, row: Sequence[str], names: Sequence[str]) -> TableLine:
    if any(row[len(names) :]):
        words = _("Line %(line)s has more cells than there are columns.")
        raise ValidationError(words, code="cells", params={"line": number})
    return TableLine(number, {name: cell for name, cell in zip(names, row, strict=False) if name})


def choice_of(text: str, choices: Iterable[tuple[Any, Any]]) -> str:
    """The value of the choice that is called so, whatever its case and accents; else the text, which a form refuses.

    Of « Observer, without a vote » the first words are enough.
    """
    if not text:
        return ""
    pairs = [(str(value), str(label)) for value, label in choices]
    named = {sort_key(label.partition(",")[0]): value for value, label in pairs}
    named |= {sort_key(word): value for value, label in pairs for word in (value, label)}
    return named.get(sort_key(text), text)


def errors_of(*checked: forms.BaseForm) -> list[tuple[Words, str]]:
    """Why forms are refused: the label of the field, empty where it is none, and the sentence."""
    return [
        (form[name].label if name in form.fields else "", str(message))
        for form in checked
        for name, messages in form.errors.items()
        for message in messages
    ]


class TableForm(forms.Form):
    """A table, pasted or sent as a file, which takes precedence; `lines` of the cleaned data are its TableLine."""

    columns: ClassVar[Columns]
    one_of: ClassVar = ("table", "file")  # one or the other is needed: neither is called optional
    table = forms.CharField(
        label=_("The list, one a line"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
    )
    file = DocumentField(
        label=_("Or a CSV file"),
        required=False,
        widget=DocumentInput({"accept": ".csv,.txt"}),
        help_text=_("As spreadsheets save it: UTF-8 or Windows, cells parted by semicolons or commas."),
    )

    def clean_file(self) -> CheckedFile | None:
        """The file, which is text."""
        file: CheckedFile | None = self.cleaned_data["file"]
        if file is not None and not file.content_type.startswith("text/"):
            raise ValidationError(_("This is not a CSV file: save the sheet as CSV in your spreadsheet."), code="kind")
        return file

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        file = data.get("file")
        text = (decode_text(file.content) or "") if file else data.get("table", "")
        if file:
            # Shown with the lines, and sent again with them: nobody chooses the file twice.
            self.data = {**submitted(self), "table": text[:LONGEST]}
        try:
            if len(text) > LONGEST or CONTROLS.search(text):
                raise ValidationError(_("This is too long for a list, or not text."), code="junk")
            data["lines"] = parse_table(text, self.columns) if not {"table", "file"} & self.errors.keys() else []
        except ValidationError as error:
            self.add_error("file" if file else "table", error)
        return data


@dataclass(frozen=True)
class TableOutcome:
    """What becomes of each line, and whether all are saved; `token` stands for what is shown."""

    lines: Sequence[LineOutcome] = ()
    saved: bool = False
    token: str = ""

    @property
    def refused(self) -> int:
        """How many lines are refused."""
        return sum(bool(line.errors) for line in self.lines)


def save_table(form: TableForm, write: Callable[[Sequence[TableLine]], Sequence[LineOutcome]]) -> TableOutcome:
    """Write the lines; all is rolled back where one is refused, or where the person has not seen this outcome yet."""
    with transaction.atomic():
        outcomes = write(form.cleaned_data["lines"])
        said = {name: value for name, value in submitted(form).items() if name not in NOT_SHOWN}
        shown = repr([(one.line.number, one.line.cells, one.name, one.made, one.new) for one in outcomes] + [said])
        token = salted_hmac("core.tables", shown, algorithm="sha256").hexdigest()
        outcome = TableOutcome(outcomes, token=token)
        seen = constant_time_compare(token, form.data.get(CONFIRMED, ""))
        if outcome.refused or not seen:
            transaction.set_rollback(True)
            return outcome
    return TableOutcome(outcomes, saved=True)
