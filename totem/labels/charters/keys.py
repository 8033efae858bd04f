"""What the keys of a charter's file are made of: texts, units, and beside the type of a key what it is for.

`Annotated` carries it: a text says what the key is for, `Of` which list its words are from, `Refers` what it names, and
`OrParameter` that « $name » of a parameter may stand there. Checks, the JSON Schema and the page of the format read it.
"""

from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated, TypeVar, get_type_hints

import msgspec
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from totem.core import languages

Mark = TypeVar("Mark")


class Of(Enum):
    """The list that the words of a key are from (`vocabulary.LABELS`), by what it lists."""

    KINDS = _("kinds of organisations")
    ROLES = _("roles of organisations")
    STAGES = _("stages of investment")
    CLASSES = _("classes of members")
    SEATS = _("roles in a body")
    FORMS = _("legal forms")
    OFFICES = _("offices")
    LEVELS = _("levels of funding")
    PURPOSES = _("purposes of funding")
    MODES = _("ways to travel")
    FACTS = _("facts of an organisation")


class Refers(Enum):
    """What a key names, which the file defines elsewhere; the value refuses a name that is not there."""

    SOURCE = _("« {word} » is not one of the sources; {hint}")
    REQUIREMENT = _("« {word} » is not the id of a requirement; {hint}")
    STEP = _("« {word} » is not the id of a step; {hint}")


class OrParameter(Enum):
    """What a value has to be, and the value of a parameter that stands for it."""

    NUMBER = _("a number")
    COUNT = _("a whole number from 1 on")
    YES_NO = _("true or false")
    WORD = _("one of {words}")


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What the tables of a charter have in common: a key that is not known is an error."""


class Words(Struct, frozen=True, kw_only=True):
    """A text in French and in English."""

    # One key a language of the settings, so that a language is added in one place; only the two that all can fall back
    # on are asked of every charter.
    __annotations__ = dict.fromkeys(languages.codes(), Annotated[str, _("In {language}.")])
    vars().update(dict.fromkeys(set(languages.codes()).difference(languages.FALLBACKS), ""))

    @property
    def texts(self) -> dict[str, str]:
        """The text by language."""
        return {code: getattr(self, code, "") for code in languages.codes()}

    def __str__(self) -> str:
        return languages.first_written(self.texts)[1]


class UnitWords(Words, frozen=True, kw_only=True):
    """A unit in words, and what a single one is called: « postes », « poste »."""

    __annotations__ = dict.fromkeys(
        (f"{code}_one" for code in languages.codes()),
        Annotated[str, _("In {language}, what a single one is called; may be left out.")],
    )
    vars().update(dict.fromkeys(__annotations__, ""))

    def counted(self, value: Decimal | int) -> str:
        """The word for that many, singular or plural as the language of the word has it."""
        code, several = languages.first_written(self.texts)
        return (getattr(self, f"{code}_one", "") if languages.is_single(code, value) else "") or several


YES_NO = "yes/no"  # the unit of a figure that only says whether there is something
Unit = str | UnitWords  # « m² », or words where languages differ
Amount = int | float | str  # a number as it was typed, or « $name » of a parameter
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Month = Annotated[int, msgspec.Meta(ge=1, le=600)]
Count = Annotated[int | str, OrParameter.COUNT]
Names = tuple[str, ...]

# Keys that mean the same wherever they stand.
Name = Annotated[Id, _("Name in the file, once; it stands in addresses.")]
Title = Annotated[Words, _("The name that people read.")]
Sentences = Annotated[Words | None, _("A few sentences for the reader.")]
SourceKey = Annotated[str, Refers.SOURCE, _("Key of the source that says so, in [sources].")]
UnitKey = Annotated[
    Unit,
    _(
        "The unit: « m² », or words in both languages. A threshold without a unit is refused, as is another unit "
        "than the figure’s; a parameter brings its own."
    ),
]


_KIND = _("Which kind of requirement it is.")


@cache
def _marks(table: type) -> dict[str, tuple[object, ...]]:
    hints = get_type_hints(table, include_extras=True)
    return {"kind": (_KIND,), **{key: getattr(hint, "__metadata__", ()) for key, hint in hints.items()}}


def mark(table: type, key: str, kind: type[Mark]) -> Mark | None:
    """What a key carries of a kind: `Of`, `Refers`, `OrParameter`, or None."""
    return next((found for found in _marks(table)[key] if type(found) is kind), None)


def meaning(table: type, key: str) -> str:
    """What a key is for, in the reader's language; empty where nobody has said it."""
    if (said := mark(table, key, str)) is None:
        return ""
    language = languages.name(key.removesuffix("_one")) if issubclass(table, Words) else ""
    return gettext(said).format(language=language)
