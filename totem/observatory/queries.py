"""The observatory's answers: each function asks named queries of a scope and gives frozen rows (`answers`).

Figures are counts of what the register holds on the stock's date.
"""

from collections.abc import Container, Iterable, Mapping, Sequence

from totem.core import clock
from totem.observatory.activities import DEFAULT, Activities, ActorKind, activities_of, actor_kinds
from totem.observatory.answers import (
    Actors,
    Company,
    Counted,
    Interval,
    Passage,
    Point,
    Profile,
    Size,
    Speciality,
    Totals,
)
from totem.observatory.coverage import is_of_whole_country
from totem.observatory.engine import NoStock, Question, Row, Scope, StockFilesMissing, opened
from totem.observatory.models import ActivityVersion, Stock
from totem.observatory.nomenclature import Pair, read_bridge
from totem.observatory.yearly import series
from totem.territories.models import Commune
from totem.territories.places import Place

# -- Scopes -----------------------------------------------------------------------------------------------------------


def serving_stock() -> Stock:
    """The stock in service. Raises NoStock, StockFilesMissing."""
    stock = Stock.objects.serving()
    if stock is None:
        raise NoStock
    if not stock.path.is_dir():
        raise StockFilesMissing(stock.path)
    return stock


def default_activities() -> Activities:
    """What is counted when nobody asks for anything else: the OECD's ICT sector, in the version in force today."""
    version = (
        ActivityVersion.objects.filter(
            perimeter__slug=DEFAULT, published_at__isnull=False, valid_from__lte=clock.today()
        )
        .select_related("perimeter")
        .first()
    )
    if version is None:
        raise NoStock
    return activities_of(version)


# -- Answers ----------------------------------------------------------------------------------------------------------


def profile(scope: Scope) -> Profile:
    """Everything of the page but lists and communes, in one opening of the stock."""
    past = series(scope)  # before the rest: it may open the stock itself
    with opened(scope) as question:
        return Profile(
            totals=_totals(question),
            branches=_counted(question.ask("branches"), "branch"),
            activities=_counted(question.ask("activities"), "activity"),
            sizes=tuple(Size(r["band"], r["headcount_unknown"], r["establishments"]) for r in question.ask("sizes")),
            born=_counted(question.ask("ages"), "born"),
            legal_forms=_counted(question.ask("legal_forms"), "legal"),
            specialities=_specialities(question),
            series=past,
        )


def branches(scope: Scope) -> tuple[Counted, ...]:
    """Each branch of the activities, in their order."""
    with opened(scope) as question:
        return _counted(question.ask("branches"), "branch")


def totals(scope: Scope) -> Totals:
    """The figures that matter alone."""
    with opened(scope) as question:
        return _totals(question)


def communes(scope: Scope) -> tuple[Counted, ...]:
    """Each commune that the place touches, the most establishments first; `everything` are those of all activities."""
    with opened(scope) as question:
        return _counted(question.ask("communes"), "commune")


def ranking(scope: Scope, territory_of: Mapping[str, str]) -> tuple[Counted, ...]:
    """Territories side by side; `territory_of` names that of each commune (all of them within the scope's place).

    Of a stock of a part of the country, without those in which it has nothing.
    """
    with opened(scope) as question:
        question.register("territory", commune=territory_of.keys(), territory=territory_of.values())
        ranked = _counted(question.ask("ranking"), "territory")
    whole = is_of_whole_country(scope.stock)
    return tuple(row for row in ranked if whole or row.everything)


def companies(
    scope: Scope, *, branch: int = 0, employers_only: bool = False, limit: int = 50, offset: int = 0
) -> tuple[Company, ...]:
    """Who is here, the largest first; `branch` 0 means all. Raises RowsGone for a stock no longer in service."""
    with opened(scope) as question:
        rows = question.ask("companies", branch=branch, employers_only=employers_only, limit=limit, offset=offset)
    return tuple(Company(natural_person=row.pop("legal") == "1", **row) for row in rows)


def points(scope: Scope, *, limit: int) -> tuple[Point, ...]:
    """The establishments that may be placed, the largest first. Raises RowsGone."""
    with opened(scope) as question:
        return tuple(Point(**row) for row in question.ask("points", limit=limit))


def actors(scope: Scope, *, limit: int = 20) -> tuple[Actors, ...]:
    """Candidates for each kind of actor in the place. Raises RowsGone."""
    with opened(scope) as question:
        return tuple(_actors(question, kind, limit) for kind in actor_kinds())


def actor_ids(scope: Scope, slug: str) -> frozenset[int]:
    """The SIREN, as numbers, of all candidates for one kind of actor. Raises RowsGone, KeyError."""
    kind = {kind.slug: kind for kind in actor_kinds()}[slug]
    with opened(scope) as question:
        _register_kind(question, kind)
        rows = question.ask("actors", any_legal=not kind.legal, limit=1_000_000)
    return frozenset(int(row["siren"]) for row in rows)


def company_ids(scope: Scope, *, category: str = "", active: bool = False) -> frozenset[int]:
    """The SIREN, as numbers, of the companies with an open establishment counted here (one estimated `active`); of one
    category of company (`PME`, `ETI`, `GE`) or of all. Raises RowsGone."""
    with opened(scope) as question:
        return frozenset(row["siren"] for row in question.ask("companies_count", category=category, active=active))


def passages(scope: Scope) -> tuple[Passage, ...]:
    """The passage from NAF rev. 2 to NAF 2025 as seen in the departments of the place, beside the official table."""
    departments = sorted(set(_departments_of(scope.place)))
    with opened(scope) as question:
        question.register("department", department=departments)
        question.register("activity_rev2", code=scope.activities.rev2)
        question.register("activity_2025", code=scope.activities.naf2025)
        rows = question.ask("bridge")
    return _passages(rows, read_bridge(), whole=frozenset(scope.activities.rev2))


def quality(scope: Scope) -> Row:
    """How well what is counted here is known: establishments with each flaw."""
    with opened(scope) as question:
        return question.one("quality")


def domiciliations(scope: Scope, *, limit: int = 20) -> list[Row]:
    """Addresses of the place with many units of the sector and no employer, as {commune, address, units}."""
    with opened(scope) as question:
        return question.ask("domiciliation", limit=limit)


# -- From rows --------------------------------------------------------------------------------------------------------


def _totals(question: Question) -> Totals:
    row = question.one("totals")
    jobs = Interval.of(row)
    undecided = question.one("undecided") if question.scope.place.partial else {}
    return Totals(**row, jobs=jobs, undecided=undecided)


def _counted(rows: Iterable[Row], key: str) -> tuple[Counted, ...]:
    return tuple(
        Counted(
            key=row[key],
            head_offices=row.get("head_offices", 0),
            establishments=row["establishments"],
            employers=row.get("employers", 0),
            estimated=row.get("establishments_estimated", 0),
            jobs=Interval.of(row) if "jobs_low" in row else None,
            everything=row.get("all_establishments"),
        )
        for row in rows
    )


def _specialities(question: Question) -> tuple[Speciality, ...]:
    if question.scope.place.partial:  # all establishments are known by commune only
        return ()
    return tuple(
        Speciality(row["branch"], row["here"], row["country"], row["quotient"], row["all_here"])
        for row in question.ask("specialisation")
    )


def _register_kind(question: Question, kind: ActorKind) -> None:
    question.register("actor_code", code=kind.codes)
    question.register("actor_legal", legal=kind.legal)


def _actors(question: Question, kind: ActorKind, limit: int) -> Actors:
    _register_kind(question, kind)
    rows = question.ask("actors", any_legal=not kind.legal, limit=limit)
    shown = tuple(row for row in rows if row["diffusion"] == "O")
    return Actors(kind, rows[0]["total"] if rows else 0, shown)


def _departments_of(place: Place) -> Iterable[str]:
    return Commune.objects.filter(code__in=place.communes).order_by().values_list("department_id", flat=True).distinct()


def _passages(rows: Sequence[Row], pairs: Iterable[Pair], *, whole: Container[str]) -> tuple[Passage, ...]:
    official = {(pair.rev2, pair.naf2025): pair.kind for pair in pairs}
    of_rev2: dict[str, int] = {}
    for row in rows:
        of_rev2[row["code"]] = of_rev2.get(row["code"], 0) + row["establishments"]
    return tuple(
        Passage(
            rev2=row["code"],
            naf2025=row["code25"],
            establishments=row["establishments"],
            share=row["establishments"] / of_rev2[row["code"]] if row["code"] in whole else None,
            official=official.get((row["code"], row["code25"]), ""),
        )
        for row in rows
    )
