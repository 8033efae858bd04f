"""Regions, departments, groupings (EPCI) and communes by INSEE code; workspaces, their perimeters and documents.

The official code is the primary key: it is stable, readable, and a new edition of the list needs no look-up of ids.
Lists are loaded by `manage.py load_communes`, outlines by `totem territories outlines`.
"""

import datetime
import re
from typing import ClassVar, Self, TypeVar

import pgtrigger
from dateutil.easter import easter
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.db.models.lookups import Exact
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.core.files import format_label
from totem.core.model_fields import NameField
from totem.core.models import Dated, StoredFile
from totem.core.sort_keys import SortKeyField, sort_key
from totem.core.triggers import Refusal, Trigger, append_only, read_only
from totem.territories.triggers import NOTHING_PUBLIC_WITHOUT_TRUST, published_by_trusted


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


# Subdivisions of the `holidays` library for France. Alsace-Moselle: Code du travail, art. L3134-13; the collectivities
# of the Pacific have lists of their own. Everywhere else: the eleven days of L3133-1. Those of the library for the
# Antilles are not used: they hold customs too.
HOLIDAY_ZONES = {"57": "57", "67": "6AE", "68": "6AE", "984": "TF", "986": "WF", "987": "PF", "988": "NC"}

# Month and day of the commemoration of the abolition of slavery, by department: Code du travail, art. L3422-2.
ABOLITION_DAYS = {
    "971": (5, 27),
    "972": (5, 22),
    "973": (6, 10),
    "974": (12, 20),
    "976": (4, 27),
    "977": (10, 9),
    "978": (5, 27),
}


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


class CustomaryHoliday(models.TextChoices):
    """A day on which many close overseas by custom, without a law: each hub chooses."""

    MID_LENT = "mid_lent", _("Mid-Lent")
    GOOD_FRIDAY = "good_friday", _("Good Friday")
    SCHOELCHER = "schoelcher", _("Victor Schœlcher Day (21 July)")
    SAINT_MARTIN = "saint_martin", _("Abolition of slavery in Saint-Martin (28 May)")

    def day_of(self, year: int) -> datetime.date:
        """Its day of that year."""
        easter_sunday: datetime.date = easter(year)
        match self:
            case CustomaryHoliday.MID_LENT:
                return easter_sunday - datetime.timedelta(days=24)
            case CustomaryHoliday.GOOD_FRIDAY:
                return easter_sunday - datetime.timedelta(days=2)
            case CustomaryHoliday.SCHOELCHER:
                return datetime.date(year, 7, 21)
            case CustomaryHoliday.SAINT_MARTIN:
                return datetime.date(year, 5, 28)


CUSTOMARY_HOLIDAYS = {
    "971": [CustomaryHoliday.MID_LENT, CustomaryHoliday.GOOD_FRIDAY, CustomaryHoliday.SCHOELCHER],
    "972": [CustomaryHoliday.GOOD_FRIDAY, CustomaryHoliday.SCHOELCHER],
    "977": [CustomaryHoliday.MID_LENT, CustomaryHoliday.GOOD_FRIDAY],
    "978": [CustomaryHoliday.SCHOELCHER, CustomaryHoliday.SAINT_MARTIN],
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


_GROUPING = re.compile(
    r"^(?:(?:c[cau]|metropole|agglomeration|communaute (?:de communes|d agglomeration|urbaine)"
    r"|de|du|des|d|la|le|les|l) (?=.))*"
)


def epci_key(text: str) -> str:
    """The sort key of an EPCI's name without what it is: `CA Amiens Métropole` -> `amiens metropole`."""
    return _GROUPING.sub("", sort_key(text))


ABBREVIATIONS = {"st": "saint", "ste": "sainte", "s": "sur", "ss": "sous"}


def commune_key(text: str) -> str:
    """The sort key of a commune's name without its article, as directories order them: `Le Havre` -> `havre`.

    As people write it too: `St-Valery s/ Somme` -> `saint valery sur somme`, `RENNES CEDEX 7` -> `rennes`.
    """
    key = re.sub(r"^(l|le|la|les) (?=.)", "", sort_key(text))
    key = re.sub(r" cedex( \d+)?$", "", key)
    return re.sub(r"\b(st|ste|s|ss)(?= .)", lambda short: ABBREVIATIONS[short[1]], key)


class CommuneKeyField(SortKeyField):
    """The sort key of a commune (`commune_key`)."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: ARG002
        key = commune_key(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, key)
        return key


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


# -- Shapes -----------------------------------------------------------------------------------------------------------


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


# -- Workspaces and perimeters ----------------------------------------------------------------------------------------


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


class PerimeterVersion(models.Model):
    """What a perimeter is made of from a day on. Append-only: triggers refuse UPDATE and DELETE.

    Either a polygon (WKB, WGS 84) or `part_count` parts. Area and population are those known when it was published.
    """

    perimeter = models.ForeignKey(Perimeter, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    valid_from = models.DateField(_("valid from"))
    polygon = models.BinaryField(null=True)
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


# -- What a territory declares ----------------------------------------------------------------------------------------


Row = TypeVar("Row", bound=models.Model)


class DeclaredQuerySet(models.QuerySet[Row]):
    """Rows visible to the workspace that declared them only, until they are published."""

    def visible_to_workspace(self, workspace: "Workspace | None") -> Self:
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
