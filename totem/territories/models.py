"""Regions, departments, groupings (EPCI) and communes as INSEE codes them; loaded by `manage.py load_communes`.

The official code is the key: it is stable, people read it, and a new edition of the list needs no look-up of ids.
"""

import re
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from totem.core.names import SortKeyField, sort_key


class Region(models.Model):
    """A region, or an overseas collectivity standing for one."""

    code = models.CharField(_("INSEE code"), max_length=3, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    sort_key = SortKeyField(source="name")

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering: ClassVar = ["sort_key"]

    def __str__(self) -> str:
        return self.name


# Subdivisions of the `holidays` library for France. Alsace-Moselle: Code du travail, art. L3134-13; overseas:
# art. L3422-2 and the law of 30 June 1983 on the abolition of slavery. Everywhere else: the eleven days of L3133-1.
HOLIDAY_ZONES = {
    "57": "57",
    "67": "6AE",
    "68": "6AE",
    "971": "971",
    "972": "972",
    "973": "973",
    "974": "974",
    "975": "PM",
    "976": "976",
    "977": "BL",
    "978": "MF",
    "984": "TF",
    "986": "WF",
    "987": "PF",
    "988": "NC",
}


class Department(models.Model):
    """A department, or an overseas collectivity standing for one."""

    code = models.CharField(_("INSEE code"), max_length=3, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    sort_key = SortKeyField(source="name")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="departments", verbose_name=_("region"))

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.name

    @property
    def holiday_zone(self) -> str:
        """The subdivision of the `holidays` library whose public holidays hold here; empty for the national list."""
        return HOLIDAY_ZONES.get(self.code, "")


class Epci(models.Model):
    """An intercommunal body with its own taxes (établissement public de coopération intercommunale)."""

    class Type(models.TextChoices):
        CC = "CC", _("Community of communes")
        CA = "CA", _("Agglomeration community")
        CU = "CU", _("Urban community")
        METRO = "METRO", _("Metropolis")
        MET69 = "MET69", _("Metropolis of Lyon")

    code = models.CharField(_("SIREN"), max_length=9, primary_key=True)
    name = models.CharField(_("name"), max_length=150)
    sort_key = SortKeyField(source="name")
    type = models.CharField(_("type"), max_length=5, choices=Type.choices)
    population = models.PositiveIntegerField(_("population"), null=True)

    class Meta:
        verbose_name = _("EPCI")
        verbose_name_plural = _("EPCI")
        ordering: ClassVar = ["sort_key"]

    def __str__(self) -> str:
        return self.name


def commune_key(text: str) -> str:
    """The sort key of a commune's name without its article, as directories order them: `Le Havre` -> `havre`."""
    return re.sub(r"^(l|le|la|les) (?=.)", "", sort_key(text))


class CommuneKeyField(SortKeyField):
    """The key a commune is looked for by."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: ARG002
        key = commune_key(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, key)
        return key


class Commune(models.Model):
    """A commune. One that has been merged since stays, with `current` false, for what refers to it."""

    code = models.CharField(_("INSEE code"), max_length=5, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    sort_key = CommuneKeyField(source="name", db_index=True)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="communes", verbose_name=_("department")
    )
    epci = models.ForeignKey(
        Epci, on_delete=models.PROTECT, related_name="communes", null=True, blank=True, verbose_name=_("EPCI")
    )
    population = models.PositiveIntegerField(_("population"), null=True, blank=True)
    postcodes = ArrayField(models.CharField(max_length=5), default=list, blank=True, verbose_name=_("postcodes"))
    current = models.BooleanField(_("exists today"), default=True)

    class Meta:
        verbose_name = _("commune")
        verbose_name_plural = _("communes")
        ordering: ClassVar = ["sort_key", "code"]
        indexes: ClassVar = [GinIndex(fields=["postcodes"], name="commune_postcodes")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Name and department number, enough to tell namesakes apart: `Amiens (80)`."""
        return f"{self.name} ({self.department_id})"


class Edition(models.Model):
    """Which edition of an outside list was loaded, and when: loading the same again is free."""

    package = models.CharField(max_length=80, primary_key=True)
    version = models.CharField(max_length=20)
    loaded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("edition of reference data")
        verbose_name_plural = _("editions of reference data")

    def __str__(self) -> str:
        return f"{self.package} {self.version}"
