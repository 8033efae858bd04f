"""Figures of closed years, relations and organisations as plain values, as a charter reads them."""

import datetime
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, CharField, DateField, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.fields import BigIntegerField
from django.db.models.functions import Coalesce

from totem.core.compiled_queries import AnyOf, CompiledQuery, QueryParameter
from totem.core.periods import EARLIEST_DAY
from totem.organisations.models import (
    HOLDS_AT_ORGANISATION,
    Accounts,
    Affiliation,
    Organisation,
    Relation,
    RelationKind,
    YearFigures,
)
from totem.territories.models import Workspace


class ComparableYear(Protocol):
    """What growth is computed from: a `YearFigures` or a `YearRow`."""

    @property
    def organisation_id(self) -> int: ...
    @property
    def workspace_id(self) -> int | None: ...
    @property
    def year(self) -> int: ...
    @property
    def accounts(self) -> str: ...
    @property
    def revenue(self) -> Decimal | None: ...


Row = TypeVar("Row", bound=ComparableYear)


def growth(figures: ComparableYear, before: ComparableYear | None) -> Fraction | None:
    """Growth of the revenue since the year before, in percent, exact (compare it with thresholds before rounding).

    None where a revenue is missing, that of the year before is nothing or less, or one of the two is of a whole group
    and the other is not (they do not count the same companies).
    """
    if before is None or figures.revenue is None or before.revenue is None or before.revenue <= 0:
        return None
    kinds = {figures.accounts, before.accounts} - {""}
    if Accounts.CONSOLIDATED in kinds and len(kinds) > 1:
        return None
    return 100 * (Fraction(figures.revenue) / Fraction(before.revenue) - 1)


def year_before(figures: Row, known: Iterable[Row]) -> Row | None:
    """The figures of the year before to compare with: of the same declarer, else of public data. None otherwise."""
    found = {
        row.workspace_id: row
        for row in known
        if row.organisation_id == figures.organisation_id and row.year == figures.year - 1
    }
    return found.get(figures.workspace_id) or found.get(None)


@dataclass(frozen=True, slots=True)
class YearRow:
    """`YearFigures` as plain values: revenue in EUR, the share in percent, staff a band (no high: unbounded)."""

    id: int
    organisation_id: int
    workspace_id: int | None
    public: bool
    year: int
    closing_date: datetime.date
    accounts: str
    revenue: Decimal | None
    staff_low: int | None
    staff_high: int | None
    international_share: Decimal | None
    source: str
    source_url: str
    imported_from: str
    document_id: int | None
    document_sha256: str | None


_YEAR_COLUMNS = tuple(name for name in YearRow.__slots__ if name != "document_sha256")


_YEARS = CompiledQuery(
    lambda: (
        YearFigures.objects.filter(
            Q(public=True) | Q(workspace=QueryParameter("workspace", BigIntegerField())),
            AnyOf("organisation", QueryParameter("organisations", ArrayField(BigIntegerField()))),
            closing_date__lte=QueryParameter("up_to", DateField()),
        )
        .order_by("organisation_id", "-year", F("workspace_id").asc(nulls_first=True))
        .values_list(*_YEAR_COLUMNS, "document__sha256")
    )
)


def year_figures_of(organisations: Collection[int], workspace: Workspace | None, up_to: datetime.date) -> list[YearRow]:
    """All figures of these organisations visible to the workspace, of years closed by that day. One query.

    Ordered by organisation, newest year first; of several declarers of one year, public data first.
    """
    asked = {"organisations": sorted(set(organisations)), "workspace": _id(workspace), "up_to": up_to}
    return [YearRow(*values) for values in _YEARS.rows(**asked)]


def _id(workspace: Workspace | None) -> int | None:
    """The workspace's id; for the public, None, which no row matches."""
    return workspace.pk if workspace is not None else None


# -- Relations in force -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RelationRow:
    """A relation as plain values. `amount` in EUR; `until` is the first day without it.

    `at_perimeter` or `at_commune` is where it holds (see `Relation.where`); `partner_id`, `perimeter_id` or
    `commune_id` is what it names.
    """

    id: int
    workspace_id: int | None
    public: bool
    kind: str
    stage: str
    detail: str
    places: int | None
    amount: Decimal | None
    since: datetime.date
    until: datetime.date | None
    source: str
    source_url: str
    document_id: int | None
    organisation_id: int
    partner_id: int | None
    perimeter_id: int | None
    commune_id: str | None
    at_perimeter: int | None
    at_commune: str | None
    document_sha256: str | None
    name: str
    siren: str
    organisation_kind: str
    partner_kind: str | None


_RELATION_COLUMNS = (
    *RelationRow.__slots__[: RelationRow.__slots__.index("document_sha256")],
    "document__sha256",
    "organisation__name",
    "organisation__siren",
    "organisation__kind",
    "partner__kind",
)

# The same as `Relation.where`, for PostgreSQL.
_AT_PERIMETER = Case(
    When(~Q(kind=RelationKind.RECIPROCAL_WITH), then=F("perimeter_id")), default=None, output_field=BigIntegerField()
)
_AT_COMMUNE = Case(
    When(kind=RelationKind.RECIPROCAL_WITH, then=F("organisation__commune_id")),
    When(partner=None, then=F("commune_id")),
    When(kind__in=HOLDS_AT_ORGANISATION, then=F("organisation__commune_id")),
    default=Coalesce(F("partner__commune_id"), F("organisation__commune_id")),
    output_field=CharField(),
)


_COMMUNES = QueryParameter("communes", ArrayField(CharField(max_length=5)))


def _relations() -> "QuerySet[Any, Any]":
    seen = Q(public=True) | Q(workspace=QueryParameter("workspace", BigIntegerField()))
    day = QueryParameter("on", DateField())
    begun = Q(Q(until=None) | Q(until__gt=QueryParameter("ended_after", DateField())), since__lte=day)
    rows = Relation.objects.filter(seen, begun).annotate(at_perimeter=_AT_PERIMETER, at_commune=_AT_COMMUNE)
    return rows.order_by("organisation__sort_key", "organisation_id", "kind", "since", "pk")


_EVERYWHERE = CompiledQuery(lambda: _relations().values_list(*_RELATION_COLUMNS))
_INSIDE = CompiledQuery(
    lambda: (
        _relations()
        .filter(
            Q(AnyOf("at_commune", _COMMUNES))
            | Q(AnyOf("at_perimeter", QueryParameter("perimeters", ArrayField(BigIntegerField()))))
        )
        .values_list(*_RELATION_COLUMNS)
    )
)


def relations_inside(
    communes: Collection[str] | None,
    perimeters: Collection[int],
    workspace: Workspace | None,
    on: datetime.date,
    *,
    with_ended: bool = False,
) -> list[RelationRow]:
    """The relations in force in these communes or perimeters on that day, visible to the workspace. One query.

    `with_ended`: those that have ended by then too.

    `communes=None`: everywhere, for a run over many territories. Ordered by organisation, kind and start.
    """
    asked: dict[str, Any] = {"workspace": _id(workspace), "on": on}
    asked["ended_after"] = EARLIEST_DAY if with_ended else on
    if communes is None:
        return [RelationRow(*values) for values in _EVERYWHERE.rows(**asked)]
    places = {"communes": sorted(set(communes)), "perimeters": sorted(set(perimeters))}
    return [RelationRow(*values) for values in _INSIDE.rows(**asked, **places)]


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """An organisation as plain values; `commune` is its INSEE code."""

    id: int
    name: str
    siren: str
    kind: str
    legal_form: str
    commune: str | None


_ORGANISATION_COLUMNS = ("pk", "name", "siren", "kind", "legal_form", "commune_id", "siret", "noted_by")


def _of_kinds() -> "QuerySet[Any, Any]":
    """Organisations that have people here, or of which the workspace sees a declaration.

    One that only another territory declared for itself is neither counted nor named.
    """
    seen = Q(public=True) | Q(workspace=QueryParameter("workspace", BigIntegerField()))
    known = (
        Exists(Affiliation.objects.filter(organisation=OuterRef("pk")))
        | Exists(YearFigures.objects.filter(seen, organisation=OuterRef("pk")))
        | Exists(Relation.objects.filter(seen, organisation=OuterRef("pk")))
        | Exists(Relation.objects.filter(seen, partner=OuterRef("pk")))
    )
    rows = Organisation.objects.filter(known, AnyOf("kind", QueryParameter("kinds", ArrayField(CharField()))))
    return rows.order_by("sort_key", "pk")


_OF_KIND = CompiledQuery(lambda: _of_kinds().values_list(*_ORGANISATION_COLUMNS))
_OF_KIND_INSIDE = CompiledQuery(
    lambda: _of_kinds().filter(AnyOf("commune", _COMMUNES)).values_list(*_ORGANISATION_COLUMNS)
)


def organisations_inside(
    communes: Collection[str] | None, kinds: Collection[str], workspace: Workspace | None = None
) -> list[OrganisationRow]:
    """The organisations of these kinds located in these communes (None: anywhere), by name. One query.

    Only those that have people here, or of which the workspace sees a declaration.
    """
    asked: dict[str, Any] = {"kinds": sorted(kinds), "workspace": _id(workspace)}
    if communes is None:
        return _each_once(_OF_KIND.rows(**asked))
    return _each_once(_OF_KIND_INSIDE.rows(**asked, communes=sorted(set(communes))))


def _each_once(rows: Iterable[Sequence[Any]]) -> list[OrganisationRow]:
    """The rows; of several with one number (its people's, a territory's), the one that a territory noted."""
    found: dict[object, OrganisationRow] = {}
    for *values, siret, noted_by in rows:
        row = OrganisationRow(*values)
        key = (row.siren, siret) if row.siren else row.id
        if key not in found or noted_by is not None:
            found[key] = row
    return list(found.values())
