"""Quotas of documents, centres of communes, and outlines of places as GeoJSON."""

import json
from collections.abc import Collection
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce

from totem.core.rendering import kept
from totem.territories.centres import MIDDLE_OF_FRANCE, department_centres
from totem.territories.models import (
    Commune,
    Department,
    Document,
    Edition,
    Epci,
    FormerRegion,
    Level,
    Outline,
    Region,
    Workspace,
    WorkspaceState,
)

# Of a territory that is not approved yet: enough for the decision that it works for one.
BYTES_BEFORE_APPROVAL = 20 * 1024**2


def with_stored_bytes(workspaces: "models.QuerySet[Workspace]") -> "models.QuerySet[Workspace]":
    """The workspaces with `stored_bytes`: what their documents weigh that are not erased."""
    stored = Document.objects.filter(workspace=models.OuterRef("pk"), erased_at=None).order_by().values("workspace")
    weight = models.Subquery(stored.annotate(total=models.Sum("size")).values("total"))
    return workspaces.annotate(stored_bytes=Coalesce(weight, 0, output_field=models.BigIntegerField()))


def quota_of(workspace: Workspace) -> int:
    """The bytes of documents that the workspace may hold: its quota or the setting's; few before its approval."""
    most: int = settings.WORKSPACE_MAX_BYTES if workspace.quota is None else workspace.quota
    unapproved = workspace.state in (WorkspaceState.REQUESTED, WorkspaceState.REFUSED)
    return min(most, BYTES_BEFORE_APPROVAL) if unapproved else most


PLACES: dict[str, type[models.Model]] = {
    Level.COMMUNE: Commune,
    Level.EPCI: Epci,
    Level.DEPARTMENT: Department,
    Level.REGION: Region,
    Level.FORMER_REGION: FormerRegion,
}


def centre_of(commune: Commune) -> tuple[Decimal, Decimal]:
    """The longitude and latitude of the middle of the commune; without its outline, of a point in its department."""
    box = Outline.objects.filter(level=Level.COMMUNE, code=commune.code).first()
    middle = ((box.west + box.east) / 2, (box.south + box.north) / 2) if box else None
    longitude, latitude = middle or department_centres().get(commune.department_id, MIDDLE_OF_FRANCE)
    return Decimal(f"{longitude:.6f}"), Decimal(f"{latitude:.6f}")


def edition_of_places() -> str:
    """A key of the loaded lists and outlines and of when they were loaded; empty when nothing was loaded."""
    loaded = Edition.objects.order_by("package").values_list("package", "version", "loaded_at")
    return " ".join(f"{package}@{version}@{at.isoformat()}" for package, version, at in loaded)


def outlines_geojson(level: str, codes: Collection[str] | None) -> str:
    """A GeoJSON FeatureCollection of the loaded outlines of these places, with code and name; possibly empty.

    None: of all the places of that level. Made once for the editions in service.
    """
    edition, chosen = edition_of_places(), None if codes is None else sorted(codes)
    parts = ["outlines", edition, level, chosen]
    return kept(parts, lambda: _outlines_geojson(level, chosen)) if edition else _outlines_geojson(level, chosen)


def _outlines_geojson(level: str, codes: Collection[str] | None) -> str:
    import shapely  # noqa: PLC0415 - only where shapes are

    outlines, places = Outline.objects.filter(level=level), PLACES[level]._default_manager.all()
    if codes is not None:
        outlines, places = outlines.filter(code__in=codes), places.filter(pk__in=codes)
    rows = list(outlines.order_by("code").values_list("code", "shape"))
    names = dict(places.values_list("pk", "name"))
    drawn = shapely.to_geojson(shapely.from_wkb([bytes(shape) for _code, shape in rows]))
    properties = [
        json.dumps({"code": code, "name": names.get(code, code)}, ensure_ascii=False) for code, _shape in rows
    ]
    features = [
        f'{{"type":"Feature","properties":{described},"geometry":{shape}}}'
        for described, shape in zip(properties, drawn, strict=True)
    ]
    return f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'


# Of a commune: its territory of each level.
COLUMNS: dict[str, str] = {
    Level.COMMUNE: "pk",
    Level.EPCI: "epci",
    Level.DEPARTMENT: "department",
    Level.REGION: "department__region",
    Level.FORMER_REGION: "department__former_region",
}


def levels_of(level: str, communes: Collection[str]) -> list[str]:
    """The codes of that level that these communes belong to, in order; the communes themselves at theirs."""
    if level == Level.COMMUNE:
        return sorted(communes)
    column = COLUMNS[level]
    rows = Commune.objects.filter(pk__in=communes, **{f"{column}__isnull": False})
    return list(rows.order_by(column).values_list(column, flat=True).distinct())
