"""The format of a charter as the page /labels/format/ shows it: keys, words, measures, examples.

All of it is what the code knows already: types and meanings (`format.py`), words (`vocabulary.py`), the measures of
every room, and the example files. A key, a word or a measure that is added is on the page.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import inspect

from totem.core import measures, subjects
from totem.core.measures import Text
from totem.labels.charters import format as form
from totem.labels.charters import keys
from totem.labels.charters.keys import Of, OrParameter
from totem.labels.charters.parsing.shape import options, plain_words
from totem.labels.charters.vocabulary import LABELS
from totem.labels.charters.wording import COMBINED

EXAMPLES = Path(__file__).resolve().parents[1] / "data" / "examples"
COMMON = frozenset(form.Common.__struct_fields__)
THRESHOLD = (*form.COMPARATORS, "unit")
# How a file writes each table, and what it is; a requirement's kinds follow in an order of their own.
HEAD: tuple[tuple[type, str, Text], ...] = (
    (form.Charter, "", gettext_lazy("The head of the file")),
    (form.Source, "[sources.KEY]", gettext_lazy("Where a rule is written")),
    (form.Parameter, "[parameters.NAME]", gettext_lazy("A value left open, or that may be discussed")),
    (form.Indicator, "[[indicators]]", gettext_lazy("A figure to fill")),
    (form.Criterion, "[[criteria]]", gettext_lazy("A criterion")),
)
KINDS: tuple[tuple[Any, Text], ...] = (
    (form.MeasureRequirement, gettext_lazy("a figure against a threshold")),
    (form.TravelRequirement, gettext_lazy("minutes to a place")),
    (form.OrganisationsRequirement, gettext_lazy("so many organisations that satisfy everything together")),
    (form.DocumentRequirement, gettext_lazy("a document or a signature")),
    (form.GeometryRequirement, gettext_lazy("the place is bounded")),
    (form.BodyRequirement, gettext_lazy("who governs")),
    (form.AppointmentRequirement, gettext_lazy("somebody named to an office")),
    (form.FundingRequirement, gettext_lazy("the sum of the funding that runs on the day")),
    (form.JudgementRequirement, gettext_lazy("what only a person can say")),
    (form.GroupRequirement, gettext_lazy("several together")),
)
PARTS: tuple[tuple[type, str, Text], ...] = (
    (form.UnitWords, '{ fr = "…", en = "…" }', gettext_lazy("A text in two languages")),
    (form.Where, "where = [{ … }]", gettext_lazy("A fact of an organisation, with its threshold")),
    (form.Seats, "[[criteria.requirements.seats]]", gettext_lazy("A rule on seats, with its threshold")),
    (form.Process, "[process]", gettext_lazy("How the label is asked for, given and renewed")),
    (form.Step, "[[process.steps]]", gettext_lazy("A step")),
    (form.Outcome, "outcomes = [{ … }]", gettext_lazy("What comes out of a step")),
)


@dataclass(frozen=True)
class Key:
    """A key of a table: whether it is needed, what it takes, and what is taken where it is left out."""

    name: str
    needed: bool
    takes: str
    default: str
    meaning: str
    words: Of | None  # the list that its words are from


@dataclass(frozen=True)
class KeyTable:
    """A table of the file: how the file writes it, what it is, its keys, and an example of it."""

    name: str
    written: str
    title: str
    keys: tuple[Key, ...]
    example: str = ""
    has_threshold: bool = False


def key_tables() -> list[KeyTable]:
    """Every table of the format, in the order in which one writes a charter."""
    examples = _examples()
    kinds = {cls.__struct_config__.tag: (cls, title) for cls, title in KINDS}
    kind = Key("kind", True, _one_of(kinds), "", keys.meaning(form.Common, "kind"), None)
    common, threshold = _table(form.Common, "", ""), _table(form.Where, "", "")
    return [
        *(_table(*row) for row in HEAD),
        KeyTable("Requirement", "[[criteria.requirements]]", _("What every requirement says"), (kind, *common.keys),
                 examples["only_if"]),
        KeyTable("Threshold", "", _("A threshold: exactly one of the four, and its unit"),
                 tuple(key for key in threshold.keys if key.name in THRESHOLD)),
        *(_table(cls, f'kind = "{tag}"', title, {*COMMON, *THRESHOLD}, examples[tag])
          for tag, (cls, title) in kinds.items()),
        *(_table(*row, set(THRESHOLD)) for row in PARTS),
    ]  # fmt: skip


def _table(cls: Any, written: str, title: Text, hidden: Collection[str] = (), example: str = "") -> KeyTable:
    described: Any = inspect.type_info(cls)
    found = tuple(_key(cls, field) for field in described.fields if field.name not in hidden)
    return KeyTable(cls.__name__, written, str(title), found, example, issubclass(cls, form.Bounded))


def _key(cls: type, field: inspect.Field) -> Key:
    words, parameter = keys.mark(cls, field.name, Of), keys.mark(cls, field.name, OrParameter)
    if words:
        takes = _("words of the list") if isinstance(field.type, inspect.VarTupleType) else _("a word of the list")
    elif parameter in {OrParameter.NUMBER, OrParameter.COUNT}:
        takes = _(" or ").join([_("a number"), _("« $name » of a parameter")])
    else:
        takes = _takes(field.type)
    default = "" if field.default is msgspec.NODEFAULT else str(field.default or "").lower()
    return Key(field.name, field.required, takes, default, keys.meaning(cls, field.name), words)


def _takes(kind: inspect.Type) -> str:
    """What a value has to be, in words."""
    match kind:
        case inspect.UnionType(types=types):
            found = [_takes(one) for one in types if not isinstance(one, inspect.NoneType)]
            return _(" or ").join(dict.fromkeys(found))
        case inspect.StructType(cls=cls):
            return _("a text in two languages") if issubclass(cls, form.Words) else _("a table, shown below")
        case inspect.VarTupleType() | inspect.DictType():
            return _("a list of tables, shown below")
        case inspect.LiteralType() | inspect.EnumType():
            return _one_of(options(kind))
        case _:
            return str(plain_words(kind))


def word_lists() -> list[tuple[Of, str, list[str], Iterable[tuple[str, Text]]]]:
    """Every list of words: what it lists, the keys that take its words, and each word with its label."""
    found = [key for table in key_tables() for key in table.keys]
    return [
        (of, _(of.value), list(dict.fromkeys(key.name for key in found if key.words is of)), labels.items())
        for of, labels in LABELS.items()
    ]


def measure_rows() -> list[tuple[measures.Measure, Text, Text]]:
    """What Totem computes of an area, of its hubs, of what any room registers: what it is about, how several join."""
    return [
        (known, kind.label, COMBINED[known.combine])
        for kind in subjects.kinds()
        if kind.inside is not None
        for known in measures.about(kind.key)
    ]


def whole_example() -> str:
    """A complete charter, to copy."""
    return (EXAMPLES / "charter.toml").read_text(encoding="utf-8")


def _examples() -> dict[str, str]:
    """An example of each kind of requirement, and of a condition (`only_if`)."""
    text = (EXAMPLES / "requirements.toml").read_text(encoding="utf-8")
    parts = re.split(r"^# -- (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def _one_of(values: Any) -> str:
    words = ", ".join(map(str, values))
    return _("one of: {words}").format(words=words) if "," in words else words
