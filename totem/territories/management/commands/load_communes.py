"""`manage.py load_communes`: regions, departments, EPCI and communes, from the npm package of Etalab."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from totem.territories.loading import PackageMissing, load_communes


class Command(BaseCommand):
    help = "Loads the current communes of France with their departments, regions and EPCI. Loading twice is free."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="Load again an edition that is already there.")

    def handle(self, *_args: Any, **options: Any) -> None:
        folder = Path(settings.NODE_MODULES) / "@etalab" / "decoupage-administratif"
        try:
            loaded = load_communes(folder, force=options["force"], progress=self._say if options["verbosity"] else None)
        except PackageMissing as missing:
            raise CommandError(str(missing)) from missing
        if options["verbosity"]:
            self._say("Communes: loaded." if loaded else "Communes: this edition is already there.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
