"""Invitations by address: one mail to somebody, with an account or without, who accepts or declines.

A room registers what one may be invited to in its `invitations.py`, with the action that joins:

    TEAM = register(InvitationKind("hubs.team", Hub, words=..., check=..., join=..., may_invite=..., ...))

Each mail may reach somebody who knows nothing of Totem: their number is limited (`accounts.limits`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from totem.accounts.limits import RECEIVED, SENT
from totem.accounts.models import Invitation, InvitationQuerySet, User
from totem.core import journal, limits, mail
from totem.core.calendar_files import Party
from totem.core.components import Words
from totem.core.email_addresses import canonical_address
from totem.core.limits import Taker
from totem.core.models import assign_changes

Offer = Mapping[str, Any]

KEPT = timedelta(days=365)
COUNTED = timedelta(days=30)  # of one thing's invitations without an answer
MOST_MAILS = 3  # of one invitation
SENT_AGAIN_AFTER = timedelta(days=1)


@dataclass(frozen=True, eq=False)
class InvitationKind:
    """Something that one is invited to: a row of `model`, with an offer (a role, the days of a membership).

    `words` says the offer, in the active language. `check` raises ValidationError where who has that address is in it
    already. `join` writes what accepting does, with the locks of its room; it changes nothing where they joined in the
    meantime, and raises ValidationError where the offer holds no longer. `may_invite` is who sends and withdraws, on
    the page at `managed_at`; who accepts lands at `home`. Mails come from `sender`. At most `most` invitations of
    thirty days are without an answer.
    """

    name: str
    model: type[Model]
    words: Callable[[Offer], Words]
    check: Callable[[Any, str, Offer], None]
    join: Callable[[Any, User, Offer, datetime], None]
    may_invite: Callable[[User, Any], bool]
    managed_at: Callable[[Any], str]
    home: Callable[[Any], str]
    sender: Callable[[Any], Party | None] = lambda subject: None  # noqa: ARG005
    most: int = 30


_kinds: dict[str, InvitationKind] = {}


def register(kind: InvitationKind) -> InvitationKind:
    """Register a kind and return it. Raises ValueError when its name is taken."""
    if kind.name in _kinds:
        raise ValueError(f"Two kinds of invitations are called {kind.name}.")
    _kinds[kind.name] = kind
    return kind


class InvitationRow(NamedTuple):
    """An invitation with the row that it is about, and what it offers in words."""

    invitation: Invitation
    subject: Any
    words: Words


def sent_to(kind: InvitationKind, subject: Model) -> InvitationQuerySet:
    """The invitations of a kind to that thing, answered or not."""
    return Invitation.objects.filter(kind=kind.name, subject_id=subject.pk)


def waiting_at(kinds: Collection[InvitationKind], subject: Model) -> list[InvitationRow]:
    """The invitations to that thing that wait for an answer, by address. One query."""
    names = [kind.name for kind in kinds]
    rows = Invitation.objects.waiting().filter(kind__in=names, subject_id=subject.pk).order_by("email", "kind")
    return [InvitationRow(row, subject, _kinds[row.kind].words(row.offer)) for row in rows]


def waiting_for(person: User) -> list[InvitationRow]:
    """The invitations that wait for the person's answer, in the order they came. One query, and one for each kind."""
    rows = list(Invitation.objects.waiting().filter(email=person.email).select_related("invited_by").order_by("pk"))
    found = {
        (name, pk): subject
        for name in {row.kind for row in rows}
        for pk, subject in _kinds[name]
        .model._default_manager.in_bulk([row.subject_id for row in rows if row.kind == name])
        .items()
    }
    return [
        InvitationRow(row, found[row.kind, row.subject_id], _kinds[row.kind].words(row.offer))
        for row in rows
        if (row.kind, row.subject_id) in found
    ]


def kind_and_subject(invitation: Invitation) -> tuple[InvitationKind, Any]:
    """What the invitation is to. Raises ObjectDoesNotExist where it is gone."""
    kind = _kinds[invitation.kind]
    return kind, kind.model._default_manager.get(pk=invitation.subject_id)


# -- By who invites ---------------------------------------------------------------------------------------------------


@limits.atomic()
def invite(*, kind: InvitationKind, subject: Model, email: str, offer: Offer, by: User, now: datetime) -> Invitation:
    """Invite the person at that address; one mail is sent, whether or not they have an account.

    Inviting again, also after having withdrawn, changes what is offered and sends no second mail: `sent_at` is when
    they were written to. Raises ValidationError for who is in it or declined, LimitReached.
    """
    email = canonical_address(email)
    limits.lock(Taker.person(by.pk))
    limits.lock(Taker.mailbox(email))
    subject = kind.model._default_manager.select_for_update(no_key=True, of=("self",)).get(pk=subject.pk)
    kind.check(subject, email, offer)
    known = sent_to(kind, subject).filter(email=email).first()
    if known is None:
        return _first(Invitation(kind=kind.name, email=email, offer=dict(offer)), kind, subject, by, now)
    if known.declined_at is not None:
        raise ValidationError(_("This person declined: they are not written to again."))
    assign_changes(known, {"offer": dict(offer), "withdrawn_at": None})
    known.save()
    return known


def _first(invitation: Invitation, kind: InvitationKind, subject: Model, by: User, now: datetime) -> Invitation:
    if sent_to(kind, subject).filter(created_at__gt=now - COUNTED).count() >= kind.most:
        raise ValidationError(_("Enough invitations were sent that nobody answered."))
    invitation.subject_id, invitation.mails = subject.pk, 0
    return _send(invitation, kind, subject, by, now)


@limits.atomic()
def send_again(*, invitation: Invitation, by: User, now: datetime) -> Invitation:
    """Send the mail of an invitation that waits once more.

    Raises ValidationError within a day of the last mail, and after three in all; LimitReached.
    """
    limits.lock(Taker.person(by.pk))
    limits.lock(Taker.mailbox(invitation.email))
    row = Invitation.objects.waiting().select_for_update(of=("self",)).get(pk=invitation.pk)
    if row.mails >= MOST_MAILS:
        raise ValidationError(_("They were written to three times: this is not sent again."))
    if now < row.sent_at + SENT_AGAIN_AFTER:
        raise ValidationError(_("They were written to within a day: wait before you send it again."))
    return _send(row, *kind_and_subject(row), by, now)


def _send(invitation: Invitation, kind: InvitationKind, subject: Any, by: User, now: datetime) -> Invitation:
    """Count the mail against the limits, keep the invitation and queue the mail."""
    limits.require(SENT, Taker.person(by.pk), now=now)
    limits.require(RECEIVED, Taker.mailbox(invitation.email), now=now)
    invitation.invited_by, invitation.mails, invitation.sent_at = by, invitation.mails + 1, now
    invitation.save()
    entry = _record("invited", kind, subject, by, invitation=invitation.pk, **invitation.offer)
    _write(invitation, kind, subject, f"accounts.invited:{entry.pk}")
    return invitation


def _write(invitation: Invitation, kind: InvitationKind, subject: Any, key: str) -> None:
    """Queue the mail, in the language of who has that address, else of who invites."""
    known = User.objects.filter(email=invitation.email, is_active=True).first()
    by = invitation.invited_by
    assert by is not None  # noqa: S101 - whoever sends is set before
    language = known.language if known else by.language
    page = reverse("accounts:invitations")
    with translation.override(language):
        offer = str(kind.words(invitation.offer))
    mail.queue(
        key=key,
        to=invitation.email,
        language=language,
        template="accounts/mail/invited",
        sender=kind.sender(subject),
        context={
            "subject_name": str(subject),
            "by": by.name,
            "offer": offer,
            "their_email": invitation.email,
            "is_known": known is not None,
            "action_url": settings.SITE_URL + (page if known else reverse("account_signup", query={"next": page})),
            "action_label": _("Answer the invitation") if known else _("Create my account and answer"),
        },
    )


def _record(verb: str, kind: InvitationKind, subject: Model, by: User, **facts: Any) -> Any:
    room = kind.name.partition(".")[0]
    return journal.record(f"{room}.{verb}", subject, actor_id=by.pk, scope=subject, facts={"kind": kind.name, **facts})


@transaction.atomic
def withdraw(*, invitation: Invitation, by: User, now: datetime) -> None:
    """Take back an invitation that was not answered."""
    _drop(invitation, by, "withdrawn_at", now)


# -- By who is invited ------------------------------------------------------------------------------------------------


@transaction.atomic
def accept(*, invitation: Invitation, person: User, now: datetime) -> str:
    """The person joins; returns the address of what they joined. Raises ValidationError where it holds no longer."""
    limits.lock(Taker.person(person.pk))
    limits.lock(Taker.mailbox(invitation.email))
    row = Invitation.objects.waiting().filter(pk=invitation.pk).first()
    if row is None:
        raise ValidationError(_("This invitation was answered or taken back."))
    kind, subject = kind_and_subject(row)
    kind.join(subject, person, row.offer, now)
    row.delete()
    return kind.home(subject)


@transaction.atomic
def decline(*, invitation: Invitation, by: User, now: datetime) -> None:
    """Not join; the address is not invited to it again."""
    _drop(invitation, by, "declined_at", now)


def _drop(invitation: Invitation, by: User, field: str, now: datetime) -> None:
    limits.lock(Taker.mailbox(invitation.email))  # as who invites: an answer is never written over
    if Invitation.objects.waiting().filter(pk=invitation.pk).update(**{field: now}):
        kind, subject = kind_and_subject(invitation)
        facts = {"invitation": invitation.pk, "declined": field == "declined_at"}
        _record("invitation_dropped", kind, subject, by, **facts)


# -- Privacy ----------------------------------------------------------------------------------------------------------


def forget(*, now: datetime) -> None:
    """Delete the invitations of more than a year ago: an address is not kept for ever because somebody typed it."""
    Invitation.objects.filter(created_at__lte=now - KEPT).delete()


def kept_of(person: User) -> list[dict[str, Any]]:
    """The invitations to the person's address, for the export of personal data."""
    rows = Invitation.objects.filter(email=person.email).order_by("pk")
    return [
        {
            "to": row.kind,
            "of": row.subject_id,
            "offer": row.offer,
            "sent": row.sent_at.isoformat(),
            "declined": row.declined_at is not None,
        }
        for row in rows
    ]
