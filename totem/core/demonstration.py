"""The demonstration: invented data to which every room adds its part.

A room joins by one module or package, `demonstration`, where a function under `@part(...)` writes what the room adds;
its content is in readable files, `demo/ROOM/*.toml`. Parts are loaded in the order of `settings.ROOMS`, each
in a transaction of its own: one that is killed leaves nothing, and the next load continues there. A part finds in
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
    """The database holds data that are no part of the demonstration, which is not mixed with them."""


@dataclass(frozen=True)
class InventedWorld:
    """What all parts share: the folder of the sheets, the time of the load, its days, and where progress is printed."""

    folder: Path
    now: datetime
    length: int = YEAR
    say: Say = lambda _line: None

    def sheet(self, name: str) -> Sheet:
        """The content of one file of the folder (`bookings/rhythm.toml`)."""
        return tomllib.loads((self.folder / name).read_text(encoding="utf-8"))

    def sheets(self, pattern: str) -> list[Sheet]:
        """The content of all files of the pattern (`hubs/*.toml`), in the order of their names."""
        return [self.sheet(str(path.relative_to(self.folder))) for path in sorted(self.folder.glob(pattern))]

    @cached_property
    def seed(self) -> int:
        """The seed of random values, so that each load is the same. A new part uses `Random(f"{seed} ROOM")`."""
        return int(self.sheet("world.toml")["seed"])

    @property
    def today(self) -> date:
        return self.now.astimezone(PARIS).date()

    @cached_property
    def days(self) -> list[date]:
        """Today and the `length` other days that are covered: most of them past, some to come."""
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
    keep_alive: Loader | None


_registry: list[DemoPart] = []


def part(
    sheets: str,
    *,
    is_there: Presence,
    loaded_at: Callable[[], datetime | None] = lambda: None,
    keep_alive: Loader | None = None,
) -> Callable[[Loader], Loader]:
    """Register the decorated function of a room's `demonstration` module; a room may have several, in their order.

    `is_there` is called for all parts before the first is written; it raises RealDataError where the part would mix
    with real data. `loaded_at` returns when the part was loaded, or None where its rows do not record that.
    `keep_alive` adds what a part that was loaded hours ago lacks around the world's `now`.
    """

    def register(load: Loader) -> Loader:
        room, _, _module = load.__module__.rpartition(".demonstration")
        _registry.append(DemoPart(room, sheets, is_there, loaded_at, load, keep_alive))
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
    """The result of a load: when the oldest part was loaded, and whether this load added any."""

    loaded_at: datetime
    is_new: bool

    def is_stale(self, now: datetime) -> bool:
        """Whether it was loaded too long ago to have bookings around today."""
        return now - self.loaded_at > STALE_AFTER


def load(world: InventedWorld) -> Demonstration:
    """Load the parts that have files in the folder and are missing. Raises RealDataError, with nothing written."""
    with _alone():
        present = [known for known in parts() if any(world.folder.glob(known.sheets))]
        missing = [known for known in present if not known.is_there(world)]
        for known in missing:
            with transaction.atomic():
                known.load(world)
        if missing:
            with connection.cursor() as cursor:  # so that PostgreSQL plans the first pages with current statistics
                cursor.execute("ANALYZE")
    loaded = [at for known in present if known not in missing and (at := known.loaded_at()) is not None]
    return Demonstration(min(loaded, default=world.now), is_new=bool(missing))


def keep_alive(world: InventedWorld) -> None:
    """Have the parts that were loaded add what happens around the world's `now`, each in a transaction of its own."""
    with _alone():
        for known in parts():
            if known.keep_alive is not None and any(world.folder.glob(known.sheets)) and known.is_there(world):
                with transaction.atomic():
                    known.keep_alive(world)


@contextmanager
def _alone() -> Iterator[None]:
    """Of two concurrent loads the second waits, and finds all parts loaded. The lock ends with the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
