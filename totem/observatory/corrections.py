"""Companies counted, or left out, by hand: their establishments beside each stock, in the form that the engine reads.

One file a version and stock, `corrections-VERSION.parquet`, with the columns of `engine.NO_CORRECTIONS`: every
establishment of the companies named, open or not. Published versions never change, so neither do these files.
"""

import os
from contextlib import closing
from pathlib import Path

from totem.observatory.engine import NO_CORRECTIONS
from totem.observatory.models import ActivityVersion, Stock

ROWS = """
SELECT e.siret, e.siren, e.name, e.commune, e.code, e.code25, e.band, e.employer, e.unit_band, e.category, e.born,
       e.closed, e.open, e.head_office, e.diffusion, SUBSTRING(e.legal, 1, 1) AS legal, e.estimated,
       e.lon IS NOT NULL AS placed, e.lon, e.lat, c.branch
FROM read_parquet($establishments) AS e
JOIN corrected AS c ON c.siren = e.siren
"""


def file_of(stock: Stock, version_id: int) -> Path:
    """Where the corrections of a version stand beside the stock; there or not."""
    return stock.path / f"corrections-{version_id}.parquet"


def write_corrections(stock: Stock, version: ActivityVersion) -> Path | None:
    """Write the establishments of the version's corrected companies beside the stock, whole or not at all.

    None where there is nothing to correct, or nothing to correct with (a stock whose rows are gone).
    """
    corrected = _corrected(version)
    if not corrected or not stock.complete:
        return None
    target = file_of(stock, version.pk)
    beside = target.with_suffix(f".{os.getpid()}.part")
    try:
        _write(stock.path / "establishments.parquet", corrected, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def write_all_corrections(stock: Stock) -> None:
    """Those of every published version that has some: for a stock that has just been imported."""
    versions = ActivityVersion.objects.filter(published_at__isnull=False, corrections__isnull=False).distinct()
    for version in versions.order_by("pk"):
        write_corrections(stock, version)


def reach(stock: Stock, version_id: int) -> bool:
    """Whether the corrections of that version are counted in that stock."""
    return file_of(stock, version_id).exists()


def _corrected(version: ActivityVersion) -> list[tuple[str, int | None]]:
    """Each SIREN with the number of its branch, from 1 in the order of the branches; None: left out."""
    numbers = {pk: n for n, pk in enumerate(version.branches.order_by("position").values_list("pk", flat=True), 1)}
    found = version.corrections.order_by("siren").values_list("siren", "branch_id")
    return [(siren, numbers.get(branch) if branch else None) for siren, branch in found]


def _write(establishments: Path, corrected: list[tuple[str, int | None]], target: Path) -> None:
    import duckdb  # noqa: PLC0415 - forms and pages need it not

    with closing(duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "256MB"})) as connection:
        connection.execute(NO_CORRECTIONS)
        connection.execute("CREATE TABLE corrected (siren VARCHAR, branch INTEGER)")
        connection.executemany("INSERT INTO corrected VALUES (?, ?)", corrected)
        connection.execute(f"INSERT INTO no_corrections {ROWS}", {"establishments": str(establishments)})
        address = str(target).replace("'", "''")  # ours: the installation's folder and the version's number
        connection.execute(
            f"COPY (FROM no_corrections ORDER BY commune, siret) TO '{address}' (FORMAT parquet, COMPRESSION zstd)"
        )
