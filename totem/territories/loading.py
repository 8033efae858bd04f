"""Loading of the official list of communes from the package `@etalab/decoupage-administratif` (Licence Ouverte 2.0).

The regions of before 2016 are not in it: they are listed below.
"""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.db import IntegrityError, connection, models, transaction

from totem.core import clock
from totem.territories.models import Commune, Department, Edition, Epci, FormerCommune, FormerRegion, Region

PACKAGE = "@etalab/decoupage-administratif"
# What is read and done of the package; raised when it grows, so that installations at its edition get it too.
REVISION = 4
BATCH = 4000
FORMER_NAMES = Path(__file__).parent / "data" / "former_communes.csv"
Progress = Callable[[str], None]

# Code officiel géographique of 1 January 2015 (INSEE): code and name of the 22 metropolitan regions, and their
# departments. Loi n° 2015-29 of 16 January 2015 merged them into 13 on 1 January 2016.
FORMER_REGIONS = {
    ("11", "Île-de-France"): "75 77 78 91 92 93 94 95",
    ("21", "Champagne-Ardenne"): "08 10 51 52",
    ("22", "Picardie"): "02 60 80",
    ("23", "Haute-Normandie"): "27 76",
    ("24", "Centre"): "18 28 36 37 41 45",
    ("25", "Basse-Normandie"): "14 50 61",
    ("26", "Bourgogne"): "21 58 71 89",
    ("31", "Nord-Pas-de-Calais"): "59 62",
    ("41", "Lorraine"): "54 55 57 88",
    ("42", "Alsace"): "67 68",
    ("43", "Franche-Comté"): "25 39 70 90",
    ("52", "Pays de la Loire"): "44 49 53 72 85",
    ("53", "Bretagne"): "22 29 35 56",
    ("54", "Poitou-Charentes"): "16 17 79 86",
    ("72", "Aquitaine"): "24 33 40 47 64",
    ("73", "Midi-Pyrénées"): "09 12 31 32 46 65 81 82",
    ("74", "Limousin"): "19 23 87",
    ("82", "Rhône-Alpes"): "01 07 26 38 42 69 73 74",
    ("83", "Auvergne"): "03 15 43 63",
    ("91", "Languedoc-Roussillon"): "11 30 34 48 66",
    ("93", "Provence-Alpes-Côte d’Azur"): "04 05 06 13 83 84",
    ("94", "Corse"): "2A 2B",
}
FORMER_REGION_OF = {
    department: code for (code, _name), departments in FORMER_REGIONS.items() for department in departments.split()
}

# Empty where the population of one of the communes is not known: a sum without it would be wrong.
_POPULATIONS = """
WITH known AS (
    SELECT d.code AS department, d.region_id AS region, d.former_region_id AS former_region,
           CASE WHEN count(c.population) = count(*) THEN sum(c.population) END AS population
      FROM territories_department d JOIN territories_commune c ON c.department_id = d.code AND c.current
     GROUP BY d.code
), of_departments AS (
    UPDATE territories_department p SET population = k.population FROM known k WHERE k.department = p.code
), of_regions AS (
    UPDATE territories_region p SET population = k.population
      FROM (SELECT region, CASE WHEN count(population) = count(*) THEN sum(population) END AS population
              FROM known GROUP BY region) k
     WHERE k.region = p.code
)
UPDATE territories_formerregion p SET population = k.population
  FROM (SELECT former_region, CASE WHEN count(population) = count(*) THEN sum(population) END AS population
          FROM known WHERE former_region IS NOT NULL GROUP BY former_region) k
 WHERE k.former_region = p.code
"""


class PackageMissing(Exception):
    """The package is not installed, or incomplete."""


def load_communes(folder: Path, *, force: bool = False, progress: Progress | None = None) -> bool:
    """Update the tables to the edition found in `folder`; returns False when it was loaded already.

    One transaction: a killed run changes nothing, and a concurrent run waits and finds it done. Communes that the
    edition no longer has are kept as not current. Raises PackageMissing, whose message says what to do.
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
        if not force and Edition.objects.filter(package=PACKAGE, version=version, revision=REVISION).exists():
            return False
        say(f"Communes: loading edition {version}…")
        _upsert([Region(code=r["code"], name=r["nom"]) for r in lists["regions"]])
        _upsert([FormerRegion(code=code, name=name) for code, name in FORMER_REGIONS])
        _upsert(
            [
                Department(
                    code=d["code"],
                    name=d["nom"],
                    region_id=d["region"],
                    former_region_id=FORMER_REGION_OF.get(d["code"]),
                )
                for d in lists["departements"]
            ]
        )
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
        FormerCommune.objects.all().delete()
        _upsert(_former(lists["communes"]))
        _fold_rows(say)
        with connection.cursor() as cursor:
            cursor.execute(_POPULATIONS)
        Edition.objects.update_or_create(
            package=PACKAGE, defaults={"version": version, "revision": REVISION, "loaded_at": clock.now()}
        )
    return True


def _fold_rows(say: Progress) -> None:
    """Give the rows that name a commune merged since (hubs, buildings, organisations, relations) the one of today.

    A row that cannot stand there beside another (two buildings of one name) keeps its own until somebody saves it.
    """
    merged = FormerCommune.objects.filter(code__in=Commune.objects.filter(current=False).values("code"))
    today = dict(merged.filter(current__current=True).values_list("code", "current"))
    for field in (relation.field for relation in Commune._meta.related_objects):
        rows = field.model._base_manager
        for pk, code in rows.filter(**{f"{field.name}__in": today}).values_list("pk", field.attname):
            try:
                with transaction.atomic():
                    rows.filter(pk=pk).update(**{field.name: today[code]})
            except IntegrityError:
                what = f"{field.model._meta.label} {pk}"
                say(f"Communes: {what} stays in {code}, merged into {today[code]}: save it again.")


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


def _former(rows: list[dict[str, Any]]) -> list[FormerCommune]:
    """Delegated and associated communes, municipal districts, and the codes of communes that were merged or renumbered.

    A seat that has the code and the name of the current commune is left out.
    """
    current = {row["code"]: row["nom"] for row in rows if row["type"] == "commune-actuelle"}
    listed = [
        FormerCommune(code=row["code"], name=row["nom"], kind=row["type"], current_id=into)
        for row in rows
        if row["type"] in FormerCommune.Kind
        and (into := row.get("chefLieu") or row.get("commune"))
        and (row["code"], row["nom"]) != (into, current.get(into))
    ]
    taken, names = {*current, *(former.code for former in listed)}, _former_names()
    merged = [
        FormerCommune(
            code=code, name=names.get(code, row["nom"]), kind=FormerCommune.Kind.MERGED, current_id=row["code"]
        )
        for row in rows
        for code in row.get("anciensCodes", [])
        if code not in taken
    ]
    return listed + merged


def _former_names() -> dict[str, str]:
    """Names of former communes by code: of communes that an earlier edition had, and of `FORMER_NAMES`."""
    gone = dict(Commune.objects.filter(current=False).values_list("code", "name"))
    with FORMER_NAMES.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return gone | {row["code"]: row["name"] for row in rows}


def _batches(communes: list[Commune]) -> list[list[Commune]]:
    return [communes[start : start + BATCH] for start in range(0, len(communes), BATCH)]


def _upsert(rows: Sequence[models.Model]) -> None:
    """Insert the rows, or update the existing ones, by code.

    They travel as one JSON value: the placeholder a value of `bulk_create` takes three times as long.
    """
    if not rows:
        return
    fields, quote = rows[0]._meta.concrete_fields, connection.ops.quote_name
    table = quote(rows[0]._meta.db_table)
    names = [quote(field.attname) for field in fields]
    columns, new = ", ".join(names), ", ".join(f"EXCLUDED.{name}" for name in names)
    values = json.dumps([{field.attname: field.pre_save(row, add=True) for field in fields} for row in rows])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns})"  # noqa: S608 - names of our own models
            f" SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)"
            f" ON CONFLICT (code) DO UPDATE SET ({columns}) = ROW({new})",
            [values],
        )
