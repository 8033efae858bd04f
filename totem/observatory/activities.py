"""Activity perimeters: loading those that Totem ships, and what a version counts; kinds of actors.

The facts come from `nomenclature` and from the files of `data/`, each with its source.
"""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.functional import lazy

from totem.core import languages
from totem.observatory import nomenclature
from totem.observatory.models import (
    Activity,
    ActivityCode,
    ActivityPerimeter,
    ActivityVersion,
    Branch,
    Nomenclature,
)

DATA = Path(__file__).parent / "data"
DEFAULT = "tic-ocde"


# -- Facts ------------------------------------------------------------------------------------------------------------


class ActorKind(NamedTuple):
    """A kind of actor, and where its candidates are found in the register."""

    slug: str
    name: str
    name_en: str
    codes: tuple[str, ...]
    legal: tuple[str, ...]

    @property
    def label(self) -> str:
        """Its name in the reader's language, read when it is shown."""
        names = {languages.FRENCH: self.name, languages.ENGLISH: self.name_en}
        return lazy(lambda: languages.first_written(names)[1], str)()


@cache
def actor_kinds() -> tuple[ActorKind, ...]:
    """The kinds of `data/actors.toml`, in its order."""
    kinds = tomllib.loads((DATA / "actors.toml").read_text(encoding="utf-8"))["kinds"]
    return tuple(
        ActorKind(k["slug"], k["name"], k["name_en"], tuple(k["codes"]), tuple(k.get("legal", ()))) for k in kinds
    )


# -- Loading ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def load_activities(modules: Path, *, now: datetime) -> None:
    """Bring the lists of activities and the perimeters that Totem ships to the state of the files; again is free.

    Raises nomenclature.ListMissing when the package is not in the folder `modules`.
    """
    labels = dict(nomenclature.read_naf_rev2(modules / nomenclature.PACKAGE))
    later = {pair.naf2025: pair.label2025 for pair in nomenclature.read_bridge() if pair.label2025}
    perimeters = [tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(DATA.glob("perimeters/*.toml"))]
    for code in _codes(perimeters, "naf2025"):
        later.setdefault(code, "")
    known = [
        *(Activity(nomenclature=Nomenclature.REV2, code=code, label=label[:200]) for code, label in labels.items()),
        *(Activity(nomenclature=Nomenclature.NAF2025, code=code, label=label[:200]) for code, label in later.items()),
    ]
    Activity.objects.bulk_create(
        known, update_conflicts=True, update_fields=["label"], unique_fields=["nomenclature", "code"]
    )
    for perimeter in perimeters:
        _load_perimeter(perimeter, now)


def _codes(perimeters: Iterable[dict[str, Any]], column: str) -> Iterator[str]:
    return (code for perimeter in perimeters for branch in perimeter["branches"] for code in branch[column])


def _load_perimeter(shipped: dict[str, Any], now: datetime) -> None:
    perimeter, _made = ActivityPerimeter.objects.update_or_create(
        slug=shipped["slug"], defaults={"name": shipped["name"], "name_en": shipped["name_en"], "public": True}
    )
    if perimeter.versions.filter(number=shipped["number"]).exists():
        return
    version = perimeter.versions.create(
        number=shipped["number"], valid_from=shipped["valid_from"], source=shipped["source"], note=shipped["note"]
    )
    fill_version(
        version,
        [
            (branch["name"], branch["name_en"], [*_keyed(Nomenclature.REV2, branch["rev2"]),
                                                 *_keyed(Nomenclature.NAF2025, branch["naf2025"])])
            for branch in shipped["branches"]
        ],
    )  # fmt: skip
    version.published_at = now
    version.save(update_fields=["published_at"])


def _keyed(naf: str, codes: Iterable[str]) -> list[tuple[str, str]]:
    return [(naf, code) for code in codes]


def fill_version(version: ActivityVersion, branches: Iterable[tuple[str, str, list[tuple[str, str]]]]) -> None:
    """Give a draft its branches: name, English name, and (nomenclature, code) of each activity."""
    ids = {(a.nomenclature, a.code): a.pk for a in Activity.objects.all()}
    for position, (name, name_en, codes) in enumerate(branches, start=1):
        branch = Branch.objects.create(version=version, position=position, name=name, name_en=name_en)
        ActivityCode.objects.bulk_create(
            ActivityCode(version=version, branch=branch, activity_id=ids[key]) for key in codes
        )


# -- What a version counts --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Activities:
    """A published version in one nomenclature, ready to be counted.

    `codes` and `branch_of_code` go together; branches are numbered from 1 in the order of `branches` (their names).
    """

    version_id: int
    slug: str
    name: str
    number: int
    nomenclature: str
    codes: tuple[str, ...]
    branch_of_code: tuple[int, ...]
    branches: tuple[str, ...]
    rev2: tuple[str, ...]
    naf2025: tuple[str, ...]
    corrected: bool

    @property
    def label(self) -> str:
        """Name, number of the version and nomenclature, as every figure says it."""
        return f"{self.name}, v{self.number}, {Nomenclature(self.nomenclature).label}"


def activities_of(version: ActivityVersion, naf: str = Nomenclature.REV2) -> Activities:
    """What the version counts in that nomenclature. Three queries, for a published version the first time only."""
    branches, found, corrected = _parts_of(version)
    place = {branch.pk: number for number, branch in enumerate(branches, start=1)}
    by_list: dict[str, dict[str, int]] = {value: {} for value in Nomenclature.values}
    for kind, code, branch_id in found:
        by_list[kind][code] = place[branch_id]
    counted = by_list[naf]
    return Activities(
        version_id=version.pk,
        slug=version.perimeter.slug,
        name=str(version.perimeter),
        number=version.number,
        nomenclature=naf,
        codes=tuple(counted),
        branch_of_code=tuple(counted.values()),
        branches=tuple(str(branch) for branch in branches),
        rev2=tuple(by_list[Nomenclature.REV2]),
        naf2025=tuple(by_list[Nomenclature.NAF2025]),
        corrected=corrected,
    )


_Parts = tuple[tuple[Branch, ...], tuple[tuple[str, str, int], ...], bool]


def _parts_of(version: ActivityVersion) -> _Parts:
    """Its branches, its codes (nomenclature, code, branch) in order, and whether companies are corrected by hand."""
    if version.published_at is None:
        return _read_parts(version)
    return _published_parts(version.pk, version.published_at)


@lru_cache(maxsize=64)
def _published_parts(version_id: int, _published_at: datetime) -> _Parts:
    """The same, kept in the process: a published version never changes, triggers hold it."""
    return _read_parts(ActivityVersion(pk=version_id))


def _read_parts(version: ActivityVersion) -> _Parts:
    codes = version.codes.order_by("activity__code").values_list(
        "activity__nomenclature", "activity__code", "branch_id"
    )
    return tuple(version.branches.all()), tuple(codes), version.corrections.exists()


def all_codes() -> frozenset[str]:
    """Every code of every published version, of both nomenclatures: what the cubes are made for."""
    return frozenset(
        ActivityCode.objects.filter(version__published_at__isnull=False).values_list("activity__code", flat=True)
    )


def activity_labels(naf: str, codes: Iterable[str]) -> dict[str, str]:
    """The official wording of each of these codes."""
    known = Activity.objects.filter(nomenclature=naf, code__in=set(codes))
    return dict(known.order_by().values_list("code", "label"))
