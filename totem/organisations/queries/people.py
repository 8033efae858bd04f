"""The organisations of a person, and the people of an organisation."""

import datetime

from django.db.models import QuerySet

from totem.accounts.models import User
from totem.organisations.models import (
    Affiliation,
    Organisation,
)


def affiliations_of(user: User, on: datetime.date) -> QuerySet[Affiliation]:
    """The person's affiliations that hold on that day, with their organisation, by name."""
    return (
        Affiliation.objects.on(on).filter(person=user).select_related("organisation").order_by("organisation__sort_key")
    )


def organisations_of(user: User, on: datetime.date) -> QuerySet[Organisation]:
    """The organisations the person belongs to on that day."""
    return Organisation.objects.filter(pk__in=Affiliation.objects.on(on).filter(person=user).values("organisation"))


def bookable_by(user: User, on: datetime.date) -> QuerySet[Organisation]:
    """The organisations the person may book for on that day."""
    mine = Affiliation.objects.on(on).filter(person=user, can_book=True)
    return Organisation.objects.filter(pk__in=mine.values("organisation"))


def edited_by(user: User, on: datetime.date) -> QuerySet[Organisation]:
    """The organisations the person represents on that day, and so may change."""
    mine = Affiliation.objects.on(on).filter(person=user, role=Affiliation.Role.REPRESENTATIVE)
    return Organisation.objects.filter(pk__in=mine.values("organisation"))


def people_of(organisation: Organisation, on: datetime.date) -> QuerySet[Affiliation]:
    """Who is in the organisation on that day or later, by name."""
    return (
        Affiliation.objects.current_or_coming(on)
        .filter(organisation=organisation)
        .select_related("person")
        .order_by("person__sort_key", "id")
    )
