"""Mails about dues: the answer to a request, and the reminder once a period."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.core import mail
from totem.hubs.mails import sender_of
from totem.hubs.models import Hub
from totem.memberships.models import DuesState, DuesTerm


def _write(name: str, term: DuesTerm, hub: Hub, key: str, **context: Any) -> None:
    page = settings.SITE_URL + reverse("memberships:join", args=[hub.slug])
    mail.queue(
        key=f"memberships.{name}:{key}",
        to=term.person.email,
        language=term.person.language,
        template=f"memberships/mail/{name}",
        sender=sender_of(hub),
        context={"hub": hub.name, "term": term, "action_url": page, "action_label": _("See my dues"), **context},
    )


def write_dues_answer(term: DuesTerm) -> None:
    """Queue the mail that says whether the association accepts them, and what there is to pay."""
    refused = term.state == DuesState.REFUSED
    key = f"{term.pk}:{term.state}:{term.updated_at:%Y%m%d%H%M%S}"
    _write("dues_answered", term, term.hub, key, refused=refused, due=term.state == DuesState.TO_PAY)


def write_dues_reminder(term: DuesTerm, hub: Hub) -> None:
    """Queue the mail, once a period, that dues have ended."""
    _write("dues_ended", term, hub, str(term.pk))
