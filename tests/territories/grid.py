"""An invented country: communes with real codes, as adjacent squares of a tenth of a degree near Amiens.

80021  80016  | 76540
80001  80003  | 76351      the line between the Somme and the Seine-Maritime (their places here are not the real ones)
"""

import gzip
import json
from pathlib import Path
from typing import Any

import shapely

from tests.factories.territories import CommuneFactory, DepartmentFactory, EpciFactory, FormerRegionFactory
from totem.territories.models import Commune, FormerCommune
from totem.territories.outlines import load_outlines

CELLS = {"80021": (0, 1), "80016": (1, 1), "76540": (2, 1), "80001": (0, 0), "80003": (1, 0), "76351": (2, 0)}
WEST, SOUTH, SIDE = 2.0, 49.0, 0.1


def cell(code: str) -> shapely.Polygon:
    """The square of a commune, with vertices where its neighbours have theirs."""
    column, row = CELLS[code]
    x, y = WEST + column * SIDE, SOUTH + row * SIDE
    return shapely.transform(shapely.box(x, y, x + SIDE, y + SIDE), lambda points: points.round(5))


def communes() -> dict[str, Commune]:
    """The six communes in two departments; the Somme's left column is an EPCI; 80002 and 76217 are former codes."""
    somme = DepartmentFactory(former_region=FormerRegionFactory())
    seine = DepartmentFactory(seine_maritime=True, former_region=FormerRegionFactory(haute_normandie=True))
    epci = EpciFactory()
    made = {
        code: CommuneFactory(
            code=code,
            name=f"Commune {code}",
            department=somme if code.startswith("80") else seine,
            epci=epci if code in ("80021", "80001") else None,
            population=1000,
            postcodes=[],
        )
        for code in CELLS
    }
    Commune.objects.filter(pk="80021").update(name="Amiens", sort_key="amiens")
    FormerCommune.objects.create(
        code="80002", name="Ancienne", kind=FormerCommune.Kind.ASSOCIATED, current=made["80001"]
    )
    return made


def feature(code: str, shape: shapely.Geometry | None = None, **properties: Any) -> dict[str, Any]:
    drawn = cell(code) if shape is None else shape
    return {
        "type": "Feature",
        "properties": {"code": code, "nom": code, **properties},
        "geometry": json.loads(shapely.to_geojson(drawn)),
    }


def collection(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features or map(feature, CELLS))}


def written(folder: Path, document: Any = None, name: str = "communes.geojson") -> str:
    """Writes a GeoJSON document, compressed when the name ends in .gz; returns the path of the file."""
    text = json.dumps(collection() if document is None else document).encode()
    path = folder / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return str(path)


def draw(folder: Path) -> None:
    """Creates the communes and loads their outlines."""
    communes()
    load_outlines(written(folder))
