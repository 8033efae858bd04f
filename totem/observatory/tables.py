"""From an answer to something shown: the page, the CSV, the chart and the PDF all take the same table.

    tables_of(scope, profile) -> {name: Table}     branches, activites, tailles, ages, formes, specialisation, serie
    figures_of(scope, profile) -> (Figure, …)      the few figures that matter, each with its definition
    communes_table, comparison_table, bridge_table, quality_table, companies_table, domiciliation_table, actors_table
    masked(table, threshold)                       small counts left out, so that none can be found again

A `Table` knows its words (`shown`) and its chart (`chart`, a ChartSpec or None). Values are raw in `rows`: int, share
from 0 to 1, Interval, text; None where it cannot be known, MASKED where it is left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.core.rendering import ChartKind, ChartSpec
from totem.core.wording import number, percent
from totem.observatory import words
from totem.observatory.engine import Row, Scope
from totem.observatory.models import Activity, Nomenclature
from totem.observatory.nomenclature import read_bands
from totem.observatory.queries import Actors, Company, Counted, Interval, Passage, Profile, Totals, Year
from totem.territories.models import Commune

Kind = Literal["text", "code", "number", "percent", "ratio", "interval"]
NUMBERS = frozenset({"number", "percent", "ratio", "interval"})
FLOWS = ("births", "closures", "arrivals", "departures")
YEARS = 5


class _Masked:
    """A value that is left out because it, or another it would give away, is small."""

    def __repr__(self) -> str:
        return "MASKED"


MASKED: Final = _Masked()


@dataclass(frozen=True)
class Column:
    """A column: its name in files, its label, what its values are, and its definition.

    `of` is the column of counts that a share, ratio or interval is made of: left out where that is.
    """

    name: str
    label: str
    kind: Kind = "number"
    definition: str = ""
    of: str = ""

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS


@dataclass(frozen=True)
class Drawing:
    """How a table is drawn: which kind of chart, from which columns (`values`), rows named by column `label`."""

    kind: ChartKind
    label: str
    values: tuple[str, ...]
    decimals: int = 0
    reference: float | None = None
    reference_name: str = ""
    at_most: int = 30


@dataclass(frozen=True)
class Table:
    """Rows of one answer, ready to be shown. `total` is the line of sums, where sums mean something.

    `words` says what was counted and how, in one or two sentences. `flows` are columns that a yearly balance links.
    """

    name: str
    title: str
    words: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: tuple[Any, ...] | None = None
    drawing: Drawing | None = None
    flows: tuple[str, ...] = ()

    def index(self, name: str) -> int:
        """Where the column stands. Raises ValueError."""
        return [column.name for column in self.columns].index(name)

    @property
    def shown(self) -> list[list[str]]:
        """The rows in words of the active language."""
        return [self._said(row) for row in self.rows]

    @property
    def shown_total(self) -> list[str]:
        """The line of sums in words; empty without one."""
        return [] if self.total is None else self._said(self.total)

    @property
    def lines(self) -> list[list[tuple[Column, str]]]:
        """What a template goes through: each cell with its column, in words."""
        return [list(zip(self.columns, row, strict=True)) for row in self.shown]

    @property
    def total_line(self) -> list[tuple[Column, str]]:
        return list(zip(self.columns, self.shown_total, strict=True)) if self.total is not None else []

    @property
    def chart(self) -> ChartSpec | None:
        """The chart, 720 pixels wide (`dataclasses.replace` for another width); None where there is nothing to draw."""
        return chart_of(self)

    def _said(self, row: Sequence[Any]) -> list[str]:
        return [value_words(value, column.kind) for value, column in zip(row, self.columns, strict=True)]


def value_words(value: Any, kind: Kind) -> str:
    """A cell in words: what cannot be known and what is left out say so."""
    if value is MASKED:
        return _("left out")
    if value is None:
        return _("not known") if kind in NUMBERS else ""
    if kind == "interval":
        return words.interval_words(value)
    if kind == "percent":
        return percent(value, 1)
    if kind == "ratio":
        return number(value, 2)
    return number(value) if kind == "number" else str(value)


# -- Charts -----------------------------------------------------------------------------------------------------------


def chart_of(table: Table) -> ChartSpec | None:
    """The chart of a table, in the active language; None where it has none, or no row to draw."""
    drawing = table.drawing
    if drawing is None or not table.rows:
        return None
    rows = _ROWS_OF[drawing.kind](table, drawing)
    if not rows:
        return None
    names = {"at_least": _("at least")} if drawing.kind == "interval" else {}
    if drawing.kind == "flows":
        names = {name: table.columns[table.index(name)].label for name in ("births", "closures")}
    return ChartSpec(
        kind=drawing.kind,
        rows=rows,
        title=table.title,
        decimals=drawing.decimals,
        percent=table.columns[table.index(drawing.values[0])].kind == "percent",
        names=names,
        reference=drawing.reference,
        reference_name=drawing.reference_name,
    )


def _labelled(table: Table, drawing: Drawing) -> list[dict[str, Any]]:
    label, value = table.index(drawing.label), table.index(drawing.values[0])
    return [
        {"label": str(row[label]), "value": _plain(row[value]), **_said_instead(row[value])}
        for row in table.rows[: drawing.at_most]
    ]


def _intervals(table: Table, drawing: Drawing) -> list[dict[str, Any]]:
    label, value = table.index(drawing.label), table.index(drawing.values[0])
    known = [row for row in table.rows[: drawing.at_most] if isinstance(row[value], Interval)]
    return [{"label": str(row[label]), "low": row[value].low, "high": row[value].high} for row in known]


def _lines(table: Table, drawing: Drawing) -> list[dict[str, Any]]:
    year = table.index(drawing.label)
    return [
        {"series": table.columns[place].label, "year": row[year], "value": _plain(row[place])}
        for place in map(table.index, drawing.values)
        for row in table.rows
    ]


def _flows(table: Table, drawing: Drawing) -> list[dict[str, Any]]:
    year, births, closures = (table.index(name) for name in (drawing.label, "births", "closures"))
    rows = [{"year": r[year], "births": _plain(r[births]), "closures": _plain(r[closures])} for r in table.rows]
    return [row for row in rows if row["births"] is not None and row["closures"] is not None]


def _plain(value: Any) -> float | None:
    return None if value is None or value is MASKED else value


def _said_instead(value: Any) -> dict[str, str]:
    return {"text": value_words(value, "number")} if _plain(value) is None else {}


_ROWS_OF: Mapping[str, Callable[[Table, Drawing], list[dict[str, Any]]]] = {
    "bars": _labelled,
    "dots": _labelled,
    "interval": _intervals,
    "line": _lines,
    "flows": _flows,
}

# -- Small counts -----------------------------------------------------------------------------------------------------

# Under a lower threshold, « left out » would itself say the number.
LEAST_THRESHOLD = 3


def masked(table: Table, threshold: int | None = None) -> Table:
    """The table without its counts from 1 to below the threshold (the setting's), nor what would give them away.

    In a column with a total, the next smallest counts are left out with the small ones: of one size at least, and as
    many as it takes for what is left out to be worth two a cell; where there are none left, the total is. Without that,
    subtraction, or merely knowing this rule, would give the number. Shares, ratios and intervals go with their count,
    and in a yearly balance all flows of a year go together. Without a total the small counts alone are left out.
    """
    threshold = settings.MASK_COUNTS_BELOW if threshold is None else threshold
    if threshold <= 0 or not table.rows:
        return table
    threshold = max(threshold, LEAST_THRESHOLD)
    rows = [list(row) for row in table.rows]
    total = None if table.total is None else list(table.total)
    for place, column in enumerate(table.columns):
        if column.kind == "number":
            sums = total[place] if total is not None else None
            hidden, hides_total = _hidden([row[place] for row in rows], sums, threshold)
            for number_of_row in hidden:
                rows[number_of_row][place] = MASKED
            if hides_total and total is not None:
                total[place] = MASKED
    for row in rows:
        _mask_flows(table, row)
    for row in [*rows, *([total] if total is not None else [])]:
        _mask_derived(table, row)
    return replace(table, rows=tuple(map(tuple, rows)), total=None if total is None else tuple(total))


def _hidden(counts: Sequence[Any], total: Any, threshold: int) -> tuple[set[int], bool]:
    """Which of the counts to leave out, and whether the total too (None: there is none)."""
    hidden = {place for place, count in enumerate(counts) if _small(count, threshold)}
    if not isinstance(total, int) or not hidden or _small(total, threshold):
        return hidden, isinstance(total, int) and _small(total, threshold)
    others = sorted({count for count in counts if isinstance(count, int) and count >= threshold})
    for size in others:  # all of a size: which one was taken would tell where the small one is
        hidden |= {place for place, count in enumerate(counts) if count == size}
        if sum(counts[place] for place in hidden) >= 2 * len(hidden):
            return hidden, False
    return hidden, True


def _small(count: Any, threshold: int) -> bool:
    return isinstance(count, int) and 0 < count < threshold


def _mask_flows(table: Table, row: list[Any]) -> None:
    places = [table.index(name) for name in table.flows]
    if any(row[place] is MASKED for place in places):
        for place in places:
            row[place] = MASKED


def _mask_derived(table: Table, row: list[Any]) -> None:
    for place, column in enumerate(table.columns):
        if column.of and row[table.index(column.of)] is MASKED:
            row[place] = MASKED


# -- Columns ----------------------------------------------------------------------------------------------------------


def _column(notion: str, kind: Kind = "number", *, name: str = "", of: str = "") -> Column:
    said = words.NOTIONS[notion]
    return Column(name or notion, str(said.label), kind, str(said.definition), of)


def _units() -> tuple[Column, ...]:
    return tuple(_column(name) for name in words.UNITS)


def _values(counted: Counted) -> tuple[int, int, int]:
    return counted.establishments, counted.head_offices, counted.employers


def _sums(rows: Iterable[Counted]) -> tuple[int, int, int]:
    lines = [_values(row) for row in rows]
    return tuple(map(sum, zip(*lines, strict=True))) if lines else (0, 0, 0)  # type: ignore[return-value]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _jobs_total(rows: Sequence[Counted]) -> Interval | None:
    known = [row.jobs for row in rows if row.jobs is not None]
    if len(known) < len(rows):
        return None
    highs = [jobs.high for jobs in known]
    return Interval(sum(jobs.low for jobs in known), None if None in highs else sum(h for h in highs if h is not None))


# -- A place's tables -------------------------------------------------------------------------------------------------


def tables_of(scope: Scope, profile: Profile) -> dict[str, Table]:
    """The tables of a profile by name, masked by the setting. Those that say nothing here are not there."""
    made = [
        branches_table(scope, profile),
        activities_table(scope, profile),
        sizes_table(profile),
        ages_table(scope, profile),
        legal_forms_table(profile),
        specialisation_table(scope, profile),
        *series_tables(scope, profile.series),
    ]
    return {table.name: masked(table) for table in made if table.rows}


def branches_table(scope: Scope, profile: Profile) -> Table:
    """The branches of the activity perimeter in its order, in the three units, with jobs as an interval."""
    names, rows, whole = scope.activities.branches, profile.branches, profile.totals.establishments
    return Table(
        name="branches",
        title=_("By branch"),
        words=_("Open units by branch of %(activities)s. An establishment is in one branch, that of its main activity.")
        % {"activities": scope.activities.label},
        columns=(
            Column("branch", _("Branch"), "text"),
            *_units(),
            _column("estimated"),
            _column("share", "percent", of="establishments"),
            _column("jobs", "interval", of="establishments"),
        ),
        rows=tuple(
            (
                names[row.key - 1],
                *_values(row),
                row.estimated,
                _share(row.establishments, whole),
                row.jobs,
            )
            for row in rows
        ),
        total=(
            _("Total"),
            *_sums(rows),
            sum(row.estimated for row in rows),
            1.0 if whole else None,
            _jobs_total(rows),
        ),
        drawing=Drawing("bars", "branch", ("establishments",)),
    )


def activities_table(scope: Scope, profile: Profile) -> Table:
    """Each activity code found, the most numerous first, with its official wording."""
    labels = labels_of(scope.activities.nomenclature, [row.key for row in profile.activities])
    return Table(
        name="activites",
        title=_("By activity"),
        words=_("Open units by main activity, in %(nomenclature)s; wording as published by INSEE.")
        % {"nomenclature": Nomenclature(scope.activities.nomenclature).label},
        columns=(Column("code", _("Code"), "code"), Column("activity", _("Activity"), "text"), *_units()),
        rows=tuple((row.key, labels.get(row.key, ""), *_values(row)) for row in profile.activities),
        total=("", _("Total"), *_sums(profile.activities)),
    )


def sizes_table(profile: Profile) -> Table:
    """Establishments by headcount band, in order: non-employers first, what is not known last."""
    found = {(size.band, size.unknown): size.establishments for size in profile.sizes}
    order: list[tuple[str | None, bool]] = [(band.code, False) for band in read_bands()]
    last = max((place for place, key in enumerate(order) if key in found), default=-1)
    keys = [*order[: last + 1], *(key for key in (("NN", True), (None, True)) if key in found)]
    whole = sum(found.values())
    return Table(
        name="tailles",
        title=_("By size"),
        words=_(
            "Open establishments by their own headcount band. « NN » is a non-employer, not an unknown; what is not"
            " known stands on lines of its own."
        ),
        columns=(
            Column("band", _("Band"), "code", _("As in the register")),
            Column("size", _("Size"), "text"),
            _column("establishments"),
            _column("share", "percent", of="establishments"),
        ),
        rows=tuple(
            (code or "", words.band_words(code, unknown=unknown), n, _share(n, whole))
            for code, unknown in keys
            for n in (found.get((code, unknown), 0),)
        ),
        total=("", _("Total"), whole, 1.0 if whole else None),
        drawing=Drawing("bars", "size", ("establishments",)),
    )


def ages_table(scope: Scope, profile: Profile) -> Table:
    """Establishments and head offices by class of birth year, the youngest first, the unknown last."""
    classes = words.age_classes(scope.stock.date.year)

    def counted(first: int | None, last: int) -> list[Counted]:
        return [r for r in profile.born if r.key is not None and (first or 0) <= r.key and r.key <= last]

    lines: list[tuple[str, list[Counted]]] = [(c.words, counted(c.first, c.last)) for c in classes]
    later = [row for row in profile.born if row.key is not None and row.key > scope.stock.date.year]
    unknown = [*later, *(row for row in profile.born if row.key is None)]
    if unknown:
        lines.append((_("Not known"), unknown))
    whole = sum(row.establishments for row in profile.born)
    rows = [(name, *_sums(rows)[:2]) for name, rows in lines]
    return Table(
        name="ages",
        title=_("By year of birth"),
        words=_("Open establishments by the year they were opened in, at their present address and activity."),
        columns=(
            Column("born", _("Born"), "text"),
            *_units()[:2],
            _column("share", "percent", of="establishments"),
        ),
        rows=tuple((*row, _share(row[1], whole)) for row in rows) if whole else (),
        total=(_("Total"), whole, sum(row[2] for row in rows), 1.0 if whole else None),
        drawing=Drawing("bars", "born", ("establishments",)),
    )


def legal_forms_table(profile: Profile) -> Table:
    """By legal form of the legal unit, the most numerous first."""
    rows, whole = profile.legal_forms, profile.totals.establishments
    return Table(
        name="formes",
        title=_("By legal form"),
        words=_("Open units by legal form of their company: the first digit of INSEE’s legal category."),
        columns=(
            Column("legal", _("Digit"), "code"),
            Column("form", _("Legal form"), "text"),
            *_units()[:2],
            _column("share", "percent", of="establishments"),
        ),
        rows=tuple(
            (row.key or "", words.legal_words(row.key), *_values(row)[:2], _share(row.establishments, whole))
            for row in rows
        ),
        total=("", _("Total"), *_sums(rows)[:2], 1.0 if whole else None),
        drawing=Drawing("bars", "form", ("establishments",)),
    )


def specialisation_table(scope: Scope, profile: Profile) -> Table:
    """Each branch's weight here against the country's; no row for a drawn place that cuts communes."""
    names = scope.activities.branches
    return Table(
        name="specialisation",
        title=_("Specialisation"),
        words=_(
            "The branch’s share of all open establishments here, over its share in the country: above 1 the branch"
            " weighs more here than in France. Both are of the same stock."
        ),
        columns=(
            Column("branch", _("Branch"), "text"),
            _column("establishments"),
            _column("country"),
            _column("quotient", "ratio", of="establishments"),
        ),
        rows=tuple((names[s.branch - 1], s.here, s.country, s.quotient) for s in profile.specialities),
        drawing=Drawing(
            "dots", "branch", ("quotient",), decimals=2, reference=1.0, reference_name=_("the country’s average")
        ),
    )


def series_tables(scope: Scope, years: Sequence[Year]) -> tuple[Table, Table]:
    """Two drawings of the yearly series: the stock (`serie`), and births beside closures (`flux`)."""
    approximate = "" if scope.stock.has_history else " " + _("Approximate: this stock has no history.")
    return (
        Table(
            name="serie",
            title=_("Establishments open at the end of the year"),
            words=_("Establishments of the activities counted, on 31 December; for the last year, on the stock’s date.")
            + approximate,
            columns=(Column("year", _("Year"), "code"), _column("stock")),
            rows=tuple((year.year, year.stock) for year in years),
            drawing=Drawing("line", "year", ("stock",)),
        ),
        Table(
            name="flux",
            title=_("Births and closures"),
            words=_("Establishments born and closed in the year; the last year is not whole.") + approximate,
            columns=(Column("year", _("Year"), "code"), *(_column(name) for name in FLOWS)),
            rows=tuple((y.year, y.births, y.closures, y.arrivals, y.departures) for y in years),
            drawing=Drawing("flows", "year", ("births", "closures")),
            flows=FLOWS,
        ),
    )


# -- Tables of other questions ----------------------------------------------------------------------------------------


def communes_table(scope: Scope, counted: Sequence[Counted]) -> Table:
    """Each commune, the most establishments first, with the weight of the sector in all its establishments."""
    names = dict(Commune.objects.filter(code__in=[row.key for row in counted]).values_list("code", "name"))
    table = Table(
        name="communes",
        title=_("By commune"),
        words=_("Open units in each commune of the territory; those of a drawn one that are inside it."),
        columns=(
            Column("commune", _("Code"), "code"),
            Column("name", _("Commune"), "text"),
            *_units(),
            _column("everything", name="all_establishments"),
            _column("weight", "percent", of="establishments"),
        ),
        rows=tuple(
            (
                row.key,
                names.get(row.key, row.key),
                *_values(row),
                None if scope.place.partial else row.everything,
                None if scope.place.partial else _share(row.establishments, row.everything or 0),
            )
            for row in counted
        ),
        total=(
            "",
            _("Total"),
            *_sums(counted),
            None if scope.place.partial else sum(row.everything or 0 for row in counted),
            None
            if scope.place.partial
            else _share(sum(r.establishments for r in counted), sum(r.everything or 0 for r in counted)),
        ),
    )
    return masked(table)


def comparison_table(names: Mapping[str, str], counted: Sequence[Counted]) -> Table:
    """Territories side by side, the most establishments first; `names` is the name of each key."""
    table = Table(
        name="comparaison",
        title=_("Territories side by side"),
        words=_(
            "Open units of the same activities, in the same stock. Territories may overlap: nothing is added up here."
        ),
        columns=(
            Column("territory", _("Code"), "code"),
            Column("name", _("Territory"), "text"),
            *_units(),
            _column("everything", name="all_establishments"),
            _column("weight", "percent", of="establishments"),
            _column("jobs", "interval", of="establishments"),
        ),
        rows=tuple(
            (
                row.key,
                names.get(row.key, row.key),
                *_values(row),
                row.everything,
                _share(row.establishments, row.everything or 0),
                row.jobs,
            )
            for row in counted
        ),
        drawing=Drawing("bars", "name", ("establishments",)),
    )
    return masked(table)


def bridge_table(passages: Sequence[Passage]) -> Table:
    """Pairs of codes seen on the same open establishments, beside what the official table says of them."""
    before = labels_of(Nomenclature.REV2, [p.rev2 for p in passages])
    after = labels_of(Nomenclature.NAF2025, [p.naf2025 for p in passages])
    table = Table(
        name="passerelle",
        title=_("From one NAF to the other"),
        words=_(
            "Open establishments of the departments of the territory that carry both codes. The share is that of the"
            " NAF 2025 code among those of the same NAF rev. 2 code; beside it, INSEE’s correspondence (January 2026)."
        ),
        columns=(
            Column("rev2", str(Nomenclature.REV2.label), "code"),
            Column("rev2_label", _("Activity in NAF rev. 2"), "text"),
            Column("naf2025", str(Nomenclature.NAF2025.label), "code"),
            Column("naf2025_label", _("Activity in NAF 2025"), "text"),
            _column("establishments"),
            Column("share", _("Share"), "percent", _("Among those of the same NAF rev. 2 code"), "establishments"),
            Column("official", _("Official correspondence"), "text"),
        ),
        rows=tuple(
            (
                p.rev2,
                before.get(p.rev2, ""),
                p.naf2025,
                after.get(p.naf2025, ""),
                p.establishments,
                p.share,
                str(words.PASSAGES.get(p.official, p.official)),
            )
            for p in passages
        ),
    )
    return masked(table)


def quality_table(flaws: Row) -> Table:
    """How many of the establishments counted here have each flaw; one may have several."""
    whole = flaws["establishments"]
    table = Table(
        name="qualite",
        title=_("How well it is known"),
        words=_("Open establishments counted here with each flaw. One may have several, so they do not add up."),
        columns=(
            Column("flaw", _("What is not known, or not sure"), "text"),
            _column("establishments"),
            _column("share", "percent", of="establishments"),
        ),
        rows=tuple(
            (str(label), flaws[name], _share(flaws[name], whole))
            for name, label in words.FLAWS.items()
            if name in flaws
        ),
        drawing=Drawing("bars", "flaw", ("establishments",)),
    )
    return masked(table)


def companies_table(scope: Scope, companies: Sequence[Company]) -> Table:
    """Who is here, as it may be shown; those under partial diffusion are not among them."""
    names = dict(Commune.objects.filter(code__in={c.commune for c in companies}).values_list("code", "name"))
    branches = scope.activities.branches
    return Table(
        name="entreprises",
        title=_("Establishments, the largest first"),
        words=_(
            "Open establishments by their own headcount band. Those under partial diffusion are counted and not listed;"
            " a sole trader is named by the trade name alone."
        ),
        columns=(
            Column("siret", "SIRET", "code"),
            Column("name", _("Name"), "text"),
            Column("commune", _("Commune"), "text"),
            Column("activity", _("Activity"), "code"),
            Column("branch", _("Branch"), "text"),
            Column("band", str(words.NOTIONS["band"].label), "text", str(words.NOTIONS["band"].definition)),
            Column(
                "unit_band", str(words.NOTIONS["unit_band"].label), "text", str(words.NOTIONS["unit_band"].definition)
            ),
            Column("category", _("Category of the company"), "text"),
            Column("born", _("Born"), "code"),
        ),
        rows=tuple(
            (
                c.siret,
                c.name or (_("Sole trader without trade name") if c.natural_person else _("Without a name")),
                names.get(c.commune, c.commune),
                c.activity,
                branches[c.branch - 1],
                words.band_words(c.band),
                words.band_words(c.unit_band),
                str(words.CATEGORIES.get(c.category or "", "")),
                c.born,
            )
            for c in companies
        ),
    )


def actors_table(found: Sequence[Actors]) -> Table:
    """How many candidates there are for each kind of actor."""
    table = Table(
        name="acteurs",
        title=_("Actors of the territory"),
        words=_(
            "Candidates found in the register by their activity (NAF rev. 2): the register says what a place does, not"
            " what it is for the sector. Each is to be confirmed by hand."
        ),
        columns=(Column("kind", _("Kind of actor"), "text"), Column("candidates", _("Candidates"))),
        rows=tuple((str(a.kind.label), a.total) for a in found),
    )
    return masked(table)


def domiciliation_table(found: Sequence[Row]) -> Table:
    """Addresses where many units of the sector are registered and none employs."""
    names = dict(Commune.objects.filter(code__in={row["commune"] for row in found}).values_list("code", "name"))
    return Table(
        name="domiciliations",
        title=_("Addresses with many companies and no employer"),
        words=str(words.NOTES["domiciliation"].words),
        columns=(
            Column("commune", _("Commune"), "text"),
            Column("address", _("Address"), "text"),
            Column("units", _("Companies")),
        ),
        rows=tuple((names.get(row["commune"], row["commune"]), row["address"], row["units"]) for row in found),
    )


def labels_of(nomenclature: str, codes: Iterable[str]) -> dict[str, str]:
    """The official wording of each of these codes."""
    return dict(
        Activity.objects.filter(nomenclature=nomenclature, code__in=set(codes)).order_by().values_list("code", "label")
    )


# -- Figures ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """One of the few figures that matter, in words: everything a reader needs not to misread it.

    `beside` is the same estimated active; `undecided` the part that cannot be decided; both may be empty.
    """

    name: str
    label: str
    value: str
    definition: str
    source: str
    unit: str = ""
    beside: str = ""
    undecided: str = ""


def figures_of(scope: Scope, profile: Profile) -> tuple[Figure, ...]:
    """The three units, jobs as an interval, the weight of the sector and its change over five years."""
    totals = profile.totals
    found = [_unit_figure(totals, name) for name in words.UNITS]
    found.append(_jobs_figure(totals))
    if weight := _weight(profile):
        found.append(_figure("weight", weight))
    if growth := _growth(scope, profile.series):
        found.append(_figure("growth", growth))
    return tuple(found)


def _figure(name: str, value: str, **more: str) -> Figure:
    said = words.NOTIONS[name]
    return Figure(name, str(said.label), value, str(said.definition), str(said.source), **more)


def _too_small(count: int) -> bool:
    below = settings.MASK_COUNTS_BELOW
    return below > 0 and _small(count, max(below, LEAST_THRESHOLD))


def _unit_figure(totals: Totals, name: str) -> Figure:
    registered, estimated = getattr(totals, name), getattr(totals, f"{name}_estimated")
    if _too_small(registered):
        return _figure(name, _("fewer than %(count)s") % {"count": max(settings.MASK_COUNTS_BELOW, LEAST_THRESHOLD)})
    beside = _("%(count)s estimated active (%(share)s)") % {
        "count": number(estimated),
        "share": percent(estimated / registered) if registered else "—",
    }
    shown = bool(registered) and not _too_small(estimated) and not _too_small(registered - estimated)
    return _figure(
        name, number(registered), beside=beside if shown else "", undecided=words.undecided_words(totals, name)
    )


def _jobs_figure(totals: Totals) -> Figure:
    if _too_small(totals.employers):
        return _figure("jobs", _("left out"))
    unbounded = ngettext(
        "Nothing bounds the headcount of %(count)s establishment",
        "Nothing bounds the headcount of %(count)s establishments",
        totals.jobs_unbounded,
    ) % {"count": number(totals.jobs_unbounded)}
    return _figure("jobs", words.interval_words(totals.jobs), beside=unbounded if totals.jobs_unbounded else "")


def _weight(profile: Profile) -> str:
    everything = next((s.everything for s in profile.specialities), None)
    return percent(profile.totals.establishments / everything, 1) if everything else ""


def _growth(scope: Scope, series: Sequence[Year]) -> str:
    stocks = {year.year: year.stock for year in series}
    last = scope.stock.date.year - 1
    before, now = stocks.get(last - YEARS), stocks.get(last)
    if not before or now is None or _too_small(before) or _too_small(now):
        return ""
    change = (now - before) / before
    return f"{'+' if change > 0 else ''}{percent(change, 1)}"
