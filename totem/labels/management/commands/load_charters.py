"""`manage.py load_charters`: the charters that Totem ships, published."""

from typing import Any

from django.core.management.base import BaseCommand

from totem.core import clock
from totem.labels.charters.actions import CharterChanged, publish_charter
from totem.labels.charters.parsing import decoded, read_charter
from totem.labels.management.commands.charter import SHIPPED


class Command(BaseCommand):
    help = "Publishes the charters that Totem ships. Those that are published already stay as they are."

    def handle(self, *_args: Any, **_options: Any) -> None:
        now = clock.now()
        for path in sorted(SHIPPED.glob("*.toml")):
            text = decoded(path.read_bytes())
            try:
                publish_charter(text=text, charter=read_charter(text), by=None, now=now)
            except CharterChanged as version:  # an upgrade does not stop for that: what was published counts
                self.stderr.write(f"Charters: {version} is published with another content, and stays as it is.")
