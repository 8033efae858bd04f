"""Organisations and their people; what territories and public data say of them."""

from totem.organisations.models.declared import (
    HOLDS_AT_ORGANISATION,
    Accounts,
    Relation,
    RelationKind,
    RelationQuerySet,
    YearFigures,
)
from totem.organisations.models.organisation import (
    Affiliation,
    LegalForm,
    Organisation,
    OrganisationKind,
)

__all__ = [
    "HOLDS_AT_ORGANISATION",
    "Accounts",
    "Affiliation",
    "LegalForm",
    "Organisation",
    "OrganisationKind",
    "Relation",
    "RelationKind",
    "RelationQuerySet",
    "YearFigures",
]
