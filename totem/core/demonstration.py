"""The demonstration: one invented world to which every room adds its part.

A room joins by one module or package, `demonstration`, where a function under `@part(...)` writes what the room adds;
what is invented stands in readable files, `demo/ROOM/*.toml`. Parts are loaded in the order of `settings.ROOMS`, each
in a transaction of its own: one that is killed leaves nothing, and the next load goes on from there. A part finds in
the database, by slug, name or e-mail address, what the parts before it made.
"""

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import module_has_submodule

from totem.core.periods import DAY, Period, at_wall_clock

YEAR = 365
STALE_AFTER = timedelta(days=7)
PARIS = ZoneInfo("Europe/Paris")
LOCK = 7_460_012  # any number, the same on every machine

Sheet = dict[str, Any]
Say = Callable[[str], None]


class RealDataError(Exception):
    """Data that are no part of the demonstration are in this database: it is not mixed with them."""


@dataclass(frozen=True)
class InventedWorld:
    """What all parts share: the folder of the sheets, the clock, the days around it, where progress is said."""

    folder: Path
    now: datetime
    length: int = YEAR
    say: Say = lambda _line: None

    def sheet(self, name: str) -> Sheet:
        """The content of one file of the folder (`bookings/rhythm.toml`)."""
        return tomllib.loads((self.folder / name).read_text(encoding="utf-8"))

    def sheets(self, pattern: str) -> list[Sheet]:
        """Those of all files of the pattern (`hubs/*.toml`), in the order of their names."""
        return [self.sheet(str(path.relative_to(self.folder))) for path in sorted(self.folder.glob(pattern))]

    @cached_property
    def seed(self) -> int:
        """What chance starts from: the same world every time. A new part draws from `Random(f"{seed} ROOM")`."""
        return int(self.sheet("world.toml")["seed"])

    @property
    def today(self) -> date:
        return self.now.astimezone(PARIS).date()

    @cached_property
    def days(self) -> list[date]:
        """The `length` days that it covers and today: most of them past, some to come."""
        ahead = min(int(self.sheet("world.toml")["days_ahead"]), max(self.length // 2, 1))
        return [self.today + timedelta(days=n) for n in range(ahead - self.length, ahead + 1)]

    @property
    def window(self) -> Period:
        first, last = self.days[0], self.days[-1]
        return Period(at_wall_clock(first, time.min, PARIS), at_wall_clock(last + DAY, time.min, PARIS))


Loader = Callable[[InventedWorld], None]
Presence = Callable[[InventedWorld], bool]


@dataclass(frozen=True)
class DemoPart:
    """What a room adds, from the files of the pattern `sheets`; nothing where the folder has none of them."""

    room: str
    sheets: str
    is_there: Presence
    loaded_at: Callable[[], datetime | None]
    load: Loader


_registry: list[DemoPart] = []


def part(
    sheets: str, *, is_there: Presence, loaded_at: Callable[[], datetime | None] = lambda: None
) -> Callable[[Loader], Loader]:
    """Register the decorated function of a room's `demonstration` module; a room may have several, in their order.

    `is_there` is asked of all parts before the first is written; it raises RealDataError where the part would mix with
    real data. `loaded_at` says when what is there was loaded, where the room's rows tell.
    """

    def register(load: Loader) -> Loader:
        room, _, _module = load.__module__.rpartition(".demonstration")
        _registry.append(DemoPart(room, sheets, is_there, loaded_at, load))
        return load

    return register


def parts() -> list[DemoPart]:
    """The parts of all rooms, those of a room after those of the rooms below it."""
    for room in settings.ROOMS:
        if module_has_submodule(import_module(room), "demonstration"):
            import_module(f"{room}.demonstration")
    order = {room: n for n, room in enumerate(settings.ROOMS)}
    return sorted((known for known in _registry if known.room in order), key=lambda known: order[known.room])


@dataclass(frozen=True)
class Demonstration:
    """What is there after a load: since when, and whether all of it, some or nothing is new."""

    loaded_at: datetime
    is_new: bool

    def is_stale(self, now: datetime) -> bool:
        """Whether its today lies too far back to look alive."""
        return now - self.loaded_at > STALE_AFTER


def load(world: InventedWorld) -> Demonstration:
    """Load what the folder tells of and is not there yet. Raises RealDataError, with nothing written."""
    with _alone():
        present = [known for known in parts() if any(world.folder.glob(known.sheets))]
        missing = [known for known in present if not known.is_there(world)]
        for known in missing:
            with transaction.atomic():
                known.load(world)
        if missing:
            with connection.cursor() as cursor:  # so that the first pages are planned on what is there now
                cursor.execute("ANALYZE")
    loaded = [at for known in present if known not in missing and (at := known.loaded_at()) is not None]
    return Demonstration(min(loaded, default=world.now), is_new=bool(missing))


@contextmanager
def _alone() -> Iterator[None]:
    """Two loads at once: the second waits, and finds everything there. The lock goes with the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
