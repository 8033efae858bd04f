"""`manage.py load_activities`: the national lists of activities, and the activity perimeters that Totem ships."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from totem.core import clock
from totem.observatory.activities import load_activities
from totem.observatory.nomenclature import ListMissing


class Command(BaseCommand):
    help = "Loads the lists of activities (NAF rev. 2, NAF 2025) and the perimeters shipped. Loading twice is free."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            load_activities(Path(settings.NODE_MODULES), now=clock.now())
        except ListMissing as missing:
            raise CommandError(str(missing)) from missing
