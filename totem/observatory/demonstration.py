"""The demonstration's register: made up from `demo/register.toml`, imported like a real one, said to be synthetic."""

import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings

from totem.observatory.models import Stock
from totem.observatory.register.importing import import_register
from totem.observatory.synthetic import read_targets, reference_from_database, synthesise


def load_register(sheet: Path, *, now: datetime, say: Callable[[str], None]) -> Stock | None:
    """Make and import the register that the sheet describes, unless a stock is there already; the stock made.

    Raises synthetic.TargetsWrong, published.ImportRefused.
    """
    if Stock.objects.exists():
        return None
    reference = reference_from_database()
    targets = read_targets(sheet, reference)
    root = Path(settings.OBSERVATORY_DIR)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix="demonstration-") as folder:
        made = synthesise(
            Path(folder),
            rows=targets.rows,
            seed=targets.seed,
            reference=reference,
            targets=targets,
            stock=targets.stock,
        )
        stock = import_register(
            made.files, stock_date=targets.stock, synthetic=True, now=now, progress=lambda _line: None
        )
    say(f"Demonstration: a synthetic register of {stock.rows} establishments")
    return stock
