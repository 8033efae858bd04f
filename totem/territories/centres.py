"""A point inside each department, for what has no outline. No Django: processes that write files read it too."""

import csv
from functools import cache
from pathlib import Path

CENTRES = Path(__file__).parent / "data" / "department_centres.csv"
MIDDLE_OF_FRANCE = (2.5, 46.6)


@cache
def department_centres() -> dict[str, tuple[float, float]]:
    """A point (longitude, latitude) inside each department, by its code, to a tenth of a degree."""
    with CENTRES.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {row["department"]: (float(row["longitude"]), float(row["latitude"])) for row in rows}
