"""The official list of communes, read from the package `@etalab/decoupage-administratif` (Licence Ouverte 2.0)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from totem.territories.models import Commune, Department, Edition, Epci, Region

PACKAGE = "@etalab/decoupage-administratif"
BATCH = 4000
Progress = Callable[[str], None]


class PackageMissing(Exception):
    """The package is not installed, or not whole."""


def load_communes(folder: Path, *, force: bool = False, progress: Progress | None = None) -> bool:
    """Bring the tables to the edition found in `folder`; false when it was there already.

    One transaction: a run that is killed changes nothing. Two runs at once: the second waits and finds it done. Those
    that the edition no longer has are kept as not current. Raises PackageMissing with what to do.
    """
    say = progress or (lambda _line: None)
    try:
        version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
        lists = {name: _read(folder, name) for name in ("regions", "departements", "epci", "communes")}
    except (OSError, ValueError, KeyError) as error:
        raise PackageMissing(f"{PACKAGE} is not in {folder.parent.parent}: run npm ci --ignore-scripts.") from error
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE territories_edition IN SHARE ROW EXCLUSIVE MODE")
        if not force and Edition.objects.filter(package=PACKAGE, version=version).exists():
            return False
        say(f"Communes: loading edition {version}…")
        _upsert([Region(code=r["code"], name=r["nom"]) for r in lists["regions"]])
        _upsert([Department(code=d["code"], name=d["nom"], region_id=d["region"]) for d in lists["departements"]])
        _upsert(
            [
                Epci(code=e["code"], name=e["nom"], type=e["type"], population=e.get("populationMunicipale"))
                for e in lists["epci"]
            ]
        )
        communes = _communes(lists["communes"], lists["epci"])
        for done, batch in enumerate(_batches(communes), start=1):
            _upsert(batch)
            say(f"Communes: {min(done * BATCH, len(communes))} of {len(communes)}")
        Commune.objects.exclude(code__in=[c.code for c in communes]).update(current=False)
        Edition.objects.update_or_create(package=PACKAGE, defaults={"version": version, "loaded_at": timezone.now()})
    return True


def _read(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / "data" / f"{name}.json").read_text(encoding="utf-8"))
    return rows


def _communes(rows: list[dict[str, Any]], epcis: list[dict[str, Any]]) -> list[Commune]:
    epci_of = {member["code"]: epci["code"] for epci in epcis for member in epci["membres"]}
    return [
        Commune(
            code=row["code"],
            name=row["nom"],
            department_id=row["departement"],
            epci_id=epci_of.get(row["code"]),
            population=row.get("population"),
            postcodes=row.get("codesPostaux", []),
            current=True,
        )
        for row in rows
        if row["type"] == "commune-actuelle"
    ]


def _batches(communes: list[Commune]) -> list[list[Commune]]:
    return [communes[start : start + BATCH] for start in range(0, len(communes), BATCH)]


def _upsert(rows: "list[Any]") -> None:
    """Insert the rows, or bring those already there up to date, by their code."""
    if not rows:
        return
    model: type[models.Model] = type(rows[0])
    fields = [field.name for field in model._meta.concrete_fields if not field.primary_key]
    model._default_manager.bulk_create(rows, update_conflicts=True, update_fields=fields, unique_fields=["code"])
