"""What a demonstration wants of the made-up register: companies of exact territories, branches and headcounts."""

import datetime
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from totem.observatory.nomenclature import read_bands
from totem.observatory.register.synthetic.reference import (
    ACTIVITY_SLOTS,
    PLACE_SLOTS,
    Reference,
    SyntheticCommune,
    city_of,
    weights,
)

# Headcount bands, smallest first; the first employs nobody.
BANDS = tuple(band.code for band in read_bands())


@dataclass(frozen=True)
class SyntheticTerritory:
    """What a demonstration wants of one territory.

    `branches`: open legal units with their head office there, by branch. `bands`: how many of them are employers of
    each band; the others employ nobody. `undecided`: how many of these others are said to be employers all the same.
    `past`: how many units closed there since 2010.
    """

    name: str
    communes: tuple[str, ...]
    branches: dict[str, int]
    bands: dict[str, int]
    undecided: int = 0
    past: int = 0

    @property
    def companies(self) -> int:
        return sum(self.branches.values())


@dataclass(frozen=True)
class Targets:
    """A demonstration: `codes` by branch, exact territories, the `reserved` codes that chance keeps out of them."""

    rows: int
    seed: int
    stock: datetime.date
    codes: dict[str, tuple[str, ...]]
    territories: tuple[SyntheticTerritory, ...]
    reserved: frozenset[str]

    @property
    def communes(self) -> frozenset[str]:
        return frozenset(code for territory in self.territories for code in territory.communes)


class TargetsWrong(Exception):
    """The file of targets cannot be followed; the message names what and where."""


def read_targets(path: Path, reference: Reference) -> Targets:
    """The demonstration described in a TOML file (see demo/observatory/register.toml). Raises TargetsWrong."""
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
        codes = {name: tuple(branch) for name, branch in data["branches"].items()}
        return Targets(
            rows=data["rows"],
            seed=data["seed"],
            stock=data["stock"],
            codes=codes,
            territories=tuple(_territory(row, codes, reference) for row in data["territories"]),
            reserved=frozenset(code for branch in codes.values() for code in branch) | set(data["reserved"]),
        )
    except KeyError as error:
        raise TargetsWrong(f"{path.name}: {error.args[0]} is missing.") from error
    except (OSError, ValueError) as error:
        raise TargetsWrong(f"{path.name}: {error}") from error


def _territory(row: dict[str, Any], codes: dict[str, tuple[str, ...]], reference: Reference) -> SyntheticTerritory:
    communes = tuple(
        commune.code
        for commune in reference.communes
        if commune.department in row.get("departments", []) or (commune.epci and commune.epci == row.get("epci"))
    )
    territory = SyntheticTerritory(
        name=row["name"],
        communes=communes,
        branches=row["companies"],
        bands=row["bands"],
        undecided=row.get("undecided", 0),
        past=row.get("past", 0),
    )
    if not communes:
        raise TargetsWrong(f"{territory.name}: no commune of the reference is there.")
    if unknown := set(territory.branches) - set(codes):
        raise TargetsWrong(f"{territory.name}: no branch {', '.join(sorted(unknown))}.")
    if unknown := set(territory.bands) - set(BANDS[1:]):
        raise TargetsWrong(f"{territory.name}: no headcount band {', '.join(sorted(unknown))}.")
    if sum(territory.bands.values()) + territory.undecided > territory.companies:
        raise TargetsWrong(f"{territory.name}: more employers than companies.")
    return territory


def chosen_units(
    targets: Targets, communes: list[SyntheticCommune], activities: list[str], seed: int
) -> list[dict[str, Any]]:
    """The target units: slots of commune and code, band (index, 0 is NN), state, whether there is a second site."""
    dice = random.Random(seed)  # noqa: S311 (no secret)
    weight = dict(zip(activities, weights(activities), strict=True))
    number = {code: index for index, code in enumerate(activities)}
    rows: list[dict[str, Any]] = []
    for territory in targets.territories:
        there = set(territory.communes)
        places = [n for n, commune in enumerate(communes) if city_of(commune) in there]
        people = [max(communes[index].population, 1) ** 1.15 for index in places]
        bands = _bands_in_order(territory, dice)
        total = territory.companies + territory.past
        branches = [branch for branch, count in territory.branches.items() for _ in range(count)]
        branches += dice.choices(list(territory.branches), list(territory.branches.values()), k=territory.past)
        for place, branch, (band, flag), nth in zip(
            dice.choices(places, people, k=total), branches, bands, range(total), strict=True
        ):
            codes = [code for code in targets.codes[branch] if code in number]
            if not codes:
                raise TargetsWrong(f"{branch}: none of its codes is in the reference.")
            code = dice.choices(codes, [weight[code] for code in codes])[0]
            rows.append(
                {
                    "place": PLACE_SLOTS + place,
                    "activity": ACTIVITY_SLOTS + number[code],
                    "band": band,
                    "flag": flag,
                    "category": None if band == 0 else "GE" if band >= 11 else "ETI" if band >= 9 else "PME",
                    "open": nth < territory.companies,
                    "sites": nth < territory.companies and dice.random() < 0.12,
                }
            )
    return rows


def _bands_in_order(territory: SyntheticTerritory, dice: random.Random) -> list[tuple[int, str]]:
    """(band, employer flag) of the territory's open units in any order, then of its past ones, which employ nobody."""
    bands = [(BANDS.index(code), "O") for code, count in territory.bands.items() for _ in range(count)]
    bands += [(0, "O")] * territory.undecided
    bands += [(0, "N")] * (territory.companies - len(bands))
    dice.shuffle(bands)
    return bands + [(0, "N")] * territory.past
