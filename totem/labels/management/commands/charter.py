"""`totem charter check|load|list|schema|example`: charters are files."""

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import clock
from totem.labels.charters import manual, schema
from totem.labels.charters.actions import CharterChanged, publish_charter
from totem.labels.charters.format import Charter
from totem.labels.charters.parsing import CharterErrors, decoded, read_charter
from totem.labels.charters.parsing.shared import shared_otherwise
from totem.labels.judging.evaluations import charter_of
from totem.labels.models import CharterVersion

SHIPPED = Path(__file__).resolve().parents[2] / "data"


class Command(BaseCommand):
    help = "Checks and publishes charters, which are TOML files: docs/charters.md says how to write one."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="do")
        for name, text in (
            ("check", "say all that is wrong with a file, by line and word"),
            ("load", "publish the version that a file holds; what is published never changes"),
        ):
            reading = commands.add_parser(name, help=text)
            reading.add_argument("files", nargs="*", type=Path, metavar="FILE")
            reading.add_argument("--shipped", action="store_true", help="the charters that come with Totem")
            if name == "load":
                reading.add_argument("--by", metavar="E-MAIL", help="who publishes, an account of this site")
        commands.add_parser("list", help="the versions that are published")
        commands.add_parser("schema", help="print the JSON Schema of the format")
        commands.add_parser("example", help="print a complete charter to begin from")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, f"_{options['do']}")(options)

    def _check(self, options: dict[str, Any]) -> None:
        for path, _text, charter in self._read(options):
            self.stdout.write(f"{path}: {_said(charter)}")

    def _load(self, options: dict[str, Any]) -> None:
        by = _person(options["by"])
        for path, text, charter in self._read(options, published=True):
            known = CharterVersion.objects.filter(slug=charter.slug, version=charter.version).exists()
            try:
                version = publish_charter(text=text, charter=charter, by=by, now=clock.now())
            except CharterChanged as changed:
                message = _(
                    "{file}: {version} is published with another content, and what is published never changes: "
                    "publish a new version."
                ).format(file=path, version=changed)
                raise CommandError(message) from changed
            done = _("was published already, the same") if known else _("is published")
            self.stdout.write(f"{version} {done}: {_said(charter)}")

    def _list(self, _options: dict[str, Any]) -> None:
        versions = list(CharterVersion.objects.all())
        if not versions:
            self.stdout.write(_("No charter is published yet: totem charter load --shipped"))
        for version in versions:
            until = f"{version.valid_until:%Y-%m-%d}" if version.valid_until else "…"
            day = f"{version.valid_from:%Y-%m-%d} – {until}"
            self.stdout.write(f"{version}  {day}  {version.sha256[:12]}  {charter_of(version).title}")

    def _schema(self, _options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(schema.published(), indent=2, ensure_ascii=False))

    def _example(self, _options: dict[str, Any]) -> None:
        self.stdout.write(manual.whole_example(), ending="")

    def _read(self, options: dict[str, Any], *, published: bool = False) -> list[tuple[Path, str, Charter]]:
        """The charters of the files that were named; nothing is done where one of them is wrong."""
        files = [*options["files"], *(sorted(SHIPPED.glob("*.toml")) if options["shipped"] else [])]
        if not files:
            raise CommandError(_("Name a file, or --shipped."))
        read, wrong = [], 0
        for path in files:
            try:
                text = decoded(_content(path))
                charter = read_charter(text)
                if published and (problems := shared_otherwise(charter, text)):
                    raise CharterErrors(problems)
                read.append((path, text, charter))
            except CharterErrors as errors:
                wrong += len(errors.problems)
                for problem in errors.problems:
                    self.stderr.write(f"{path}:{problem}")
        if wrong:
            raise CommandError(_("To put right: {count}. Nothing is published.").format(count=wrong))
        return read


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def _said(charter: Charter) -> str:
    """What a charter holds, in a line: « 9 criteria, 32 requirements; assumptions: … »."""
    requirements = list(charter.requirements())
    assumed = [name for name, parameter in charter.parameters.items() if parameter.assumption]
    text = _("{criteria} criteria, {requirements} requirements; assumptions: {assumptions}")
    return text.format(
        criteria=len(charter.criteria),
        requirements=len(requirements),
        assumptions=", ".join(assumed) or _("none"),
    )


def _person(email: str | None) -> User | None:
    if email is None:
        return None
    person = User.objects.filter(email__iexact=email).first()
    if person is None:
        raise CommandError(_("Nobody has this address here: {email}").format(email=email))
    return person
