"""`manage.py load_demo`: the four hubs of the demonstration, their invented people and a year of bookings."""

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from totem.accounts.models import DemoRole, User
from totem.core import clock
from totem.labels.demonstration import load_boards
from totem.observatory.demonstration import load_register, load_territories
from totem.website.demo import YEAR, Demonstration, RealDataError, load


class Command(BaseCommand):
    help = "Loads the demonstration of the folder demo/. What is there already stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=YEAR, help="Days of bookings in all (365).")
        parser.add_argument(
            "--folder", type=Path, default=Path(settings.BASE_DIR) / "demo", help="Where its files are."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if settings.SECURE:
            raise CommandError("The demonstration is not loaded in production: its people sign in by one click.")
        now = clock.now()
        self.loud = options["verbosity"] > 0
        try:
            found = load(folder=options["folder"], now=now, length=max(options["days"], 2), say=self._say)
        except RealDataError as error:
            raise CommandError("This database holds real people: choose another one for the demonstration.") from error
        self._load_territories(options["folder"], now)
        self._report(found, stale=found.is_stale(now))

    def _load_territories(self, folder: Path, now: datetime) -> None:
        """What stands around the hubs, where the folder tells it: a register, and what a territory made its own."""
        if not (folder / "register.toml").exists():
            return
        load_register(folder / "register.toml", now=now, say=self._say)
        officer = User.objects.filter(demo_role=DemoRole.OFFICER).first()
        if officer is not None:
            load_territories(folder / "territories.toml", officer=officer, now=now)
            load_boards(folder / "labels", officer=officer, now=now, say=self._say)

    def _report(self, found: Demonstration, *, stale: bool) -> None:
        if not found.is_new:
            self._say(f"Demonstration: loaded on {timezone.localtime(found.loaded_at):%Y-%m-%d}, kept as it is.")
        if stale:
            self._say("Demonstration: that is over a week ago. `make demo-reset` starts over with today's date.")

    def _say(self, line: str) -> None:
        if self.loud:
            self.stdout.write(line)
            self.stdout.flush()
