"""The text held against the types of `format.py`, key by key: types, words of lists, names, parameters."""

import datetime
import math
import re
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import inspect

from totem.core import languages
from totem.labels.charters import format as form
from totem.labels.charters.format import Charter, UnitWords, Words
from totem.labels.charters.parsing.names import Names
from totem.labels.charters.parsing.positions import Path
from totem.labels.charters.parsing.problems import close, key_of, named, shown

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_TABLES: dict[type, str | Promise] = {
    Charter: gettext_lazy("a charter"),
    Words: gettext_lazy("a text in two languages"),
    UnitWords: gettext_lazy("a text in two languages"),
    form.Source: gettext_lazy("a source"),
    form.Parameter: gettext_lazy("a parameter"),
    form.Indicator: gettext_lazy("an indicator"),
    form.Criterion: gettext_lazy("a criterion"),
    form.Where: gettext_lazy("a filter on organisations (where)"),
    form.Seats: gettext_lazy("a rule on seats"),
    form.Process: gettext_lazy("a process"),
    form.Step: gettext_lazy("a step"),
    form.Outcome: gettext_lazy("an outcome"),
}


def _table_name(kind: inspect.StructType) -> str | Promise:
    if kind.tag is not None:
        return format_lazy(gettext_lazy("a requirement of kind {kind}"), kind=str(kind.tag))
    return _TABLES.get(kind.cls, kind.cls.__name__)


class Shape(Names):
    """Holds each key of a parsed file against its type, and against what the key may name."""

    def __init__(self, text: str, data: dict[str, Any]) -> None:
        super().__init__(text, data)
        self.broken: list[Path] = []  # where something has not its shape

    def wrong(self, path: Path, word: object, message: str, *, key: bool = False) -> None:
        self.broken.append(path)
        self.say(path, word, message, key=key)

    def check_shape(self) -> None:
        """Say all that is wrong with single keys."""
        self._check(self.data, inspect.type_info(Charter), ())

    def _check(self, value: object, kind: inspect.Type, path: Path) -> None:
        match kind:
            case inspect.UnionType(types=types):
                self._one_of(value, [t for t in types if not isinstance(t, inspect.NoneType)], path)
            case inspect.StructType():
                self._struct(value, kind, path)
            case inspect.VarTupleType(item_type=item):
                self._list(value, item, path)
            case inspect.DictType(value_type=item):
                self._named(value, item, path)
            case _:
                self._leaf(value, [kind], path)

    def _one_of(self, value: object, kinds: list[inspect.Type], path: Path) -> None:
        structs = [kind for kind in kinds if isinstance(kind, inspect.StructType)]
        if len(structs) > 1:
            self._tagged(value, {str(kind.tag): kind for kind in structs}, path)
        elif structs and (isinstance(value, dict) or len(kinds) == 1):
            self._struct(value, structs[0], path)
        else:
            self._leaf(value, kinds, path)

    def _tagged(self, value: object, kinds: Mapping[str, inspect.StructType], path: Path) -> None:
        if not isinstance(value, dict):
            return self._not_a_table(value, _("a requirement"), path)
        if "kind" not in value:
            message = _("A requirement needs « kind »: one of {kinds}.").format(kinds=", ".join(sorted(kinds)))
            return self.wrong(path, "kind", message)
        tag = value["kind"]
        if not isinstance(tag, str) or tag not in kinds:
            message = _("« {word} » is not a kind of requirement; {hint}").format(word=tag, hint=close(str(tag), kinds))
            return self.wrong((*path, "kind"), tag, message)
        return self._struct({key: item for key, item in value.items() if key != "kind"}, kinds[tag], path)

    def _struct(self, value: object, kind: inspect.StructType, path: Path) -> None:
        name, is_text = str(_table_name(kind)), issubclass(kind.cls, Words)
        if not isinstance(value, dict):
            return self._not_a_table(value, name, path)
        fields = {field.encode_name: field for field in kind.fields}
        for key in value.keys() - fields.keys():
            message = _("« {word} » is not known in {table}; {hint}").format(
                word=key, table=name, hint=close(key, fields)
            )
            self.wrong((*path, key), key, message, key=True)
        for key in [field.encode_name for field in kind.fields if field.required and field.encode_name not in value]:
            if is_text:
                message = _("This text has no {language}: add « {word} ».").format(
                    language=languages.name(key), word=key
                )
            else:
                message = _("« {word} » is missing in {table}.").format(word=key, table=name)
            self.wrong(path, key, message)
        for key in value.keys() & fields.keys():
            self._check(value[key], fields[key].type, (*path, key))
            if is_text:
                self.check_text(value[key], (*path, key))
            elif (*path, key) not in self.broken:
                self.check_names(kind.cls, key, value[key], (*path, key))
        return None

    def _list(self, value: object, item: inspect.Type, path: Path) -> None:
        if not isinstance(value, list):
            message = _("« {word} » has to be a list: [ … ], or [[{word}]] for tables.").format(word=path[-1])
            return self.wrong(path, path[-1], message)
        for n, member in enumerate(value):
            self._check(member, item, (*path, n))
        for key in ("id", "name"):
            if isinstance(item, inspect.StructType):
                self.once(named(value, path, key), key)
        return None

    def _named(self, value: object, item: inspect.Type, path: Path) -> None:
        if not isinstance(value, dict):
            return self._not_a_table(value, str(path[-1]), path)
        for name, member in value.items():
            if not NAME.fullmatch(name):
                message = _("« {word} » cannot be a name: {rule}.").format(word=name, rule=_NAMES_ARE)
                self.wrong((*path, name), name, message, key=True)
            self._check(member, item, (*path, name))
        return None

    def _leaf(self, value: object, kinds: list[inspect.Type], path: Path) -> None:
        if any(_fits(value, kind) for kind in kinds):
            return
        if possible := [str(option) for kind in kinds for option in options(kind)]:
            hint = close(str(value), possible)
            message = _("« {word} » is not possible for « {key} »; {hint}").format(
                word=shown(value), key=key_of(path), hint=hint
            )
        else:
            expected = _(" or ").join(dict.fromkeys(str(plain_words(kind)) for kind in kinds))
            message = _("« {key} » is {value}: it has to be {expected}.").format(
                key=key_of(path), value=shown(value), expected=expected
            )
        self.wrong(path, shown(value), message)

    def _not_a_table(self, value: object, name: str, path: Path) -> None:
        if name == str(_TABLES[Words]):
            message = _('« {key} » is a text in two languages: {{ fr = "…", en = "…" }}.').format(key=key_of(path))
        else:
            message = _("« {key} » has to be a table: {table}.").format(key=key_of(path), table=name)
        self.wrong(path, shown(value), message)


_NAMES_ARE = gettext_lazy("small letters, digits, - and _, beginning with a letter, 40 at most")
PATTERNS: dict[str, Promise] = {
    r"^[a-z][a-z0-9_-]{0,39}$": _NAMES_ARE,
    r"^[a-z0-9][a-z0-9.-]{0,19}$": gettext_lazy("a version: small letters, digits, . and -, 20 at most"),
}


def _fits(value: object, kind: inspect.Type) -> bool:
    match kind:
        case inspect.StrType(pattern=pattern):
            return isinstance(value, str) and (pattern is None or re.search(pattern, value) is not None)
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType(ge=ge, le=le):
            whole = value if isinstance(value, int) and not isinstance(value, bool) else None
            return whole is not None and (ge is None or whole >= ge) and (le is None or whole <= le)
        case inspect.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case inspect.DateType():
            return isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)
        case _:
            return isinstance(value, str | int) and not isinstance(value, bool) and value in options(kind)


def options(kind: inspect.Type) -> tuple[object, ...]:
    """The values of a type that lists them; none of another."""
    match kind:
        case inspect.LiteralType(values=values):
            return tuple(values)
        case inspect.EnumType(cls=cls):
            return tuple(member.value for member in cls)
        case _:
            return ()


def plain_words(kind: inspect.Type) -> str | Promise:
    """What a value of a plain type has to be."""
    match kind:
        case inspect.StrType(pattern=pattern):
            return gettext_lazy("a text") if pattern is None else PATTERNS.get(pattern, pattern)
        case inspect.BoolType():
            return gettext_lazy("true or false")
        case inspect.IntType(ge=ge, le=le) if ge is not None and le is not None:
            return format_lazy(gettext_lazy("a whole number from {low} to {high}"), low=ge, high=le)
        case inspect.IntType() | inspect.FloatType():
            return gettext_lazy("a number")
        case inspect.DateType():
            return gettext_lazy("a date: 2013-07-29, without quotes")
        case _:
            return gettext_lazy("a table")
