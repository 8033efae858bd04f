"""What the observatory answers: frozen rows, made by `queries`.

What cannot be known is None, never a guess: a headcount is an interval, a share needs its whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import Any

from totem.observatory.activities import ActorKind
from totem.observatory.engine import Row


@dataclass(frozen=True)
class Interval:
    """A headcount known to lie from `low` to `high`, both included, but for establishments that nothing bounds.

    `unknown` of them may have any headcount and add nothing; `endless` are of a band without end, and add its least.
    """

    low: int
    high: int
    unknown: int = 0
    endless: int = 0

    @property
    def most(self) -> int | None:
        """What it is at most; None where an establishment has no bound."""
        return None if self.unknown or self.endless else self.high

    @classmethod
    def of(cls, row: Row) -> "Interval":
        """From the columns `jobs_low`, `jobs_high`, `jobs_unknown`, `jobs_endless` of a query, taken out of its row."""
        return cls(*(int(row.pop(f"jobs_{name}")) for name in ("low", "high", "unknown", "endless")))

    @classmethod
    def sum(cls, parts: Iterable["Interval | None"]) -> "Interval | None":
        """All of them together; None where one is not known."""
        found = list(parts)
        known = [part for part in found if part is not None]
        return cls(*map(sum, zip((0,) * 4, *map(astuple, known), strict=True))) if len(known) == len(found) else None


@dataclass(frozen=True)
class Totals:
    """The figures that matter. Registered and estimated active stand side by side (method: `register.layout`).

    `not_placed` are establishments without a position; `undecided` are the units of a drawn place that
    nobody can place inside or outside: in communes its edge cuts, without a position.
    """

    head_offices: int
    establishments: int
    employers: int
    head_offices_estimated: int
    establishments_estimated: int
    employers_estimated: int
    partial_diffusion: int
    headcount_unknown: int
    birth_unknown: int
    not_placed: int
    jobs: Interval
    undecided: Mapping[str, int]

    def share_undecided(self, unit: str = "establishments") -> float | None:
        """Part, 0 to 1, of the unit that cannot be decided as inside or outside; None where there is none at all."""
        unsure, sure = self.undecided.get(unit, 0), int(getattr(self, unit))
        return unsure / (sure + unsure) if sure + unsure else None


@dataclass(frozen=True)
class Counted:
    """Units counted under a key: branch number, activity code, commune..."""

    key: Any
    head_offices: int
    establishments: int
    employers: int = 0
    estimated: int = 0
    jobs: Interval | None = None
    everything: int | None = None

    @classmethod
    def sum(cls, key: Any, rows: Iterable["Counted"]) -> "Counted":
        """The units of these rows together, under another key."""
        found = list(rows)
        return cls(
            key,
            sum(row.head_offices for row in found),
            sum(row.establishments for row in found),
            sum(row.employers for row in found),
        )


@dataclass(frozen=True)
class Size:
    """Open establishments of a headcount band; `band` None: no band, `unknown`: headcount that nothing bounds."""

    band: str | None
    unknown: bool
    establishments: int


@dataclass(frozen=True)
class Year:
    """A year of the sector here: establishments at its end, born, closed, and moved in, out and inside.

    `before` is the stock of the year before, None where it is not known.
    """

    year: int
    stock: int
    births: int
    closures: int
    arrivals: int = 0
    departures: int = 0
    inside: int = 0
    before: int | None = None

    @property
    def others(self) -> int | None:
        """What else changed the stock: other activities of those that stay, moves dated in another year."""
        if self.before is None:
            return None
        return self.stock - self.before - self.births + self.closures - self.arrivals + self.departures


@dataclass(frozen=True)
class Speciality:
    """A branch's weight here against the country; `quotient` 1 is the country's, None where it cannot be computed.

    `everything` are the open establishments of all activities here.
    """

    branch: int
    here: int
    country: int
    quotient: float | None
    everything: int | None = None


@dataclass(frozen=True)
class Company:
    """An open establishment as it may be shown: never under partial diffusion; a natural person without trade name has
    no name here."""

    siret: str
    siren: str
    name: str | None
    commune: str
    activity: str
    branch: int
    band: str | None
    unit_band: str | None
    category: str | None
    born: int | None
    head_office: bool
    natural_person: bool
    estimated: bool


@dataclass(frozen=True)
class Point:
    """An establishment that may stand on a map, in degrees; without a name where it may not be named."""

    siret: str
    name: str | None
    branch: int
    band: str | None
    lon: float
    lat: float


@dataclass(frozen=True)
class Actors:
    """Candidates for a kind of actor: how many in all, and the first of them that may be named."""

    kind: ActorKind
    total: int
    shown: tuple[Row, ...]


@dataclass(frozen=True)
class Passage:
    """A pair of codes seen on the same open establishments; `official` is what the official table says, if anything.

    `share` is that of the NAF 2025 code among those of the rev. 2 code; None where the perimeter does not hold the
    latter, whose other successors are then not counted.
    """

    rev2: str
    naf2025: str
    establishments: int
    share: float | None
    official: str


@dataclass(frozen=True)
class Profile:
    """The profile of a place: all that the page shows without rows of companies."""

    totals: Totals
    branches: tuple[Counted, ...]
    activities: tuple[Counted, ...]
    sizes: tuple[Size, ...]
    born: tuple[Counted, ...]
    legal_forms: tuple[Counted, ...]
    specialities: tuple[Speciality, ...]
    series: tuple[Year, ...]
