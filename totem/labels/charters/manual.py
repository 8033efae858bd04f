"""The format of a charter as the page /labels/format/ shows it: keys, words, measures, examples.

All of it is what the code knows already: types and meanings (`schema.py`), words (`vocabulary.py`), the measures of
every room, and the example files. A key, a word or a measure that is added is on the page.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core import measures, subjects
from totem.core.measures import Text
from totem.labels.charters import format as form
from totem.labels.charters import schema
from totem.labels.charters.keys import Of, mark
from totem.labels.charters.parsing.shape import PATTERNS
from totem.labels.charters.vocabulary import LABELS, TITLES
from totem.labels.charters.wording import COMBINED

EXAMPLES = Path(__file__).resolve().parents[1] / "data" / "examples"
COMMON = frozenset(form.Common.__struct_fields__)
THRESHOLD = (*form.COMPARATORS, "unit")
# How a file writes each table, and what it is; a requirement's kinds follow in an order of their own.
HEAD: tuple[tuple[str, str, Text], ...] = (
    ("Charter", "", gettext_lazy("The head of the file")),
    ("Source", "[sources.KEY]", gettext_lazy("Where a rule is written")),
    ("Parameter", "[parameters.NAME]", gettext_lazy("A value left open, or that may be discussed")),
    ("Indicator", "[[indicators]]", gettext_lazy("A figure to fill")),
    ("Criterion", "[[criteria]]", gettext_lazy("A criterion")),
)
KINDS: tuple[tuple[str, Text], ...] = (
    ("MeasureRequirement", gettext_lazy("a figure against a threshold")),
    ("TravelRequirement", gettext_lazy("minutes to a place")),
    ("OrganisationsRequirement", gettext_lazy("so many organisations that satisfy everything together")),
    ("DocumentRequirement", gettext_lazy("a document or a signature")),
    ("GeometryRequirement", gettext_lazy("the place is bounded")),
    ("BodyRequirement", gettext_lazy("who governs")),
    ("AppointmentRequirement", gettext_lazy("somebody named to an office")),
    ("FundingRequirement", gettext_lazy("the sum of the funding that runs on the day")),
    ("JudgementRequirement", gettext_lazy("what only a person can say")),
    ("GroupRequirement", gettext_lazy("several together")),
)
PARTS: tuple[tuple[str, str, Text], ...] = (
    ("UnitWords", '{ fr = "…", en = "…" }', gettext_lazy("A text in two languages")),
    ("Where", "where = [{ … }]", gettext_lazy("A fact of an organisation, with its threshold")),
    ("Seats", "[[criteria.requirements.seats]]", gettext_lazy("A rule on seats, with its threshold")),
    ("Process", "[process]", gettext_lazy("How the label is asked for, given and renewed")),
    ("Step", "[[process.steps]]", gettext_lazy("A step")),
    ("Outcome", "outcomes = [{ … }]", gettext_lazy("What comes out of a step")),
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

    @property
    def words_anchor(self) -> str:
        return self.words.name.lower() if self.words else ""


@dataclass(frozen=True)
class KeyTable:
    """A table of the file: how the file writes it, what it is, its keys, and an example of it."""

    name: str
    written: str
    title: str
    keys: tuple[Key, ...]
    example: str = ""
    has_threshold: bool = False


@dataclass(frozen=True)
class WordList:
    """The words that some keys take: pairs of word and label."""

    of: Of
    title: str
    keys: list[str]
    words: Iterable[tuple[str, Text]]

    @property
    def anchor(self) -> str:
        return self.of.name.lower()


@dataclass(frozen=True)
class MeasureRow:
    """A figure that Totem computes; `subject` and `combined` in words."""

    measure: measures.Measure
    subject: str
    combined: str


def key_tables() -> list[KeyTable]:
    """Every table of the format, in the order in which one writes a charter."""
    defs, examples = schema.explained()["$defs"], _examples()
    common = [key for key in _keys(defs, "MeasureRequirement") if key.name in COMMON]
    threshold = [key for key in _keys(defs, "Where") if key.name in THRESHOLD]
    tables = [KeyTable(name, written, str(title), tuple(_keys(defs, name))) for name, written, title in HEAD]
    asked = "[[criteria.requirements]]"
    title = _("What every requirement says")
    (kind,) = (key for key in _keys(defs, KINDS[0][0]) if key.name == "kind")
    kind = replace(kind, takes=_one_of(_tag(defs, name) for name, _title in KINDS))
    tables.append(KeyTable("Requirement", asked, title, (kind, *common), examples["only_if"]))
    title = _("A threshold: exactly one of the four, and its unit")
    tables.append(KeyTable("Threshold", "", title, tuple(threshold)))
    for name, said in KINDS:
        own = tuple(key for key in _keys(defs, name) if key.name not in {*COMMON, *THRESHOLD, "kind"})
        tag = _tag(defs, name)
        has_threshold = "at_least" in defs[name]["properties"]
        tables.append(KeyTable(name, f'kind = "{tag}"', str(said), own, examples[tag], has_threshold))
    tables += [
        KeyTable(name, written, str(title), tuple(k for k in _keys(defs, name) if k.name not in THRESHOLD),
                 has_threshold="at_least" in defs[name]["properties"])
        for name, written, title in PARTS
    ]  # fmt: skip
    return tables


def word_lists() -> list[WordList]:
    """Every list of words, with the keys that take them."""
    keys = [key for table in key_tables() for key in table.keys]
    return [
        WordList(of, str(TITLES[of]), list(dict.fromkeys(key.name for key in keys if key.words is of)), labels.items())
        for of, labels in LABELS.items()
    ]


def measure_rows() -> list[MeasureRow]:
    """What Totem computes of an area: of the territory itself, of its hubs, of what any room registers."""
    return [
        MeasureRow(known, str(kind.label), str(COMBINED[known.combine]))
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


def _tag(defs: dict[str, Any], name: str) -> str:
    return str(defs[name]["properties"]["kind"]["enum"][0])


def _keys(defs: dict[str, Any], table: str) -> Iterator[Key]:
    needed = defs[table]["required"]
    for name, said in defs[table]["properties"].items():
        words = mark(getattr(form, table), name, Of)
        listed = _("words of the list") if said.get("type") == "array" else _("a word of the list")
        takes = listed if words else _takes(said, defs)
        default = str(said.get("default") or "").lower()
        yield Key(name, name in needed, takes, default, said["description"], words)


def _takes(said: dict[str, Any], defs: dict[str, Any]) -> str:
    """What a value has to be, in words, from its JSON Schema."""
    if "$ref" in said:
        name = said["$ref"].rsplit("/", 1)[1]
        return _takes(defs[name], defs) if "enum" in defs[name] else _table_words(name)
    if "anyOf" in said:
        return _(" or ").join(dict.fromkeys(_takes(option, defs) for option in said["anyOf"]))
    if "enum" in said:
        return _one_of(said["enum"])
    if said["type"] in {"array", "object"}:
        return _("a list of tables, shown below")
    return _takes_plain(said)


def _takes_plain(said: dict[str, Any]) -> str:
    if said.get("pattern") == schema.PARAMETER:
        return _("« $name » of a parameter")
    if "pattern" in said:
        return str(PATTERNS[said["pattern"]])
    if "minimum" in said:
        return _("a whole number from {low} to {high}").format(low=said["minimum"], high=said["maximum"])
    return {
        "boolean": _("true or false"),
        "date": _("a date: 2013-07-29, without quotes"),
        "string": _("a text"),
    }.get(said.get("format", said["type"]), _("a number"))


def _table_words(name: str) -> str:
    return _("a text in two languages") if name in {"Words", "UnitWords"} else _("a table, shown below")


def _one_of(values: Any) -> str:
    words = ", ".join(map(str, values))
    return _("one of: {words}").format(words=words) if "," in words else words
