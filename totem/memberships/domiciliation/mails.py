"""Mails to the managers of a hub about what domiciliation asks of them."""

from datetime import date, datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from totem.accounts.models import User
from totem.core import mail
from totem.hubs.mails import sender_of
from totem.hubs.models import Hub, Role
from totem.memberships.domiciliation.queries import Task, tasks

SOON, AGAIN = 3, 28
"""Days: a task is told when it appears, every so many days, and so many days before it is due."""


def remind(hub: Hub, now: datetime) -> None:
    """Queue a mail to each manager for each task that was not told at this stage."""
    today = now.astimezone(hub.zone).date()
    for manager in User.objects.filter(team_roles__hub=hub, team_roles__role=Role.MANAGER, is_active=True):
        with override(manager.language):
            found = tasks(hub, today)
        for task in found:
            mail.queue(
                key=f"memberships.domiciliation:{hub.pk}:{task.key}:{_stage(task, today)}:{manager.pk}",
                to=manager.email, language=manager.language, template="memberships/mail/domiciliation",
                sender=sender_of(hub),
                context={
                    "hub": hub.name, "task": task, "is_due": task.due_on > today,
                    "action_url": settings.SITE_URL + task.url, "action_label": _("See"),
                },
            )  # fmt: skip


def _stage(task: Task, day: date) -> str:
    if 0 <= (task.due_on - day).days <= SOON and task.since + (task.due_on - task.since) / 2 < day:
        return "soon"
    return str((day - task.since).days // AGAIN)
