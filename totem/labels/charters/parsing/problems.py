"""What is wrong in a charter's file, where, and which word."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from totem.labels.charters.parsing.positions import Path, Positions


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong in a charter's file, where it is, and the word that is wrong."""

    line: int
    column: int
    word: str
    message: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}"


class CharterErrors(ValueError):
    """The file is not a charter: `problems`, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Checker:
    """What all checks have: the file as it was parsed, where things stand in it, and what is wrong."""

    def __init__(self, text: str, data: dict[str, Any]) -> None:
        self.positions = Positions(text)
        self.data = data
        self.problems: list[Problem] = []

    def say(self, path: Path, word: object, message: str, *, key: bool = False) -> None:
        line, column = (self.positions.key if key else self.positions.value)(path)
        self.problems.append(Problem(line, column, str(word), message))

    def unknown(self, path: Path, word: str, message: str, options: Iterable[str], **more: object) -> None:
        self.say(path, word, message.format(word=word, hint=close(word, options), **more))

    def once(self, found: list[tuple[Path, str]], key: str) -> None:
        """Say which of these names of tables, each with the table's path, was there before."""
        seen: dict[str, Path] = {}
        for path, name in found:
            if name in seen:
                first = self.positions.value((*seen[name], key))[0]
                message = _("« {word} » is already used on line {line}.").format(word=name, line=first)
                self.say((*path, key), name, message)
            seen.setdefault(name, path)


def close(word: str, options: Iterable[str]) -> str:
    """« did you mean », or what there is to choose from."""
    choices = sorted(set(options))
    if near := difflib.get_close_matches(word, choices, 1, 0.6):
        return _("did you mean « {word} »?").format(word=near[0])
    if not choices:
        return _("none is declared.")
    if len(choices) > 20:
        return _("the page /labels/format/ lists them.")
    return _("it is one of: {words}.").format(words=", ".join(choices))


def shown(value: object) -> str:
    """A value as its file writes it, shortened."""
    if isinstance(value, dict | list):
        return "{ … }" if isinstance(value, dict) else "[ … ]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def key_of(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def tables(value: object, path: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The tables of a list, each with its path."""
    members = value if isinstance(value, list) else []
    return [((*path, n), member) for n, member in enumerate(members) if isinstance(member, dict)]


def named(value: object, path: Path, key: str) -> list[tuple[Path, str]]:
    """The names that the tables of a list give themselves, each with the table's path."""
    return [(place, raw[key]) for place, raw in tables(value, path) if isinstance(raw.get(key), str)]
