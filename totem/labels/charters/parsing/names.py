"""What the keys of a charter's file may name: words of lists, sources, requirements, steps, parameters."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from totem.core import languages
from totem.labels.charters.keys import Of, OrParameter, Refers, mark
from totem.labels.charters.parsing.positions import Path
from totem.labels.charters.parsing.problems import Checker, key_of, named, shown, tables
from totem.labels.charters.vocabulary import LABELS

PARAMETER_IN_TEXT = re.compile(r"\$[a-zA-Z]\w*")
FITS: dict[OrParameter, Callable[[object], bool]] = {
    OrParameter.NUMBER: lambda value: isinstance(value, int | float) and _is_finite(value),
    OrParameter.COUNT: lambda value: isinstance(value, int) and _is_finite(value) and value >= 1,
    OrParameter.YES_NO: lambda value: isinstance(value, bool),
}


def _is_finite(value: float) -> bool:
    return not isinstance(value, bool) and math.isfinite(value)


class Names(Checker):
    """Checks what texts and keys name, against what the file defines and the words that there are."""

    def __init__(self, text: str, data: dict[str, Any]) -> None:
        super().__init__(text, data)
        self.parameters = table(data, "parameters")
        self.requirement_ids = list(_requirement_ids(data.get("criteria"), ("criteria",)))
        self.names: dict[Refers, set[str]] = {
            Refers.SOURCE: set(table(data, "sources")),
            Refers.REQUIREMENT: {name for _path, name in self.requirement_ids},
            Refers.STEP: {name for _path, name in named(table(data, "process").get("steps"), (), "id")},
        }

    def check_text(self, text: object, path: Path) -> None:
        """No text is empty or names a parameter: nothing would put its value there."""
        if not isinstance(text, str):
            return
        if not text.strip():
            message = _("This text is empty in {language} (« {word} »).").format(
                language=languages.name(str(path[-1])), word=path[-1]
            )
            self.say(path, path[-1], message)
        elif found := PARAMETER_IN_TEXT.search(text):
            message = _("« {word} »: a parameter is not read inside a text; write its value.").format(word=found[0])
            self.say(path, found[0], message)

    def check_names(self, cls: type, key: str, value: object, path: Path) -> None:
        """Whether a value that may be a word, a name or a parameter is one that there is."""
        of, refers, parameter = mark(cls, key, Of), mark(cls, key, Refers), mark(cls, key, OrParameter)
        if parameter is not None and (of is None or str(value).startswith("$")):
            return self._parameter_or(path, value, parameter, list(LABELS[of]) if of else [])
        members = [((*path, n), word) for n, word in enumerate(value)] if isinstance(value, list) else [(path, value)]
        for place, word in members:
            if not isinstance(word, str) or not word:
                continue
            if word.startswith("$"):
                message = _("« {word} »: a parameter cannot stand for « {key} ».").format(word=word, key=key)
                self.say(place, word, message)
            elif of is not None and word not in LABELS[of]:
                message = _("« {word} » is not one of the {list}; {hint}")
                self.unknown(place, word, message, LABELS[of], list=_(of.value))
            elif refers is not None and word not in self.names[refers]:
                self.unknown(place, word, _(refers.value), self.names[refers])
        return None

    def _parameter_or(self, path: Path, value: object, takes: OrParameter, words: list[str]) -> None:
        fits = FITS.get(takes, words.__contains__)
        expected = _(takes.value).format(words=", ".join(words))
        name = value[1:] if isinstance(value, str) else ""
        if not isinstance(value, str):
            if not fits(value):
                message = _("« {key} » is {value}: it has to be {expected}.").format(
                    key=key_of(path), value=shown(value), expected=expected
                )
                self.say(path, value, message)
        elif not value.startswith("$"):
            message = _("« {word} » is a text: write {expected}, or « $name » of a parameter.").format(
                word=value, expected=expected
            )
            self.say(path, value, message)
        elif name not in self.parameters:
            self.unknown(path, value, _("« {word} » is not a parameter; {hint}"), self.parameters)
        elif "value" in table(self.parameters, name) and not fits(given := self.parameters[name]["value"]):
            message = _("« {word} » is {value}: for « {key} » it has to be {expected}.").format(
                word=value, value=shown(given), key=key_of(path), expected=expected
            )
            self.say(path, value, message)


def _requirement_ids(raw: object, path: Path) -> Iterator[tuple[Path, str]]:
    """The ids of the requirements of criteria or of a group, each with its path."""
    for place, holder in tables(raw, path):
        inside = (holder.get("requirements"), (*place, "requirements"))
        yield from named(*inside, "id")
        yield from _requirement_ids(*inside)


def table(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}
