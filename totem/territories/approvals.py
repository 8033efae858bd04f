"""What the installation's staff approves: that a territory works here, and that it publishes (decision 10)."""

from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.accounts.models import User
from totem.core import journal, mail
from totem.core.approvals import RequestKind, WaitingRequest, add_request_kind
from totem.core.models import JournalEntry
from totem.territories.models import WAITING_STATES, Workspace, WorkspaceRole, WorkspaceState

ASKED = {WorkspaceState.REFUSED: WorkspaceState.REQUESTED, WorkspaceState.APPROVED: WorkspaceState.ASKS_TO_PUBLISH}
YES = {
    WorkspaceState.REQUESTED: WorkspaceState.APPROVED,
    WorkspaceState.REFUSED: WorkspaceState.APPROVED,
    WorkspaceState.ASKS_TO_PUBLISH: WorkspaceState.TRUSTED,
    WorkspaceState.APPROVED: WorkspaceState.TRUSTED,
}
NO = {
    WorkspaceState.REQUESTED: WorkspaceState.REFUSED,
    WorkspaceState.ASKS_TO_PUBLISH: WorkspaceState.APPROVED,
    WorkspaceState.APPROVED: WorkspaceState.REFUSED,
    WorkspaceState.TRUSTED: WorkspaceState.APPROVED,
}


def _waiting() -> QuerySet[Workspace]:
    return Workspace.objects.filter(state__in=WAITING_STATES).order_by("asked_at", "pk")


def _row(workspace: Workspace) -> WaitingRequest:
    url = reverse("territories:staff_workspace", args=[workspace.slug])
    return WaitingRequest(workspace.name, url, workspace.asked_at, workspace.get_state_display())


add_request_kind(RequestKind(gettext_lazy("Territory"), _waiting, _row))


def check_may_publish(workspace: Workspace | None) -> None:
    """Raise ValidationError, at the field `public`, unless the workspace publishes; public data (None) always does."""
    if workspace is not None and workspace.state != WorkspaceState.TRUSTED:
        words = _("The first publication needs the approval of the installation’s team: ask for it in the settings.")
        raise ValidationError({"public": words}, code="approval")


@transaction.atomic
def ask(*, workspace: Workspace, request: str, by: User, now: datetime) -> Workspace:
    """Ask to publish, or again for the approval that was refused. Raises ValidationError where nothing is due."""
    row = Workspace.objects.select_for_update().get(pk=workspace.pk)
    if row.state not in ASKED:
        raise ValidationError(_("There is nothing to ask for: this page shows how it stands now."))
    row.state, row.request, row.answer, row.asked_at = ASKED[WorkspaceState(row.state)], request, "", now
    row.full_clean()
    row.save()
    tell_staff(row, journal.record("territories.approval_asked", row, actor_id=by.pk, scope=row, facts=_state(row)))
    return row


def tell_staff(workspace: Workspace, entry: JournalEntry) -> None:
    """Queue the mail to each of the staff that the workspace asks for something; `entry` makes its key."""
    _write(workspace, entry, "asked", User.objects.filter(is_staff=True, is_active=True), "territories:staff_workspace")


@transaction.atomic
def answer(*, workspace: Workspace, seen: str, yes: bool, reason: str, by: User | None) -> Workspace:
    """Approve the next step, or refuse it (withdraw it, from one that publishes: all it shows is hidden).

    `seen` is the state that was answered. Raises ValidationError: no reason for a no, or answered in the meantime.
    """
    row = Workspace.objects.select_for_update().get(pk=workspace.pk)
    after = (YES if yes else NO).get(WorkspaceState(row.state))
    if row.state != seen or after is None:
        raise ValidationError(_("Somebody answered in the meantime: this page shows how it stands now."))
    if not yes and not reason.strip():
        raise ValidationError({"reason": _("Say why: the team reads it.")})
    if row.state == WorkspaceState.TRUSTED:
        _hide_all(row)
    row.state, row.answer = after, reason.strip()
    row.full_clean()
    row.save()
    facts = {"yes": yes, **_state(row)}
    entry = journal.record("territories.approval_answered", row, actor_id=by.pk if by else None, scope=row, facts=facts)
    officers = User.objects.filter(workspaces__workspace=row, workspaces__role=WorkspaceRole.OFFICER, is_active=True)
    _write(row, entry, "answered", officers, "territories:workspace")
    return row


def _hide_all(workspace: Workspace) -> None:
    """No row of the workspace is public any more, of whichever room: a trigger refuses to withdraw trust before."""
    for model in apps.get_models():
        if {"workspace", "public"} <= {field.name for field in model._meta.fields}:
            model._default_manager.filter(workspace=workspace, public=True).update(public=False)


def _state(workspace: Workspace) -> dict[str, str]:
    return {"state": str(workspace.state)}


def _write(workspace: Workspace, entry: JournalEntry, name: str, readers: QuerySet[User], route: str) -> None:
    for reader in readers.order_by("pk"):
        mail.queue(
            key=f"territories.{name}:{entry.pk}:{reader.pk}",
            to=reader.email,
            language=reader.language,
            template=f"territories/mail/{name}",
            context={
                "workspace": workspace,
                "action_url": settings.SITE_URL + reverse(route, args=[workspace.slug]),
                "action_label": gettext_lazy("Read it"),
            },
        )
