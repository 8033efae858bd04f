"""The variables of the environment, each parsed by its type. `config/settings.py` declares every one, once."""

import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")
P = TypeVar("P", Path, None)
BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
HOST = re.compile(r"\*|\.?[\w*-]+(\.[\w*-]+)*|\[[0-9A-Fa-f:.]+\]")
CLASS = re.compile(r"[a-z_]\w*(\.[a-z_]\w*)*\.[A-Z_]\w*")


class Environment:
    """Reads variables by name; `NAME_FILE` is the path of a file that holds the value of `NAME` (systemd credentials).

    White space around a value is dropped, and an empty value is as good as none. Each method returns the value, or
    the default, and raises ImproperlyConfigured in one line that names the variable, what it holds and what it may.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.declared: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        return self._parsed(name, str, "text") or default

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self._parsed(name, lambda text: BOOLEANS[text.lower()], "yes, no, true, false, on, off, 1 or 0")
        return default if value is None else value

    def integer(self, name: str, *, default: int, least: int, most: int) -> int:
        def parse(text: str) -> int:
            if not text.isdecimal() or not least <= int(text) <= most:
                raise ValueError
            return int(text)

        value = self._parsed(name, parse, f"a whole number from {least} to {most}")
        return default if value is None else value

    def choice(self, name: str, choices: Collection[str], *, default: str) -> str:
        """One of the choices, as it is written there; capital letters do not matter."""
        by_key = {choice.lower(): choice for choice in choices}
        return self._parsed(name, lambda text: by_key[text.lower()], f"one of {', '.join(choices)}") or default

    def path(self, name: str, *, default: P) -> Path | P:
        """An absolute path; a relative one begins at the folder where the command is run."""
        given = self._parsed(name, Path, "a path") or default
        return given.resolve() if given else default

    def url(self, name: str, default: str = "") -> str:
        return self._parsed(name, _url, "an address that begins with http:// or https://") or default

    def class_path(self, name: str, short: Mapping[str, str]) -> str:
        """The Python name of a class, also by one of its `short` names; empty without."""

        def parse(text: str) -> str:
            found = short.get(text.lower(), text)
            if not CLASS.fullmatch(found):
                raise ValueError
            return found

        accepted = f"{', '.join(short)}, or the Python name of a class (package.module.Class)"
        return self._parsed(name, parse, accepted) or ""

    def hosts(self, name: str, *, default: list[str]) -> list[str]:
        return self._parsed(name, _each(_host), "host names separated by commas, without https://") or default

    def urls(self, name: str) -> list[str]:
        return self._parsed(name, _each(_url), "addresses that begin with https://, separated by commas") or []

    def unknown(self, prefix: str = "TOTEM_") -> list[str]:
        """What is set and not declared, sorted; with the declared name that is close, if one is: `WRONG (RIGHT?)`."""
        set_names = (name for name in sorted(self._variables) if name.startswith(prefix))
        strange = [name for name in set_names if not {name, name.removesuffix("_FILE")} & self.declared]
        close = (get_close_matches(name, self.declared, n=1, cutoff=0.8) for name in strange)
        return [f"{name} ({found[0]}?)" if found else name for name, found in zip(strange, close, strict=True)]

    def _parsed(self, name: str, parse: Callable[[str], T], accepted: str) -> T | None:
        """The parsed value, None where there is none."""
        self.declared.add(name)
        text = self._raw(name).strip()
        try:
            return parse(text) if text else None
        except (ValueError, KeyError):
            raise ImproperlyConfigured(f"{name} is {text!r}; it must be {accepted}.") from None

    def _raw(self, name: str) -> str:
        path = self._variables.get(f"{name}_FILE")
        try:
            return Path(path).read_text(encoding="utf-8") if path else self._variables.get(name, "")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not text in UTF-8"
            raise ImproperlyConfigured(f"{name}_FILE is {path!r}, which cannot be read ({why}).") from None


def _each(parse: Callable[[str], str]) -> Callable[[str], list[str]]:
    return lambda text: [parse(part.strip()) for part in text.split(",") if part.strip()]


def _host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise ValueError
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"[\s;,]", text):
        raise ValueError
    return text
