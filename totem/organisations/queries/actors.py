"""The actors of a territory, as its team finds and reads them."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from totem.core.sort_keys import sort_key
from totem.organisations.models import (
    Organisation,
    Relation,
    RelationQuerySet,
    YearFigures,
)
from totem.organisations.queries.declared import growth, year_before
from totem.territories.models import Workspace

MANY = 6  # namesakes proposed


class OrganisationMatches:
    """The organisations that texts may mean: « Exemple SAS », a SIREN, a SIRET or « Exemple SAS (123456782) ».

    Only those that the workspace noted, or sees a declaration about: no answer tells that others are here. One query
    for all the texts.
    """

    def __init__(self, texts: Iterable[str], workspace: Workspace | None) -> None:
        asked: dict[str, set[str]] = {"siret": set(), "company": set(), "siren": set(), "sort_key": set()}
        for kind, value in (key for text in texts for key in _keys(text)):
            asked[kind].add(value)
        named = Q(siret__in=asked["siret"]) | Q(sort_key__in=asked["sort_key"])
        numbered = Q(siren__in=asked["siren"]) | Q(siren__in=asked["company"], siret="")
        self._found: dict[tuple[str, str], list[Organisation]] = {}
        for organisation in _visible(workspace).filter(named | numbered).select_related("commune"):
            self.add(organisation)

    def add(self, organisation: Organisation) -> None:
        """Find this one too, noted since."""
        number = ("siret", organisation.siret) if organisation.siret else ("company", organisation.siren)
        for key in (number, ("siren", organisation.siren), ("sort_key", organisation.sort_key)):
            self._found.setdefault(key, []).append(organisation)

    def of(self, text: str) -> list[Organisation]:
        """Those that one of the texts may mean; 6 at most."""
        return next((self._found[key] for key in _keys(text) if key in self._found), [])[:MANY]


def _keys(text: str) -> list[tuple[str, str]]:
    """What an organisation meant by the text has; for a SIRET, failing that, the company of no noted establishment."""
    number = re.sub(r"\s", "", text.rpartition("(")[2].rstrip(") "))
    if re.fullmatch(r"[0-9]{14}", number):
        return [("siret", number), ("company", number[:9])]
    return [("siren", number)] if re.fullmatch(r"[0-9]{9}", number) else [("sort_key", sort_key(text))]


def match_organisations(text: str, workspace: Workspace | None) -> list[Organisation]:
    """The organisations that one text may mean, as `OrganisationMatches` finds them."""
    return OrganisationMatches([text], workspace).of(text)


def relations_of_workspace(workspace: Workspace) -> RelationQuerySet:
    """The relations that the workspace declares, and those that others published about its perimeters."""
    own = Q(workspace=workspace) | Q(public=True, perimeter__workspace=workspace)
    return _with_names(Relation.objects.filter(own))


def relations_of(organisation: Organisation, workspace: Workspace) -> RelationQuerySet:
    """The relations of the organisation, as either side, visible to the workspace; newest first."""
    about = Relation.objects.visible_to_workspace(workspace).filter(
        Q(organisation=organisation) | Q(partner=organisation)
    )
    return _with_names(about).order_by("-since", "kind", "pk")


def _with_names(relations: RelationQuerySet) -> RelationQuerySet:
    return relations.select_related(
        "organisation", "partner", "perimeter", "commune", "document__workspace", "workspace"
    )


def visible_organisation(workspace: Workspace, pk: int) -> Organisation | None:
    """The organisation, when the workspace noted it or sees a declaration about it; None otherwise."""
    return _visible(workspace).filter(pk=pk).select_related("commune").first()


def _visible(workspace: Workspace | None) -> QuerySet[Organisation]:
    relations = Relation.objects.visible_to_workspace(workspace).filter(
        Q(organisation=OuterRef("pk")) | Q(partner=OuterRef("pk"))
    )
    figures = YearFigures.objects.visible_to_workspace(workspace).filter(organisation=OuterRef("pk"))
    noted = Q(noted_by=workspace) if workspace is not None else Q()
    return Organisation.objects.filter(Q(Exists(relations)) | Q(Exists(figures)) | noted)


@dataclass(frozen=True, slots=True)
class ComparedYear:
    """Figures of a year with those of the year before, to show growth."""

    figures: YearFigures
    before: YearFigures | None
    growth: Fraction | None

    @property
    def growth_shown(self) -> Decimal | None:
        """Growth as a fraction for display, truncated to a tenth of a percent: 24.99 % must not be shown as 25 %."""
        return None if self.growth is None else Decimal(math.floor(self.growth * 10)) / 1000

    @property
    def share_shown(self) -> Decimal | None:
        """The share of revenue made abroad as a fraction, truncated likewise."""
        share = self.figures.international_share
        return None if share is None else Decimal(math.floor(share * 10)) / 1000


def years_of(organisation: Organisation, workspace: Workspace) -> list[ComparedYear]:
    """The years visible to the workspace, each with the year before; newest first, every declarer's row."""
    years = list(
        YearFigures.objects.visible_to_workspace(workspace)
        .filter(organisation=organisation)
        .select_related("workspace", "document__workspace")
        .order_by("-year", F("workspace").asc(nulls_first=True))
    )
    pairs = ((row, year_before(row, years)) for row in years)
    return [ComparedYear(row, before, growth(row, before)) for row, before in pairs]
