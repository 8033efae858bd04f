"""The tables about a place, small counts left out: the same for the page, the CSV, the chart and the PDF.

tables_of(scope, profile) -> {name: Table}     branches, activites, tailles, ages, formes, specialisation, serie, flux
communes_table, comparison_table, bridge_table, quality_table, companies_table, actors_table, domiciliation_table
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from totem.observatory import words
from totem.observatory.activities import activity_labels
from totem.observatory.answers import Actors, Company, Counted, Interval, Passage, Profile, Size, Year
from totem.observatory.coverage import is_of_whole_country
from totem.observatory.engine import Row, Scope
from totem.observatory.masking import masked
from totem.observatory.models import Nomenclature
from totem.observatory.nomenclature import read_bands
from totem.observatory.notes import NOTES
from totem.observatory.surroundings import commune_names
from totem.observatory.tables import CellKind, Column, Drawing, Table, tabulate

FLOWS = ("before", "births", "arrivals", "closures", "departures", "others", "stock")


# -- Columns ----------------------------------------------------------------------------------------------------------


def _defined(name: str, kind: CellKind = "number", **more: Any) -> Column:
    """The column of a defined notion, under its own name unless `column` says another."""
    notion = words.DEFINITIONS[name]
    return Column(more.pop("column", name), str(notion.label), kind, str(notion.definition), **more)


def _units() -> tuple[Column, ...]:
    return tuple(_defined(name) for name in words.UNITS)


def _text(name: str, label: object, value: Callable[[Any], Any] | None = None, *, kind: CellKind = "text") -> Column:
    return Column(name, str(label), kind, value=value)


def _keyed(name: str, label: object, value: Callable[[Any], Any] | None = None) -> Column:
    """A column of codes: the key of each row, unless `value` says another."""
    return _text(name, label, value or (lambda row: row.key), kind="code")


def _share(whole: int) -> Column:
    """The part of each row's establishments in the whole."""
    return _defined(
        "share",
        "percent",
        of="establishments",
        value=lambda row: ratio(row.establishments, whole),
        total=lambda _rows: 1.0 if whole else None,
    )


def _everything(*, known: bool = True) -> tuple[Column, Column]:
    """All establishments, and the weight of those counted in them; a drawn place's are not `known`."""

    def everything(row: Counted) -> int | None:
        return row.everything if known else None

    def weight(rows: Sequence[Counted]) -> float | None:
        return ratio(sum(row.establishments for row in rows), sum(everything(row) or 0 for row in rows))

    return (
        _defined("everything", column="all_establishments", value=everything),
        _defined("weight", "percent", of="establishments", value=lambda row: weight([row]), total=weight),
    )


def _jobs() -> Column:
    return _defined("jobs", "interval", of="establishments", total=lambda rows: Interval.sum(row.jobs for row in rows))


def ratio(part: int, whole: int) -> float | None:
    """The part over the whole; None where there is nothing."""
    return part / whole if whole else None


def _table(*parts: Any, **more: Any) -> Table:
    return masked(tabulate(*parts, **more))


def _bars(label: str) -> Drawing:
    return Drawing("bars", label, ("establishments",))


# -- Of a profile -----------------------------------------------------------------------------------------------------


def tables_of(scope: Scope, profile: Profile) -> dict[str, Table]:
    """The tables of a profile by name. Those that say nothing here are not there."""
    made = [
        branches_table(scope, profile),
        activities_table(scope, profile),
        sizes_table(profile),
        ages_table(scope, profile),
        legal_forms_table(profile),
        specialisation_table(scope, profile),
        *series_tables(scope, profile.series),
    ]
    return {table.name: table for table in made if table.rows}


def branches_table(scope: Scope, profile: Profile) -> Table:
    """The branches of the activity perimeter in its order, in the three units, with jobs as an interval."""
    names = scope.activities.branches
    return _table(
        "branches",
        _("By branch"),
        _("Open units by branch of %(activities)s. An establishment is in one branch, that of its main activity.")
        % {"activities": scope.activities.label},
        (
            _text("branch", _("Branch"), lambda row: names[row.key - 1]),
            *_units(),
            _defined("estimated"),
            _share(profile.totals.establishments),
            _jobs(),
        ),
        profile.branches,
        summed=True,
        drawing=_bars("branch"),
    )


def activities_table(scope: Scope, profile: Profile) -> Table:
    """Each activity code found, the most numerous first, with its official wording."""
    labels = activity_labels(scope.activities.nomenclature, [row.key for row in profile.activities])
    return _table(
        "activites",
        _("By activity"),
        _("Open units by main activity, in %(nomenclature)s; wording as published by INSEE.")
        % {"nomenclature": Nomenclature(scope.activities.nomenclature).label},
        (_keyed("code", _("Code")), _text("activity", _("Activity"), lambda row: labels.get(row.key, "")), *_units()),
        profile.activities,
        summed=True,
    )


def sizes_table(profile: Profile) -> Table:
    """Establishments by headcount band, in order: non-employers first, what is not known last."""
    found = {(size.band, size.unknown): size for size in profile.sizes}
    order: list[tuple[str | None, bool]] = [(band.code, False) for band in read_bands()]
    last = max((place for place, key in enumerate(order) if key in found), default=-1)
    keys = [*order[: last + 1], *(key for key in (("NN", True), (None, True)) if key in found)]
    return _table(
        "tailles",
        _("By size"),
        _(
            "Open establishments by their own headcount band. « NN » is a non-employer, not an unknown; what is not"
            " known stands on lines of its own."
        ),
        (
            Column("band", _("Band"), "code", _("As in the register"), value=lambda size: size.band or ""),
            _text("size", _("Size"), lambda size: words.band_words(size.band, unknown=size.unknown)),
            _defined("establishments"),
            _share(sum(size.establishments for size in profile.sizes)),
        ),
        [found.get(key, Size(*key, 0)) for key in keys],
        summed=True,
        drawing=_bars("size"),
    )


def ages_table(scope: Scope, profile: Profile) -> Table:
    """Establishments and head offices by class of birth year, the youngest first, the unknown last."""
    year = scope.stock.date.year
    dated = [row for row in profile.born if row.key is not None and row.key <= year]
    unknown = [row for row in profile.born if row not in dated]
    classes = [
        Counted.sum(c.words, (row for row in dated if (c.first or 0) <= row.key <= c.last))
        for c in words.age_classes(year)
    ]
    return _table(
        "ages",
        _("By year of birth"),
        _("Open establishments by the year they were opened in, at their present address and activity."),
        (
            _text("born", _("Born"), lambda row: row.key),
            *_units()[:2],
            _share(sum(row.establishments for row in profile.born)),
        ),
        [*classes, *([Counted.sum(_("Not known"), unknown)] if unknown else [])] if profile.born else [],
        summed=True,
        drawing=_bars("born"),
    )


def legal_forms_table(profile: Profile) -> Table:
    """By legal form of the legal unit, the most numerous first."""
    return _table(
        "formes",
        _("By legal form"),
        _("Open units by legal form of their company: the first digit of INSEE’s legal category."),
        (
            _keyed("legal", _("Digit"), lambda row: row.key or ""),
            _text("form", _("Legal form"), lambda row: words.legal_words(row.key)),
            *_units()[:2],
            _share(profile.totals.establishments),
        ),
        profile.legal_forms,
        summed=True,
        drawing=_bars("form"),
    )


def specialisation_table(scope: Scope, profile: Profile) -> Table:
    """Each branch's weight here against the country's; no row where communes are cut, nor of a part of the country."""
    names = scope.activities.branches
    return _table(
        "specialisation",
        _("Specialisation"),
        _(
            "The branch’s share of all open establishments here, over its share in the country: above 1 the branch"
            " weighs more here than in France. Both are of the same edition of the register."
        ),
        (
            _text("branch", _("Branch"), lambda row: names[row.branch - 1]),
            _defined("establishments", value=lambda row: row.here),
            _defined("country"),
            _defined("quotient", "ratio", of="establishments"),
        ),
        profile.specialities if is_of_whole_country(scope.stock) else (),
        drawing=Drawing("dots", "branch", ("quotient",), 2, 1.0, _("the country’s average")),
    )


def series_tables(scope: Scope, years: Sequence[Year]) -> tuple[Table, Table]:
    """Two drawings of the yearly series: the stock (`serie`), and births beside closures (`flux`)."""
    approximate = "" if scope.stock.has_history else " " + _("Approximate: this edition has no history.")
    year = _text("year", _("Year"), kind="code")
    return (
        _table(
            "serie",
            _("Establishments open at the end of the year"),
            str(words.DEFINITIONS["stock"].definition) + approximate,
            (year, _defined("stock")),
            years,
            drawing=Drawing("line", "year", ("stock",)),
        ),
        _table(
            "flux",
            _("Births and closures"),
            _(
                "What was open a year before, plus births and arrivals, less closures and departures, with the other"
                " entries and exits, is the number open at the end of the year; the last year is not whole."
            )
            + approximate,
            (year, *(_defined(name, "balance" if name == "others" else "number") for name in FLOWS)),
            years,
            drawing=Drawing("flows", "year", ("births", "closures")),
            flows=FLOWS,
        ),
    )


# -- Of other questions -----------------------------------------------------------------------------------------------


def communes_table(scope: Scope, counted: Sequence[Counted]) -> Table:
    """Each commune, the most establishments first, with the weight of the sector in all its establishments."""
    names = commune_names(row.key for row in counted)
    return _table(
        "communes",
        _("By commune"),
        _("Open units in each commune of the territory; those of a drawn one that are inside it."),
        (
            _keyed("commune", _("Code")),
            _text("name", _("Commune"), lambda row: names.get(row.key, row.key)),
            *_units(),
            *_everything(known=not scope.place.partial),
        ),
        counted,
        summed=True,
    )


def comparison_table(names: Mapping[str, str], counted: Sequence[Counted]) -> Table:
    """Territories side by side, the most establishments first; `names` is the name of each key."""
    return _table(
        "comparaison",
        _("Territories side by side"),
        _("Open units of the same activities, in the same edition. Territories may overlap: nothing is added up here."),
        (
            _keyed("territory", _("Code")),
            _text("name", _("Territory"), lambda row: names.get(row.key, row.key)),
            *_units(),
            _defined("estimated"),
            *_everything(),
            _jobs(),
        ),
        counted,
        drawing=_bars("name"),
    )


def bridge_table(passages: Sequence[Passage]) -> Table:
    """Pairs of codes seen on the same open establishments, beside what the official table says of them."""
    before = activity_labels(Nomenclature.REV2, [p.rev2 for p in passages])
    after = activity_labels(Nomenclature.NAF2025, [p.naf2025 for p in passages])
    return _table(
        "passerelle",
        _("From one NAF to the other"),
        _(
            "Open establishments of the departments of the territory that carry both codes. The share is that of the"
            " NAF 2025 code among those of the same NAF rev. 2 code; beside it, INSEE’s correspondence (January 2026)."
        ),
        (
            _text("rev2", Nomenclature.REV2.label, kind="code"),
            _text("rev2_label", _("Activity in NAF rev. 2"), lambda p: before.get(p.rev2, "")),
            _text("naf2025", Nomenclature.NAF2025.label, kind="code"),
            _text("naf2025_label", _("Activity in NAF 2025"), lambda p: after.get(p.naf2025, "")),
            _defined("establishments"),
            Column("share", _("Share"), "percent", _("Among those of the same NAF rev. 2 code"), "establishments"),
            _text("official", _("Official correspondence"), lambda p: str(words.PASSAGES.get(p.official, p.official))),
        ),
        passages,
    )


def quality_table(flaws: Row) -> Table:
    """How many of the establishments counted here have each flaw; one may have several."""
    return _table(
        "qualite",
        _("How well it is known"),
        _("Open establishments counted here with each flaw. One may have several, so they do not add up."),
        (
            _text("flaw", _("What is not known, or not sure"), lambda row: row.key),
            _defined("establishments"),
            _share(flaws["establishments"]),
        ),
        [Counted(str(label), 0, flaws[name]) for name, label in words.FLAWS.items() if name in flaws],
        drawing=_bars("flaw"),
    )


def companies_table(scope: Scope, companies: Sequence[Company]) -> Table:
    """Who is here, as it may be shown; those under partial diffusion are not among them."""
    names = commune_names(company.commune for company in companies)
    branches = scope.activities.branches
    nameless = {True: _("Sole trader without trade name"), False: _("Without a name")}
    return _table(
        "entreprises",
        _("Establishments, the largest first"),
        _(
            "Open establishments by their own headcount band. Those under partial diffusion are counted and not listed;"
            " a sole trader is named by the trade name alone."
        ),
        (
            _text("siret", "SIRET", kind="code"),
            _text("siren", "SIREN", kind="code"),
            _text("name", _("Name"), lambda c: c.name or nameless[c.natural_person]),
            _text("commune", _("Commune"), lambda c: names.get(c.commune, c.commune)),
            _text("activity", _("Activity"), kind="code"),
            _text("branch", _("Branch"), lambda c: branches[c.branch - 1]),
            _defined("band", "text", value=lambda c: words.band_words(c.band)),
            _defined("unit_band", "text", value=lambda c: words.band_words(c.unit_band)),
            _text("category", _("Category of the company"), lambda c: str(words.CATEGORIES.get(c.category or "", ""))),
            _text("born", _("Born"), kind="code"),
        ),
        companies,
    )


def actors_table(found: Sequence[Actors]) -> Table:
    """How many candidates there are for each kind of actor."""
    return _table(
        "acteurs",
        _("Actors of the territory"),
        _(
            "Candidates found in the register by their activity (NAF rev. 2): the register says what a place does, not"
            " what it is for the sector. Each is to be confirmed by hand."
        ),
        (
            _text("kind", _("Kind of actor"), lambda actors: str(actors.kind.label)),
            Column("candidates", _("Candidates"), value=lambda actors: actors.total),
        ),
        found,
    )


def domiciliation_table(found: Sequence[Row]) -> Table:
    """Addresses where many units of the sector are registered and none employs."""
    names = commune_names(row["commune"] for row in found)
    return _table(
        "domiciliations",
        _("Addresses with many companies and no employer"),
        str(NOTES["domiciliation"].text),
        (
            _text("commune", _("Commune"), lambda row: names.get(row["commune"], row["commune"])),
            _text("address", _("Address")),
            Column("units", _("Companies")),
        ),
        found,
    )
