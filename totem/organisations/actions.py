"""What is done to organisations and to the people in them."""

import datetime
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from totem.accounts.models import User
from totem.core import journal, mail
from totem.organisations.models import Affiliation, Invitation, Organisation
from totem.organisations.numbers import compact_siren, compact_siret, of_one_company
from totem.organisations.queries import affiliations_of

# Enough for a large company to come at once, too few to use Totem as a machine that writes to strangers.
INVITATIONS_WAITING = 30


class LastRepresentative(Exception):
    """The organisation would be left without anybody who represents it."""


class AlreadyIn(Exception):
    """The person is in the organisation already."""


class TooManyInvitations(Exception):
    """`INVITATIONS_WAITING` invitations of the organisation wait for an answer."""


@transaction.atomic
def create_organisation(*, by: User, now: datetime.datetime, **values: Any) -> Organisation:
    """A new organisation, of which `by` becomes the representative.

    `values` are fields of Organisation. Raises ValidationError, by field, for a number that is wrong or already here.
    """
    organisation = Organisation(**values)
    _save(organisation)
    Affiliation.objects.create(
        person=by, organisation=organisation, role=Affiliation.Role.REPRESENTATIVE, since=timezone.localdate(now)
    )
    journal.record("organisations.created", organisation, actor_id=by.pk, facts={"kind": organisation.kind})
    return organisation


@transaction.atomic
def update_organisation(*, organisation: Organisation, by: User, **values: Any) -> Organisation:
    """The organisation with some fields changed. Raises ValidationError as `create_organisation` does."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    changed = sorted(field for field, value in values.items() if getattr(organisation, field) != value)
    if changed:
        for field in changed:
            setattr(organisation, field, values[field])
        _save(organisation)
        journal.record("organisations.updated", organisation, actor_id=by.pk, facts={"fields": changed})
    return organisation


def _save(organisation: Organisation) -> None:
    organisation.siret = compact_siret(organisation.siret)
    organisation.siren = of_one_company(compact_siren(organisation.siren), organisation.siret)
    try:
        with transaction.atomic():
            organisation.save()
    except IntegrityError as error:
        _raise_at_its_field(error)


def _raise_at_its_field(error: IntegrityError) -> NoReturn:
    for constraint, field, words in (
        ("organisation_siret_once", "siret", _("An organisation with this SIRET is already here.")),
        ("organisation_siren_once", "siren", _("An organisation with this SIREN is already here.")),
    ):
        if constraint in str(error):
            raise ValidationError({field: words}) from error
    raise error


@transaction.atomic
def invite_person(*, organisation: Organisation, email: str, role: str, can_book: bool, by: User) -> Invitation:
    """Ask whoever has that address to join; one mail leaves, whether or not there is an account.

    Asking again changes what is offered and writes no second mail. Raises AlreadyIn and TooManyInvitations.
    """
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    email = email.strip().lower()
    if Affiliation.objects.on(timezone.localdate()).filter(organisation=organisation, person__email=email).exists():
        raise AlreadyIn
    offered = {"role": role, "can_book": can_book}
    invitation, created = Invitation.objects.update_or_create(organisation=organisation, email=email, defaults=offered)
    if not created:
        return invitation
    if organisation.invitations.count() > INVITATIONS_WAITING:
        raise TooManyInvitations
    entry = journal.record(
        "organisations.invited", organisation, actor_id=by.pk, facts={"invitation": invitation.pk, **offered}
    )
    mail.queue(
        key=f"organisations.invited:{entry.pk}",
        to=email,
        language=by.language,
        template="organisations/mail/invited",
        context={
            "organisation": organisation.name,
            "by": by.name,
            "action_url": settings.SITE_URL + reverse("organisations:list"),
            "action_label": _("Answer the invitation"),
        },
    )
    return invitation


@transaction.atomic
def accept_invitation(*, invitation: Invitation, person: User, now: datetime.datetime) -> Affiliation:
    """The person joins from today with the role offered; where they are in already, nothing more than that."""
    organisation = Organisation.objects.select_for_update().get(pk=invitation.organisation_id)
    today = timezone.localdate(now)
    affiliation = affiliations_of(person, today).filter(organisation=organisation).first()
    if affiliation is None:
        affiliation = Affiliation.objects.create(
            person=person, organisation=organisation, role=invitation.role, can_book=invitation.can_book, since=today
        )
        journal.record(
            "organisations.joined",
            organisation,
            actor_id=person.pk,
            facts={"person": person.pk, "role": invitation.role, "can_book": invitation.can_book},
        )
    invitation.delete()
    return affiliation


@transaction.atomic
def drop_invitation(*, invitation: Invitation, by: User) -> None:
    """Declined by whom it is for, or withdrawn by the organisation."""
    journal.record(
        "organisations.invitation_dropped",
        invitation.organisation,
        actor_id=by.pk,
        facts={"invitation": invitation.pk, "declined": invitation.email == by.email},
    )
    invitation.delete()


@transaction.atomic
def remove_person(*, affiliation: Affiliation, by: User, now: datetime.datetime) -> None:
    """End the affiliation today (one that has not begun never begins). Raises LastRepresentative."""
    organisation = Organisation.objects.select_for_update().get(pk=affiliation.organisation_id)
    affiliation = Affiliation.objects.select_for_update().get(pk=affiliation.pk)
    today = timezone.localdate(now)
    others = Affiliation.objects.on(today).filter(organisation=organisation, role=Affiliation.Role.REPRESENTATIVE)
    if affiliation.role == Affiliation.Role.REPRESENTATIVE and not others.exclude(pk=affiliation.pk).exists():
        raise LastRepresentative
    _end(affiliation, today)
    journal.record("organisations.left", organisation, actor_id=by.pk, facts={"person": affiliation.person_id})


def _end(affiliation: Affiliation, day: datetime.date) -> None:
    affiliation.until = max(day, affiliation.since)
    affiliation.save(update_fields=["until", "updated_at"])


@transaction.atomic
def leave_everything(*, person: User, now: datetime.datetime) -> None:
    """End all affiliations of somebody who is erased; invitations to their address go.

    Raises LastRepresentative, with the organisation's name, where other people would be left without a representative.
    """
    today = timezone.localdate(now)
    for affiliation in (
        Affiliation.objects.current_or_coming(today).filter(person=person).select_related("organisation")
    ):
        others = Affiliation.objects.on(today).filter(organisation_id=affiliation.organisation_id)
        others = others.exclude(person=person)
        if others.exists() and not others.filter(role=Affiliation.Role.REPRESENTATIVE).exists():
            raise LastRepresentative(affiliation.organisation.name)
        _end(affiliation, today)
    Invitation.objects.filter(email=person.email).delete()
