"""Invitations to the team of a hub and to become a member, sent by its managers."""

from datetime import date, datetime
from functools import partial

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from totem.accounts.invitations import InvitationKind, Offer, register
from totem.accounts.models import User
from totem.core import clock
from totem.core.components import Words
from totem.hubs.actions import add_membership, add_team_member
from totem.hubs.mails import sender_of
from totem.hubs.models import Hub, Membership, Role, TeamMember
from totem.hubs.permissions import MANAGE

MOST = 200  # a hub may invite all its members at once


def _page(route: str, hub: Hub) -> str:
    return reverse(route, args=[hub.slug])


def _manages(person: User, hub: Hub) -> bool:
    return person.has_perm(MANAGE, hub)


# -- The team ---------------------------------------------------------------------------------------------------------


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
        may_invite=_manages,
        managed_at=partial(_page, "hubs:team"),
        home=partial(_page, "website:hub"),
        sender=sender_of,
        most=MOST,
    )
)


# -- The members ------------------------------------------------------------------------------------------------------


def days_offered(starts_on: date, ends_on: date | None) -> dict[str, str | None]:
    """The offer of a membership, both days included; None until further notice."""
    return {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat() if ends_on else None}


def _days(offer: Offer) -> tuple[date, date | None]:
    return date.fromisoformat(offer["starts_on"]), date.fromisoformat(offer["ends_on"]) if offer["ends_on"] else None


def _membership(offer: Offer) -> Words:
    first, last = _days(offer)
    return _("member, %(dates)s") % {"dates": Membership(starts_on=first, ends_on=last).dates}


def _check_days(hub: Hub, email: str, offer: Offer) -> None:
    first, last = _days(offer)
    if last is not None and last < max(first, clock.today(hub.zone)):
        raise ValidationError({"ends_on": _("The end is before the start, or in the past.")})
    covered = Membership.objects.ending_from(first).filter(Q(starts_on__lte=last) if last else Q())
    if covered.filter(hub=hub, person__email=email).exists():
        raise ValidationError(_("This person is already a member during part of this time."))


def _become_member(hub: Hub, person: User, offer: Offer, now: datetime) -> None:
    today = now.astimezone(hub.zone).date()
    first, last = _days(offer)
    if last is not None and last < today:
        raise ValidationError(_("The days that were offered are over: ask the hub for another invitation."))
    first = max(first, today)
    if not Membership.objects.on(first).filter(hub=hub, person=person).exists():
        add_membership(hub=hub, person=person, starts_on=first, ends_on=last, by=person)


MEMBER = register(
    InvitationKind(
        "hubs.member",
        Hub,
        words=_membership,
        check=_check_days,
        join=_become_member,
        may_invite=_manages,
        managed_at=partial(_page, "hubs:member_add"),
        home=partial(_page, "website:hub"),
        sender=sender_of,
        most=MOST,
    )
)
