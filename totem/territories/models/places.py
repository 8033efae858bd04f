"""Regions, departments, groupings (EPCI) and communes by INSEE code, and the edition of each list.

The official code is the primary key: it is stable, readable, and a new edition of the list needs no look-up of ids.
Lists are loaded by `manage.py load_communes`, outlines by `totem territories outlines`.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.core.sort_keys import SortKeyField
from totem.territories.name_keys import CommuneKeyField
from totem.territories.public_holidays import CUSTOMARY_HOLIDAYS, HOLIDAY_ZONES, CustomaryHoliday


class Region(models.Model):
    """A region, or an overseas collectivity in its place."""

    code = models.CharField(_("INSEE code"), max_length=3, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    sort_key = SortKeyField(source="name")
    population = models.PositiveIntegerField(_("population"), null=True)

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering: ClassVar = ["sort_key"]

    def __str__(self) -> str:
        return self.name


class FormerRegion(models.Model):
    """One of the 22 metropolitan regions of before 2016 (loi n° 2015-29 of 16 January 2015): Picardie, Alsace…"""

    code = models.CharField(_("INSEE code"), max_length=2, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    sort_key = SortKeyField(source="name")
    population = models.PositiveIntegerField(_("population"), null=True)

    class Meta:
        verbose_name = _("former region")
        verbose_name_plural = _("former regions")
        ordering: ClassVar = ["sort_key"]

    def __str__(self) -> str:
        return self.name


PHONE_REGIONS = {
    "971": "GP",
    "972": "MQ",
    "973": "GF",
    "974": "RE",
    "975": "PM",
    "976": "YT",
    "977": "BL",
    "978": "MF",
    "986": "WF",
    "987": "PF",
    "988": "NC",
}

TIME_ZONES = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "977": "America/St_Barthelemy",
    "978": "America/Marigot",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}


class Department(models.Model):
    """A department, or an overseas collectivity in its place."""

    code = models.CharField(_("INSEE code"), max_length=3, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    sort_key = SortKeyField(source="name")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="departments", verbose_name=_("region"))
    former_region = models.ForeignKey(
        FormerRegion,
        on_delete=models.PROTECT,
        related_name="departments",
        null=True,
        verbose_name=_("former region"),
        help_text=_("Empty overseas, where regions have not changed."),
    )
    population = models.PositiveIntegerField(_("population"), null=True)

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.name

    @property
    def holiday_zone(self) -> str:
        """The subdivision of the `holidays` library for its public holidays; empty for the national list."""
        return HOLIDAY_ZONES.get(self.code, "")

    @property
    def phone_region(self) -> str:
        """The region (ISO 3166) that a telephone number without a country belongs to."""
        return PHONE_REGIONS.get(self.code, "FR")

    @property
    def time_zone(self) -> str:
        """The IANA time zone of its clocks; of 987 that of Tahiti."""
        return TIME_ZONES.get(self.code, "Europe/Paris")

    @property
    def customary_holidays(self) -> list[CustomaryHoliday]:
        """The days on which a hub there may choose to close by custom."""
        return CUSTOMARY_HOLIDAYS.get(self.code, [])


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


class Commune(models.Model):
    """A commune. One that has been merged into another stays, with `current` false, for rows that refer to it."""

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

    found_as: "FormerCommune | None" = None  # what a search found it by; not kept

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

    @property
    def title(self) -> str:
        """The label, or the former commune that it was found as with the label."""
        return self.found_as.title if self.found_as else self.label


class FormerCommune(models.Model):
    """The code and name of a former commune or of a municipal district, and the current commune that it folds into.

    Registers keep such codes for years. A seat of a merged commune has the code of that commune and another name.
    """

    class Kind(models.TextChoices):
        DELEGATED = "commune-deleguee", _("Delegated commune")
        ASSOCIATED = "commune-associee", _("Associated commune")
        DISTRICT = "arrondissement-municipal", _("Municipal district")
        MERGED = "commune-ancienne", _("Former commune")

    code = models.CharField(_("INSEE code"), max_length=5, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    sort_key = CommuneKeyField(source="name", db_index=True, db_default="")
    kind = models.CharField(_("kind"), max_length=24, choices=Kind.choices)
    current = models.ForeignKey(
        Commune, on_delete=models.PROTECT, related_name="former", verbose_name=_("commune of today")
    )

    class Meta:
        verbose_name = _("former commune")
        verbose_name_plural = _("former communes")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(code=models.F("current")) | Q(kind__in=["commune-deleguee", "commune-associee"]),
                name="former_commune_folds_elsewhere",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["commune-deleguee", "commune-associee", "arrondissement-municipal", "commune-ancienne"]
                ),
                name="former_commune_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def title(self) -> str:
        """The former commune and that of today, in words. Reads the current commune."""
        words = {"name": self.code if self.name == self.current.name else self.name, "current": self.current.label}
        if self.kind == self.Kind.DISTRICT:
            return str(_("%(name)s, in %(current)s") % words)
        return str(_("%(name)s, today %(current)s") % words)


class Edition(models.Model):
    """Which edition of an external list was loaded, and when, so that loading it again does nothing."""

    package = models.CharField(max_length=80, primary_key=True)
    version = models.CharField(max_length=20)
    revision = models.PositiveSmallIntegerField(default=1, help_text="What Totem reads of it: more with time.")
    source = models.CharField(max_length=300, blank=True)
    facts = models.JSONField(default=dict)
    loaded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("edition of reference data")
        verbose_name_plural = _("editions of reference data")

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


class Level(models.TextChoices):
    """Levels that have outlines, as addresses and keys name them."""

    COMMUNE = "commune", _("Commune")
    EPCI = "epci", _("EPCI")
    DEPARTMENT = "departement", _("Department")
    REGION = "region", _("Region")
    FORMER_REGION = "ancienne-region", _("Former region")


class Outline(models.Model):
    """The limits of a place for maps: WKB in WGS 84 degrees (longitude, latitude), simplified.

    `area_km2` is the geodesic area of the limits as published, before they were simplified; of the larger places it is
    the sum of their communes'.
    """

    level = models.CharField(_("level"), max_length=16, choices=Level.choices)
    code = models.CharField(_("code"), max_length=9)
    shape = models.BinaryField()
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()
    area_km2 = models.FloatField(_("area (km²)"))

    class Meta:
        verbose_name = _("outline")
        verbose_name_plural = _("outlines")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["level", "code"], name="outline_once"),
            models.CheckConstraint(
                condition=Q(west__gte=-180, east__lte=180, south__gte=-90, north__lte=90)
                & Q(west__lte=models.F("east"), south__lte=models.F("north")),
                name="outline_is_on_earth",
            ),
            models.CheckConstraint(condition=Q(area_km2__gte=0), name="outline_area_positive"),
        ]
        indexes: ClassVar = [
            # Bounding boxes find the communes that a drawn shape can meet, without a spatial extension.
            GistIndex(
                models.Func(
                    models.Func("west", "south", function="point"),
                    models.Func("east", "north", function="point"),
                    function="box",
                ),
                name="outline_box",
                condition=Q(level=Level.COMMUNE),
            )
        ]

    def __str__(self) -> str:
        return f"{self.level}:{self.code}"
