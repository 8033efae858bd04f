"""Figures that Totem computed, and those that a territory declares, side by side, with which one it retains and why."""

from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, CharField, F, Func, IntegerField, Q, Value, When
from django.db.models.functions import Cast, Concat
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from totem.core.model_fields import DecimalField
from totem.core.triggers import Refusal, Trigger, append_only, read_only
from totem.labels.charters.format import PeriodKind
from totem.territories.models import Declared, DeclaredQuerySet, Document
from totem.territories.triggers import published_by_trusted

# As `Place.key` names them, but for a perimeter and a hub: by the id, which lasts when a name changes.
KEY_OF = {
    "perimeter": "perimetre",
    "hub": "hub",
    "epci": "epci",
    "commune": "commune",
    "department": "departement",
    "region": "region",
}
SUBJECTS = tuple(KEY_OF)


def _key() -> Case:
    return Case(
        *(
            When(
                **{f"{name}__isnull": False},
                then=Concat(Value(f"{KEY_OF[name]}:"), Cast(F(f"{name}_id"), CharField()), output_field=CharField()),
            )
            for name in SUBJECTS
        ),
        output_field=CharField(),
    )


class AboutSubject(models.Model):
    """A row about exactly one perimeter, hub or official place; `subject` is its key: `epci:200023414`."""

    perimeter = models.ForeignKey("territories.Perimeter", on_delete=models.PROTECT, null=True, related_name="+")
    hub = models.ForeignKey("hubs.Hub", on_delete=models.PROTECT, null=True, related_name="+")
    epci = models.ForeignKey("territories.Epci", on_delete=models.PROTECT, null=True, related_name="+")
    commune = models.ForeignKey("territories.Commune", on_delete=models.PROTECT, null=True, related_name="+")
    department = models.ForeignKey("territories.Department", on_delete=models.PROTECT, null=True, related_name="+")
    region = models.ForeignKey("territories.Region", on_delete=models.PROTECT, null=True, related_name="+")
    subject = models.GeneratedField(
        expression=_key(), output_field=CharField(max_length=40), db_persist=True, editable=False
    )

    class Meta:
        abstract = True


def about_one(name: str) -> models.CheckConstraint:
    """The constraint that a row of `AboutSubject` names exactly one subject."""
    given = Func(*SUBJECTS, function="num_nonnulls", output_field=IntegerField())
    return models.CheckConstraint(condition=Exact(given, 1), name=name)


# -- Computed ---------------------------------------------------------------------------------------------------------


class Reading(models.Model):
    """A measure as it was computed for a subject on a day (`core.measures.Figure`), so that judging asks nothing."""

    name = models.CharField(_("measure"), max_length=60)
    subject = models.CharField(_("about"), max_length=40)
    period = models.CharField(_("period"), max_length=12, choices=[(kind.value, kind.value) for kind in PeriodKind])
    day = models.DateField(_("day"))
    value = DecimalField(max_digits=24, decimal_places=6, null=True)
    low = DecimalField(max_digits=24, decimal_places=6, null=True)
    high = DecimalField(max_digits=24, decimal_places=6, null=True)
    part = DecimalField(max_digits=24, decimal_places=6, null=True)
    whole = DecimalField(max_digits=24, decimal_places=6, null=True)
    ids = ArrayField(models.BigIntegerField(), default=list)
    data_on = models.DateField(_("day of the data"), null=True, help_text="None: the day itself.")
    parameters = models.CharField(max_length=200, blank=True, db_default="", help_text="`core.measures.Basis`")
    computed_at = models.DateTimeField(_("computed"))

    class Meta:
        verbose_name = _("computed figure")
        verbose_name_plural = _("computed figures")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "name", "period", "day"], name="reading_once"),
            models.CheckConstraint(
                condition=Q(value=None) | Q(low=None, high=None), name="reading_is_known_or_an_interval"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject} {self.day}"


# -- Declared ---------------------------------------------------------------------------------------------------------


class Confidence(models.TextChoices):
    HIGH = "high", _("High: official or certified")
    MEDIUM = "medium", _("Medium: published by others")
    LOW = "low", _("Low: estimate, hearsay")


class Mode(models.TextChoices):
    """How one travels."""

    ANY = "", _("Not said")
    WALK = "walk", _("On foot")
    BICYCLE = "bicycle", _("By bicycle")
    TRANSIT = "transit", _("By public transport")
    CAR = "car", _("By car")


class Observation(AboutSubject, Declared):
    """A figure that somebody declares about a subject; what it says stands in its versions. Several may contradict."""

    indicator = models.CharField(_("indicator"), max_length=90)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = DeclaredQuerySet.as_manager()

    class Meta:
        verbose_name = _("observation")
        verbose_name_plural = _("observations")
        constraints: ClassVar = [
            about_one("observation_about_one"),
            models.CheckConstraint(condition=Q(workspace__isnull=False), name="observation_is_somebodys"),
        ]
        indexes: ClassVar = [models.Index(fields=["subject", "indicator"], name="observation_of_figure")]
        triggers: ClassVar = [
            published_by_trusted("observation"),
            Refusal(name="observation_kept", operation=pgtrigger.Delete | pgtrigger.Truncate),
            read_only("observation_is_of_its_figure", "indicator", "workspace", *SUBJECTS),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.subject}"


class ObservationVersion(models.Model):
    """What an observation says: a value of a period, or why there is none. A correction is a version more.

    Two people who correct the same version at once: the second gets a conflict, never the last word by accident.
    """

    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    value = DecimalField(_("value"), max_digits=18, decimal_places=3, null=True, blank=True)
    unavailable = models.CharField(_("not available, because"), max_length=300, blank=True)
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("to (included)"), help_text=_("The day it was true, or the last day of its period."))
    source = models.CharField(_("source"), max_length=300)
    source_url = models.URLField(_("address of the source"), blank=True, max_length=400)
    source_date = models.DateField(_("date of the source"), null=True, blank=True)
    method = models.TextField(_("method"), max_length=1000, blank=True)
    mode = models.CharField(_("travelling"), max_length=10, choices=Mode.choices, blank=True)
    author = models.CharField(_("who counted"), max_length=150, blank=True)
    confidence = models.CharField(_("confidence"), max_length=6, choices=Confidence.choices)
    valid_until = models.DateField(_("valid until (included)"), null=True, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    withdrawn = models.BooleanField(_("withdrawn"), default=False)
    documents = models.ManyToManyField(Document, related_name="+", blank=True, verbose_name=_("documents"))
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("version of an observation")
        verbose_name_plural = _("versions of observations")
        ordering: ClassVar = ["observation", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["observation", "number"], name="observation_version_once"),
            models.CheckConstraint(
                condition=Q(value__isnull=False, unavailable="") | (Q(value=None) & ~Q(unavailable="")),
                name="observation_has_a_value_or_a_reason",
                violation_error_message=_("Give a value, or say why there is none."),
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(starts_on__lte=F("ends_on")),
                name="observation_period_in_order",
                violation_error_message=_("The period ends before it starts."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("ends_on")),
                name="observation_valid_after_its_period",
                violation_error_message=_("It cannot stop being valid before the period it tells of is over."),
            ),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.observation_id} v{self.number}"


class RetentionQuerySet(models.QuerySet["Retention"]):
    def chosen(self) -> Self:
        """The last one of each workspace and figure."""
        return self.order_by("workspace_id", "subject", "indicator", "-pk").distinct(
            "workspace_id", "subject", "indicator"
        )


class Retention(models.Model):
    """Which observation a workspace retains for a figure, and why; without one, the computed figure. The last counts.

    `automatic`: it was the only one when it was declared. What Totem computes exactly goes before such a one.
    """

    workspace = models.ForeignKey("territories.Workspace", on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=40)
    indicator = models.CharField(max_length=90)
    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, null=True, related_name="retentions")
    automatic = models.BooleanField(default=False)
    reason = models.CharField(_("why this one"), max_length=500, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(_("when"))

    objects = RetentionQuerySet.as_manager()

    class Meta:
        verbose_name = _("figure retained")
        verbose_name_plural = _("figures retained")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(automatic=True, observation__isnull=False) | ~Q(reason=""),
                name="retention_has_a_reason",
                violation_error_message=_("Say why this one."),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["subject", "indicator", "-id"], name="retention_of_figure")]
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="retention_of_its_figure",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF NEW.observation_id IS NOT NULL AND NOT EXISTS (
                    SELECT FROM labels_observation o WHERE o.id = NEW.observation_id AND o.subject = NEW.subject
                       AND o.indicator = NEW.indicator AND (o.public OR o.workspace_id = NEW.workspace_id)) THEN
                    RAISE EXCEPTION 'This observation is not of that figure.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.subject}: {self.observation_id}"
