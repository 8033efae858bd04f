"""Stocks of the register written by hand, in a folder of the test's own."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.factories.observatory import Row, StockFactory, write_layout
from totem.observatory.activities import actor_kinds, all_codes
from totem.observatory.models import ActivityVersion, Stock

MadeStock = Callable[..., Stock]


@pytest.fixture
def stock_folder(settings: Any, tmp_path: Path) -> Path:
    """Where the stocks of this test stand: `OBSERVATORY_DIR`, still empty."""
    settings.OBSERVATORY_DIR = tmp_path / "observatory"
    return settings.OBSERVATORY_DIR


@pytest.fixture
def made_stock(db: None, stock_folder: Path) -> MadeStock:
    """Makes a stock whose rows are given: `made_stock([establishment(), …], versions=[version])`.

    `versions` are those whose corrections by hand it applies. Its cubes hold the codes of the versions published so far
    and of actors, or those `wanted`. `series`, `moves`, `addresses` are rows of those files. With `complete=False` it
    is archived: only the cubes are there. Everything else is a field of Stock. It serves unless told otherwise.
    """

    def made(
        rows: Iterable[Row],
        *,
        wanted: Iterable[str] = (),
        versions: Iterable[ActivityVersion] = (),
        series: Iterable[Row] = (),
        moves: Iterable[Row] = (),
        addresses: Iterable[Row] = (),
        **fields: Any,
    ) -> Stock:
        rows = list(rows)
        if not fields.get("complete", True):
            fields.setdefault("state", Stock.State.ARCHIVED)
        stock: Stock = StockFactory(rows=len(rows), **fields)
        write_layout(
            stock.path,
            rows,
            wanted={*wanted} or {*all_codes(), *(code for kind in actor_kinds() for code in kind.codes)},
            complete=stock.complete,
            series=series,
            moves=moves,
            addresses=addresses,
            corrections={version.pk: corrections_of(version) for version in versions},
        )
        return stock

    return made


def corrections_of(version: ActivityVersion) -> dict[str, int | None]:
    """{SIREN: number of the branch, from 1, or None for a company left out} of a version."""
    number = {branch.pk: place for place, branch in enumerate(version.branches.all(), start=1)}
    return {row.siren: number.get(row.branch_id) for row in version.corrections.all()}
