"""A stock goes into service whole, or not at all."""

from pathlib import Path

import pytest

from tests.observatory.registers import imported, load_places, rows
from totem.observatory.models import Stock

LAYOUT = {
    "addresses.parquet", "bridge.parquet", "cube.parquet", "establishments.parquet", "moves.parquet", "nation.parquet",
    "series.parquet", "sites.parquet", "totals.parquet",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _register(db: None, settings, tmp_path: Path) -> None:
    settings.OBSERVATORY_DIR = tmp_path / "observatory"
    load_places()


def test_the_first_stock_goes_into_service() -> None:
    stock = imported()
    assert stock.state == Stock.State.SERVING
    assert Stock.objects.serving() == stock
    assert {file.name for file in stock.path.iterdir()} == LAYOUT
    assert stock.rows == len(rows(stock.path / "establishments.parquet")) == 58
    assert (stock.has_history, stock.has_links, stock.has_coordinates) == (True, True, False)
    assert not (stock.path.parents[1] / "incoming").exists()
