"""What is wrong in a charter's file, where, and which word."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

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
    """What both passes have: a list of problems, and where things stand."""

    def __init__(self, positions: Positions) -> None:
        self.positions = positions
        self.problems: list[Problem] = []

    def say(self, path: Path, word: object, message: str, *, key: bool = False) -> None:
        line, column = (self.positions.key if key else self.positions.value)(path)
        self.problems.append(Problem(line, column, str(word), message))


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
