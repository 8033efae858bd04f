"""The concurrent booking attempts of many clients, and whether exactly those that fit were accepted.

With credits: whether those of an agreement covered as many bookings as there are credits, and the others are due.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import psycopg

from benchmarks.dataset import AHEAD_DAYS, HUB, OPENS, SEED, ZONE, Size

ACCEPTED, REFUSED = 303, (409, 422)
MACHINE_BUFFER = timedelta(minutes=15)


@dataclass(frozen=True)
class Attempt:
    """One booking that one client submits. `contest` is the round and the kind of contest it is part of."""

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
    """Mondays to Saturdays without bookings: beyond the data set, within the horizon of the spaces."""
    day = now.astimezone(ZONE).date() + timedelta(days=AHEAD_DAYS + 7 + first)
    while True:
        if day.isoweekday() != 7:
            yield day
        day += timedelta(days=1)


def quantity_for(size: Size, clients: int) -> int:
    """The number of desks that lets about half of the clients book the pool."""
    return max(1, -(-2 * size.hot_desks // clients) if clients > 2 else size.hot_desks // 2 + 1)


def attempts(size: Size, clients: int, rounds: int, first_day: int, now: datetime) -> list[list[Attempt]]:
    """The attempts of each client, in order: in each round the same room at the same time, overlapping lengths in a
    room, a composite room or a half of it, desks of a pool, and a machine with a buffer after it.
    """
    rng = random.Random(SEED + clients)
    days = days_after(now, first_day)
    lists: list[list[Attempt]] = [[] for _ in range(clients)]
    for number in range(rounds):
        day = next(days)

        def at(hour: int, half: int = 0, day: date = day) -> datetime:
            return datetime.combine(day, time(hour), tzinfo=ZONE) + timedelta(minutes=30 * half)

        for attempts in lists:
            attempts += [
                Attempt(f"{number} same", ROOM, at(10), 60),
                Attempt(f"{number} overlapping", ROOM, at(11, rng.randrange(8)), 30 * rng.randrange(1, 6)),
                Attempt(f"{number} composite", rng.choice((WHOLE, *HALVES)), at(14), 60),
                Attempt(f"{number} pool", POOL, at(9), 120, quantity_for(size, clients)),
                Attempt(f"{number} buffer", MACHINE, at(9, rng.randrange(6)), 30 * rng.randrange(1, 4)),
            ]
    return lists


# -- The verdict ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """The answers of one or several contests; `fit` is the number of attempts that there was room for."""

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


def judge(size: Size, lists: list[list[Attempt]], statuses: list[list[int]]) -> Verdict:
    """Compare the answers with the attempts that fit."""
    contests: dict[str, list[tuple[Attempt, int]]] = {}
    for attempts, answers in zip(lists, statuses, strict=True):
        for attempt, status in zip(attempts, answers, strict=True):
            contests.setdefault(attempt.contest, []).append((attempt, status))
    return sum((_verdict(size, answers) for answers in contests.values()), Verdict())


def _verdict(size: Size, answers: list[tuple[Attempt, int]]) -> Verdict:
    accepted = [attempt for attempt, status in answers if status == ACCEPTED]
    refused = [attempt for attempt, status in answers if status in REFUSED]
    return Verdict(
        len(accepted), len(refused), len(answers) - len(accepted) - len(refused), _fit(size, accepted, refused)
    )


def _fit(size: Size, accepted: list[Attempt], refused: list[Attempt]) -> int:
    """How many fit: those accepted that overlap none before them, and those refused that overlap none."""
    kept: list[Attempt] = []
    for attempt in [*accepted, *refused]:
        if _has_room(size, attempt, kept):
            kept.append(attempt)
    return len(kept)


def _has_room(size: Size, attempt: Attempt, kept: list[Attempt]) -> bool:
    if attempt.space == POOL:
        return sum(other.quantity for other in kept) + attempt.quantity <= size.hot_desks
    return not any(_overlap(attempt, other) for other in kept)


def _overlap(one: Attempt, other: Attempt) -> bool:
    apart = {one.space, other.space} == set(HALVES)
    buffer = MACHINE_BUFFER if one.space == MACHINE else timedelta()
    return not apart and one.start < other.end + buffer and other.start < one.end + buffer


# From the bookings alone, apart from the rows that the exclusion constraint checks.
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
    """Overlapping pairs of live bookings, plus bookings that overfill a pool, plus units occupied twice."""
    counts: Counter[str] = Counter()
    for name, query in (("twice", _TWICE), ("overfull", _OVERFULL), ("units", _UNITS)):
        row = connection.execute(query, {"since": since}).fetchone()
        assert row is not None
        counts[name] = row[0]
    return counts.total()


# -- With credits -----------------------------------------------------------------------------------------------------

HOUR = 60


def attempts_with_credits(clients: int, rounds: int, now: datetime) -> list[list[Attempt]]:
    """The attempts of each client, in order: in each round an hour of a day that all have, all at other times, so that
    only the credits of that day are short.
    """
    spaces = (ROOM, *HALVES)
    days = days_after(now, 0)
    lists: list[list[Attempt]] = [[] for _ in range(clients)]
    for _round, day in zip(range(rounds), days, strict=False):
        for number, attempts in enumerate(lists):
            start = datetime.combine(day, time(OPENS + number // len(spaces)), tzinfo=ZONE)
            attempts.append(Attempt(f"{day}", spaces[number % len(spaces)], start, HOUR))
    return lists


def give_credits(emails: list[str], days: list[date], hours: int, now: datetime) -> None:
    """An agreement under which these people have a seat, with so many hours of room for each of the days."""
    from totem.accounts.models import User  # noqa: PLC0415 - the settings are chosen by the stage
    from totem.billing.models import Customer, CustomerKind  # noqa: PLC0415
    from totem.hubs.models import Hub  # noqa: PLC0415
    from totem.memberships import models  # noqa: PLC0415
    from totem.memberships.actions import credits as ledger  # noqa: PLC0415

    hub, start = Hub.objects.get(slug=HUB), now.astimezone(ZONE).date()
    plan = models.Plan.objects.create(hub=hub, name="Mois complet")
    customer = Customer.objects.create(hub=hub, kind=CustomerKind.CONSUMER, name="Membre")
    agreement = models.Agreement.objects.create(
        hub=hub, customer=customer, state="active", starts_on=start, signed_on=start
    )
    models.AgreementTerms.objects.create(
        agreement=agreement, plan=plan, amount=Decimal(180), vat_rate=Decimal(20), starts_on=start
    )
    for person in User.objects.filter(email__in=emails):
        models.AgreementSeat.objects.create(agreement=agreement, person=person, starts_on=start)
    for day in days:
        ledger.grant(
            customer=customer, plan=plan, unit="room", quantity=hours * HOUR, starts_on=day, ends_on=day,
            source=f"{agreement.pk}:{day}", now=now, agreement=agreement,
        )  # fmt: skip


# What was left of a lot after each of its entries, and the bookings beside what the ledger says that they spent.
_CREDITS = """
WITH after AS (
    SELECT lot_id, sum(quantity) OVER (PARTITION BY lot_id ORDER BY id) AS "left" FROM memberships_creditentry
), made AS (
    SELECT price, credits_spent, (
        SELECT coalesce(-sum(quantity), 0) FROM memberships_creditentry WHERE source = 'booking:' || b.id
    ) AS spent
      FROM bookings_booking b WHERE status = 'confirmed' AND starts_at >= %(since)s
)
SELECT (SELECT count(DISTINCT lot_id) FROM after WHERE "left" < 0),
       (SELECT sum(quantity) FROM memberships_creditentry),
       (SELECT count(*) FROM made WHERE credits_spent <> spent),
       (SELECT count(*) FROM made WHERE spent = %(hour)s AND price = 0),
       (SELECT count(*) FROM made WHERE spent = 0 AND price > 0)
"""


@dataclass(frozen=True)
class Spent:
    """What became of credits: `below_zero` lots, minutes `left`, bookings that are not as the ledger says, bookings
    that credits covered and bookings that are due.
    """

    below_zero: int
    left: int
    unlike_ledger: int
    covered: int
    due: int


def spent(connection: psycopg.Connection, since: datetime) -> Spent:
    """Read from the ledger and the bookings, without the product's code."""
    row = connection.execute(_CREDITS, {"since": since, "hour": HOUR}).fetchone()
    assert row is not None
    return Spent(*map(int, row))
