"""Organisations of a person; yearly figures, relations and actors as a territory or a charter reads them."""

from totem.organisations.queries.actors import (
    OrganisationMatches,
    match_organisations,
    relations_of,
    relations_of_workspace,
    visible_organisation,
    years_of,
)
from totem.organisations.queries.declared import (
    YearRow,
    growth,
    organisations_inside,
    relations_inside,
    year_before,
    year_figures_of,
)
from totem.organisations.queries.people import (
    affiliations_of,
    bookable_by,
    edited_by,
    organisations_of,
    people_of,
)

__all__ = [
    "OrganisationMatches",
    "YearRow",
    "affiliations_of",
    "bookable_by",
    "edited_by",
    "growth",
    "match_organisations",
    "organisations_inside",
    "organisations_of",
    "people_of",
    "relations_inside",
    "relations_of",
    "relations_of_workspace",
    "visible_organisation",
    "year_before",
    "year_figures_of",
    "years_of",
]
