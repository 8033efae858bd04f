"""The lists of activities and of headcount bands, and the bridge from NAF rev. 2 to NAF 2025: facts, read from files.

- NAF rev. 2: the package `@socialgouv/codes-naf` (INSEE's list; Apache-2.0).
- Bridge: the 42 pairs that touch digital codes in INSEE's correspondence table, edition of January 2026 (public
  information, INSEE). The two 46.5x rows are second-hand and say so. It is the theory: the register codes each unit on
  its own description, so what is really seen differs.
- Bands: INSEE's documentation of `trancheEffectifs`; NN is « non-employer », which is nobody, not « unknown ».
"""

import csv
import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = "@socialgouv/codes-naf"
DATA = Path(__file__).parent / "data"
SUBCLASS = re.compile(r"\d\d\.\d\d[A-Z]")


class ListMissing(Exception):
    """The package of activities is not installed, or not whole."""


class Pair(NamedTuple):
    """One line of the bridge: `rev2` may become `naf2025`; kind is unique, multiple or second-hand."""

    rev2: str
    naf2025: str
    kind: str
    label2025: str


class Band(NamedTuple):
    """A headcount band: from `least` to `most` employees, both included; `most` is None where there is no end."""

    code: str
    least: int
    most: int | None
    label: str


def read_naf_rev2(folder: Path) -> list[tuple[str, str]]:
    """The 732 sub-classes of NAF rev. 2 as (code, label), from the package's folder. Raises ListMissing."""
    try:
        rows = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        naf = sorted((row["id"], row["label"]) for row in rows if SUBCLASS.fullmatch(row["id"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ListMissing(f"{PACKAGE} is not in {folder.parent.parent}: run npm ci --ignore-scripts.") from error
    if not naf:
        raise ListMissing(f"{PACKAGE} holds no activity: run npm ci --ignore-scripts.")
    return naf


@cache
def read_bridge() -> tuple[Pair, ...]:
    """The official correspondence for the digital codes, in the order of NAF rev. 2."""
    return tuple(
        Pair(row["naf_rev2"], row["naf_2025"], row["correspondance"], row["libelle_2025"])
        for row in _rows("naf2025_bridge.csv")
    )


@cache
def read_bands() -> tuple[Band, ...]:
    """The sixteen bands, smallest first."""
    return tuple(
        Band(row["code"], int(row["min"] or 0), _most(row), row["libelle"]) for row in _rows("headcount_bands.csv")
    )


def _most(row: dict[str, str]) -> int | None:
    if row["code"] == "NN":
        return 0
    return int(row["max"]) if row["max"] else None


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))
