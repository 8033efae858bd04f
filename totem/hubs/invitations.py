"""Invitations to the team of a hub, sent by its managers."""

from datetime import datetime
from functools import partial

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from totem.accounts.invitations import InvitationKind, Offer, register
from totem.accounts.models import User
from totem.core.components import Words
from totem.hubs.actions import add_team_member
from totem.hubs.mails import sender_of
from totem.hubs.models import Hub, Role, TeamMember
from totem.hubs.permissions import MANAGE

MOST = 200  # a hub may invite all its members at once


def hub_page(route: str, hub: Hub) -> str:
    return reverse(route, args=[hub.slug])


def manages(person: User, hub: Hub) -> bool:
    return person.has_perm(MANAGE, hub)


def _role(offer: Offer) -> Words:
    return _("%(role)s, in the team") % {"role": Role(offer["role"]).label}


def _check_role(hub: Hub, email: str, offer: Offer) -> None:
    if TeamMember.objects.filter(hub=hub, person__email=email, role=offer["role"]).exists():
        raise ValidationError(_("This person already has this role."))


def _join_team(hub: Hub, person: User, offer: Offer, now: datetime) -> None:  # noqa: ARG001
    if not TeamMember.objects.filter(hub=hub, person=person, role=offer["role"]).exists():
        add_team_member(hub=hub, person=person, role=offer["role"], by=person)


TEAM = register(
    InvitationKind(
        "hubs.team",
        Hub,
        words=_role,
        check=_check_role,
        join=_join_team,
        may_invite=manages,
        managed_at=partial(hub_page, "hubs:team"),
        home=partial(hub_page, "website:hub"),
        sender=sender_of,
        most=MOST,
    )
)
