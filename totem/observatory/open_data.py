"""The open data of a place: its tables and establishments as CSV, Parquet and GeoJSON, with what describes them.

Files follow Frictionless Data Package v1: `datapackage.json` holds the licence, the sources, what was counted and each
field's type and definition. Under masking (`masking`) no file places establishments: they could be counted.
"""

import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _

from totem.core import languages
from totem.core.spreadsheets import ListColumn
from totem.core.wording import date_with_year
from totem.observatory import queries, words
from totem.observatory.engine import Scope, opened
from totem.observatory.exports import (
    DEFINITION_TITLES,
    LEFT_OUT,
    MEDIA,
    communes_geojson,
    defined,
    points_geojson,
    sheet_csv,
    sheet_of,
    sheet_parquet,
    type_of,
)
from totem.observatory.masking import threshold_in_force
from totem.observatory.notes import notes_for
from totem.observatory.place_tables import communes_table, tables_of
from totem.observatory.register.layout import Estimate
from totem.observatory.surroundings import commune_names
from totem.observatory.tables import Column, Table, tabulate
from totem.territories.places import Place

LICENCE = {
    "name": "etalab-2.0",
    "title": "Licence Ouverte / Open Licence 2.0",
    "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
}
POINTS = "etablissements"
MOST_POINTS = 50_000
MOST_SHAPES = 6_000


@dataclass(frozen=True)
class File:
    """A file that can be had of a place; `make` gives its bytes."""

    name: str
    title: str
    description: str
    make: Callable[[], bytes]

    @property
    def extension(self) -> str:
        return self.name.rsplit(".", 1)[-1]

    @property
    def media(self) -> str:
        return MEDIA[self.extension]


@dataclass(frozen=True)
class Package:
    """All that can be had of a scope as open data; `address` is that of its figures, for ever.

    `placed` says whether there is a file of establishments, which are only looked up when it is wanted.
    """

    scope: Scope
    address: str
    sheets: tuple[Table, ...]
    placed: bool

    @cached_property
    def points(self) -> Table:
        """The establishments that may be placed. Raises RowsGone."""
        return points_sheet(self.scope)

    @property
    def _all(self) -> tuple[Table, ...]:
        return (*self.sheets, self.points) if self.placed else self.sheets

    @property
    def files(self) -> dict[str, File]:
        """Every file by its name, without the archive."""
        found = [file for sheet in self.sheets for file in self._tabular(sheet.name, sheet.title, sheet.description)]
        communes = self._sheet("communes")
        if len(communes.rows) <= MOST_SHAPES:
            found.append(
                File("communes.geojson", communes.title, communes.description,
                     lambda: communes_geojson(communes, self.about()))
            )  # fmt: skip
        if self.placed:
            title, description = points_words()
            found += self._tabular(POINTS, title, description)
            found.append(
                File(f"{POINTS}.geojson", title, description, lambda: points_geojson(self.points, self.about()))
            )
        found.append(
            File("datapackage.json", _("What describes all files"), _("Frictionless Data Package"), self.described)
        )
        return {file.name: file for file in found}

    def _tabular(self, name: str, title: str, description: str) -> list[File]:
        def parquet() -> bytes:
            return sheet_parquet(self._sheet(name), json.dumps(self.about(), ensure_ascii=False))

        return [
            File(f"{name}.csv", title, description, lambda: sheet_csv(self._sheet(name))),
            File(f"{name}.parquet", title, description, parquet),
        ]

    def _sheet(self, name: str) -> Table:
        return self.points if name == POINTS else next(sheet for sheet in self.sheets if sheet.name == name)

    def about(self) -> dict[str, Any]:
        """What every file must carry: what was counted, when, from what, and whether it is real."""
        stock, activities, place = self.scope.stock, self.scope.activities, self.scope.place
        return {
            "place": {"level": place.level, "code": place.code, "name": str(place.name)},
            "stock_date": stock.date.isoformat(),
            "synthetic": stock.synthetic,
            **({"notice": str(words.SYNTHETIC)} if stock.synthetic else {}),
            "activities": {
                "name": activities.name,
                "address": f"{activities.slug}@{activities.number}",
                "nomenclature": activities.nomenclature,
                "branches": [
                    {"name": name, "codes": [c for c, b in zip(activities.codes, activities.branch_of_code, strict=True)
                                             if b == number]}
                    for number, name in enumerate(activities.branches, start=1)
                ],
                "corrected_by_hand": activities.corrected,
            },
            "method": definition_of(self.scope)["method"],
            "masking_threshold": settings.MASK_COUNTS_BELOW,
            "address": self.address,
            "licence": LICENCE["name"],
        }  # fmt: skip

    def described(self) -> bytes:
        """`datapackage.json`, in the active language."""
        stock = self.scope.stock
        package = {
            "profile": "data-package",
            "name": file_stem(self.scope).lower(),
            "title": _("Digital sector of %(place)s, edition of the register of %(date)s")
            % {"place": self.scope.place.name, "date": date_with_year(stock.date)},
            "description": words.counted_words(self.scope),
            "homepage": self.address,
            "version": stock.date.isoformat(),
            "language": languages.active(),
            "licenses": [LICENCE],
            "sources": [
                {"title": str(words.REGISTER)},
                *(_source(source) for source in stock.sources),
            ],
            "totem": self.about(),
            "units": [
                {"name": name, "title": str(unit.label), "definition": str(unit.definition)}
                for name, unit in words.UNITS.items()
            ],
            "notes": [str(note.text) for note in notes_for(self.scope)],
            "resources": [self._resource(sheet) for sheet in self._all],
        }  # fmt: skip
        return (json.dumps(package, ensure_ascii=False, indent=2) + "\n").encode()

    def _resource(self, sheet: Table) -> dict[str, Any]:
        others = [
            f"{sheet.name}.parquet",
            *([f"{sheet.name}.geojson"] if f"{sheet.name}.geojson" in self.files else []),
        ]
        return {
            "profile": "tabular-data-resource",
            "name": sheet.name,
            "title": sheet.title,
            "description": sheet.description,
            "path": f"{sheet.name}.csv",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "dialect": {"delimiter": ";", "header": True},
            "alternates": others,
            "schema": {
                "fields": [_described(column) for column in sheet.columns],
                "missingValues": ["", LEFT_OUT],
            },
        }

    def archive(self) -> IO[bytes]:
        """All files in one zip, at its beginning; the caller closes it."""
        target = tempfile.TemporaryFile()  # noqa: SIM115 - a response reads it to its end, then closes it
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in self.files.values():
                entry = zipfile.ZipInfo(file.name, (*self.scope.stock.date.timetuple()[:3], 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.make())
        target.seek(0)
        return target


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    """A file of the register, with its address where it came from the public catalogue, never one of this machine."""
    address = str(source.get("address") or "")
    return {
        "title": str(source.get("file", "")),
        **({"path": address} if address.startswith("https://") else {}),
        "hash": f"sha256:{source.get('sha256', '')}",
    }


def _described(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "title": column.label, "type": type_of(column)}
    if column.definition:
        described["description"] = column.definition
    if described["type"] == "number":
        described["decimalChar"] = ","
    return described


def package_of(scope: Scope, address: str) -> Package:
    """The open data of a scope: its tables, and its establishments where the stock still has its rows."""
    tables = {**tables_of(scope, queries.profile(scope)), "communes": communes_table(scope, queries.communes(scope))}
    placed = scope.stock.complete and len(scope.place.communes) <= MOST_SHAPES and settings.MASK_COUNTS_BELOW <= 0
    definition = definition_of(scope)
    return Package(scope, address, tuple(defined(sheet_of(table), definition) for table in tables.values()), placed)


def definition_of(scope: Scope) -> dict[str, str]:
    """What two figures must have in common to be compared: day of the register, activities counted, method."""
    activities = scope.activities
    method = _(
        "open as registered; estimated active: employer, or born less than %(young_company)s years ago"
        " (%(young_person)s for a person), or an entry that moved in the last %(seen_company)s years"
        " (%(seen_person)s for a person)"
    ) % asdict(Estimate())
    if settings.MASK_COUNTS_BELOW > 0:
        method += "; " + _("counts under %(threshold)s left out") % {"threshold": threshold_in_force()}
    if scope.stock.synthetic:
        method += "; " + _("synthetic register")
    return {
        "stock_date": scope.stock.date.isoformat(),
        "activities": f"{activities.slug}@{activities.number} {activities.nomenclature}",
        "method": method,
    }


def definition_columns(scope: Scope) -> list[ListColumn[Any]]:
    """The definition as columns that lists end with."""
    return [ListColumn(DEFINITION_TITLES[name], _always(value)) for name, value in definition_of(scope).items()]


def _always(value: str) -> Callable[[Any], str]:
    return lambda _row: value


def points_words() -> tuple[str, str]:
    """The title of the file of establishments, and what is in it."""
    return (
        _("Establishments with a position"),
        _(
            "Open establishments that the register lets anybody show and place. Without those under partial diffusion,"
            " without sole traders, without random positions: fewer than are counted."
        ),
    )


def points_sheet(scope: Scope) -> Table:
    """The establishments that may be placed: open diffusion, a position, no sole trader (their number is a person's).

    At most MOST_POINTS. Raises RowsGone.
    """
    with opened(scope) as question:
        rows = question.ask("open_points", limit=MOST_POINTS)
    names, branches = commune_names(row["commune"] for row in rows), scope.activities.branches
    band = words.DEFINITIONS["band"]
    columns = (
        Column("siret", "SIRET", "text", _("Number of the establishment.")),
        Column("name", _("Name"), "text", _("Name of the company, or its trade name; empty where it has none.")),
        Column("commune", _("Code of the commune"), "text", _("INSEE code of the present commune.")),
        Column("commune_name", _("Commune"), "text", value=lambda row: names.get(row["commune"], "")),
        Column("activity", _("Activity"), "text", scope.activities.label),
        Column("branch", _("Branch"), "text", _("Branch of the activity perimeter."),
               value=lambda row: branches[row["branch"] - 1]),
        Column("band", str(band.label), "text", str(band.definition)),
        Column("category", _("Category of the company"), "text", "PME, ETI, GE (INSEE)"),
        Column("born", _("Born"), "number", _("Year it was opened in.")),
        Column("head_office", _("Head office"), "flag"),
        Column("lon", _("Longitude"), "ratio", _("WGS 84, in degrees.")),
        Column("lat", _("Latitude"), "ratio", _("WGS 84, in degrees.")),
    )  # fmt: skip
    return defined(tabulate(POINTS, *points_words(), columns, rows), definition_of(scope))


def slug_of(place: Place) -> str:
    """The place's code as the name of a file may hold it."""
    return place.code.replace("@", "-v") or "place"


def file_stem(scope: Scope) -> str:
    """How the names of its files begin: place, date and activities; `synthetique` where it is."""
    synthetic, activities = "synthetique-" if scope.stock.synthetic else "", scope.activities
    counted = f"{activities.slug}-v{activities.number}-{activities.nomenclature.lower()}"
    return f"totem-{synthetic}{scope.place.level}-{slug_of(scope.place)}-{scope.stock.date.isoformat()}-{counted}"
