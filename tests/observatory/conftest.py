"""Where the stocks of these tests stand, and how a test makes one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from tests.factories.observatory import make_stock
from totem.observatory.models import Stock

MadeStock = Callable[..., Stock]


@pytest.fixture(scope="module")
def stock_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`OBSERVATORY_DIR` of this module; each stock has a folder of its own in it."""
    folder = tmp_path_factory.mktemp("observatory")
    with override_settings(OBSERVATORY_DIR=folder):
        yield folder


@pytest.fixture
def made_stock(db: None, stock_folder: Path) -> MadeStock:
    """`make_stock`, for a test; a fixture of the module calls it itself, after `module_db` and `stock_folder`."""
    return make_stock
