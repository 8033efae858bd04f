"""Who may found a hub: the installation's staff, and, once, each person whose request they grant."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.accounts.models import User
from totem.core import journal, limits, mail
from totem.core.limits import Taker
from totem.hubs.actions import create_hub
from totem.hubs.models import FoundingRequest, Hub
from totem.organisations.actions import create_organisation
from totem.organisations.models import Organisation, OrganisationKind

State = FoundingRequest.State


def granted_to(person: User) -> QuerySet[FoundingRequest]:
    """The person's requests that were granted and founded nothing yet, the oldest first."""
    return FoundingRequest.objects.filter(person=person, state=State.GRANTED, hub=None).order_by("pk")


def may_found(person: User) -> bool:
    """Whether the person may found a hub now."""
    return person.is_staff or granted_to(person).exists()


@transaction.atomic
def ask(*, person: User, name: str, message: str) -> FoundingRequest:
    """Ask the staff for a hub; each of them receives a mail. Raises ValidationError, also while another one waits."""
    limits.lock(Taker.person(person.pk))
    row = FoundingRequest(person=person, name=name, message=message)
    row.full_clean()
    row.save(force_insert=True)
    entry = journal.record("hubs.founding_asked", row, actor_id=person.pk)
    url = reverse("hubs:founding_request", args=[row.pk])
    for reader in User.objects.filter(is_staff=True, is_active=True).order_by("pk"):
        _write(row, reader, f"hubs.founding_asked:{entry.pk}:{reader.pk}", url, gettext_lazy("Answer"))
    return row


@transaction.atomic
def answer(*, request: FoundingRequest, yes: bool, reason: str, by: User) -> FoundingRequest:
    """Grant the request or refuse it; its author receives a mail.

    Raises ValidationError: no reason for a no, or answered in the meantime.
    """
    row = FoundingRequest.objects.select_for_update(of=("self",)).select_related("person").get(pk=request.pk)
    if row.state != State.WAITING:
        raise ValidationError(_("Somebody answered in the meantime: this page shows how it stands now."))
    if not yes and not reason.strip():
        raise ValidationError({"reason": _("Say why: the person reads it.")})
    row.state, row.answer = State.GRANTED if yes else State.REFUSED, reason.strip()
    row.save()
    entry = journal.record("hubs.founding_answered", row, actor_id=by.pk, facts={"yes": yes})
    label = gettext_lazy("Found the hub") if yes else gettext_lazy("Read it")
    _write(row, row.person, f"hubs.founding_answered:{entry.pk}", reverse("hubs:create"), label)
    return row


def _write(row: FoundingRequest, reader: User, key: str, url: str, label: Any) -> None:
    mail.queue(
        key=key,
        to=reader.email,
        language=reader.language,
        template="hubs/mail/founding",
        context={"asked": row, "action_url": settings.SITE_URL + url, "action_label": label},
    )


@transaction.atomic
def found(
    *, by: User, now: datetime, operator: Organisation | None, organisation: dict[str, Any], **fields: Any
) -> Hub:
    """A new hub, hidden, with `by` as its first manager; a request that was granted is used up.

    It is run by `operator`, or by a new organisation of these values, which `by` represents. Raises ValidationError,
    also where `by` may not found one.
    """
    granted = granted_to(by).select_for_update().first()
    if granted is None and not by.is_staff:
        raise ValidationError(_("The hub that was granted is founded already."))
    if operator is None:
        operator = create_organisation(by=by, now=now, kind=OrganisationKind.HUB_OPERATOR, **organisation)
    hub = create_hub(operator=operator, by=by, **fields)
    if granted is not None:
        granted.hub = hub
        granted.save(update_fields=["hub", "updated_at"])
    return hub
