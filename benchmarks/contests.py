"""What many clients want at once, and whether the right ones got it."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import psycopg

from benchmarks.dataset import AHEAD_DAYS, HUB, SEED, ZONE, Size

ACCEPTED, REFUSED = 303, (409, 422)
MACHINE_BUFFER = timedelta(minutes=15)


@dataclass(frozen=True)
class Wish:
    """One booking that one client asks for. `contest` is the round and the kind of contest it is part of."""

    contest: str
    space: str
    start: datetime
    minutes: int
    quantity: int = 1

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)

    @property
    def path(self) -> str:
        return f"/lieux/{HUB}/espaces/{self.space}/reserver/"

    @property
    def fields(self) -> dict[str, str]:
        local = self.start.astimezone(ZONE)
        return {
            "date": f"{local:%Y-%m-%d}",
            "time": f"{local:%H:%M}",
            "minutes": str(self.minutes),
            **({"quantity": str(self.quantity)} if self.space == POOL else {}),
        }


ROOM, MACHINE, POOL = "salle-1", "machine-1", "postes-libres"
WHOLE, HALVES = "grande-salle-1", ("grande-salle-1a", "grande-salle-1b")


def days_after(now: datetime, first: int) -> Iterator[date]:
    """Working days on which nothing is booked yet: beyond the data set, within the horizon of the spaces."""
    day = now.astimezone(ZONE).date() + timedelta(days=AHEAD_DAYS + 7 + first)
    while True:
        if day.isoweekday() != 7:
            yield day
        day += timedelta(days=1)


def quantity_for(size: Size, clients: int) -> int:
    """So many of the pool's desks that about half of the clients can have them."""
    return max(1, -(-2 * size.hot_desks // clients) if clients > 2 else size.hot_desks // 2 + 1)


def wishes(size: Size, clients: int, rounds: int, first_day: int, now: datetime) -> list[list[Wish]]:
    """What each client asks for, in its order: in each round the same room at the same time, overlapping lengths in a
    room, a composite room or a half of it, desks of a pool, and a machine with time kept free after it.
    """
    rng = random.Random(SEED + clients)
    days = days_after(now, first_day)
    lists: list[list[Wish]] = [[] for _ in range(clients)]
    for number in range(rounds):
        day = next(days)

        def at(hour: int, half: int = 0, day: date = day) -> datetime:
            return datetime.combine(day, time(hour), tzinfo=ZONE) + timedelta(minutes=30 * half)

        for wanted in lists:
            wanted += [
                Wish(f"{number} same", ROOM, at(10), 60),
                Wish(f"{number} overlapping", ROOM, at(11, rng.randrange(8)), 30 * rng.randrange(1, 6)),
                Wish(f"{number} composite", rng.choice((WHOLE, *HALVES)), at(14), 60),
                Wish(f"{number} pool", POOL, at(9), 120, quantity_for(size, clients)),
                Wish(f"{number} buffer", MACHINE, at(9, rng.randrange(6)), 30 * rng.randrange(1, 4)),
            ]
    return lists


# -- Who got what -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What came of a contest, or of many: `fit` is how many of those who asked there was room for."""

    accepted: int = 0
    refused: int = 0
    neither: int = 0
    fit: int = 0

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(
            self.accepted + other.accepted,
            self.refused + other.refused,
            self.neither + other.neither,
            self.fit + other.fit,
        )


def judge(size: Size, lists: list[list[Wish]], statuses: list[list[int]]) -> Verdict:
    """Compare the answers with what there was room for."""
    contests: dict[str, list[tuple[Wish, int]]] = {}
    for wanted, got in zip(lists, statuses, strict=True):
        for wish, status in zip(wanted, got, strict=True):
            contests.setdefault(wish.contest, []).append((wish, status))
    return sum((_verdict(size, answers) for answers in contests.values()), Verdict())


def _verdict(size: Size, answers: list[tuple[Wish, int]]) -> Verdict:
    accepted = [wish for wish, status in answers if status == ACCEPTED]
    refused = [wish for wish, status in answers if status in REFUSED]
    return Verdict(
        len(accepted), len(refused), len(answers) - len(accepted) - len(refused), _fit(size, accepted, refused)
    )


def _fit(size: Size, accepted: list[Wish], refused: list[Wish]) -> int:
    """How many there was room for: those accepted that meet none before them, and those refused that meet none."""
    kept: list[Wish] = []
    for wish in [*accepted, *refused]:
        if _has_room(size, wish, kept):
            kept.append(wish)
    return len(kept)


def _has_room(size: Size, wish: Wish, kept: list[Wish]) -> bool:
    if wish.space == POOL:
        return sum(other.quantity for other in kept) + wish.quantity <= size.hot_desks
    return not any(_meet(wish, other) for other in kept)


def _meet(one: Wish, other: Wish) -> bool:
    apart = {one.space, other.space} == set(HALVES)
    buffer = MACHINE_BUFFER if one.space == MACHINE else timedelta()
    return not apart and one.start < other.end + buffer and other.start < one.end + buffer


# Said with the bookings alone, not with the rows that the product's constraint watches.
_TWICE = """
WITH live AS (
    SELECT b.id, b.space_id, starts_at, ends_at, s.buffer_after_minutes * interval '1 minute' AS after
      FROM bookings_booking b JOIN spaces_space s ON s.id = b.space_id
     WHERE status IN ('held', 'pending', 'confirmed') AND s.quantity = 1 AND starts_at >= %(since)s
), needs AS (
    SELECT id, space_id AS needed, starts_at, ends_at, after FROM live
    UNION ALL
    SELECT l.id, c.part_id, starts_at, ends_at, after FROM live l JOIN spaces_composition c ON c.whole_id = l.space_id
)
SELECT count(*) FROM (
    SELECT DISTINCT a.id, b.id FROM needs a JOIN needs b
        ON a.needed = b.needed AND a.id < b.id
       AND a.starts_at < b.ends_at + b.after AND b.starts_at < a.ends_at + a.after
) pairs
"""
_OVERFULL = """
WITH live AS (
    SELECT b.id, b.space_id, b.starts_at, b.ends_at, b.quantity, s.quantity AS there_are
      FROM bookings_booking b JOIN spaces_space s ON s.id = b.space_id
     WHERE status IN ('held', 'pending', 'confirmed') AND s.quantity > 1 AND starts_at >= %(since)s
)
SELECT count(*) FROM (
    SELECT a.id FROM live a JOIN live b
        ON a.space_id = b.space_id AND b.starts_at <= a.starts_at AND a.starts_at < b.ends_at
     GROUP BY a.id, a.there_are HAVING sum(b.quantity) > a.there_are
) instants
"""
_UNITS = """
SELECT count(*) FROM bookings_occupancy a JOIN bookings_occupancy b
    ON a.unit_id = b.unit_id AND a.id < b.id AND a.during && b.during AND NOT (a.is_buffer AND b.is_buffer)
 WHERE lower(a.during) >= %(since)s AND lower(b.during) >= %(since)s
"""


def overlaps(connection: psycopg.Connection, since: datetime) -> int:
    """Live bookings that lie over one another, pools with more taken than there is, units taken twice."""
    counts: Counter[str] = Counter()
    for name, query in (("twice", _TWICE), ("overfull", _OVERFULL), ("units", _UNITS)):
        row = connection.execute(query, {"since": since}).fetchone()
        assert row is not None
        counts[name] = row[0]
    return counts.total()
