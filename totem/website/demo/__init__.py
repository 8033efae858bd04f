"""The demonstration: four hubs read from `demo/*.toml`, invented people, and a year of bookings around today.

One transaction: a load that is killed leaves nothing. Loaded twice, it is kept as it is.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.db import connection, transaction

from totem.accounts.models import User
from totem.hubs.models import Hub
from totem.website.demo import days, people, places, scenes, writing
from totem.website.demo.diary import Diary

YEAR = 365
STALE_AFTER = timedelta(days=7)

Say = Callable[[str], None]


class RealDataError(Exception):
    """People who are no part of the demonstration are in this database: it is not mixed with them."""


@dataclass(frozen=True)
class Demonstration:
    """What is there: when it was loaded, whether just now, and how many bookings it holds then."""

    loaded_at: datetime
    is_new: bool
    bookings: int = 0

    def is_stale(self, now: datetime) -> bool:
        """Whether its today lies too far back to look alive."""
        return now - self.loaded_at > STALE_AFTER


def load(*, folder: Path, now: datetime, length: int = YEAR, say: Say = lambda _line: None) -> Demonstration:
    """Load the demonstration found in `folder`, `length` days in all, unless it is there. Raises RealDataError."""
    sheets = [sheet for sheet in map(_read, sorted(folder.glob("*.toml"))) if "hub" in sheet]
    crowd = _read(folder / "people.toml")
    with transaction.atomic():
        with connection.cursor() as cursor:  # two loads at once: the second waits and finds it done
            cursor.execute("LOCK TABLE hubs_hub IN SHARE ROW EXCLUSIVE MODE")
        first = Hub.objects.filter(slug__in=[sheet["hub"]["slug"] for sheet in sheets]).order_by("created_at").first()
        if first is not None and User.objects.exclude(demo_role="").exists():
            return Demonstration(first.created_at, is_new=False)
        if first is not None or User.objects.exists():
            raise RealDataError
        made = _load(sheets, crowd, now, length, say)
    with connection.cursor() as cursor:  # so that the first pages are planned on what is there now
        cursor.execute("ANALYZE")
    return Demonstration(now, is_new=True, bookings=made)


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _load(sheets: list[dict[str, Any]], crowd: dict[str, Any], now: datetime, length: int, say: Say) -> int:
    rng = Random(crowd["seed"])  # noqa: S311 - the same people every time is what is wanted
    span = places.Span.around(now, length, ahead=crowd["rhythm"]["days_ahead"])
    houses = [places.build(sheet, span) for sheet in sheets]
    town = people.settle(houses, crowd, span, rng)
    made = 0
    for house in houses:
        diary = Diary(house, town, crowd, span, rng)
        scenes.play(diary)
        for day in span.days:
            days.live(diary, day)
        written = writing.write(diary)
        say(f"Demonstration: {house.hub.name}, {len(house.offers)} spaces, {written} bookings")
        made += written
    return made
