"""Putting a stock of the register in service: all or nothing, one at a time.

Everything is written in `incoming/<folder>`, then moved in one step to `stocks/<folder>`, then said in one transaction.
Killed at any moment, the stock in service stays so; what is left lying is removed by the next import.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from totem.accounts.models import User
from totem.core.journal import record
from totem.observatory import corrections
from totem.observatory.activities import actor_kinds, all_codes
from totem.observatory.models import Stock
from totem.observatory.register import layout, plausibility, reading
from totem.observatory.register.identifiers import LeftOut
from totem.observatory.register.published import REQUIRED, FileKind, ImportRefused
from totem.observatory.register.sources import DISK_FULL, Given, Progress, disk_is_full, opened
from totem.territories.models import Commune
from totem.territories.places import folding

SUPERSEDED = "superseded"  # a file that says of its folder that another one has taken its place


class NotAside(Exception):
    """Only a stock that was kept aside waits for a decision."""


def import_register(
    files: Iterable[Path | Given],
    *,
    stock_date: date,
    now: datetime,
    progress: Progress,
    synthetic: bool = False,
    memory: str = reading.MEMORY,
) -> Stock:
    """Import one stock: serving when it is plausible beside the one in service (or the first), else aside.

    `files` hold the establishments and the legal units, and any of history, succession links and geolocation.
    Raises ImportRefused, in one line, with nothing changed.
    """
    if stock_date > now.date() and not synthetic:
        raise ImportRefused(f"{stock_date:%Y-%m-%d} is still to come: no edition can be of that day.")
    root = Path(settings.OBSERVATORY_DIR)
    with _alone(root), _cleared(root / "incoming") as incoming:
        _refuse_synthetic_over_real(synthetic=synthetic)
        made, work = _folders(incoming, stock_date)
        given = [item if isinstance(item, Given) else Given(Path(item)) for item in files]
        sources = opened(given, work, progress=progress)
        for kind in REQUIRED:
            if kind not in sources:
                raise ImportRefused(f"{kind} is missing: establishments and legal units are both needed.")
        with ThreadPoolExecutor(max_workers=1) as beside:
            facts = beside.submit(lambda: [source.facts() for source in sources.values()])
            found = layout.convert(
                sources, made, stock_date=stock_date, folds=folds(), digital=all_codes(), candidates=candidate_codes(),
                work=work, progress=progress, memory=memory,
            )  # fmt: skip
        stock = Stock(
            date=stock_date,
            folder=made.name,
            synthetic=synthetic,
            has_history=FileKind.HISTORY in sources,
            has_links=FileKind.LINKS in sources,
            has_coordinates=FileKind.GEOLOCATION in sources,
            rows=found.rows,
            sources=_with_left_out(facts.result(), found.left_out, progress),
            totals=found.totals,
            quality=found.quality,
        )
        with _moved(made, root / "stocks" / made.name):
            progress("comparing with the edition in service")
            corrections.write_all_corrections(stock)
            left = _put_in_service(stock)
    _drop_rows(left)
    progress(f"edition of {stock.date:%Y-%m-%d}: {stock.rows} establishments, {stock.get_state_display()}")
    return stock


def folds() -> list[layout.Fold]:
    """Every commune code that is known, with the current commune and department that it means."""
    departments = dict(Commune.objects.filter(current=True).values_list("code", "department_id"))
    if not departments:
        raise ImportRefused("The communes are not loaded: run `totem migrate` first.")
    return [layout.Fold(code, current, departments[current]) for code, current in folding().items()]


def candidate_codes() -> frozenset[str]:
    """The codes by which candidates for the kinds of actors are found."""
    return frozenset(code for kind in actor_kinds() for code in kind.codes)


def rebuild_cube(stock: Stock) -> None:
    """Make what a stock says of the chosen activities again, after these have grown; the rows have to be there.

    Cube, sites, nation, bridge and addresses. Series and moves keep the activities that they were made for: older
    states stand in the history file only, so that they follow at the next import. The files stand in a new folder that
    takes the old one's place in one step: whoever reads meanwhile reads the one or the other. Raises ImportRefused.
    """
    root = Path(settings.OBSERVATORY_DIR)
    with _alone(root), _cleared(root / "incoming") as incoming:
        stock.refresh_from_db()
        if not stock.complete:
            raise ImportRefused(f"The rows of the edition of {stock} are gone: its cube stays as it is.")
        before, (made, work) = stock.path, _folders(incoming, stock.date)
        layout.rebuild_chosen(before, made, folds=folds(), digital=all_codes(), candidates=candidate_codes(), work=work)
        for file in before.iterdir():
            if not (made / file.name).exists():
                (made / file.name).hardlink_to(file)
        with _moved(made, root / "stocks" / made.name):
            stock.folder = made.name
            stock.save(update_fields=["folder", "updated_at"])
        corrections.write_all_corrections(stock)  # those that were published meanwhile went into the other folder
        (before / SUPERSEDED).touch()  # somebody may be reading it: the next import removes it


def _with_left_out(
    facts: list[dict[str, object]], left_out: Mapping[FileKind, LeftOut], progress: Progress
) -> list[dict[str, object]]:
    """What is kept of each file, with the rows that were left out of it."""
    for fact in facts:
        fact["left_out"] = left = left_out.get(FileKind(str(fact["file"])), {})
        for why, rows in left.items():
            examples = ", ".join(f"line {line} ({shown})" for line, shown in rows["examples"])
            progress(f"{fact['name']}: rows left out, identifier {why}: {rows['rows']}; {examples}")
    return facts


# -- Decisions --------------------------------------------------------------------------------------------------------


def accept(stock: Stock, *, by: User | None, reason: str, now: datetime) -> Stock:
    """Put a stock that was kept aside in service. Raises NotAside."""
    with _alone(Path(settings.OBSERVATORY_DIR)):
        stock, left = _decided(stock, Stock.State.SERVING, "stock_accepted", by=by, reason=reason, now=now)
        _drop_rows(left)
    return stock


def refuse(stock: Stock, *, by: User | None, reason: str, now: datetime) -> Stock:
    """Refuse a stock that was kept aside: it is remembered, its files are removed. Raises NotAside."""
    with _alone(Path(settings.OBSERVATORY_DIR)):
        stock, _left = _decided(stock, Stock.State.REFUSED, "stock_refused", by=by, reason=reason, now=now)
        shutil.rmtree(stock.path, ignore_errors=True)
    return stock


@transaction.atomic
def _decided(
    stock: Stock, state: Stock.State, verb: str, *, by: User | None, reason: str, now: datetime
) -> tuple[Stock, list[Stock]]:
    """The stock in the state that was decided, and those that it takes the place of."""
    stock = Stock.objects.select_for_update().get(pk=stock.pk)
    if stock.state != Stock.State.ASIDE:
        raise NotAside(
            f"The edition of {stock.date:%Y-%m-%d} is {stock.get_state_display()}: nothing is to be decided."
        )
    serves = state == Stock.State.SERVING
    left = _archive_serving() if serves else []
    stock.state, stock.complete = state, serves
    stock.decided_at, stock.decided_by, stock.reason = now, by, reason
    stock.save()
    record(verb, stock, actor_id=by.pk if by else None, facts=_facts(stock))
    return stock, left


# -- Steps ------------------------------------------------------------------------------------------------------------


def _refuse_synthetic_over_real(*, synthetic: bool) -> None:
    serving = Stock.objects.serving()
    if synthetic and serving is not None and not serving.synthetic:
        raise ImportRefused("A real edition is in service: synthetic figures do not take its place.")


def _put_in_service(stock: Stock) -> list[Stock]:
    """Save the stock in the state that is right, in one transaction; returns those whose rows are not needed now."""
    with transaction.atomic():
        serving = Stock.objects.select_for_update().serving()
        left: list[Stock] = []
        if serving is not None and serving.synthetic == stock.synthetic:
            stock.differences = plausibility.differences(_picture(serving), _picture(stock))
        elif not stock.synthetic:
            stock.differences = plausibility.missing_of_whole(_inhabitants(), _picture(stock))
        if stock.differences:
            stock.state = Stock.State.ASIDE
        else:
            left = _archive_serving()
            stock.state = Stock.State.SERVING
        stock.save()
        record("stock_imported", stock, actor_id=None, facts=_facts(stock))
    return left


def _inhabitants() -> int:
    known = Commune.objects.filter(current=True).aggregate(all=Sum("population"))
    return known["all"] or 0


def _archive_serving() -> list[Stock]:
    left = list(Stock.objects.select_for_update().filter(state=Stock.State.SERVING))
    for stock in left:
        stock.state = Stock.State.ARCHIVED
        stock.complete = False
        stock.save()
    return left


def _picture(stock: Stock) -> plausibility.Picture:
    return plausibility.Picture(
        date=stock.date, rows=stock.rows, totals=stock.totals, double_coded=stock.quality.get("double_coded", 0)
    )


def _facts(stock: Stock) -> dict[str, object]:
    return {
        "date": stock.date.isoformat(),
        "state": stock.state,
        "rows": stock.rows,
        "synthetic": stock.synthetic,
        "differences": len(stock.differences),
    }


def _drop_rows(stocks: Iterable[Stock]) -> None:
    """Cubes stay for the series, rows do not. Whoever has a file open reads it to its end."""
    for stock in stocks:
        for name in layout.ROW_FILES:
            (stock.path / name).unlink(missing_ok=True)


# -- Files ------------------------------------------------------------------------------------------------------------


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Hold the lock of the folder of stocks; the system lets it go with the process, however that ends."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "import.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ImportRefused("Another import is running.") from error
        yield


@contextmanager
def _cleared(incoming: Path) -> Iterator[Path]:
    """An empty folder to work in; empty again afterwards."""
    _remove_moved(incoming)
    shutil.rmtree(incoming, ignore_errors=True)
    for mark in incoming.parent.glob(f"stocks/*/{SUPERSEDED}"):
        shutil.rmtree(mark.parent, ignore_errors=True)
    incoming.mkdir(parents=True)
    try:
        yield incoming
    except OSError as error:
        if disk_is_full(error):
            raise ImportRefused(DISK_FULL) from error
        raise
    finally:
        _remove_moved(incoming)
        shutil.rmtree(incoming, ignore_errors=True)


def _folders(incoming: Path, day: date) -> tuple[Path, Path]:
    """Two new folders: of the stock of that day, under its name, and for temporary files."""
    made, work = incoming / f"{day:%Y-%m-%d}-{secrets.token_hex(4)}", incoming / "work"
    made.mkdir()
    work.mkdir()
    return made, work


@contextmanager
def _moved(made: Path, target: Path) -> Iterator[None]:
    """The folder in its place, whole and on the disk; taken back when the stock is not said."""
    for file in made.iterdir():
        _synchronise(file)
    _synchronise(made)
    (made.parent / f"{made.name}.moving").touch()
    target.parent.mkdir(exist_ok=True)
    made.rename(target)
    _synchronise(target.parent)
    yield


def _remove_moved(incoming: Path) -> None:
    """Remove a folder that was moved for a stock that was never said: killed, or failed, between the two."""
    for mark in incoming.glob("*.moving"):
        if not Stock.objects.filter(folder=mark.stem).exists():
            shutil.rmtree(incoming.parent / "stocks" / mark.stem, ignore_errors=True)


def _synchronise(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
