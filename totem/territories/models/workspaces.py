"""Workspaces of territories: what the staff has approved, and their team."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from totem.core.model_fields import NameField
from totem.core.models import Dated
from totem.territories.triggers import NOTHING_PUBLIC_WITHOUT_TRUST


class WorkspaceState(models.TextChoices):
    """What the installation's staff has approved. Only a trusted workspace publishes (decision 10)."""

    REQUESTED = "requested", _("Waits for its approval")
    REFUSED = "refused", _("Refused")
    APPROVED = "approved", _("Approved, publishes nothing")
    ASKS_TO_PUBLISH = "asks", _("Asks to publish")
    TRUSTED = "trusted", _("Approved, publishes")


WAITING_STATES = (WorkspaceState.REQUESTED, WorkspaceState.ASKS_TO_PUBLISH)


class Workspace(Dated):
    """The shared space of a territory's team: its members, perimeters and documents."""

    slug = models.SlugField(_("address on this site"), unique=True)
    name = NameField(_("name"), max_length=120)
    state = models.CharField(
        _("state"), max_length=10, choices=WorkspaceState.choices, default=WorkspaceState.REQUESTED
    )
    request = models.TextField(_("what the team asks"), max_length=1000, blank=True)
    answer = models.TextField(_("what the staff answered"), max_length=1000, blank=True)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    quota = models.PositiveBigIntegerField(
        _("documents at most (bytes)"), null=True, blank=True, help_text="None: that of the settings."
    )

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=WorkspaceState.values), name="workspace_state_known"),
            models.CheckConstraint(
                condition=~Q(state=WorkspaceState.REFUSED) | ~Q(answer=""), name="workspace_refused_for_a_reason"
            ),
        ]
        triggers: ClassVar = [NOTHING_PUBLIC_WITHOUT_TRUST]

    def __str__(self) -> str:
        return self.name


class WorkspaceRole(models.TextChoices):
    """A reader may see what belongs to the workspace, an agent may also change it, an officer also manages the team."""

    OFFICER = "officer", _("Officer")
    AGENT = "agent", _("Agent")
    READER = "reader", _("Reader")


class WorkspaceMember(models.Model):
    """A person's role in the team of a workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="workspaces")
    role = models.CharField(_("role"), max_length=10, choices=WorkspaceRole.choices)

    class Meta:
        verbose_name = _("member of a workspace")
        verbose_name_plural = _("members of workspaces")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "person"], name="workspace_member_once"),
            models.CheckConstraint(condition=Q(role__in=WorkspaceRole.values), name="workspace_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.workspace_id}"
