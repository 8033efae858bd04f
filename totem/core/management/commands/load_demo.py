"""`manage.py load_demo`: the demonstration, as the files of `demo/` and the rooms' `demonstration` modules tell it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from totem.core import clock
from totem.core.demonstration import YEAR, InventedWorld, RealDataError, keep_alive, load


class Command(BaseCommand):
    help = "Loads the demonstration of the folder demo/. What is there stays; what happens now is added to its diary."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=YEAR, help="Days of bookings in all (365).")
        parser.add_argument(
            "--folder", type=Path, default=Path(settings.BASE_DIR) / "demo", help="Where its files are."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if settings.SECURE:
            raise CommandError("The demonstration is not loaded in production: its people sign in by one click.")
        self.loud = options["verbosity"] > 0
        now = clock.now()
        world = InventedWorld(folder=options["folder"], now=now, length=max(options["days"], 2), say=self._say)
        try:
            found = load(world)
        except RealDataError as error:
            raise CommandError("This database holds real people: choose another one for the demonstration.") from error
        if not found.is_new:
            loaded = f"Demonstration: loaded on {timezone.localtime(found.loaded_at):%Y-%m-%d}, kept as it is"
            keep_alive(world)
            self._say(f"{loaded}; who is here, late and expected now is added.")
        if found.is_stale(now):
            self._say("Demonstration: that is over a week ago. `make demo-reset` starts over with today's date.")

    def _say(self, line: str) -> None:
        if self.loud:
            self.stdout.write(line)
            self.stdout.flush()
