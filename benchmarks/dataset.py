"""The data sets of the benchmarks: one hub, its spaces, its people and years of bookings, seeded.

| | desks | rooms | machines | members | bookings |
|---|---|---|---|---|---|
| S | 40 | 4 | 6 | 120 | 6,000 in a year |
| L | 300 | 25 | 40 | 1,200 | 250,000 in five years |

Time runs up to eight weeks after `now`, as dense ahead as behind. People are numbered; all are invented. The rows
go through a temporary table filled with COPY, as one superuser without triggers: what is loaded is checked by adding
the exclusion constraint back at the end.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import psycopg

SEED = 2014
ZONE = ZoneInfo("Europe/Paris")
AHEAD_DAYS = 56
OPENS, CLOSES = 8, 20  # o'clock, Monday to Saturday
HUB = "banc-d-essai"


@dataclass(frozen=True)
class Size:
    """The number of rows of each kind. `recent` keeps only that many of the past bookings."""

    name: str
    hot_desks: int
    visiting_desks: int
    fixed_desks: int
    rooms: int
    composites: int  # of the rooms, those composed of the two before them
    machines: int
    members: int
    bookings: int
    years: int
    recent: int | None = None

    @property
    def is_for_tests(self) -> bool:
        """Whether the run is only a test of the program: nothing is measured long enough for a figure."""
        return self.name == "tiny"


S = Size("S", 32, 4, 4, 4, 1, 6, 120, 6_000, 1)
L = Size("L", 260, 20, 20, 25, 3, 40, 1_200, 250_000, 5)
# For the tests of the programs, not for figures.
TINY = Size("tiny", 3, 0, 1, 4, 1, 1, 40, 120, 1)
SIZES = {size.name: size for size in (S, L, TINY)}


def with_recent_of(size: Size, other: Size) -> Size:
    """`size` with its spaces and its coming bookings, and only as many past ones as `other` has."""
    past = 1 - AHEAD_DAYS / (365 * other.years)
    return replace(size, recent=round(other.bookings * past))


@dataclass(frozen=True)
class Place:
    """A stored space, with what the loader needs of it."""

    pk: int
    kind: str
    units: tuple[int, ...]
    whole: bool = False  # a composite, or a part of one: has few bookings, so that they rarely overlap


def load(connection: psycopg.Connection, size: Size, now: datetime) -> None:
    """Fill a migrated, empty database. `connection` belongs to a superuser and is left in autocommit mode."""
    rng = random.Random(SEED)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica; SET maintenance_work_mem = '256MB'; SET timezone = 'UTC'"
        )
        hub_id = _hub(cursor, now)
        places = _spaces(cursor, size, hub_id, now)
        _people(cursor, size, hub_id, now)
        rows = _booking_rows(size, places, rng, now)
        _bookings(cursor, rows, hub_id, now)
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE")


# -- The hub and its spaces -------------------------------------------------------------------------------------------


def _hub(cursor: psycopg.Cursor, now: datetime) -> int:
    cursor.execute(
        """
        INSERT INTO territories_region (code, name, sort_key) VALUES ('32', 'Hauts-de-France', 'hauts de france')
            ON CONFLICT DO NOTHING;
        INSERT INTO territories_department (code, name, sort_key, region_id) VALUES ('80', 'Somme', 'somme', '32')
            ON CONFLICT DO NOTHING;
        INSERT INTO territories_commune (code, name, sort_key, department_id, postcodes, current)
            VALUES ('80021', 'Amiens', 'amiens', '80', '{80000}', true) ON CONFLICT DO NOTHING;
        """
    )
    cursor.execute(
        """
        INSERT INTO organisations_organisation (created_at, updated_at, name, sort_key, legal_form, kind, siren, siret,
                address, commune_id, website, email)
            VALUES (%(now)s, %(now)s, 'Banc d’essai', 'banc d essai', 'association', 'hub_operator', '', '', '',
                '80021', '', '') RETURNING id
        """,
        {"now": now},
    )
    operator = _one(cursor)
    cursor.execute(
        """
        INSERT INTO hubs_hub (created_at, updated_at, name, slug, operator_id, is_published, tagline, description,
                street, postcode, commune_id, latitude, longitude, host_building, time_zone, closed_on_public_holidays,
                customary_holidays, mail_note, accent, step_free, access_notes, transport, languages, email, phone,
                website, grace_minutes)
            VALUES (%(now)s, %(now)s, 'Banc d’essai', %(slug)s, %(operator)s, true, 'Des mesures', 'Rien n’existe ici.',
                '1 place de la Gare', '80000', '80021', 49.8906, 2.3082, '', %(zone)s, false, '{}', '', '#0B5C73', true,
                '', '', '{fr}', '', '', '', 15) RETURNING id
        """,
        {"now": now, "slug": HUB, "operator": operator, "zone": ZONE.key},
    )
    hub_id = _one(cursor)
    # Limits that are counted and that nobody reaches.
    cursor.execute(
        """
        INSERT INTO core_limitamount ("limit", scope, taker, amount)
            SELECT "limit", %s, taker, 100000 FROM unnest(ARRAY['bookings.holds', 'bookings.hours']) AS "limit",
                unnest(ARRAY['person', 'member', 'address']) AS taker
        """,
        [f"hub:{hub_id}"],
    )
    cursor.execute(
        """
        INSERT INTO hubs_openinghours (hub_id, weekday, opens_at, closes_at)
            SELECT %s, day, make_time(%s, 0, 0), make_time(%s, 0, 0) FROM generate_series(1, 6) AS day
        """,
        [hub_id, OPENS, CLOSES],
    )
    return hub_id


def _one(cursor: psycopg.Cursor) -> int:
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


@dataclass(frozen=True)
class SpaceDescription:
    """The values of a space to insert."""

    kind: str
    name: str
    audience: str
    quantity: int = 1
    capacity: int = 1
    features: tuple[str, ...] = ()
    buffer_after: int = 0
    whole: bool = False


def _descriptions(size: Size) -> Iterator[SpaceDescription]:
    """Desks as pools and singles, rooms of 4 to 24 people, the composites after their halves, machines."""
    if size.hot_desks:
        yield SpaceDescription("hot_desks", "Postes libres", "public", size.hot_desks)
    if size.visiting_desks:
        yield SpaceDescription("visiting_desks", "Postes de passage", "network", size.visiting_desks)
    for number in range(1, size.fixed_desks + 1):
        yield SpaceDescription("fixed_desk", f"Bureau fixe {number}", "members")
    for number in range(1, size.rooms - 3 * size.composites + 1):
        features = ("whiteboard", *(("screen",) if number % 2 else ()), *(("video",) if number % 4 == 1 else ()))
        capacity = (4, 6, 8, 12, 24)[number % 5]
        yield SpaceDescription("meeting_room", f"Salle {number}", "public", capacity=capacity, features=features)
    for number in range(1, size.composites + 1):
        name, screen = f"Grande salle {number}", ("screen",)
        for side in "AB":
            yield SpaceDescription("meeting_room", f"{name}{side}", "public", capacity=10, features=screen, whole=True)
        yield SpaceDescription("event_room", name, "public", capacity=20, features=screen, whole=True)
    for number in range(1, size.machines + 1):
        yield SpaceDescription("machine", f"Machine {number}", "members", features=("extraction",), buffer_after=15)


def _spaces(cursor: psycopg.Cursor, size: Size, hub_id: int, now: datetime) -> list[Place]:
    places: list[Place] = []
    for space in _descriptions(size):
        places.append(_space(cursor, hub_id, len(places), space, now))
        if space.kind == "event_room":
            whole, halves = places[-1], places[-3:-1]
            cursor.executemany(
                "INSERT INTO spaces_composition (whole_id, part_id, is_direct) VALUES (%s, %s, true)",
                [(whole.pk, half.pk) for half in halves],
            )
    return places


def _space(cursor: psycopg.Cursor, hub_id: int, position: int, space: SpaceDescription, now: datetime) -> Place:
    cursor.execute(
        """
        INSERT INTO spaces_space (created_at, updated_at, hub_id, kind, name, slug, description, is_active, position,
                quantity, capacity, features, audience, needs_approval, min_notice_minutes, horizon_days, step_minutes,
                min_minutes, max_minutes, buffer_before_minutes, buffer_after_minutes, cancel_notice_minutes,
                free_of_charge)
            VALUES (%(now)s, %(now)s, %(hub)s, %(kind)s, %(name)s, %(slug)s, '', true, %(position)s, %(quantity)s,
                %(capacity)s, %(features)s, %(audience)s, false, 0, 400, 30, 30, 720, 0, %(after)s, 0, false)
            RETURNING id
        """,
        {
            "now": now,
            "hub": hub_id,
            "kind": space.kind,
            "name": space.name,
            "slug": space.name.lower().replace(" ", "-"),
            "position": position,
            "quantity": space.quantity,
            "capacity": space.capacity,
            "features": list(space.features),
            "audience": space.audience,
            "after": space.buffer_after,
        },
    )
    pk = _one(cursor)
    cursor.execute(
        """
        INSERT INTO spaces_unit (space_id, number, label, is_active)
            SELECT %s, n, '', true FROM generate_series(1, %s) AS n RETURNING id
        """,
        [pk, space.quantity],
    )
    units = tuple(row[0] for row in cursor.fetchall())
    prices = {60: Decimal(4), 240: Decimal(10), 1440: Decimal(16)}
    cursor.executemany(
        """
        INSERT INTO spaces_price (created_at, updated_at, space_id, per, amount, vat_rate, starts_on)
            VALUES (%s, %s, %s, %s, %s, 20, '2010-01-01')
        """,
        [(now, now, pk, per, amount * space.capacity) for per, amount in prices.items()],
    )
    return Place(pk, space.kind, units, space.whole)


# -- People -----------------------------------------------------------------------------------------------------------


def _people(cursor: psycopg.Cursor, size: Size, hub_id: int, now: datetime) -> None:
    cursor.execute(
        """
        WITH people AS (
            INSERT INTO accounts_user (password, is_superuser, email, name, sort_key, language, is_active, is_staff,
                    date_joined, demo_role)
                SELECT '!', false, format('membre%%s@example.org', n), format('Membre %%s', n),
                       format('membre %%s', n), 'fr', true, false, %(now)s, ''
                  FROM generate_series(1, %(members)s) AS n
                RETURNING id, email
        ), addresses AS (
            INSERT INTO account_emailaddress (email, verified, "primary", user_id)
                SELECT email, true, true, id FROM people
        )
        INSERT INTO hubs_membership (created_at, updated_at, hub_id, person_id, starts_on)
            SELECT %(now)s, %(now)s, %(hub)s, id, %(now)s::date - 3650 FROM people
        """,
        {"now": now, "members": size.members, "hub": hub_id},
    )
    cursor.execute(
        """
        INSERT INTO hubs_teammember (created_at, updated_at, hub_id, person_id, role)
            SELECT %s, %s, %s, id, (ARRAY['manager', 'desk', 'facilitator'])[row_number() OVER (ORDER BY id)]
              FROM accounts_user ORDER BY id LIMIT 3
        """,
        [now, now, hub_id],
    )


# -- Bookings ---------------------------------------------------------------------------------------------------------

_STAGED = """
CREATE TEMPORARY TABLE staged (
    id bigint, space_id bigint, unit_id bigint, starts_at timestamptz, ends_at timestamptz, status text, person int,
    made timestamptz
)
"""
_BOOKINGS = """
INSERT INTO bookings_booking (id, created_at, updated_at, reference, hub_id, space_id, starts_at, ends_at, quantity,
        status, person_id, made_by_id, guest_name, guest_email, guest_language, code_digest, code_attempts, purpose,
        price, vat, price_lines, cancellable_until, checked_in_at, checked_out_at)
    SELECT s.id, made, made, translate(lpad(to_hex(s.id), 10, '0'), '0123456789abcdef', 'ABCDEFGHJKLMNPQR'), %(hub)s,
           space_id, starts_at, ends_at, 1, status, p.id, p.id, '', '', '', '', 0, '', 12, 2,
           '[{"per": 60, "count": 3, "amount": "4.00", "vat_rate": "20.00"}]', starts_at,
           CASE WHEN status = 'confirmed' AND ends_at < %(now)s THEN starts_at END,
           CASE WHEN status = 'confirmed' AND ends_at < %(now)s THEN ends_at END
      FROM staged s JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts_user) p ON p.n = s.person
      ORDER BY s.id
"""
_TAKEN = """
INSERT INTO bookings_occupancy (booking_id, unit_id, during, is_buffer)
    SELECT s.id, u.unit_id, tstzrange(starts_at, ends_at), false
      FROM staged s CROSS JOIN LATERAL (
          SELECT s.unit_id
          UNION ALL
          SELECT n.id FROM spaces_composition c JOIN spaces_unit n ON n.space_id = c.part_id
           WHERE c.whole_id = s.space_id
      ) u
     WHERE status = 'confirmed' ORDER BY s.id
"""
_BUFFERS = """
INSERT INTO bookings_occupancy (booking_id, unit_id, during, is_buffer)
    SELECT s.id, s.unit_id, tstzrange(ends_at, ends_at + make_interval(mins => p.buffer_after_minutes)), true
      FROM staged s JOIN spaces_space p ON p.id = s.space_id
     WHERE status = 'confirmed' AND p.buffer_after_minutes > 0 ORDER BY s.id
"""
_JOURNAL = """
INSERT INTO core_journalentry (at, actor_id, verb, subject_model, subject_id, scope, facts)
    SELECT created_at, person_id, 'bookings.made', 'bookings.booking', id, format('hub:%%s', hub_id),
           jsonb_build_object('space', space_id, 'starts_at', starts_at, 'ends_at', ends_at, 'quantity', 1,
                              'status', status, 'price', '12.00', 'person', person_id)
      FROM bookings_booking ORDER BY id
"""


def _booking_rows(size: Size, places: list[Place], rng: random.Random, now: datetime) -> "list[Row]":
    rows = list(_rows(size, places, rng, now))
    if size.recent is None:
        return rows
    over = [row for row in rows if row[4] <= now]
    return over[max(0, len(over) - size.recent) :] + [row for row in rows if row[4] > now]


def _bookings(cursor: psycopg.Cursor, rows: "list[Row]", hub_id: int, now: datetime) -> None:
    cursor.execute(_STAGED)
    with cursor.copy("COPY staged FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute("ALTER TABLE bookings_occupancy DROP CONSTRAINT never_twice")
    parameters = {"hub": hub_id, "now": now}
    for statement in (_BOOKINGS, _TAKEN, _BUFFERS, _JOURNAL):
        cursor.execute(statement, parameters)
    cursor.execute("SELECT setval(pg_get_serial_sequence('bookings_booking', 'id'), (SELECT max(id) FROM staged))")
    cursor.execute(_never_twice())
    cursor.execute("DROP TABLE staged")


def _never_twice() -> str:
    """The statement that adds the product's own constraint."""
    from django.db import connection  # noqa: PLC0415 - the settings are chosen by the caller

    from totem.bookings.models import Occupancy  # noqa: PLC0415

    constraint = next(c for c in Occupancy._meta.constraints if c.name == "never_twice")
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        return str(constraint.create_sql(Occupancy, editor))


Row = tuple[int, int, int, datetime, datetime, str, int, datetime]
Slot = tuple[Place, int, datetime, datetime]
DESKS = {"hot_desks", "visiting_desks", "fixed_desk"}
ROOMS = {"meeting_room", "event_room"}
HALF_HOUR = timedelta(minutes=30)


def _rows(size: Size, places: list[Place], rng: random.Random, now: datetime) -> Iterator[Row]:
    """The rows of `size.bookings` bookings, in order of day."""
    last = now.astimezone(ZONE).date() + timedelta(days=AHEAD_DAYS)
    days = [d for n in range(365 * size.years) if (d := last - timedelta(days=n)).isoweekday() != 7]
    days.reverse()
    done = 0
    for number, day in enumerate(days, start=1):
        for place, unit, start, end in _some(_day(day, places, rng), size.bookings * number // len(days) - done, rng):
            done += 1
            status = "confirmed" if rng.random() < 0.92 else "cancelled"
            made = min(start, now) - timedelta(minutes=rng.randrange(60, 20_000))
            yield done, place.pk, unit, start, end, status, rng.randrange(size.members), made
    assert done == size.bookings, f"{done} bookings fit, {size.bookings} were needed"


def _some(slots: list[Slot], count: int, rng: random.Random) -> list[Slot]:
    """`count` of a day's slots: a half in rooms as far as they go, a sixth on machines, then desks."""
    rng.shuffle(slots)
    rooms = [slot for slot in slots if slot[0].kind in ROOMS][: count // 2]
    machines = [slot for slot in slots if slot[0].kind == "machine"][: count // 6]
    desks = [slot for slot in slots if slot[0].kind in DESKS]
    return [*rooms, *machines, *desks][:count]


def _day(day: date, places: list[Place], rng: random.Random) -> list[Slot]:
    """More bookings than a day has, none over another: half-days at desks, one to three hours elsewhere."""
    opening = datetime.combine(day, time(OPENS), tzinfo=ZONE).astimezone(UTC)
    return [
        (place, unit, opening + start * HALF_HOUR, opening + end * HALF_HOUR)
        for place in places
        for unit in place.units
        for start, end in _slots(place, rng)
    ]


def _slots(place: Place, rng: random.Random) -> list[tuple[int, int]]:
    """Half-hours from the opening, none over another; of a composite room the halves' before the whole's."""
    if place.kind in DESKS:
        return [(0, 8), (8, 16)]
    if place.whole:
        return [(14, 18), (18, 22)] if place.kind == "event_room" else [(1, 5), (6, 10)]
    slots = []
    at = rng.randrange(0, 4)
    while at < 22:
        end = min(at + rng.choice((2, 2, 3, 4, 6)), 24)
        slots.append((at, end))
        at = end + rng.choice((1, 2, 2, 4, 6))
    return slots
