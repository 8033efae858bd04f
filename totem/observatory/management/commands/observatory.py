"""`totem observatory import|synthesise|accept|refuse|census|accounts|status`: the business register."""

import argparse
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from totem.accounts.models import User
from totem.core import clock
from totem.observatory.accounts import import_accounts
from totem.observatory.activities import all_codes
from totem.observatory.models import Stock
from totem.observatory.register import census, fetching, importing, reading
from totem.observatory.register.published import ImportRefused

SHOWN = 20  # differences that are listed; the rest are counted


class Command(BaseCommand):
    help = "Looks after the business register: which edition is in service, and how the next one comes."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="do")
        coming = commands.add_parser(
            "import",
            help="take the files of an edition as published (CSV, CSV in zip, Parquet), by path or from the catalogue",
            description="Establishments and companies are needed; history, succession links and geolocation are "
            "taken too. Which file is which is told by its columns. An edition that is not plausible beside the one in "
            "service is kept aside.",
        )
        coming.add_argument("files", nargs="*", metavar="FILE_OR_URL")
        coming.add_argument("--from-catalogue", action="store_true", help="this month's files of the public catalogue")
        coming.add_argument("--date", type=_day, help="the day of the edition, YYYY-MM-DD (the catalogue says it)")
        coming.add_argument("--synthetic", action="store_true", help="synthetic figures: said on every page")
        coming.add_argument("--memory", default=reading.MEMORY, help="memory the conversion may take (%(default)s)")
        making = commands.add_parser("synthesise", help="write a synthetic register with the published columns")
        making.add_argument("folder", type=Path)
        making.add_argument("--rows", type=_positive, default=1_000_000, help="establishments (%(default)s)")
        making.add_argument("--seed", type=int, default=1, help="the same seed gives the same files (%(default)s)")
        making.add_argument(
            "--format", choices=["csv", "zip", "parquet"], action="append", help="may be repeated (csv)", dest="formats"
        )
        for name, text in (("accept", "put an edition that was kept aside in service"), ("refuse", "refuse it")):
            deciding = commands.add_parser(name, help=text)
            deciding.add_argument("stock", type=int, metavar="EDITION", help="its number, as status says it")
            deciding.add_argument("--reason", required=True)
            deciding.add_argument("--by", metavar="E-MAIL", help="who decides, an account of this site")
        counting = commands.add_parser(
            "census", help="write the national census: activities, size bands, departments, years of creation"
        )
        counting.add_argument("file", type=Path, help="CSV, or Parquet where its name ends in .parquet")
        accounts = commands.add_parser(
            "accounts",
            help="take filed accounts (the open file of financial ratios: CSV, .gz, Parquet)",
            description="Revenue by closed year of the organisations that have a SIREN here, shown to everybody. "
            "Consolidated accounts come first; accounts that are not public give nothing.",
        )
        accounts.add_argument("file", type=Path)
        commands.add_parser("status", help="the editions, and why one is kept aside")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['do']}")(options)
        except (ImportRefused, importing.NotAside) as refused:
            raise CommandError(str(refused)) from refused

    def _import(self, options: dict[str, Any]) -> None:
        downloads = Path(settings.OBSERVATORY_DIR) / "downloads"
        given, day = fetching.resolved(
            options["files"], from_catalogue=settings.CATALOGUE_URL if options["from_catalogue"] else "",
            day=options["date"], downloads=downloads, progress=self._say,
        )  # fmt: skip
        stock = importing.import_register(
            given, stock_date=day, synthetic=options["synthetic"], now=clock.now(), progress=self._say,
            memory=options["memory"],
        )  # fmt: skip
        shutil.rmtree(downloads, ignore_errors=True)
        if stock.state == Stock.State.ASIDE:
            self._show_differences(stock)
            raise CommandError(f"The edition is kept aside: totem observatory accept {stock.pk} --reason …, or refuse.")

    def _synthesise(self, options: dict[str, Any]) -> None:
        from totem.observatory.register.synthetic.files import synthesise  # noqa: PLC0415
        from totem.observatory.register.synthetic.reference import reference_from_database  # noqa: PLC0415

        synthesise(
            options["folder"],
            rows=options["rows"],
            seed=options["seed"],
            reference=reference_from_database(),
            formats=options["formats"] or ("csv",),
            progress=self._say,
        )

    def _accept(self, options: dict[str, Any]) -> None:
        stock = importing.accept(_stock(options), by=_person(options), reason=options["reason"], now=clock.now())
        self._say(f"The edition of {stock} is in service.")

    def _refuse(self, options: dict[str, Any]) -> None:
        stock = importing.refuse(_stock(options), by=_person(options), reason=options["reason"], now=clock.now())
        self._say(f"The edition of {stock} is refused.")

    def _census(self, options: dict[str, Any]) -> None:
        stock = Stock.objects.serving()
        if stock is None:
            raise CommandError("No edition is in service: totem observatory import.")
        cells = census.write_census(stock.path, all_codes(), options["file"])
        self._say(f"{options['file']}: {cells} cells, edition of {stock}")

    def _accounts(self, options: dict[str, Any]) -> None:
        import_accounts(options["file"], now=clock.now(), progress=self._say)

    def _status(self, _options: dict[str, Any]) -> None:
        stocks = list(Stock.objects.order_by("-date", "-pk"))
        if not stocks:
            self._say("No edition of the register yet: totem observatory import --from-catalogue")
        for stock in stocks:
            made_up = ", synthetic" if stock.synthetic else ""
            self._say(f"{stock.pk:>4}  {stock}  {stock.get_state_display()}  {stock.rows} establishments{made_up}")
            if stock.state == Stock.State.ASIDE:
                self._show_differences(stock)

    def _show_differences(self, stock: Stock) -> None:
        for found in stock.differences[:SHOWN]:
            name = f"{found['kind']} {found['key']}".strip()
            before, after = found["before"], found["after"]
            if found["kind"] == "date":
                before, after = date.fromordinal(before), date.fromordinal(after)
            self._say(f"      {name}: {before} → {after} (±{found['allowed']} would have passed)")
        if len(stock.differences) > SHOWN:
            self._say(f"      and {len(stock.differences) - SHOWN} more")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _stock(options: dict[str, Any]) -> Stock:
    stock = Stock.objects.filter(pk=options["stock"]).first()
    if stock is None:
        raise CommandError(f"There is no edition {options['stock']}: totem observatory status lists them.")
    return stock


def _person(options: dict[str, Any]) -> User | None:
    if not options["by"]:
        return None
    person = User.objects.filter(email__iexact=options["by"]).first()
    if person is None:
        raise CommandError(f"Nobody has an account under {options['by']}.")
    return person


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date: YYYY-MM-DD") from error


def _positive(text: str) -> int:
    if text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of establishments")
