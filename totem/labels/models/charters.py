"""Versions of charters. What is published never changes: PostgreSQL refuses it."""

from datetime import date
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext_lazy as _

from totem.core.constraints import is_sha256_of
from totem.core.triggers import append_only


class CharterVersionQuerySet(models.QuerySet["CharterVersion"]):
    def for_day(self, day: date) -> Self:
        """The version of each charter that is used on that day: the one in force, else the last that was, else the
        first to come.
        """
        begun = Q(valid_from__lte=day)
        over = Q(valid_until__lte=day)
        rank = Case(When(begun & ~over, then=0), When(begun, then=1), default=2, output_field=models.IntegerField())
        last_begun = F("begun_on").desc(nulls_last=True)
        rows = self.annotate(rank=rank, begun_on=Case(When(begun, then="valid_from")))
        return rows.order_by("slug", "rank", last_begun, "valid_from", "-pk").distinct("slug")

    def newest(self) -> Self:
        """The last version of each charter, in force or not."""
        return self.order_by("slug", "-valid_from", "-pk").distinct("slug")


class CharterVersion(models.Model):
    """One version of a charter: its content as canonical JSON, and the file it was read from."""

    slug = models.SlugField(_("charter"), max_length=40)
    version = models.CharField(_("version"), max_length=20)
    valid_from = models.DateField(_("in force from"))
    valid_until = models.DateField(_("until"), null=True, blank=True, help_text=_("The first day it no longer holds."))
    content = models.TextField(help_text="Canonical JSON of `charter.Charter`.")
    file = models.TextField(help_text="The TOML file, as it was published.")
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    published_at = models.DateTimeField(_("published"))
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = CharterVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a charter")
        verbose_name_plural = _("versions of charters")
        ordering: ClassVar = ["slug", "-valid_from", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["slug", "version"], name="charter_version_once"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")), name="charter_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=is_sha256_of("content"), name="charter_is_its_sum"),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.slug} {self.version}"
