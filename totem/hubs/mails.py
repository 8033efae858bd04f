"""Mails that come from a hub: its name and address; who asks to become a member, and the answer."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.accounts.models import User
from totem.core import mail
from totem.core.calendar_files import Party
from totem.hubs.models import Hub, Membership, MembershipRequest


def sender_of(hub: Hub) -> Party:
    """Who mails about the hub come from, and whom answers reach: nobody without an address."""
    return Party(hub.name, hub.email)


def write_request(request: MembershipRequest, manager: User, key: str) -> None:
    """Queue the mail that tells a manager of a request to become a member."""
    page = reverse("memberships:request", args=[request.hub.slug, request.pk])
    mail.queue(
        key=key,
        to=manager.email,
        language=manager.language,
        template="hubs/mail/request",
        context={
            "hub": request.hub.name,
            "person": str(request.person),
            "message": request.message,
            "action_url": settings.SITE_URL + page,
            "action_label": _("Answer the request"),
        },
    )


def write_answer(hub: Hub, person: User, key: str, *, membership: Membership | None = None, reason: str = "") -> None:
    """Queue the mail that says whether they are a member; without a membership the hub declined, for that reason."""
    page, label = ("hubs:mine", _("See my hubs")) if membership else ("website:home", _("Look for another hub"))
    mail.queue(
        key=key,
        to=person.email,
        language=person.language,
        template="hubs/mail/request_answered",
        sender=sender_of(hub),
        context={
            "hub": hub.name,
            "membership": membership,
            "reason": reason,
            "action_url": settings.SITE_URL + reverse(page),
            "action_label": label,
        },
    )
