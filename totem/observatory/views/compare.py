"""Territories side by side: those that somebody chose, the members of a place, its peers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.pages import NotFound, render_page, wants_partial
from totem.observatory import queries, surroundings, yearly
from totem.observatory.answers import Counted
from totem.observatory.coverage import is_of_whole_country
from totem.observatory.engine import Scope
from totem.observatory.masking import is_too_small, masked
from totem.observatory.place_tables import comparison_table
from totem.observatory.surroundings import Division
from totem.observatory.tables import MASKED, Column, Table
from totem.observatory.views.frame import framed
from totem.observatory.views.scopes import KEPT, address, hidden, kept_elsewhere, of_place
from totem.territories.places import DRAWN, FRANCE, Place, PlaceNotFound, place_for
from totem.territories.search import find_places, sole_match

TEMPLATE = "observatory/place_compare.html"
MOST_CHOSEN = 8
MOST_LINES = 60
LONGEST_SEARCH = 60
# By its name in addresses: the column that orders a table, and its label.
ORDERS = {
    "etablissements": ("establishments", gettext_lazy("Establishments")),
    "employeurs": ("employers", gettext_lazy("Employers")),
    "pour-mille": ("per_thousand", gettext_lazy("Per 1,000 inhabitants")),
    "part": ("weight", gettext_lazy("Weight of the sector")),
    "evolution": ("growth", gettext_lazy("Change in a year")),
}
SIMILAR_RULE = gettext_lazy("Of the same level, the %(count)s whose population is nearest, from half to double.")
SIMILAR_IN_REGION = gettext_lazy("The register holds a part of the country: only those of the same region.")


@dataclass(frozen=True)
class ComparedRow:
    """A territory as a line of a table: its cells in words, its page; `mine` for the place the page is about.

    `level` is its class on the map (None: not known) and `text` what the map says of it.
    """

    code: str
    cells: tuple[tuple[Column, str], ...]
    href: str = ""
    mine: bool = False
    level: int | None = None
    text: str = ""
    remove: str = ""

    @property
    def name(self) -> str:
        """The first cell; all others are numbers."""
        return self.cells[0][1]

    @property
    def numbers(self) -> list[str]:
        return [words for _column, words in self.cells[1:]]

    @property
    def map_class(self) -> str:
        """As the map reads it: empty where there is no figure."""
        return "" if self.level is None else str(self.level)


@dataclass(frozen=True)
class Ranking:
    """A table of territories, its lines in the order asked for."""

    name: str
    title: str
    table: Table
    lines: tuple[ComparedRow, ...]
    partly: bool = False
    more: int = 0
    csv: str = ""
    rule: str = ""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those that are shown: the code is in the address of the territory."""
        return tuple(column for column in self.table.columns if column.name != "territory")


@of_place
def compare(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The place beside others: `?avec=epci:200023414&avec=…`, its peers and its members."""
    typed = request.GET.get("ajouter", "").strip()[:LONGEST_SEARCH]
    if typed and not wants_partial(request) and (meant := sole_match(typed)):
        return redirect(with_added(request, meant.key))
    keys = chosen_keys(request)
    if wants_partial(request) and "ajouter" in request.GET:
        return render_page(request, TEMPLATE, _candidates(request, scope, typed), partial="found")
    order = read_order(request)
    levels = surroundings.levels_of(scope.place)
    divisions = [("similaires", scope.place.level), ("pairs", scope.place.level), *(("membres", one) for one in levels)]
    rankings = [
        ranking
        for ranking in (
            _chosen(request, scope, keys, order),
            _branches(request, scope, keys),
            *(_ranked(request, scope, kind, level, order) for kind, level in divisions),
        )
        if ranking is not None and ranking.lines
    ]
    context = framed(
        request,
        scope,
        "place_compare",
        more={"avec": keys} if keys else {},
        rankings=rankings,
        chart_src=address("chart_svg", scope, more={"avec": keys}, name="comparaison"),
        chart_narrow=address("chart_svg", scope, more={"avec": keys, "largeur": "390"}, name="comparaison"),
        chart_csv=address("table_csv", scope, more={"avec": keys}, name="comparaison"),
        orders=list(_orders(request, order)),
        carried=[("avec", key) for key in keys] + ([("tri", request.GET["tri"])] if request.GET.get("tri") else []),
        compare_hidden=hidden(request, (*KEPT, "tri")) + [("avec", key) for key in keys],
        full=len(keys) >= MOST_CHOSEN,
        **_candidates(request, scope, typed),
    )
    return render_page(request, TEMPLATE, context, partial="found")


def chosen_keys(request: HttpRequest) -> list[str]:
    """The places of `?avec=`, each once. Raises NotFound for too many."""
    keys = list(dict.fromkeys(request.GET.getlist("avec")))
    if len(keys) > MOST_CHOSEN:
        raise NotFound(_("Up to %(count)s territories stand side by side.") % {"count": MOST_CHOSEN})
    return keys


def read_order(request: HttpRequest) -> str:
    """The column of `?tri=`. Raises NotFound."""
    order = ORDERS.get(request.GET.get("tri") or "etablissements")
    if order is None:
        raise NotFound(_("There is no such order."))
    return order[0]


def compared(scope: Scope, places: Iterable[Place]) -> list[Counted]:
    """Each place counted whole, under its key. A place cut out of communes has no share of all establishments."""
    found = []
    for place in places:
        there = replace(scope, place=place)
        if place.partial:
            totals = queries.totals(there)
            found.append(
                Counted(place.key, totals.head_offices, totals.establishments, totals.employers, jobs=totals.jobs)
            )
        else:
            found += queries.ranking(there, dict.fromkeys(place.communes, place.key))
    return sorted(found, key=lambda row: -row.establishments)


def chosen_places(scope: Scope, user: object, keys: Iterable[str]) -> dict[str, Place]:
    """The place and the chosen ones, by their keys. Raises PlaceNotFound, ShapesMissing."""
    places = {scope.place.key: scope.place}
    for key in keys:
        level, _colon, code = key.partition(":")
        if level == DRAWN:
            raise PlaceNotFound(key)
        place = place_for(level, code, user=user)
        places.setdefault(place.key, place)
    return places


def chosen_table(scope: Scope, user: object, keys: Iterable[str], order: str = "establishments") -> Table:
    """The place and the chosen ones side by side, by their keys. Raises PlaceNotFound, ShapesMissing."""
    places = chosen_places(scope, user, keys)
    table = comparison_table({key: place.name for key, place in places.items()}, compared(scope, places.values()))
    table = with_people(table, {key: place.population for key, place in places.items()})
    return ranked(with_growth(scope, table, {key: place.whole for key, place in places.items()}), order)


def branches_table(scope: Scope, user: object, keys: Iterable[str]) -> Table:
    """Which part of the establishments of each of these places each branch has; small counts are left out."""
    places = chosen_places(scope, user, keys)
    shares = [_shares(queries.branches(replace(scope, place=place))) for place in places.values()]
    return Table(
        "branches-comparees",
        _("Branches side by side"),
        _("The part of each branch in the open establishments counted of each territory."),
        (
            Column("branch", _("Branch"), "text"),
            *(Column(key, str(place.name), "percent") for key, place in places.items()),
        ),
        tuple((name, *row) for name, row in zip(scope.activities.branches, zip(*shares, strict=True), strict=True)),
    )


def _shares(branches: Sequence[Counted]) -> list[Any]:
    """Of each branch, with the rule of the counts it is made of."""
    whole = sum(row.establishments for row in branches)
    columns = (Column("branch", ""), Column("establishments", ""), Column("share", "", "percent", of="establishments"))
    rows = tuple(("", n := row.establishments, n / whole if whole else None) for row in branches)
    return [row[2] for row in masked(Table("", "", "", columns, rows, ("", whole, None))).rows]


def with_people(table: Table, people: Mapping[str, int | None]) -> Table:
    """The table with the population of each row (known by its first cell) and establishments for 1,000 inhabitants."""
    count = table.index("establishments")

    def more(row: tuple[Any, ...]) -> tuple[Any, Any]:
        population, establishments = people.get(row[0]), row[count]
        if establishments is MASKED or not population:
            return population, MASKED if establishments is MASKED else None
        return population, 1000 * establishments / population

    columns = (
        Column("population", _("Inhabitants"), "number"),
        Column("per_thousand", _("Per 1,000 inhabitants"), "ratio", _("Establishments, for 1,000 inhabitants.")),
    )
    return replace(
        table,
        columns=(*table.columns, *columns),
        rows=tuple((*row, *more(row)) for row in table.rows),
        total=None,
    )


def with_growth(scope: Scope, table: Table, communes: Mapping[str, Iterable[str]]) -> Table:
    """The table with the change of each row (known by its first cell) in the last full year, where it is known."""
    year = scope.stock.date.year - 1
    before_in, now_in = (yearly.stock_by_commune(scope, one) for one in (year - 1, year))
    count = table.index("establishments")

    def change(row: tuple[Any, ...]) -> Any:
        before, now = (sum(stock.get(code, 0) for code in communes.get(row[0], ())) for stock in (before_in, now_in))
        if row[count] is MASKED or is_too_small(before) or is_too_small(now):
            return MASKED
        return (now - before) / before if before else None

    definition = _(
        "Open establishments at the end of %(year)s against a year before. Nobody has to declare an end: some of those"
        " registered as open have closed, as the number estimated active beside tells."
    )
    column = Column("growth", _("Change in %(year)s") % {"year": year}, "percent", definition % {"year": year})
    rows = tuple((*row, change(row)) for row in table.rows)
    description = f"{table.description} {column.definition}"
    return replace(table, columns=(*table.columns, column), rows=rows, description=description)


def ranked(table: Table, column: str) -> Table:
    """The table in the order of a column, with the rank of each row that has a value, after its name."""
    table = ordered(table, column)
    place = table.index(column)
    values = [row[place] for row in table.rows if isinstance(row[place], int | float)]
    ranks = [values.index(row[place]) + 1 if isinstance(row[place], int | float) else None for row in table.rows]
    columns = (*table.columns[:2], Column("rank", _("Rank"), "number"), *table.columns[2:])
    rows = tuple((*row[:2], rank, *row[2:]) for row, rank in zip(table.rows, ranks, strict=True))
    return replace(table, columns=columns, rows=rows)


def ordered(table: Table, column: str) -> Table:
    """The table with the largest value of a column first; what is not known comes last."""
    place = table.index(column)
    known = sorted((row for row in table.rows if isinstance(row[place], int | float)), key=lambda row: -row[place])
    return replace(table, rows=(*known, *(row for row in table.rows if not isinstance(row[place], int | float))))


def division_of(scope: Scope, kind: str, level: str) -> Division | None:
    """What the table « membres-epci », « pairs-epci » or « similaires-epci » ranks; None where there is none."""
    if scope.place.partial:
        return None
    if kind == "membres":
        division = surroundings.members(scope.place, level)
    else:
        find = surroundings.peers if kind == "pairs" else surroundings.similar
        division = find(scope.place, nationwide=is_of_whole_country(scope.stock))
    return division if division is not None and division.level == level else None


def division_table(scope: Scope, division: Division) -> Table:
    """The territories of a division side by side, with people; columns as `with_people` gives them."""
    place = surroundings.place_of(division, scope.place)
    counted = queries.ranking(replace(scope, place=place), division.of_commune)
    names = {code: territory.name for code, territory in division.territories.items()}
    return with_people(comparison_table(names, counted), {c: t.population for c, t in division.territories.items()})


def ranked_table(scope: Scope, division: Division, order: str = "establishments") -> Table:
    """The territories of a division side by side, with people, growth and ranks; none in a part of the country."""
    communes: dict[str, list[str]] = {}
    for commune, owner in division.of_commune.items():
        communes.setdefault(owner, []).append(commune)
    table = with_growth(scope, division_table(scope, division), communes)
    is_ranked = scope.place.level != FRANCE or is_of_whole_country(scope.stock)
    return ranked(table, order) if is_ranked else ordered(table, order)


def _branches(request: HttpRequest, scope: Scope, keys: list[str]) -> Ranking | None:
    if not keys:
        return None
    table = branches_table(scope, request.user, keys)
    lines = tuple(ComparedRow(code="", cells=tuple(cells)) for cells in table.lines)
    csv = address("table_csv", scope, more={"avec": keys}, name=table.name)
    return Ranking(table.name, table.title, table, lines, csv=csv)


def _chosen(request: HttpRequest, scope: Scope, keys: list[str], order: str) -> Ranking | None:
    if not keys:
        return None
    table = chosen_table(scope, request.user, keys, order)
    lines = compared_rows(request, scope, table)
    lines = tuple(line if line.mine else replace(line, remove=_without(request, line.code)) for line in lines)
    return Ranking("comparaison", _("Chosen territories"), table, lines)


def compared_rows(request: HttpRequest, scope: Scope, table: Table, level: str = "") -> tuple[ComparedRow, ...]:
    """The lines of a table whose first column holds the keys of territories, or the codes of those of a `level`."""
    keys = [f"{level}:{row[0]}" if level else row[0] for row in table.rows]
    suffix = kept_elsewhere(request)
    return tuple(
        ComparedRow(
            code=row[0],
            cells=tuple(cells[1:]),
            href=reverse("observatory:place", args=key.split(":", 1)) + suffix,
            mine=key == scope.place.key,
        )
        for key, row, cells in zip(keys, table.rows, table.lines, strict=True)
    )


def _ranked(request: HttpRequest, scope: Scope, kind: str, level: str, order: str) -> Ranking | None:
    division = division_of(scope, kind, level)
    if division is None:
        return None
    table = ranked_table(scope, division, order)
    whole = len(table.rows)
    own = [row for row in table.rows[MOST_LINES:] if f"{level}:{row[0]}" == scope.place.key]
    table = replace(table, rows=(*table.rows[:MOST_LINES], *own))
    lines = compared_rows(request, scope, table, level)
    partly = any(not territory.whole for territory in division.territories.values())
    name = f"{kind}-{level}"
    csv = address("table_csv", scope, name=name)
    rule = SIMILAR_RULE % {"count": surroundings.SIMILAR} if kind == "similaires" else ""
    if rule and not is_of_whole_country(scope.stock):
        rule = f"{rule} {SIMILAR_IN_REGION}"
    return Ranking(name, division.title, table, lines, partly, whole - len(lines), csv, rule)


def _orders(request: HttpRequest, order: str) -> Iterator[tuple[str, str, bool]]:
    for name, (column, label) in ORDERS.items():
        asked = request.GET.copy()
        asked["tri"] = name
        yield str(label), f"?{asked.urlencode()}", column == order


def _candidates(request: HttpRequest, scope: Scope, typed: str) -> dict[str, Any]:
    found = find_places(typed, limit=8, user=request.user) if len(typed) > 1 else []
    return {
        "typed": typed,
        "found": [(named.title, with_added(request, named.key)) for named in found if named.key != scope.place.key],
    }


def with_added(request: HttpRequest, key: str) -> str:
    """The address of the page with one more territory."""
    asked = request.GET.copy()
    asked.pop("ajouter", None)
    asked.setlist("avec", list(dict.fromkeys([*asked.getlist("avec"), key])))
    return f"{request.path}?{asked.urlencode(safe=':@')}"


def _without(request: HttpRequest, key: str) -> str:
    asked = request.GET.copy()
    asked.setlist("avec", [other for other in asked.getlist("avec") if other != key])
    return f"{request.path}?{asked.urlencode(safe=':@')}" if asked else request.path
