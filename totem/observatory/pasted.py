"""A pasted list of SIREN and SIRET: which companies the register holds, in the activities asked for, and here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.observatory.engine import Row, Scope, opened
from totem.organisations.numbers import compact_siren, compact_siret

MOST_LINES = 2_000
# The first number of a line, whose groups of digits may stand apart: « 732 829 320 00074 Exemple SA ».
_NUMBER = re.compile(r"\d(?:[\d.]|[ \u00a0\u202f](?=\d))*(?:[eE][+-]?\d+)?", re.ASCII)


class PastedStanding(TextChoices):
    """What is known of a line, in the order in which they are counted."""

    HERE = "ici", gettext_lazy("In the list of activities, and here")
    ELSEWHERE = "ailleurs", gettext_lazy("In the list of activities, elsewhere")
    OTHER_HERE = "autre-ici", gettext_lazy("Here, of another activity")
    OTHER = "autre", gettext_lazy("Elsewhere, of another activity")
    CLOSED = "ferme", gettext_lazy("Closed")
    HIDDEN = "diffusion-partielle", gettext_lazy("Under partial diffusion: not shown")
    UNKNOWN = "inconnu", gettext_lazy("Not in this edition of the register")
    MALFORMED = "malforme", gettext_lazy("Not a number")
    REPEATED = "double", gettext_lazy("Twice in the list")


@dataclass
class PastedLine:
    """A line of the list: its number in the list, what it says, and what is known of it.

    `number` has nine or fourteen digits, and is empty where there is none; `why` says what is wrong with the line.
    """

    line: int
    text: str
    number: str = ""
    standing: PastedStanding = PastedStanding.UNKNOWN
    why: str = ""
    held: Row = field(default_factory=dict)


def parse_list(text: str) -> list[PastedLine]:
    """The lines that are not empty, with their numbers; the malformed and the repeated ones say why."""
    lines = [PastedLine(n, line.strip()) for n, line in enumerate(text.replace("\x00", "").splitlines(), start=1)]
    lines = [line for line in lines if line.text]
    first: dict[str, int] = {}
    for line in lines:
        try:
            line.number = _number_of(line.text)
        except ValidationError as error:
            line.standing, line.why = PastedStanding.MALFORMED, error.messages[0]
            continue
        if line.number in first:
            line.standing = PastedStanding.REPEATED
            line.why = _("As line %(line)s.") % {"line": first[line.number]}
        first.setdefault(line.number, line.line)
    return lines


def _number_of(text: str) -> str:
    """The SIREN or SIRET of a line. Raises ValidationError."""
    match = _NUMBER.search(text)
    if match is None:
        raise ValidationError(_("There is no number on this line."))
    if re.search("[eE]", match[0]):
        raise ValidationError(_("A spreadsheet has rounded this number: its last digits are lost."))
    digits = re.sub(r"\D", "", match[0])
    if len(digits) not in (9, 14):
        words = _("A SIREN has nine digits and a SIRET fourteen: this has %(count)s.")
        raise ValidationError(words % {"count": len(digits)})
    return compact_siren(digits) if len(digits) == 9 else compact_siret(digits)


def match_list(scope: Scope, text: str) -> list[PastedLine]:
    """The lines with what the register holds of each. Reads the register once. Raises RowsGone."""
    lines = parse_list(text)
    numbers = [line.number for line in lines if line.standing == PastedStanding.UNKNOWN]
    with opened(scope) as question:
        question.register(
            "pasted",
            number=numbers,
            siren=[number[:9] for number in numbers],
            siret=[number if len(number) == 14 else "" for number in numbers],
        )
        held = {row["number"]: row for row in question.ask("pasted")}
    for line in lines:
        if line.standing == PastedStanding.UNKNOWN:
            line.standing = _standing(held[line.number])
            line.held = (
                held[line.number] if line.standing not in (PastedStanding.HIDDEN, PastedStanding.UNKNOWN) else {}
            )
    return lines


def _standing(row: Row) -> PastedStanding:
    if not row["establishments"]:
        return PastedStanding.UNKNOWN
    if row["hidden"]:
        return PastedStanding.HIDDEN
    if not row["open"]:
        return PastedStanding.CLOSED
    if row["digital"]:
        return PastedStanding.HERE if row["digital_here"] else PastedStanding.ELSEWHERE
    return PastedStanding.OTHER_HERE if row["here"] else PastedStanding.OTHER


def counts(lines: Sequence[PastedLine]) -> list[tuple[PastedStanding, int]]:
    """How many lines of each standing that occurs."""
    counted = [(standing, sum(line.standing == standing for line in lines)) for standing in PastedStanding]
    return [(standing, count) for standing, count in counted if count]
