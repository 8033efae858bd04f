"""`totem territories outlines FILE_OR_URL`: the limits of communes, and of all that they make up."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from totem.territories.outline_files import OutlinesRefused
from totem.territories.outlines import load_outlines


class Command(BaseCommand):
    help = "Looks after what is known of places."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(metavar="COMMAND", required=True)
        outlines = commands.add_parser(
            "outlines",
            help="load the limits of communes from GeoJSON (plain or .gz) or GeoParquet",
            description="Etalab's contours-administratifs or IGN's Admin Express, by path or https address. Checked "
            "first; the outlines in service stay if anything is wrong.",
        )
        outlines.add_argument(
            "source",
            nargs="?",
            default=settings.OUTLINES_URL,
            metavar="FILE_OR_URL",
            help="left out: the address of TOTEM_OUTLINES (%(default)s)",
        )
        outlines.add_argument("--timeout", type=float, default=600, help="seconds a download may take (%(default)s)")
        outlines.add_argument("--force", action="store_true", help="take a file that covers fewer communes")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            load_outlines(options["source"], timeout=options["timeout"], force=options["force"], say=self._say)
        except OutlinesRefused as refused:
            raise CommandError(str(refused)) from refused

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
