"""Reading a charter's file: what is wrong with it, all of it, by line and word; or the charter.

`Shape` checks each key against the types of `format.py`, `Names` what it may name; `Definitions` and `Requirements`
check how what has its shape hangs together: units, thresholds, groups, rings of conditions. For commands only:
positions come from tree-sitter.
"""

import re
import tomllib
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from totem.labels.charters.format import Charter
from totem.labels.charters.parsing.problems import CharterErrors, Problem
from totem.labels.charters.parsing.requirements import Requirements

__all__ = ["CharterErrors", "Problem", "decoded", "read_charter"]

# A key of so many parts, which no charter has: reading it takes a time that grows with their square.
DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""")
LONGEST = 500_000  # characters; a charter has some tens of thousands


def read_charter(text: str) -> Charter:
    """The charter that a file says, with what may be named here. Raises CharterErrors with all that is wrong."""
    try:
        data = _parsed(text)
        found = Requirements(text, data)
        found.check()
        if found.problems:
            raise CharterErrors(found.problems)
        return msgspec.convert(data, Charter)
    except RecursionError as error:
        raise CharterErrors([Problem(1, 1, "", _("Tables or lists are nested too deep."))]) from error
    except msgspec.ValidationError as error:  # nothing is let through that the types refuse
        raise CharterErrors([Problem(1, 1, "", str(error))]) from error


def decoded(content: bytes) -> str:
    """The text of a file. Raises CharterErrors where it is not UTF-8."""
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        message = _("The file is not UTF-8 text.")
        raise CharterErrors([Problem(before.count(b"\n") + 1, column, "", message)]) from error


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise CharterErrors([Problem(1, 1, "", _("The file is too long to be a charter."))])
    if deep := DEEP_KEY.search(text):
        line, column = text.count("\n", 0, deep.start()) + 1, deep.start() - text.rfind("\n", 0, deep.start())
        raise CharterErrors([Problem(line, column, deep[0][:40], _("Tables or lists are nested too deep."))])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CharterErrors([_syntax(text, str(error))]) from error


def _syntax(text: str, said: str) -> Problem:
    """What tomllib says (« … (at line 3, column 5) »), with the word that stands there."""
    lines = text.split("\n")
    found = re.search(r" \(at line (\d+), column (\d+)\)$", said)
    line, column = (int(found[1]), int(found[2])) if found else (len(lines), len(lines[-1]) + 1)
    here = lines[min(line, len(lines)) - 1]
    word = re.match(r"[\w.$-]*", here[column - 1 :])
    what = said[: found.start()] if found else re.sub(r" \(at end of document\)$", "", said)
    shown = (word[0] if word else "") or here.strip()[:40]
    message = _("This is not TOML, at « {word} »: {what}.").format(word=shown, what=what)
    return Problem(line, column, shown, message)
