"""What a territory declares, private until it is published, and its documents."""

from typing import ClassVar, Self, TypeVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.core.files import format_label
from totem.core.models import Dated, StoredFile
from totem.core.triggers import Refusal, read_only
from totem.territories.models.workspaces import Workspace
from totem.territories.triggers import published_by_trusted

Row = TypeVar("Row", bound=models.Model)


class DeclaredQuerySet(models.QuerySet[Row]):
    """Rows visible to the workspace that declared them only, until they are published."""

    def visible_to_workspace(self, workspace: Workspace | None) -> Self:
        """The rows that a workspace may see: its own and public ones; without a workspace, public ones."""
        own = Q(workspace=workspace) if workspace is not None else Q()
        return self.filter(Q(public=True) | own) if own else self.filter(public=True)


class Declared(Dated):
    """Something declared by a workspace, private until published; without a workspace it comes from public data."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("declared by")
    )
    public = models.BooleanField(_("shown to the public"), default=False)

    class Meta:
        abstract = True


class ErasureReason(models.TextChoices):
    """Why the content of a document was erased, as a code: the journal keeps no free text, which may be personal."""

    PERSONAL = "personal", _("It holds personal data that we may not keep")
    ASKED = "asked", _("Somebody it speaks of asked for it")
    RIGHTS = "rights", _("We had no right to it, or it is confidential")
    MISTAKE = "mistake", _("It was sent by mistake")


class Document(Declared):
    """A document that a territory uploaded as evidence: name, type and SHA-256 digest of its bytes, which never change.

    The row outlives its bytes: an erased document keeps the date and its digest, and loses its name, which may be
    personal. The same bytes uploaded again afterwards are another document.
    """

    name = models.CharField(_("name of the file"), max_length=150)
    title = models.CharField(_("what it is"), max_length=200, blank=True)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveIntegerField(_("size (bytes)"))
    sha256 = models.CharField(_("SHA-256"), max_length=64, db_index=True)
    stored = models.ForeignKey(
        StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("content")
    )
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    erased_at = models.DateTimeField(_("content erased"), null=True, blank=True)

    objects = DeclaredQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(public=True) | Q(workspace__isnull=False), name="document_has_readers"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="document_has_a_sum"),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True, stored__isnull=False, stored=models.F("sha256"))
                | Q(erased_at__isnull=False, stored__isnull=True),
                name="document_has_its_bytes_until_erased",
            ),
            models.UniqueConstraint(
                fields=["workspace", "sha256"],
                condition=Q(erased_at__isnull=True),
                nulls_distinct=False,
                name="document_once",
            ),
        ]
        triggers: ClassVar = [
            published_by_trusted("document"),
            Refusal(name="document_kept", operation=pgtrigger.Delete | pgtrigger.Truncate),
            read_only("document_is_what_was_sent", "content_type", "size", "sha256", "workspace"),
            Refusal(
                name="document_keeps_its_name",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__name__df=pgtrigger.F("new__name"))
                & ~pgtrigger.Q(old__erased_at__isnull=True, new__erased_at__isnull=False),
            ),
            Refusal(
                name="document_stays_erased",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__erased_at__isnull=False)
                & pgtrigger.Q(old__erased_at__df=pgtrigger.F("new__erased_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.name

    @property
    def kind(self) -> str:
        """The label of its format: PDF, CSV, ODT…"""
        return format_label(self.content_type)

    def get_absolute_url(self) -> str:
        """The address of its bytes. Reads the workspace."""
        if self.workspace is None:
            return reverse("territories:public_document", args=[self.pk])
        return reverse("territories:document", args=[self.workspace.slug, self.pk])
