"""Receivers of the signals about people: export and erasure of personal data."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from totem.accounts.actions import ErasureRefused
from totem.accounts.models import User
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.territories.actions import LastOfficerError, leave_workspaces
from totem.territories.models import Document, PerimeterVersion, WorkspaceMember


@receiver(person_erasing, dispatch_uid="territories.leave")
def leave_when_erased(person: User, **_kwargs: object) -> None:
    """An erased person leaves their workspaces; refused where others would lose their only officer."""
    try:
        leave_workspaces(person=person)
    except LastOfficerError as last:
        raise ErasureRefused(_("A territory would lose its only officer: name another one first.")) from last


@receiver(personal_data_requested, dispatch_uid="territories.workspaces")
def give_workspaces(person: User, **_kwargs: object) -> dict[str, Any]:
    """The person's roles in workspaces, the versions of perimeters they published, the documents they sent."""
    roles = WorkspaceMember.objects.filter(person=person).select_related("workspace").order_by("pk")
    versions = PerimeterVersion.objects.filter(created_by=person).select_related("perimeter").order_by("pk")
    return {
        "workspaces": [{"workspace": row.workspace.name, "role": row.role} for row in roles],
        "perimeter_versions": [
            {"perimeter": row.perimeter.name, "version": row.number, "published": row.created_at.isoformat()}
            for row in versions
        ],
        "documents": [
            {"name": row.name, "title": row.title, "sha256": row.sha256, "sent": row.created_at.isoformat()}
            for row in Document.objects.filter(added_by=person).order_by("pk")
        ],
    }
