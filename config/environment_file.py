"""The environment file of an installation, read as systemd reads `EnvironmentFile=` (systemd.exec(5)).

So one file serves the units of deploy/ and commands typed in a shell, which cannot source it (`Totem <a@b>` would be a
redirection). python-dotenv reads another syntax: it ends a value at ` #` and takes `export`.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

PATH = Path("/etc/totem/totem.env")
# A process that was given one of these (by a unit, by a test, by hand) does not read PATH by itself.
DECIDING = frozenset(f"{name}{end}" for name in ("TOTEM_MODE", "TOTEM_DATA", "DATABASE_URL") for end in ("", "_FILE"))

QUOTED = r"""'([^']*)(?:'|\Z)|"((?:[^"\\]|\\.)*)(?:"|\\?\Z)"""
# An assignment, a comment (which systemd before 254 continued after a backslash), or a line without "=", for nothing.
LINE = re.compile(
    rf"""[ \t\n\r]*(?:
      [#;][^\n\r]*
    | (?P<name>.[^=\n\r]*?)[ \t]*=[ \t]*
      (?P<quoted>(?:(?:{QUOTED})[ \t]*)*)(?P<bare>(?:[^\\\n\r]|\\(?:.|\Z))*?)[ \t]*(?=[\n\r]|\Z)
    | .[^=\n\r]* )""",
    re.DOTALL | re.VERBOSE,
)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def load(given: str | None = None) -> None:
    """Add the variables of `given` to the environment, or those of PATH where it is there and nothing else decides.

    What the environment already has wins over the file, as `NAME` or as `NAME_FILE`. Raises ImproperlyConfigured.
    """
    if given is None and (DECIDING & os.environ.keys() or not _exists(PATH)):
        return
    path = PATH if given is None else Path(given)
    try:
        text = path.read_text(encoding="utf-8")
        if "\0" in text:
            raise ValueError
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise ImproperlyConfigured(
            f"The environment file {path} cannot be read ({reason}): run the command as the user of the service "
            "(runuser -u totem -- totem …), or name another file with --env."
        ) from None
    os.environ.update({name: value for name, value in parse(text).items() if not _is_given(name, os.environ)})


def parse(text: str) -> dict[str, str]:
    """The variables of an environment file; of two lines for one name the later counts."""
    return {
        match["name"]: _unquoted(match["quoted"]) + re.sub(r"(?s)\\(.|\Z)", _kept, match["bare"])
        for match in LINE.finditer(text)
        if match["name"] and NAME.fullmatch(match["name"])
    }


def _unquoted(quoted: str) -> str:
    parts = re.findall(QUOTED, quoted, re.DOTALL)
    return "".join(single or re.sub(r"\\([\"\\`$\n])", _kept, double) for single, double in parts)


def _kept(escaped: re.Match[str]) -> str:
    """What stands after the backslash; nothing at the end of a line, which goes on."""
    return escaped[1].strip("\r\n")


def _is_given(name: str, environment: Mapping[str, str]) -> bool:
    return bool({name, f"{name}_FILE", name.removesuffix("_FILE")} & environment.keys())


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:  # in a folder that is closed to this user: reading it says so
        pass
    return True
