"""Organisations of the tests, invented, with numbers that pass the check."""

import datetime

from factory import Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory
from stdnum import luhn

from tests.factories.accounts import UserFactory
from tests.factories.territories import CommuneFactory
from totem.organisations.models import Affiliation, Kind, LegalForm, Organisation


def siren(number: int) -> str:
    """The nth SIREN that passes the Luhn check."""
    stem = f"9{number:07d}"
    return stem + luhn.calc_check_digit(stem)


class OrganisationFactory(DjangoModelFactory[Organisation]):
    class Meta:
        model = Organisation

    class Params:
        company = Trait(legal_form=LegalForm.SAS, kind=Kind.STARTUP)
        authority = Trait(legal_form=LegalForm.EPCI, kind=Kind.EPCI)
        without_siren = Trait(siren="")

    name = Sequence(lambda n: f"Association {n}")
    legal_form = LegalForm.ASSOCIATION
    kind = Kind.HUB_OPERATOR
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
