"""Mails about aid: its attestation to who receives it, and to the managers of the hub what has to be done."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.accounts.models import User
from totem.core import mail
from totem.core.models import StoredFile
from totem.hubs.mails import sender_of
from totem.hubs.models import Hub, Role
from totem.memberships.aid.queries import beneficiaries, standings
from totem.memberships.aid.register import register_due
from totem.memberships.models import AidAttestation

REMINDED_BEFORE = 7
"""Days before the last one on which aid has to be entered in the register."""


def write_attestation(row: AidAttestation, file: StoredFile) -> None:
    """Queue the mail with the attestation, where the customer has an address."""
    person = row.customer.person
    to, language = (person.email, person.language) if person else (row.customer.email, settings.LANGUAGE_CODE)
    if to:
        mail.queue(
            key=f"memberships.aid_attested:{row.pk}", to=to, language=language,
            template="memberships/mail/aid_attested", sender=sender_of(row.hub),
            context={"hub": row.hub.name, "attestation": row},
            attached=(f"attestation-aide-{row.number}.pdf", file),
        )  # fmt: skip


def remind_of_aid(hub: Hub, now: datetime) -> None:
    """Queue what its managers are told: who nears the ceiling, once a year, and what is to enter in the register."""
    today = now.astimezone(hub.zone).date()
    customers = list(beneficiaries(hub))
    totals = {pk: standing.total(today) for pk, standing in standings(hub, customers).items()} if customers else {}
    for customer in customers:
        if totals[customer.pk].is_near_ceiling:
            _tell(hub, "aid_near_ceiling", f"{customer.pk}:{today.year}", customer=customer, aid=totals[customer.pk])
    due = [row for row in register_due(hub, today) if (row.due_by - today).days <= REMINDED_BEFORE]
    if due:
        _tell(hub, "aid_due", f"{hub.pk}:{due[-1].due_by}", number=len(due), day=due[0].due_by)


def _tell(hub: Hub, name: str, key: str, **context: object) -> None:
    url = settings.SITE_URL + reverse("memberships:aid", args=[hub.slug])
    for manager in User.objects.filter(team_roles__hub=hub, team_roles__role=Role.MANAGER, is_active=True):
        mail.queue(
            key=f"memberships.{name}:{key}:{manager.pk}", to=manager.email, language=manager.language,
            template=f"memberships/mail/{name}", sender=sender_of(hub),
            context={"hub": hub.name, "action_url": url, "action_label": _("Incubation aid"), **context},
        )  # fmt: skip
