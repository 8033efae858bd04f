"""Organisations of the tests, invented, with SIREN that pass the Luhn check."""

import datetime
from decimal import Decimal

from factory import LazyAttribute, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory
from stdnum import luhn

from tests.factories.accounts import UserFactory
from tests.factories.territories import CommuneFactory, PerimeterFactory, WorkspaceFactory
from totem.organisations.models import (
    Accounts,
    Affiliation,
    LegalForm,
    Organisation,
    OrganisationKind,
    Relation,
    RelationKind,
    YearFigures,
)


def siren(number: int) -> str:
    """The nth SIREN that passes the Luhn check."""
    stem = f"9{number:07d}"
    return stem + luhn.calc_check_digit(stem)


class OrganisationFactory(DjangoModelFactory[Organisation]):
    class Meta:
        model = Organisation

    class Params:
        company = Trait(legal_form=LegalForm.SAS, kind=OrganisationKind.STARTUP)
        authority = Trait(legal_form=LegalForm.EPCI, kind=OrganisationKind.EPCI)
        without_siren = Trait(siren="")

    name = Sequence(lambda n: f"Association {n}")
    legal_form = LegalForm.ASSOCIATION
    kind = OrganisationKind.HUB_OPERATOR
    siren = Sequence(siren)
    commune = SubFactory(CommuneFactory)


class AffiliationFactory(DjangoModelFactory[Affiliation]):
    """A representative since 2020, who may book."""

    class Meta:
        model = Affiliation

    class Params:
        former = Trait(until=datetime.date(2021, 1, 1))
        employee = Trait(role=Affiliation.Role.EMPLOYEE)
        reader = Trait(role=Affiliation.Role.EMPLOYEE, can_book=False)

    person = SubFactory(UserFactory)
    organisation = SubFactory(OrganisationFactory)
    role = Affiliation.Role.REPRESENTATIVE
    since = datetime.date(2020, 1, 1)


class YearFiguresFactory(DjangoModelFactory[YearFigures]):
    """Declared by a workspace for 2025 and not published; `imported`: public, from the filed accounts."""

    class Meta:
        model = YearFigures

    class Params:
        imported = Trait(
            workspace=None,
            public=True,
            accounts=Accounts.COMPANY,
            imported_from="ratios.csv 0123456789abcdef",
            staff_low=None,
            staff_high=None,
            international_share=None,
        )
        # What a Tech Champion needs, each just passed: more than 25 people and EUR 5 M, 40 % abroad.
        champion = Trait(
            revenue=Decimal("6250000"), staff_low=26, staff_high=26, international_share=Decimal(40), public=True
        )

    organisation = SubFactory(OrganisationFactory, company=True)
    workspace = SubFactory(WorkspaceFactory)
    year = 2025
    closing_date = LazyAttribute(lambda figures: datetime.date(figures.year, 12, 31))
    revenue = Decimal("1000000.00")
    staff_low = 12
    staff_high = 12
    international_share = Decimal(10)
    source = "Comptes certifiés"


class RelationFactory(DjangoModelFactory[Relation]):
    """An incubator active in a perimeter of the workspace that declares it, since 2024 and not published."""

    class Meta:
        model = Relation

    class Params:
        mentor = Trait(kind=RelationKind.MENTORS)
        seed = Trait(kind=RelationKind.INVESTS_IN, stage=Relation.Stage.SEED)
        venture = Trait(kind=RelationKind.INVESTS_IN, stage=Relation.Stage.VENTURE)
        with_partner = Trait(perimeter=None, partner=SubFactory(OrganisationFactory, company=True))
        in_commune = Trait(perimeter=None, commune=SubFactory(CommuneFactory))
        over = Trait(until=datetime.date(2025, 1, 1))

    organisation = SubFactory(OrganisationFactory)
    workspace = SubFactory(WorkspaceFactory)
    kind = RelationKind.INCUBATES_IN
    perimeter = SubFactory(PerimeterFactory, workspace=LazyAttribute(lambda p: p.factory_parent.workspace))
    since = datetime.date(2024, 1, 1)
    source = "Convention"
