"""Perimeters: territories that people define, and their versions, which are append-only."""

from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from totem.core.model_fields import NameField
from totem.core.models import Dated
from totem.core.triggers import Trigger, append_only
from totem.territories.models.places import Commune, Department, Epci, FormerRegion, Region
from totem.territories.models.workspaces import Workspace
from totem.territories.triggers import published_by_trusted


class PerimeterQuerySet(models.QuerySet["Perimeter"]):
    def visible_to(self, user: object) -> Self:
        """The perimeters that a person may see: public ones, and those of their workspaces (anonymous: public ones)."""
        mine = Q(workspace__members__person=user.pk) if isinstance(getattr(user, "pk", None), int) else Q()  # type: ignore[attr-defined]
        return self.filter(Q(public=True) | mine).distinct() if mine else self.filter(public=True)


class Perimeter(Dated):
    """A territory defined by people; its versions hold what it is made of. Without workspace: the installation's."""

    slug = models.SlugField(_("address on this site"), unique=True)
    name = NameField(_("name"), max_length=120)
    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.PROTECT,
        related_name="perimeters",
        null=True,
        blank=True,
        verbose_name=_("workspace"),
    )
    public = models.BooleanField(_("shown to the public"), default=False)

    objects = PerimeterQuerySet.as_manager()

    class Meta:
        verbose_name = _("perimeter")
        verbose_name_plural = _("perimeters")
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(public=True) | Q(workspace__isnull=False), name="perimeter_has_readers")
        ]
        triggers: ClassVar = [published_by_trusted("perimeter")]

    def __str__(self) -> str:
        return self.name


class CutRule(models.TextChoices):
    """What counts of the communes that the edge of a polygon cuts (`territories.overlaps`)."""

    INSIDE = "inside", _("What stands in the shape, by its position")
    MAJORITY = "majority", _("Whole those with at least half of their surface in the shape, the others not at all")
    WHOLE = "whole", _("All of them, whole")
    NONE = "none", _("None of them")


class PerimeterVersion(models.Model):
    """What a perimeter is made of from a day on. Append-only: triggers refuse UPDATE and DELETE.

    Either a polygon (WKB, WGS 84) or `part_count` parts. Area and population are those known when it was published.
    """

    perimeter = models.ForeignKey(Perimeter, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    valid_from = models.DateField(_("valid from"))
    polygon = models.BinaryField(null=True)
    cut = models.CharField(max_length=8, choices=CutRule.choices, db_default=CutRule.INSIDE, default=CutRule.INSIDE)
    part_count = models.PositiveIntegerField(default=0)
    area_km2 = models.FloatField(_("area (km²)"), null=True)
    population = models.PositiveIntegerField(_("population"), null=True)
    note = models.CharField(_("what changed"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("version of a perimeter")
        verbose_name_plural = _("versions of perimeters")
        ordering: ClassVar = ["perimeter", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["perimeter", "number"], name="perimeter_version_once"),
            models.CheckConstraint(
                condition=Q(polygon__isnull=False, part_count=0) | Q(polygon__isnull=True, part_count__gt=0),
                name="perimeter_version_polygon_or_parts",
            ),
            models.CheckConstraint(condition=Q(cut__in=CutRule.values), name="perimeter_version_cut_known"),
        ]
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="perimeter_version_whole",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                IF (SELECT count(*) FROM territories_perimeterpart WHERE version_id = NEW.id) <> NEW.part_count THEN
                    RAISE EXCEPTION 'A version of a perimeter has all of its parts.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.perimeter_id} v{self.number} ({self.valid_from})"

    @property
    def address(self) -> str:
        """The query string that selects this version on the perimeter's page."""
        return f"?version={self.number}"


class PerimeterPart(models.Model):
    """One place of a version: exactly one of the five foreign keys is set."""

    PLACES: ClassVar = ("region", "former_region", "department", "epci", "commune")

    version = models.ForeignKey(PerimeterVersion, on_delete=models.PROTECT, related_name="parts")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, related_name="+")
    former_region = models.ForeignKey(FormerRegion, on_delete=models.PROTECT, null=True, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, related_name="+")
    epci = models.ForeignKey(Epci, on_delete=models.PROTECT, null=True, related_name="+")
    commune = models.ForeignKey(Commune, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("part of a perimeter")
        verbose_name_plural = _("parts of perimeters")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Exact(
                    models.Func(
                        *("region", "former_region", "department", "epci", "commune"),
                        function="num_nonnulls",
                        output_field=models.IntegerField(),
                    ),
                    1,
                ),
                name="perimeter_part_names_one_place",
            ),
            models.UniqueConstraint(
                fields=["version", "region", "former_region", "department", "epci", "commune"],
                nulls_distinct=False,
                name="perimeter_part_once",
            ),
        ]
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="perimeter_part_of_its_version",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF (SELECT count(*) FROM territories_perimeterpart WHERE version_id = NEW.version_id)
                   >= (SELECT part_count FROM territories_perimeterversion WHERE id = NEW.version_id) THEN
                    RAISE EXCEPTION 'This version of the perimeter is published.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: " + next(
            f"{place} {code}" for place in self.PLACES if (code := getattr(self, f"{place}_id"))
        )
