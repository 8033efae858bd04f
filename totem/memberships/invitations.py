"""Invitations to become a member of a hub, sent by its managers."""

from datetime import date, datetime
from functools import partial

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from totem.accounts.invitations import InvitationKind, Offer, register
from totem.accounts.models import User
from totem.core import clock
from totem.core.components import Words
from totem.hubs.invitations import MOST, hub_page, manages
from totem.hubs.mails import sender_of
from totem.hubs.models import Hub, Membership
from totem.memberships.actions.admissions import add_membership


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
        may_invite=manages,
        managed_at=partial(hub_page, "memberships:member_add"),
        home=partial(hub_page, "website:hub"),
        sender=sender_of,
        most=MOST,
    )
)
