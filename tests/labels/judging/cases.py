"""A charter of a few requirements and the facts that it is judged by."""

import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from tests.factories.labels import content_of, requirement, words
from totem.labels.charters.format import Charter, from_content
from totem.labels.figures import Evidence, EvidenceKind, FigureState, KnownFigure
from totem.labels.judging import judge
from totem.labels.judging.facts import BodyFact, Facts, Finding, OrganisationFact, RoleFact, SeatFact, YearFact

DAY = datetime.date(2026, 11, 1)
SEALED = Evidence(EvidenceKind.OBSERVATION, "Essai", sha256=("0" * 64,))
CHAMPION = requirement(
    "champion",
    "organisations",
    roles=["located_in"],
    also_roles=["mentors"],
    where=[
        {"fact": "revenue", "more_than": 5_000_000, "unit": "€"},
        {"fact": "staff", "more_than": 25, "unit": "people"},
        {"fact": "growth", "at_least": 25, "unit": "%"},
        {"fact": "international_share", "at_least": 40, "unit": "%"},
    ],
)


def charter(*criteria: list[dict[str, Any]], **fields: Any) -> Charter:
    return from_content(content_of(*criteria, **fields))


def facts(**fields: Any) -> Facts:
    return Facts("perimeter:1", "Essai", DAY, **fields)


def of(value: float | str, **fields: Any) -> KnownFigure:
    return KnownFigure(FigureState.KNOWN, Decimal(str(value)), **fields)


def between(low: int | None, high: int | None) -> KnownFigure:
    bounds = (None if bound is None else Decimal(bound) for bound in (low, high))
    return KnownFigure(FigureState.KNOWN, None, *bounds)


def only(asked: dict[str, Any], parameters: dict[str, Any] | None = None, **known: Any) -> Finding:
    """What is found of one requirement alone."""
    return judge(charter([asked], parameters=parameters or {}), facts(**known)).finding(asked["id"])


def measure(pk: str = "m", **bound: Any) -> dict[str, Any]:
    return requirement(pk, "measure", indicator=pk, **(bound or {"at_least": 1}))


def parameter(value: object) -> dict[str, Any]:
    return {"label": words("?"), "value": value}


def year(
    number: int,
    revenue: str | int | None = None,
    staff: tuple[int | None, int | None] = (None, None),
    share: str | int | None = None,
    **fields: Any,
) -> YearFact:
    return YearFact(
        fields.pop("id", number),
        number,
        datetime.date(number, 12, 31),
        None if revenue is None else Decimal(revenue),
        *staff,
        None if share is None else Decimal(share),
        **fields,
    )


def company(pk: int, *years: YearFact, kind: str = "startup") -> OrganisationFact:
    return OrganisationFact(
        pk, f"Société {pk}", kind, tuple(msgspec.structs.replace(row, organisation_id=pk) for row in years)
    )


def here(*pks: int, kinds: Iterable[str] = ("located_in", "mentors")) -> tuple[RoleFact, ...]:
    return tuple(RoleFact(pk, kind, 10 * pk + n) for pk in pks for n, kind in enumerate(kinds))


def seat(actor_class: str, votes: str | int = 1, **fields: Any) -> SeatFact:
    return SeatFact(actor_class, fields.pop("role", "member"), Decimal(votes), **fields)


def body(*seats: SeatFact, **fields: Any) -> BodyFact:
    return BodyFact(fields.pop("id", 1), fields.pop("kind", "governing"), "Comité", seats=seats, **fields)
