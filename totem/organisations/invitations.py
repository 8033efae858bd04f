"""Invitations to join an organisation, sent by those who represent it."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from totem.accounts.invitations import InvitationKind, Offer, register
from totem.accounts.models import User
from totem.core import clock
from totem.core.components import Words
from totem.organisations.actions import join_organisation
from totem.organisations.models import Affiliation, Organisation
from totem.organisations.queries import edited_by


def _words(offer: Offer) -> Words:
    return Affiliation.Role(offer["role"]).label


def _check(organisation: Organisation, email: str, offer: Offer) -> None:  # noqa: ARG001
    if Affiliation.objects.on(clock.today()).filter(organisation=organisation, person__email=email).exists():
        raise ValidationError(_("This person is already in %(name)s.") % {"name": organisation.name})


def _join(organisation: Organisation, person: User, offer: Offer, now: datetime) -> None:
    join_organisation(organisation=organisation, person=person, now=now, **offer)


def _represents(person: User, organisation: Organisation) -> bool:
    return edited_by(person, clock.today()).filter(pk=organisation.pk).exists()


def _page(organisation: Organisation) -> str:
    return reverse("organisations:detail", args=[organisation.pk])


PERSON = register(
    InvitationKind(
        "organisations.person",
        Organisation,
        words=_words,
        check=_check,
        join=_join,
        may_invite=_represents,
        managed_at=_page,
        home=_page,
    )
)
