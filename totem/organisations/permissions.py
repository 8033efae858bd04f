"""Who may do what to an organisation. One query each: not for loops."""

from totem.accounts.models import User
from totem.core import clock
from totem.organisations.models import Affiliation, AffiliationQuerySet, Organisation


def can_see(user: User, organisation: Organisation) -> bool:
    """Whoever is in it today."""
    return _today(user, organisation).exists()


def can_edit(user: User, organisation: Organisation) -> bool:
    """Whoever represents it today."""
    return _today(user, organisation).filter(role=Affiliation.Role.REPRESENTATIVE).exists()


def can_book_for(user: User, organisation: Organisation) -> bool:
    """Whoever is in it today and was given the right to book for it."""
    return _today(user, organisation).filter(can_book=True).exists()


def _today(user: User, organisation: Organisation) -> AffiliationQuerySet:
    return Affiliation.objects.on(clock.today()).filter(person=user, organisation=organisation)
